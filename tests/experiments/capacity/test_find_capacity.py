"""The search for capacity, on trials whose capacity is known."""

from __future__ import annotations

import itertools
import json
import math
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from experiments import Misuse
from experiments.capacity import (
    FAILS,
    HOLDS,
    UNDECIDED,
    Capacity,
    CapacityStep,
    StudyTrial,
    find_capacity,
)
from experiments.capacity.bracket import bracketed
from experiments.capacity.trial import Margin
from models.requirements import SLO, Evidence, StalenessObjective

from .shares_study import shares

CAPACITY = 61.8


def certain(load: float, seed: int) -> float:
    """Hold up to the capacity, without chance."""
    return CAPACITY - load


def noisy(deviation: float, salt: int = 0) -> Any:
    """Return a trial with normal noise that is the same for a seed at all loads."""
    noise = np.random.default_rng(salt).standard_normal(1_000) * deviation
    return lambda load, seed: CAPACITY - load + noise[seed]


def found(trial: Any, **numbers: Any) -> Capacity:
    return find_capacity(trial, **{"low": 0.0, "high": 100.0, "tolerance": 10.0, **numbers})


def verdicts(capacity: Capacity) -> dict[float, str]:
    return {step.load: step.verdict for step in capacity.steps}


def test_the_capacity_lies_in_the_bracket_and_the_bracket_within_the_tolerance() -> None:
    for tolerance in (100.0, 33.0, 10.0, 1.0, 0.01):
        capacity = found(certain, tolerance=tolerance)
        assert capacity.is_resolved
        assert capacity.load_low is not None
        assert capacity.load_high is not None
        assert capacity.load_low <= CAPACITY < capacity.load_high
        assert capacity.load_high - capacity.load_low <= tolerance


def test_bisection_asks_both_ends_and_then_the_middle() -> None:
    capacity = found(certain, tolerance=25.0)
    assert verdicts(capacity) == {0.0: HOLDS, 50.0: HOLDS, 75.0: FAILS, 100.0: FAILS}
    assert (capacity.load_low, capacity.load_high) == (50.0, 75.0)


def test_a_load_that_meets_the_bound_exactly_holds() -> None:
    assert found(lambda load, seed: 50.0 - load, tolerance=25.0).load_low == 50.0


def test_where_even_the_lowest_load_fails_there_is_no_lower_end() -> None:
    capacity = found(certain, low=70.0)
    assert (capacity.load_low, capacity.load_high) == (None, 70.0)
    assert not capacity.is_resolved
    assert verdicts(capacity) == {70.0: FAILS, 100.0: FAILS}


def test_where_the_lowest_load_fails_and_the_highest_holds_the_rise_is_told() -> None:
    """As a goodput does that has to be reached: too few come to reach it."""
    capacity = found(lambda load, seed: load - CAPACITY + seed % 2)
    assert (capacity.load_low, capacity.load_high) == (None, 0.0)
    (rise,) = capacity.rises
    assert (rise.low, rise.high, rise.difference) == (0.0, 100.0, 100.0)


def test_where_the_highest_load_holds_there_is_no_upper_end() -> None:
    capacity = found(certain, high=60.0)
    assert (capacity.load_low, capacity.load_high) == (60.0, None)
    assert not capacity.is_resolved
    assert len(capacity.steps) == 2


def test_what_the_noise_hides_is_undecided_and_closed_in_from_both_sides() -> None:
    capacity = found(noisy(10.0), tolerance=5.0, replications_max=20)
    assert UNDECIDED in verdicts(capacity).values()
    assert not capacity.is_resolved
    assert capacity.load_low is not None
    assert capacity.load_high is not None
    assert capacity.load_low < CAPACITY < capacity.load_high
    undecided = [step.load for step in capacity.steps if step.verdict == UNDECIDED]
    decided = [step.load for step in capacity.steps if step.verdict != UNDECIDED]
    # Nothing is left to ask between what is decided and what cannot be.
    cell = 100.0 / 64
    assert min(undecided) - capacity.load_low == cell
    assert capacity.load_high - max(undecided) == cell
    assert all(load < min(undecided) or load > max(undecided) for load in decided)


def test_more_replications_resolve_it() -> None:
    for most, is_resolved in ((10, False), (640, True)):
        assert found(noisy(10.0), tolerance=10.0, replications_max=most).is_resolved is is_resolved


