"""One move: what it does step by step, how long the range is frozen, and when it is given up."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from math import inf
from typing import Any

import pytest

from models.failures import ServerError
from models.hashing import hash_of
from models.replication import delete, write
from models.sharding import (
    LOWEST,
    Assignment,
    HashPartitioner,
    Partitioner,
    Phase,
    RangePartitioner,
    RoutingTable,
)
from models.sharding.mover import Ending, Listed, MoveRange
from models.sharding.requests import Drop
from models.sharding.server_transfers import Transfers, TransferSettings

from .moving import (
    HOP,
    MOVER,
    MOVING,
    SETTINGS,
    STAYING,
    MakeStore,
    MovingWorld,
    single,
    with_marks_that_end,
    without_marks,
)

SYNC = 0.001
CHANGE = 2 * HOP + SYNC
"""How long a change of the table takes that the directory acknowledges."""

EXPORT = 4 * HOP
"""To a server of the shard and back, and from there to its store."""


def filled(**settings: Any) -> MovingWorld:
    world = MovingWorld(**settings)
    world.fill()
    world.env.run(until=2.0)
    return world


def test_range_is_moved_with_all_that_it_holds_and_nothing_is_left_behind() -> None:
    world = filled()
    before = world.read_all()
    world.pursue()
    world.env.run(until=10.0)
    assert {world.owner(key) for key in (*MOVING, *STAYING)} == {"two"}
    assert world.read_all() == before
    assert world.violations() == []
    held = world.store.shards["one"].contents()["one"]
    assert [value for value in held.values() if value is not None] == []
    record = world.mover.records[0]
    assert (record.source, record.target, record.ending) == ("one", "two", Ending.MOVED)
    statistics = world.mover.move_statistics()
    assert (statistics.begun_count, statistics.moved_count, statistics.given_up_count) == (1, 1, 0)
    assert (statistics.first_count, statistics.again_count, statistics.frozen_count) == (7, 0, 0)
    assert statistics.dropped_count == 7


def test_range_that_nobody_writes_to_is_frozen_for_hearing_one_export_and_one_change() -> None:
    world = filled()
    world.pursue()
    world.env.run(until=10.0)
    hearing = 4 * HOP  # to the servers and back, and from there to the directory
    assert world.mover.records[0].freeze_time == pytest.approx(hearing + EXPORT + CHANGE)


def test_server_that_does_not_hear_costs_a_lease_and_no_more() -> None:
    world = filled()
    rule = world.network.partition(world.hosts["beside one"], world.hosts["mover"])
    world.pursue()
    world.env.run(until=10.0)
    world.network.heal(rule)
    assert world.mover.records[0].freeze_time == pytest.approx(SETTINGS.ttl + EXPORT + CHANGE)
    assert world.violations() == []


def test_what_changes_while_it_is_copied_is_copied_again_until_that_is_little() -> None:
    world = filled(mover_settings=replace(MOVER, batch_size=1, pause=0.1))
    world.pursue()
    copying_begins = 2.0 + CHANGE
    for number, key in enumerate("abc"):  # while the first round copies: seven imports, and as many pauses
        world.at(copying_begins + 0.3 + 0.1 * number, world.env.process, world.users[1].call(write(key, key)))
    world.env.run(until=15.0)
    record = world.mover.records[0]
    assert (record.first_count, record.again_count, record.frozen_count) == (7, 3, 0)
    assert record.round_count == 2  # the second one has found nothing
    assert [world.read_all()[key] for key in "abc"] == ["a", "b", "c"]
    assert record.freeze_time == pytest.approx(8 * HOP + CHANGE)


@pytest.mark.parametrize(("changed", "round_count"), [("ab", 1), ("abc", 1), ("abcd", 2)])
def test_a_batch_of_changes_is_little_enough_to_be_copied_once_more_while_nobody_writes(
    changed: str, round_count: int
) -> None:
    world = filled(mover_settings=replace(MOVER, batch_size=3, pause=0.3))
    world.pursue()
    for key in changed:
        world.at(2.5, world.env.process, world.users[1].call(write(key, key)))  # between two imports
    world.env.run(until=15.0)
    record = world.mover.records[0]
    assert (record.first_count, record.again_count, record.round_count) == (7, len(changed), round_count)


@pytest.mark.slow
@pytest.mark.parametrize("rounds_max", [0, 1, 2])
def test_rounds_are_as_many_as_may_be_where_it_always_changes(rounds_max: int) -> None:
    world = filled(mover_settings=replace(MOVER, batch_size=1, rounds_max=rounds_max), user_count=6)
    world.use(until=8.0, pause=0.01)
    world.pursue()
    world.env.run(until=20.0)
    record = world.mover.records[0]
    assert record.round_count == rounds_max
    assert record.frozen_count > 0
    assert world.violations() == []


@pytest.mark.parametrize("make_store", [single, without_marks])
@pytest.mark.parametrize("deleted_at", [2.05, 2.15, 2.25, 2.35, 2.45, 2.55, 2.65])
def test_key_that_is_deleted_during_the_move_stays_deleted(make_store: MakeStore, deleted_at: float) -> None:
    world = filled(make_store=make_store, mover_settings=replace(MOVER, batch_size=1, pause=0.05))
    world.pursue()
    world.at(deleted_at, world.env.process, world.users[1].call(delete("b")))
    world.env.run(until=10.0)
    assert world.mover.records[0].began_at < deleted_at < world.mover.records[0].ended_at
    assert world.read_all()["b"] is None
    assert world.violations() == []


@pytest.mark.parametrize("make_store", [single, without_marks])
def test_value_that_equals_the_one_before_and_is_another_is_copied(make_store: MakeStore) -> None:
    world = filled(make_store=make_store, mover_settings=replace(MOVER, batch_size=1, pause=0.1))
    world.env.run(until=world.env.process(world.users[1].call(write("a", 1))))
    world.pursue()
    world.at(2.5, world.env.process, world.users[1].call(write("a", True)))
    world.env.run(until=10.0)
    assert world.mover.records[0].began_at < 2.5 < world.mover.records[0].frozen_at
    assert world.read_all()["a"] is True


def test_mark_that_has_ended_is_replaced_by_a_comparison() -> None:
    """The source's process has started afresh since, and knows of no mark of its former life."""
    world = filled(make_store=with_marks_that_end, mover_settings=replace(MOVER, batch_size=1, pause=0.1))
    world.pursue()
    world.at(2.3, world.env.process, world.users[1].call(delete("b")))
    world.at(2.4, world.env.process, world.users[1].call(write("c", "new")))
    world.strike("node one", 2.6, 0.05)
    world.env.run(until=10.0)
    record = world.mover.records[0]
    assert record.began_at < 2.3 < 2.65 < record.frozen_at
    assert (record.ending, record.first_count, record.again_count) == (Ending.MOVED, 7, 2)
    assert (world.read_all()["b"], world.read_all()["c"]) == (None, "new")
    assert world.violations() == []


