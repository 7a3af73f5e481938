"""What happens when the primary is gone, or seems to be."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt
from typing import Any

import pytest

from models import Host, Unavailable
from models.replication import compare_and_set, read, write
from models.replication.primary_replica import (
    AnyOf,
    Asynchronous,
    FailoverSettings,
    Fencing,
    FirstOf,
    PrimaryReplicaClient,
    Progress,
    ReadPolicy,
    ReplicationSettings,
    Source,
    Told,
    Visibility,
    postgres,
)
from models.replication.primary_replica.messages import Install, Renewed
from models.replication.primary_replica.requests import NotPrimary
from models.storage import Snapshot
from simulator import TimedOut

from .building import FAILOVER, HOP, SYNC, Cluster, cluster_of, primaries, split


def test_failover_takes_the_rest_of_the_lease_and_a_choice() -> None:
    cluster = cluster_of(AnyOf(1))
    cluster.ask(write("k", 1), at=1.5)
    crash = 2.5
    cluster.at(crash, cluster.hosts[0].crash)
    cluster.env.run(4.9)
    assert primaries(cluster) == ["a"]  # the last to know is who is dead
    # The renewal of 2 s has come at 2.01; then 3 s, a write, a question and its answers within one wait of
    # 0.5 s, a write, and the news.
    cluster.env.run(2.0 + HOP + 3.0 + SYNC + 0.5 + SYNC + HOP + 1e-6)
    assert primaries(cluster) == ["a", "b"]
    assert cluster.b.primary is not None
    assert cluster.b.primary.epoch == 2
    assert not cluster.b.primary.may_serve()  # it has no lease yet
    cluster.env.run(cluster.env.now + 2 * HOP)
    assert cluster.b.primary.may_serve()


def test_client_finds_the_new_primary_and_the_old_data() -> None:
    cluster = cluster_of(AnyOf(1))
    wrote = cluster.ask(write("k", 1), at=1.5)
    cluster.at(2.5, cluster.hosts[0].crash)
    lost, saw = cluster.ask(read("k"), at=3.0), cluster.ask(read("k"), at=8.0)
    again = cluster.ask(write("k", 2), at=9.0)
    cluster.env.run(20)
    assert (wrote[1], lost[1], saw[1], again[1]) == (None, "silence", 1, None)
    assert cluster.values("k")[1:] == [2, 2]
    assert cluster.store.statistics().lost_count == 0


def test_new_primary_does_not_wait_for_the_old_one_though_that_comes_first() -> None:
    cluster = cluster_of(FirstOf(1, timeout=60.0))
    cluster.at(2.5, cluster.hosts[0].crash)
    cluster.ask(read("k"), at=7.0, patience=0.5)
    wrote = cluster.ask(write("k", 1), at=8.0, patience=5.0)
    cluster.env.run(20)
    assert wrote[1] is None


def test_client_of_a_deposed_primary_is_told_who_is() -> None:
    cluster = cluster_of(AnyOf(1))
    cluster.isolate(cluster.hosts[:1], [*cluster.hosts[1:], cluster.monitor_host], at=2.0, until=8.0)
    refused, saw = cluster.ask(read("k"), at=6.5), cluster.ask(read("k"), at=10.0)
    cluster.env.run(20)
    assert refused[1] is Unavailable  # it does not serve, and knows of no other
    assert saw[1] is None
    assert primaries(cluster) == ["b"]


def test_client_of_a_member_that_knows_of_no_primary_asks_others_the_next_time() -> None:
    """It has started again, and the new primary does not reach it; the monitor knows."""
    cluster = cluster_of(AnyOf(1))
    cluster.at(2.5, cluster.hosts[0].crash)
    cluster.at(10.0, cluster.hosts[0].restart)
    cluster.isolate(cluster.hosts[:1], cluster.hosts[1:], at=9.0, until=60.0)
    refused, saw = cluster.ask(read("k"), at=12.0), cluster.ask(read("k"), at=13.0)
    cluster.env.run(20.0)
    assert (refused[1], saw[1]) == (Unavailable, None)


@pytest.mark.parametrize("behind", ["b", "c"])
def test_most_advanced_replica_takes_over(behind: str) -> None:
    cluster = cluster_of(Asynchronous())
    a = cluster.hosts[0]
    cluster.cut(a, cluster.hosts["abc".index(behind)], at=1.0)
    cluster.ask(write("k", 1), at=1.5)
    cluster.at(2.5, a.crash)
    cluster.env.run(10)
    assert primaries(cluster)[-1] == {"b": "c", "c": "b"}[behind]
    assert cluster.values("k")[1:] == [1, 1]
    assert cluster.store.statistics().lost_count == 0


def test_with_quorum_acknowledgements_the_monitor_waits_for_as_many_reports_as_it_needs() -> None:
    """A write is on a and b; c alone may not take over, since it has not got it."""
    cluster = cluster_of(AnyOf(1))
    cluster.cut(cluster.hosts[0], cluster.hosts[2], at=1.0)
    cluster.ask(write("k", 1), at=1.5)
    cluster.at(2.5, cluster.hosts[0].crash)
    cluster.at(2.5, cluster.hosts[1].crash)
    cluster.env.run(20)
    assert primaries(cluster) == ["a"]
    cluster.hosts[1].restart()
    cluster.env.run(30)
    assert cluster.store.primary is cluster.b
    assert cluster.values("k")[1:] == [1, 1]


def test_unclean_election_takes_who_is_there_and_loses_what_only_others_have() -> None:
    cluster = cluster_of(AnyOf(1), failover=replace(FAILOVER, unclean_election=True))
    cluster.cut(cluster.hosts[0], cluster.hosts[2], at=1.0)
    cluster.ask(write("k", 1), at=1.5)
    cluster.at(2.5, cluster.hosts[0].crash)
    cluster.at(2.5, cluster.hosts[1].crash)
    cluster.env.run(20)
    assert cluster.store.primary is cluster.c
    assert cluster.store.statistics().lost_count == 1
    cluster.hosts[1].restart()
    cluster.env.run(30)
    assert cluster.values("k")[1:] == [None, None]  # and b's record was overruled
    assert cluster.store.statistics().discarded_count == 1


def test_tail_of_the_old_primary_is_discarded_when_it_comes_back() -> None:
    cluster = cluster_of(Asynchronous())
    a = cluster.hosts[0]
    for host in cluster.hosts[1:]:
        cluster.cut(a, host, at=1.0, until=4.0)
    for number in range(5):
        cluster.ask(write("k", number), at=1.1 + 0.1 * number)
    cluster.at(2.5, a.crash)
    cluster.at(10.0, a.restart)
    cluster.env.run(9.9)
    assert cluster.values("k")[0] == 4
    assert cluster.store.statistics().lost_count == 5
    cluster.env.run(20)
    assert cluster.values("k") == [None] * 3
    assert cluster.store.statistics().discarded_count == 5
    assert primaries(cluster) == ["b"]


def test_primary_that_starts_again_gives_its_lease_back_and_is_chosen_anew() -> None:
    cluster = cluster_of(AnyOf(1))
    cluster.ask(write("k", 1), at=1.5)
    cluster.at(2.5, cluster.a.crash)
    cluster.at(2.6, cluster.a.restart)
    cluster.env.run(3.5)  # long before its lease would have been over
    assert primaries(cluster) == ["a"]
    assert cluster.a.primary is not None
    assert cluster.a.primary.epoch == 2
    assert cluster.a.primary.may_serve()


@pytest.mark.parametrize("direction", ["renewals", "answers"])
def test_primary_whose_way_from_or_to_the_monitor_is_cut_stops_and_another_takes_over(direction: str) -> None:
    cluster = cluster_of(AnyOf(1))
    a, monitor = cluster.hosts[0], cluster.monitor_host
    cluster.cut(*((a, monitor) if direction == "renewals" else (monitor, a)), at=2.5)
    cluster.env.run(4.9)
    assert primaries(cluster) == ["a"]
    cluster.env.run(5.001)  # three seconds after the last renewal that was answered
    assert primaries(cluster) == []
    cluster.env.run(12)
    assert primaries(cluster) == ["b"]


@pytest.mark.parametrize("direction", ["questions", "reports"])
def test_replica_whose_way_from_or_to_the_monitor_is_cut_delays_the_choice(direction: str) -> None:
    cluster = cluster_of(AnyOf(1))
    b, monitor = cluster.hosts[1], cluster.monitor_host
    cluster.cut(*((monitor, b) if direction == "questions" else (b, monitor)), at=1.0, until=20.0)
    cluster.at(2.5, cluster.hosts[0].crash)
    cluster.env.run(19.9)
    assert primaries(cluster) == ["a"]
    cluster.env.run(22)
    assert primaries(cluster) == ["a", "b"]


def test_who_waits_when_a_primary_stops_is_told_that_nobody_knows() -> None:
    cluster = cluster_of(AnyOf(1))
    cluster.isolate(cluster.hosts[:1], [*cluster.hosts[1:], cluster.monitor_host], at=2.5, until=20.0)
    ends = [cluster.ask(write("k", number), at=3.0 + 0.1 * number, patience=10.0) for number in range(3)]
    cluster.env.run(10)
    assert ends == [[pytest.approx(5.0 + HOP), TimedOut]] * 3


def test_postgres_shows_what_waited_where_the_primary_has_stopped() -> None:
    """As a restart would; those who wait are told that nobody knows, and it is overruled later."""
    cluster = Cluster(postgres("on", AnyOf(1), failover=FAILOVER))
    cluster.isolate(cluster.hosts[:1], [*cluster.hosts[1:], cluster.monitor_host], at=2.5, until=20.0)
    cluster.ask(write("k", 1), at=3.0, patience=10.0)
    cluster.env.run(4.9)
    assert cluster.values("k") == [None] * 3
    cluster.env.run(10.0)
    assert cluster.values("k") == [1, None, None]
    cluster.env.run(25.0)
    assert cluster.values("k") == [None] * 3


def test_replica_with_another_history_behind_its_snapshot_is_sent_a_whole_table() -> None:
    """The old primary has taken snapshots of what was never replicated."""
    cluster = Cluster(ReplicationSettings(commit_rule=Asynchronous(), failover=FAILOVER, snapshot_interval=3))
    a = cluster.hosts[0]
    for host in cluster.hosts[1:]:
        cluster.cut(a, host, at=1.0, until=4.0)
    for number in range(20):
        cluster.ask(write("k", number), at=1.1 + 0.05 * number)
    cluster.at(2.5, a.crash)
    cluster.at(10.0, a.restart)
    cluster.ask(write("k", "new"), at=15.0, patience=3.0)
    cluster.env.run(30)
    assert cluster.values("k") == ["new"] * 3
    logs = {member.stored.log.last_position for member in cluster.store.nodes}
    assert len(logs) == 1
    assert cluster.a.discarded_count > 10


def postgres_shows_and_loses(settings: ReplicationSettings) -> list[Any]:
    """Return what is read after the primary has started again, and after another one has taken over."""
    cluster = Cluster(settings)
    a = cluster.hosts[0]
    for host in cluster.hosts[1:]:
        cluster.cut(a, host, at=1.0)
    cluster.ask(write("k", 1), at=1.5)  # on a alone, and waiting
    cluster.at(2.5, cluster.a.crash)
    cluster.at(2.6, cluster.a.restart)
    reader = cluster.store.client(Host(cluster.env, "reader"))
    first = cluster.ask(read("k"), at=4.0, client=reader)
    cluster.at(5.0, a.crash)
    cluster.ask(read("k"), at=12.0, client=reader, patience=0.5)
    second = cluster.ask(read("k"), at=13.0, client=reader, patience=5.0)
    cluster.env.run(20)
    return [first[1], second[1]]


def test_postgres_can_lose_what_has_been_read_though_every_commit_waits_for_a_standby() -> None:
    """A restart shows the row that no standby has (stolon, issue 514); a high watermark hides it."""
    rules = postgres("on", AnyOf(1), failover=FAILOVER)
    assert postgres_shows_and_loses(rules) == [1, None]
    assert not rules.is_linearizable
    strict = replace(rules, visibility=Visibility.COMMITTED)
    assert postgres_shows_and_loses(strict) == ["silence", None]
    assert strict.is_linearizable


# -- theory


def lost_after(lag: float, rate: float, seed: int) -> int:
    """Return how many acknowledged writes are lost by a crash when the link was cut for so long."""
    failover = FailoverSettings(ttl=0.3, renewal_interval=0.1, report_wait=0.05)
    cluster = cluster_of(Asynchronous(), failover=failover, member_count=2, seed=seed, latencies=0.0)
    cluster.store.nodes[0].stored.disk._sync_time = iter(lambda: 0.0, 1.0).__next__
    stream = cluster.env.stream("writes")
    crash = 0.15 + 0.05 * stream.random()
    time = float(stream.exponential(1 / rate))
    while time < crash:
        cluster.ask(write("k", time), at=time)
        time += float(stream.exponential(1 / rate))
    cluster.cut(*cluster.hosts, at=crash - lag)
    cluster.at(crash, cluster.hosts[0].crash)
    cluster.env.run(1.0)
    assert cluster.store.primary is cluster.b
    return cluster.store.statistics().lost_count


@pytest.mark.slow
def test_acknowledged_writes_lost_to_a_lag_are_poisson() -> None:
    lag, rate, runs = 0.1, 100.0, 80
    losses = [lost_after(lag, rate, seed) for seed in range(runs)]
    mean = sum(losses) / runs
    assert abs(mean - rate * lag) < 2.58 * sqrt(rate * lag / runs)
    variance = sum((loss - mean) ** 2 for loss in losses) / (runs - 1)
    # Its variance is its mean; an estimate of it has a relative deviation of about sqrt(2/n).
    assert abs(variance / (rate * lag) - 1.0) < 2.58 * sqrt(2.0 / runs + 1.0 / (rate * lag * runs))


def test_a_compare_and_set_that_fails_waits_for_what_it_has_seen() -> None:
    cluster = cluster_of(AnyOf(1))
    a = cluster.hosts[0]
    for host in cluster.hosts[1:]:
        cluster.cut(a, host, at=1.0, until=10.0)
    cluster.ask(write("k", 1), at=1.5)
    end = cluster.ask(compare_and_set("k", 7, 8), at=1.6)
    cluster.env.run(3.0)
    assert end[1] == "silence"


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"ttl": 0.0}, "ttl must be finite and > 0 s, got 0.0"),
        ({"ttl": 5.0}, "renewal_interval must be shorter than the lease of 5.0 s, got 10.0"),
        ({"clock_drift_max": 0.6}, "renewal_interval must be shorter than the lease of 7.5"),
        ({"clock_drift_max": 1.0}, r"clock_drift_max must lie in \[0, 1\), got 1.0"),
    ],
)
def test_failover_settings_that_cannot_be_are_refused(settings: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        FailoverSettings(**settings)


def test_who_waits_for_the_primary_alone_is_told_too_when_it_stops() -> None:
    """Its record may be overruled: nobody else would ever tell."""
    rules = ReplicationSettings(commit_rule=AnyOf(1), told=Told.APPENDED, failover=FAILOVER)
    cluster = Cluster(rules)
    cluster.isolate(cluster.hosts[:1], [*cluster.hosts[1:], cluster.monitor_host], at=2.5, until=20.0)
    cluster.at(2.0, lambda: setattr(cluster.a.stored.disk, "_sync_time", iter(lambda: 5.0, 1.0).__next__))
    end = cluster.ask(write("k", 1), at=3.0, patience=10.0)
    cluster.env.run(30)
    assert end == [pytest.approx(5.0 + HOP), TimedOut]


def test_client_believes_nobody_who_knows_of_an_older_primary_only() -> None:
    client = cluster_of(AnyOf(1)).client
    assert isinstance(client, PrimaryReplicaClient)
    assert client._learn(NotPrimary(2, 1))
    assert not client._learn(NotPrimary(1, 0))
    assert not client._learn(NotPrimary(3, None))
    assert client._primary == 1


def test_table_that_is_being_installed_is_given_up_with_the_primary_that_sent_it() -> None:
    """It would take the place of what the next primary has sent meanwhile."""
    cluster = Cluster(ReplicationSettings(commit_rule=Asynchronous()))
    cluster.ask(write("k", 1), at=1.0)
    cluster.env.run(2.0)
    b = cluster.b
    assert b.replica is not None
    last = b.stored.log.last_position
    b.replica.install(Install(1, cluster.a, Snapshot(last + 5, 1, {}), number=1))
    b.step_down(None)
    cluster.env.run(2.005)  # its disk would have taken 1 ms, and the primary has not noticed anything yet
    assert b.stored.log.last_position == last


@pytest.mark.parametrize("snapshot_interval", [float("inf"), 3])
def test_what_one_failover_has_lost_is_lost_after_the_next_one(snapshot_interval: float) -> None:
    """Though the third primary has dropped its log up to there, and cannot be asked for the records."""
    cluster = cluster_of(Asynchronous(), snapshot_interval=snapshot_interval)
    cluster.isolate(cluster.hosts[:1], cluster.hosts[1:], at=1.0, until=8.0)
    for number in range(5):
        cluster.ask(write("k", number), at=1.1 + 0.1 * number)
    cluster.at(2.5, cluster.hosts[0].crash)
    cluster.ask(read("k"), at=9.5, patience=0.3)
    for number in range(20):
        cluster.ask(write("k", number), at=10.0 + 0.1 * number)
    cluster.at(15.0, cluster.hosts[1].crash)
    cluster.env.run(25.0)
    statistics = cluster.store.statistics()
    assert (statistics.failover_count, statistics.acknowledged_count, statistics.lost_count) == (2, 25, 5)


def test_what_an_old_primary_acknowledges_is_lost_though_the_new_one_has_dropped_its_log_so_far() -> None:
    cluster = cluster_of(
        Asynchronous(), failover=replace(FAILOVER, fencing=Fencing.EPOCH), snapshot_interval=3
    )
    old, new, _ = split(cluster)
    for number in range(20):
        cluster.ask(write("k", number), at=8.0 + 0.1 * number, client=new)
    late = [cluster.ask(write("k", number), at=12.0 + 0.1 * number, client=old) for number in range(3)]
    cluster.env.run(15.0)
    assert [end[1] for end in late] == [None] * 3
    assert cluster.b.stored.log.dropped_count > cluster.a.stored.log.last_position
    statistics = cluster.store.statistics()
    assert (statistics.split_brain_count, statistics.lost_count) == (3, 3)


def test_promotion_that_a_later_one_overtakes_does_not_end_its_signs_of_life() -> None:
    """The monitor does not hear b, who replays for six seconds, for four of them, and chooses it again."""
    cluster = Cluster(postgres("local", replay_work=0.1, failover=FAILOVER))
    b, c = cluster.hosts[1:]
    for number in range(60):
        cluster.ask(write("k", number), at=2.4)
    cluster.at(2.41, b.start, b.work(3.0))
    cluster.at(2.42, c.crash)
    cluster.at(2.45, cluster.hosts[0].crash)
    cluster.cut(b, cluster.monitor_host, at=5.53, until=9.6)
    cluster.env.run(30.0)
    assert cluster.store.monitor is not None
    assert cluster.store.monitor.failover_count == 2
    assert cluster.b.primary is not None
    assert cluster.b.primary.epoch == 3


def test_new_primary_commits_nothing_before_its_own_first_record() -> None:
    """What it has of an earlier epoch is on two disks, and could be overruled; c's is slow with the first."""
    cluster = cluster_of(AnyOf(1))
    cluster.ask(write("k", 1), at=2.43)  # acknowledged, and the news of it is not out when a crashes
    cluster.at(2.5, cluster.hosts[0].crash)
    cluster.at(4.0, lambda: setattr(cluster.c.stored.disk, "_sync_time", iter(lambda: 0.3, 1.0).__next__))
    cluster.env.run(5.7)
    primary = cluster.b.primary
    assert primary is not None
    assert (primary.start_position, primary.commit_position) == (3, 1)
    assert primary.followers[1].position(Progress.FLUSHED) == 2
    cluster.env.run(8.0)
    assert primary.commit_position == 3
    assert cluster.values("k")[1:] == [1, 1]


