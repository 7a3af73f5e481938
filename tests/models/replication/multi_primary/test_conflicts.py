"""What becomes of two updates of one key at two nodes, by hand, and what is counted of it."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from models import Request
from models.replication import ADD, add, append, compare_and_set, delete, read, set_add, set_remove, write
from models.replication.multi_primary import Crdts, KeepSiblings, LastWriterWins, Register
from models.replication.versions import VersionVector
from models.storage import PeriodicSync
from tests.models.replication.multi_primary.building import DONE, SYNC, WAY, Told, World, plain


def test_an_update_is_told_after_one_sync_and_is_at_the_other_node_a_way_and_a_sync_later() -> None:
    world = World()
    told = world.call(0, write("x", 1))
    world.env.run(until=2 * WAY + 2 * SYNC)
    assert (told.outcome, told.at) == (DONE, 2 * WAY + SYNC)
    assert world.held("x") == [1, None]
    world.run(0.001)
    assert world.held("x") == [1, 1]


def test_a_reader_sees_nothing_that_is_not_committed() -> None:
    world = World()
    world.call(0, write("x", 1))
    early, late = world.call(0, read("x"), at=SYNC - 0.001), world.call(0, read("x"), at=SYNC + 0.001)
    world.run()
    assert (early.outcome, late.outcome) == (("ok", None), ("ok", 1))


def test_a_read_tells_sessions_of_what_is_committed_and_a_missed_compare_and_set_waits_for_it() -> None:
    world = World()
    told = world.call(0, write("x", 1))
    versions = []

    def reader() -> Generator[Any, Any, None]:
        response = yield from world.client(0).call(read("x"))
        versions.append(response.version)

    for at in (SYNC / 2, 2 * SYNC):  # while it is synced, and after that
        world.at(at, world.env.process, reader(), "reader")
    missed = world.call(0, compare_and_set("x", None, 2), at=SYNC / 2)
    world.run()
    assert versions == [VersionVector(), VersionVector({"store on n0/0": 1})]
    assert (missed.outcome, missed.at) == (("ok", False), told.at)


def at_once(resolution: Any, first: Request, second: Request, *, before: Request | None = None) -> World:
    """Let the two nodes take an update each, half a way apart, both long before they hear of each other."""
    world = World(plain(resolution=resolution))
    if before is not None:
        world.put(before)
        world.run()
    told = [world.call(0, first), world.call(1, second, at=world.env.now + WAY / 2)]
    world.run()
    assert [each.outcome for each in told] == [DONE, DONE]
    return world


def test_of_two_writes_at_once_the_later_wins_and_the_other_is_lost_without_any_partition() -> None:
    world = at_once(LastWriterWins(), write("x", "first"), write("x", "second"))
    assert world.held("x") == ["second", "second"]
    statistics = world.store.statistics()
    assert (statistics.acknowledged_count, statistics.conflict_count) == (2, 1)
    assert (statistics.overwritten_count, statistics.gone_count) == (1, 0)


def test_a_write_that_has_seen_the_other_is_no_conflict_and_loses_nothing() -> None:
    world = World()
    world.put(write("x", 1), node=0)
    world.run()
    world.put(write("x", 2), node=1)
    world.run()
    assert world.held("x") == [2, 2]
    statistics = world.store.statistics()
    assert (statistics.conflict_count, statistics.overwritten_count) == (0, 0)


def test_two_writes_of_different_keys_are_no_conflict() -> None:
    world = at_once(LastWriterWins(), write("x", 1), write("y", 2))
    assert world.store.statistics().conflict_count == 0


def test_at_the_same_time_the_larger_value_wins_everywhere() -> None:
    world = World()
    world.call(0, write("x", 7))
    world.call(1, write("x", 5))
    world.run()
    assert world.held("x") == [7, 7]


def test_at_the_same_time_one_of_two_sets_wins_everywhere() -> None:
    world = World()
    for node in (0, 1):
        world.call(node, set_add("x", node))
    world.run()
    assert world.held("x") == [{1}, {1}]


def test_at_the_same_time_a_delete_wins() -> None:
    world = World()
    world.call(0, write("x", 7))
    world.call(1, delete("x"))
    world.run()
    assert world.held("x") == [None, None]


@pytest.mark.slow
def test_a_node_gives_its_own_writes_of_one_instant_different_times() -> None:
    world = World()
    world.call(0, write("x", 7))
    world.call(0, write("x", 5))
    world.run()
    assert world.held("x") == [5, 5]
    statistics = world.store.statistics()
    assert (statistics.conflict_count, statistics.overwritten_count) == (0, 0)


@pytest.mark.parametrize("is_hybrid", [True, False])
def test_so_does_one_whose_clock_is_so_far_ahead_that_a_microsecond_more_is_nothing(is_hybrid: bool) -> None:
    world = World(plain(resolution=LastWriterWins(is_hybrid=is_hybrid)), count=1)
    world.hosts[0].skew_clock("test", 1e13)
    for value in (7, 5):
        world.call(0, write("x", value))
    world.run()
    assert world.held("x") == [5]


def with_a_clock_behind(resolution: LastWriterWins) -> tuple[World, Told]:
    """The second node's clock is 10 s behind, and it writes what it has seen the first one write."""
    world = World(plain(resolution=resolution))
    world.hosts[1].skew_clock("test", -10.0)
    world.put(write("x", "old"), node=0)
    world.run(2.0)
    told = world.call(1, write("x", "new"))
    world.run()
    return world, told


