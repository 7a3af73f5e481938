"""Scans of a primary and its replicas: who answers them, up to where, and which marks are still good."""

from __future__ import annotations

from typing import Any

import pytest

from models.failures import ServerError, Unavailable
from models.replication import delete, read, scan, write
from models.replication.primary_replica import (
    AllOf,
    AnyOf,
    Asynchronous,
    IfBehind,
    ReadPolicy,
    ReplicationFlaws,
    ReplicationSettings,
    Source,
    Told,
)
from models.replication.scans import AllKeys, GivenKeys, Scanned

from .building import Cluster, cluster_of, split

EVERYTHING = scan(AllKeys())


def put(cluster: Cluster, **values: Any) -> None:
    """Write values, or delete where one is `None`, and wait until it is done everywhere."""
    for key, value in values.items():
        request = delete(key) if value is None else write(key, value)
        cluster.ask(request, at=cluster.env.now)
    cluster.env.run(until=cluster.env.now + 3.0)


def scanned(cluster: Cluster, after: Any = None, *, client: Any = None) -> Any:
    """What a scan tells now: its items by key and its mark, or its failure."""
    ends = cluster.ask(scan(AllKeys(), after), at=cluster.env.now, client=client)
    cluster.env.run(until=cluster.env.now + 2.0)
    told = ends[1]
    return (dict(told.items), told.mark) if isinstance(told, Scanned) else told


def nearest(cluster: Cluster, index: int, **policy: Any) -> Any:
    """A client on the host of a member, which reads there."""
    return cluster.store.client(cluster.hosts[index], ReadPolicy(source=Source.NEAREST, **policy))


def test_scan_at_a_replica_tells_what_is_there_and_its_mark_is_that_of_its_table() -> None:
    cluster = Cluster(ReplicationSettings(commit_rule=Asynchronous()))
    put(cluster, a=1, b=2)
    cluster.cut(cluster.hosts[0], cluster.hosts[1])
    put(cluster, a=3, b=None, c=4)
    behind, mark = scanned(cluster, client=nearest(cluster, 1))
    assert behind == {"a": 1, "b": 2}
    now, later = scanned(cluster)
    assert (now, mark < later) == ({"a": 3, "c": 4}, True)
    assert scanned(cluster, mark) == ({"a": 3, "b": None, "c": 4}, later)
    assert scanned(cluster, mark, client=nearest(cluster, 2)) == ({"a": 3, "b": None, "c": 4}, later)


def test_replica_that_has_not_come_up_to_the_mark_lets_the_scan_wait_or_the_primary_answer() -> None:
    cluster = Cluster(ReplicationSettings(commit_rule=Asynchronous(), apply_delay=1.0))
    put(cluster, a=1)
    for policy, end in [
        ({"if_behind": IfBehind.WAIT, "wait_max": 0.5}, Unavailable),
        ({"if_behind": IfBehind.WAIT}, Scanned),
        ({"if_behind": IfBehind.PRIMARY}, Scanned),
    ]:
        put(cluster, b=2)
        cluster.ask(write("b", 3), at=cluster.env.now)
        cluster.env.run(until=cluster.env.now + 0.1)
        scanning = cluster.ask(EVERYTHING, at=cluster.env.now)
        cluster.env.run(until=cluster.env.now + 0.1)
        asked = scan(AllKeys(), after=scanning[1].mark)
        start = cluster.env.now
        ends = cluster.ask(asked, at=start, client=nearest(cluster, 1, **policy), patience=9.0)
        cluster.env.run(until=start + 3.0)
        assert (ends[1] if end is Unavailable else type(ends[1])) is end
        assert (ends[0] - start < 0.1) == (policy["if_behind"] is IfBehind.PRIMARY)
        assert end is Unavailable or ends[1] == Scanned((), asked.value)


def test_scan_is_a_read_for_what_a_client_is_promised_to_see_again() -> None:
    cluster = Cluster(ReplicationSettings(commit_rule=Asynchronous()))
    policy = ReadPolicy(source=Source.ANY, is_monotonic=True, if_behind=IfBehind.WAIT, wait_max=0.2)
    client = cluster.store.client(cluster.client_host, policy)
    put(cluster, a=1)
    cluster.cut(cluster.hosts[0], cluster.hosts[1])
    put(cluster, a=2)
    told = []
    for number in range(30):
        request = EVERYTHING if number < 20 else read("a")
        ends = cluster.ask(request, at=cluster.env.now, client=client)
        cluster.env.run(until=cluster.env.now + 0.5)
        told.append(ends[1].items[0][1] if isinstance(ends[1], Scanned) else ends[1])
    assert set(told) == {1, 2, Unavailable} or set(told) == {2, Unavailable}
    assert 1 not in told[told.index(2) :]  # whatever it was seen by


def test_primary_that_is_cut_off_answers_no_scan_once_its_lease_is_over() -> None:
    cluster = cluster_of(AnyOf(1))
    cluster.ask(write("k", "old"))
    old, new, _ = split(cluster)
    told = [cluster.ask(EVERYTHING, at=at, client=old) for at in (6.0, 12.0)]
    cluster.ask(write("k", "new"), at=12.0, client=new)
    late = cluster.ask(EVERYTHING, at=15.0, client=new)
    cluster.env.run(until=25.0)
    assert {end for _, end in told} <= {Unavailable, "silence"}
    assert dict(late[1].items) == {"k": "new"}


