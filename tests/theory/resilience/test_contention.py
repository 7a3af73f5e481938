"""The AWS post's contention: our backoffs are its formulas, the stated numbers those of a plain program."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import islice, pairwise

import numpy as np
import pytest
from scipy.stats import kstest

from experiments.validation.resilience import FoldedNormal, contention
from experiments.validation.resilience.contention import BACKOFFS, PLAIN
from simulator.randomness import Sampler, Streams

from .plain_contention import BASE, WAITS, ceiling, means


@pytest.mark.parametrize(("policy", "lowest"), [("exponential", 1.0), ("equal", 0.5), ("full", 0.0)])
def test_waits_begin_at_twice_the_base_of_the_post(policy: str, lowest: float) -> None:
    longest = [ceiling(refusals) for refusals in range(1, 15)]
    assert longest[0] == 2 * BASE
    assert longest[-1] == 2.0
    ours = islice(BACKOFFS[policy].delays(lambda: 1.0), 14)
    assert list(ours) == pytest.approx(longest)
    shortest = islice(BACKOFFS[policy].delays(lambda: 0.0), 14)
    assert list(shortest) == pytest.approx([lowest * wait for wait in longest])


@pytest.mark.slow
def test_decorrelated_waits_begin_at_the_base_itself() -> None:
    uniforms = [0.9, 0.1, 0.5, 0.99, 0.99, 0.99, 0.99, 0.99]

    class Scripted(random.Random):
        def __init__(self) -> None:
            super().__init__()
            self._numbers: Iterator[float] = iter(uniforms)

        def random(self) -> float:
            return next(self._numbers)

    theirs = islice(WAITS["decorrelated"](Scripted()), len(uniforms))
    ours = islice(BACKOFFS["decorrelated"].delays(iter(uniforms).__next__), len(uniforms))
    assert list(ours) == pytest.approx(list(theirs))


@pytest.mark.slow
def test_one_client_needs_one_write_and_two_round_trips() -> None:
    times = [contention(seed, clients_count=1, backoff=BACKOFFS["full"]) for seed in range(200)]
    assert {writes for _, writes in times} == {1}
    # Four messages of 10 ms, deviation 2 ms each: 40 ms, 4 ms; the mean of 200 within 4 standard errors.
    assert np.mean([time for time, _ in times]) == pytest.approx(0.040, abs=4 * 0.004 / 200**0.5)


@pytest.mark.slow
def test_jitter_wins_as_the_post_says() -> None:
    runs = {
        policy: np.mean([contention(seed, clients_count=50, backoff=backoff) for seed in range(4)], axis=0)
        for policy, backoff in BACKOFFS.items()
    }
    # Calls: jitter more than halves them against no jitter, full fewest; without backoff the most.
    order = ("none", "exponential", "decorrelated", "equal", "full")
    assert all(runs[more][1] > runs[fewer][1] for more, fewer in pairwise(order))
    assert runs["full"][1] < 0.6 * runs["exponential"][1]
    # Time: none is quickest, exponential without jitter slowest by far, equal behind full and decorrelated.
    assert runs["none"][0] < min(runs["full"][0], runs["decorrelated"][0])
    assert max(runs["full"][0], runs["decorrelated"][0]) < runs["equal"][0] < runs["exponential"][0] / 3


@pytest.mark.slow
@pytest.mark.parametrize(("clients_count", "policy"), [key for key in PLAIN if key[0] < 50])
def test_stated_numbers_are_those_of_the_plain_program(clients_count: int, policy: str) -> None:
    again = means(clients_count, policy, runs=150, seed=1)
    for (value, error), stated in zip(again, PLAIN[clients_count, policy], strict=True):
        assert abs(value - stated[0]) <= 4.5 * (error**2 + stated[1] ** 2) ** 0.5


def test_folded_normal_folds() -> None:
    law = FoldedNormal(1.0, 2.0)
    draw = Sampler(Streams(seed=1).stream("folded"), law)
    values = np.array([draw() for _ in range(20_000)])
    assert values.min() >= 0.0
    assert kstest(values, law.cdf).pvalue > 0.001
    assert values.mean() == pytest.approx(law.mean, rel=0.02)
    assert values.var() == pytest.approx(law.variance, rel=0.05)
    assert [law.cdf(law.quantile(p)) for p in (0.1, 0.5, 0.99)] == pytest.approx([0.1, 0.5, 0.99])


@pytest.mark.parametrize(("centre", "deviation"), [(-1.0, 1.0), (1.0, 0.0), (float("nan"), 1.0)])
def test_folded_normal_refuses(centre: float, deviation: float) -> None:
    with pytest.raises(ValueError, match="must be"):
        FoldedNormal(centre, deviation)
