"""A cache server: a process with a cache store in its memory, asked over the network (memcached, Redis).

It answers the requests of `operations`, each after `request_work` s on a core of its host, in the order in
which that work is done. It knows nothing of the origin, nor of other servers: who asks it has to fill it, and
to empty it (`CacheAside`). States: those of an `Instance`. Rules:

1. What it keeps is in memory: gone at the instant of a crash, of the process alone or with its host, and when
   it has stopped. It restarts cold.
2. It answers with what is in its store (`CacheStore`: times to live, eviction), and weighs what that weighs.
3. A lease (`leases`) is given to the first who asks for one and finds nothing; a set, an add that finds
   nothing, and a delete make it void.
4. While a lease is out, others are told so, with what was there before, if that is kept: what a delete has
   taken away within `stale_time` s, or has expired within the store's own.

A partition, a slow host and a full queue are as for any instance: the clients have timeouts.

Leaves out: memory that is not the entries'; persistence and replication among servers (Redis has both);
counters and compare-and-set. Source: memcached's protocol; Nishtala et al. (NSDI 2013), section 3.2.1.
"""

from __future__ import annotations

from collections.abc import Generator, Hashable
from dataclasses import dataclass
from math import inf
from typing import Any

from simulator import Environment

from ...failures import ServerError
from ...infrastructure import Host
from ...request import Request, Response
from ...services import Instance, RememberingInstance
from ...validation import require_delay, require_duration, require_kind, require_time
from ..stores import CacheStore
from .leases import Leases
from .operations import ADD, DELETE, GET, LEASE_END, LEASE_GET, LEASE_SET, SET, Busy, Kept, Token, delete

LEASE_TIME = 10.0
"""How long a lease is good by default (s): that of Nishtala et al."""