def test_scan_at_a_primary_without_lease_checks_is_caught_as_stale() -> None:
    """The same with the planted bug: so the test above can fail."""
    cluster = cluster_of(AnyOf(1), flaws="reads_without_lease")
    cluster.ask(write("k", "old"))
    old, new, _ = split(cluster)
    cluster.ask(write("k", "new"), at=12.0, client=new)
    stale = cluster.ask(EVERYTHING, at=15.0, client=old)
    cluster.env.run(until=25.0)
    assert dict(stale[1].items) == {"k": "old"}


def test_mark_of_what_a_failover_has_overruled_is_refused_and_that_of_what_it_has_kept_is_good() -> None:
    cluster = cluster_of(Asynchronous())
    put(cluster, a=1)
    _, kept = scanned(cluster)
    cluster.isolate(
        [cluster.hosts[0]], [*cluster.hosts[1:]], at=cluster.env.now, until=cluster.env.now + 40.0
    )
    put(cluster, a=2, b=2)  # at a alone
    told = scanned(cluster)
    assert told[0] == {"a": 2, "b": 2}
    _, overruled = told
    cluster.hosts[0].crash()
    cluster.env.run(until=cluster.env.now + 15.0)
    cluster.ask(read("a"), at=cluster.env.now)  # finds the new primary
    cluster.env.run(until=cluster.env.now + 5.0)
    put(cluster, c=3)
    assert scanned(cluster)[0] == {"a": 1, "c": 3}
    assert scanned(cluster, overruled) is ServerError
    assert scanned(cluster, kept)[0] == {"c": 3}


@pytest.mark.parametrize(("retained_count", "is_good"), [(0, False), (50, True)])
def test_mark_is_good_as_far_back_as_the_log_goes(retained_count: int, is_good: bool) -> None:
    settings = ReplicationSettings(snapshot_interval=4, retained_count=retained_count)
    cluster = Cluster(settings)
    put(cluster, a=1, b=1)
    _, mark = scanned(cluster)
    for number in range(12):
        put(cluster, a=number)
    put(cluster, b=None)
    changed, later = scanned(cluster, mark) if is_good else ({"a": 11, "b": None}, scanned(cluster)[1])
    assert changed == {"a": 11, "b": None}
    assert scanned(cluster, later) == ({}, later)
    assert is_good or scanned(cluster, mark) is ServerError


def test_clients_whose_writes_wait_for_nothing_scan_all_the_same() -> None:
    cluster = Cluster(ReplicationSettings(commit_rule=Asynchronous(), told=Told.UNASKED))
    put(cluster, a=1)
    told, mark = scanned(cluster)
    assert told == {"a": 1}
    put(cluster, a=2)
    assert scanned(cluster, mark)[0] == {"a": 2}


# -- contents -----------------------------------------------------------------------------------------------


def test_what_the_disks_hold_at_the_beginning_every_member_shows_and_keeps() -> None:
    cluster = Cluster(ReplicationSettings(commit_rule=AllOf()), contents={"a": 1, "b": 2})
    assert [cluster.values(key) for key in "ab"] == [[1] * 3, [2] * 3]
    put(cluster, b=None, c=3)
    assert scanned(cluster)[0] == {"a": 1, "c": 3}
    for host in cluster.hosts:
        host.crash()
    assert [cluster.values(key) for key in "abc"] == [[1] * 3, [None] * 3, [3] * 3]
    for host in cluster.hosts:
        host.restart()
    cluster.env.run(until=cluster.env.now + 5.0)
    assert [cluster.values(key) for key in "abc"] == [[1] * 3, [None] * 3, [3] * 3]
    assert cluster.store.statistics().discarded_count == 0
    assert scanned(cluster)[0] == {"a": 1, "c": 3}


def test_replica_that_has_lost_its_disk_is_given_all_of_it_again() -> None:
    cluster = cluster_of(AnyOf(1), contents={"a": 1, "b": 2})
    put(cluster, b=3)
    cluster.c.stored.disk.destroy()
    assert cluster.values("a") == [1, 1, None]
    cluster.hosts[2].restart()
    cluster.env.run(until=cluster.env.now + 10.0)
    put(cluster, c=4)
    assert [cluster.values(key) for key in "abc"] == [[1] * 3, [3] * 3, [4] * 3]


def test_replica_with_a_short_log_is_given_all_of_it_whatever_it_has_written_since() -> None:
    """One that was primary with nothing on its disk: its first record is not that of the others."""
    cluster = cluster_of(Asynchronous(), contents={"a": 1, "b": 2})
    put(cluster, b=3)
    cluster.a.stored.disk.destroy()
    cluster.env.run(until=cluster.env.now + 15.0)
    cluster.hosts[0].restart()
    cluster.ask(read("a"), at=cluster.env.now)
    cluster.env.run(until=cluster.env.now + 10.0)
    put(cluster, c=4)
    assert [cluster.values(key) for key in "abc"] == [[1] * 3, [3] * 3, [4] * 3]


def test_contents_and_their_given_keys_are_asked_for_by_name() -> None:
    cluster = Cluster(contents={"a": 1, "b": 2, "c": 3}, flaws=ReplicationFlaws())
    ends = cluster.ask(scan(GivenKeys(["c", "x", "a"])), at=1.0)
    cluster.env.run(until=3.0)
    assert ends[1].items == (("c", 3), ("a", 1))


def test_contents_that_are_no_mapping_are_refused() -> None:
    with pytest.raises(TypeError, match="contents must be a Mapping, got"):
        Cluster(contents=["a"])
