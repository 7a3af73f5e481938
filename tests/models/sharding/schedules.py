"""Random schedules: crashes, cuts, delays and drift strike shards, servers, clients and the directory."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import suppress
from typing import Any

from models import CallFailed, Host, Network
from models.consensus import RaftClientSettings, RaftStore
from models.consistency import HistoryRecorder
from models.network import AddedDelay
from models.replication import SingleNodeStore, Store, add, append, compare_and_set, read, write
from models.sharding import (
    LOWEST,
    Assignment,
    RangePartitioner,
    RoutingTable,
    ShardedStore,
    ShardingFlaws,
    ShardingSettings,
)
from models.storage import Disk
from simulator import Environment
from simulator.randomness import Exponential, LogNormal

DRIFT_MAX = 0.02
KEYS = ("list", "number", "register", "text", "word")
"""One of each workload, and two more registers; the shards have them in turn."""

SETTINGS = ShardingSettings(
    ttl=1.0,
    renewal_interval=0.3,
    clock_drift_bound=1.02 / 0.98,
    directory_timeout=0.2,
    patience=0.6,
    pause=0.02,
)


class Schedule:
    """Three shards, with servers on hosts of their own or not, an operator, and four users, until `until` s.

    The operator begins moves and gives them up, freezes ranges, splits and merges them: nothing is copied,
    and so nothing comes to another shard. What is a shard, and the directory, differs from seed to seed.
    """

    def __init__(self, seed: int, until: float = 4.0, flaws: ShardingFlaws | None = None) -> None:
        self.seed = seed
        self.until = until
        self.env = Environment(seed=seed)
        self.network = Network(self.env, latencies=LogNormal.from_percentiles(p50=0.002, p99=0.02))
        self.hosts: list[Host] = []
        shards = {
            name: self._store(name, has_majority=(seed + place) % 4 == 0)
            for place, name in enumerate(("one", "two", "three"))
        }
        directory = self._store("directory", has_majority=seed % 3 == 0)
        servers: dict[str, Sequence[Host]] = {"two": [self._host("server-1"), self._host("server-2")]}
        starts = (LOWEST, "number", "register", "text", "word")
        owners = ("one", "two", "three", "one", "two")
        self.store = ShardedStore(
            self.env,
            self.network,
            shards=shards,
            directory=directory,
            table=RoutingTable(RangePartitioner(), starts, tuple(map(Assignment, owners))),
            servers=servers if seed % 2 else None,
            settings=SETTINGS,
            flaws=flaws or ShardingFlaws(),
        )
        self.recorder = HistoryRecorder(self.env)
        self.dice = self.env.stream("test/trouble")
        self.processes = [
            *self.store.nodes,
            *directory.nodes,
            *(server for shard in shards for server in self.store.servers_of(shard)),
        ]
        self.change_count = 0
        for number in range(4):
            self.env.process(self._use(number), f"user {number}")
        self.env.process(self._operate(), "operator")
        self.env.process(self._strike(), "trouble")

    def _host(self, name: str) -> Host:
        host = Host(self.env, name)
        self.hosts.append(host)
        return host

    def _store(self, name: str, *, has_majority: bool) -> Store:
        if not has_majority:
            host = self._host(name)
            disk = Disk(host, sync_time=0.05)  # so that the table may change while a write is under way
            return SingleNodeStore(self.env, self.network, host, disk=disk, name=name)
        return RaftStore(
            self.env,
            self.network,
            [self._host(f"{name}-{number}") for number in range(3)],
            client_settings=RaftClientSettings(patience=0.5, attempt_timeout=0.05),
            name=name,
        )

    # -- users ----------------------------------------------------------------------------------------------

    def _use(self, number: int) -> Generator[Any, Any, None]:
        host = self._host(f"user-{number}")
        client = self.recorder.around(self.store.client(host), site=host.name)
        chance = self.env.stream(f"test/user-{number}")
        seen: Any = None
        count = 0
        while self.env.now < self.until + 4.0:
            yield float(chance.exponential(0.03))
            count += 1
            key = KEYS[int(chance.integers(len(KEYS)))]
            request = _request(key, chance, number * 1_000 + count, seen)
            with suppress(CallFailed), self.env.move_on_after(0.8):
                response = yield from client.call(request)
                if request.operation == "read" and key == "register":
                    seen = response.value

    # -- the operator ---------------------------------------------------------------------------------------

    def _operate(self) -> Generator[Any, Any, None]:
        directory = self.store.directory_from(self._host("operator"))
        chance = self.env.stream("test/operator")
        while self.env.now < self.until + 1.0:
            yield float(chance.exponential(0.05))
            with suppress(CallFailed), self.env.move_on_after(0.5):
                table = yield from directory.read()
                newer = _changed(table, chance, self.env.now)
                self.change_count += yield from directory.replace(table, newer)
        while True:
            with suppress(CallFailed), self.env.move_on_after(0.5):
                table = yield from directory.read()
                moving = [place for place, each in enumerate(table.assignments) if each.move]
                if not moving:
                    return
                given_up = table.assignments[moving[0]].given_up()
                yield from directory.replace(table, table.changed(moving[0], given_up, nonce=self.env.now))

    # -- trouble --------------------------------------------------------------------------------------------

    def _strike(self) -> Generator[Any, Any, None]:
        faults = (
            self._crash_host,
            self._crash_process,
            self._crash_process,
            self._cut,
            self._cut,
            self._delay,
        )
        count = 0
        while self.env.now < self.until:
            yield float(self.dice.exponential(0.2))
            duration = float(self.dice.uniform(0.02, 1.5))
            fault = (*faults, self._drift)[int(self.dice.integers(len(faults) + 1))]
            count += 1
            self.env.process(fault(duration, f"fault {count}"), f"fault {count}")

    def _some_host(self) -> Host:
        return self.hosts[int(self.dice.integers(len(self.hosts)))]

    def _crash_host(self, duration: float, name: str) -> Generator[Any, Any, None]:
        host = self._some_host()
        host.hold_down(name)
        yield duration
        host.let_up(name)

    def _crash_process(self, duration: float, name: str) -> Generator[Any, Any, None]:
        process = self.processes[int(self.dice.integers(len(self.processes)))]
        process.host.hold_process_down(process, name)
        yield duration
        process.host.let_process_up(process, name)

    def _cut(self, duration: float, name: str) -> Generator[Any, Any, None]:
        hosts = [self.hosts[int(place)] for place in self.dice.permutation(len(self.hosts))]
        size = int(self.dice.integers(1, len(hosts)))
        rule = self.network.partition(hosts[:size], hosts[size:], one_way=bool(self.dice.random() < 0.4))
        yield duration
        self.network.heal(rule)

    def _delay(self, duration: float, name: str) -> Generator[Any, Any, None]:
        host = self._some_host()
        others = [each for each in self.hosts if each is not host]
        law = Exponential(mean=float(self.dice.uniform(0.005, 0.2)))
        rule = AddedDelay(self.env, host, others, law, name=name)
        self.network.install(rule)
        yield duration
        self.network.heal(rule)

    def _drift(self, duration: float, name: str) -> Generator[Any, Any, None]:
        host = self._some_host()
        if host.clock_rate == 1.0:  # or two would add up to more than the bound
            host.skew_clock(name, 0.0, DRIFT_MAX if self.dice.random() < 0.5 else -DRIFT_MAX)
            yield duration
            host.set_clock(name)


def _request(key: str, chance: Any, value: int, seen: Any) -> Any:
    drawn = chance.random()
    if drawn < 0.4:
        return read(key)
    if key == "list":
        return append(key, value)
    if key == "number":
        return add(key, 1)
    if key == "register":
        return compare_and_set(key, seen, value) if drawn < 0.7 else write(key, value)
    return write(key, value)


def _changed(table: RoutingTable, chance: Any, nonce: float) -> RoutingTable:
    """Return a next table in which every key is where it was, and under the epoch that it had."""
    place = int(chance.integers(len(table.assignments)))
    here = table.assignments[place]
    if here.move is not None:
        step = here.given_up() if here.is_frozen or chance.random() < 0.3 else here.frozen()
        return table.changed(place, step, nonce=nonce)
    drawn = chance.random()
    if drawn < 0.6:
        others = [name for name in ("one", "two", "three") if name != here.shard]
        return table.changed(place, here.copying_to(others[0], table.next_epoch), nonce=nonce)
    bound = KEYS[int(chance.integers(len(KEYS)))] + "s"
    inside = table.find_token(bound) == place and bound not in table.starts
    if drawn < 0.8 and inside:
        return table.split(place, bound, nonce=nonce)
    if table.assignments[place : place + 2] == (here, here):
        return table.merged(place, nonce=nonce)
    return table.changed(place, here, nonce=nonce)
