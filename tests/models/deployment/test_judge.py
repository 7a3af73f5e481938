"""Judges: the contract, the exact tests behind them, and how often luck is taken for harm."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import binom, fisher_exact

from models.deployment import AgainstOld, ByObjective, Judge, Tally
from models.deployment.judge import binomial_tail, fisher_tail
from models.requirements import AvailabilityObjective, LatencyObjective

OBJECTIVE = AvailabilityObjective(at_least=0.99)
KINDS = pytest.mark.parametrize("kind", [ByObjective, AgainstOld])


@KINDS
def test_too_few_calls_are_no_verdict(kind: type[Judge]) -> None:
    judge = kind(objective=OBJECTIVE, requests_min=50)
    assert judge.judge(Tally(49, 49), Tally(1000, 0)) is None
    assert judge.judge(Tally(50, 50), Tally(1000, 0)) is False


@KINDS
def test_version_without_any_bad_call_passes(kind: type[Judge]) -> None:
    assert kind(objective=OBJECTIVE).judge(Tally(100, 0), Tally(1000, 0)) is True


@KINDS
def test_more_bad_calls_are_never_better(kind: type[Judge]) -> None:
    judge = kind(objective=OBJECTIVE)
    verdicts = [judge.judge(Tally(200, bad), Tally(2000, 20)) is True for bad in range(201)]
    assert verdicts == sorted(verdicts, reverse=True)
    assert (verdicts[0], verdicts[-1]) == (True, False)


def test_only_who_compares_needs_the_old_one() -> None:
    assert ByObjective(objective=OBJECTIVE).judge(Tally(100, 0), Tally()) is True
    assert AgainstOld(objective=OBJECTIVE).judge(Tally(1000, 0), Tally(99, 0)) is None
    assert (ByObjective.needs_old, AgainstOld.needs_old) == (False, True)


def test_trouble_that_strikes_both_is_the_new_ones_fault_only_for_who_does_not_compare() -> None:
    new, old = Tally(200, 20), Tally(2000, 200)
    assert ByObjective(objective=OBJECTIVE).judge(new, old) is False
    assert AgainstOld(objective=OBJECTIVE).judge(new, old) is True


def test_good_by_the_objective_and_worse_than_before_is_told_by_who_compares() -> None:
    new, old = Tally(2000, 12), Tally(20000, 0)
    assert ByObjective(objective=OBJECTIVE).judge(new, old) is True
    assert AgainstOld(objective=OBJECTIVE).judge(new, old) is False


@pytest.mark.parametrize(
    ("bad", "count", "share"), [(0, 10, 0.1), (1, 100, 0.01), (7, 200, 0.01), (30, 40, 0.5)]
)
def test_binomial_tail_is_that_of_the_binomial_law(bad: int, count: int, share: float) -> None:
    assert binomial_tail(bad, count, share) == pytest.approx(binom.sf(bad - 1, count, share), rel=1e-10)


@pytest.mark.parametrize(
    ("new", "old"), [((100, 5), (1000, 9)), ((10, 0), (10, 4)), ((50, 50), (50, 0)), ((7, 3), (9, 9))]
)
def test_fisher_tail_is_that_of_fishers_exact_test(new: tuple[int, int], old: tuple[int, int]) -> None:
    table = np.array([[bad, count - bad] for count, bad in (new, old)])
    expected = fisher_exact(table, alternative="greater").pvalue
    assert fisher_tail(Tally(*new), Tally(*old)) == pytest.approx(expected, rel=1e-9)


def rolled_back_share(
    judge: Judge, share: float, *, looks: int, per_look: int, repetitions: int = 2000, old_share: float = 0.01
) -> float:
    """How many of many canaries, each call bad with probability `share`, are told to go back at some look."""
    rng = np.random.default_rng(1)
    new = rng.binomial(per_look, share, size=(repetitions, looks)).cumsum(axis=1)
    old = rng.binomial(10 * per_look, old_share, size=(repetitions, looks)).cumsum(axis=1)
    verdicts: dict[tuple[int, int, int], bool | None] = {}
    count = 0
    for bad_of_new, bad_of_old in zip(new.tolist(), old.tolist(), strict=True):
        for look, (bad, other) in enumerate(zip(bad_of_new, bad_of_old, strict=True), start=1):
            key = (look, bad, other if judge.needs_old else 0)
            if key not in verdicts:
                verdicts[key] = judge.judge(Tally(look * per_look, bad), Tally(10 * look * per_look, other))
            if verdicts[key] is False:
                count += 1
                break
    return count / repetitions


@KINDS
def test_one_look_at_a_version_that_is_just_good_enough_is_wrong_as_seldom_as_it_says(
    kind: type[Judge],
) -> None:
    judge = kind(objective=OBJECTIVE, significance=0.01)
    assert rolled_back_share(judge, 0.01, looks=1, per_look=1000) <= 0.01 + 3 * 0.0023


@pytest.mark.parametrize(
    ("kind", "repetitions"), [(ByObjective, 2000), pytest.param(AgainstOld, 200, marks=pytest.mark.slow)]
)
def test_many_looks_are_wrong_several_times_as_often(kind: type[Judge], repetitions: int) -> None:
    """The price of looking all the time, with the number that the module says."""
    judge = kind(objective=OBJECTIVE, significance=0.01)
    sixty = rolled_back_share(judge, 0.01, looks=60, per_look=100, repetitions=repetitions)
    assert sixty == pytest.approx(0.06, abs=0.03)


@KINDS
def test_version_that_is_far_better_than_promised_is_hardly_ever_rolled_back_by_luck(
    kind: type[Judge],
) -> None:
    judge = kind(objective=OBJECTIVE, significance=0.001)
    assert rolled_back_share(judge, 0.001, looks=60, per_look=20, old_share=0.001) < 0.02


@KINDS
def test_version_that_is_ten_times_as_bad_as_allowed_does_not_get_through(kind: type[Judge]) -> None:
    judge = kind(objective=OBJECTIVE)
    assert rolled_back_share(judge, 0.1, looks=30, per_look=10) > 0.99


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"requests_min": 0}, "requests_min must be a whole number >= 1, got 0"),
        ({"requests_min": True}, "requests_min must be a whole number >= 1, got True"),
        ({"significance": 0.0}, "significance must be > 0 and <= 0.5, got 0.0"),
        ({"significance": 0.6}, "significance must be > 0 and <= 0.5, got 0.6"),
    ],
)
@KINDS
def test_judge_without_a_rule_is_refused(kind: type[Judge], settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kind(objective=OBJECTIVE, **settings)


def test_objective_must_be_one_on_single_requests() -> None:
    with pytest.raises(TypeError, match="objective must be one on single requests"):
        ByObjective(objective=0.99)  # type: ignore[arg-type] # that is the point
    assert ByObjective(objective=LatencyObjective()).objective.share_required == 0.99
