"""How much is sent again: what was lost or overruled, and not what is on its way or the same."""

from __future__ import annotations

import pytest

from models.replication import write
from models.replication.primary_replica import AnyOf, Asynchronous, ReplicationSettings
from models.replication.primary_replica.messages import Install
from models.storage import Snapshot
from simulator.randomness import Uniform

from .building import FAILOVER, Cluster

SIZE = 1_000
WRITTEN = 50


def sent_count(cluster: Cluster, source: int, target: int) -> int:
    """Return how many records have gone from one member to another."""
    statistics = cluster.network.path(cluster.hosts[source], cluster.hosts[target]).link_statistics()
    assert statistics is not None
    return statistics.sent_bytes // SIZE


def weighed(cluster: Cluster) -> Cluster:
    """Let links between members count what they carry, and be so wide that this takes no time."""
    cluster.network.override(cluster.hosts, cluster.hosts, bandwidth=1e12)
    return cluster


def written(cluster: Cluster, until: float) -> None:
    """Write some records between 0 and `until`."""
    for number in range(WRITTEN):
        cluster.ask(write(number % 5, number), at=until * number / WRITTEN)


@pytest.mark.parametrize("tail_count", [0, 3])
def test_old_primary_is_sent_what_came_after_it_and_not_its_whole_epoch(tail_count: int) -> None:
    settings = ReplicationSettings(commit_rule=Asynchronous(), record_size_bytes=SIZE, failover=FAILOVER)
    cluster = weighed(Cluster(settings))
    written(cluster, until=2.0)
    # It goes on alone for a moment, and crashes.
    cluster.isolate(cluster.hosts[:1], cluster.hosts[1:], at=2.5, until=4.0)
    for number in range(tail_count):
        cluster.ask(write("tail", number), at=2.6)
    cluster.at(3.0, cluster.hosts[0].crash)
    cluster.at(15.0, cluster.hosts[0].restart)
    cluster.env.run(20.0)
    assert cluster.b.primary is not None
    assert cluster.a.discarded_count == tail_count
    assert cluster.a.stored.log.last_position == cluster.b.stored.log.last_position
    assert sent_count(cluster, 1, 0) <= 2  # its first record, and that once more
    assert sent_count(cluster, 1, 2) <= 2


def test_two_histories_that_have_parted_more_than_once_find_their_common_beginning() -> None:
    """One was primary alone twice, of an epoch that the others never had, and one that they did."""
    settings = ReplicationSettings(commit_rule=AnyOf(1), record_size_bytes=SIZE, failover=FAILOVER)
    cluster = weighed(Cluster(settings))
    written(cluster, until=2.0)
    others = cluster.hosts[1:]
    cluster.isolate(cluster.hosts[:1], [*others, cluster.monitor_host], at=2.5, until=9.0)
    cluster.ask(write("tail", 1), at=2.6)
    # b writes the beginning of its epoch, which c never hears of, and crashes.
    cluster.isolate([cluster.hosts[1]], [cluster.hosts[2]], at=3.0, until=30.0)
    cluster.at(7.0, cluster.hosts[1].crash)
    cluster.at(20.0, cluster.hosts[1].restart)
    cluster.env.run(60.0)
    logs = [[record.epoch for record in member.stored.log.records(1)] for member in cluster.store.nodes]
    assert logs[0] == logs[1] == logs[2]
    assert cluster.a.discarded_count + cluster.b.discarded_count + cluster.c.discarded_count >= 1
    assert sum(sent_count(cluster, source, 0) for source in (1, 2)) <= 6


def test_heartbeat_that_overtakes_records_does_not_have_them_sent_again() -> None:
    settings = ReplicationSettings(record_size_bytes=SIZE, heartbeat_interval=0.05)
    cluster = weighed(Cluster(settings, latencies=Uniform(0.001, 0.04)))
    written(cluster, until=5.0)
    cluster.env.run(10.0)
    assert sent_count(cluster, 0, 1) == WRITTEN + 1  # and the epoch's first
    assert cluster.b.stored.log.last_position == WRITTEN + 1


