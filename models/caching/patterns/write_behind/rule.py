"""Write-behind (write-back): the cache acknowledges a write, and the target gets it later.

A write costs its caller what memory costs, the target does one write for many of a key, and may be away for a
while. The price: what a crash takes before it was flushed was acknowledged, and is lost.

States of a key: *clean* -> *dirty* (a write was acknowledged) -> *in flight* (its flush is under way) ->
*clean*; from in flight back to dirty where the flush failed, or another write has come meanwhile; and from
either -> *lost*, in a crash of the process alone or with its host, or by a stop that is out of time. Rules:

1. Only what says the whole new value of its key waits: `puts` and `deletes`. Of several writes of a key the
   last is flushed and the others are coalesced into it. A flush is a new request, without the deadline and
   the idempotency key of the write: who asked has had his answer.
2. What a write makes of a value only the target knows, for all else (an amount that is added, a
   compare-and-set): such a write goes through, after all that was acknowledged for the key before it came;
   what is acknowledged later waits for its answer. It waits for at most two flushes, and as long as those
   fail: put a timeout around the cache.
3. Of one key one flush is under way at a time, so that the target gets its writes in the order in which they
   were acknowledged; between keys there is no order. A flush that fails, or of which nobody knows, is
   repeated after a backoff of its own, with the value of then: it holds up no other key, and is never given
   up.
4. A key is due `flush_interval` after it has become dirty; or when `flush_count` keys, or `flush_bytes` of
   them, wait for their time: then all of those are. So what waits is bounded by time and by size, and comes
   in batches of `flush_count`. Due keys are flushed in their order, `concurrency` at a time, each with a call
   of its own: that is all a batch is on the wire, since the stores know no other, and group commit makes one
   sync of what comes together.
5. What is dirty is held here and not in the store: an entry that is evicted, expires or is invalidated takes
   nothing with it. A read that finds none is answered with the dirty value, and no answer of the target is
   kept meanwhile, as that is older. Eviction hurries no flush: the memory of what waits is `capacity`, apart
   from the store's, and a scan through the cache would drive all of it to the target at once.
6. Nor does an invalidation from outside discard a write. It says that the target has another value; but this
   one was acknowledged, will be written over it, and is what a read is told until then.
7. Where `capacity` keys are dirty, a write of another one is `Rejected`, and nothing of it is done; one of a
   dirty key takes no room. To let it wait for room would hold its caller, who came for memory's speed, for as
   long as the target is away; who wants that retries.
8. A crash loses what was not flushed, at its instant, and lists it. What was in flight may have arrived.
9. A process that is told to stop in good order flushes: when it begins to refuse calls, what is dirty is due
   at once, and so is what the calls write that it finishes. Whoever stops it waits for that as for calls, and
   what is left at the end of the grace is lost, as in a crash. A flush that fails is repeated after its
   backoff also then: a grace shorter than an outage loses what the outage keeps back.

Leaves out: replicas of what is dirty (a backup in Hazelcast's cluster); a request that writes many keys
(`storeAll`); giving up (a write that the target will never do stays dirty); what else is read or written past
the cache: a scan shows the target's values. A flush that was given up too early, by a timeout, can arrive
after its successor, as any write that is sent again; the target that minds must know versions.

Sources: Hazelcast's `WriteBehindStore` (its staging area, for rule 5), its `MapManagedService`, whose
shutdown flushes the map stores unless it is told to terminate (rule 9), and the manuals of Hazelcast, Oracle
Coherence (write delay, requeueing) and Ehcache (maximal delay, batch size, coalescing, concurrency). They
differ in rule 7: Hazelcast rejects, as here, if it does not coalesce, and has no bound if it does; Ehcache
blocks. And in rule 1: Coherence removes keys from the target at once, where here a delete waits too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from ....resilience import Backoff, FullJitter
from ....validation import require_count, require_each, require_kind, require_time
from ..rules import Answer, WriteRule, require_writes
from ..write_through import PUTS
from .queue import WriteBehindQueue

if TYPE_CHECKING:
    from ..cache import Cache

DELETES = frozenset({"delete"})
"""The operations that let their key have no value."""

_DEFAULT_BACKOFF = FullJitter(base=0.5, cap=10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteBehind(WriteRule):
    """Acknowledges the writes of `puts` and `deletes` at once, and flushes them later.

    A key is flushed `flush_interval` seconds (>= 0; infinite: never for its age) after it has become dirty,
    or when `flush_count` keys (>= 1) or `flush_bytes` of them (>= 1; both may be infinite) wait for their
    time. At most `concurrency` (>= 1) flushes are under way at a time, and at most `capacity` keys (>= 1, may
    be infinite) dirty. After a failure `backoff` says when a key is flushed again; jitter, as in the default,
    draws from the stream "cache/<name>/flush". Put a timeout around the target: a flush to a host that has
    crashed would else wait for ever. What a cache's queue holds and has done is asked of it: see
    `WriteBehindQueue.of`.

    Example::

        store = CacheStore(env, Lru(10_000))
        carts = Cache(
            env, Timeout(env, database.client(web), 0.5), store, writes=WriteBehind(flush_interval=5.0)
        )
        carts.live_in(instance)
        WriteBehindQueue.of(carts).statistics().lost_count
    """

    flush_interval: float
    flush_count: float = inf
    flush_bytes: float = inf
    concurrency: int = 16
    capacity: float = 10_000
    backoff: Backoff = _DEFAULT_BACKOFF
    puts: Iterable[str] = PUTS
    deletes: Iterable[str] = DELETES

    def __post_init__(self) -> None:
        """Check the parameters."""
        require_time("flush_interval", self.flush_interval)
        for name in ("flush_count", "flush_bytes", "capacity"):
            if getattr(self, name) != inf:
                require_count(name, getattr(self, name))
        if self.flush_interval == self.flush_bytes == inf and inf > self.flush_count > self.capacity:
            bound = f"flush_count must be <= capacity, {self.capacity}, or nothing is flushed"
            raise ValueError(f"{bound}, got {self.flush_count}")
        require_count("concurrency", self.concurrency)
        require_kind("backoff", self.backoff, Backoff)
        both = set(require_each("puts", self.puts, str)) & set(require_each("deletes", self.deletes, str))
        if both:
            raise ValueError(f"an operation must not be in both puts and deletes, got {sorted(both)}")

    def bind(self, cache: Cache) -> Answer:
        """Return what acknowledges the writes that come to `cache`."""
        require_writes("puts", self.puts, cache)
        require_writes("deletes", self.deletes, cache)
        queue = WriteBehindQueue(cache, self)
        cache.unwritten = queue
        return queue.write
