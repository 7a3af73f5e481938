"""The store on Raft keeps the contract of stores."""

from __future__ import annotations

from typing import Any

import pytest

from models import ServerError
from models.consensus import RaftFlaws, RaftSettings, RaftStore
from models.consensus.raft import Reads
from models.replication import Store, add, append, compare_and_set, delete, read, scan, write
from models.replication.scans import AllKeys, Scanned

from ..world import World


def test_store_answers_all_operations_and_claims_to_be_linearizable() -> None:
    world = World()
    store = world.store
    assert isinstance(store, Store)
    assert store.is_linearizable
    world.elect()
    client = store.client(world.web)
    requests = [
        write("x", 1),
        read("x"),
        compare_and_set("x", 1, 2),
        compare_and_set("x", 1, 3),
        append("list", "a"),
        add("n", 5),
        read("list"),
        append("n", "a"),
    ]
    asked = [world.ask(client, request, 0.1 * place) for place, request in enumerate(requests)]
    world.run(2.0)
    *answers, failure = (each.outcome for each in asked)
    assert answers == [None, 1, True, False, None, None, ("a",)]
    assert isinstance(failure, ServerError)
    assert store.contents() == {node.name: {"x": 2, "list": ("a",), "n": 5} for node in store.nodes}


def test_nodes_stand_in_the_order_of_their_hosts_and_are_named_after_the_store() -> None:
    world = World(3)
    store = RaftStore(world.env, world.network, world.hosts, name="orders")
    assert [node.name for node in store.nodes] == ["orders-1", "orders-2", "orders-3"]
    assert [node.host for node in store.nodes] == world.hosts
    assert store.client(world.web).name == "orders client 1"


def test_statistics_count_what_has_happened() -> None:
    world = World()
    world.elect()
    world.ask(world.client(), write("x", 1))
    world.run(1.0)
    now = world.store.statistics()
    assert (now.election_count, now.term_max, now.committed_count) == (1, 1, 2)
    assert now.sent_count > 40


@pytest.mark.parametrize("reads", Reads)
@pytest.mark.parametrize("snapshot_after", [3, 1000])
def test_mark_is_good_at_the_next_leader_and_across_snapshots(reads: Reads, snapshot_after: int) -> None:
    world = World(settings=RaftSettings(reads=reads, snapshot_after=snapshot_after, entries_kept=0))
    first, _, third = world.nodes
    world.elect(first)
    client = world.store.client(world.web)

    def now(request: Any) -> Any:
        asked = world.ask(client, request)
        world.run(3.0)
        return asked.outcome

    world.cut(third)
    now(write("a", 1))
    now(write("b", 1))
    mark = now(scan(AllKeys())).mark
    for request in (write("a", 2), delete("b"), write("c", 3), write("a", 4)):
        now(request)
    changed = {"a": 4, "b": None, "c": 3}
    assert dict(now(scan(AllKeys(), mark)).items) == changed
    world.heal()
    world.run(3.0)
    while (leader := world.elect()) is not third:
        leader.crash()
        world.run(3.0)
        leader.restart()
    assert (third.installed_count > 0) == (snapshot_after == 3)
    told = now(scan(AllKeys(), mark))
    assert (dict(told.items), told.mark) == (changed, mark + 4)
    assert isinstance(now(scan(AllKeys(), mark + 5)), ServerError)
    assert now(write("d", 1)) is None  # and no node is hurt


@pytest.mark.parametrize("is_unchecked", [False, True])
def test_leader_that_is_cut_off_answers_no_stale_scan_unless_that_bug_is_planted(is_unchecked: bool) -> None:
    settings = RaftSettings(clock_drift_bound=1.1 / 0.9, election_timeout_max=0.2)
    world = World(5, settings=settings, flaws=RaftFlaws(reads_unchecked=is_unchecked))
    old, follower, *others = world.nodes
    world.elect(old)
    inside, outside = world.new_host("inside"), world.new_host("outside")
    world.ask(world.store.client(outside), write("x", "old"))
    world.run(0.25)
    world.cut(old, follower, clients=(inside,))
    way = world.network.connect(inside, old)
    asked = [world.ask(way, scan(AllKeys()), 0.004 * number) for number in range(125)]
    world.run_until(lambda: any(node.leadership is not None for node in others))
    new = world.cluster.leader
    assert new not in (None, old)
    written = world.ask(world.network.connect(outside, new), write("x", "new"))
    world.run(3.0)
    assert written.outcome is None
    assert written.ended_at is not None
    late = [each.outcome for each in asked if each.started_at > written.ended_at]
    assert len(late) > 10
    assert any(isinstance(told, Scanned) for told in late) == is_unchecked


@pytest.mark.parametrize("snapshot_after", [1, 1000])
def test_store_begins_with_its_contents_on_every_node_and_after_every_restart(snapshot_after: int) -> None:
    world = World()
    settings = RaftSettings(snapshot_after=snapshot_after, entries_kept=0)
    contents = {"a": 1, "b": 2}
    store = RaftStore(
        world.env, world.network, world.hosts, contents=contents, settings=settings, name="restored"
    )
    client = store.client(world.web)
    asked = [world.ask(client, request, 2.0 + at) for at, request in enumerate((read("a"), write("b", 3)))]
    world.run(5.0)
    assert [each.outcome for each in asked] == [1, None]
    for host in world.hosts:
        host.crash()
        host.restart()
    world.run(5.0)
    assert store.contents() == {each.name: {"a": 1, "b": 3} for each in store.nodes}


def test_contents_that_are_no_mapping_are_refused() -> None:
    world = World()
    with pytest.raises(TypeError, match="contents must be a Mapping, got"):
        RaftStore(world.env, world.network, world.hosts, contents=["a"], name="other")  # type: ignore[arg-type] # as a user may
