"""The rules that parameters of this package obey; each error says the name, the rule and the value."""

from __future__ import annotations

from math import inf
from numbers import Real


def require_count(name: str, value: object) -> None:
    """Raise `ValueError` unless `value` is a whole number >= 1."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name} must be a whole number >= 1, got {value!r}")


def require_duration(name: str, value: float) -> None:
    """Raise `TypeError` unless `value` is a number, `ValueError` unless it is > 0; infinity is a time."""
    _require_number(name, value)
    if not value > 0:
        raise ValueError(f"{name} must be > 0 s, got {value!r}")


def require_finite_duration(name: str, value: float) -> None:
    """Raise as `require_duration`, and `ValueError` for a time that never ends."""
    _require_number(name, value)
    if not 0 < value < inf:
        raise ValueError(f"{name} must be finite and > 0 s, got {value!r}")


def require_share(name: str, value: float) -> None:
    """Raise `ValueError` unless `value` lies in (0, 1]."""
    if not 0 < value <= 1:
        raise ValueError(f"{name} must lie in (0, 1], got {value!r}")


def _require_number(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number of seconds, got {value!r}")
