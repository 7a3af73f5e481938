"""What keeps two primaries from acknowledging and answering at once; and each planted flaw, caught."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from models import Host, Unavailable
from models.replication import compare_and_set, read, write
from models.replication.primary_replica import (
    AllOf,
    AnyOf,
    Asynchronous,
    Fencing,
    Progress,
    ReadPolicy,
    ReplicationSettings,
    Told,
    Visibility,
    postgres,
)
from models.replication.primary_replica.messages import Ask, Promote, Renew
from models.storage import PeriodicSync
from simulator import TimedOut

from .building import FAILOVER, Cluster, cluster_of, primaries, split


@pytest.mark.parametrize(
    ("fencing", "flaws", "acknowledged_late", "is_split"),
    [
        (Fencing.LEASE, "", False, False),
        (Fencing.EPOCH, "", True, True),
        (Fencing.LEASE, "no_fencing", True, True),
    ],
)
def test_split_brain_is_what_fencing_by_a_lease_prevents(
    fencing: Fencing, flaws: str, acknowledged_late: bool, is_split: bool
) -> None:
    cluster = cluster_of(Asynchronous(), failover=replace(FAILOVER, fencing=fencing), flaws=flaws)
    old, new, _ = split(cluster)
    early = cluster.ask(write("k", "early"), at=3.0, client=old)  # within the lease: told, and lost
    late = cluster.ask(write("k", "late"), at=10.0, client=old)
    other = cluster.ask(write("k", "other"), at=10.0, client=new, patience=5.0)
    cluster.env.run(19)
    statistics = cluster.store.statistics()
    assert (early[1], other[1]) == (None, None)
    assert (late[1] is None) == acknowledged_late
    assert statistics.split_brain_count == int(is_split)
    assert statistics.lost_count == 1 + int(is_split)
    cluster.env.run(40)
    healed = cluster.values("k")
    if flaws:
        assert (healed, primaries(cluster)) == (["late", "other", "other"], ["a", "b"])  # for good
    else:
        assert (healed, primaries(cluster)) == (["other"] * 3, ["b"])


@pytest.mark.parametrize("flaws", ["", "no_fencing", "reads_without_lease"])
def test_primary_without_a_lease_that_answers_reads_answers_old_ones(flaws: str) -> None:
    cluster = cluster_of(AnyOf(1), flaws=flaws)
    cluster.ask(write("k", "old"), at=1.5)
    _, new, reader = split(cluster)
    wrote = cluster.ask(write("k", "new"), at=8.0, client=new, patience=5.0)
    saw = cluster.ask(read("k"), at=15.0, client=reader)
    cluster.env.run(19)
    assert wrote[1] is None
    assert saw[1] == ("old" if flaws else Unavailable)


def test_new_primary_answers_nobody_before_its_lease_is_confirmed() -> None:
    cluster = cluster_of(AnyOf(1))
    cluster.at(2.5, cluster.hosts[0].crash)
    cluster.cut(cluster.hosts[1], cluster.monitor_host, at=5.52)  # promoted just now: it asks in vain
    cluster.ask(read("k"), at=5.8, patience=0.5)  # finds out that a does not answer
    saw, wrote = cluster.ask(read("k"), at=6.5), cluster.ask(write("k", 1), at=6.6)
    cluster.env.run(7)
    assert primaries(cluster) == ["a", "b"]
    assert (saw[1], wrote[1]) == (Unavailable, Unavailable)
    cluster.env.run(9)
    assert primaries(cluster) == ["a"]  # it has given up, after as long as a lease lasts


@pytest.mark.parametrize("flaws", ["", "lease_by_arrival"])
def test_lease_is_counted_from_when_it_was_asked_for(flaws: str) -> None:
    """The monitor's answers take 1.5 s: counted from then, the lease outlives the monitor's by that."""
    cluster = cluster_of(AnyOf(1), flaws=flaws)
    cluster.network.override(cluster.monitor_host, cluster.hosts[0], latency=1.5, one_way=True)
    split(cluster)
    serving: set[tuple[str, ...]] = set()
    while cluster.env.now < 10.0:
        cluster.env.step()
        members = zip("abc", cluster.store.nodes, strict=True)
        serving.add(tuple(name for name, node in members if node.primary and node.primary.may_serve()))
    assert {("a",), ("b",)} < serving
    assert (("a", "b") in serving) == bool(flaws)


@pytest.mark.parametrize("flaws", ["", "no_epoch_check"])
def test_replica_obeys_no_primary_of_an_older_epoch(flaws: str) -> None:
    """The old primary is cut from the monitor and from b, and still has c, who has promised another epoch."""
    cluster = cluster_of(
        AnyOf(1), failover=replace(FAILOVER, fencing=Fencing.EPOCH), flaws=flaws, heartbeat_interval=0.2
    )
    a, b = cluster.hosts[:2]
    cluster.isolate([a], [b, cluster.monitor_host], at=2.5, until=30.0)
    old = cluster.store.client(Host(cluster.env, "old"))
    new = cluster.store.client(Host(cluster.env, "new"))
    for number in range(20):
        cluster.ask(write("k", f"old {number}"), at=10.0 + 0.1 * number, client=old, patience=0.3)
    cluster.ask(read("k"), at=9.0, client=new, patience=0.5)
    for number in range(20):
        cluster.ask(write("k", f"new {number}"), at=12.05 + 0.1 * number, client=new)
    cluster.env.run(29)
    lost = cluster.store.statistics().lost_count
    assert (lost > 0) == bool(flaws)


@pytest.mark.parametrize("flaws", ["", "acknowledges_before_standby"])
def test_write_that_no_standby_has_is_not_acknowledged(flaws: str) -> None:
    cluster = cluster_of(AnyOf(1), flaws=flaws)
    a = cluster.hosts[0]
    for host in cluster.hosts[1:]:
        cluster.cut(a, host, at=1.0)
    end = cluster.ask(write("k", 1), at=1.5)
    cluster.at(3.0, a.crash)
    cluster.env.run(10)
    assert end[1] == (None if flaws else "silence")
    assert cluster.store.statistics().lost_count == int(bool(flaws))


@pytest.mark.parametrize("flaws", ["", "standby_acknowledges_unflushed"])
def test_standby_says_flushed_when_it_has_flushed(flaws: str) -> None:
    """The power goes while its disk is at work, and comes back everywhere but at the old primary."""
    cluster = cluster_of(AnyOf(1), flaws=flaws)
    for node in cluster.store.nodes[1:]:
        node.stored.disk._sync_time = iter(lambda: 0.2, 1.0).__next__
    end = cluster.ask(write("k", 1), at=1.5)
    for host in cluster.hosts:
        cluster.at(1.6, host.crash)
    for host in cluster.hosts[1:]:
        cluster.at(3.0, host.restart)
    cluster.env.run(20)
    assert end[1] == (None if flaws else "silence")
    assert cluster.store.statistics().lost_count == int(bool(flaws))


@pytest.mark.parametrize("flaws", ["", "commits_older_epochs"])
def test_records_of_older_epochs_are_committed_with_one_of_the_present_only(flaws: str) -> None:
    """Figure 8 of the Raft paper: a has x of epoch 1, b y of epoch 2; then a is primary of epoch 3, with c.

    If x counts as committed since c has it too, b may still be chosen in epoch 4, for y is of a later epoch.
    """
    cluster = cluster_of(AnyOf(1), flaws=flaws)
    a, b, c = cluster.hosts
    # With the flaw there are no first records: y stands for that of epoch 2.
    for host in (b, c):
        cluster.cut(a, host, at=1.0, until=3.0)
    cluster.ask(write("k", "x"), at=1.5)
    cluster.at(2.0, a.crash)
    cluster.cut(b, c, at=2.0, until=12.0)
    cluster.ask(write("k", "y"), at=8.0, patience=3.0)
    cluster.at(12.0, b.crash)
    cluster.at(12.0, a.restart)
    saw = cluster.ask(read("k"), at=20.0, patience=5.0)
    cluster.at(26.0, a.crash)
    cluster.at(26.0, b.restart)
    cluster.ask(read("k"), at=38.0, patience=0.5)  # finds out that a does not answer
    finally_saw = cluster.ask(read("k"), at=40.0, patience=5.0)
    cluster.env.run(26.0)
    assert cluster.store.primary is cluster.a
    cluster.env.run(60)
    assert saw[1] == "x"
    assert finally_saw[1] == ("y" if flaws else "x")


def test_flaws_take_the_claim_away() -> None:
    assert cluster_of(AnyOf(1)).store.is_linearizable
    assert not cluster_of(AnyOf(1), flaws="no_fencing").store.is_linearizable
    assert not cluster_of(Asynchronous()).store.is_linearizable
    assert cluster_of(AllOf()).store.is_linearizable


@pytest.mark.parametrize(
    "others",
    [
        {"progress": Progress.WRITTEN},
        {"durability": PeriodicSync()},
        {"told": Told.APPENDED},
        {"visibility": Visibility.RECEIVED},
        {"failover": replace(FAILOVER, unclean_election=True)},
        {"failover": replace(FAILOVER, fencing=Fencing.EPOCH)},
    ],
    ids=lambda others: next(iter(others)),
)
def test_each_setting_that_may_lose_or_show_what_is_old_takes_the_claim_away(others: dict[str, Any]) -> None:
    settings = ReplicationSettings(commit_rule=AnyOf(1), failover=FAILOVER)
    assert settings.is_linearizable
    assert not replace(settings, **others).is_linearizable


def test_promotion_is_good_only_for_the_life_in_which_the_member_has_reported() -> None:
    """What it has reported it may have lost with its host: here it starts again before it is promoted."""
    cluster = cluster_of(Asynchronous())
    cluster.at(2.5, cluster.hosts[0].crash)
    cluster.at(5.2, cluster.hosts[1].crash)  # asked at 5.01 s, chosen half a second later
    cluster.at(5.3, cluster.hosts[1].restart)
    cluster.env.run(5.7)
    monitor = cluster.store.monitor
    assert monitor is not None
    assert monitor.book.holder == 1
    assert primaries(cluster) == ["a"]
    cluster.env.run(10)  # chosen again, when what would have been its lease is over
    assert primaries(cluster) == ["a", "b"]
    assert cluster.b.epoch == 3


def test_promise_outlives_a_crash() -> None:
    """One that has promised epoch 2 starts again; the old primary, cut from the others, asks for epoch 1."""
    cluster = cluster_of(AnyOf(1), failover=replace(FAILOVER, fencing=Fencing.EPOCH))
    a, b, c = cluster.hosts
    cluster.cut(a, b, at=1.0, until=6.0)
    cluster.ask(write("k", 1), at=1.5)  # so that c is chosen, which has it
    cluster.isolate([a], [c, cluster.monitor_host], at=2.5, until=30.0)
    cluster.at(5.2, b.crash)  # after its report
    cluster.at(5.4, b.restart)
    cluster.isolate([b], [c, cluster.monitor_host], at=5.3, until=30.0)
    told = cluster.ask(write("k", 2), at=7.0, patience=5.0)
    cluster.env.run(20)
    assert cluster.store.primary is cluster.c
    assert told[1] in (TimedOut, Unavailable)
    assert cluster.store.statistics().lost_count == 0


def test_old_primary_that_has_more_records_has_not_come_as_far_as_a_later_epoch() -> None:
    """A session that wrote in epoch 2 must not take the many lost records of epoch 1 for its own."""
    cluster = Cluster(postgres("local", failover=FAILOVER))
    split(cluster)
    inside = cluster.store.client(cluster.hosts[0])
    for number in range(10):
        cluster.ask(write("k", number), at=3.0 + 0.1 * number, client=inside)
    cluster.ask(write("k", "new"), at=10.0, patience=5.0)
    cluster.env.run(19)
    mark = (cluster.b.stored.table.epoch, cluster.b.stored.table.position)
    assert mark == (2, 3)
    assert cluster.a.stored.table.position > mark[1]
    assert not cluster.a.has_applied(mark)
    assert cluster.c.has_applied(mark)


def test_promotion_is_good_once() -> None:
    """A copy of it that comes late, when the primary has stopped by itself, makes nobody primary again."""
    cluster = cluster_of(AnyOf(1), transport="datagram")
    cluster.at(2.5, cluster.hosts[0].crash)
    cluster.env.run(8.0)
    assert cluster.b.primary is not None
    cluster.b.step_down(None)
    cluster.b.deliver(Promote(2, frozenset((0, 1, 2))))
    cluster.b.deliver(Ask(2, 0))
    cluster.env.run(8.1)
    cluster.b.deliver(Promote(2, frozenset((0, 1, 2))))
    assert cluster.b.primary is None


def test_epoch_that_a_member_has_records_of_outlives_a_crash_though_it_never_promised_it() -> None:
    cluster = cluster_of(Asynchronous())
    cluster.isolate([cluster.hosts[2]], [cluster.monitor_host], at=2.0, until=30.0)
    cluster.at(2.5, cluster.hosts[0].crash)
    cluster.at(10.0, cluster.hosts[2].crash)
    cluster.at(10.1, cluster.hosts[2].restart)
    cluster.cut(cluster.hosts[1], cluster.hosts[2], at=9.9)
    cluster.env.run(15.0)
    assert cluster.c._control.content == (1, -1)
    assert cluster.c.epoch == 2


def test_compare_and_set_that_changes_nothing_is_refused_without_a_lease_as_a_read_is() -> None:
    """It waits for what it was judged by; the clock gains meanwhile, and the lease ends before its timer."""
    cluster = cluster_of(AnyOf(1), heartbeat_interval=0.1)
    a, b, c = cluster.hosts
    cluster.cut(cluster.monitor_host, a, at=2.5)  # the lease of 2 s is the last, until 5 s
    for host in (b, c):
        cluster.cut(host, a, at=2.9, until=4.6)
    cluster.at(3.0, a.skew_clock, "test", 0.0, 0.5)
    cluster.ask(write("k", 1), at=2.95, patience=10.0)
    end = cluster.ask(compare_and_set("k", 7, 8), at=3.9, patience=10.0)
    cluster.env.run(4.9)
    assert cluster.a.primary is not None
    assert not cluster.a.primary.may_serve()
    assert end[1] is Unavailable


def test_read_of_the_primary_that_waits_where_that_is_deposed_is_asked_of_the_next_one() -> None:
    cluster = cluster_of(AnyOf(1), failover=replace(FAILOVER, fencing=Fencing.EPOCH))
    a, b, c = cluster.hosts
    cluster.isolate([a], [b, c, cluster.monitor_host], at=2.5, until=12.0)
    for host in (b, c):
        cluster.cut(a, host, at=11.9)  # it hears of the new one from that itself, and so knows who it is
    client = cluster.store.client(cluster.client_host, ReadPolicy(own_writes=True))
    cluster.env.run(2.6)
    client._own = (1, 9)  # nobody will ever have it
    saw = cluster.ask(read("k"), at=3.0, client=client, patience=30.0)
    cluster.env.run(11.9)
    assert saw == []
    before = cluster.b.statistics().call_count
    cluster.env.run(20.0)
    assert saw[1] is None
    assert cluster.b.statistics().call_count == before + 1


def test_report_follows_the_promise_of_its_own_epoch() -> None:
    """The first of two promises is on disk, and the question is about the second by now."""
    cluster = cluster_of(AnyOf(1))
    cluster.env.run(1.5)
    b = cluster.b
    b.stored.disk._sync_time = iter(lambda: 0.1, 1.0).__next__
    b.deliver(Ask(2, 0))
    b.deliver(Ask(3, 0))
    cluster.env.run(1.65)
    assert (b._promised, b._reported_epoch) == (2, 0)
    cluster.env.run(1.75)
    assert (b._promised, b._reported_epoch) == (3, 3)


@pytest.mark.parametrize(("epoch", "name"), [(0, "a"), (1, "b")])
def test_lease_is_renewed_by_its_holder_in_its_epoch(epoch: int, name: str) -> None:
    cluster = cluster_of(AnyOf(1))
    cluster.env.run(1.5)
    monitor = cluster.store.monitor
    assert monitor is not None
    before = monitor._expires_at
    monitor.deliver(Renew(epoch, getattr(cluster, name), 1.4, 1))
    assert monitor._expires_at == before
