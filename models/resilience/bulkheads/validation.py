"""The rule that the sizes of waiting rooms obey, beside those of `models.resilience.validation`."""

from __future__ import annotations

from math import inf


def require_room(name: str, value: object) -> None:
    """Raise `ValueError` unless `value` is a whole number >= 0, or infinity."""
    is_whole = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if not is_whole and value != inf:
        raise ValueError(f"{name} must be a whole number >= 0 or infinite, got {value!r}")
