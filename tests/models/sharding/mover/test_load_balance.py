"""Balance by load: hot ranges are split and moved, it comes to an end, and a hot key stays a hot key."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import CallFailed, Host
from models.replication import read, scan
from models.replication.scans import AllKeys, KeyRange
from models.sharding import LOWEST, Assignment, RangePartitioner, RoutingTable
from models.sharding.mover import Balanced, MoveRange, RangeLoad, SplitRange
from models.sharding.mover.range_loads import bounds_inside, range_loads
from models.sharding.server_transfers import ServedLoad

from .moving import MOVER, TO_TWO, MovingWorld

KEYS = tuple("abcdefghijklmnopqrstuvwxyz")


def letters(*bounds_and_shards: tuple[Any, str]) -> RoutingTable:
    bounds, shards = zip(*bounds_and_shards, strict=True)
    return RoutingTable(RangePartitioner(), bounds, tuple(Assignment(shard) for shard in shards))


def loads_by(table: RoutingTable, rates: dict[str, float]) -> tuple[RangeLoad, ...]:
    """Return the loads of ranges when each key is asked for at a rate."""
    loads = tuple(RangeLoad() for _ in table.starts)
    for key, rate in rates.items():
        load = loads[table.find_token(key)]
        load.rate += rate
        load.by_token[key] = rate
    return loads


def balanced(table: RoutingTable, rates: dict[str, float], goal: Balanced) -> tuple[RoutingTable, int, int]:
    """Return the table in which nothing more is to be done, and how many splits and moves that took."""
    splits = moves = 0
    while steps := goal.steps(table, loads_by(table, rates)):
        step = steps[0]
        assert step.is_possible(table)
        if isinstance(step, SplitRange):
            table, splits = table.split(table.find_token(step.bound), step.bound), splits + 1
        else:
            assert isinstance(step, MoveRange)
            place = table.find_token(step.start)
            table, moves = table.changed(place, Assignment(step.shard, table.next_epoch)), moves + 1
        assert splits + moves < 500
    return table, splits, moves


def totals(table: RoutingTable, rates: dict[str, float]) -> dict[str, float]:
    found = dict.fromkeys(("one", "two", "three"), 0.0)
    for load, assignment in zip(loads_by(table, rates), table.assignments, strict=True):
        found[assignment.shard] += load.rate
    return found


ALL_AT_ONE = letters((LOWEST, "one"), ("y", "two"), ("z", "three"))


def test_hot_range_is_split_at_the_median_where_another_shard_has_nothing_and_a_half_moves_there() -> None:
    rates = {"a": 1.0, "b": 1.0, "c": 6.0, "d": 4.0, "e": 4.0}
    goal = Balanced(["one", "two", "three"])
    step = goal.steps(ALL_AT_ONE, loads_by(ALL_AT_ONE, rates))[0]
    assert step == SplitRange("d")  # 8 below, 8 from there on
    table = ALL_AT_ONE.split(0, "d")
    assert goal.steps(table, loads_by(table, rates)) == (MoveRange(LOWEST, "two"),)


def test_small_part_is_cut_off_where_all_others_are_nearly_as_loaded() -> None:
    """Halves of 13 would make 16.5 of 10: too much for anybody."""
    rates = dict.fromkeys(KEYS[:13], 1.0) | {"y": 10.0, "z": 10.0}
    goal = Balanced(["one", "two", "three"], tolerance=0.1, gain=0.05)
    step = goal.steps(ALL_AT_ONE, loads_by(ALL_AT_ONE, rates))[0]
    assert step == SplitRange("b")
    table, splits, moves = balanced(ALL_AT_ONE, rates, goal)
    assert (splits, moves) == (1, 1)
    assert sorted(totals(table, rates).values()) == [10.0, 11.0, 12.0]


@pytest.mark.parametrize(("lower", "upper"), [(0.1, 0.7), (0.7, 0.1)])
def test_of_two_ranges_that_bring_the_same_the_one_moves_that_is_asked_for_less(
    lower: float, upper: float
) -> None:
    """In floating point 0.1 + 0.7 - 0.7 is more than 0.1."""
    table = letters((LOWEST, "one"), ("m", "one"), ("y", "two"))
    start = LOWEST if lower < upper else "m"
    goal = Balanced(["one", "two"])
    assert goal.steps(table, loads_by(table, {"a": lower, "n": upper})) == (MoveRange(start, "two"),)


@pytest.mark.parametrize(
    ("rates", "bound"),
    [
        ({"a": 10.0, "b": 4.0, "y": 4.0}, "b"),  # what is from there on can move
        ({"a": 4.0, "b": 10.0, "y": 4.0}, "b"),  # what is before it
        ({"a": 10.0, "b": 4.0, "c": 10.0, "y": 14.0}, None),  # it is neither at the beginning nor at the end
    ],
)
def test_part_that_is_cut_off_is_at_the_beginning_or_at_the_end_of_a_range(
    rates: dict[str, float], bound: str | None
) -> None:
    table = letters((LOWEST, "one"), ("y", "two"))
    goal = Balanced(["one", "two"])
    steps = goal.steps(table, loads_by(table, rates))
    assert steps == (() if bound is None else (SplitRange(bound),))
    assert goal.hot_tokens == (("a", "c") if bound is None else ())


@pytest.mark.slow
@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from(KEYS), st.floats(0.1, 100.0), min_size=1))
def test_a_split_is_followed_by_the_move_that_it_was_made_for(rates: dict[str, float]) -> None:
    _, splits, moves = balanced(ALL_AT_ONE, rates, Balanced(["one", "two", "three"]))
    assert splits <= moves


def test_load_that_is_even_enough_is_left_alone() -> None:
    table = letters((LOWEST, "one"), ("m", "two"))
    goal = Balanced(["one", "two"], tolerance=0.2)
    assert goal.steps(table, loads_by(table, {"a": 3.0, "b": 3.0, "z": 4.0})) == ()  # 1.2 times the mean
    assert goal.steps(table, loads_by(table, {"a": 1.0, "b": 6.0, "z": 4.0})) == (SplitRange("b"),)
    assert goal.steps(table, loads_by(table, {})) == ()


def test_one_hot_key_is_not_split_but_named_and_the_others_leave_it() -> None:
    rates = dict.fromkeys(KEYS[:10], 1.0) | {"f": 100.0}
    goal = Balanced(["one", "two", "three"])
    table, _, _ = balanced(ALL_AT_ONE, rates, goal)
    place = table.find_token("f")
    assert totals(table, rates)[table.assignments[place].shard] >= 100.0
    assert goal.hot_tokens == ("f",)


def test_keys_that_are_too_hot_for_any_other_shard_are_named_though_none_has_half_of_the_load() -> None:
    table = letters((LOWEST, "one"), ("b", "one"), ("c", "one"), ("y", "two"))
    rates = {"a": 45.0, "b": 46.0, "c": 0.5, "y": 50.0}
    goal = Balanced(["one", "two"])
    assert goal.steps(table, loads_by(table, rates)) == ()
    assert goal.hot_tokens == ("b", "a")


@pytest.mark.slow
@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from(KEYS), st.floats(0.1, 100.0), min_size=1))
def test_it_comes_to_an_end_within_the_tolerance_or_where_a_key_is_too_hot(rates: dict[str, float]) -> None:
    goal = Balanced(["one", "two", "three"], tolerance=0.2, gain=0.1)
    table, _, _ = balanced(ALL_AT_ONE, rates, goal)
    found = totals(table, rates)
    mean = sum(found.values()) / 3.0
    largest_key = max(rates.values())
    # What is left above the mean is less than what the smallest move could bring, or one key's.
    assert max(found.values()) <= max((1.0 + goal.tolerance) * mean, min(found.values()) + largest_key + mean)


@pytest.mark.slow
@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from(KEYS), st.floats(0.1, 100.0), min_size=1))
def test_each_move_brings_the_most_loaded_shard_down_and_no_other_as_high(rates: dict[str, float]) -> None:
    goal = Balanced(["one", "two", "three"])
    table = ALL_AT_ONE
    while steps := goal.steps(table, loads_by(table, rates)):
        step, before = steps[0], totals(table, rates)
        if isinstance(step, SplitRange):
            table = table.split(table.find_token(step.bound), step.bound)
            continue
        assert isinstance(step, MoveRange)
        place = table.find_token(step.start)
        source = table.assignments[place].shard
        table = table.changed(place, Assignment(step.shard, table.next_epoch))
        after = totals(table, rates)
        assert source == max(before, key=before.__getitem__)
        assert max(after[source], after[step.shard]) <= (1.0 - goal.gain) * before[source] + 1e-9


def test_ranges_are_no_more_than_may_be() -> None:
    rates = dict.fromkeys(KEYS, 1.0)
    goal = Balanced(["one", "two", "three"], ranges_max=4)
    table, splits, _ = balanced(ALL_AT_ONE, rates, goal)
    assert (len(table.starts), splits) == (4, 1)


# -- what servers say ---------------------------------------------------------------------------------------


def test_load_of_a_range_is_what_its_shards_servers_have_served_since() -> None:
    table = letters((LOWEST, "one"), ("m", "two"))
    before = {
        ("one", 0): ServedLoad(100, tuple("zzzz"), 0),
        ("one", 1): ServedLoad(0, (), 0),
        ("two", 0): ServedLoad(0, (), 0),
    }
    after = {
        ("one", 0): ServedLoad(104, tuple("zzzzabbb"), 0),  # four since, all of them told
        ("one", 1): ServedLoad(8, tuple("ab"), 0),  # eight since, of which two are told
        ("two", 0): ServedLoad(3, tuple("nna"), 0),  # "a" is not its any more
    }
    first, second = range_loads(table, before, after, 2.0)
    assert (first.rate, first.by_token) == (6.0, {"a": 0.5 + 2.0, "b": 1.5 + 2.0})
    assert (second.rate, second.by_token) == (1.0, {"n": 1.0})


@pytest.mark.parametrize("served_before", [1, 100])
def test_server_that_started_afresh_counts_from_there(served_before: int) -> None:
    table = letters((LOWEST, "one"))
    before = {("one", 0): ServedLoad(served_before, ("a",), 0)}
    (load,) = range_loads(table, before, {("one", 0): ServedLoad(2, ("b", "b"), 1)}, 1.0)
    assert load.by_token == {"b": 2.0}


def test_what_a_server_had_served_before_the_first_question_is_not_counted_where_it_did_not_answer_that() -> (
    None
):
    table = letters((LOWEST, "one"))
    (load,) = range_loads(table, {}, {("one", 0): ServedLoad(1_000_000, ("b", "b"), 0)}, 1.0)
    assert load == RangeLoad()


def test_load_is_cut_at_each_token_but_the_first() -> None:
    load = RangeLoad(6.0, {"c": 2.0, "a": 1.0, "b": 3.0})
    assert list(bounds_inside(load)) == [("b", 1.0), ("c", 4.0)]
    assert list(bounds_inside(RangeLoad(3.0, {"a": 3.0}))) == list(bounds_inside(RangeLoad())) == []


# -- at work ------------------------------------------------------------------------------------------------


class Readers:
    """A world in which keys are read by Poisson processes, each with its rate."""

    def __init__(self, rates: dict[str, float], *, seed: int = 1) -> None:
        table = letters((LOWEST, "one"), ("z", "two"))
        self.world = world = MovingWorld(table=table, seed=seed, mover_settings=replace(MOVER, batch_size=50))
        world.fill(KEYS)
        self.client = world.store.client(Host(world.env, "reader"))
        self.rates = dict(rates)
        for key in rates:
            world.env.process(self._read(key))

    def _read(self, key: str) -> Generator[Any, Any, None]:
        env, dice = self.world.env, self.world.env.stream(f"reads of {key}")
        while True:
            yield float(dice.exponential(1.0 / self.rates[key]))
            env.process(self._once(key))

    def _once(self, key: str) -> Generator[Any, Any, None]:
        with suppress(CallFailed):
            yield from self.client.call(read(key))

    def shares(self) -> dict[str, float]:
        """Return the share of the load that each shard has, by the table and the rates."""
        table, found = self.world.store.table, {"one": 0.0, "two": 0.0}
        for key, rate in self.rates.items():
            found[table.find(key)[1].shard] += rate / sum(self.rates.values())
        return found


@pytest.mark.slow
def test_mover_splits_and_moves_until_loads_are_even_and_then_rests() -> None:
    """100 requests per second, 500 in a look: chance is some 4 %, far below tolerance and gain."""
    readers = Readers(dict.fromkeys(KEYS[:10], 10.0))
    world = readers.world
    goal = Balanced(["one", "two"], load_interval=5.0, tolerance=0.25, gain=0.2)
    world.pursue(goal)
    world.env.run(until=30.0)
    assert max(readers.shares().values()) <= 0.625
    statistics = world.mover.move_statistics()
    assert (statistics.split_count, statistics.moved_count) == (1, 1)
    world.env.run(until=100.0)
    assert world.mover.move_statistics() == statistics  # no to and fro
    assert goal.hot_tokens == ()


@pytest.mark.slow
def test_one_hot_key_is_left_where_it_is_and_named() -> None:
    readers = Readers({"f": 100.0, "a": 5.0})
    goal = Balanced(["one", "two"], load_interval=5.0, tolerance=0.25, gain=0.2)
    readers.world.pursue(goal)
    readers.world.env.run(until=40.0)
    assert readers.world.mover.move_statistics().begun_count == 0
    assert readers.world.owner("f") == "one"
    assert goal.hot_tokens == ("f",)


@pytest.mark.slow
def test_scans_of_a_range_are_load_of_it_and_those_of_all_ranges_of_none() -> None:
    """Five a second of each of twelve letters; and of everything, which ask every shard all the same."""
    readers = Readers({})
    world, client = readers.world, readers.client

    def scan_again(keys: Any, mean: float) -> Generator[Any, Any, None]:
        dice = world.env.stream(f"scans of {keys}")
        while True:
            yield float(dice.exponential(mean))
            yield from client.call(scan(keys))

    for first, end in pairwise(KEYS[:13]):
        world.env.process(scan_again(KeyRange(first, end), 0.2))
    world.env.process(scan_again(AllKeys(), 0.1))
    goal = Balanced(["one", "two"], load_interval=10.0, tolerance=0.3, gain=0.2)
    world.pursue(goal)
    world.env.run(until=60.0)
    statistics = world.mover.move_statistics()
    assert (statistics.split_count, statistics.moved_count) == (1, 1)
    assert world.store.table.starts[1] in "efgh"  # about the middle of "a" to "l"
    assert goal.hot_tokens == ()


def test_new_goal_is_heeded_while_loads_are_measured() -> None:
    world = MovingWorld()
    world.fill()
    world.pursue(Balanced(["one", "two"], load_interval=100.0))
    world.env.run(until=world.env.now + 1.0)
    world.pursue(TO_TWO)
    for _ in world.instants(world.env.now + 2.0):
        assert not world.mover.is_settled or world.owner("a") == "two"
    assert world.owner("a") == "two"
    world.pursue(Balanced(["one", "two"], load_interval=1.0))
    world.env.run(until=world.env.now + 5.0)
    assert world.mover.is_settled


@pytest.mark.slow
def test_load_that_wanders_is_followed() -> None:
    readers = Readers(dict.fromkeys("abcd", 20.0) | dict.fromkeys("wxyz", 1.0))
    readers.world.pursue(Balanced(["one", "two"], load_interval=4.0, tolerance=0.25, gain=0.2))
    readers.world.env.run(until=40.0)
    assert max(readers.shares().values()) < 0.63
    for key in "abcd":
        readers.rates[key] = 1.0
    for key in "wxyz":
        readers.rates[key] = 20.0
    assert max(readers.shares().values()) > 0.63
    readers.world.env.run(until=110.0)
    assert max(readers.shares().values()) < 0.63


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"shards": []}, "shards"),
        ({"load_interval": 0.0}, "load_interval"),
        ({"tolerance": -0.1}, "tolerance"),
        ({"gain": 0.0}, "gain"),
        ({"ranges_max": 0}, "ranges_max"),
    ],
)
def test_balance_that_makes_no_sense_is_refused(given: dict[str, Any], says: str) -> None:
    parts: dict[str, Any] = {"shards": ["one"]} | given
    with pytest.raises((TypeError, ValueError), match=says):
        Balanced(**parts)
