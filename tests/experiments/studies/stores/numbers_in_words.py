"""Numbers as they stand in a text."""

from __future__ import annotations

from collections.abc import Sequence


def listed(numbers: Sequence[float], form: str) -> str:
    """Return several numbers as they are listed: with commas, and with "and" before the last."""
    *first, last = (format(number, form) for number in numbers)
    return f"{', '.join(first)} and {last}"
