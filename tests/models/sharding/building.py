"""What the tests of sharding are built from: shards of one node, a directory, clients, tables that change."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from models import CallFailed, Endpoint, FunctionEndpoint, Host, Network, Request, Response
from models.replication import SingleNodeStore, Store, write
from models.sharding import (
    LOWEST,
    Assignment,
    RangePartitioner,
    RoutingTable,
    ShardedStore,
    ShardingFlaws,
    ShardingSettings,
    StoredKey,
)
from models.sharding.requests import hear
from simulator import Environment, Process

WAY = 1 / 64
"""One way through the network in seconds; a power of two, so that sums are exact."""

SYNC = 0.001
"""How long a disk takes to sync, by default."""

SETTINGS = ShardingSettings(ttl=4.0, renewal_interval=1.0, clock_drift_bound=1.0, directory_timeout=0.5)
"""Settings whose numbers are easy to add."""

BEFORE_M, FROM_M = "a", "z"
"""Two keys: one of shard "one", one of shard "two"."""


def two_ranges() -> RoutingTable:
    """Return the table of the tests: what is before "m" is of shard "one", the rest of "two"."""
    return RoutingTable(RangePartitioner(), (LOWEST, "m"), (Assignment("one"), Assignment("two")))


@dataclass
class Told:
    """What one call was told, and when: `outcome` is its value, a failure's name, or "silence" so far."""

    outcome: Any = "silence"
    at: float = -1.0
    version: Any = None
    degraded: tuple[str, ...] = ()
    size_bytes: int = 0
    as_of: float | None = None


