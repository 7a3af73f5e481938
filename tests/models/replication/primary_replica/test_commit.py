"""What a write waits for, and what shows when: without failover."""

from __future__ import annotations

from typing import Any

import pytest

from models import Host, Unavailable
from models.replication import add, append, compare_and_set, read, write
from models.replication.primary_replica import (
    AllOf,
    AnyOf,
    Asynchronous,
    CommitRule,
    FirstOf,
    Progress,
    ReplicationSettings,
    Told,
    Visibility,
    kafka,
    postgres,
)
from models.replication.primary_replica.messages import Progressed
from simulator.randomness import Constant

from .building import HOP, SYNC, Cluster


def settings(rule: CommitRule, **others: Any) -> ReplicationSettings:
    return ReplicationSettings(commit_rule=rule, **others)


def with_replicas_at(rule: CommitRule, *one_ways: float, **others: Any) -> Cluster:
    """Replicas at these one-way latencies from the primary, no time at the disks, the client at none."""
    cluster = Cluster(settings(rule, **others), member_count=len(one_ways) + 1, latencies=0.0)
    for disk in (each.stored.disk for each in cluster.store.nodes):
        disk._sync_time = iter(lambda: 0.0, 1.0).__next__
    for host, latency in zip(cluster.hosts[1:], one_ways, strict=True):
        cluster.network.override(cluster.hosts[0], host, latency=Constant(latency))
    cluster.env.run(1.0)
    return cluster


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (Asynchronous(), 0.0),
        (AnyOf(1), 0.010),
        (AnyOf(2), 0.020),
        (AnyOf(3), 0.030),
        (AllOf(), 0.030),
        (FirstOf(1), 0.030),
        (FirstOf(2), 0.030),
        (FirstOf(3), 0.030),
    ],
)
def test_commit_takes_the_round_trip_that_its_rule_asks_for(rule: CommitRule, expected: float) -> None:
    """Round trips of 30, 10 and 20 ms; the first in the order of the members is the slowest."""
    cluster = with_replicas_at(rule, 0.015, 0.005, 0.010)
    end = cluster.ask(write("k", 1), at=2.0)
    cluster.env.run(3)
    assert end == [pytest.approx(2.0 + expected), None]


@pytest.mark.parametrize(
    ("progress", "expected"),
    [
        # There and back for the client; the primary's sync; there and back for the replica, and what it does.
        (Progress.WRITTEN, 4 * HOP + SYNC),
        (Progress.FLUSHED, 4 * HOP + 2 * SYNC),
        (Progress.APPLIED, 4 * HOP + 2 * SYNC + 0.005),
    ],
)
def test_replica_acknowledges_what_it_is_asked_to_have_done(progress: Progress, expected: float) -> None:
    cluster = Cluster(
        settings(AnyOf(1), progress=progress, visibility=Visibility.RECEIVED, apply_delay=0.005)
    )
    end = cluster.ask(write("k", 1), at=1.5)
    cluster.env.run(3)
    assert end == [pytest.approx(1.5 + expected), None]


def test_asynchronous_write_is_told_when_the_primary_has_it_and_shown_by_replicas_later() -> None:
    cluster = Cluster(settings(Asynchronous()))
    end = cluster.ask(write("k", 1), at=1.5)
    cluster.env.run(1.5 + 2 * HOP + SYNC + 1e-6)
    assert end == [pytest.approx(1.5 + 2 * HOP + SYNC), None]
    assert cluster.values("k") == [1, None, None]
    lag = cluster.store.lag(cluster.b)
    assert lag.record_count == 1
    assert lag.time == pytest.approx(HOP + SYNC + 1e-6)
    cluster.env.run(3)
    assert cluster.values("k") == [1, 1, 1]
    assert cluster.store.lag(cluster.b).record_count == 0