@pytest.mark.parametrize(("is_hybrid", "since"), [(False, 10.0), (True, 0.0)])
def test_what_a_node_has_written_whose_clock_is_ahead_wins_over_all_that_is_written_later_until_then(
    is_hybrid: bool, since: float
) -> None:
    for later in (1.0, 9.0, 11.0):
        world = World(plain(resolution=LastWriterWins(is_hybrid=is_hybrid)))
        world.hosts[1].skew_clock("test", 10.0)
        world.put(write("x", "of the future"), node=1)
        world.env.run(until=later)
        told = world.call(0, write("x", "later"))
        world.run()
        assert told.outcome == DONE
        assert world.held("x") == ["later" if later > since else "of the future"] * 2


def test_a_hybrid_timestamp_is_later_than_the_clock_that_is_furthest_ahead_by_microseconds_only() -> None:
    world = World(plain(resolution=LastWriterWins(is_hybrid=True)))
    world.hosts[1].skew_clock("test", 10.0)
    for number in range(6):
        world.put(write("x", number), node=number % 2)
        world.run(1.0)
    found = world.nodes[0].holdings.shown["x"].version.timestamp
    assert world.env.now < found < world.env.now + 10.0


def test_a_node_whose_clock_is_behind_loses_what_it_has_just_acknowledged() -> None:
    world, told = with_a_clock_behind(LastWriterWins())
    assert told.outcome == DONE
    assert world.held("x") == ["old", "old"]
    statistics = world.store.statistics()
    assert (statistics.conflict_count, statistics.overwritten_count) == (0, 1)


def test_with_a_hybrid_clock_what_has_seen_the_other_wins_whatever_the_clocks_say() -> None:
    world, _ = with_a_clock_behind(LastWriterWins(is_hybrid=True))
    assert world.held("x") == ["new", "new"]
    assert world.store.statistics().overwritten_count == 0


def test_a_hybrid_clock_does_not_help_two_at_once() -> None:
    world = at_once(LastWriterWins(is_hybrid=True), write("x", "first"), write("x", "second"))
    assert world.store.statistics().overwritten_count == 1