def test_what_was_lost_is_sent_again_after_two_signs_of_life() -> None:
    settings = ReplicationSettings(commit_rule=AnyOf(2), record_size_bytes=SIZE, heartbeat_interval=0.5)
    cluster = weighed(Cluster(settings))
    cluster.cut(cluster.hosts[0], cluster.hosts[1], at=0.6, until=0.8)
    wrote = cluster.ask(write("k", 1), at=0.7, patience=5.0)
    cluster.env.run(10.0)
    # Heartbeats at 1.0 and 1.5 find it missing; it is asked for, sent, flushed, acknowledged, told.
    assert wrote == [pytest.approx(1.5 + 4 * 0.01 + 0.001 + 0.01), None]
    assert sent_count(cluster, 0, 1) == 2  # what is cut does not get onto the wire


def test_what_is_on_its_way_again_is_not_asked_for_again_by_what_comes_with_it() -> None:
    """A link on which a backlog takes longer than many signs of life, which queue behind it."""
    settings = ReplicationSettings(commit_rule=AnyOf(1), record_size_bytes=SIZE, heartbeat_interval=0.2)
    cluster = Cluster(settings)
    cluster.network.override(cluster.hosts[0], cluster.hosts[1], bandwidth=10.0 * SIZE)  # 10 records/s
    cluster.isolate(cluster.hosts[:1], cluster.hosts[1:2], at=0.5, until=2.5)
    written(cluster, until=2.0)
    cluster.env.run(30.0)
    assert cluster.b.stored.log.last_position == WRITTEN + 1
    assert sent_count(cluster, 0, 1) == WRITTEN + 1


def test_old_primary_whose_link_is_slow_is_sent_what_it_lacks_once() -> None:
    """Many signs of life queue behind the records that are to show it where the histories part."""
    settings = ReplicationSettings(
        commit_rule=Asynchronous(), record_size_bytes=SIZE, heartbeat_interval=0.2, failover=FAILOVER
    )
    cluster = Cluster(settings)
    cluster.network.override(cluster.hosts[1], cluster.hosts[0], bandwidth=10.0 * SIZE)  # 10 records/s
    cluster.isolate(cluster.hosts[:1], cluster.hosts[1:], at=2.5, until=4.0)
    cluster.ask(write("tail", 1), at=2.6)
    cluster.at(3.0, cluster.hosts[0].crash)
    cluster.ask(write("k", 0), at=8.0, patience=0.5)  # finds out who is primary
    for number in range(WRITTEN):
        cluster.ask(write("k", number), at=10.0 + 0.01 * number)
    cluster.at(15.0, cluster.hosts[0].restart)
    cluster.env.run(60.0)
    assert cluster.a.stored.log.last_position == cluster.b.stored.log.last_position
    # What was sent while it was down, and then once all of it, and once more from where they part.
    lacks = WRITTEN + 2
    assert sent_count(cluster, 1, 0) <= 3 * lacks


@pytest.mark.parametrize("position", [4, 12])
def test_late_table_does_not_take_away_what_came_after_it(position: int) -> None:
    """It has started again, and does not know yet what of its log, all acknowledged, is the primary's."""
    cluster = Cluster(ReplicationSettings(commit_rule=AnyOf(1), snapshot_interval=5))
    for number in range(12):
        cluster.ask(write("k", number), at=1.0 + 0.01 * number)
    cluster.env.run(3.0)
    b = cluster.b
    assert (b.stored.log.dropped_count, b.stored.log.last_position) == (10, 13)
    b.crash()
    b.restart()
    cluster.env.run(3.0001)
    b.deliver(Install(1, cluster.a, Snapshot(position, 1, {}), number=1))
    cluster.env.run(3.005)  # its disk is done, and nobody has sent it anything else
    assert b.stored.log.last_position == 13
    cluster.env.run(5.0)
    assert cluster.values("k") == [11, 11, 11]


def test_table_that_was_asked_for_and_comes_when_all_is_there_is_not_taken() -> None:
    cluster = Cluster(ReplicationSettings(commit_rule=AnyOf(1)))
    for number in range(12):
        cluster.ask(write("k", number), at=1.0 + 0.01 * number)
    cluster.env.run(3.0)
    b = cluster.b
    assert b.replica is not None
    b.replica._table_asked_in = 0
    b.deliver(Install(1, cluster.a, Snapshot(4, 1, {}), number=1))
    cluster.env.run(3.005)
    assert b.stored.log.last_position == 13
