"""Where reads go, and what a session may count on."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest

from models import Host, Network, Region, Unavailable, Zone
from models.replication import read, write
from models.replication.primary_replica import (
    AnyOf,
    Asynchronous,
    IfBehind,
    PrimaryReplicaStore,
    ReadPolicy,
    ReplicationSettings,
    Source,
    kafka,
    postgres,
)
from models.replication.primary_replica.requests import Demand, NotPrimary
from simulator import Environment

from .building import FAILOVER, HOP, SYNC, Cluster

LAG = 0.5


def lagging(**reads: Any) -> Cluster:
    """Replicas that apply half a second late, and a policy of reading there."""
    return Cluster(postgres("local", apply_delay=LAG), reads=ReadPolicy(**reads))


def test_reads_go_to_the_primary_unless_said_otherwise() -> None:
    cluster = lagging()
    cluster.ask(write("k", 1), at=1.5)
    saw = cluster.ask(read("k"), at=1.6)
    cluster.env.run(3)
    assert saw == [pytest.approx(1.6 + 2 * HOP), 1]
    assert cluster.a.statistics().call_count == 2


def test_any_member_is_any_member() -> None:
    cluster = lagging(source=Source.ANY)
    for number in range(300):
        cluster.ask(read("k"), at=0.01 * number)
    cluster.env.run(5)
    counts = [each.statistics().call_count for each in cluster.store.nodes]
    assert sum(counts) == 300
    assert all(70 < count < 130 for count in counts)


def test_nearest_is_in_the_same_zone_if_one_is_there() -> None:
    env = Environment(seed=1)
    network = Network(env, latencies=HOP)
    region, other = Region("north"), Region("south")
    zones = [Zone("n1", region), Zone("n2", region), Zone("s1", other)]
    hosts = [Host(env, f"db-{zone.name}", zone=zone) for zone in zones]
    store = PrimaryReplicaStore(
        env,
        network,
        hosts,
        settings=ReplicationSettings(commit_rule=Asynchronous()),
        reads=ReadPolicy(source=Source.NEAREST),
    )
    far_zone = Zone("s2", other)
    for zone, expected in ((zones[1], 1), (zones[2], 2), (far_zone, 2)):
        before = [node.statistics().call_count for node in store.nodes]
        client = store.client(Host(env, f"web-{zone.name}", zone=zone))
        env.process(client.call(read("k")))
        env.run(env.now + 1.0)
        asked = [
            node.statistics().call_count - count for node, count in zip(store.nodes, before, strict=True)
        ]
        assert asked == [int(index == expected) for index in range(3)]


def asking(cluster: Cluster, *picked: int, **reads: Any) -> Any:
    """Return a client that reads from these members, in this order."""
    client = cluster.store.client(cluster.client_host, ReadPolicy(source=Source.ANY, **reads))
    picks = iter(picked)
    client._pick = lambda: next(picks)  # type: ignore[method-assign]
    return client


def near_b(cluster: Cluster, **reads: Any) -> Any:
    """Return a client whose nearest member is b, as it runs there."""
    return cluster.store.client(cluster.hosts[1], ReadPolicy(source=Source.NEAREST, **reads))


def test_replica_is_behind_by_the_lag_and_that_can_be_seen() -> None:
    cluster = lagging()
    client = near_b(cluster)
    cluster.ask(write("k", 1), at=1.5, client=client)
    early, late = (cluster.ask(read("k"), at=time, client=client) for time in (1.8, 2.3))
    cluster.env.run(1.8)
    lag = cluster.store.lag(cluster.b)
    assert lag.record_count == 1
    assert lag.time == pytest.approx(0.3 - HOP)
    cluster.env.run(5)
    assert (early[1], late[1]) == (None, 1)


def test_own_writes_are_waited_for_at_the_replica() -> None:
    cluster = lagging()
    client = near_b(cluster, own_writes=True)
    wrote = cluster.ask(write("k", 1), at=1.5, client=client)
    saw = cluster.ask(read("k"), at=1.6, client=client)
    cluster.env.run(5)
    assert wrote == [pytest.approx(1.5 + 2 * HOP + SYNC), None]
    # It is at b one hop after it was synced, is synced there, and applied so much later; b is at no distance.
    assert saw == [pytest.approx(1.5 + 2 * HOP + 2 * SYNC + LAG, abs=2 * HOP + 1e-9), 1]


def test_own_writes_are_asked_of_the_primary_where_the_replica_is_behind() -> None:
    cluster = lagging()
    client = near_b(cluster, own_writes=True, if_behind=IfBehind.PRIMARY)
    cluster.ask(write("k", 1), at=1.5, client=client)
    early, late = (cluster.ask(read("k"), at=time, client=client) for time in (1.6, 3.0))
    cluster.env.run(5)
    hop_here = HOP  # one latency everywhere, on the host too
    assert early == [pytest.approx(1.6 + 2 * hop_here + 2 * HOP), 1]
    assert late == [pytest.approx(3.0 + 2 * hop_here), 1]


def test_others_writes_are_not_waited_for() -> None:
    cluster = lagging()
    client = near_b(cluster, own_writes=True)
    cluster.ask(write("k", 1), at=1.5)
    saw = cluster.ask(read("k"), at=1.6, client=client)
    cluster.env.run(5)
    assert saw == [pytest.approx(1.6 + 2 * HOP), None]


@pytest.mark.parametrize("is_monotonic", [False, True])
def test_monotonic_reads_do_not_go_back(is_monotonic: bool) -> None:
    """The first read goes to the primary, the next to replicas, that lag."""
    cluster = lagging()
    client = asking(cluster, 0, 1, 2, 1, 2, is_monotonic=is_monotonic)
    cluster.ask(write("k", 1), at=1.5)
    ends = [cluster.ask(read("k"), at=time, client=client) for time in (1.6, 1.65, 1.66, 1.67, 1.68)]
    cluster.env.run(5)
    assert [end[1] for end in ends] == ([1] * 5 if is_monotonic else [1, None, None, None, None])


def test_read_that_waits_too_long_is_unavailable() -> None:
    cluster = lagging()
    client = near_b(cluster, own_writes=True, wait_max=0.2)
    cluster.ask(write("k", 1), at=1.5, client=client)
    end = cluster.ask(read("k"), at=1.6, client=client)
    cluster.env.run(5)
    assert end == [pytest.approx(1.6 + 2 * HOP + 0.2), Unavailable]


def test_reads_from_replicas_are_not_claimed_to_be_linearizable() -> None:
    claims = {source: Cluster(reads=ReadPolicy(source=source)).store.is_linearizable for source in Source}
    assert claims == {Source.PRIMARY: True, Source.ANY: False, Source.NEAREST: False}


def test_contents_of_a_member_that_is_down_are_those_that_it_still_has() -> None:
    cluster = Cluster(postgres("local"))
    cluster.ask(write("k", 1), at=1.5)
    cluster.at(2.0, cluster.hosts[1].crash)
    cluster.ask(write("k", 2), at=2.5)
    cluster.env.run(3)
    assert cluster.values("k") == [2, 1, 2]
    cluster.b.stored.disk.destroy()
    assert cluster.values("k") == [2, None, 2]


@pytest.mark.parametrize(
    ("settings", "error", "text"),
    [
        ({"source": "any"}, TypeError, "source must be a Source, got 'any'"),
        ({"if_behind": "wait"}, TypeError, "if_behind must be an IfBehind, got 'wait'"),
        ({"wait_max": -1.0}, ValueError, "wait_max must be >= 0 s, got -1.0"),
    ],
)
def test_policies_that_cannot_be_are_refused(settings: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        ReadPolicy(**settings)


@pytest.mark.parametrize("asked", [1, 2], ids=["the new primary", "its replica"])
def test_own_write_that_a_failover_has_lost_is_not_waited_for(asked: int) -> None:
    """Its position is beyond the new primary's log, and nobody writes any more."""
    cluster = Cluster(ReplicationSettings(commit_rule=Asynchronous(), failover=FAILOVER))
    client = asking(cluster, asked, own_writes=True)
    cluster.isolate(cluster.hosts[:1], cluster.hosts[1:], at=1.0, until=60.0)
    wrote = [cluster.ask(write("k", number), at=1.1 + 0.1 * number, client=client) for number in range(5)]
    cluster.at(2.5, cluster.hosts[0].crash)
    saw = cluster.ask(read("k"), at=10.0, client=client)
    cluster.env.run(20.0)
    assert [end[1] for end in wrote] == [None] * 5
    assert cluster.store.statistics().lost_count == 5
    assert saw == [pytest.approx(10.0 + 2 * HOP), None]


