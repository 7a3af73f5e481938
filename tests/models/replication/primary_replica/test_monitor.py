"""The monitor: what it knows when it starts again, whom it believes, and how long it looks."""

from __future__ import annotations

import pytest

from models import Unavailable
from models.replication import read, write
from models.replication.primary_replica import AnyOf, Asynchronous
from models.replication.primary_replica.messages import Ask, EpochTaken, Report, Resign

from .building import Cluster, cluster_of, primaries


def test_primary_stops_when_the_monitor_is_gone_though_all_members_are_well() -> None:
    cluster = cluster_of(AnyOf(1))
    cluster.at(2.5, cluster.monitor_host.crash)
    cluster.at(10.0, cluster.monitor_host.restart)
    early, late = cluster.ask(write("k", 1), at=4.5), cluster.ask(write("k", 2), at=7.0)
    after = cluster.ask(write("k", 3), at=17.0, patience=5.0)
    cluster.env.run(30)
    assert (early[1], late[1], after[1]) == (None, Unavailable, None)


def test_monitor_that_starts_again_gives_the_lease_time_to_end() -> None:
    cluster = cluster_of(AnyOf(1))
    cluster.at(2.5, cluster.monitor_host.crash)
    cluster.at(2.6, cluster.monitor_host.restart)
    cluster.at(2.55, cluster.hosts[0].crash)
    cluster.env.run(5.5)
    assert primaries(cluster) == ["a"]
    cluster.env.run(6.3)
    assert primaries(cluster) == ["a", "b"]


@pytest.mark.parametrize(("crash", "holder"), [(5.2, None), (5.6, 1)], ids=["choosing", "chosen"])
def test_monitor_that_starts_again_knows_how_far_it_was(crash: float, holder: int | None) -> None:
    cluster = cluster_of(AnyOf(1))
    cluster.at(2.5, cluster.hosts[0].crash)
    cluster.at(crash, cluster.monitor_host.crash)
    cluster.at(crash + 0.1, cluster.monitor_host.restart)
    cluster.env.run(crash + 0.2)
    monitor = cluster.store.monitor
    assert monitor is not None
    assert (monitor.book.epoch, monitor.book.holder) == (2, holder)
    cluster.env.run(15.0)
    assert cluster.store.primary is cluster.b
    assert cluster.b.epoch == (3 if holder is None else 2)


def test_monitor_that_has_not_found_anybody_goes_on_with_its_choice() -> None:
    """It has no lease to watch meanwhile, as there is none: another choice would begin all anew."""
    cluster = cluster_of(AnyOf(1))
    for host in cluster.hosts[1:]:
        cluster.at(2.0, host.crash)
    cluster.at(2.5, cluster.a.crash)
    cluster.at(2.6, cluster.a.restart)
    cluster.env.run(20.0)
    monitor = cluster.store.monitor
    assert monitor is not None
    assert (monitor.book.epoch, monitor.book.holder, list(monitor._reports)) == (2, None, [0])
    monitor.deliver(Report(1, cluster.b, 1, 1))  # an answer to a question of long ago
    assert list(monitor._reports) == [0]
    monitor.deliver(EpochTaken(7))
    assert monitor.book.epoch == 8


def test_resignation_from_an_earlier_epoch_is_none() -> None:
    cluster = cluster_of(AnyOf(1))
    cluster.at(2.5, cluster.hosts[0].crash)
    cluster.env.run(8.0)
    monitor = cluster.store.monitor
    assert monitor is not None
    monitor.deliver(Resign(1, cluster.b))
    assert (monitor.book.epoch, monitor.book.holder) == (2, 1)


def test_monitor_whose_disk_is_destroyed_learns_from_the_members_which_epochs_were_used() -> None:
    cluster = cluster_of(AnyOf(1))
    cluster.at(1.0, cluster.hosts[0].crash)
    cluster.at(6.0, cluster.hosts[0].restart)
    monitor = cluster.store.monitor
    assert monitor is not None
    cluster.at(10.0, monitor._file._disk.destroy)
    cluster.at(11.0, cluster.monitor_host.restart)
    cluster.env.run(30)
    epochs = [each.epoch for each in cluster.store.nodes]
    assert len(primaries(cluster)) == 1
    assert epochs[0] == epochs[1] == epochs[2] == monitor.book.epoch > 2


