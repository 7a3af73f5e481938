"""The rules that parameters of this package obey; each error says the name, the rule and the value."""

from __future__ import annotations

from math import inf
from numbers import Real


def require_positive(name: str, value: object, unit: str = "") -> None:
    """Raise `TypeError` unless `value` is a number, `ValueError` unless it is finite and > 0."""
    if not 0 < require_number(name, value) < inf:
        raise ValueError(f"{name} must be finite and > 0{unit and ' ' + unit}, got {value!r}")


def require_duration(name: str, value: object) -> None:
    """Raise `TypeError` unless `value` is a number, `ValueError` unless it is finite and >= 0."""
    if not 0 <= require_number(name, value) < inf:
        raise ValueError(f"{name} must be finite and >= 0 s, got {value!r}")


def require_share(name: str, value: object) -> None:
    """Raise `TypeError` unless `value` is a number, `ValueError` unless it lies in [0, 1)."""
    if not 0 <= require_number(name, value) < 1:
        raise ValueError(f"{name} must lie in [0, 1), got {value!r}")


def require_number(name: str, value: object) -> float:
    """Return `value` as a float. Raises `TypeError` unless it is a number."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {value!r}")
    return float(value)
