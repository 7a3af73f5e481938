"""Kafka's rules: acks, replicas in sync, high watermark, clean and unclean elections."""

from __future__ import annotations

from typing import Any

import pytest

from models import Host, Unavailable
from models.replication import read, write
from models.replication.primary_replica import FailoverSettings, Fencing, kafka
from models.replication.primary_replica.messages import AlterInSync, InSyncAltered, Progressed

from .building import HOP, Cluster

FAILOVER = FailoverSettings(ttl=3.0, renewal_interval=1.0, report_wait=0.5, fencing=Fencing.EPOCH)


def cluster_of(acks: str = "all", **settings: Any) -> Cluster:
    rules = {"lag_time_max": 5.0, "failover": FAILOVER, "heartbeat_interval": 0.5, **settings}
    return Cluster(kafka(acks, **rules))


def in_sync(cluster: Cluster) -> set[int]:
    monitor = cluster.store.monitor
    assert monitor is not None
    return set(monitor.book.in_sync)


@pytest.mark.parametrize(("acks", "expected"), [("0", 0.0), ("1", 2 * HOP), ("all", 4 * HOP)])
def test_producer_waits_for_as_many_as_it_asks_for(acks: str, expected: float) -> None:
    """No disk is waited for: the log is the operating system's affair."""
    cluster = cluster_of(acks)
    end = cluster.ask(write("k", 1), at=1.5)
    cluster.env.run(5)
    assert end == [pytest.approx(1.5 + expected), None]
    assert cluster.values("k") == [1, 1, 1]


@pytest.mark.parametrize("direction", ["records", "acknowledgements"])
def test_follower_that_is_not_caught_up_for_too_long_is_struck_off_and_then_writes_go_on(
    direction: str,
) -> None:
    cluster = cluster_of()
    a, b = cluster.hosts[:2]
    cluster.cut(*((a, b) if direction == "records" else (b, a)), at=2.0, until=20.0)
    end = cluster.ask(write("k", 1), at=2.1, patience=100)
    cluster.env.run(6.9)
    assert (end, in_sync(cluster)) == ([], {0, 1, 2})
    cluster.env.run(10.2)
    assert end[1] is None
    assert 7.0 <= end[0] <= 2.0 + 5.0 + 2.5 + 0.6  # looked at each half of the 5 s
    assert in_sync(cluster) == {0, 2}
    cluster.env.run(25)
    assert in_sync(cluster) == {0, 1, 2}  # caught up, and back
    assert cluster.values("k") == [1, 1, 1]


def test_high_watermark_hides_what_not_all_in_sync_have() -> None:
    cluster = cluster_of("1")
    cluster.cut(cluster.hosts[0], cluster.hosts[1], at=2.0)
    end = cluster.ask(write("k", 1), at=2.1)
    hidden, shown = cluster.ask(read("k"), at=3.0), cluster.ask(read("k"), at=12.0)
    cluster.env.run(20)
    assert end[1] is None
    assert (hidden[1], shown[1]) == (None, 1)


def test_with_fewer_in_sync_than_the_minimum_writes_are_refused_and_reads_go_on() -> None:
    cluster = cluster_of(min_in_sync=2)
    cluster.ask(write("k", 1), at=1.0)
    for host in cluster.hosts[1:]:
        cluster.at(2.0, host.crash)
    waits = cluster.ask(write("k", 2), at=2.5, patience=100)
    refused, saw = cluster.ask(write("k", 3), at=12.0), cluster.ask(read("k"), at=12.0)
    cluster.at(15.0, cluster.hosts[1].restart)
    cluster.env.run(14.9)
    assert (waits, refused[1], saw[1]) == ([], Unavailable, 1)
    cluster.env.run(30)
    assert waits[1] is None  # appended before it was known, and committed when one is back in sync
    assert cluster.values("k")[:2] == [2, 2]


def test_leader_is_chosen_among_those_in_sync() -> None:
    cluster = cluster_of()
    a, b, c = cluster.hosts
    cluster.cut(a, b, at=2.0)
    for number in range(10):
        cluster.ask(write("k", number), at=12.0 + 0.1 * number)
    cluster.at(15.0, a.crash)
    cluster.env.run(30)
    assert cluster.store.primary is cluster.c
    assert cluster.store.statistics().lost_count == 0
    assert in_sync(cluster) >= {2}
    assert (b.is_up, c.is_up) == (True, True)


@pytest.mark.parametrize("unclean", [False, True])
def test_when_all_in_sync_are_gone_it_waits_or_elects_who_has_less(unclean: bool) -> None:
    """How to lose with acks=all: min.insync.replicas 1, all but the leader struck off, and it dies."""
    cluster = cluster_of(unclean_election=unclean)
    a = cluster.hosts[0]
    for host in cluster.hosts[1:]:
        cluster.cut(a, host, at=2.0)
    told = cluster.ask(write("k", 1), at=12.0)
    cluster.at(15.0, a.crash)
    cluster.env.run(40)
    assert told[1] is None
    assert in_sync(cluster) == ({1, 2} if unclean else {0})
    assert cluster.store.primary is (cluster.b if unclean else cluster.a)
    assert cluster.store.statistics().lost_count == int(unclean)


