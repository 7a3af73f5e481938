"""A shard server: a process in front of a shard, which knows what is the shard's and lets nothing else by.

A store cannot say "this key is not mine any more". So routers do not ask it, but a server (as `vttablet`
stands in front of MySQL), one on each host that is given, each with a client of the shard's store of its own.
Rules:

1. It acts by its copy of the routing table, for a *lease* from when it sent the question that brought or
   confirmed that, by its host's monotonic clock. It asks the directory every `renewal_interval`. So whoever
   has replaced the table and waits for `ttl` knows that no server acts by the old one. Without a lease it
   asks once more, and is `Unavailable` if that brings none: nothing was done.
2. A request that is addressed by a newer table than its own makes it read the directory first. Where by its
   table the range is not the shard's, or has another epoch, or is frozen, it answers `Moved`: nothing was
   done.
3. It passes the request on to the shard's store, all of it, for the key under its epoch (`stored_keys`). A
   failure of the store's client is the answer, as it is; where there is no answer within `store_timeout`,
   `TimedOut`.
4. It acknowledges what the store has done only if now, too, it has a lease, and a table by which the range
   is the shard's under that epoch and not frozen; without a lease it asks for one. Otherwise a write is
   `TimedOut`, since nobody knows whether the next owner has it, and a read is `Moved`, as it may be stale.
5. Who asks it to `hear` of a version is answered when it has that table, or a later one.

Why nothing that was acknowledged is lost: by rule 4 the store had done it before every server of the shard
had heard of the frozen range, or its lease was over, and the last copy of the range begins after that. A
write whose outcome is unknown may come later: into a namespace that no table names. The epoch of a range that
stayed where it was, since its move was given up, is the old one, and so is its data.

A process that starts has no table, and refuses until the directory has told it one. While the directory is
down for longer than a lease, all servers refuse: that is the price of never asking it in between.

What a store's client remembers for its user (causal contexts of siblings, own writes) it remembers for all
users of its server at once: sessions on a sharded store are those of `replication.Session`, around routers,
by the versions that answers tell (`placed_version`).

Source: Adya et al., "Slicer" (OSDI 2016), for leases of an assignment; Rae et al., "Online, Asynchronous
Schema Change in F1" (VLDB 2013), for leases of a schema by which no server has to be asked; Redis Cluster's
MOVED.
Leaves out: a queue for requests to a frozen range (routers ask again).
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from math import inf
from typing import Any

from simulator import CallFailed, Cancelled, Environment, TimedOut

from ..failures import ServerError, Unavailable
from ..infrastructure import Host
from ..network import Network
from ..nodes import Node
from ..replication import READ, Store
from ..replication.scans import KeyRange, KeySet, Scanned
from ..request import Request, Response
from .cached_table import CachedTable
from .directory import Directory
from .failures import Moved
from .loads import Loads
from .partitioner import LOWEST, Partitioner
from .placed_version import PlacedVersion
from .requests import DROP, EXPORT, GATHER, HEAR, IMPORT, LOADS, SERVE, Addressed, Gather, with_key
from .routing_table import Assignment, RoutingTable
from .server_transfers import Transfers, TransferSettings
from .settings import ShardingFlaws, ShardingSettings
from .stored_keys import StoredKey, StoredStretches, Stretch

_TRANSFERS = frozenset({EXPORT, IMPORT, DROP, LOADS})


class ShardServer(Node):
    """The server of `shard` on `host`, in front of its `store`; made by `ShardedStore`.

    `make_directory(host)` is the way to the directory. `moved_count` requests were turned away,
    `unleased_count` found no lease, and `unknown_count` writes were done, perhaps in vain.
    """

    def __init__(
        self,
        env: Environment,
        host: Host,
        network: Network,
        *,
        shard: str,
        store: Store,
        make_directory: Callable[[Host], Directory],
        partitioner: Partitioner,
        settings: ShardingSettings,
        transfers: TransferSettings,
        flaws: ShardingFlaws,
        name: str,
    ) -> None:
        self.shard = shard
        self.partitioner = partitioner
        self.settings = settings
        self.flaws = flaws
        self.moved_count = 0
        self.unleased_count = 0
        self.unknown_count = 0
        self.store = store
        self._make_directory = make_directory
        self._transfer_settings = transfers
        self._served: dict[Any, int] = {}  # by former lives
        self._read_count = 0
        super().__init__(
            env, host, network, name=name, threads=settings.threads, start_time=settings.start_time
        )

    # -- life -----------------------------------------------------------------------------------------------

    def remember(self) -> None:
        """Know no table, have served nothing, and have new connections."""
        directory = self._make_directory(self.host)
        settings = self.settings
        lease = inf if self.flaws.ignores_leases else settings.lease
        self.cache = CachedTable(self.env, self.host, directory, settings.directory_timeout, lease)
        self.store_client = self.store.client(self.host)
        self.loads = Loads(self.settings.tracked_keys)
        self._transfers = Transfers(self, self._transfer_settings)

    def forget(self) -> None:
        """Add what this life has served to that of the earlier ones, for observers."""
        self._served = self.served()
        self._read_count = self.read_count
        self.loads = Loads(self.settings.tracked_keys)
        self.cache.read_count = 0

    def wake_up(self) -> None:
        """Ask the directory, now and every so often."""
        self.run(self._renew(), "renewal")

    def _renew(self) -> Generator[Any, Any, None]:
        while True:
            yield from self.cache.refresh()
            yield self.settings.renewal_interval / self.host.clock_rate

    # -- the table ------------------------------------------------------------------------------------------

    @property
    def table(self) -> RoutingTable | None:
        """The table that it has, if it has one, with or without a lease."""
        return self.cache.table

    def stored_epoch(self, epoch: int) -> int:
        """Return under which epoch the store has the keys of an `epoch`: under that, but for a flaw."""
        return 0 if self.flaws.forgets_epochs else epoch

    def hear(self, version: int) -> Generator[Any, Any, RoutingTable]:
        """Return the table when it is of `version` or later. Raises `Unavailable` if it cannot be had."""
        cache = self.cache
        for _ in range(2):  # the answer to a question that was under way may be too old
            if cache.table is not None and cache.table.version >= version:
                return cache.table
            yield from cache.refresh()
        if cache.table is not None and cache.table.version >= version:
            return cache.table
        raise Unavailable(f"{self.name} has not heard of routing table {version}")

    def _has_lease(self) -> bool:
        return self.host.monotonic_clock() < self.cache.lease_end

    def _leased(self, version: int) -> Generator[Any, Any, RoutingTable]:
        """Return a table of `version` or later that it may act by. Raises `Unavailable` without one."""
        table = yield from self.hear(version)
        for _ in range(2):
            if self._has_lease():
                return self.cache.table or table
            yield from self.cache.refresh()
        if self._has_lease():
            return self.cache.table or table
        self.unleased_count += 1
        raise Unavailable(f"{self.name} has no lease: the directory does not answer")

    # -- requests -------------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Generator[Any, Any, Any]:
        """Answer a router, or the mover."""
        if request.operation == SERVE:
            return self._serve(request.value)
        if request.operation == GATHER:
            return self._gather(request.value)
        if request.operation == HEAR:
            return self._hear(request.value)
        if request.operation in _TRANSFERS:
            return self._transfers.answer(request)
        raise ServerError(f"{self.name}: operation must be one of those of shard servers, got {request!r}")

    def _is_own(self, failure: CallFailed) -> bool:
        super()._is_own(failure)
        return True  # also what its store's client has told: nothing done, or nobody knows (rule 3)

    def _hear(self, version: int) -> Generator[Any, Any, int]:
        if self.flaws.hears_nothing:
            return version
        return (yield from self.hear(version)).version

    def _serve(self, addressed: Addressed) -> Generator[Any, Any, Response]:
        if self.settings.request_work:
            yield from self.work(self.settings.request_work)
        asked, epoch, cache, clock = addressed.request, addressed.epoch, self.cache, self.host.monotonic_clock
        table = cache.table
        if table is None or table.version < addressed.version or clock() >= cache.lease_end:
            table = yield from self._leased(addressed.version)
        place = table.find_token(addressed.token)
        if not self._owns(table.assignments[place], epoch, is_read=asked.operation == READ):
            raise self._moved(table, place)
        stored = StoredKey(0 if self.flaws.forgets_epochs else epoch, asked.key)
        response = yield from self._ask_store(with_key(asked, stored))
        if cache.table is not table or clock() >= cache.lease_end:
            yield from self._ask_again(addressed)
        self.loads.note(table.starts[place], addressed.token, asked.key)
        if response.version is None and (not epoch or asked.operation != READ):
            return response
        version = PlacedVersion(epoch, response.version)
        return Response(response.value, response.degraded, response.size_bytes, version, response.as_of)

    def _ask_store(self, request: Request) -> Generator[Any, Any, Response]:
        """Ask the shard's store, for so long. Raises `TimedOut` when it has not answered."""
        # What `with env.fail_after(...)` does, without the calls that a `with` costs: this is every call.
        timeout = self.settings.store_timeout
        deadline = self.env.open_deadline(timeout / self.host.clock_rate)
        try:
            return (yield from self.store_client.call(request))
        except Cancelled as cancelled:
            if cancelled.scope is not deadline:
                raise
        finally:
            deadline.process = None
        raise TimedOut(f"{self.name}: the store of {self.shard!r} has not answered within {timeout} s")

    def _ask_again(self, addressed: Addressed) -> Generator[Any, Any, None]:
        """Return if what the store has done may be acknowledged (rule 4)."""
        is_read = addressed.request.operation == READ
        if self.flaws.acknowledges_unasked or (is_read and self.flaws.reads_unasked):
            return
        try:
            table = yield from self._leased(addressed.version)
        except Unavailable:
            if is_read:
                raise
        else:
            place = table.find_token(addressed.token)
            if self._owns(table.assignments[place], addressed.epoch, is_read):
                return
            if is_read:
                raise self._moved(table, place)
        self.unknown_count += 1
        raise TimedOut(f"{self.name}: done, and perhaps in vain, as the range may be another's by now")

    def _owns(self, assignment: Assignment, epoch: int, is_read: bool) -> bool:
        """Return whether the shard may do, or have done, something under `epoch`."""
        if assignment.shard != self.shard or assignment.epoch != epoch:
            return False
        if assignment.move is None or not assignment.is_frozen:
            return True
        return self.flaws.serves_frozen or (is_read and self.settings.stale_reads_while_moving)

    def _moved(self, table: RoutingTable, place: int) -> Moved:
        self.moved_count += 1
        assignment = table.assignments[place]
        is_frozen = assignment.shard == self.shard and assignment.is_frozen
        return Moved(self.name, table.version, is_frozen=is_frozen)

    def _gather(self, gather: Gather) -> Generator[Any, Any, Response]:
        """Answer with what the shard has of the stretches, if all are its own, before and after."""
        if self.settings.request_work:
            yield from self.work(self.settings.request_work)
        self._require_all((yield from self._leased(gather.version)), gather.stretches)
        stretches = tuple(replace(each, epoch=self.stored_epoch(each.epoch)) for each in gather.stretches)
        keys = gather.request.key
        asked = with_key(gather.request, StoredStretches(self.partitioner, keys, stretches))
        response = yield from self._ask_store(asked)
        if not (self.flaws.acknowledges_unasked or self.flaws.reads_unasked):
            self._require_all((yield from self._leased(gather.version)), gather.stretches)
        self._note_scan(keys)
        scanned: Scanned = response.value
        items = tuple((stored.key, value) for stored, value in scanned.items)
        return Response(items, response.degraded, response.size_bytes, None, response.as_of)

    def _note_scan(self, keys: KeySet) -> None:
        """Count a scan as load of the range that it asks for, if that is one; see `mover.load_balance`."""
        table = self.table
        assert table is not None
        places = table.places_of_keys(keys)
        if len(places) != 1:
            return
        first = table.starts[places[0]]
        if keys.listed is not None:
            first = min(map(self.partitioner.token, keys.listed))
        elif isinstance(keys, KeyRange) and table.starts[0] is LOWEST and keys.start is not None:
            first = keys.start
        self.loads.note_scan(first)

    def _require_all(self, table: RoutingTable, stretches: tuple[Stretch, ...]) -> None:
        """Raise `Moved` unless by `table` all stretches are the shard's, each under its epoch."""
        for stretch in stretches:
            for place in table.places_within(stretch.start, stretch.end):
                if not self._owns(table.assignments[place], stretch.epoch, is_read=True):
                    raise self._moved(table, place)

    # -- for observers --------------------------------------------------------------------------------------

    def served(self) -> dict[Any, int]:
        """Return how many requests it has served, in all its lives, of each range by its start."""
        served = dict(self._served)
        for start, count in self.loads.by_start.items():
            served[start] = served.get(start, 0) + count
        return served

    @property
    def read_count(self) -> int:
        """How often it has asked the directory, in all its lives."""
        return self._read_count + self.cache.read_count
