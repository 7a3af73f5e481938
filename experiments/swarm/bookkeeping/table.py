"""The whole table, by class, and how the entry of a part is found.

Of every part that has statistics, whether it is in the table or not, no number may be negative.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from .books import Books
from .caches import CACHES
from .fleets import FLEETS
from .foundations import FOUNDATIONS
from .resilience import RESILIENCE

BOOKS: dict[type, Books] = {**FOUNDATIONS, **FLEETS, **RESILIENCE, **CACHES}
"""By class."""

_NO_BOOKS = Books()


def books_of(part: object) -> Books:
    """Return the entry for a part's class, or for the nearest of its bases that has one."""
    for kind in type(part).__mro__:
        if kind in BOOKS:
            return BOOKS[kind]
    return _NO_BOOKS


def statistics_of(part: Any) -> Any:
    """Return what a part says about itself, or None if it has no statistics."""
    function = getattr(part, "statistics", None)
    return None if function is None else function()


def negative_fields(statistics: Any) -> list[str]:
    """Return the names of the numbers in some statistics, a dataclass, that are below zero."""
    found = []
    for name in _field_names(statistics.__class__):
        value = getattr(statistics, name)
        if (type(value) is int or type(value) is float) and value < 0:
            found.append(name)
    return found


@cache
def _field_names(kind: type) -> tuple[str, ...]:
    return tuple(getattr(kind, "__dataclass_fields__", ()))