@pytest.mark.parametrize("rule", [AnyOf(1), AllOf(), FirstOf(1)])
@pytest.mark.parametrize("direction", ["records", "acknowledgements"])
def test_with_either_direction_cut_nothing_synchronous_is_committed(rule: CommitRule, direction: str) -> None:
    cluster = Cluster(settings(rule), member_count=2)
    a, b = cluster.hosts
    cluster.cut(*((a, b) if direction == "records" else (b, a)), at=1.0, until=5.0)
    end, saw = cluster.ask(write("k", 1), at=1.5, patience=10), cluster.ask(read("k"), at=4.0)
    cluster.env.run(4.9)
    assert end == []
    assert saw[1] is None
    assert cluster.b.stored.log.last_position == (1 if direction == "records" else 2)
    cluster.env.run(10)
    assert end[1] is None  # and when it is healed, it is
    assert cluster.values("k") == [1, 1]


@pytest.mark.parametrize("direction", ["records", "acknowledgements"])
def test_with_either_direction_cut_an_asynchronous_store_goes_on_and_catches_up(direction: str) -> None:
    cluster = Cluster(settings(Asynchronous()), member_count=2)
    a, b = cluster.hosts
    cluster.cut(*((a, b) if direction == "records" else (b, a)), at=1.0, until=5.0)
    end = cluster.ask(write("k", 1), at=1.5)
    cluster.env.run(4.9)
    assert end[1] is None
    assert cluster.values("k") == [1, None if direction == "records" else 1]
    cluster.env.run(10)
    assert cluster.values("k") == [1, 1]


@pytest.mark.parametrize("direction", ["requests", "answers"])
def test_client_whose_link_is_cut_in_one_direction_hears_nothing(direction: str) -> None:
    cluster = Cluster()
    client, a = cluster.client_host, cluster.hosts[0]
    cluster.cut(*((client, a) if direction == "requests" else (a, client)))
    end = cluster.ask(write("k", 1))
    cluster.env.run(5)
    assert end == [1.0, "silence"]
    assert cluster.values("k")[0] == (None if direction == "requests" else 1)


def test_with_no_standby_left_commits_wait_for_ever() -> None:
    cluster = Cluster(settings(AnyOf(1)))
    for host in cluster.hosts[1:]:
        cluster.at(1.0, host.crash)
    end, saw = cluster.ask(write("k", 1), at=1.5, patience=1000), cluster.ask(read("k"), at=2.0)
    cluster.env.run(1002)
    assert end == [1001.5, "silence"]
    assert saw[1] is None


def test_any_one_goes_on_where_one_standby_is_down_and_all_does_not() -> None:
    for rule, expected in ((AnyOf(1), None), (AllOf(), "silence"), (FirstOf(1), "silence")):
        cluster = Cluster(settings(rule))
        cluster.at(1.0, cluster.hosts[1].crash)
        end = cluster.ask(write("k", 1), at=1.5)
        cluster.env.run(5)
        assert end[1] == expected, rule


def test_first_one_is_the_next_when_the_first_was_not_heard_of_for_its_timeout() -> None:
    cluster = Cluster(settings(FirstOf(1, timeout=5.0)))
    cluster.at(1.0, cluster.hosts[1].crash)
    end = cluster.ask(write("k", 1), at=1.5, patience=100)
    cluster.env.run(20)
    assert end[1] is None
    assert 5.9 < end[0] < 7.1


@pytest.mark.parametrize(("rule", "count"), [(AnyOf(3), 3), (FirstOf(4), 4)])
def test_more_replicas_than_there_are_cannot_be_counted(rule: CommitRule, count: int) -> None:
    with pytest.raises(ValueError, match=f"must count at most the 2 replicas there are, got {count}"):
        Cluster(settings(rule))


def test_operations_are_decided_by_the_newest_write_though_it_is_not_committed_yet() -> None:
    cluster = Cluster()
    ends = [
        cluster.ask(request, at=1.0 + 0.001 * number)
        for number, request in enumerate(
            [
                write("k", 1),
                compare_and_set("k", 1, 2),
                compare_and_set("k", 1, 3),
                add("n", 2),
                append("l", "x"),
            ]
        )
    ]
    cluster.env.run(3)
    assert [end[1] for end in ends] == [None, True, False, None, None]
    assert cluster.values("k") == [2, 2, 2]
    assert cluster.values("l") == [("x",)] * 3