def test_ends_that_cannot_be_told_leave_the_bracket_open() -> None:
    def hopeless(load: float, seed: int) -> float:
        return 1.0 if seed % 2 else -1.0

    capacity = found(hopeless, replications_max=20)
    assert (capacity.load_low, capacity.load_high) == (None, None)
    assert verdicts(capacity) == {0.0: UNDECIDED, 100.0: UNDECIDED}


def test_an_undecided_low_end_still_gives_an_upper_end() -> None:
    def trial(load: float, seed: int) -> float:
        return (1.0 if seed % 2 else -1.0) if load < 20.0 else -1.0

    capacity = found(trial, replications_max=20)
    assert capacity.load_low is None
    assert capacity.load_high == 21.875  # the point of the grid above 20


@pytest.mark.slow
def test_the_bracket_is_right_as_often_as_it_says() -> None:
    """Of 100 searches with skewed margins, 95 % confidence allows five wrong ones."""
    wrong = 0
    for salt in range(100):
        noise = (1.0 - np.random.default_rng(salt).exponential(size=400)) * 10.0

        def trial(load: float, seed: int, noise: Any = noise) -> float:
            return CAPACITY - load + float(noise[seed])

        capacity = found(trial, tolerance=20.0, replications_max=320)
        low, high = capacity.load_low, capacity.load_high
        assert low is not None
        assert high is not None
        wrong += not low <= CAPACITY < high
    assert wrong <= 5


@pytest.mark.slow
def test_bad_spells_that_most_runs_do_not_see_are_not_overlooked() -> None:
    """Of 100 searches where 82 runs of 100 see no spell, 95 % confidence allows five wrong ones."""
    wrong = 0
    for salt in range(100):
        luck = np.random.default_rng(salt).random(80)

        def trial(load: float, seed: int, luck: Any = luck) -> float:
            # Above half of the load the bad ones outweigh the good: 0.82 x 0.01 < 0.18 x 0.048.
            return -0.048 if load > 0.5 and luck[seed] < 0.18 else 0.01

        capacity = found(trial, high=1.0, tolerance=0.5)
        wrong += capacity.load_low is not None and capacity.load_low > 0.5
    assert wrong <= 5


def test_a_load_without_bad_runs_is_believed_after_forty_runs_or_as_many_as_there_may_be() -> None:
    for most, expected in ((80, 40), (20, 20), (10, 10)):
        capacity = found(lambda load, seed: 0.01, replications_max=most)
        assert [step.replication_count for step in capacity.steps] == [expected, expected]
        assert capacity.load_low == 100.0


def test_a_clear_load_takes_few_runs_and_a_close_one_many() -> None:
    capacity = found(noisy(10.0), tolerance=10.0, replications_max=640)
    counts = {step.load: step.replication_count for step in capacity.steps}
    assert counts[100.0] == 10
    assert counts[0.0] == 40
    assert max(counts.values()) > 40
    assert capacity.run_count == sum(counts.values())


def test_all_loads_meet_the_same_seeds() -> None:
    capacity = found(
        lambda load, seed: 1000.0 * (load < CAPACITY) - 500.0 + seed, replications_min=4, replications_max=4
    )
    for step in capacity.steps:
        (margins,) = step.margins.values()
        assert [abs(margin.value) % 500.0 for margin in margins] in ([0, 1, 2, 3], [0, 499, 498, 497])


def test_further_looks_go_on_with_further_seeds() -> None:
    def open_for_long(load: float, seed: int) -> float:
        return (1.0 + seed / 1000.0) * (1.0 if seed % 2 else -1.0)

    step = found(open_for_long, replications_min=5, replications_max=30).steps[0]
    assert [round(1000.0 * (abs(margin.value) - 1.0)) for margin in step.margins["margin"]] == list(range(30))


def test_the_more_loads_and_looks_there_may_be_the_surer_each_must_be() -> None:
    """Ten margins with a mean of 1.5 standard deviations: a t of 4.7, which chance gives once in 1,800."""

    def trial(load: float, seed: int) -> float:
        return 1.5 + (1.0 if seed % 2 else -1.0)

    few, many = (found(trial, tolerance=tolerance, replications_max=10) for tolerance in (200.0, 1.0))
    assert verdicts(few)[0.0] == HOLDS
    assert verdicts(many)[0.0] == UNDECIDED
    surer = found(trial, tolerance=200.0, confidence=0.9999, replications_max=10)
    assert verdicts(surer)[0.0] == UNDECIDED
    # A t of -3, which chance gives once in 130; to fail takes no bad runs first.
    once, often = (
        found(lambda load, seed: 0.5 - trial(load, seed), tolerance=200.0, replications_max=most)
        for most in (10, 10_240)
    )
    assert [capacity.steps[0].replication_count for capacity in (once, often)] == [10, 20]


