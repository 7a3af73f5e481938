"""The rules that parameters of this package obey; each error says the name, the rule and the value."""

from __future__ import annotations

from math import inf
from numbers import Real


def require_finite_duration(name: str, value: object) -> None:
    """Raise `TypeError` unless `value` is a number, `ValueError` unless it is finite and > 0 s."""
    if not 0.0 < _number(name, value) < inf:
        raise ValueError(f"{name} must be finite and > 0 s, got {value!r}")


def require_time(name: str, value: object) -> None:
    """Raise `TypeError` unless `value` is a number, `ValueError` unless it is >= 0 s; infinity is a time."""
    if not _number(name, value) >= 0.0:
        raise ValueError(f"{name} must be >= 0 s, got {value!r}")


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number of seconds, got {value!r}")
    return float(value)
