"""A range that moves while it is used: two shards, a directory, a mover, and users who are recorded."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import count
from typing import Any

from models import CallFailed, Host, Network
from models.consensus import RaftStore
from models.consistency import (
    HistoryRecorder,
    Operation,
    Verdict,
    check_linearizability,
)
from models.replication import QuorumStore, SingleNodeStore, Store, delete, read, write
from models.replication.quorums import QuorumSettings
from models.sharding import (
    LOWEST,
    Assignment,
    RangePartitioner,
    RoutingTable,
    ShardedStore,
    ShardingFlaws,
    ShardingSettings,
)
from models.sharding.mover import (
    Goal,
    Listed,
    Mover,
    MoveRange,
    MoverFlaws,
    MoverSettings,
)
from models.sharding.server_transfers import DeadKeys, TransferSettings
from models.storage import GroupCommit, PeriodicSync
from simulator import Environment

HOP = 0.01
"""One way through the network, in seconds."""

SETTINGS = ShardingSettings(
    ttl=1.0, renewal_interval=0.3, clock_drift_bound=1.0, directory_timeout=0.2, patience=3.0
)
MOVER = MoverSettings(
    batch_size=3, patience=0.3, copy_patience=1.0, freeze_max=4.0, retry_pause=0.2, review_interval=2.0
)
TRANSFERS = TransferSettings(batch_size=4, parallel_writes=2, patience=1.0)

MOVING, STAYING = ("a", "b", "c", "d", "e", "f", "g"), ("n", "o")
"""Keys of the range that moves, and of the one that does not; "m" is between them."""

TO_TWO = Listed(MoveRange(LOWEST, "two"))

MakeStore = Callable[[Environment, Network, str, Host], Store]


def single(env: Environment, network: Network, name: str, host: Host) -> Store:
    """Return a shard of one node."""
    return SingleNodeStore(env, network, host, name=name)


def without_marks(env: Environment, network: Network, name: str, host: Host) -> Store:
    """Return a shard of one replica, which has no order of all changes."""
    settings = QuorumSettings(replicas=1, read_level=1, write_level=1, durability=GroupCommit())
    return QuorumStore(env, network, [host], settings=settings, name=name)


def with_marks_that_end(env: Environment, network: Network, name: str, host: Host) -> Store:
    """Return a shard of one node whose marks end with its process."""
    return SingleNodeStore(env, network, host, policy=PeriodicSync(interval=0.1), name=name)


def two_ranges() -> RoutingTable:
    """Return the table to begin with: what is before "m" is shard one's, the rest shard two's."""
    return RoutingTable(RangePartitioner(), (LOWEST, "m"), (Assignment("one"), Assignment("two")))


class MovingWorld:
    """Shard "one" has a server on its node's host and one on another; users write, read and delete.

    The directory is one node, or where `directory_count` is more Raft on so many.
    """

    def __init__(
        self,
        *,
        seed: int = 1,
        make_store: MakeStore = single,
        table: RoutingTable | None = None,
        settings: ShardingSettings = SETTINGS,
        mover_settings: MoverSettings = MOVER,
        transfers: TransferSettings = TRANSFERS,
        flaws: ShardingFlaws | None = None,
        mover_flaws: MoverFlaws | None = None,
        user_count: int = 3,
        directory_count: int = 1,
    ) -> None:
        self.env = env = Environment(seed=seed)
        self.network = network = Network(env, latencies=HOP)
        names = ("one", "two", "three", "beside one", "directory", "mover", "web")
        self.hosts = {name: Host(env, name) for name in names}
        self.recorder = HistoryRecorder(env)
        self.directory: Store
        if directory_count > 1:
            extra = [Host(env, f"directory {number}") for number in range(1, directory_count)]
            self.hosts |= {host.name: host for host in extra}
            self.directory = RaftStore(env, network, [self.hosts["directory"], *extra], name="directory")
        else:
            self.directory = SingleNodeStore(env, network, self.hosts["directory"], name="directory")
        self.store = ShardedStore(
            env,
            network,
            shards={name: make_store(env, network, name, self.hosts[name]) for name in ("one", "two")},
            directory=self.directory,
            table=two_ranges() if table is None else table,
            servers={"one": [self.hosts["one"], self.hosts["beside one"]], "two": [self.hosts["two"]]},
            settings=settings,
            transfers=transfers,
            flaws=ShardingFlaws() if flaws is None else flaws,
        )
        self.mover = Mover(
            env,
            self.hosts["mover"],
            self.store,
            settings=mover_settings,
            flaws=MoverFlaws() if mover_flaws is None else mover_flaws,
        )
        self.users = [
            self.recorder.around(self.store.client(Host(env, f"user-{number}")))
            for number in range(user_count)
        ]
        self._values = count(1)

    # -- users ----------------------------------------------------------------------------------------------

    def fill(self, keys: Sequence[str] = (*MOVING, *STAYING)) -> None:
        """Write each key once, and run until that is done."""
        filling = self.env.process(self._write_all(keys))
        self.env.run(until=filling)

    def _write_all(self, keys: Sequence[str]) -> Generator[Any, Any, None]:
        for key in keys:
            yield from self.users[0].call(write(key, next(self._values)))

    def use(self, until: float, *, pause: float = 0.03, keys: Sequence[str] = (*MOVING, *STAYING)) -> None:
        """Let all users write, read and delete, one thing after the other, until a time."""
        for number, user in enumerate(self.users):
            self.env.process(self._use(user, self.env.stream(f"user {number}"), until, pause, keys))

    def _use(
        self, user: Any, dice: Any, until: float, pause: float, keys: Sequence[str]
    ) -> Generator[Any, Any, None]:
        while self.env.now < until:
            yield pause * float(dice.exponential())
            key, chance = keys[int(dice.integers(len(keys)))], dice.random()
            request = read(key) if chance < 0.5 else write(key, next(self._values))
            with suppress(CallFailed), self.env.move_on_after(0.8):
                yield from user.call(delete(key) if chance > 0.9 else request)

    # -- what happens ---------------------------------------------------------------------------------------

    def at(self, time: float, function: Callable[..., object], *arguments: Any) -> None:
        """Call a function at a time."""
        self.env.call_later(time - self.env.now, function, *arguments)

    def pursue(self, goal: Goal | None = TO_TWO) -> None:
        """Let the mover have a goal."""
        self.mover.pursue(goal)

    def instants(self, end: float) -> Iterator[float]:
        """Run until a time; yield each time at which anything has happened, once."""
        last = -1.0
        while (time := self.env.peek()) < end:
            if time > last:
                yield time
            last = time
            self.env.step()

    def strike(self, name: str, time: float, outage: float = 0.7) -> None:
        """Crash a host, or where it is named "server one" and the like a process, and start it again."""
        victim = self.victim(name)
        self.at(time, victim.crash)
        self.at(time + outage, victim.restart)

    def victim(self, name: str) -> Any:
        """Return the host of that name; with "server", "node" or "process" before it, a process on it."""
        kind, _, rest = name.partition(" ")
        if kind == "server":
            return next(each for each in self.all_servers() if each.host is self.hosts[rest])
        if kind == "node":
            stores = [*self.store.shards.values(), self.directory]
            return next(n for store in stores for n in store.nodes if n.host is self.hosts[rest])
        return self.mover if name == "process mover" else self.hosts[name]

    def all_servers(self) -> list[Any]:
        """Return the servers of all shards."""
        return [server for shard in self.store.shards for server in self.store.servers_of(shard)]

    # -- what must hold -------------------------------------------------------------------------------------

    def owner(self, key: str) -> str:
        """Return the shard that has a key."""
        return self.store.table.find(key)[1].shard

    def dead_keys(self) -> list[Any]:
        """Return what nodes hold that no table names."""
        table = self.store.table
        return [
            (node, key)
            for shard, store in self.store.shards.items()
            for node, values in store.contents().items()
            for key, value in values.items()
            if value is not None and key in DeadKeys(table, shard, table.starts[0], None)
        ]

    def read_all(self, keys: Sequence[str] = (*MOVING, *STAYING)) -> dict[str, Any]:
        """Read all keys, as a user; they can be read."""
        held: dict[str, Any] = {}

        def reading() -> Generator[Any, Any, None]:
            for key in keys:
                held[key] = (yield from self.users[0].call(read(key))).value

        self.env.run(until=self.env.process(reading()))
        return held

    def history(self) -> tuple[Operation, ...]:
        """Return what users have asked and were told; a deletion is a write of nothing."""
        return tuple(
            replace(each, kind="write", value=None) if each.kind == "delete" else each
            for each in self.recorder.history()
        )

    def violations(self) -> list[str]:
        """Return what is wrong now, when all is healed and quiet: nothing, if all is well."""
        self.read_all()  # so that what was acknowledged and is lost is a contradiction
        wrong = []
        found = check_linearizability(self.history())
        if found.verdict is not Verdict.LINEARIZABLE:
            wrong.append(found.text())
        if moving := [each for each in self.store.table.assignments if each.move is not None]:
            wrong.append(f"still moving: {moving}")
        if not self.mover.is_settled:
            wrong.append("the mover has not come to its goal")
        if dead := self.dead_keys():
            wrong.append(f"left: {dead}")
        return wrong
