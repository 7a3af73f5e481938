"""Exclusive locks of one participant, in its memory, by key; whoever wants one waits in order.

A transaction takes its locks in the order of its changes and gives all back at once, when it has ended:
strict two-phase locking, with nothing but writers. Two transactions that wait for each other, here or across
participants, are told apart by a timeout. Source: Gray, "Notes on Data Base Operating Systems" (1978).
"""

from __future__ import annotations

from collections.abc import Generator, Hashable, Iterable
from typing import Any

from simulator import Environment, Permits


class LockTable:
    """The locks of one process, all free at first."""

    __slots__ = ("_env", "_held", "_locks")

    def __init__(self, env: Environment) -> None:
        self._env = env
        self._locks: dict[Hashable, Permits] = {}
        self._held: dict[Hashable, list[Permits]] = {}

    def acquire(self, owner: Hashable, keys: Iterable[Hashable]) -> Generator[Any, Any, None]:
        """Take the locks of `keys`, one after the other; those that it has got it keeps if broken off."""
        held = self._held.setdefault(owner, [])
        for key in keys:
            lock = self._locks.setdefault(key, Permits(self._env, 1))
            yield from lock.acquire()
            held.append(lock)

    def take(self, owner: Hashable, keys: Iterable[Hashable]) -> None:
        """Take locks that are free, at once: those of what was prepared before a crash."""
        held = self._held.setdefault(owner, [])
        for key in keys:
            lock = self._locks.setdefault(key, Permits(self._env, 1))
            assert lock.free, f"lock of {key!r} is held when {owner!r} takes it back"
            lock.free -= 1
            held.append(lock)

    def release(self, owner: Hashable) -> None:
        """Give back all that `owner` holds, if anything."""
        for lock in self._held.pop(owner, ()):
            lock.release()

    @property
    def held_count(self) -> int:
        """How many locks are held now."""
        return sum(lock.held_count for lock in self._locks.values())