def test_replica_whose_disk_was_destroyed_starts_from_nothing_and_its_old_word_counts_no_more() -> None:
    cluster = Cluster(settings(AllOf()), member_count=2)
    before = cluster.ask(write("k", 1), at=1.0)
    disk = cluster.b.stored.disk
    cluster.at(2.0, disk.destroy)
    cluster.at(3.0, cluster.hosts[1].restart)
    cluster.cut(cluster.hosts[0], cluster.hosts[1], at=2.5, until=8.0)
    after = cluster.ask(write("k", 2), at=5.0, patience=100)
    cluster.env.run(7.9)
    assert (before[1], after) == (None, [])
    cluster.env.run(20)
    assert after[1] is None
    assert cluster.values("k") == [2, 2]


def test_replica_that_lost_what_it_had_acknowledged_is_not_counted_for_it_any_more() -> None:
    """All must have written it: b had, and its host went down before its disk had; c's word came later."""
    cluster = Cluster(settings(AllOf(), progress=Progress.WRITTEN))
    a, b, c = cluster.hosts
    cluster.b.stored.disk._sync_time = iter(lambda: 0.5, 1.0).__next__
    cluster.cut(c, a, at=1.0, until=5.0)
    end = cluster.ask(write("k", 1), at=1.9, patience=100)
    cluster.at(2.0, b.crash)
    cluster.at(2.5, b.restart)
    cluster.cut(
        a, b, at=3.015, until=10.0
    )  # the sign of life of 3 s has come, and what b misses has not left
    cluster.env.run(9.9)
    assert end == []
    cluster.env.run(20)
    assert end[1] is None


@pytest.mark.parametrize("crashed", ["host", "process"])
def test_fixed_primary_that_starts_again_goes_on_with_what_was_durable(crashed: str) -> None:
    cluster = Cluster(settings(AnyOf(1)))
    a = cluster.a
    cluster.ask(write("k", 1), at=1.0)
    cluster.at(2.0, a.host.crash if crashed == "host" else a.crash)
    cluster.at(3.0, a.host.restart if crashed == "host" else a.restart)
    saw = cluster.ask(read("k"), at=4.0)
    wrote = cluster.ask(write("k", 2), at=4.5)
    cluster.env.run(10)
    assert (saw[1], wrote[1]) == (1, None)
    assert a.primary is not None
    assert a.primary.epoch == 2
    assert cluster.values("k") == [2, 2, 2]


@pytest.mark.parametrize("ships_unsynced", [False, True])
def test_primary_ships_what_is_on_its_disk_and_no_earlier_unless_said_so(ships_unsynced: bool) -> None:
    cluster = Cluster(settings(Asynchronous(), ships_unsynced=ships_unsynced))
    cluster.env.run(1.0)
    cluster.a.stored.disk._sync_time = iter(lambda: 0.1, 1.0).__next__
    for at in (1.5, 1.55):
        cluster.ask(write("k", at), at=at)
    cluster.env.run(
        1.5 + HOP + 0.1 + HOP + 0.001
    )  # the first one's sync has ended, and what it let go has come
    assert cluster.b.stored.log.last_position == (3 if ships_unsynced else 2)


def test_what_a_primary_lost_and_its_replicas_have_is_overruled() -> None:
    """It ships what it has not synced, as Kafka does, and loses its tail with its host."""
    cluster = Cluster(settings(Asynchronous(), ships_unsynced=True), latencies=0.0001)
    cluster.ask(write("k", 1), at=1.0)
    cluster.at(1.0004, cluster.hosts[0].crash)  # before its sync has ended, after the record has left
    cluster.at(2.0, cluster.hosts[0].restart)
    cluster.env.run(1.9)
    assert cluster.b.stored.log.last_position == 2
    end = cluster.ask(write("k", 2), at=3.0)
    cluster.env.run(6)
    assert end[1] is None
    assert cluster.values("k") == [2, 2, 2]
    logs = [
        [(each.epoch, each.value) for each in member.stored.log.records(1)] for member in cluster.store.nodes
    ]
    assert logs[0] == logs[1] == logs[2] == [(1, None), (2, None), (2, 2)]
    assert cluster.store.statistics().discarded_count == 2


