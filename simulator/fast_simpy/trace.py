"""The trace digest: one number for everything that happened in a run, in order.

Where the digests of two runs are the same, the same things happened at the same times in the same order, up
to collisions of a 128-bit hash: it covers the time and the name of every item that the engine processes,
though not what processes are sent. It contains no identities, hashes of objects or memory addresses, so that
it is the same in another process. Observers schedule nothing, hence do not show in it, and neither does where
a run was paused to look at it.
"""

from __future__ import annotations

from hashlib import blake2b
from struct import pack
from typing import Any

from simpy.events import Event


class Pause(Event):
    """The end of `run(until=time)`: it belongs to whoever looks, not to what happens."""


class Remainder:
    """What was left to do for an event when a run was stopped at it; also no more than a part of a pause."""

    __slots__ = ("event",)

    def __init__(self, event: Event) -> None:
        self.event = event


class TraceDigest:
    """Digest of the items that an environment has processed so far."""

    __slots__ = ("_hash",)

    def __init__(self) -> None:
        self._hash = blake2b(digest_size=16)

    def update(self, time: float, item: Any) -> None:
        """Add one processed item at a simulated time."""
        if isinstance(item, Pause | Remainder):
            return
        self._hash.update(pack("<d", time))
        self._hash.update(item_name(item).encode())

    def hexdigest(self) -> str:
        """Return the digest of everything added so far, 32 hexadecimal digits."""
        return self._hash.hexdigest()


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