def waiting_for_a_standby() -> Cluster:
    """A row that b shows and the primary does not, as c, which has to have it too, is down."""
    cluster = Cluster(postgres("on", AnyOf(2)))
    cluster.at(1.0, cluster.hosts[2].crash)
    cluster.ask(write("k", 1), at=1.5, patience=100.0)
    return cluster


@pytest.mark.parametrize("if_behind", IfBehind)
def test_monotonic_reads_do_not_go_back_from_a_standby_to_the_primary(if_behind: IfBehind) -> None:
    cluster = waiting_for_a_standby()
    client = asking(cluster, 1, 0, is_monotonic=True, if_behind=if_behind)
    first = cluster.ask(read("k"), at=2.0, client=client)
    second = cluster.ask(read("k"), at=2.5, client=client, patience=10.0)
    cluster.at(4.0, cluster.hosts[2].restart)
    cluster.env.run(3.9)
    assert (first[1], second) == (1, [])
    cluster.env.run(10.0)
    assert second[1] == 1


def test_reader_who_gives_up_waiting_at_the_primary_shows_nobody_the_row() -> None:
    cluster = waiting_for_a_standby()
    client = asking(cluster, 1, 0, is_monotonic=True, wait_max=0.2)
    cluster.ask(read("k"), at=2.0, client=client)
    gave_up, saw = cluster.ask(read("k"), at=2.5, client=client), cluster.ask(read("k"), at=4.0)
    cluster.at(5.0, cluster.hosts[2].restart)
    late = cluster.ask(read("k"), at=8.0)
    cluster.env.run(10.0)
    assert (gave_up[1], saw[1], late[1]) == (Unavailable, None, 1)


