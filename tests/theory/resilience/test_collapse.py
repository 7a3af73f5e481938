"""The simple collapse: the stated probability is a plain program's, and its causes are as stated."""

from __future__ import annotations

import random
from statistics import fmean

import pytest

from experiments.validation.resilience import collapse
from experiments.validation.resilience.collapse import BACKOFF, PLAIN_PROBABILITY

from .plain_collapse import BACKOFF as PLAIN_BACKOFF
from .plain_collapse import NO_BACKOFF, SPIKE_END, SPIKE_START, next_arrival, probability


@pytest.mark.slow
def test_stated_probability_is_that_of_the_plain_program() -> None:
    share, error = probability(NO_BACKOFF, runs=80, seed=1)
    stated, stated_error = PLAIN_PROBABILITY
    assert abs(share - stated) <= 4.0 * (error**2 + stated_error**2) ** 0.5
    assert probability(PLAIN_BACKOFF, runs=10, seed=1) == (0.0, 0.0)


@pytest.mark.slow
def test_arrivals_of_the_plain_program_follow_the_rate() -> None:
    chance = random.Random(3)
    counts = []
    for _ in range(50):
        time, spike = 0.0, 0
        while time < 80.0:
            time = next_arrival(time, 80.0, chance)
            spike += SPIKE_START <= time < SPIKE_END
        counts.append(spike)
    assert fmean(counts) == pytest.approx(400.0, abs=4 * (400 / 50) ** 0.5)


@pytest.mark.slow
def test_counting_itself_slows_a_request_by_one_more_in_flight() -> None:
    # 67.33 instead of 66.67: the same seeds meet the same luck, so that few runs show it.
    runs = [
        [collapse(seed, peak_rate=40.0, end=60.0, counts_itself=itself).in_flight for itself in (True, False)]
        for seed in range(4)
    ]
    assert fmean(itself - others for itself, others in runs) == pytest.approx(2 / 3, rel=0.1)


@pytest.mark.slow
def test_without_a_spike_nothing_collapses() -> None:
    assert not any(collapse(seed, peak_rate=40.0).is_collapsed for seed in range(4))


@pytest.mark.slow
def test_a_higher_spike_always_collapses_without_backoff() -> None:
    assert all(collapse(seed, peak_rate=120.0, end=60.0).is_collapsed for seed in range(2))


@pytest.mark.slow
@pytest.mark.parametrize(
    "cure",
    [{"backoff": BACKOFF}, {"attempts": 1}, {"timeout": 60.0}],
    ids=str,
)
def test_without_its_causes_there_is_no_collapse(cure: dict[str, object]) -> None:
    # Backoff; or no retries; or patience.
    assert not any(collapse(seed, **cure).is_collapsed for seed in range(3))  # type: ignore[arg-type]


@pytest.mark.slow
def test_collapse_keeps_the_server_busy_with_work_that_nobody_waits_for() -> None:
    run = next(run for run in map(collapse, range(20)) if run.is_collapsed)
    assert run.goodput == 0.0
    # Each request in flight three times, for 3 s and longer.
    assert run.in_flight > 40.0 * 3 * 3
