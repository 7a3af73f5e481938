"""Hiding the origin: no read ever asks it. A miss fails at once, and the entry is loaded behind the scenes.

For an origin that cannot carry the load without its cache: when the cache is cold (it has restarted, or was
flushed), every read is a miss, and what was built for one read in fifty would get them all. Rules:

1. A read that misses is given what has expired, degraded by "stale", if the store still has it; else it is
   `Rejected`: nothing was done, and to ask again, a little later, is safe. It waits for nothing. (What passes
   the cache untouched, as a read that says more than its key does, asks the origin all the same.)
2. Its key is put into the queue of those to be loaded, once: a key that is queued or is loaded already is not
   queued again. At most `concurrency` loads are under way at a time, the first queued first. So the origin
   gets no more than that from this cache, however many reads miss, and the cache fills at that rate.
3. At most `queue` keys wait. A key that does not fit is not remembered, and queued by a later read, if there
   is one; the reason of its rejection says so.
4. A load that fails is over: the next read queues its key again. What is not kept (a degraded answer, a ttl
   of 0) is never answered at all: nobody waits for it.
5. The queue and its loads are in the cache's process, and gone with it. One that finishes what it has before
   it stops begins none of the loads that wait: nobody will ask for what they bring.

Loads by others (`RefreshAhead`) are not counted among the `concurrency`; a key that they load is not queued.
Where the rule is given twice (as the `loading` of another one too) each has its own queue and concurrency.

Source: Newman, "Building Microservices" (2015), chapter 11, "Hiding the Origin", where a miss fails fast, and
the origin fills the cache itself on an event; here that event is the key in the queue. `Rejected` and not
`Unavailable`, which is what a store without its quorum says: here a part limits what it takes on.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

from simulator import Process

from ...endpoint import Call
from ...failures import Rejected
from ...request import Request
from ...validation import require_count, require_room
from .rules import Answer, MissRule
from .stale import stale_answer

if TYPE_CHECKING:
    from .cache import Cache

NOT_CACHED = "not cached yet"
"""The reason of a rejection whose key is being loaded, or will be."""

NOT_QUEUED = "not cached, and too many are to be loaded"
"""The reason of a rejection whose key will not be loaded until it is asked for again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenOrigin(MissRule):
    """A read that misses is rejected, and its key loaded by one of `concurrency` (>= 1) refreshers.

    At most `queue` (>= 0, may be infinite) keys wait for one.

    Example::

        cache = Cache(env, origin, store, on_miss=HiddenOrigin(concurrency=8, queue=10_000))
    """

    concurrency: int = 1
    queue: float = inf

    def __post_init__(self) -> None:
        """Check the numbers."""
        require_count("concurrency", self.concurrency)
        require_room("queue", self.queue)

    def bind(self, cache: Cache) -> Answer:
        """Return what answers the misses of `cache`."""
        refreshers = _Refreshers(cache, self.concurrency, self.queue)
        cache.on_restart(refreshers.forget)
        return refreshers.answer


class _Refreshers:
    """The loads of one cache that hides its origin: those under way, and the keys that wait for one.

    Invariant: keys wait only while `concurrency` loads are under way.
    """

    __slots__ = ("_cache", "_concurrency", "_loading", "_queue", "_room")

    def __init__(self, cache: Cache, concurrency: int, room: float) -> None:
        self._cache = cache
        self._concurrency = concurrency
        self._room = room
        self._loading: dict[Process, None] = {}
        self._queue: OrderedDict[Hashable, Request] = OrderedDict()

    def answer(self, request: Request) -> Call:
        cache = self._cache
        will_come = self._ask_for(request)
        stale = stale_answer(cache, request.key)
        if stale is not None:
            return stale
        yield from ()
        rejected = Rejected(cache.name, NOT_CACHED if will_come else NOT_QUEUED)
        rejected.part = cache
        raise rejected

    def _ask_for(self, request: Request) -> bool:
        """Have the key of `request` loaded, now or later; say whether it will be."""
        key = request.key
        if key in self._queue or self._cache.load_under_way(key) is not None:
            return True
        if len(self._loading) < self._concurrency:
            self._load(request)
        elif len(self._queue) < self._room:
            self._queue[key] = request
        else:
            return False
        return True

    def _load(self, request: Request) -> None:
        process = self._cache.load_in_background(request)
        self._loading[process] = None
        process.callbacks.append(self._go_on)

    def _go_on(self, process: Any) -> None:
        """Load what is next; called when a load has ended, or was killed with the cache."""
        if process not in self._loading:
            return  # of a process that has died since, and started again
        del self._loading[process]
        cache, queue = self._cache, self._queue
        if not (cache.is_up and cache.home.is_listening):
            queue.clear()
        while queue and len(self._loading) < self._concurrency:
            key, request = queue.popitem(last=False)
            if key not in cache.store and cache.load_under_way(key) is None:
                self._load(request)

    def forget(self) -> None:
        """Begin anew, as the process that it was in does."""
        self._loading = {}
        self._queue = OrderedDict()
