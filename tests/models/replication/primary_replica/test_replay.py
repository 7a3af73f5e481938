"""Replay that takes work: one record after the other, on the replica's cores, and before a promotion."""

from __future__ import annotations

from dataclasses import replace

import pytest

from models import Host, Network
from models.replication import read, write
from models.replication.primary_replica import (
    Asynchronous,
    IfBehind,
    PrimaryReplicaStore,
    ReadPolicy,
    Source,
    postgres,
)
from models.replication.primary_replica.messages import Promote
from simulator import Environment

from .building import FAILOVER, HOP, SYNC, Cluster, primaries

WORK = 0.1
SETTINGS = postgres("local", replay_work=WORK)
READS = ReadPolicy(source=Source.NEAREST, own_writes=True)


def values_at_b(cluster: Cluster, times: list[float]) -> list[object]:
    """Return what b shows for "k" at each of the times."""
    found = []
    for time in times:
        cluster.env.run(time)
        found.append(cluster.store.contents()[cluster.b.name].get("k"))
    return found


def test_record_is_shown_when_the_work_is_done() -> None:
    cluster = Cluster(SETTINGS)
    cluster.ask(write("k", 1), at=2.0)
    # To the primary, its disk, to the replica, its disk, a core.
    shown = 2.0 + HOP + SYNC + HOP + SYNC + WORK
    assert values_at_b(cluster, [shown - 1e-6, shown + 1e-6]) == [None, 1]


@pytest.mark.parametrize("cores", [1, 8])
def test_records_are_replayed_one_after_the_other_however_many_cores_there_are(cores: int) -> None:
    env = Environment(seed=1)
    network = Network(env, latencies=HOP)
    hosts = [Host(env, name, cores=cores) for name in "ab"]
    store = PrimaryReplicaStore(env, network, hosts, settings=SETTINGS)
    client = store.client(Host(env, "web"))
    env.run(until=2.0)
    for number in (1, 2, 3):
        env.process(client.call(write("k", number)))
    first = 2.0 + HOP + SYNC + HOP + SYNC + WORK
    found = []
    for time in (first + 1e-6, first + WORK - 1e-6, first + WORK + 1e-6, first + 2.0 * WORK + 1e-6):
        env.run(until=time)
        found.append(store.contents()[store.nodes[1].name]["k"])
    assert found == [1, 1, 2, 3]
    assert store.lag(store.nodes[1]).record_count == 0


def test_reads_on_the_same_core_are_in_the_way() -> None:
    cluster = Cluster(replace(SETTINGS, request_work=0.3))
    reader = cluster.store.client(cluster.hosts[1], ReadPolicy(source=Source.NEAREST))
    cluster.ask(write("k", 1), at=2.0)
    there = 2.0 + HOP + 0.3 + SYNC + HOP + SYNC
    cluster.ask(read("k"), at=there - 0.01 - HOP, client=reader)
    shown = there - 0.01 + 0.3 + WORK
    assert values_at_b(cluster, [shown - 1e-3, shown + 1e-3]) == [None, 1]


def test_backlog_is_a_lag_and_own_writes_wait_for_it() -> None:
    cluster = Cluster(SETTINGS)
    client = cluster.store.client(cluster.hosts[1], replace(READS, if_behind=IfBehind.WAIT))
    for number in range(10):
        cluster.ask(write("k", number), at=2.0)
    wrote = cluster.ask(write("k", "own"), at=2.0, client=client)
    saw = cluster.ask(read("k"), at=2.1, client=client, patience=5.0)
    cluster.env.run(2.1)
    lag = cluster.store.lag(cluster.b)
    assert lag.record_count == 11
    assert lag.time == pytest.approx(2.1 - 2.0 - HOP)
    cluster.env.run(10.0)
    assert wrote[1] is None
    assert saw == [pytest.approx(2.0 + HOP + SYNC + HOP + SYNC + 11 * WORK + HOP), "own"]


def test_crash_of_the_process_ends_the_replay_and_what_is_on_disk_is_shown_after_it() -> None:
    cluster = Cluster(SETTINGS)
    for number in range(10):
        cluster.ask(write("k", number), at=2.0)
    cluster.at(2.3, cluster.b.crash)
    cluster.at(2.4, cluster.b.restart)
    cluster.env.run(2.5)
    assert cluster.store.contents()[cluster.b.name]["k"] == 9
    cluster.ask(write("k", 10), at=3.0)
    cluster.env.run(5.0)
    assert cluster.values("k") == [10, 10, 10]


def test_who_is_promoted_replays_the_rest_first() -> None:
    """Twenty records of 0.1 s each: it takes office so much later, and then shows all."""
    settings = replace(SETTINGS, commit_rule=Asynchronous(), failover=FAILOVER)
    begun = []
    for replay_work in (0.0, WORK):
        cluster = Cluster(replace(settings, replay_work=replay_work))
        for number in range(20):
            cluster.ask(write("k", number), at=2.4)
        cluster.at(2.45, cluster.hosts[0].crash)
        # The lease of 3 s is over soon after 5 s; by then all would be replayed, were b not busy.
        busy = cluster.hosts[1]
        cluster.at(2.41, busy.start, busy.work(3.0))
        while "b" not in primaries(cluster):
            cluster.env.run(cluster.env.now + 0.01)
        begun.append(cluster.env.now)
        cluster.env.run(cluster.env.now + 1.0)
        assert cluster.store.contents()[cluster.b.name]["k"] == 19
    assert begun[1] - begun[0] == pytest.approx(20 * WORK, abs=0.6)


def test_promotion_that_takes_longer_than_a_lease_comes_to_its_end() -> None:
    """Sixty records of 0.1 s, a lease of 3 s: who replays says so, and is not chosen anew meanwhile."""
    settings = replace(SETTINGS, commit_rule=Asynchronous(), failover=FAILOVER)
    cluster = Cluster(settings)
    for number in range(60):
        cluster.ask(write("k", number), at=2.4)
    cluster.at(2.45, cluster.hosts[0].crash)
    cluster.at(2.41, cluster.hosts[1].start, cluster.hosts[1].work(3.0))
    cluster.env.run(20.0)
    assert "b" in primaries(cluster)
    assert cluster.store.monitor is not None
    assert cluster.store.monitor.failover_count == 1
    assert cluster.store.contents()[cluster.b.name]["k"] == 59


def test_replay_for_a_primary_ends_with_it() -> None:
    """It could apply nothing more, and would keep a core busy."""
    cluster = Cluster(SETTINGS)
    for number in range(30):
        cluster.ask(write("k", number), at=2.0)
    cluster.env.run(2.5)
    name = f"{cluster.b.name} replay"
    assert name in [process.name for process in cluster.env.processes]
    cluster.b.step_down(None)
    cluster.env.run(2.6)
    assert name not in [process.name for process in cluster.env.processes]


def test_copy_of_a_promotion_does_not_have_the_rest_replayed_twice() -> None:
    cluster = Cluster(replace(SETTINGS, failover=FAILOVER))
    for number in range(20):
        cluster.ask(write("k", number), at=2.4)
    cluster.env.run(2.6)
    b = cluster.b
    b.step_down(None)
    for _ in range(2):
        b.deliver(Promote(2, frozenset((0, 1, 2))))
    cluster.env.run(2.65)
    assert [process.name for process in cluster.env.processes].count(f"{b.name} promotion") == 1
