"""Settings that cannot be are refused in one line, and each that can be acts."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from models import Host, Network
from models.consensus import (
    KeyValueMachine,
    RaftClientSettings,
    RaftCluster,
    RaftFlaws,
    RaftSettings,
    RaftStore,
    Reads,
)
from models.replication import write
from models.storage import Disk, PeriodicSync, SyncEachWrite
from simulator import Environment

from ..world import ONE_WAY, World

FLAWS = (
    "reads_unchecked",
    "commits_older_terms",
    "votes_not_durable",
    "acknowledges_alone",
    "ignores_sessions",
)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda: RaftSettings(election_timeout_min=0.0),
            "election_timeout_min must be finite and > 0 s, got 0.0",
        ),
        (
            lambda: RaftSettings(election_timeout_min=0.4),
            "election_timeout_max must be >= election_timeout_min (0.4), got 0.3",
        ),
        (
            lambda: RaftSettings(heartbeat_interval=0.15),
            "heartbeat_interval must be < election_timeout_min (0.15), got 0.15",
        ),
        (
            lambda: RaftSettings(reads=Reads.LEASE, check_quorum=False),
            "check_quorum must be on where reads are answered under a lease, got False",
        ),
        (lambda: RaftSettings(clock_drift_bound=0.9), "clock_drift_bound must be finite and >= 1, got 0.9"),
        (lambda: RaftSettings(batch_max=0), "batch_max must be a whole number >= 1, got 0"),
        (lambda: RaftSettings(snapshot_after=0), "snapshot_after must be a whole number >= 1, got 0"),
        (lambda: RaftSettings(entries_kept=-1), "entries_kept must be a whole number >= 0, got -1"),
        (lambda: RaftClientSettings(patience=0.0), "patience must be > 0 s, got 0.0"),
        (lambda: RaftClientSettings(retry_pause=0.0), "retry_pause must be finite and > 0 s, got 0.0"),
        (lambda: RaftFlaws(lease_factor=0.0), "lease_factor must be finite and > 0, got 0.0"),
        (lambda: store(hosts=[]), "hosts must be at least one, and each only once, got []"),
    ],
)
def test_values_that_cannot_be_are_refused(make: Callable[[], object], words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        make()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: RaftSettings(reads="lease"), "reads must be a Reads, got 'lease'"),  # type: ignore[arg-type]
        (
            lambda: RaftSettings(durability=PeriodicSync()),  # type: ignore[arg-type]
            "durability must be SyncEachWrite or GroupCommit, got PeriodicSync",
        ),
        (lambda: store(settings="fast"), "settings must be a RaftSettings, got 'fast'"),
        (lambda: store(hosts=["a"]), "each of hosts must be a Host, got 'a'"),
        (lambda: store(make_disk=lambda _: "a disk"), "disk must be a Disk, got 'a disk'"),
        (lambda: store().client("web"), "host must be a Host, got 'web'"),  # type: ignore[arg-type]
        (lambda: cluster(make_machine=dict), "what make_machine() makes must be a StateMachine, got {}"),
        (lambda: cluster(name=3), "name must be a name, got 3"),
        *((lambda name=name: RaftFlaws(**{name: 1}), f"{name} must be a bool, got 1") for name in FLAWS),
    ],
)
def test_kinds_that_cannot_be_are_refused(make: Callable[[], object], words: str) -> None:
    with pytest.raises(TypeError, match=re.escape(words)):
        make()


def cluster(make_machine: Any = KeyValueMachine, name: Any = "raft") -> RaftCluster:
    """Return a cluster in a world of its own."""
    env = Environment(seed=1)
    return RaftCluster(env, Network(env, latencies=0.001), [Host(env, "a")], make_machine, name=name)


def store(hosts: Any = None, **settings: Any) -> RaftStore:
    """Return a store in a world of its own."""
    env = Environment(seed=1)
    return RaftStore(
        env, Network(env, latencies=0.001), [Host(env, "a")] if hosts is None else hosts, **settings
    )


def test_disk_of_another_host_is_refused() -> None:
    elsewhere = Host(Environment(seed=1), "b")
    with pytest.raises(ValueError, match="disk of 'raft-1' must be one of a, got one of b"):
        store(make_disk=lambda _: Disk(elsewhere))


def test_host_twice_is_refused() -> None:
    env = Environment(seed=1)
    host = Host(env, "a")
    with pytest.raises(ValueError, match="each only once"):
        RaftStore(env, Network(env), [host, host])


def test_work_and_disks_cost_what_they_are_set_to() -> None:
    world = World(settings=RaftSettings(command_work=0.003, durability=SyncEachWrite()), message_work=0.0002)
    world.elect(world.nodes[0])
    world.run(0.02)
    asked = world.ask(world.client(), write("x", 1))
    world.run(1.0)
    # There and back twice, a sync, the command; a message at the follower, and one or two at the leader.
    fixed = 4 * ONE_WAY + 0.0005 + 0.003 + 2 * 0.0002
    assert fixed - 1e-9 <= asked.duration <= fixed + 0.0002 + 1e-9


def test_leader_s_disk_is_synced_for_each_entry_or_for_all_that_have_come_meanwhile() -> None:
    counts = []
    for durability in (SyncEachWrite(), RaftSettings().durability):
        world = World(settings=RaftSettings(durability=durability), sync_time=0.005)
        leader = world.elect(world.nodes[0])
        for number in range(20):
            world.ask(world.client(), write(number, number))
        world.run(2.0)
        counts.append(leader.durable._disk.statistics().sync_count)
    assert counts[0] == 20 + 2  # and those of the ballot and of the entry that begins the term
    assert counts[1] < 5


def test_same_seed_gives_the_same_trace() -> None:
    digests = []
    for _ in range(2):
        world = World(5, trace=True, seed=5)
        client = world.client()
        for number in range(20):
            world.ask(client, write("x", number), 0.05 * number)
        world.env.call_later(0.6, world.hosts[0].crash)
        world.env.call_later(0.9, world.hosts[0].restart)
        world.run(2.0)
        digests.append(world.env.trace_digest())
    assert digests[0] == digests[1]
