"""Cache-aside over the network: the application asks a cache, and at a miss the origin, and tells the cache.

The cache knows nothing of the origin; who uses both keeps them alike, as well as that can be done. In one
process, with a store there, that is `Cache` with `WriteAround`, which has none of the races below. Rules:

1. Read: ask the cache. What it has is the answer, as it is: its `as_of` says since when nobody has asked the
   origin. At a miss ask the origin, answer, and tell the cache to keep it: nobody waits for that, and a
   degraded answer is not kept. A cache that does not answer is a miss. A read that says more than its key
   (see `Cache`, rule 1) is the origin's.
2. Write: to the origin, and when that has acknowledged, to the cache: a delete (by default), or a set of what
   was written (`on_write="set"`, for the operations that say the whole value; others delete). Who writes
   waits for it, so that he does not read his own old value; whether it came to pass the client counts. Should
   he leave before, it goes on.
3. A write of which nobody knows whether it was done (a timeout, a cancellation) deletes as well, without
   anybody waiting. If the origin does it after that, the old value may be back, until its time to live ends.
   Nothing is deleted for a write whose failure says that nothing was done (`CallFailed.nothing_done`); and by
   a process that dies between the two nothing can be: that is counted (`undeleted_count`), and cured only by
   who reads the origin's log.

The stale set: a read misses and asks the origin; a write changes it, and deletes; then the read, which was
slow, sets what it had read. That is older than an acknowledged write, and stays. Two writers who set instead
of deleting race in the same way, even without a reader, and a set that has failed leaves what was there (it
is then deleted, if that succeeds). A time to live bounds both.

With `leasing` neither a stale set nor a herd: a miss takes a lease, a set without a good one is ignored, and
a delete makes it void. Then, unless a delete has failed, no value from before a write is in the cache after
the write's delete was acknowledged: where clients do not eject servers, and so all agree on who keeps a key
(see `servers.cluster`). Only one who misses asks the origin; the others wait a little. Whose load fails, or
is given up, gives the lease back; that of one who dies lies until it is over. (Leases are for who loads. With
`on_write="set"` writers set without one, and two of them race as before.)

What a read costs: a hit a round trip to the cache; a miss that and the origin; where the cache is silent, its
timeout and the origin. A deadline of the request is the origin's; the cache's questions have their timeout.

Leaves out: groups of keys asked at once; versions that are compared at the server. Source: Nishtala et al.,
"Scaling Memcache at Facebook" (NSDI 2013): section 2 for the pattern, and that deletes are idempotent;
section 3.2.1 for leases, and for both problems.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from simulator import CallFailed, Environment

from ...endpoint import Call, Endpoint, Wrapper
from ...request import Request, Response
from ...validation import require_duration, require_kind
from ..patterns import PASSED, PUTS, READS, STALE, require_reads, says_more_than_its_key
from ..servers import Busy, CacheClient, Lease
from .leasing import Leasing

ON_WRITE = ("delete", "set")
"""What a write does to the cache."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheAsideStatistics:
    """What has become of the calls so far.

    Of `call_count` calls `hit_count` were answered by the cache and `stale_count` with what it had before;
    `loaded_count` reads were answered by the origin, and of `write_count` writes `undeleted_count` ended with
    their process, so that nothing was deleted. The origin was asked for `load_count` reads, `leaseless_count`
    of these without a lease although there should have been one. `wait_count` is how often somebody waited
    for another's load. Scans, and reads that say more than their key, are in `call_count` alone.
    """

    call_count: int
    hit_count: int
    stale_count: int
    load_count: int
    loaded_count: int
    leaseless_count: int
    wait_count: int
    write_count: int
    undeleted_count: int