def test_old_primary_shows_nothing_when_its_disk_is_done_after_it_has_stopped() -> None:
    cluster = cluster_of(Asynchronous())
    cluster.isolate(cluster.hosts[:1], [*cluster.hosts[1:], cluster.monitor_host], at=2.5, until=20.0)
    cluster.at(4.0, lambda: setattr(cluster.a.stored.disk, "_sync_time", iter(lambda: 1.0, 2.0).__next__))
    cluster.ask(write("k", 1), at=4.5)
    cluster.env.run(6.0)
    assert cluster.a.stored.log.durable_position == 2
    assert primaries(cluster) == ["b"]
    assert cluster.values("k") == [None] * 3


def test_reader_at_a_new_primary_waits_for_its_first_commit_and_not_for_what_was_lost() -> None:
    cluster = cluster_of(AnyOf(1))
    b, c = cluster.hosts[1:]
    cluster.at(2.5, cluster.hosts[0].crash)
    cluster.cut(b, c, at=5.0, until=8.0)
    client = cluster.store.client(b, ReadPolicy(source=Source.NEAREST, own_writes=True))
    client._own = (1, 9)
    saw = cluster.ask(read("k"), at=6.0, client=client, patience=10.0)
    cluster.env.run(7.9)
    assert primaries(cluster) == ["a", "b"]
    assert saw == []
    cluster.env.run(12.0)
    assert saw[1] is None


