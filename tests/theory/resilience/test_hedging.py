"""Hedging at a percentile: the closed form, what the simulation makes of it, and what has no closed form."""

from __future__ import annotations

from collections.abc import Generator
from math import exp, log
from typing import Any

import pytest

from experiments.validation.resilience import hedged
from models import FunctionEndpoint, Request
from models.resilience.hedging import AfterPercentile, Hedge
from models.workload import OpenLoop
from simulator import Environment
from simulator.randomness import Exponential

from ..running import changed
from .replicating import is_found_out, the

P95 = -log(0.05)


def survival(t: float) -> float:
    """P(a call of Exp(1) s, hedged at its 95th percentile, takes longer than t)."""
    return exp(-t) if t < P95 else exp(-t) * exp(-(t - P95))


def test_the_formula_is_that_of_the_published_numbers() -> None:
    assert -log(0.01) == pytest.approx(4.6052, abs=5e-5)
    check = the("hedging Exp(1) calls at their 95th")
    p99, mean, slow, copies = (claim.expected for claim in check.claims)
    assert p99 == pytest.approx(3.8005, abs=5e-5)
    assert survival(p99) == pytest.approx(0.01) == pytest.approx(slow)
    assert copies == pytest.approx(0.05) == pytest.approx(survival(P95))
    steps = 20_000
    integral = sum(survival((step + 0.5) * 20.0 / steps) for step in range(steps)) * 20.0 / steps
    assert mean == pytest.approx(integral, abs=1e-4)


@pytest.mark.slow
def test_a_hedge_that_comes_later_or_earlier_differs() -> None:
    check = the("hedging Exp(1) calls at their 95th")
    for delay in (2.3, 3.8):
        assert is_found_out(changed(check, delay=delay), 0.2)


@pytest.mark.slow
def test_hedging_shortens_the_tail_for_five_percent_more_load() -> None:
    p99, _, _, copies = hedged(1, 1.0, delay=P95, slow=3.8005, calls_count=20_000)
    assert p99 == pytest.approx(3.8005, rel=0.03)
    assert copies == pytest.approx(0.05, rel=0.06)
    p99, _, _, copies = hedged(1, 1.0, delay=1e6, slow=3.8005, calls_count=20_000)
    assert p99 == pytest.approx(4.6052, rel=0.03)
    assert copies == 0.0


def copies_per_call(window: int) -> float:
    """What a hedge at the 95th percentile of so many of its own calls costs, once it has that many."""
    env = Environment(seed=2)
    duration = env.sampler("server", Exponential(1.0))

    def answer(request: Request) -> Generator[Any, Any, None]:
        yield duration()

    hedge = Hedge(env, FunctionEndpoint(answer), after=AfterPercentile(95.0, window=window, calls_min=window))
    OpenLoop(env, hedge, rate=10.0, until=6_200.0)
    env.run(until=200.0)
    before = hedge.statistics()
    env.run()
    after = hedge.statistics()
    return (after.copy_count - before.copy_count) / (after.call_count - before.call_count)


@pytest.mark.slow
def test_hedging_at_the_percentile_of_its_own_calls_costs_a_little_more() -> None:
    # A further call exceeds the k-th longest of n with probability k / (n + 1), were they not hedged.
    assert 11 / 201 < copies_per_call(200) < 0.064
    assert 51 / 1001 < copies_per_call(1_000) < 0.057
