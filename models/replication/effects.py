"""What an operation does to the value of its key, and what it answers: the same wherever there is one order.

A store that decides operations one after the other (a single process, a primary, a replicated state machine)
asks `effect_of` what to do. A compare-and-set that finds another value changes nothing and answers False. The
other writes have no answer. Lists are tuples and sets are frozen, so that no copy changes under a reader.

What cannot be done is a `ServerError`, before anything was done: an operation that is not known, an item for
what is no list or no set, an amount for what is no number.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Any

from ..failures import ServerError
from ..request import Request
from .operations import ADD, APPEND, COMPARE_AND_SET, DELETE, SET_ADD, SET_REMOVE, WRITE


@dataclass(frozen=True, slots=True)
class Effect:
    """Whether an operation changes its key, to which `value`, and what it answers."""

    changes: bool
    value: Any
    answer: Any


def effect_of(request: Request, present: Any) -> Effect:
    """Return what the write `request` does where its key has the value `present` (`None`: none)."""
    operation = request.operation
    if operation == WRITE:
        return Effect(True, request.value, None)
    if operation == DELETE:
        return Effect(True, None, None)
    if operation == COMPARE_AND_SET:
        expected, value = request.value
        return Effect(True, value, True) if present == expected else Effect(False, None, False)
    if operation == APPEND and isinstance(present, tuple | None):
        return Effect(True, (*(present or ()), request.value), None)
    if operation == ADD and isinstance(present, Real | None):
        return Effect(True, (present or 0) + request.value, None)
    if operation in (SET_ADD, SET_REMOVE) and isinstance(present, frozenset | None):
        items, item = present or frozenset(), frozenset((request.value,))
        return Effect(True, items | item if operation == SET_ADD else items - item, None)
    if operation in (APPEND, ADD, SET_ADD, SET_REMOVE):
        raise ServerError(f"{operation} to {request.key!r}, which holds {present!r}")
    raise ServerError(f"operation must be one of those of a store, got {operation!r}")