def test_answer_about_another_epochs_lease_is_none() -> None:
    cluster = cluster_of(AnyOf(1))
    cluster.at(2.5, cluster.hosts[0].crash)
    cluster.env.run(2.0 + HOP + 3.0 + SYNC + 0.5 + SYNC + HOP + 1e-6)
    assert cluster.b.primary is not None
    cluster.b.deliver(Renewed(1, cluster.env.now))
    assert not cluster.b.primary.may_serve()


def test_late_answer_takes_nothing_from_a_lease() -> None:
    cluster = cluster_of(AnyOf(1))
    cluster.env.run(2.5)
    cluster.a.deliver(Renewed(1, 0.0))
    cluster.env.run(3.5)
    assert primaries(cluster) == ["a"]
    primary = cluster.a.primary
    assert primary is not None
    assert primary._lease_end == pytest.approx(6.0)


def test_what_one_failover_has_lost_is_found_again_when_a_later_primary_has_it() -> None:
    """The second is gone before anybody else has a record of it, and the first is back with all it had."""
    cluster = cluster_of(Asynchronous())
    a, b, c = cluster.hosts
    cluster.isolate([a], [b, c], at=1.0, until=6.05)
    for number in range(5):
        cluster.ask(write("k", number), at=1.1 + 0.1 * number)
    cluster.at(2.5, a.crash)
    cluster.cut(b, c, at=5.0)
    cluster.at(6.0, b.crash)
    cluster.at(6.1, a.restart)
    cluster.env.run(6.0)
    assert cluster.store.statistics().lost_count == 5
    cluster.env.run(20.0)
    assert cluster.store.primary is cluster.a
    assert cluster.store.statistics().lost_count == 0
    assert cluster.values("k")[0] == cluster.values("k")[2] == 4


def test_client_that_hears_of_nobody_else_asks_whom_it_suspects() -> None:
    """Its link was cut for a moment, and the replicas, whom it asks first, are down."""
    cluster = Cluster(ReplicationSettings(commit_rule=Asynchronous()))
    for host in cluster.hosts[1:]:
        cluster.at(1.0, host.crash)
    cluster.cut(cluster.client_host, cluster.hosts[0], at=1.4, until=2.0)
    cluster.ask(read("k"), at=1.5, patience=0.3)
    saw = [cluster.ask(read("k"), at=time, patience=10.0) for time in (3.0, 8.0)]
    cluster.env.run(20.0)
    assert saw == [[pytest.approx(3.0 + 2.0 + 4 * HOP), None], [pytest.approx(8.0 + 2 * HOP), None]]
