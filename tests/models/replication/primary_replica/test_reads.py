"""Where reads go, and what a session may count on."""

from __future__ import annotations

from typing import Any

import pytest

from models import Host, Network, Region, Unavailable, Zone
from models.replication import read, write
from models.replication.primary_replica import (
    Asynchronous,
    IfBehind,
    PrimaryReplicaStore,
    ReadPolicy,
    ReplicationSettings,
    Source,
    postgres,
)
from simulator import Environment

from .building import HOP, SYNC, Cluster

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
    client = cluster.store.client(
        cluster.client_host, ReadPolicy(source=Source.ANY, is_monotonic=is_monotonic)
    )
    picks = iter([0, 1, 2, 1, 2])
    client._pick = lambda: next(picks)  # type: ignore[method-assign]
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
