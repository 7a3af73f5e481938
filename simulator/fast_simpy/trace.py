"""The trace digest: one number for everything that happened in a run, in order.

Two runs are the same, event for event, if and only if their digests are the same (up to collisions of a
128-bit hash). The digest covers the time and the name of every item that the engine processes; it contains no
identities, hashes of objects or memory addresses, so that it is the same in another process. Observers
schedule nothing, hence do not show in it, and neither does where a run was paused to look at it.
"""

from __future__ import annotations

from hashlib import blake2b
from struct import pack
from typing import Any

from simpy.events import Event


class Pause(Event):
    """The end of `run(until=time)`: it belongs to whoever looks, not to what happens."""


class TraceDigest:
    """Digest of the items that an environment has processed so far."""

    __slots__ = ("_hash",)

    def __init__(self) -> None:
        self._hash = blake2b(digest_size=16)

    def update(self, time: float, item: Any) -> None:
        """Add one processed item at a simulated time."""
        if is_of_a_pause(item):
            return
        self._hash.update(pack("<d", time))
        self._hash.update(item_name(item).encode())

    def hexdigest(self) -> str:
        """Return the digest of everything added so far, 32 hexadecimal digits."""
        return self._hash.hexdigest()


def is_of_a_pause(item: Any) -> bool:
    """Return whether the engine made this item to stop a run for somebody, or to go on after that."""
    function = getattr(item, "function", None)
    return type(item) is Pause or getattr(function, "__qualname__", "") == "EventLoop._settle"


def item_name(item: Any) -> str:
    """Return a name for something the engine processes, the same in every run.

    It is a process's, a function's, or a kind of event.
    """
    if isinstance(item, tuple):
        item = item[0]
    function = getattr(item, "function", None)
    if function is not None:
        return str(getattr(function, "__qualname__", type(function).__qualname__))
    if isinstance(item, Event):
        return str(getattr(item, "name", type(item).__name__))
    return type(item).__name__