@pytest.mark.parametrize("make_store", [single, without_marks])
def test_range_that_comes_back_brings_nothing_back_from_the_dead(make_store: MakeStore) -> None:
    world = filled(make_store=make_store)
    for number, shard in enumerate(("two", "one", "two", "one")):
        world.pursue(Listed(MoveRange(LOWEST, shard)))
        world.env.run(until=world.env.now + 3.0)
        key = MOVING[number]
        world.env.run(until=world.env.process(world.users[0].call(delete(key))))
    assert world.owner("a") == "one"
    assert [world.read_all()[key] for key in MOVING[:4]] == [None] * 4
    assert len({record.epoch for record in world.mover.records}) == 4
    assert world.violations() == []


def test_each_attempt_has_an_epoch_of_its_own() -> None:
    world = filled()
    world.hosts["two"].crash()
    world.pursue()
    world.env.run(until=12.0)
    world.hosts["two"].restart()
    world.env.run(until=20.0)
    epochs = [record.epoch for record in world.mover.records]
    assert len(epochs) == len(set(epochs)) > 2
    assert [record.ending for record in world.mover.records[:-1]] == [Ending.GIVEN_UP] * (len(epochs) - 1)
    assert world.violations() == []


def test_range_is_not_handed_over_to_a_shard_that_is_down_not_even_an_empty_one() -> None:
    world = MovingWorld()
    world.env.run(until=2.0)
    world.victim("node two").crash()  # its server is there
    world.pursue()
    world.env.run(until=10.0)
    assert world.owner("a") == "one"
    assert world.mover.records[0].frozen_at == inf
    assert "two" in world.mover.records[0].reason
    world.victim("node two").restart()
    world.env.run(until=20.0)
    assert world.owner("a") == "two"


def test_range_is_not_handed_over_to_a_shard_that_cannot_delete_what_earlier_attempts_have_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = filled()

    def fail(transfers: Transfers, drop: Drop) -> Generator[Any, Any, None]:
        yield from ()
        raise ServerError("the disk is broken")

    monkeypatch.setattr(Transfers, "_drop", fail)
    world.pursue()
    world.env.run(until=5.0)
    assert world.owner("a") == "one"
    assert world.mover.records[0].reason == "two: the disk is broken"
    assert world.mover.records[0].first_count == 0


