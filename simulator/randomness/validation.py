"""The rules that parameters of distributions obey; each error says the name, the value and the rule."""

from __future__ import annotations

import math
from numbers import Real

__all__ = ["require_finite", "require_non_negative", "require_positive"]


def require_finite(name: str, value: object) -> float:
    """Return the value as a float; raise unless it is a finite real number."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {value!r}")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{name} must be finite, got {number}")
    return number


def require_positive(name: str, value: object) -> float:
    """Return the value as a float; raise unless it is finite and > 0."""
    number = require_finite(name, value)
    if not number > 0.0:
        raise ValueError(f"{name} must be > 0, got {number}")
    return number


def require_non_negative(name: str, value: object) -> float:
    """Return the value as a float; raise unless it is finite and >= 0."""
    number = require_finite(name, value)
    if not number >= 0.0:
        raise ValueError(f"{name} must be >= 0, got {number}")
    return number