def test_monitor_has_a_host_if_and_only_if_there_is_failover() -> None:
    cluster = Cluster()
    with pytest.raises(ValueError, match="monitor_host must be given with failover, and only then"):
        type(cluster.store)(cluster.env, cluster.network, cluster.hosts, monitor_host=cluster.monitor_host)


def test_monitor_that_has_lost_its_book_appoints_nobody_in_an_epoch_that_was_begun() -> None:
    """In epoch 1 all that it begins with would be a second one: two records of one epoch at a position."""
    cluster = cluster_of(Asynchronous())
    a = cluster.hosts[0]
    cluster.isolate([a], cluster.hosts[1:], at=1.0, until=30.0)
    for number in range(3):
        cluster.ask(write("k", ("old", number)), at=1.1 + 0.1 * number)
    monitor = cluster.store.monitor
    assert monitor is not None
    cluster.at(3.0, monitor._file._disk.destroy)
    cluster.at(3.1, cluster.monitor_host.restart)
    cluster.at(3.2, a.crash)
    cluster.at(20.0, a.restart)
    cluster.ask(read("k"), at=12.0, patience=0.5)  # finds out that a does not answer
    cluster.ask(write("k", "new"), at=13.0)
    cluster.env.run(40.0)
    logs = [
        [(each.epoch, each.value) for each in member.stored.log.records(1)] for member in cluster.store.nodes
    ]
    assert logs[0] == logs[1] == logs[2] == [(1, None), (2, None), (2, "new")]
    assert monitor.book.epoch == 2


def test_monitor_that_has_lost_its_book_does_not_count_a_promise_that_another_life_was_given() -> None:
    """In the epoch that c has promised b is primary, which nobody who answers has heard of."""
    cluster = cluster_of(AnyOf(1))
    a, b, c = cluster.hosts
    cluster.at(2.5, a.crash)
    cluster.isolate([b], [a, c], at=5.0, until=40.0)
    cluster.env.run(6.0)
    assert primaries(cluster) == ["a", "b"]
    assert cluster.c.stored.log[cluster.c.stored.log.last_position].epoch == 1
    monitor = cluster.store.monitor
    assert monitor is not None
    cluster.isolate([b], [cluster.monitor_host], at=6.0, until=40.0)
    cluster.at(6.1, monitor._file._disk.destroy)
    cluster.at(6.2, cluster.monitor_host.restart)
    cluster.at(6.3, a.restart)
    cluster.cut(cluster.monitor_host, c, at=9.0, until=9.3)  # c hears of no earlier epoch than its own
    cluster.env.run(12.0)
    assert (monitor.book.epoch, monitor.book.holder) == (3, 0)
    cluster.env.run(60.0)
    assert [member.epoch for member in cluster.store.nodes] == [3] * 3


def test_question_that_comes_late_does_not_begin_a_choice_anew() -> None:
    """The monitor has asked for another epoch since, and each choice would have late questions of its own."""
    cluster = cluster_of(AnyOf(1))
    for host in cluster.hosts[1:]:
        cluster.at(2.0, host.crash)
    cluster.at(2.5, cluster.a.crash)
    cluster.at(2.6, cluster.a.restart)
    cluster.env.run(10.0)
    cluster.a.deliver(Ask(1, 0))
    cluster.env.run(11.0)
    cluster.a.crash()
    cluster.a.restart()
    cluster.env.run(11.1)
    cluster.a.deliver(Ask(2, 0))  # it was asked in this life, before its own last start
    cluster.env.run(12.0)
    monitor = cluster.store.monitor
    assert monitor is not None
    assert (monitor.book.epoch, monitor.book.holder, list(monitor._reports)) == (2, None, [0])


def test_question_that_comes_late_deposes_nobody() -> None:
    """Who has begun the epoch says so, to a monitor that knows."""
    cluster = cluster_of(AnyOf(1))
    cluster.at(2.5, cluster.hosts[0].crash)
    cluster.env.run(8.0)
    for member in (cluster.b, cluster.c):
        member.deliver(Ask(2, 0))
    cluster.env.run(12.0)
    assert primaries(cluster) == ["a", "b"]
    assert cluster.store.statistics().failover_count == 1