def test_acks_1_loses_what_the_followers_did_not_have() -> None:
    cluster = cluster_of("1")
    a = cluster.hosts[0]
    for host in cluster.hosts[1:]:
        cluster.cut(a, host, at=2.0)
    told = cluster.ask(write("k", 1), at=2.5)
    cluster.at(3.0, a.crash)
    cluster.env.run(20)
    assert told[1] is None
    assert cluster.store.statistics().lost_count == 1


def test_acks_all_does_not_survive_a_power_cut_of_all_brokers_at_once() -> None:
    """Nobody has synced: what all in sync have written all of them lose."""
    cluster = cluster_of(min_in_sync=2)
    told = cluster.ask(write("k", 1), at=1.0)
    for host in cluster.hosts:
        cluster.at(2.0, host.crash)
        cluster.at(3.0, host.restart)
    cluster.env.run(30)
    assert told[1] is None
    assert cluster.values("k") == [None] * 3
    assert cluster.store.statistics().lost_count == 1


def test_acks_all_survives_crashes_of_all_processes_and_of_all_hosts_but_one() -> None:
    for is_process in (True, False):
        cluster = cluster_of(min_in_sync=2)
        cluster.ask(write("k", 1), at=1.0)
        for node, host in list(zip(cluster.store.nodes, cluster.hosts, strict=True))[
            : 3 if is_process else 2
        ]:
            cluster.at(2.0, node.crash if is_process else host.crash)
            cluster.at(3.0, node.restart if is_process else host.restart)
        cluster.env.run(40)
        assert cluster.values("k") == [1, 1, 1]
        assert cluster.store.statistics().lost_count == 0


def test_old_leader_answers_with_acks_1_until_it_hears_of_the_new_one() -> None:
    cluster = cluster_of("1")
    inside = Host(cluster.env, "inside")
    old = cluster.store.client(inside)
    outside = [*cluster.hosts[1:], cluster.monitor_host, cluster.client_host]
    cluster.isolate([cluster.hosts[0], inside], outside, at=2.0, until=15.0)
    told = cluster.ask(write("k", 1), at=10.0, client=old)
    refused = cluster.ask(write("k", 2), at=20.0, client=old)
    cluster.env.run(30)
    assert (told[1], refused[1]) == (None, None)
    statistics = cluster.store.statistics()
    assert (statistics.split_brain_count, statistics.lost_count) == (1, 1)
    assert cluster.values("k") == [2, 2, 2]


def test_acks_0_is_told_though_nobody_is_there() -> None:
    cluster = cluster_of("0")
    cluster.at(1.0, cluster.hosts[0].crash)
    end = cluster.ask(write("k", 1), at=1.5)
    cluster.env.run(2)
    assert end == [1.5, None]