def test_own_write_of_which_the_leader_alone_has_told_is_waited_for_at_the_leader() -> None:
    cluster = Cluster(kafka("1", failover=FAILOVER, heartbeat_interval=0.5))
    cluster.cut(cluster.hosts[0], cluster.hosts[1], at=1.0, until=3.0)  # the high watermark stands still
    client = cluster.store.client(cluster.client_host, ReadPolicy(own_writes=True))
    cluster.ask(write("k", 1), at=1.5, client=client)
    own, others = cluster.ask(read("k"), at=2.0, client=client, patience=5.0), cluster.ask(read("k"), at=2.0)
    cluster.env.run(10.0)
    assert (own[1], others[1]) == (1, None)
    assert own[0] > 3.0


def test_old_primary_asked_for_what_a_later_one_has_written_does_not_answer() -> None:
    """It is cut off and does not know; the mark says so."""
    cluster = Cluster(postgres("local"))
    cluster.env.run(1.0)
    later = Demand(of_primary=True, mark=(2, 1), waits=True, wait_max=inf)
    with pytest.raises(StopIteration) as ended:
        next(cluster.a._read_as_primary("k", later))
    assert ended.value.value == NotPrimary(1, 0)


def test_reader_at_a_leader_is_told_when_that_is_none_any_more() -> None:
    """It is cut off and will not hear of a commit, and whoever waits there has no time-out of its own."""
    cluster = Cluster(kafka("1", failover=FAILOVER, heartbeat_interval=0.5))
    a, b, c = cluster.hosts
    cluster.isolate([a], [b, c, cluster.monitor_host], at=2.5, until=60.0)
    client = cluster.store.client(cluster.client_host, ReadPolicy(own_writes=True))
    cluster.ask(write("k", 1), at=3.0, client=client)
    own = cluster.ask(read("k"), at=3.5, client=client, patience=30.0)
    cluster.env.run(10.0)
    assert own == [pytest.approx(5.0 + HOP), Unavailable]