def test_word_of_an_earlier_epoch_acknowledges_nothing() -> None:
    """It was about another log: the fixed primary has started again, and b is cut off."""
    cluster = Cluster(settings(AnyOf(1)), member_count=2)
    cluster.at(1.0, cluster.a.crash)
    cluster.at(1.1, cluster.a.restart)
    cluster.env.run(2.0)
    cluster.cut(cluster.hosts[1], cluster.hosts[0])
    end = cluster.ask(write("k", 1), at=2.5)
    cluster.env.run(3.0)
    cluster.a.deliver(Progressed(1, cluster.b, cluster.b.incarnation, 99, 99, 99, None))
    cluster.env.run(4.0)
    assert end[1] == "silence"


# -- PostgreSQL's rules


def test_with_synchronous_commit_off_a_record_is_shipped_when_it_is_synced() -> None:
    cluster = Cluster(postgres("off"))
    cluster.ask(write("k", 1), at=1.5)
    cluster.env.run(1.5 + HOP + 0.2 + SYNC + HOP - 1e-6)
    assert cluster.b.stored.log.last_position == 1
    cluster.env.run(1.5 + HOP + 0.2 + SYNC + HOP + 1e-6)
    assert cluster.b.stored.log.last_position == 2


def test_row_whose_writer_gave_up_is_not_shown_before_it_is_on_the_primarys_disk() -> None:
    cluster = Cluster(postgres("on", AnyOf(1)), member_count=2)
    cluster.env.run(1.0)
    cluster.hosts[1].crash()
    cluster.a.stored.disk._sync_time = iter(lambda: 1.0, 2.0).__next__
    client = cluster.network.connect(cluster.client_host, cluster.a, propagate_cancellation=True)
    cluster.ask(write("k", 1), at=1.5, client=client, patience=0.5)
    saw = cluster.ask(read("k"), at=2.2)
    cluster.env.run(5.0)
    assert saw[1] is None


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("off", 2 * HOP),
        ("local", 2 * HOP + SYNC),
        ("remote_write", 4 * HOP + SYNC),
        ("on", 4 * HOP + 2 * SYNC),
        ("remote_apply", 4 * HOP + 2 * SYNC),
    ],
)
def test_postgres_levels_wait_for_what_they_say(level: str, expected: float) -> None:
    cluster = Cluster(postgres(level, AnyOf(1)))
    end = cluster.ask(write("k", 1), at=1.5)
    cluster.env.run(3)
    assert end == [pytest.approx(1.5 + expected), None]


@pytest.mark.slow
def test_only_remote_apply_shows_on_the_standby_what_was_committed() -> None:
    shown = {}
    for level in ("on", "remote_apply"):
        cluster = Cluster(postgres(level, AllOf(), apply_delay=0.5))
        end = cluster.ask(write("k", 1), at=1.5)
        while not end:
            cluster.env.step()
        shown[level] = cluster.values("k")
    assert shown == {"on": [1, None, None], "remote_apply": [1, 1, 1]}


@pytest.mark.parametrize("how", ["crash", "cancel"])
def test_postgres_shows_a_commit_whose_wait_was_cut_short_though_no_standby_has_it(how: str) -> None:
    cluster = Cluster(postgres("on", AnyOf(1)), member_count=2)
    cluster.at(1.0, cluster.hosts[1].crash)
    if how == "crash":
        cluster.at(2.0, cluster.a.crash)
        cluster.at(2.1, cluster.a.restart)
        wrote = cluster.ask(write("k", 1), at=1.5)
    else:
        client = cluster.network.connect(cluster.client_host, cluster.a, propagate_cancellation=True)
        wrote = cluster.ask(write("k", 1), at=1.5, client=client, patience=0.5)
    hidden = cluster.ask(read("k"), at=1.9)
    shown = cluster.ask(read("k"), at=3.5, patience=5.0)  # for the client asks around first
    cluster.env.run(10)
    assert wrote[1] != 1
    assert (hidden[1], shown[1]) == (None, 1)
    assert cluster.b.stored.log.last_position == 1


