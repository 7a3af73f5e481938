"""The rules that parameters of this package obey; each error says the name, the rule and the value."""

from __future__ import annotations

from math import inf
from numbers import Real


def require_count(name: str, value: object, lowest: int = 1) -> None:
    """Raise `ValueError` unless `value` is a whole number >= `lowest`."""
    if not _is_count(value, lowest):
        raise ValueError(f"{name} must be a whole number >= {lowest}, got {value!r}")


def require_room(name: str, value: object) -> None:
    """Raise `ValueError` unless `value` is a number of places: a whole number >= 0, or infinity."""
    if value != inf and not _is_count(value, 0):
        raise ValueError(f"{name} must be a whole number >= 0 or infinite, got {value!r}")


def require_duration(name: str, value: float) -> None:
    """Raise `TypeError` unless `value` is a number, `ValueError` unless it is > 0; infinity is a time."""
    _require_number(name, value, "a number of seconds")
    if not value > 0:
        raise ValueError(f"{name} must be > 0 s, got {value!r}")


def require_finite_duration(name: str, value: float) -> None:
    """Raise as `require_duration`, and `ValueError` for a time that never ends."""
    _require_number(name, value, "a number of seconds")
    if not 0 < value < inf:
        raise ValueError(f"{name} must be finite and > 0 s, got {value!r}")


def require_share(name: str, value: float) -> None:
    """Raise `TypeError` unless `value` is a number, `ValueError` unless it lies in (0, 1]."""
    _require_number(name, value, "a number")
    if not 0 < value <= 1:
        raise ValueError(f"{name} must lie in (0, 1], got {value!r}")


def require_unit_interval(name: str, value: float) -> None:
    """Raise `TypeError` unless `value` is a number, `ValueError` unless it lies in [0, 1]."""
    _require_number(name, value, "a number")
    if not 0 <= value <= 1:
        raise ValueError(f"{name} must lie in [0, 1], got {value!r}")


def _is_count(value: object, lowest: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= lowest


def _require_number(name: str, value: object, rule: str) -> None:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be {rule}, got {value!r}")
