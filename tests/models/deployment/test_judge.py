"""Judges: the contract, the test behind them, and how often luck is taken for harm."""

from __future__ import annotations

from math import exp, inf, log
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import binom

from models.deployment import AgainstOld, ByObjective, Judge, Tally
from models.deployment.judge import log_evidence
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
    ("bad", "count", "allowed"),
    [
        (1, 1, 0.5),
        (1, 100, 0.01),
        (7, 200, 0.01),
        (30, 40, 0.5),
        (4, 4, 0.05),
        (20, 2000, 0.01),
        (1, 500, 0.1),
    ],
)
def test_evidence_is_the_mean_likelihood_ratio_with_each_factor_weighed_alike(
    bad: int, count: int, allowed: float
) -> None:
    def ratio(logarithm: float) -> float:  # of p: with each factor alike it is the logarithm that is uniform
        p = exp(logarithm)
        return (p / allowed) ** bad * ((1.0 - p) / (1.0 - allowed)) ** (count - bad)

    whole, _ = quad(ratio, log(allowed), 0.0, epsabs=0.0, epsrel=1e-10, limit=200)
    assert log_evidence(bad, count, allowed) == pytest.approx(log(whole / -log(allowed)), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(("bad", "count", "allowed"), [(1, 10, 0.01), (3, 40, 0.05), (9, 12, 0.5)])
def test_next_call_changes_the_evidence_by_nothing_on_average(bad: int, count: int, allowed: float) -> None:
    """A martingale: what is expected of the next look is what is there, so that looking gains nothing."""
    now = exp(log_evidence(bad, count, allowed))
    then = allowed * exp(log_evidence(bad + 1, count + 1, allowed))
    then += (1.0 - allowed) * exp(log_evidence(bad, count + 1, allowed))
    assert then == pytest.approx(now, rel=1e-9)


def test_where_none_may_be_bad_one_is_too_many_and_where_all_may_none_is() -> None:
    assert (log_evidence(0, 100, 0.0), log_evidence(1, 100, 0.0)) == (-inf, inf)
    assert log_evidence(100, 100, 1.0) == -inf
    assert log_evidence(1, 10**6, 0.5) == -inf, "far better than allowed, and no error of the computer"
    assert log_evidence(10**6, 10**7, 0.01) > 1e6


def counted(
    share: float,
    *,
    steps: int = 1,
    looks: int,
    per_look: int,
    repetitions: int = 200,
    old_share: float = 0.01,
) -> tuple[int, list[Any]]:
    """Bad calls to new and old at each look of each step of canaries; the old one gets ten times as many."""
    rng = np.random.default_rng(1)
    shape = (repetitions, steps, looks)
    new = rng.binomial(per_look, share, size=shape).cumsum(axis=2)
    old = rng.binomial(10 * per_look, old_share, size=shape).cumsum(axis=2)
    return per_look, np.stack([new, old], axis=3).tolist()


def rolled_back_share(judge: Judge, of: tuple[int, list[Any]]) -> float:
    """How many of the canaries are told to go back at some look."""
    per_look, canaries = of
    verdicts: dict[tuple[int, int, int], bool] = {}

    def is_bad(look: int, bad: int, other: int) -> bool:
        key = (look, bad, other if judge.needs_old else 0)
        if key not in verdicts:
            new, old = Tally(look * per_look, bad), Tally(10 * look * per_look, other)
            verdicts[key] = judge.judge(new, old) is False
        return verdicts[key]

    return sum(
        any(is_bad(look, *bad) for step in canary for look, bad in enumerate(step, start=1))
        for canary in canaries
    ) / len(canaries)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "looks"), [(ByObjective, 60), (AgainstOld, 20)])
def test_good_version_is_rolled_back_as_seldom_as_it_says_however_often_one_looks(
    kind: type[Judge], looks: int
) -> None:
    """A whole canary, of three steps of many looks, of a version that is just as good as it should be."""
    of = counted(0.01, steps=3, looks=looks, per_look=6000 // looks)
    share = rolled_back_share(kind(objective=OBJECTIVE, significance=0.01), of)
    assert share <= 0.01 + 2 * 0.007
    assert rolled_back_share(kind(objective=OBJECTIVE, significance=0.4), of) > share, "it can be"


@pytest.mark.slow
def test_what_a_test_for_one_look_would_do_is_what_the_module_says() -> None:
    bad = np.random.default_rng(1).binomial(100, 0.01, size=(1000, 3, 60)).cumsum(axis=2)
    luck: Any = binom.sf(bad - 1, 100 * np.arange(1, 61), 0.01)
    is_rolled_back = (luck < 0.01).any(axis=2)
    assert is_rolled_back.mean() == pytest.approx(0.06, abs=0.015)
    assert is_rolled_back.any(axis=1).mean() == pytest.approx(0.16, abs=0.03)


@KINDS
def test_version_that_is_far_better_than_promised_is_hardly_ever_rolled_back_by_luck(
    kind: type[Judge],
) -> None:
    judge = kind(objective=OBJECTIVE, significance=0.001)
    assert rolled_back_share(judge, counted(0.001, looks=60, per_look=20, old_share=0.001)) < 0.02


@KINDS
def test_version_that_is_ten_times_as_bad_as_allowed_does_not_get_through(kind: type[Judge]) -> None:
    judge = kind(objective=OBJECTIVE)
    assert rolled_back_share(judge, counted(0.1, looks=30, per_look=10)) > 0.99


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


def test_objective_about_one_operation_is_refused_for_a_balancer_sees_none() -> None:
    with pytest.raises(ValueError, match="objective must be about all calls, got Availability"):
        ByObjective(objective=AvailabilityObjective(at_least=0.99, operation="buy"))