class CacheAside(Wrapper):
    """Answers as `target`, the origin, does; reads from the cache of `client` where that has something.

    `client` is one of a `CacheCluster`, on the host where the target is asked. `leasing`, if there is one,
    makes loads with leases. `on_write` is one of `ON_WRITE`. `ttl` (s, > 0) is that of what is kept, by
    default the servers'. `reads` are the operations that read; scans pass untouched.

    Example::

        origin = Timeout(env, store.client(web), 0.5)
        shop = CacheAside(env, origin, cluster.client(web), leasing=Leasing())
    """

    def __init__(
        self,
        env: Environment,
        target: Endpoint,
        client: CacheClient,
        *,
        leasing: Leasing | None = None,
        on_write: str = "delete",
        ttl: float | None = None,
        reads: Iterable[str] = READS,
        name: str = "cache-aside",
    ) -> None:
        super().__init__(target, name=name)
        require_kind("client", client, CacheClient)
        if self.host is not None and client.host is not self.host:
            raise ValueError(f"client must be on the host of the target, {self.host}, got {client.host}")
        if leasing is not None:
            require_kind("leasing", leasing, Leasing)
            if leasing.takes_stale and not any(server.keeps_stale for server in client.cluster.servers):
                raise ValueError("takes_stale needs a server that keeps what is stale for a while, got none")
        if on_write not in ON_WRITE:
            raise ValueError(f"on_write must be one of {', '.join(ON_WRITE)}, got {on_write!r}")
        if ttl is not None:
            require_duration("ttl", ttl)
        self.env = env
        self.client = client
        self.leasing = leasing
        self.on_write = on_write
        self.ttl = ttl
        self.reads = require_reads(reads)
        self._call_count = 0
        self._hit_count = 0
        self._stale_count = 0
        self._load_count = 0
        self._loaded_count = 0
        self._leaseless_count = 0
        self._wait_count = 0
        self._write_count = 0
        self._undeleted_count = 0

    def call(self, request: Request) -> Call:
        """Answer `request`: a read from the cache if that is possible."""
        self._call_count += 1
        if request.operation not in self.reads:
            if request.operation in PASSED:
                return (yield from self.target.call(request))
            return (yield from self._write(request))
        if says_more_than_its_key(request):
            return (yield from self.target.call(request))
        if self.leasing is not None:
            return (yield from self._read_with_lease(request, self.leasing))
        found = yield from self.client.get(request.key)
        if found is not None:
            self._hit_count += 1
            return found
        return (yield from self._load(request, None, keeps=True))

    # -- reads ----------------------------------------------------------------------------------------------

    def _read_with_lease(self, request: Request, leasing: Leasing) -> Call:
        waits_left = leasing.waits_max
        while True:
            found = yield from self.client.lease(request.key)
            if isinstance(found, Response):
                self._hit_count += 1
                return found
            if not isinstance(found, Busy):
                break
            if leasing.takes_stale and found.stale is not None:
                self._stale_count += 1
                return replace(found.stale, degraded=(*found.stale.degraded, STALE))
            if not waits_left:
                break
            waits_left -= 1
            self._wait_count += 1
            yield leasing.wait
        lease = found if isinstance(found, Lease) else None
        self._leaseless_count += lease is None
        return (yield from self._load(request, lease, keeps=lease is not None))

    def _load(self, request: Request, lease: Lease | None, *, keeps: bool) -> Call:
        """Ask the origin, and begin to tell the cache what it answers."""
        self._load_count += 1
        asked_at = self.env.now
        try:
            response = yield from self.target.call(request)
        except GeneratorExit:
            raise
        except BaseException:
            if lease is not None:
                self.client.start_release(request.key, lease)
            raise
        self._loaded_count += 1
        if response.degraded:
            if lease is not None:
                self.client.start_release(request.key, lease)
        elif keeps:
            kept = response if response.as_of is not None else replace(response, as_of=asked_at)
            self.client.start_set(request.key, kept, ttl=self.ttl, lease=lease)
        return response

    # -- writes ---------------------------------------------------------------------------------------------

    def _write(self, request: Request) -> Call:
        self._write_count += 1
        asked_at = self.env.now
        try:
            response = yield from self.target.call(request)
        except GeneratorExit:
            self._undeleted_count += 1
            raise
        except BaseException as end:
            if not (isinstance(end, CallFailed) and end.nothing_done):
                self.client.start_delete(request.key)
            raise
        if self.on_write == "set" and request.operation in PUTS and not response.degraded:
            written = Response(
                request.value, size_bytes=request.size_bytes, version=response.version, as_of=asked_at
            )
            yield from self.client.replace(request.key, written, ttl=self.ttl)
        else:
            yield from self.client.delete(request.key)
        return response

    def statistics(self) -> CacheAsideStatistics:
        """Return what has happened so far."""
        return CacheAsideStatistics(
            call_count=self._call_count,
            hit_count=self._hit_count,
            stale_count=self._stale_count,
            load_count=self._load_count,
            loaded_count=self._loaded_count,
            leaseless_count=self._leaseless_count,
            wait_count=self._wait_count,
            write_count=self._write_count,
            undeleted_count=self._undeleted_count,
        )