_NOTHING, _YES, _NO = Response(None), Response(True), Response(False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheServerStatistics:
    """What a server has done besides what its store tells (`CacheStore.statistics`), in all its lives.

    It was asked for a lease `lease_get_count` times, and gave `token_count` tokens; `busy_count` times
    another had it, `stale_count` of these with what was there before. Of `lease_set_count` values that came
    with a token `void_count` were too late. `lost_count` entries were lost with the memory.
    """

    lease_get_count: int
    token_count: int
    busy_count: int
    stale_count: int
    lease_set_count: int
    void_count: int
    lost_count: int


class CacheServer(RememberingInstance):
    """A cache server on `host` that keeps in `store`, its own, what it is told to.

    A request costs `request_work` s (>= 0) on a core. A lease is good for `lease_time` s (> 0); what is
    deleted is there for `stale_time` s (>= 0) for those who wait for one. `settings` are those of `Instance`.

    Example::

        store = CacheStore(env, Lru(64 * 2**20), unit="bytes", name="cache-1")
        server = CacheServer(env, host, store, request_work=20e-6, name="cache-1")
    """

    __slots__ = (
        "_busy_count",
        "_lease_get_count",
        "_lease_set_count",
        "_lost_count",
        "_operations",
        "_stale_count",
        "_token_count",
        "_void_count",
        "leases",
        "request_work",
        "store",
    )

    def __init__(
        self,
        env: Environment,
        host: Host,
        store: CacheStore,
        *,
        request_work: float = 0.0,
        lease_time: float = LEASE_TIME,
        stale_time: float = 0.0,
        name: str,
        **settings: Any,
    ) -> None:
        """Be as full as `store` is."""
        require_kind("host", host, Host)
        require_kind("store", store, CacheStore)
        require_delay("request_work", request_work)
        require_duration("lease_time", lease_time)
        require_time("stale_time", stale_time)
        self.store = store
        self.request_work = request_work
        self.leases = Leases(env, time=lease_time, stale_time=stale_time)
        self._lease_get_count = 0
        self._token_count = 0
        self._busy_count = 0
        self._stale_count = 0
        self._lease_set_count = 0
        self._void_count = 0
        self._lost_count = 0
        self._operations = {
            GET: self._get,
            SET: self._set,
            ADD: self._add,
            DELETE: self._delete,
            LEASE_GET: self._lease_get,
            LEASE_SET: self._lease_set,
            LEASE_END: self._lease_end,
        }
        super().__init__(env, host, _answer, self._lose_all, name=name, **settings)
        store.belong(env, repr(self))

    def answer(self, request: Request) -> Response:
        """Do what `request` asks. Raises `ServerError` for an operation that is not a cache server's."""
        do = self._operations.get(request.operation)
        if do is None:
            raise ServerError(
                f"{self.name}: operation must be one of those of cache servers, got {request!r}"
            )
        return do(request)

    @property
    def keeps_stale(self) -> bool:
        """Whether those who wait for a lease may be told what was there before."""
        return self.leases.stale_time > 0.0 or self.store.stale_time > 0.0

    # -- for who tells it of writes (`models.caching.invalidation`) ------------------------------------------

    @property
    def is_up(self) -> bool:
        """Whether the process that has the store is there."""
        return self.host.runs(self)

    def invalidate(self, key: Hashable) -> None:
        """Have nothing of `key`, as after a delete: without a call, and so without work."""
        self.answer(delete(key))

    def invalidate_all(self) -> None:
        """Have nothing at all, and no lease out (memcached's `flush_all`)."""
        self.store.clear()
        self.leases.clear()

    def _lose_all(self) -> None:
        self._lost_count += len(self.store)
        self.store.clear()
        self.leases.clear()

    # -- operations -----------------------------------------------------------------------------------------

    def _get(self, request: Request) -> Response:
        entry = self.store.get(request.key)
        if entry is None:
            return _NOTHING
        return Response(entry.response, size_bytes=entry.response.size_bytes)

    def _set(self, request: Request) -> Response:
        self.leases.void(request.key)
        return self._keep(request)

    def _add(self, request: Request) -> Response:
        return _NO if request.key in self.store else self._set(request)

    def _delete(self, request: Request) -> Response:
        key = request.key
        entry = self.store.stale(key)
        self.leases.void_deleted(key, None if entry is None else entry.response)
        return _YES if self.store.delete(key) else _NO

    def _lease_get(self, request: Request) -> Response:
        key = request.key
        self._lease_get_count += 1
        entry = self.store.get(key)
        if entry is not None:
            return Response(entry.response, size_bytes=entry.response.size_bytes)
        number = self.leases.take(key)
        if number is not None:
            self._token_count += 1
            return Response(Token(number))
        self._busy_count += 1
        expired = self.store.stale(key)
        stale = self.leases.deleted(key) if expired is None else expired.response
        if stale is None:
            return Response(Busy())
        self._stale_count += 1
        return Response(Busy(stale), size_bytes=stale.size_bytes)

    def _lease_set(self, request: Request) -> Response:
        self._lease_set_count += 1
        if self.leases.redeem(request.key, request.value.token):
            return self._keep(request)
        self._void_count += 1
        return _NO

    def _lease_end(self, request: Request) -> Response:
        return _YES if self.leases.give_back(request.key, request.value) else _NO

    def _keep(self, request: Request) -> Response:
        kept: Kept = request.value
        ttl = kept.ttl
        if kept.ttl_max < inf:
            ttl = min(self.store.ttl_of(kept.response) if ttl is None else ttl, kept.ttl_max)
        entry = self.store.set(request.key, kept.response, ttl=ttl)
        return _NO if entry is None else _YES

    def lease_statistics(self) -> CacheServerStatistics:
        """Return what has happened so far; `statistics` says it of the calls."""
        return CacheServerStatistics(
            lease_get_count=self._lease_get_count,
            token_count=self._token_count,
            busy_count=self._busy_count,
            stale_count=self._stale_count,
            lease_set_count=self._lease_set_count,
            void_count=self._void_count,
            lost_count=self._lost_count,
        )


def _answer(server: Instance, request: Request) -> Generator[Any, Any, Response]:
    assert isinstance(server, CacheServer)
    if server.request_work:
        yield from server.work(server.request_work)
    return server.answer(request)
