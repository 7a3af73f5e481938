"""Ranges that move between shards of any kind, while they are used and hosts crash: promises are kept.

Two shards of a kind, on three hosts each where it is replicated, with servers there, and a directory; users
who write and read; a mover that takes a range from one to the other and back.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest

from models import CallFailed, Host, Network
from models.consensus import RaftStore
from models.consistency import HistoryRecorder, Verdict, check_linearizability, lost_writes
from models.network import LocalityLatencies
from models.replication import PrimaryReplicaStore, QuorumStore, SingleNodeStore, Store, read, write
from models.replication.primary_replica import (
    AnyOf,
    Asynchronous,
    CommitRule,
    ReadPolicy,
    ReplicationSettings,
    Source,
)
from models.replication.quorums import AntiEntropy, Never, QuorumSettings, ReadRepair
from models.sharding import (
    LOWEST,
    Assignment,
    RangePartitioner,
    RoutingTable,
    ShardedStore,
    ShardingSettings,
)
from models.sharding.mover import Ending, Listed, Mover, MoveRange, MoverSettings
from models.sharding.server_transfers import DeadKeys
from models.storage import GroupCommit
from simulator import Environment

from .catalogue import FAILOVER

HOP = 0.01
KEYS = tuple("abcdefgh")
SETTINGS = ShardingSettings(ttl=2.0, renewal_interval=0.5, directory_timeout=0.5)
MOVER = MoverSettings(batch_size=4, patience=0.5, copy_patience=3.0, retry_pause=0.5, review_interval=2.0)

Build = Callable[[Environment, Network, str, Sequence[Host], Host], Store]


@dataclass(frozen=True, slots=True)
class ShardKind:
    """A kind of shard: how it is built on hosts, with a monitor, and what moves of it are to show."""

    name: str
    build: Build
    host_count: int = 3
    has_marks: bool = True
    keeps_writes: bool = True
    """What was acknowledged survives the crash of any one host."""

    def __str__(self) -> str:
        return self.name


def _single(env: Environment, network: Network, name: str, hosts: Sequence[Host], _: Host) -> Store:
    return SingleNodeStore(env, network, hosts[0], name=name)


def _primary_replica(rule: CommitRule) -> Build:
    def build(env: Environment, network: Network, name: str, hosts: Sequence[Host], monitor: Host) -> Store:
        settings = ReplicationSettings(commit_rule=rule, failover=FAILOVER)
        return PrimaryReplicaStore(env, network, hosts, settings=settings, monitor_host=monitor, name=name)

    return build


def _quorums(env: Environment, network: Network, name: str, hosts: Sequence[Host], _: Host) -> Store:
    settings = QuorumSettings(
        read_level=2, write_level=2, durability=GroupCommit(), anti_entropy=AntiEntropy(interval=5.0)
    )
    return QuorumStore(env, network, hosts, settings=settings, name=name)


def _raft(env: Environment, network: Network, name: str, hosts: Sequence[Host], _: Host) -> Store:
    return RaftStore(env, network, hosts, name=name)


KINDS = (
    ShardKind("single", _single, 1),
    ShardKind("asynchronous", _primary_replica(Asynchronous()), keeps_writes=False),
    ShardKind("semi-synchronous", _primary_replica(AnyOf(1))),
    ShardKind("strict quorums", _quorums, has_marks=False),
    ShardKind("raft", _raft),
)
each_kind = pytest.mark.parametrize("kind", KINDS, ids=str)


class ShardedWorld:
    """Shards "one" and "two" of a kind; all keys but "z" are in the range that moves."""

    def __init__(self, kind: ShardKind, *, seed: int = 1, server_places: Sequence[int] | None = None) -> None:
        self.env = env = Environment(seed=seed)
        self.network = network = Network(env, latencies=LocalityLatencies.uniform(HOP))
        self.hosts = {
            shard: [Host(env, f"{shard}-{number}") for number in range(kind.host_count)]
            for shard in ("one", "two")
        }
        self.others = {name: Host(env, name) for name in ("directory", "mover", "monitor one", "monitor two")}
        shards = {
            shard: kind.build(env, network, shard, hosts, self.others[f"monitor {shard}"])
            for shard, hosts in self.hosts.items()
        }
        table = RoutingTable(RangePartitioner(), (LOWEST, "z"), (Assignment("one"), Assignment("two")))
        directory = SingleNodeStore(env, network, self.others["directory"], name="directory")
        places = range(kind.host_count) if server_places is None else server_places
        self.store = ShardedStore(
            env,
            network,
            shards=shards,
            directory=directory,
            table=table,
            servers={shard: [hosts[place] for place in places] for shard, hosts in self.hosts.items()},
            settings=SETTINGS,
        )
        self.mover = Mover(env, self.others["mover"], self.store, settings=MOVER)
        self.recorder = HistoryRecorder(env)
        self.values = count(1)
        self.end = 0.0
        env.run(until=3.0)  # so that a leader is there

    def use(self, until: float) -> None:
        """Let four users write keys of their own, and read any, until a time; each key is written first."""
        self.end = until
        for number in range(4):
            client = self.recorder.around(self.store.client(Host(self.env, f"user-{number}")))
            self.env.process(self._use(client, KEYS[number::4], self.env.stream(f"user {number}")))

    def _use(self, client: Any, own: Sequence[str], dice: Any) -> Generator[Any, Any, None]:
        for turn in count():
            if self.env.now >= self.end:
                return
            is_write = turn < len(own) or dice.random() < 0.5
            key = own[turn % len(own)] if is_write else KEYS[int(dice.integers(len(KEYS)))]
            with suppress(CallFailed), self.env.move_on_after(2.0):
                yield from client.call(write(key, next(self.values)) if is_write else read(key))
            yield float(dice.exponential(0.05))

    def move(self, shard: str, at: float) -> None:
        """Let the mover have that goal from a time on."""
        goal = Listed(MoveRange(LOWEST, shard))
        self.env.call_later(at - self.env.now, self.mover.pursue, goal)

    def strike(self, host: Host, at: float, outage: float = 3.0) -> None:
        """Crash a host at a time, and start it again."""
        self.env.call_later(at - self.env.now, host.crash)
        self.env.call_later(at + outage - self.env.now, host.restart)

    def read_all(self) -> dict[str, Any]:
        """Read all keys, as one more user, as often as it takes."""
        held: dict[str, Any] = {}
        client = self.recorder.around(self.store.client(Host(self.env, "reader")))

        def reading() -> Generator[Any, Any, None]:
            for key in KEYS:
                while key not in held:
                    with suppress(CallFailed), self.env.move_on_after(2.0):
                        held[key] = (yield from client.call(read(key))).value

        self.env.run(until=self.env.process(reading()))
        return held

    def dead_count(self) -> int:
        """Return how many values nodes hold that no table names."""
        table = self.store.table
        return sum(
            value is not None and key in DeadKeys(table, shard, LOWEST, None)
            for shard, store in self.store.shards.items()
            for values in store.contents().values()
            for key, value in values.items()
        )


def check(world: ShardedWorld, kind: ShardKind, shard: str) -> None:
    """Check what must hold when all is over, and the range is at `shard`."""
    held = world.read_all()
    history = world.recorder.history()
    assert world.store.table.find("a")[1] == Assignment(shard, world.mover.records[-1].epoch)
    assert world.mover.is_settled
    assert world.mover.records[-1].ending is Ending.MOVED
    assert world.dead_count() == 0
    if kind.keeps_writes:
        assert lost_writes(history, held) == ()
    if world.store.is_linearizable:
        assert check_linearizability(history).verdict is Verdict.LINEARIZABLE
    assert world.store.is_linearizable is (kind.keeps_writes and kind.has_marks)


@pytest.mark.slow
@each_kind
def test_range_moves_to_and_fro_while_it_is_used(kind: ShardKind) -> None:
    world = ShardedWorld(kind)
    world.use(until=9.0)
    world.move("two", 4.0)
    world.move("one", 6.5)
    world.env.run(until=20.0)
    assert [record.ending for record in world.mover.records] == [Ending.MOVED] * 2
    check(world, kind, "one")


def _raft_twice(env: Environment, network: Network, name: str, hosts: Sequence[Host], _: Host) -> Store:
    return RaftStore(env, network, hosts, name=name, transport="datagram")


def _replicas_twice(
    env: Environment, network: Network, name: str, hosts: Sequence[Host], monitor: Host
) -> Store:
    settings = ReplicationSettings(commit_rule=AnyOf(1), failover=FAILOVER)
    return PrimaryReplicaStore(
        env, network, hosts, settings=settings, monitor_host=monitor, name=name, transport="datagram"
    )


@pytest.mark.slow
@pytest.mark.parametrize("build", [_raft_twice, _replicas_twice])
def test_datagrams_that_come_twice_or_never_do_no_harm(build: Build) -> None:
    kind = ShardKind(build.__name__, build)
    world = ShardedWorld(kind)
    for hosts in world.hosts.values():
        world.network.override(hosts, hosts, duplicate_probability=0.3, loss_probability=0.02)
    world.use(until=9.0)
    world.move("two", 4.0)
    world.move("one", 6.5)
    world.env.run(until=30.0)
    assert {record.target for record in world.mover.records} == {"one", "two"}
    check(world, kind, "one")


@pytest.mark.slow
@each_kind
def test_freeze_is_as_short_as_marks_allow(kind: ShardKind) -> None:
    """With marks only what has changed is copied while it is frozen; without, all is looked at once more."""
    world = ShardedWorld(kind)
    world.use(until=8.0)
    world.move("two", 5.0)
    world.env.run(until=15.0)
    record = world.mover.records[-1]
    assert record.first_count == len(KEYS)
    assert record.frozen_count < len(KEYS)
    # Hear, export, import what has changed, change the table: no part of it waits for a lease.
    assert record.freeze_time < 0.4 < SETTINGS.ttl


@pytest.mark.slow
@each_kind
@pytest.mark.parametrize("shard", ["one", "two"])
@pytest.mark.parametrize("place", [0, 1])
def test_host_that_crashes_in_the_middle_of_a_move_takes_nothing(
    kind: ShardKind, shard: str, place: int
) -> None:
    if place >= kind.host_count:
        pytest.skip("it has no such host")
    world = ShardedWorld(kind)
    world.use(until=16.0)
    world.move("two", 5.0)
    world.strike(world.hosts[shard][place], 5.15)
    world.env.run(until=40.0)
    check(world, kind, "two")


def behind(env: Environment, network: Network, name: str, hosts: Sequence[Host], monitor: Host) -> Store:
    """Return a store that is read at the nearest member, and whose replicas are slow to replay."""
    settings = ReplicationSettings(commit_rule=AnyOf(1), failover=FAILOVER, replay_work=0.1)
    reads = ReadPolicy(source=Source.NEAREST)
    return PrimaryReplicaStore(
        env, network, hosts, settings=settings, monitor_host=monitor, reads=reads, name=name
    )


def read_anywhere(env: Environment, network: Network, name: str, hosts: Sequence[Host], _: Host) -> Store:
    """Return a store that writes to two of three and reads from one; the second hears late of the third."""
    network.override(hosts[2], hosts[1], latency=0.5, one_way=True)
    settings = QuorumSettings(
        read_level=1,
        write_level=2,
        durability=GroupCommit(),
        read_repair=ReadRepair.NONE,
        speculation=Never(),
        hints=None,
    )
    return QuorumStore(env, network, hosts, settings=settings, name=name)


@pytest.mark.parametrize("build", [behind, read_anywhere])
def test_copy_is_not_behind_where_reads_are(build: Build) -> None:
    """The mover asks the server on the second host, where reads are behind."""
    world = ShardedWorld(ShardKind(build.__name__, build), server_places=[1, 2])
    world.use(until=5.3)  # so that nobody writes again what is lost
    world.move("two", 5.0)
    world.env.run(until=20.0)
    held = world.read_all()
    assert world.mover.records[-1].ending is Ending.MOVED
    assert lost_writes(world.recorder.history(), held) == ()


@pytest.mark.slow
@each_kind
@pytest.mark.parametrize("seed", range(1, 5))
def test_what_is_promised_holds_whatever_crashes_when(kind: ShardKind, seed: int) -> None:
    """Of each shard, one host at a time; the mover and the directory now and then."""
    world = ShardedWorld(kind, seed=seed)
    world.use(until=36.0)
    dice = world.env.stream("crashes")
    targets = ["two", "one", "two", "one", "two"]
    for number, shard in enumerate(targets):
        start = 4.0 + 6.0 * number
        world.move(shard, start)
        victims = [*world.hosts["one"], *world.hosts["two"], world.others["mover"], world.others["directory"]]
        victim = victims[int(dice.integers(len(victims)))]
        world.strike(victim, start + float(dice.uniform(0.0, 1.0)), float(dice.uniform(0.5, 3.0)))
    world.env.run(until=80.0)
    check(world, kind, "two")
