"""A primary that hands over in good order, and one who lags too far to take over."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from models import CallFailed, Host, Unavailable
from models.consistency.linearizability import Verdict, check_linearizability
from models.replication import read, write
from models.replication.primary_replica import (
    AllOf,
    AnyOf,
    Asynchronous,
    CommitRule,
    PrimaryReplicaStore,
    ReplicationSettings,
    kafka,
)
from models.storage import GroupCommit

from .building import FAILOVER, Cluster, cluster_of, primaries


def switch_over(cluster: Cluster, name: str, at: float) -> list[Any]:
    """Let an operator ask for it; return a list that will hold how that ends: "told", or a failure."""
    ends: list[Any] = []
    desk = Host(cluster.env, f"desk at {at}")

    def call() -> Any:
        try:
            yield from cluster.store.switch_over(desk, getattr(cluster, name))
            ends.append("told")
        except CallFailed as failure:
            ends.append(type(failure))

    cluster.at(at, lambda: cluster.env.process(call()))
    return ends


@pytest.mark.slow
@pytest.mark.parametrize("rule", [Asynchronous(), AnyOf(1), AllOf()], ids=repr)
def test_heir_is_primary_after_one_choice_and_nothing_is_lost(rule: CommitRule) -> None:
    cluster = cluster_of(rule)
    wrote = [cluster.ask(write("k", number), at=2.0 + 0.01 * number, patience=5.0) for number in range(300)]
    asked = switch_over(cluster, "c", at=3.0)
    cluster.ask(read("k"), at=5.5)
    again = cluster.ask(write("k", "again"), at=6.0)
    cluster.env.run(20.0)
    assert asked == ["told"]
    assert primaries(cluster) == ["c"]
    assert again[1] is None
    acknowledged = [ended for ended, end in wrote if end is None]
    assert len(acknowledged) > 150
    # A wait for reports, some messages and disks, and users who find out by asking: not a lease of 3 s.
    gaps = [
        later - earlier
        for earlier, later in zip(sorted(acknowledged), sorted(acknowledged)[1:], strict=False)
    ]
    assert 0.5 < max(gaps) < 1.0
    statistics = cluster.store.statistics()
    assert (statistics.lost_count, statistics.failover_count) == (0, 1)
    assert set(cluster.values("k")) == {"again"}


def test_heir_that_is_far_behind_is_waited_for_and_those_who_write_meanwhile_are_refused() -> None:
    cluster = cluster_of(Asynchronous())
    cluster.network.override(cluster.hosts[0], cluster.hosts[1], latency=None, bandwidth=None)
    cluster.cut(cluster.hosts[0], cluster.hosts[1], at=1.5, until=2.9)
    cluster.ask(write("k", 1), at=2.0)
    switch_over(cluster, "b", at=2.95)
    refused = cluster.ask(write("k", 2), at=3.0)
    cluster.env.run(20.0)
    assert refused[1] is Unavailable
    assert cluster.store.statistics().lost_count == 0
    assert set(cluster.values("k")) == {1}


def test_heir_that_does_not_come_so_far_is_none_and_the_primary_goes_on() -> None:
    cluster = cluster_of(Asynchronous())
    cluster.at(1.0, cluster.hosts[1].crash)
    cluster.ask(write("k", 1), at=2.0)
    asked = switch_over(cluster, "b", at=3.0)
    refused = cluster.ask(write("k", 2), at=3.5)
    wrote = cluster.ask(write("k", 3), at=4.2)  # a renewal interval of 1 s later
    cluster.env.run(20.0)
    assert asked == ["told"]
    assert refused[1] is Unavailable
    assert wrote[1] is None
    assert primaries(cluster) == ["a"]
    assert cluster.store.statistics().failover_count == 0


@pytest.mark.parametrize(("source", "target"), [("monitor", "a"), ("a", "monitor")])
def test_either_message_of_a_switchover_may_be_lost(source: str, target: str) -> None:
    """The one that asks: nothing happens. The one that resigns: the lease runs out."""
    cluster = cluster_of(AnyOf(1))
    hosts = {"monitor": cluster.monitor_host, "a": cluster.hosts[0]}
    cluster.cut(hosts[source], hosts[target], at=2.99, until=3.5)
    switch_over(cluster, "c", at=3.0)
    cluster.env.run(20.0)
    assert primaries(cluster) == [{"monitor": "a", "a": "c"}[source]]


def test_who_is_primary_already_or_is_no_member_cannot_take_over() -> None:
    cluster = cluster_of(AnyOf(1))
    asked = switch_over(cluster, "a", at=1.0)
    cluster.env.run(5.0)
    assert asked == [Unavailable]
    settings = ReplicationSettings(commit_rule=Asynchronous())
    alone = PrimaryReplicaStore(cluster.env, cluster.network, [Host(cluster.env, "x")], settings=settings)
    with pytest.raises(ValueError, match="failover must be given for a switchover"):
        alone.switch_over(cluster.client_host, alone.nodes[0])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_history_of_switchovers_on_a_lossy_network_is_linearizable(seed: int) -> None:
    cluster = cluster_of(AnyOf(1), seed=seed)
    servers = [*cluster.hosts, cluster.monitor_host]
    cluster.network.override(servers, servers, loss_probability=0.1)
    clients = [cluster.recorder.around(cluster.store.client(Host(cluster.env, f"web {n}"))) for n in range(3)]
    for number in range(400):
        request = write("k", number) if number % 2 else read("k")
        cluster.ask(request, at=1.0 + 0.05 * number, client=clients[number % 3], patience=0.7)
    for number in range(12):
        switch_over(cluster, "abc"[(number + 1) % 3], at=2.0 + 1.5 * number)
    cluster.env.run(40.0)
    assert cluster.store.is_linearizable
    statistics = cluster.store.statistics()
    assert statistics.failover_count >= 5
    assert statistics.lost_count == statistics.split_brain_count == 0
    assert check_linearizability(cluster.recorder.history(), "register").verdict is Verdict.LINEARIZABLE


@pytest.mark.parametrize(("lag_max", "chosen"), [(float("inf"), ["a", "b"]), (9, ["a", "b"]), (2, ["a"])])
def test_member_that_lags_too_far_is_not_promoted(lag_max: float, chosen: list[str]) -> None:
    """The primary has four records more than its replicas when it says so, and crashes."""
    cluster = cluster_of(Asynchronous(), failover=replace(FAILOVER, lag_max=lag_max))
    cluster.isolate(cluster.hosts[:1], cluster.hosts[1:], at=2.1, until=60.0)
    for number in range(4):
        cluster.ask(write("k", number), at=2.2)
    cluster.at(3.5, cluster.hosts[0].crash)  # after a renewal at 3 s
    cluster.env.run(15.0)
    assert primaries(cluster) == chosen


def test_member_that_lags_too_far_waits_for_who_does_not() -> None:
    cluster = cluster_of(Asynchronous(), failover=replace(FAILOVER, lag_max=0))
    cluster.isolate(cluster.hosts[:1], cluster.hosts[1:], at=2.1, until=3.5)
    wrote = cluster.ask(write("k", 1), at=2.2)
    cluster.at(3.4, cluster.hosts[0].crash)
    cluster.at(20.0, cluster.hosts[0].restart)
    cluster.env.run(30.0)
    assert wrote[1] is None
    assert primaries(cluster) == ["a"]
    assert cluster.store.statistics().lost_count == 0
    assert set(cluster.values("k")) == {1}


@pytest.mark.parametrize("restart_first", [False, True])
def test_primary_without_failover_whose_disk_is_destroyed_is_none_any_more(restart_first: bool) -> None:
    cluster = Cluster(ReplicationSettings(commit_rule=AnyOf(2), durability=GroupCommit()))
    cluster.ask(write("k", 1), at=1.0)
    if restart_first:
        cluster.at(2.0, cluster.a.crash)
        cluster.at(2.5, cluster.a.restart)
    cluster.at(4.0, cluster.a.stored.disk.destroy)
    cluster.at(5.0, cluster.hosts[0].restart)
    cluster.at(7.0, cluster.hosts[0].crash)
    cluster.at(8.0, cluster.hosts[0].restart)
    wrote, saw = cluster.ask(write("k", 2), at=10.0), cluster.ask(read("k"), at=11.0)
    cluster.env.run(20.0)
    assert (wrote[1], saw[1]) == (Unavailable, Unavailable)
    assert cluster.values("k") == [None, 1, 1]  # what there is, is there


def test_heir_of_a_switchover_that_came_to_nothing_is_none_any_more_after_a_while() -> None:
    cluster = cluster_of(Asynchronous())
    cluster.at(1.0, cluster.hosts[2].crash)
    cluster.ask(write("k", 1), at=2.0)
    switch_over(cluster, "c", at=3.0)
    cluster.at(6.0, cluster.hosts[2].restart)
    cluster.at(30.0, cluster.hosts[0].crash)
    cluster.env.run(40.0)
    assert cluster.store.primary is cluster.b  # both have all, and it is the earlier one


def test_heir_is_a_member() -> None:
    cluster, other = cluster_of(AnyOf(1)), cluster_of(AnyOf(1))
    with pytest.raises(ValueError, match=r"heir must be a member of replicated, got .*replicated-2"):
        cluster.store.switch_over(cluster.client_host, other.b)


def test_primary_resigns_when_all_is_committed_so_that_nobody_is_left_in_doubt() -> None:
    """The heir has all, and the other replica, which counts too, is cut off for a while."""
    settings = ReplicationSettings(commit_rule=AnyOf(2), failover=FAILOVER, heartbeat_interval=0.1)
    cluster = Cluster(settings)
    cluster.cut(cluster.hosts[0], cluster.hosts[2], at=2.0, until=3.5)
    wrote = cluster.ask(write("k", 1), at=2.5, patience=5.0)
    switch_over(cluster, "b", at=3.0)
    cluster.env.run(10.0)
    assert wrote[1] is None
    assert 3.5 < wrote[0] < 4.0
    assert primaries(cluster) == ["b"]


def test_primary_resigns_when_the_heir_has_all_on_its_disk() -> None:
    settings = ReplicationSettings(commit_rule=Asynchronous(), failover=FAILOVER, heartbeat_interval=0.1)
    cluster = Cluster(settings)
    cluster.env.run(1.0)
    cluster.b.stored.disk._sync_time = iter(lambda: 0.6, 1.0).__next__
    cluster.ask(write("k", 1), at=2.9)
    switch_over(cluster, "b", at=3.0)
    cluster.env.run(3.5)
    assert primaries(cluster) == ["a"]
    cluster.env.run(3.6)
    assert primaries(cluster) == []


def test_leader_that_syncs_nothing_hands_over_too() -> None:
    """Kafka leaves that to the operating system: what the heir has written will do."""
    cluster = Cluster(kafka(failover=FAILOVER))
    wrote = cluster.ask(write("k", 1), at=2.5)
    switch_over(cluster, "c", at=3.0)
    cluster.env.run(10.0)
    assert wrote[1] is None
    assert primaries(cluster) == ["c"]
    assert cluster.values("k") == [1, 1, 1]


def test_switchover_while_another_is_under_way_changes_nothing() -> None:
    cluster = cluster_of(Asynchronous())
    cluster.at(1.0, cluster.hosts[2].crash)
    cluster.ask(write("k", 1), at=2.0)
    switch_over(cluster, "c", at=3.0)
    switch_over(cluster, "b", at=3.1)
    cluster.env.run(10.0)
    assert primaries(cluster) == ["a"]
