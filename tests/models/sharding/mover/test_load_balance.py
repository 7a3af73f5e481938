"""Balance by load: hot ranges are split and moved, it comes to an end, and a hot key stays a hot key."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import CallFailed, Host
from models.replication import read
from models.sharding import LOWEST, Assignment, RangePartitioner, RoutingTable
from models.sharding.mover import Balanced, MoveRange, RangeLoad, SplitRange
from models.sharding.mover.range_loads import median_bound, range_loads
from models.sharding.server_transfers import ServedLoad

from .moving import MOVER, MovingWorld

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


def test_hot_range_is_split_at_the_median_of_its_load_and_a_half_moves_to_the_least_loaded() -> None:
    rates = {"a": 1.0, "b": 1.0, "c": 6.0, "d": 4.0, "e": 4.0}
    goal = Balanced(["one", "two", "three"])
    step = goal.steps(ALL_AT_ONE, loads_by(ALL_AT_ONE, rates))[0]
    assert step == SplitRange("d")  # 8 below, 8 from there on
    table = ALL_AT_ONE.split(0, "d")
    assert goal.steps(table, loads_by(table, rates)) == (MoveRange(LOWEST, "two"),)


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
        gain = goal.gain * sum(before.values()) / 3.0
        assert source == max(before, key=before.__getitem__)
        assert max(after[source], after[step.shard]) <= before[source] - gain + 1e-9


def test_ranges_are_no_more_than_may_be() -> None:
    rates = dict.fromkeys(KEYS, 1.0)
    goal = Balanced(["one", "two", "three"], ranges_max=4)
    table, splits, _ = balanced(ALL_AT_ONE, rates, goal)
    assert (len(table.starts), splits) == (4, 1)


# -- what servers say ---------------------------------------------------------------------------------------


def test_load_of_a_range_is_what_its_shards_servers_have_served_since() -> None:
    table = letters((LOWEST, "one"), ("m", "two"))
    before = {("one", 0): ServedLoad(100, tuple("zzzz")), ("one", 1): ServedLoad(0, ())}
    after = {
        ("one", 0): ServedLoad(104, tuple("zzzzabbb")),  # four since, all of them told
        ("one", 1): ServedLoad(8, tuple("ab")),  # eight since, of which two are told
        ("two", 0): ServedLoad(3, tuple("nna")),  # "a" is not its any more
    }
    first, second = range_loads(table, before, after, 2.0)
    assert (first.rate, first.by_token) == (6.0, {"a": 0.5 + 2.0, "b": 1.5 + 2.0})
    assert (second.rate, second.by_token) == (1.0, {"n": 1.0})


def test_server_that_started_afresh_counts_from_there() -> None:
    table = letters((LOWEST, "one"))
    before, after = {("one", 0): ServedLoad(100, ("a",))}, {("one", 0): ServedLoad(2, ("b", "b"))}
    (load,) = range_loads(table, before, after, 1.0)
    assert load.by_token == {"b": 2.0}


@pytest.mark.slow
@given(st.dictionaries(st.integers(0, 100), st.floats(0.1, 10.0), min_size=2))
def test_median_leaves_halves_as_even_as_any_bound_does(by_token: dict[int, float]) -> None:
    load = RangeLoad(sum(by_token.values()), by_token)
    bound = median_bound(load)
    assert bound is not None
    assert bound > min(by_token)

    def smaller(at: int) -> float:
        below = sum(rate for token, rate in by_token.items() if token < at)
        return min(below, load.rate - below)

    assert smaller(bound) == pytest.approx(max(smaller(at) for at in sorted(by_token)[1:]))


def test_load_of_one_token_has_no_median() -> None:
    assert median_bound(RangeLoad(3.0, {"a": 3.0})) is None
    assert median_bound(RangeLoad()) is None


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
