"""The mover: goals, its lives, what it does side by side, and what it leaves alone."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from models import Host
from models.hashing import HashRing
from models.replication import SingleNodeStore, write
from models.sharding import LOWEST, Assignment, Phase, RangePartitioner, RoutingTable, StoredKey, even_table
from models.sharding.mover import (
    Ending,
    Even,
    Listed,
    MergeRanges,
    Mover,
    MoveRange,
    Placed,
    SplitRange,
)
from models.sharding.tables import hash_table, owners_by

from .moving import HOP, MOVER, MOVING, TO_TWO, MovingWorld, single

CHANGE = 2 * HOP + 0.001
"""How long a change of the table takes: there and back, and a sync."""

KEYS = tuple("abcdefghijklmnopqrstuvwxyz")


def letters(*shards: str) -> RoutingTable:
    """Return a table with a range for each two letters, dealt out to shards in turn."""
    bounds = (LOWEST, *KEYS[2::2])
    owners = [Assignment(shards[place % len(shards)]) for place in range(len(bounds))]
    return RoutingTable(RangePartitioner(), bounds, tuple(owners))


def add_third(world: MovingWorld) -> None:
    world.store.add_shard("three", single(world.env, world.network, "three", world.hosts["three"]))


def range_counts(world: MovingWorld) -> dict[str, int]:
    return {shard: len(world.store.table.places_of(shard)) for shard in world.store.shards}


# -- goals --------------------------------------------------------------------------------------------------


def test_shard_is_added_while_users_go_on_and_gets_its_share_with_the_fewest_moves() -> None:
    world = MovingWorld(table=letters("one", "two"))
    world.fill(KEYS)
    world.use(until=6.0, keys=KEYS)
    add_third(world)
    world.pursue(Even(world.store.shards))
    world.env.run(until=15.0)
    assert range_counts(world) == {"one": 5, "two": 4, "three": 4}
    assert world.mover.move_statistics().moved_count == 4
    assert world.violations() == []


def test_shard_is_emptied_and_then_removed() -> None:
    world = MovingWorld(table=letters("one", "two"))
    world.fill(KEYS)
    world.use(until=8.0, keys=KEYS)
    world.pursue(Even(["two"]))
    with pytest.raises(ValueError, match="range"):
        world.store.remove_shard("one")
    world.env.run(until=15.0)
    assert range_counts(world) == {"one": 0, "two": 13}
    world.store.remove_shard("one")
    world.env.run(until=20.0)
    assert world.violations() == []


def test_ranges_go_where_a_placement_has_them_when_a_node_joins_its_ring() -> None:
    two, three = HashRing(["one", "two"]), HashRing(["one", "two", "three"])
    world = MovingWorld(table=hash_table(two, range_count=48))
    world.fill(KEYS)
    add_third(world)
    world.pursue(Placed(three))
    world.env.run(until=40.0)
    table = world.store.table
    owners = owners_by(three, table.starts)
    assert tuple(each.shard for each in table.assignments) == owners
    changed = sum(a != b for a, b in zip(owners_by(two, table.starts), owners, strict=True))
    assert world.mover.move_statistics().moved_count == changed > 0
    assert world.violations() == []


def test_range_is_split_and_a_half_moves_and_they_cannot_be_merged_again() -> None:
    world = MovingWorld()
    world.fill()
    world.pursue(Listed(SplitRange("d"), MoveRange("d", "two")))
    world.env.run(until=5.0)
    assert [world.owner(key) for key in "acdg"] == ["one", "one", "two", "two"]
    world.pursue(Listed(MergeRanges("d"), MergeRanges("m")))
    world.env.run(until=10.0)
    assert world.store.table.starts == (LOWEST, "d", "m")  # "d" to "m" has an epoch of its own
    statistics = world.mover.move_statistics()
    assert (statistics.split_count, statistics.merge_count, statistics.moved_count) == (1, 0, 1)
    assert world.violations() == []


def test_halves_that_have_stayed_are_merged_and_no_data_moves() -> None:
    world = MovingWorld()
    world.fill()
    world.pursue(Listed(SplitRange("d")))
    world.env.run(until=3.0)
    world.pursue(Listed(MergeRanges("d")))
    world.env.run(until=6.0)
    assert world.store.table.starts == (LOWEST, "m")
    statistics = world.mover.move_statistics()
    assert (statistics.split_count, statistics.merge_count, statistics.begun_count) == (1, 1, 0)
    assert world.violations() == []


def test_new_goal_takes_the_place_of_the_old_one_and_moves_under_way_are_finished() -> None:
    world = MovingWorld(table=letters("one", "two"))
    world.fill(KEYS)
    world.pursue(Even(["two"]))
    while len(world.mover.records) < 3:
        world.env.step()
    world.pursue(None)
    world.env.run(until=10.0)
    assert range_counts(world) == {"one": 4, "two": 9}
    assert world.mover.is_settled
    world.pursue(Even(["one", "two"]))
    world.env.run(until=20.0)
    assert range_counts(world) == {"one": 6, "two": 7}


@pytest.mark.slow
def test_shard_that_is_down_holds_up_none_but_its_own_moves() -> None:
    world = MovingWorld(table=letters("one"))
    add_third(world)
    world.fill(KEYS)
    world.victim("node two").crash()
    world.pursue(Even(["two", "three"]))
    world.env.run(until=60.0)
    assert range_counts(world) == {"one": 7, "two": 0, "three": 6}
    world.victim("node two").restart()
    world.env.run(until=80.0)
    assert range_counts(world) == {"one": 0, "two": 7, "three": 6}
    assert world.violations() == []


def test_shard_that_is_down_costs_the_time_to_notice_once_an_attempt() -> None:
    world = MovingWorld(table=letters("one"))
    add_third(world)
    world.fill(KEYS[:4])
    world.hosts["two"].crash()
    world.pursue(Listed(MoveRange(LOWEST, "two"), MoveRange("c", "three")))
    world.env.run(until=world.env.now + MOVER.copy_patience + MOVER.retry_pause + 0.5)
    assert [record.ending for record in world.mover.records] == [Ending.GIVEN_UP, Ending.MOVED]


def test_mover_is_settled_when_its_goal_asks_for_nothing_more() -> None:
    world = MovingWorld()
    world.fill()
    assert world.mover.is_settled
    world.pursue()
    assert not world.mover.is_settled
    while not world.mover.is_settled:
        world.env.step()
    assert world.owner("a") == "two"
    version = world.store.table.version
    world.env.run(until=30.0)
    assert world.store.table.version == version


def test_mover_is_not_settled_any_more_when_its_goal_asks_for_something_again() -> None:
    world = MovingWorld()
    world.fill()
    world.pursue()
    while not world.mover.is_settled:
        world.env.step()
    back = Listed(MoveRange(LOWEST, "one"))
    other = Mover(world.env, Host(world.env, "other"), world.store, goal=back, settings=MOVER, name="other")
    while world.owner("a") == "two":
        world.env.step()
    other.pursue(None)
    while len(world.mover.records) < 2:
        world.env.step()
    assert not world.mover.is_settled
    world.env.run(until=world.env.now + 30.0)
    assert world.mover.is_settled
    assert world.owner("a") == "two"


# -- side by side -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("parallel", [1, 2, 4])
def test_so_many_moves_are_under_way_at_a_time_and_no_more(parallel: int) -> None:
    world = MovingWorld(table=letters("one", "two"), mover_settings=replace(MOVER, parallel_moves=parallel))
    world.fill(KEYS)
    world.use(until=5.0, keys=KEYS)
    world.pursue(Even(["two"]))
    most = 0
    while not world.mover.is_settled:
        world.env.step()
        most = max(most, sum(each.move is not None for each in world.store.table.assignments))
    assert most == parallel
    assert range_counts(world)["two"] == 13
    world.env.run(until=world.env.now + 5.0)
    assert world.violations() == []


@pytest.mark.parametrize("parallel", [1, 2, 3])
def test_range_that_a_list_sends_to_two_places_is_in_one_move_at_a_time(parallel: int) -> None:
    world = MovingWorld(mover_settings=replace(MOVER, parallel_moves=parallel))
    add_third(world)
    world.fill()
    world.pursue(Listed(MoveRange(LOWEST, "two"), MoveRange(LOWEST, "three"), MoveRange("m", "one")))
    world.env.run(until=5.0)
    records = world.mover.records
    of_first = [record for record in records if record.start == LOWEST]
    assert len(of_first) > 3  # there and back, for ever
    assert all(a.ended_at < b.began_at for a, b in pairwise(of_first))
    assert {record.ending for record in records[:-1]} == {Ending.MOVED}
    world.pursue(Even(["one"]))
    world.env.run(until=15.0)
    assert world.violations() == []


def test_moves_side_by_side_are_done_sooner() -> None:
    def time_taken(parallel: int) -> float:
        world = MovingWorld(
            table=letters("one", "two"), mover_settings=replace(MOVER, parallel_moves=parallel)
        )
        world.fill(KEYS)
        start = world.env.now
        world.pursue(Even(["two"]))
        while not world.mover.is_settled:
            world.env.step()
        return world.env.now - start

    assert time_taken(4) < 0.5 * time_taken(1)


# -- lives --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("phase", list(Phase))
def test_mover_that_starts_gives_up_what_an_earlier_life_has_begun_and_goes_on(phase: Phase) -> None:
    world = MovingWorld(mover_settings=replace(MOVER, batch_size=1, pause=0.05))
    world.fill()
    world.pursue()
    while (move := world.store.table.assignments[0].move) is None or move.phase is not phase:
        world.env.step()
    world.env.run(until=world.env.now + 0.03)
    world.mover.crash()
    world.env.run(until=world.env.now + 5.0)
    move = world.store.table.assignments[0].move
    assert move is not None  # nobody else ends it
    assert move.phase is phase
    world.mover.restart()
    world.env.run(until=world.env.now + 10.0)
    records = world.mover.records
    assert [record.ending for record in records] == [Ending.GIVEN_UP, Ending.MOVED]
    assert records[0].reason == "the mover has crashed"
    assert (records[0].freeze_time > 5.0) == (phase is Phase.FROZEN)
    assert world.violations() == []


def test_change_of_the_table_by_an_earlier_life_that_comes_late_is_fenced_off() -> None:
    world = MovingWorld()
    world.fill()
    ends = world.hosts["mover"], world.hosts["directory"]
    world.network.override(*ends, latency=1.0, one_way=True)
    world.pursue()  # the change to "copying" is sent now, and comes in a second
    world.env.run(until=world.env.now + 0.5)
    world.mover.crash()
    world.network.override(*ends, latency=HOP, one_way=True)
    world.pursue(None)
    world.mover.restart()
    world.env.run(until=world.env.now + 0.3)
    assert world.store.table.version == 2  # that of the first life, and that of the second
    world.env.run(until=world.env.now + 1.0)
    assert world.store.table.version == 2
    assert world.store.table.assignments[0].move is None


def test_goal_survives_the_mover_and_so_what_is_left_of_the_plan() -> None:
    world = MovingWorld(table=letters("one", "two"))
    world.fill(KEYS)
    world.pursue(Even(["two"]))
    for number in range(6):
        world.strike("mover" if number % 2 else "process mover", 1.3 + 0.7 * number, 0.2)
    world.env.run(until=15.0)
    assert range_counts(world) == {"one": 0, "two": 13}
    assert world.violations() == []


def test_mover_on_a_host_that_is_down_begins_when_that_is_up() -> None:
    world = MovingWorld()
    world.fill()
    host = Host(world.env, "later", boots=True, boot_time=2.0)
    world.hosts["mover"].crash()
    late = Mover(world.env, host, world.store, goal=TO_TWO, settings=MOVER, name="late")
    assert not late.is_settled
    world.env.run(until=10.0)
    assert late.is_settled
    assert world.owner("a") == "two"


@pytest.mark.parametrize("phase", list(Phase))
def test_standby_that_is_started_ends_what_a_dead_mover_has_left_and_goes_on(phase: Phase) -> None:
    world = MovingWorld(mover_settings=replace(MOVER, batch_size=1, pause=0.05))
    standby = Mover(world.env, Host(world.env, "other"), world.store, settings=MOVER, name="standby")
    standby.crash()
    world.fill()
    world.pursue()
    while (move := world.store.table.assignments[0].move) is None or move.phase is not phase:
        world.env.step()
    world.hosts["mover"].crash()
    version = world.store.table.version
    standby.pursue(TO_TWO)
    standby.restart()
    world.env.run(until=world.env.now + 2 * HOP + CHANGE)  # it reads the table, and replaces it
    assert world.store.table.version == version + 1
    assert world.store.table.assignments[0] == Assignment("one")
    assert world.read_all()["a"] is not None
    world.env.run(until=world.env.now + 5.0)
    assert world.owner("a") == "two"
    standby.crash()  # before the other comes back
    world.hosts["mover"].restart()
    world.env.run(until=world.env.now + 5.0)
    assert all(record.ending is Ending.GIVEN_UP for record in world.mover.records)
    assert world.violations() == []


@pytest.mark.slow
def test_two_movers_do_no_harm() -> None:
    world = MovingWorld(table=letters("one", "two"), mover_settings=replace(MOVER, batch_size=1, pause=0.02))
    world.fill(KEYS)
    world.use(until=8.0, keys=KEYS)
    other = Mover(
        world.env,
        Host(world.env, "other"),
        world.store,
        goal=Even(["one"]),
        settings=replace(MOVER, review_interval=0.5, retry_pause=0.3),
        name="other",
    )
    world.pursue(Even(["two"]))
    world.env.run(until=10.0)
    assert min(len(world.mover.records), len(other.records)) > 5
    other.host.crash()
    world.env.run(until=40.0)
    assert range_counts(world) == {"one": 0, "two": 13}
    assert world.violations() == []


# -- what is left behind ------------------------------------------------------------------------------------


def test_mover_that_starts_sweeps_what_no_table_names_and_nothing_else() -> None:
    world = MovingWorld()
    world.fill()
    before = world.read_all()
    store = world.store.shards["one"]
    client = store.client(world.hosts["web"])
    dead, younger = StoredKey(0, "z"), StoredKey(99, "a")
    for key in (dead, younger):  # of a range that was never its; and of a table that does not exist yet
        world.env.run(until=world.env.process(client.call(write(key, "left"))))
    world.mover.crash()
    world.mover.restart()
    world.env.run(until=world.env.now + 3.0)
    held = {key: value for key, value in store.contents()["one"].items() if value is not None}
    assert dead not in held
    assert held.pop(younger) == "left"
    assert {key.key for key in held} == set(MOVING)
    assert world.read_all() == before


def test_what_somebody_else_has_copied_is_swept_when_his_move_is_given_up() -> None:
    world = MovingWorld()
    world.fill()
    world.env.run(until=4.0)  # it has swept
    directory = world.store.directory_from(world.hosts["web"])
    table = world.store.table
    moving = table.assignments[0].copying_to("two", table.next_epoch)
    copying = table.changed(0, moving, nonce="somebody else")

    def begin_and_leave() -> Any:
        assert (yield from directory.replace(table, copying))
        client = world.store.shards["two"].client(world.hosts["web"])
        yield from client.call(write(StoredKey(copying.version, "a"), "copied"))

    world.env.run(until=world.env.process(begin_and_leave()))
    assert world.dead_keys() == []
    world.env.run(until=10.0)
    assert world.store.table.assignments[0] == Assignment("one")
    assert world.violations() == []


def test_source_that_is_down_drops_what_it_had_when_it_is_there_again() -> None:
    world = MovingWorld()
    world.fill()
    world.pursue()
    while not (world.mover.records and world.mover.records[0].ending is Ending.MOVED):
        world.env.step()
    world.hosts["one"].crash()
    world.env.run(until=world.env.now + 10.0)
    assert world.mover.is_settled
    assert len(world.dead_keys()) == len(MOVING)
    world.hosts["one"].restart()
    world.env.run(until=world.env.now + 10.0)
    assert world.violations() == []


def test_mover_asks_nothing_of_a_shard_that_has_been_removed() -> None:
    world = MovingWorld()
    world.fill()
    world.pursue()
    while not (world.mover.records and world.mover.records[0].ending is Ending.MOVED):
        world.env.step()
    world.hosts["one"].crash()
    world.env.run(until=world.env.now + 10.0)
    world.store.remove_shard("one")
    world.env.run(until=world.env.now + 10.0)
    assert not world.mover._unswept


# -- misuse -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"store": "a store"}, "store"),
        ({"goal": "even"}, "goal"),
        ({"settings": 3}, "settings"),
        ({"flaws": "none"}, "flaws"),
        ({"name": 3}, "name"),
    ],
)
def test_nonsense_is_said_at_once(given: dict[str, Any], says: str) -> None:
    world = MovingWorld()
    parts: dict[str, Any] = {"store": world.store, "name": "another"} | given
    with pytest.raises((TypeError, ValueError), match=says):
        Mover(world.env, world.hosts["web"], **parts)


@pytest.mark.parametrize(
    ("goal", "says"),
    [
        (Even(["one", "three"]), "three"),
        (Listed(MoveRange(LOWEST, "four")), "four"),
        (Listed(SplitRange(3)), "bound"),
        (Placed(HashRing(["one", "two"])), "partitioner"),
    ],
)
def test_goal_that_does_not_fit_the_store_is_said_at_once(goal: Any, says: str) -> None:
    world = MovingWorld()
    with pytest.raises((TypeError, ValueError), match=says):
        world.mover.pursue(goal)


def test_mover_takes_no_requests() -> None:
    world = MovingWorld()
    way = world.network.connect(world.hosts["web"], world.mover)
    with pytest.raises(Exception, match="takes no requests"):
        world.env.run(until=world.env.process(way.call(write("a", 1))))


def test_store_without_much_of_a_directory_moves_too() -> None:
    """The mover runs on the directory's own host, over a table that nobody has written yet."""
    world = MovingWorld(table=even_table(["one", "two"], range_count=4))
    mover = Mover(world.env, world.hosts["directory"], world.store, goal=Even(["one"]), name="second")
    world.hosts["mover"].crash()
    world.env.run(until=20.0)
    assert mover.is_settled
    assert range_counts(world) == {"one": 4, "two": 0}
    assert isinstance(world.directory, SingleNodeStore)
