"""How a replica takes the log of its primary, and what it says, shows and keeps of it."""

from __future__ import annotations

from typing import Any

import pytest

from models.replication import write
from models.replication.primary_replica import (
    AnyOf,
    Asynchronous,
    CommitRule,
    Progress,
    ReplicationSettings,
    postgres,
)
from models.replication.primary_replica.messages import Append, Install
from models.storage import Record, Snapshot

from .building import HOP, SYNC, Cluster


def settings(rule: CommitRule, **others: Any) -> ReplicationSettings:
    return ReplicationSettings(commit_rule=rule, **others)


def test_message_that_overtakes_waits_for_the_one_before() -> None:
    cluster = Cluster(settings(AnyOf(1)), member_count=2)
    cluster.env.run(1.0)
    cluster.network.override(cluster.hosts[0], cluster.hosts[1], latency=0.200, one_way=True)
    first = cluster.ask(write("k", 1), at=1.5)
    cluster.env.run(1.55)
    cluster.network.override(cluster.hosts[0], cluster.hosts[1], latency=0.010, one_way=True)
    second = cluster.ask(write("k", 2), at=1.55)
    cluster.env.run(1.65)
    assert cluster.b.stored.log.last_position == 1
    cluster.env.run(5)
    # Each there and at the disk; then the slow one's way decides for both.
    assert (first[1], second[1]) == (None, None)
    assert first[0] == second[0] == pytest.approx(1.5 + HOP + SYNC + 0.200 + SYNC + 2 * HOP)
    assert cluster.values("k") == [2, 2]


@pytest.mark.parametrize("transport", ["tcp", "datagram"])
def test_what_is_lost_is_sent_again_until_all_have_all(transport: str) -> None:
    cluster = Cluster(settings(Asynchronous()), transport=transport)
    cluster.network.override(cluster.hosts, cluster.hosts, loss_probability=0.3)
    for number in range(100):
        cluster.ask(write(number % 7, number), at=0.05 * number)
    cluster.env.run(30)
    contents = list(cluster.store.contents().values())
    assert contents[0] == {number % 7: number for number in range(100)}
    assert contents[1] == contents[2] == contents[0]


@pytest.mark.parametrize("crashed", ["host", "process"])
def test_replica_that_was_down_catches_up_from_its_own_position(crashed: str) -> None:
    cluster = Cluster(settings(Asynchronous()))
    b = cluster.b
    cluster.at(1.0, b.host.crash if crashed == "host" else b.crash)
    cluster.at(5.0, b.host.restart if crashed == "host" else b.restart)
    for number in range(50):
        cluster.ask(write(number, number), at=0.1 * number)
    cluster.env.run(4.9)
    assert set(cluster.values(40)) == {40, None}
    received = b.received_count
    cluster.env.run(10)
    assert cluster.values(49) == [49] * 3
    assert b.received_count - received < 10  # in one message, besides the signs of life


def test_replica_that_lags_behind_what_the_log_keeps_is_sent_a_whole_table() -> None:
    cluster = Cluster(settings(Asynchronous(), snapshot_interval=5))
    cluster.at(1.0, cluster.hosts[1].crash)
    cluster.at(5.0, cluster.hosts[1].restart)
    for number in range(50):
        cluster.ask(write(number % 3, number), at=0.1 * number)
    cluster.env.run(10)
    assert cluster.a.stored.log.first_position > 40
    assert cluster.values(1) == [49, 49, 49]
    assert cluster.b.stored.log.last_position == cluster.a.stored.log.last_position


@pytest.mark.parametrize("progress", Progress)
def test_replica_says_nothing_of_what_it_has_and_was_not_compared(progress: Progress) -> None:
    """A tail that the primary does not have, on b's disk and then in its table."""
    cluster = Cluster(postgres("on", AnyOf(1)))
    cluster.env.run(1.5)
    b = cluster.b
    for number in range(3):
        b.stored.append(Record("k", number, 1))
    b.run(b.stored.log.sync(), "sync")
    cluster.env.run(1.9)
    assert b.stored.log.durable_position == 4
    cluster.env.run(2.5)
    primary = cluster.a.primary
    assert primary is not None
    assert b.stored.table.position == 1  # nor is it shown by what the primary says
    b.stored.apply_until(4)
    cluster.env.run(3.5)
    assert primary.followers[0].position(progress) == 1


def test_replica_shows_nothing_of_what_was_not_compared_though_the_primary_has_committed_as_much() -> None:
    cluster = Cluster(settings(AnyOf(1)))
    cluster.env.run(1.5)
    b = cluster.b
    b.stored.append(Record("k", 1, 1))
    b.deliver(Append(1, cluster.a, 1, 1, [], commit=2, number=9))
    assert b.stored.table.position == 1