def test_readers_at_a_replica_go_on_when_that_is_primary_and_when_it_is_none_any_more() -> None:
    """One waits for what b, promoted, commits with its first record; one for what a, deposed, is sent."""
    cluster = Cluster(ReplicationSettings(commit_rule=AnyOf(1), failover=FAILOVER))
    a, b, c = cluster.hosts
    cluster.ask(write("k", 1), at=1.0)
    cluster.isolate([a], [b, c, cluster.monitor_host], at=2.5, until=12.0)
    cluster.env.run(2.6)
    ends = {}
    for member, host in ((cluster.a, a), (cluster.b, b)):
        client = cluster.store.client(host, ReadPolicy(source=Source.NEAREST, own_writes=True))
        client._own = (2, 1)
        ends[member.name] = cluster.ask(read("k"), at=2.7, client=client, patience=30.0)
    cluster.env.run(5.0)
    assert list(ends.values()) == [[], []]
    cluster.env.run(20.0)
    assert [end[1] for end in ends.values()] == [1, 1]
    assert 5.0 < ends[cluster.b.name][0] < 6.0
    assert 12.0 < ends[cluster.a.name][0] < 14.0


@pytest.mark.parametrize("member", [0, 1], ids=["primary", "replica"])
def test_reader_who_gave_up_is_not_woken_when_what_he_waited_for_comes(member: int) -> None:
    cluster = Cluster(ReplicationSettings(commit_rule=Asynchronous()))
    cluster.env.run(1.5)
    client = asking(cluster, member, own_writes=True, wait_max=0.1)
    client._own = (1, 2)
    end = cluster.ask(read("k"), at=2.0, client=client)
    cluster.env.run(2.5)
    primary, replica = cluster.a.primary, cluster.b.replica
    assert primary is not None
    assert replica is not None
    assert (len(primary._waiting), replica._waiting) == (0, [])
    cluster.ask(write("k", 1), at=3.0)  # nobody is there to be woken
    cluster.env.run(5.5)
    assert end[1] is Unavailable
    assert cluster.values("k") == [1, 1, 1]


def test_client_begins_anew_with_its_host() -> None:
    """It remembers neither who the primary is nor what it has written: that was in its memory."""
    cluster = lagging()
    client = asking(cluster, 1, own_writes=True)
    cluster.ask(write("k", 1), at=1.5, client=client)
    cluster.at(1.6, cluster.client_host.crash)
    cluster.at(1.7, cluster.client_host.restart)
    saw = cluster.ask(read("k"), at=1.8, client=client)
    cluster.env.run(5.0)
    assert saw == [pytest.approx(1.8 + 2 * HOP), None]


def test_lag_behind_a_primary_that_has_dropped_its_log_is_known_in_records() -> None:
    cluster = Cluster(ReplicationSettings(commit_rule=Asynchronous(), snapshot_interval=5))
    cluster.at(1.0, cluster.hosts[1].crash)
    for number in range(9):
        cluster.ask(write("k", number), at=2.0 + 0.1 * number)
    cluster.env.run(5.0)
    assert cluster.a.stored.log.first_position == cluster.a.stored.log.last_position + 1
    lag = cluster.store.lag(cluster.b)
    assert (lag.record_count, lag.time) == (10, 0.0)


def test_answers_that_come_out_of_order_take_nothing_from_a_session() -> None:
    cluster = lagging()
    client = asking(cluster, 0, own_writes=True, is_monotonic=True)
    cluster.ask(write("k", 1), at=1.5, client=client)
    cluster.ask(read("k"), at=1.5, client=client)
    cluster.env.run(1.505)
    client._own = client._seen = (1, 9)  # by another answer, which has overtaken these
    cluster.env.run(3.0)
    assert (client._own, client._seen) == ((1, 9), (1, 9))