def test_last_writer_wins_takes_values_whole_and_loses_half_of_a_counter_a_set_and_a_list() -> None:
    assert at_once(LastWriterWins(), add("x", 5), add("x", 3)).held("x") == [3, 3]
    assert at_once(LastWriterWins(), set_add("x", 5), set_add("x", 3)).held("x") == [{3}, {3}]
    assert at_once(LastWriterWins(), append("x", 5), append("x", 3)).held("x") == [(3,), (3,)]
    both = at_once(LastWriterWins(), set_add("x", 5), set_remove("x", 1), before=set_add("x", 1))
    assert both.held("x") == [frozenset(), frozenset()]


def test_two_nodes_both_say_yes_to_a_compare_and_set() -> None:
    world = World()
    told = [world.call(node, compare_and_set("x", None, node)) for node in (0, 1)]
    world.run()
    assert [each.outcome for each in told] == [("ok", True)] * 2
    assert world.store.statistics().overwritten_count == 1
    told = [world.call(0, compare_and_set("x", "else", 5))]
    world.run()
    assert told[0].outcome == ("ok", False)
    assert world.store.statistics().taken_count == 2


def test_of_a_chain_of_updates_that_loses_each_is_lost() -> None:
    """The winner comes of none of them: a counter has neither of the two adds."""
    world = World(plain(resolution=LastWriterWins()))
    world.cut(*world.hosts)
    world.cut(*reversed(world.hosts))
    for node, request in [(0, add("x", 1)), (0, add("x", 2)), (1, add("x", 4))]:
        world.put(request, node=node)
    for rule in list(world.network._rules):
        world.network.heal(rule)
    world.run()
    assert world.held("x") == [4, 4]
    assert world.store.statistics().overwritten_count == 2


def test_an_update_whose_conflict_another_node_has_met_is_not_lost_if_its_successor_wins() -> None:
    """n2 sees the first write of n0 lose to that of n1; the second write of n0, made on its first, wins."""
    world = World(count=3)
    rule = world.network.partition(world.hosts[0], world.hosts[1])
    world.put(write("x", "first of n0"), node=0)
    world.put(write("x", "n1"), node=1)
    world.run(0.4)
    assert world.held("x") == ["first of n0", "n1", "n1"]
    world.put(write("x", "second of n0"), node=0)
    world.network.heal(rule)
    world.run()
    assert world.held("x") == ["second of n0"] * 3
    assert world.store.statistics().overwritten_count == 1


def test_what_was_made_on_one_that_is_gone_was_made_on_those_before_it_too() -> None:
    """n2 has the first and the third of three updates, made on each other; what n0 and n1 had is gone."""
    world = World(plain(durability=PeriodicSync(interval=100.0)), count=3)
    world.put(write("x", 1))
    world.run(4.0)
    world.cut(world.hosts[0], world.hosts[2])
    world.put(write("x", 2), node=0)
    world.put(write("x", 3), node=1)
    world.run(WAY)
    for node in world.nodes[:2]:
        node.disk.destroy()
    assert world.held("x") == [None, None, 3]
    statistics = world.store.statistics()
    assert (statistics.acknowledged_count, statistics.gone_count) == (3, 1)
    assert statistics.overwritten_count == 0


def test_siblings_are_both_there_until_a_client_that_has_read_them_writes() -> None:
    world = at_once(KeepSiblings(), write("x", "first"), write("x", "second"))
    assert world.held("x") == [("first", "second")] * 2
    client = world.client(1)
    found = world.call(client, read("x"))
    world.run()
    assert found.outcome == ("ok", ("first", "second"))
    world.call(client, write("x", "both"))
    world.run()
    assert world.held("x") == ["both", "both"]
    statistics = world.store.statistics()
    assert (statistics.conflict_count, statistics.overwritten_count) == (1, 0)


