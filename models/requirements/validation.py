"""The rules that parameters of this package obey; each error says the name, the rule and the value."""

from __future__ import annotations

from math import inf
from numbers import Real


def require_finite(name: str, value: object, unit: str = "s") -> None:
    """Raise `TypeError` unless `value` is a number, `ValueError` unless it is finite and > 0."""
    require_number(name, value)
    if not 0 < value < inf:  # type: ignore[operator]  # a number by now
        raise ValueError(f"{name} must be finite and > 0{unit and ' '}{unit}, got {value!r}")


def require_share(name: str, value: object) -> None:
    """Raise `TypeError` unless `value` is a number, `ValueError` unless it lies in (0, 1]."""
    require_number(name, value)
    if not 0 < value <= 1:  # type: ignore[operator]  # a number by now
        raise ValueError(f"{name} must lie in (0, 1], got {value!r}")


def require_percentile(name: str, value: object) -> None:
    """Raise `TypeError` unless `value` is a number, `ValueError` unless it lies in (0, 100]."""
    require_number(name, value)
    if not 0 < value <= 100:  # type: ignore[operator]  # a number by now
        raise ValueError(f"{name} must lie in (0, 100], got {value!r}")


def require_count(name: str, value: object) -> None:
    """Raise `ValueError` unless `value` is a whole number >= 0."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{name} must be a whole number >= 0, got {value!r}")


def require_number(name: str, value: object) -> None:
    """Raise `TypeError` unless `value` is a real number."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {value!r}")
