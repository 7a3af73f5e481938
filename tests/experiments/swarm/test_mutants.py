"""The swarm finds what has been broken on purpose: a swarm that finds nothing proves nothing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import pytest

from experiments.swarm import Failed, Passed, SystemPlan, draw_plan, run_trial, shrink, trial

from .mutants import (
    MUTANTS,
    Mutant,
    balancer_loses_a_count_where_a_call_fails,
    breaker_loses_a_trial_that_is_cancelled,
    permit_is_lost_when_a_waiter_goes,
    silence_counts_as_an_answer,
    work_in_progress_does_not_feel_a_change_of_speed,
)
from .test_systems import UNMENDED
from .witnesses import WITNESSES

SYSTEMS_MAX = 300
# What only shows in the laws, which one system in eight is held to unless it is asked for.
AGAINST_LAWS = {work_in_progress_does_not_feel_a_change_of_speed}


@pytest.fixture(autouse=True)
def with_little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some bugs never let a system run empty: minutes of a clock show that as well as a day does."""
    monkeypatch.setattr(trial, "_PATIENCES_MAX", 5)


def failures(systems_max: int, *, thorough: bool | None = None) -> Iterator[tuple[int, Failed]]:
    for seed in range(systems_max):
        verdict = run_trial(draw_plan(seed), thorough=thorough, locate=False)
        if isinstance(verdict, Failed) and verdict.kind not in UNMENDED:
            yield seed, verdict


def is_small(plan: SystemPlan) -> bool:
    return (
        len(plan.clients) == 1
        and len(plan.services) <= 2
        and len(plan.wrappers()) <= 3
        and len(plan.faults) <= 1
        and len(plan.to_json().splitlines()) < 90
    )


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_mutant_is_found(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    """One system of the first three hundred is enough: the one that is known to show it.

    A search takes as long as a hundred of these tests. So who makes plans change has to renew the witnesses.
    """
    mutant(monkeypatch)
    thorough = True if mutant in AGAINST_LAWS else None
    witness = WITNESSES.get(mutant.__name__, 0)
    assert witness < SYSTEMS_MAX
    verdict = run_trial(draw_plan(witness), thorough=thorough, locate=False)
    if isinstance(verdict, Passed) or verdict.kind in UNMENDED:
        seed, failed = next(failures(SYSTEMS_MAX, thorough=thorough))
        pytest.fail(f'its witness shows nothing any more, but "{mutant.__name__}": {seed},  # {failed.kind}')


def test_witnesses_are_those_of_mutants() -> None:
    assert set(WITNESSES) <= {mutant.__name__ for mutant in MUTANTS}


@pytest.mark.slow
@pytest.mark.parametrize(
    "mutant",
    [
        balancer_loses_a_count_where_a_call_fails,
        breaker_loses_a_trial_that_is_cancelled,
        permit_is_lost_when_a_waiter_goes,
        silence_counts_as_an_answer,
    ],
    ids=lambda mutant: mutant.__name__,
)
def test_what_is_found_is_shrunk_to_next_to_nothing(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of the first five: some need two faults or ties, and are as small as they can be."""
    mutant(monkeypatch)
    for seed, failed in islice(failures(SYSTEMS_MAX), 5):
        shrunk = shrink(draw_plan(seed), failed)
        assert shrunk.failed.kind == failed.kind
        if is_small(shrunk.plan):
            return
    pytest.fail("all of the first five plans stay large")


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, SYSTEMS_MAX, 100))
def test_no_mutant_no_failure(first: int) -> None:
    """A witness is one only if its system passes where nothing is broken; pytest takes the changes back."""
    witnesses = {seed for seed in WITNESSES.values() if first <= seed < first + 100}
    verdicts = {seed: run_trial(draw_plan(seed), locate=False) for seed in sorted(witnesses)}
    assert [seed for seed, verdict in verdicts.items() if isinstance(verdict, Failed)] == []
