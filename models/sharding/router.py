"""The router: the client of a sharded store, which finds the shard of a key (as `vtgate` and `mongos` do).

It is in its user's process, with a copy of the routing table that it does not keep fresh. Rules:

1. With no table (its host has just started) it reads the directory.
2. It asks a server of the shard that has the key's range by its table, under the range's epoch (`ways`).
   What the server says is the answer, whatever it is, but for `Moved`.
3. After `Moved` it reads the directory again, if the range is frozen after a `pause`, and asks whoever has
   the range now. Nothing was done so far, so that this is safe, for writes as well.
4. Where the shard's servers all say that nothing was done, or were silent when they were asked last, it may
   be that the range is elsewhere by now, and they are gone. So it reads the directory too, at most once in a
   `renewal_interval`, and goes on by a newer table if there is one.
5. It asks again so for up to `patience` seconds from when it was first turned away, or was first without a
   table; then it is `Unavailable`: nothing was done, and nothing will be.
6. It has no timeout for what it has asked: whoever wants one puts it around the router. A request is passed
   on to one server that may do it, once.

A key that has no token (it is of another kind, or has no hash) is a `ServerError`.

What it knows is in memory and begins anew with its host. Source: MongoDB's documentation, "Sharded Cluster
Query Router" and "shard versioning"; Redis Cluster's specification, "MOVED redirection": there the answer
says where the range is now; here it says only that it has moved, and the directory where.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from simulator import Environment

from ..endpoint import Call, Endpoint
from ..failures import CallFailed, ServerError, Unavailable
from ..infrastructure import Host
from ..network import Network
from ..replication import SCAN
from ..request import Request
from .cached_table import CachedTable
from .directory import Directory
from .failures import Moved
from .gathering import Gathering
from .requests import SERVE, Addressed
from .routing_table import RoutingTable
from .settings import ShardingSettings
from .ways import Ways


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterStatistics:
    """What has become of the calls so far.

    Of `call_count` calls `unavailable_count` were given up, after patience. They were turned away
    `moved_count` times, `frozen_count` of these by a range that was frozen. The directory was asked
    `read_count` times.
    """

    call_count: int
    moved_count: int
    frozen_count: int
    unavailable_count: int
    read_count: int


class Router(Endpoint):
    """A client on `host`, number `number` of its store; made by `ShardedStore.client`.

    `servers_of(shard)` are the servers of a shard: where they run is a fact of deployment, as names are.
    """

    __slots__ = (
        "_cache",
        "_call_count",
        "_env",
        "_frozen_count",
        "_looked_at",
        "_make_directory",
        "_moved_count",
        "_network",
        "_number",
        "_read_count",
        "_servers_of",
        "_settings",
        "_unavailable_count",
        "_ways",
        "host",
        "name",
    )

    def __init__(
        self,
        env: Environment,
        host: Host,
        network: Network,
        servers_of: Callable[[str], Sequence[Endpoint]],
        make_directory: Callable[[Host], Directory],
        settings: ShardingSettings,
        *,
        number: int,
        name: str,
    ) -> None:
        self.host: Host = host
        self.name = name
        self._env = env
        self._network = network
        self._servers_of = servers_of
        self._make_directory = make_directory
        self._settings = settings
        self._number = number
        self._call_count = 0
        self._moved_count = 0
        self._frozen_count = 0
        self._unavailable_count = 0
        self._read_count = 0
        self._start_afresh()
        host.on_restart(self._start_afresh, endpoint=self.serving)

    def _start_afresh(self) -> None:
        self._cache = CachedTable(
            self._env, self.host, self._make_directory(self.host), self._settings.directory_timeout
        )
        self._ways: dict[str, Ways] = {}
        self._looked_at = -inf

    @property
    def table(self) -> RoutingTable | None:
        """The table that it has, however old; `None` before it has one."""
        return self._cache.table

    def call(self, request: Request) -> Call:
        """Answer `request` as the shard of its key does."""
        self._call_count += 1
        if request.operation == SCAN:
            return (yield from self._scan(request))
        end: float | None = None
        while True:
            table = self._cache.table
            pauses = False
            if table is not None:
                try:
                    token = table.partitioner.token(request.key)
                    assignment = table.assignments[table.find_token(token)]
                except TypeError as error:
                    raise ServerError(f"{self.name}: {error}") from None
                try:
                    ways = self.ways_to(assignment.shard)
                    if ways.is_suspect and (yield from self.has_newer(table)):
                        continue
                    return (
                        yield from ways.call(
                            Request(
                                SERVE,
                                request.key,
                                Addressed(request, token, assignment.epoch, table.version),
                                request.size_bytes,
                                request.priority,
                                request.deadline,
                            )
                        )
                    )
                except Moved as moved:
                    pauses = self.note(moved, table)
                except CallFailed as failure:
                    if not (failure.nothing_done and (yield from self.has_newer(table))):
                        raise
                    continue
            end = yield from self.await_newer(end, pauses=pauses)

    def _scan(self, request: Request) -> Call:
        if request.value is not None:
            raise ServerError(f"{self.name}: a scan of many shards has no mark to go on from")
        return (yield from Gathering(self._env, self, request, is_partial=False).gather(inf))

    def ways_to(self, shard: str) -> Ways:
        """Return the ways to the servers of `shard`. Raises `Unavailable` where nobody knows of any."""
        ways = self._ways.get(shard)
        if ways is None or ways.is_suspect:
            servers = self._servers_of(shard)
            if not servers:
                raise Unavailable(f"{self.name} knows of no server of shard {shard!r}")
            if ways is None or ways.servers is not servers:
                name = f"{self.name} to {shard}"
                ways = self._ways[shard] = Ways(self._network, self.host, servers, self._number, name=name)
        return ways

    def has_newer(self, table: RoutingTable) -> Generator[Any, Any, bool]:
        """Return whether there is a newer table than `table`, by a look at the directory now and then."""
        now, settings = self.host.monotonic_clock(), self._settings
        if self._cache.table is table and now - self._looked_at >= settings.renewal_interval:
            self._looked_at = now
            yield from self._read()
        return self._cache.table is not table

    def _read(self) -> Generator[Any, Any, bool]:
        """Read the directory, and return whether it has answered."""
        cache = self._cache
        answered_at, read_count = cache.asked_at, cache.read_count
        yield from cache.refresh()
        self._read_count += cache.read_count - read_count
        return cache.asked_at != answered_at

    def note(self, moved: Moved, table: RoutingTable) -> bool:
        """Count that it was turned away; return whether to pause: a newer table than `table` may not help."""
        self._moved_count += 1
        self._frozen_count += moved.is_frozen
        return moved.is_frozen or moved.version <= table.version

    def await_newer(self, end: float | None, *, pauses: bool) -> Generator[Any, Any, float]:
        """Read the directory, after a pause if it `pauses`; return when patience ends, by the host's clock.

        Raises `Unavailable` when that was before now.
        """
        host, settings = self.host, self._settings
        if end is None:
            end = host.monotonic_clock() + settings.patience
        elif host.monotonic_clock() >= end:
            self._unavailable_count += 1
            raise Unavailable(f"{self.name}: turned away for {settings.patience} s")
        if pauses:
            yield settings.pause / host.clock_rate
        if not (yield from self._read()):
            yield settings.pause / host.clock_rate
        return end

    def statistics(self) -> RouterStatistics:
        """Return what has become of the calls so far."""
        return RouterStatistics(
            call_count=self._call_count,
            moved_count=self._moved_count,
            frozen_count=self._frozen_count,
            unavailable_count=self._unavailable_count,
            read_count=self._read_count,
        )