def test_copy_of_an_earlier_message_takes_nothing_back() -> None:
    cluster = Cluster(settings(AnyOf(1)))
    for number in range(5):
        cluster.ask(write("k", number), at=1.5 + 0.01 * number)
    cluster.env.run(2.5)
    b = cluster.b
    assert b.replica is not None
    b.deliver(Append(1, cluster.a, 1, 1, [cluster.a.stored.log[2]], commit=1, number=2))
    assert (b.stored.log.last_position, b.replica.matched, b.replica.commit) == (6, 6, 6)
    assert b.discarded_count == 0


def test_replica_takes_no_records_while_it_takes_a_table() -> None:
    """They would be dropped with the log that the table replaces, and might be acknowledged before."""
    cluster = Cluster(settings(AnyOf(1)))
    cluster.env.run(1.5)
    b = cluster.b
    b.deliver(Install(1, cluster.a, Snapshot(9, 1, {}), number=2))
    b.deliver(Append(1, cluster.a, 1, 1, [Record("k", 1, 1)], commit=1, number=3))
    assert b.stored.log.last_position == 1
    cluster.env.run(1.5 + SYNC + 1e-6)
    assert b.stored.log.last_position == 9


def test_what_a_replica_was_to_apply_it_does_not_when_it_is_another_ones() -> None:
    """It may be overruled; here the primary is the same, and says so at the next sign of life."""
    cluster = Cluster(postgres("local", apply_delay=0.5))
    cluster.ask(write("k", 1), at=1.5)
    cluster.at(1.7, cluster.b.step_down, None)
    cluster.env.run(2.2)
    assert cluster.values("k") == [1, None, 1]
    cluster.env.run(2.6)
    assert cluster.values("k") == [1, 1, 1]


def test_replica_without_a_log_is_sent_the_table_of_a_primary_that_has_dropped_its_own() -> None:
    cluster = Cluster(settings(Asynchronous(), snapshot_interval=5))
    for number in range(20):
        cluster.ask(write(number, number), at=1.0 + 0.01 * number)
    cluster.env.run(2.0)
    taken_count = cluster.b.stored.log.appended_count
    cluster.b.stored.disk.destroy()
    cluster.at(3.0, cluster.hosts[1].restart)
    cluster.env.run(10.0)
    assert cluster.a.stored.log.dropped_count >= 15
    assert cluster.b.stored.log.appended_count == taken_count  # and no record at another's position
    assert cluster.values(3) == [3, 3, 3]
    assert cluster.b.stored.log.last_position == cluster.a.stored.log.last_position


def test_tail_that_is_overruled_does_not_keep_what_takes_its_place_from_being_acknowledged() -> None:
    """It was on the disk, and so is what has its positions now: that is news all the same."""
    cluster = Cluster(settings(AnyOf(1)), member_count=2)
    cluster.env.run(1.2)
    b = cluster.b
    for number in range(3):
        b.stored.append(Record("k", number, 0))
    b.run(b.stored.log.sync(), "sync")
    b.step_down(None)
    end = cluster.ask(write("k", 9), at=2.5)
    cluster.env.run(4.5)
    assert end == [pytest.approx(2.5 + 4 * HOP + 2 * SYNC), None]
    assert cluster.values("k") == [9, 9]
    assert b.discarded_count == 3


def started_again() -> Cluster:
    """Return a cluster whose b has 14 records, 10 of them in a snapshot, and has not heard of a again."""
    cluster = Cluster(settings(AnyOf(1), snapshot_interval=10))
    for number in range(13):
        cluster.ask(write("k", number), at=1.1 + 0.01 * number)
    cluster.at(2.5, cluster.b.crash)
    cluster.at(2.6, cluster.b.restart)
    cluster.env.run(2.65)
    log = cluster.b.stored.log
    assert (log.dropped_count, log.last_position) == (10, 14)
    return cluster


@pytest.mark.parametrize("position", [6, 12], ids=["before the snapshot", "in the log"])
def test_table_that_is_late_takes_nothing_from_a_replica_that_has_started_again(position: int) -> None:
    """Nor if another late message has it ask for records before: it has acknowledged them all."""
    cluster = started_again()
    log = cluster.b.stored.log
    cluster.b.deliver(Append(1, cluster.a, 3, 1, [], commit=3, number=5, is_heartbeat=True))
    cluster.b.deliver(Install(1, cluster.a, Snapshot(position, 1, {}), number=4))
    cluster.env.run(2.65 + 2 * SYNC)
    assert log.last_position == 14
    cluster.env.run(5.0)
    assert cluster.values("k") == [12] * 3


def test_table_that_was_asked_for_is_taken_though_a_later_message_asks_for_it_again() -> None:
    """Signs of life come more often than a large table takes on its way."""
    cluster = started_again()
    for number in (5, 7):
        cluster.b.deliver(Append(1, cluster.a, 3, 1, [], commit=3, number=number, is_heartbeat=True))
    cluster.b.deliver(Install(1, cluster.a, Snapshot(6, 1, {}), number=6))
    cluster.env.run(2.65 + 2 * SYNC)
    assert cluster.b.stored.log.last_position == 6
    cluster.env.run(5.0)
    assert cluster.values("k") == [12] * 3