def test_postgres_shows_no_row_since_somebody_else_gives_up() -> None:
    """Who wrote it lets it be shown by giving up, and not who asked for a change that is none."""
    cluster = Cluster(postgres("on", AnyOf(1)), member_count=2)
    cluster.at(1.0, cluster.hosts[1].crash)
    cluster.ask(write("k", 1), at=1.5, patience=100.0)
    client = cluster.network.connect(cluster.client_host, cluster.a, propagate_cancellation=True)
    gave_up = cluster.ask(compare_and_set("k", 7, 8), at=2.0, client=client, patience=0.5)
    saw = cluster.ask(read("k"), at=4.0)
    cluster.env.run(10.0)
    assert (gave_up[1], saw[1]) == ("silence", None)


@pytest.mark.parametrize("told", [Told.COMMITTED, Told.APPENDED])
def test_writer_who_gave_up_is_not_woken_when_his_write_is_done(told: Told) -> None:
    """Neither where replicas are waited for, which are down, nor where the primary's own disk is."""
    cluster = Cluster(settings(AllOf(), told=told))
    cluster.env.run(1.0)
    cluster.hosts[1].crash()
    cluster.a.stored.disk._sync_time = iter(lambda: 1.0, 2.0).__next__
    client = cluster.network.connect(cluster.client_host, cluster.a, propagate_cancellation=True)
    end = cluster.ask(write("k", 1), at=1.5, client=client, patience=0.5)
    cluster.at(5.0, cluster.hosts[1].restart)
    cluster.env.run(2.1)
    primary = cluster.a.primary
    assert primary is not None
    assert (len(primary._waiting), len(primary._waiting_locally)) == (0, 0)
    cluster.env.run(10.0)
    assert end[1] == "silence"
    assert cluster.values("k") == [1, 1, 1]


def test_it_is_told_apart_from_one_that_shows_only_what_is_committed() -> None:
    cluster = Cluster(settings(AnyOf(1)), member_count=2)
    cluster.at(1.0, cluster.hosts[1].crash)
    cluster.ask(write("k", 1), at=1.5)
    cluster.at(2.0, cluster.a.crash)
    cluster.at(2.1, cluster.a.restart)
    saw = cluster.ask(read("k"), at=3.5)
    cluster.env.run(5)
    assert saw[1] == "silence"  # it does not know yet whether that write counts


# -- misuse


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: AnyOf(0), "count must be a whole number >= 1, got 0"),
        (lambda: postgres("sometimes"), "synchronous_commit must be one of off, local, .*, got 'sometimes'"),
        (
            lambda: settings(AnyOf(1), progress=Progress.APPLIED),
            "progress must not be APPLIED with visibility COMMITTED",
        ),
        (lambda: settings(AnyOf(1), heartbeat_interval=0.0), "heartbeat_interval must be finite and > 0 s"),
        (
            lambda: settings(FirstOf(1, timeout=1.0)),
            "heartbeat_interval must be shorter than the 1.0 s for which a replica counts .*, got 1.0",
        ),
        (lambda: kafka(lag_time_max=0.5), "heartbeat_interval must be shorter than the 0.5 s"),
    ],
)
def test_settings_that_cannot_be_are_refused(make: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        make()


def test_store_needs_hosts_each_once_and_their_own_disks() -> None:
    cluster = Cluster()
    for hosts, text in (
        ([], "hosts must be one or more, each once"),
        ([cluster.hosts[0]] * 2, "hosts must be one or more, each once"),
    ):
        with pytest.raises(ValueError, match=text):
            type(cluster.store)(cluster.env, cluster.network, hosts)
    with pytest.raises(ValueError, match="disks must be one for each host"):
        type(cluster.store)(
            cluster.env, cluster.network, [Host(cluster.env, "x")], disks=[cluster.a.stored.disk]
        )


def test_told_when_appended_does_not_wait_for_replicas() -> None:
    cluster = Cluster(settings(AllOf(), told=Told.APPENDED))
    cluster.at(1.0, cluster.hosts[1].crash)
    end, saw = cluster.ask(write("k", 1), at=1.5), cluster.ask(read("k"), at=1.8)
    cluster.env.run(5)
    assert end == [pytest.approx(1.5 + 2 * HOP + SYNC), None]
    assert saw[1] is None  # told, and not shown: not linearizable
    assert not cluster.store.is_linearizable
    assert Unavailable not in end