def test_move_that_stays_frozen_too_long_is_given_up_and_the_range_is_served_again() -> None:
    world = filled(mover_settings=replace(MOVER, freeze_max=1.5, copy_patience=5.0, retry_pause=5.0))
    world.pursue()
    while not world.store.table.assignments[0].is_frozen:
        world.env.step()
    for name in ("one", "beside one"):  # nobody who could export answers, nor hears
        world.network.partition(world.hosts[name], world.hosts["mover"])
    world.env.run(until=world.env.now + 3.0)
    record = world.mover.records[0]
    assert record.ending is Ending.GIVEN_UP
    assert record.freeze_time == pytest.approx(1.5, abs=4 * CHANGE)
    assert world.owner("a") == "one"
    assert world.read_all()["a"] is not None


def test_import_of_which_nobody_knows_what_became_of_it_ends_the_attempt() -> None:
    world = filled()
    world.pursue()
    while not any(world.store.shards["two"].contents()["two"].get((2, key)) for key in MOVING):
        world.env.step()
    rule = world.network.partition(world.hosts["two"], world.hosts["mover"], one_way=True)
    world.env.run(until=world.env.now + 1.2)
    assert world.mover.records[0].ending is Ending.GIVEN_UP
    world.network.heal(rule)
    world.env.run(until=world.env.now + 10.0)
    assert world.mover.records[-1].ending is Ending.MOVED
    assert world.violations() == []


def test_what_was_copied_is_deleted_when_nobody_wants_the_move_any_more() -> None:
    world = filled()
    world.pursue()
    while not any(world.store.shards["two"].contents()["two"].get((2, key)) for key in MOVING):
        world.env.step()
    world.pursue(None)
    rule = world.network.partition(world.hosts["two"], world.hosts["mover"], one_way=True)
    while world.mover.records[0].ending is Ending.UNDER_WAY:
        world.env.step()
    assert world.dead_keys() != []
    world.network.heal(rule)
    world.env.run(until=world.env.now + 5.0)
    assert len(world.mover.records) == 1
    assert world.violations() == []


def test_move_that_somebody_else_gives_up_ends_at_its_next_change() -> None:
    world = filled(mover_settings=replace(MOVER, batch_size=1, pause=0.1))
    world.pursue()
    world.env.run(until=2.3)
    directory = world.store.directory_from(world.hosts["web"])
    table = world.store.table
    assert table.assignments[0].move is not None
    assert table.assignments[0].move.phase is Phase.COPYING
    settled = table.changed(0, table.assignments[0].given_up(), nonce="somebody else")
    world.env.process(directory.replace(table, settled))
    world.pursue(None)
    world.env.run(until=8.0)
    record = world.mover.records[0]
    assert (record.ending, record.reason) == (Ending.GIVEN_UP, "somebody else has given it up") or (
        record.ending is Ending.GIVEN_UP and "another's" in record.reason  # an import was refused before
    )
    assert world.owner("a") == "one"


def test_move_to_the_same_shard_that_somebody_else_has_begun_is_not_taken_for_this_one() -> None:
    """It has copied nothing under that epoch: to hand over what the table names then would lose the range."""
    world = MovingWorld()
    world.env.run(until=2.0)  # an empty range, so that no import is refused before
    directory = world.store.directory_from(world.hosts["web"])
    world.pursue()

    def begin_anew(table: RoutingTable) -> Generator[Any, Any, None]:
        here = table.assignments[0].given_up()
        settled = table.changed(0, here, nonce="somebody else")
        assert (yield from directory.replace(table, settled))
        anew = settled.changed(0, here.copying_to("two", settled.next_epoch), nonce="somebody else")
        assert (yield from directory.replace(settled, anew))

    while world.store.table.assignments[0].move is None:
        world.env.step()
    world.env.process(begin_anew(world.store.table))
    world.pursue(None)
    world.env.run(until=5.0)
    (record,) = world.mover.records
    assert (record.ending, record.reason) == (Ending.GIVEN_UP, "somebody else has given it up")
    assert record.frozen_at == inf
    assert world.store.table.assignments[0] == Assignment("one")  # nobody went on with the other one


def test_move_that_is_handed_over_though_the_mover_was_not_told_so_in_time_has_moved() -> None:
    world = filled(mover_settings=replace(MOVER, freeze_max=1.0))
    world.pursue()
    while not (world.mover.records and world.mover.records[0].frozen_at < inf):
        world.env.step()
    world.env.run(until=world.env.now + 4 * HOP + EXPORT + HOP / 2)  # the last change is on its way
    rule = world.network.partition(world.hosts["directory"], world.hosts["mover"], one_way=True)
    world.env.run(until=world.env.now + 2.0)
    assert world.owner("a") == "two"
    assert world.mover.records[0].ending is Ending.UNDER_WAY
    world.network.heal(rule)
    world.env.run(until=world.env.now + 5.0)
    (record,) = world.mover.records
    assert (record.ending, record.reason) == (Ending.MOVED, "")
    assert record.freeze_time > 1.0
    assert world.violations() == []