class World:
    """Shards "one" and "two" on hosts of these names, a directory on another, and clients on "web".

    `server_hosts` more hosts for servers of shard "one", besides its own.
    """

    def __init__(
        self,
        table: RoutingTable | None = None,
        *,
        settings: ShardingSettings = SETTINGS,
        flaws: ShardingFlaws | None = None,
        seed: int = 1,
        server_hosts: int = 0,
        directory: Callable[[World], Store] | None = None,
        **store: Any,
    ) -> None:
        self.env = Environment(seed=seed)
        self.network = Network(self.env, latencies=WAY)
        self.one, self.two = Host(self.env, "one"), Host(self.env, "two")
        self.directory_host, self.web = Host(self.env, "directory"), Host(self.env, "web")
        self.more = [Host(self.env, f"more-{number}") for number in range(server_hosts)]
        self.shards: Mapping[str, Store] = {
            host.name: SingleNodeStore(self.env, self.network, host, name=host.name, **store)
            for host in (self.one, self.two)
        }
        self.directory = (
            directory(self)
            if directory
            else SingleNodeStore(self.env, self.network, self.directory_host, name="directory")
        )
        self.store = ShardedStore(
            self.env,
            self.network,
            shards=self.shards,
            directory=self.directory,
            table=table or two_ranges(),
            servers={"one": [self.one, *self.more]},
            settings=settings,
            flaws=flaws or ShardingFlaws(),
        )
        self.operator_host = Host(self.env, "operator")
        self.operator = self.store.directory_from(self.operator_host)
        self.client = self.store.client(self.web)
        self.server = self.store.servers_of("one")[0]

    def run(self, until: float) -> None:
        """Run until a time."""
        self.env.run(until=until)

    def at(self, time: float, function: Callable[..., object], *arguments: Any) -> None:
        """Call a function at a time."""
        self.env.call_later(time - self.env.now, function, *arguments)

    def ask(
        self,
        request: Request,
        *,
        at: float | None = None,
        client: Endpoint | None = None,
        patience: float = 1000.0,
    ) -> Told:
        """Return what will say how a call ends that is made at a time, by default now."""
        told = Told()
        start = self.env.now if at is None else at
        self.at(start, self._start, client or self.client, request, told, patience)
        return told

    def _start(self, client: Endpoint, request: Request, told: Told, patience: float) -> None:
        self.env.process(self._call(client, request, told, patience), "caller")

    def _call(
        self, client: Endpoint, request: Request, told: Told, patience: float
    ) -> Generator[Any, Any, None]:
        try:
            with self.env.move_on_after(patience) as scope:
                response = yield from client.call(request)
            if scope.expired:
                return
            told.outcome, told.version, told.degraded = response.value, response.version, response.degraded
            told.size_bytes, told.as_of = response.size_bytes, response.as_of
        except CallFailed as failure:
            told.outcome = type(failure).__name__
        told.at = self.env.now

    def now(self, request: Request, *, client: Endpoint | None = None) -> Any:
        """Ask, run for up to a minute until that has ended, and return how."""
        told, end = self.ask(request, client=client), self.env.now + 60.0
        while told.at < 0.0 and self.env.now < end:
            self.env.run(until=self.env.now + 0.25)
        return told.outcome

    def change(self, change: Callable[[RoutingTable], RoutingTable]) -> None:
        """Replace the directory's table by what `change` makes of it; it is acknowledged two ways later."""
        self.env.process(self._change(change), "change")

    def _change(self, change: Callable[[RoutingTable], RoutingTable]) -> Generator[Any, Any, None]:
        table = yield from self.operator.read()
        assert (yield from self.operator.replace(table, change(table)))

    def moved(self, key: str, shard: str) -> None:
        """Hand the range of `key` over to `shard`, with nothing in it: three changes, of which all hear."""
        steps: list[Callable[[RoutingTable], RoutingTable]] = [
            lambda table: copying(table, key, shard),
            lambda table: frozen(table, key),
            lambda table: handed_over(table, key),
        ]
        for step in steps:
            self.change(step)
            self.run(self.env.now + 0.25)
            for each in self.shards:
                for server in self.store.servers_of(each):
                    self.env.process(server.hear(self.store.table.version))
            self.run(self.env.now + 0.25)

    def move(self, key: str, shard: str, *, frozen_for: float = 0.0) -> Process:
        """Move the range of `key` by hand, as a mover does, and return who does it.

        It is frozen for so many seconds longer than that takes.
        """
        return self.env.process(self._move(key, shard, frozen_for), "move")

    def _move(self, key: str, shard: str, frozen_for: float) -> Generator[Any, Any, None]:
        yield from self._change(lambda table: copying(table, key, shard))
        yield from self._change(lambda table: frozen(table, key))
        table = yield from self.operator.read()
        place, assignment = table.find(key)
        for server in self.store.servers_of(assignment.shard):
            with self.env.move_on_after(0.25) as scope:
                yield from self.network.connect(self.operator_host, server).call(hear(table.version))
            if scope.expired:
                yield self.store.settings.ttl
        client = self.store.shards[shard].client(self.operator_host)
        epoch = table.version - 1  # in which the copying began
        source = self.store.shards[assignment.shard].contents()[assignment.shard]
        live = 0 if self.store.servers_of(shard)[0].flaws.forgets_epochs else assignment.epoch
        target = 0 if self.store.servers_of(shard)[0].flaws.forgets_epochs else epoch
        for stored, value in list(source.items()):
            if stored.epoch == live and stored.key in table.range_at(place) and value is not None:
                yield from client.call(write(StoredKey(target, stored.key), value))
        yield frozen_for
        yield from self._change(lambda table: handed_over(table, key))

    def cut(self, *hosts: Host) -> Any:
        """Cut hosts off from the directory, both ways."""
        return self.network.partition(list(hosts), [self.directory_host])


def copying(table: RoutingTable, key: Any, shard: str) -> RoutingTable:
    """Return the table in which the copy of the range of `key` to `shard` begins."""
    place, assignment = table.find(key)
    return table.changed(place, assignment.copying_to(shard, table.next_epoch))


def frozen(table: RoutingTable, key: Any) -> RoutingTable:
    """Return the table in which the range of `key` is frozen."""
    place, assignment = table.find(key)
    return table.changed(place, assignment.frozen())


def handed_over(table: RoutingTable, key: Any) -> RoutingTable:
    """Return the table in which the range of `key` has come to its new shard."""
    place, assignment = table.find(key)
    return table.changed(place, assignment.handed_over())


def as_old_as(world: World, shard: str, as_of: float) -> None:
    """Let the store of `shard` answer as a cache would that has asked it at `as_of`."""
    server = world.store.servers_of(shard)[0]
    store = server.store_client

    def answer(request: Request) -> Generator[Any, Any, Response]:
        return replace((yield from store.call(request)), as_of=as_of)

    server.store_client = FunctionEndpoint(answer, host=server.host)


def given_up(table: RoutingTable, key: Any) -> RoutingTable:
    """Return the table in which the move of the range of `key` is given up."""
    place, assignment = table.find(key)
    return table.changed(place, assignment.given_up())
