"""Whose a memory is: a policy belongs to one store, and a store to one cache.

Two caches with one memory would hear of each other's keys without a message, wherever they stand, and two
stores with one policy would be told to let go of what they do not have. To count on users not to do so by
mistake (`make_cache=lambda way: Cache(env, way, store)`) is to get hit ratios that no system has.
"""

from __future__ import annotations

from typing import Protocol


class Ownable(Protocol):
    """What belongs to one: `owner` says to whom, in words, `None` while it is nobody's."""

    owner: str | None


def take(name: str, value: Ownable, owner: str) -> None:
    """Let `value`, which an error calls `name`, belong to `owner`. Raises `ValueError` if it is another's."""
    if value.owner is not None:
        raise ValueError(f"{name} must be one of its own, got that of {value.owner}")
    value.owner = owner