def test_a_client_that_has_not_read_adds_a_sibling_and_one_that_has_deletes_what_it_read() -> None:
    world = World(plain(resolution=KeepSiblings()))
    world.put(write("x", 1))
    world.put(write("x", 2))
    world.run()
    assert world.held("x") == [(1, 2), (1, 2)]
    client = world.client(0)
    world.call(client, read("x"))
    world.run()
    world.put(write("x", 3))
    world.call(client, delete("x"))
    world.run()
    assert world.held("x") == [3, 3]


def test_counters_and_sets_lose_nothing() -> None:
    counters = at_once(Crdts(), add("x", 5), add("x", 3), before=add("x", 1))
    assert counters.held("x") == [9, 9]
    sets = at_once(Crdts(), set_add("x", 5), set_remove("x", 1), before=set_add("x", 1))
    assert sets.held("x") == [{5}, {5}]
    assert sets.store.statistics().conflict_count == 1
    assert sets.store.statistics().overwritten_count == 0


def test_of_an_add_and_a_remove_at_once_the_add_wins() -> None:
    world = at_once(Crdts(), set_remove("x", 1), set_add("x", 1), before=set_add("x", 1))
    assert world.held("x") == [{1}, {1}]


def test_a_multi_value_register_keeps_two_at_once_and_the_next_write_replaces_both() -> None:
    world = at_once(Crdts(), write("x", "first"), write("x", "second"), before=write("x", "before"))
    assert world.held("x") == [("first", "second")] * 2
    assert world.store.statistics().overwritten_count == 0
    world.put(write("x", "after"))
    world.run()
    assert world.held("x") == ["after", "after"]
    world.put(delete("x"))
    world.run()
    assert world.held("x") == [None, None]


def test_a_last_writer_register_keeps_the_later() -> None:
    resolution = Crdts(register=Register.LAST_WRITER)
    world = at_once(resolution, write("x", "first"), write("x", "second"), before=write("x", "before"))
    assert world.held("x") == ["second", "second"]
    assert world.store.statistics().overwritten_count == 1


def test_where_a_key_is_a_register_and_a_counter_only_what_is_written_can_be_overwritten() -> None:
    world = at_once(Crdts(register=Register.LAST_WRITER), write("x", "first"), add("x", 5))
    assert world.store.statistics().overwritten_count == 0
    for node in (0, 1):
        world.call(node, add("x", 1))
        world.call(node, write("x", node))
    world.run()
    assert world.held("x") == [{"counter": 7, "register": 1}] * 2
    assert world.store.statistics().overwritten_count == 1  # of one instant the larger wins


def test_what_two_nodes_have_made_different_things_is_both() -> None:
    world = at_once(Crdts(), add("x", 5), set_add("x", 3))
    assert world.held("x") == [{"counter": 5, "set": {3}}] * 2
    world.put(add("x", 1))
    world.run()
    assert world.held("x") == [{"counter": 6, "set": {3}}] * 2


@pytest.mark.parametrize(
    ("resolution", "request_"),
    [
        (KeepSiblings(), add("x", 1)),
        (KeepSiblings(), compare_and_set("x", None, 1)),
        (Crdts(), compare_and_set("x", None, 1)),
        (Crdts(), append("x", 1)),
        (Crdts(), write("set", 1)),
        (Crdts(), add("set", 1)),
        (Crdts(), add("x", float("nan"))),
        (Crdts(), Request(ADD, "x", True)),
        (LastWriterWins(), add("set", 1)),
        (LastWriterWins(), Request("increment", "x")),
    ],
)
def test_what_cannot_be_done_is_a_server_error_and_nothing_is_done(
    resolution: Any, request_: Request
) -> None:
    world = World(plain(resolution=resolution))
    first = world.call(0, write("set", 1) if isinstance(resolution, KeepSiblings) else set_add("set", 1))
    world.run()
    before = world.store.contents()
    told = world.call(0, request_)
    world.run()
    assert (first.outcome, told.outcome) == (DONE, "ServerError")
    assert world.store.contents() == before
    assert world.store.statistics().taken_count == 1