def test_a_search_is_a_value() -> None:
    assert found(noisy(10.0)) == found(noisy(10.0))


def test_more_load_that_does_better_is_reported() -> None:
    def with_a_hole(load: float, seed: int) -> float:
        return -1.0 if 20.0 < load < 30.0 else 60.0 - load + 0.01 * seed

    def rising(load: float, seed: int) -> float:
        return 1.0 + load / 100.0 + 0.001 * seed if load < 60.0 else -1.0

    assert found(certain).rises == ()
    assert found(noisy(10.0)).rises == ()
    (rise, *_) = found(rising).rises
    assert (rise.low, rise.high, rise.objective) == (0.0, 50.0, "margin")
    assert rise.difference == pytest.approx(0.5)
    # A hole that no load of the search falls into is not seen.
    assert found(with_a_hole).rises == ()


def test_a_rise_by_chance_is_none() -> None:
    def trial(load: float, seed: int) -> float:
        luck = np.random.default_rng([int(load), seed]).standard_normal()  # other luck at each load
        return (5.0 if load < CAPACITY else -5.0) + float(luck)

    steps = found(trial).steps
    means = [step.estimate("margin").mean for step in steps]
    assert any(later > earlier for earlier, later in itertools.pairwise(means))
    assert found(trial).rises == ()


def test_what_holds_above_a_load_that_fails_is_no_lower_end() -> None:
    steps = [
        CapacityStep(load=load, verdict=verdict, margins={"a": (Margin(value), Margin(value))})
        for load, verdict, value in ((3.0, HOLDS, 1.0), (1.0, HOLDS, 1.0), (2.0, FAILS, -1.0))
    ]
    capacity = bracketed(steps, tolerance=1.0, confidence=0.95)
    assert (capacity.load_low, capacity.load_high) == (1.0, 2.0)
    assert [step.load for step in capacity.steps] == [1.0, 2.0, 3.0]
    assert [(rise.low, rise.high, rise.difference) for rise in capacity.rises] == [(2.0, 3.0, 2.0)]


def test_a_judgement_is_a_trial_with_a_margin_per_objective() -> None:
    slo = SLO(
        name="reads",
        objectives=(
            StalenessObjective(percentile=50.0, at_most=40.0),
            StalenessObjective(percentile=50.0, at_most=30.0),
        ),
        at_load=5.0,  # what is promised does not end the search
    )

    def trial(load: float, seed: int) -> Any:
        reads = np.full(100, load)
        return slo.judge(Evidence(start=0.0, end=1.0, staleness=reads, arrival_rate=1.0 + load))

    capacity = found(trial)
    assert capacity.load_low is not None
    assert capacity.load_high is not None
    assert capacity.load_low <= 30.0 < capacity.load_high
    step = capacity.steps[0]
    assert list(step.margins) == [objective.name for objective in slo.objectives]
    assert next(iter(step.margins.values()))[0].noise == pytest.approx(0.05)


def test_runs_that_held_are_counted() -> None:
    def trial(load: float, seed: int) -> Mapping[str, float]:
        return {"a": 1.0 if seed else -0.5, "b": 1.0 if seed != 1 else math.nan}

    (step, *_) = found(trial, replications_max=10).steps
    assert (step.held_count, step.replication_count) == (8, 10)
    assert step.estimate("a").mean == pytest.approx(0.85)
    assert step.estimate("b").missing_count == 1


def test_what_was_found_is_strict_json() -> None:
    for capacity in (found(certain), found(certain, low=70.0), found(lambda load, seed: -math.inf)):
        read = json.loads(json.dumps(capacity.as_json(), allow_nan=False))
        assert read["load_low"] == capacity.load_low
        assert read["is_resolved"] is capacity.is_resolved
        assert len(read["steps"]) == len(capacity.steps)


def test_workers_and_executors_give_the_same() -> None:
    alone = found(certain, replications_min=4)
    with ThreadPoolExecutor(2) as pool:
        assert found(certain, replications_min=4, executor=pool) == alone


