"""The horizontal autoscaler's rows hold from calls to instances, and would not with another rule."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from experiments.validation import TheoryCheck, run_checks
from experiments.validation.scaling import CHECKS
from experiments.validation.scaling.horizontal import decision


def verdicts(check: TheoryCheck) -> list[str]:
    (result,) = run_checks([check], seed=10_000, workers=1)
    return [judged.verdict for judged in result.judged]


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_holds(check: TheoryCheck) -> None:
    assert verdicts(check) == ["holds"]


@pytest.mark.slow
def test_a_system_that_is_slightly_other_is_refused() -> None:
    within, above = CHECKS[1], CHECKS[2]
    busier = partial(decision, count=10, rate=11.1, target=10.0)
    assert verdicts(replace(within, simulate=busier)) == ["differs"]
    calmer = partial(decision, count=10, rate=11.0, target=10.0)
    assert verdicts(replace(above, simulate=calmer)) == ["differs"]


@pytest.mark.slow
def test_moments_of_the_calls_do_not_matter() -> None:
    assert {decision(seed, count=10, rate=8.9, target=10.0) for seed in range(5)} == {(9.0,)}