@pytest.mark.parametrize(
    ("partitioner", "bounds", "keys"),
    [
        (
            RangePartitioner(),
            ("b", "é", "日"),
            ("", "a", "b", "b\0", "é", "z", "日", "日本", "\U0001d11e"),
        ),
        (RangePartitioner(int), (-1, 0, 10**30), (-2, -1, 0, 1, 10**30 - 1, 10**30, 10**30 + 1)),
        (RangePartitioner(bytes), (b"a", b"a\0"), (b"", b"a", b"a\0", b"a\1", b"\xff")),
        (
            RangePartitioner((str, int)),
            (("a",), ("a", 0), ("b",)),
            (("", 5), ("a", -1), ("a", 0), ("a", 1), ("b", -9)),
        ),
        (HashPartitioner(), tuple(sorted(map(hash_of, "xyz"))), ("v", "w", "x", "y", "z", 3, ("a", 1))),
    ],
    ids=["text", "numbers", "bytes", "parts", "hashes"],
)
def test_keys_of_every_kind_go_with_their_range_those_at_its_bounds_too(
    partitioner: Partitioner, bounds: tuple[Any, ...], keys: tuple[Any, ...]
) -> None:
    starts = (partitioner.lowest, *bounds)
    world = MovingWorld(table=RoutingTable(partitioner, starts, (Assignment("one"),) * len(starts)))
    world.fill(keys)
    before = world.read_all(keys)
    for place in (*range(1, len(starts)), 0):
        world.pursue(Listed(MoveRange(starts[place], "two")))
        world.env.run(until=world.env.now + 2.0)
        table = world.store.table
        assert table.assignments[place].shard == "two"
        assert world.read_all(keys) == before
        for shard, held in world.store.contents().items():
            live = {key for key, value in held.items() if value is not None}
            assert live == {key for key in keys if table.find(key)[1].shard == shard}
    assert world.dead_keys() == []


# -- the throttle -------------------------------------------------------------------------------------------


def copy_time(**settings: Any) -> float:
    """Return how long it takes from the first change of the table until the range is frozen."""
    mover = {name: settings.pop(name) for name in ("batch_size", "pause") if name in settings}
    world = filled(
        mover_settings=replace(MOVER, **{"batch_size": 100, "rounds_max": 0} | mover),
        transfers=TransferSettings(parallel_writes=100, **settings),
    )
    world.pursue()
    world.env.run(until=15.0)
    record = world.mover.records[0]
    assert record.ending is Ending.MOVED
    return record.frozen_at - record.began_at


def test_pauses_between_imports_and_smaller_ones_make_a_copy_slower() -> None:
    at_once = copy_time()
    a_round_trip_more = copy_time(batch_size=4) - at_once  # two imports for seven items
    assert a_round_trip_more == pytest.approx(EXPORT + 2 * SYNC)  # of the first write, and of the others
    assert copy_time(batch_size=4, pause=0.5) == pytest.approx(at_once + a_round_trip_more + 0.5)


def test_items_cost_work_at_both_servers() -> None:
    assert copy_time(item_work=0.01) - copy_time() == pytest.approx(2 * 7 * 0.01)


def test_users_get_in_between_the_portions_of_a_copy() -> None:
    """A core is busy for 7 x 0.1 s; who asks for a key of that shard waits for one portion, not for all."""
    world = filled(
        transfers=TransferSettings(item_work=0.1, batch_size=1),
        settings=replace(SETTINGS, request_work=0.001),
        mover_settings=replace(MOVER, copy_patience=5.0),
    )
    world.pursue()
    asked_at: list[float] = []
    world.env.run(until=2.2)

    def ask() -> Any:
        yield from world.users[1].call(write("a", "in between"))
        asked_at.append(world.env.now)

    world.env.process(ask())
    world.env.run(until=4.0)
    assert asked_at[0] < 2.2 + 0.1 + 8 * HOP
    world.env.run(until=20.0)
    assert world.owner("a") == "two"


def test_what_is_copied_is_weighed() -> None:
    world = filled(transfers=TransferSettings(item_size_bytes=50))
    world.pursue()
    world.env.run(until=10.0)
    assert world.mover.move_statistics().size_bytes == 7 * 50