@pytest.mark.slow
def test_it_runs_on_several_processes() -> None:
    def trial(load: float, seed: int) -> Mapping[str, float]:
        return {"margin": CAPACITY - load, "elsewhere": float(os.getpid() != home)}

    home = os.getpid()
    assert found(trial, jobs=2).load_low == found(certain).load_low
    assert all(margin.value == 1.0 for margin in found(trial, jobs=2).steps[0].margins["elsewhere"])


def test_an_error_in_a_trial_says_where() -> None:
    def trial(load: float, seed: int) -> float:
        if load == 50.0 and seed == 3:
            raise ZeroDivisionError("no")
        return certain(load, seed)

    with pytest.raises(ZeroDivisionError) as raised:
        found(trial)
    assert raised.value.__notes__ == ["at load 50, seed 3"]


@pytest.mark.parametrize("returned", [True, None, "0.3", {"a": False}, {}])
def test_a_trial_that_returns_no_margin_is_an_error(returned: Any) -> None:
    with pytest.raises(TypeError, match="trial must return a Judgement, or margins as numbers, got"):
        found(lambda load, seed: returned)


def test_a_trial_that_changes_its_objectives_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"same objectives in every run, got \['0'\] and \['1'\] at load 0"):
        found(lambda load, seed: {str(seed): 1.0})


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"low": 100.0}, "high must be finite and > low = 100.0, got 100.0"),
        ({"high": math.inf}, "high must be finite and > low = 0.0, got inf"),
        ({"low": math.nan}, "high must be finite and > low = nan"),
        ({"tolerance": 0.0}, "tolerance must be finite and > 0, got 0.0"),
        ({"tolerance": math.inf}, "tolerance must be finite and > 0, got inf"),
        ({"tolerance": 1e-9}, "tolerance must be >= 0.000190735 for that range, got 1e-09"),
        ({"low": "50"}, "low must be a number, got '50'"),
        ({"tolerance": None}, "tolerance must be a number, got None"),
        ({"confidence": True}, "confidence must be a number, got True"),
        ({"confidence": 1.0}, "confidence must be > 0 and < 1, got 1.0"),
        ({"confidence": 95}, "confidence must be > 0 and < 1, got 95"),
        ({"replications_min": 1}, "replications_min must be a whole number >= 2, got 1"),
        ({"replications_max": 9}, "replications_max must be a whole number >= 10, got 9"),
        ({"jobs": 0}, "jobs must be a whole number >= 1, got 0"),
    ],
)
def test_numbers_that_cannot_be_meant_are_misuse(numbers: dict[str, Any], message: str) -> None:
    with pytest.raises(Misuse) as raised:
        found(certain, **numbers)
    assert str(raised.value).startswith(message)


def test_what_cannot_be_called_is_misuse() -> None:
    with pytest.raises(Misuse, match=r"trial must be a function of load and seed, got 0.5"):
        found(0.5)
    with pytest.raises(Misuse, match="a study is made one by StudyTrial"):
        found(shares)
    with pytest.raises(Misuse, match=r"executor must be a concurrent.futures.Executor, got 2"):
        found(certain, executor=2)


def test_a_study_is_a_trial_by_its_parameter_and_measures() -> None:
    trial = StudyTrial(study=shares, load="load", margins=["first", "second"], fixed={"bound": 30.0})
    capacity = found(trial)
    assert capacity.load_low is not None
    assert capacity.load_high is not None
    assert capacity.load_low <= 30.0 < capacity.load_high
    assert list(capacity.steps[0].margins) == ["first", "second"]


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"load": "lode"}, "a parameter of shares must be one of load, bound, got 'lode'"),
        ({"fixed": {"bond": 1.0}}, "a parameter of shares must be one of load, bound, got 'bond'"),
        ({"fixed": {"load": 1.0}}, "load must be the load or fixed, not both, got 1.0"),
        ({"margins": []}, "margins must be names of measures, at least one, got []"),
        ({"margins": "first"}, "margins must be names of measures, at least one, got 'first'"),
        ({"margins": ["third"]}, "a measure of shares must be one of first, second"),
    ],
)
def test_a_study_that_has_no_such_parts_is_misuse(parts: dict[str, Any], message: str) -> None:
    with pytest.raises(Misuse) as raised:
        StudyTrial(**{"study": shares, "load": "load", "margins": ["first"], **parts})
    assert str(raised.value).startswith(message)