def test_late_word_of_who_is_in_sync_does_not_undo_a_later_one() -> None:
    """The book is told of a shrinking before the growing that it follows: the first to come must not win."""
    cluster = cluster_of()
    monitor, a = cluster.store.monitor, cluster.a
    assert monitor is not None
    cluster.env.run(1.0)
    primary = a.primary
    assert primary is not None
    cluster.network.override(a.host, monitor.host, latency=0.5, one_way=True)
    primary._alter_in_sync(frozenset((0, 1, 2)))
    cluster.network.override(a.host, monitor.host, latency=0.01, one_way=True)
    primary._alter_in_sync(frozenset((0, 2)))
    cluster.env.run(1.7)
    assert monitor.book.version >= 2
    # That b is put back on the book meanwhile, as it is well, is a third request.
    assert (1 in monitor.book.in_sync) == (monitor.book.version > 2)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: kafka("2"), "acks must be one of 0, 1, all, got '2'"),
        (lambda: kafka(["all"]), r"acks must be one of 0, 1, all, got \['all'\]"),  # type: ignore[arg-type]
        (lambda: cluster_of(min_in_sync=4), "count_min must be at most the 3 members there are, got 4"),
        (lambda: cluster_of(lag_time_max=0.0), "lag_time_max must be finite and > 0 s, got 0.0"),
        (lambda: cluster_of(failover=FailoverSettings(ttl=1.0)), "renewal_interval must be shorter"),
    ],
)
def test_settings_that_cannot_be_are_refused(make: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        make()


def test_follower_that_the_book_may_have_back_is_waited_for_before_the_leader_knows() -> None:
    """The monitor's answer is lost: b may be elected now, and so must have all that is committed."""
    cluster = cluster_of()
    a, b = cluster.hosts[:2]
    cluster.cut(a, b, at=2.0, until=12.0)
    cluster.cut(cluster.monitor_host, a, at=11.0)
    cluster.env.run(11.0)
    assert in_sync(cluster) == {0, 2}
    cluster.cut(a, b, at=13.5)
    told = cluster.ask(write("k", 1), at=14.0, patience=3.0)
    cluster.env.run(13.5)
    assert in_sync(cluster) == {0, 1, 2}
    cluster.env.run(20)
    assert told[1] == "silence"


def test_write_that_nobody_waits_for_costs_the_leader_as_much_as_another() -> None:
    cluster = cluster_of("0", request_work=1.0)
    cluster.ask(write("k", 1), at=1.5)
    cluster.env.run(1.5 + HOP + 1.0 - 1e-6)
    assert cluster.a.stored.log.last_position == 1
    cluster.env.run(1.5 + HOP + 1.0 + 1e-6)
    assert cluster.a.stored.log.last_position == 2


@pytest.mark.parametrize("failover", [None, 3.0])
def test_failover_of_brokers_is_settings(failover: Any) -> None:
    with pytest.raises(TypeError, match=f"failover must be a FailoverSettings, got {failover}"):
        kafka(failover=failover)


def test_leader_that_does_not_know_whether_a_follower_was_struck_off_waits_for_it() -> None:
    """The book says so, and the answer is lost: b cannot be elected, but the leader counts as before."""
    cluster = cluster_of()
    a, b = cluster.hosts[:2]
    cluster.cut(a, b, at=2.0)
    cluster.cut(cluster.monitor_host, a, at=6.0, until=15.0)
    end = cluster.ask(write("k", 1), at=2.1, patience=100.0)
    cluster.env.run(14.9)
    assert in_sync(cluster) == {0, 2}
    assert end == []
    cluster.env.run(17.0)
    assert end[1] is None


def test_request_for_another_book_is_sent_again_until_it_is_answered() -> None:
    cluster = cluster_of()
    a, b = cluster.hosts[:2]
    cluster.cut(a, b, at=2.0)
    cluster.cut(a, cluster.monitor_host, at=7.4, until=7.9)  # looked at at 7.5
    end = cluster.ask(write("k", 1), at=2.1, patience=100.0)
    cluster.env.run(12.0)
    assert 7.9 < end[0] < 8.2


def test_answer_to_an_earlier_request_is_no_answer_to_the_last() -> None:
    cluster = cluster_of()
    cluster.env.run(1.0)
    primary = cluster.a.primary
    assert primary is not None
    cluster.cut(cluster.monitor_host, cluster.hosts[0])
    primary._alter_in_sync(frozenset((0, 1)))
    primary._alter_in_sync(frozenset((0,)))
    cluster.a.deliver(InSyncAltered(1, 1))
    assert [each.is_in_sync for each in primary.followers] == [True, True]


def test_follower_without_the_first_record_of_the_epoch_is_not_in_sync() -> None:
    """A new leader does not know yet how much was committed before: it may be more than it knows of."""
    cluster = cluster_of()
    for number in range(5):
        cluster.ask(write("k", number), at=2.43)
    cluster.isolate([cluster.hosts[2]], cluster.hosts, at=2.49, until=30.0)
    cluster.at(2.5, cluster.hosts[0].crash)
    cluster.cut(cluster.hosts[2], cluster.monitor_host, at=2.5)
    cluster.env.run(6.0)
    primary = cluster.b.primary
    assert primary is not None
    primary.commit_position = 1  # as if the news had not come
    cluster.b.deliver(Progressed(2, cluster.c, 0, 3, 3, 3, None))
    assert 2 not in primary._in_sync
    cluster.b.deliver(Progressed(2, cluster.c, 0, 7, 7, 7, None))
    assert 2 in primary._in_sync


def test_member_that_is_gone_at_an_election_is_not_in_sync_after_it() -> None:
    cluster = cluster_of()
    cluster.at(2.5, cluster.hosts[0].crash)
    cluster.at(2.5, cluster.hosts[2].crash)
    cluster.ask(read("k"), at=6.5, patience=0.3)  # finds out that a does not answer
    told = cluster.ask(write("k", 1), at=7.0)
    cluster.env.run(10.0)
    assert told[1] is None
    assert in_sync(cluster) == {1}


def test_unclean_election_takes_one_in_sync_if_one_is_there() -> None:
    """Both have all, but b's word of it does not come, and so it has been struck off."""
    cluster = cluster_of(unclean_election=True)
    cluster.cut(cluster.hosts[1], cluster.hosts[0], at=2.0)
    cluster.at(12.0, cluster.hosts[0].crash)
    cluster.env.run(11.9)
    assert in_sync(cluster) == {0, 2}
    cluster.env.run(20.0)
    assert cluster.store.primary is cluster.c


def test_book_is_altered_by_the_leader_of_its_epoch() -> None:
    cluster = cluster_of()
    cluster.env.run(1.5)
    monitor = cluster.store.monitor
    assert monitor is not None
    monitor.deliver(AlterInSync(0, cluster.a, 5, frozenset((0,))))
    assert in_sync(cluster) == {0, 1, 2}
