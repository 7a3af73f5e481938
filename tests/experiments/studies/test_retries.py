"""The study of retries: layers multiply, budgets bound, and jitter brings the herd back."""

import math
from functools import lru_cache
from typing import Any

import pytest

from experiments import Misuse, Run
from experiments.studies.retries import retries

from .what_is_said import means, percent, what_to_see


@lru_cache
def short(**parameters: Any) -> Run:
    return retries(seed=1, **{"clients": 60, "outage": 3.0, **parameters})


@pytest.mark.parametrize(("attempts", "layers"), [(1, 1), (2, 2), (3, 2), (2, 3), (1, 3)])
def test_attempts_multiply_over_layers(attempts: int, layers: int) -> None:
    measures = short(attempts=attempts, layers=layers, backoff="none").measures
    assert measures["attempts_per_request"] == attempts**layers


@pytest.mark.parametrize("budget", ["token bucket", "grpc", "sre"])
def test_every_budget_bounds_the_attempts(budget: str) -> None:
    measures = short(attempts=3, layers=2, backoff="none", budget=budget).measures
    assert 1.0 <= measures["attempts_per_request"] < 6.0


@pytest.mark.slow
def test_envoys_budget_bounds_retries_that_wait_and_not_those_at_once() -> None:
    # It counts retries under way, and a refusal is over before the next one asks.
    waiting, at_once = (
        short(attempts=3, layers=2, backoff=backoff, budget="envoy").measures["attempts_per_request"]
        for backoff in ("full jitter", "none")
    )
    assert waiting < 5.0
    assert at_once > 7.0


@pytest.mark.slow
def test_every_budget_of_the_default_sweep_keeps_layers_from_multiplying() -> None:
    for budget in ("token bucket", "grpc", "envoy", "sre"):
        deep = short(attempts=3, layers=3, backoff="full jitter", budget=budget).measures
        assert deep["attempts_per_request"] < 27 / 3, budget


def test_peaks_are_those_of_the_rate_that_is_drawn() -> None:
    run = short(backoff="exponential", attempts=10)
    rate = run.detail.attempt_rate()
    is_back = rate.starts >= run.detail.back_at - 1e-9
    assert run.measures["peak_back"] == rate.values[is_back].max()


@pytest.mark.slow
def test_jitter_spreads_the_herd_that_exponential_backoff_keeps_in_step() -> None:
    exponential, jitter = (
        short(clients=300, backoff=backoff).measures for backoff in ("exponential", "full jitter")
    )
    assert exponential["peak_back"] > 5 * jitter["peak_back"]
    assert exponential["back_time"] > 1.5 * jitter["back_time"]


@pytest.mark.slow
def test_attempts_at_once_are_used_up_before_the_server_is_back() -> None:
    measures = short(backoff="none", attempts=10).measures
    assert measures["herd_lost"] == 1.0
    assert short(backoff="constant", attempts=10).measures["herd_lost"] == 0.0


def test_every_connection_held_before_is_held_again() -> None:
    run = short(backoff="full jitter")
    history = run.detail.held.history
    assert math.isfinite(run.measures["back_time"])
    assert history.values[-1] > 0.8 * 60
    assert history.values.max() <= 60
    during = history.values[(history.times > run.detail.down_at) & (history.times < run.detail.back_at)]
    assert not during.any()


def test_same_seed_same_measures() -> None:
    again = retries(seed=1, backoff="constant", clients=60, outage=3.0)
    assert dict(short(backoff="constant").measures) == pytest.approx(again.measures, abs=0.0, nan_ok=True)


def test_outage_shorter_than_a_second_is_refused() -> None:
    with pytest.raises(Misuse, match="outage must be >= 1"):
        retries(outage=1e-9)


def test_what_it_says_is_to_be_seen_is_what_the_sweep_shows() -> None:
    said = what_to_see(retries)
    layers = {"layers": 3, "attempts": 3, "clients": 100}
    alone = means(retries, backoff="full jitter", **layers)["attempts_per_request"]
    assert f"costs it {alone:.0f} attempts over three layers" in said
    within = {
        budget: means(retries, backoff="full jitter", budget=budget, **layers)["attempts_per_request"]
        for budget in ("token bucket", "grpc", "sre", "envoy")
    }
    assert f"with a budget {within['token bucket']:.1f} (token bucket, gRPC)" in said
    assert within["grpc"] == pytest.approx(within["token bucket"], abs=0.05)
    assert f"{within['sre']:.1f} (SRE) or {within['envoy']:.1f} (Envoy)" in said
    herd = [means(retries, backoff=backoff) for backoff in ("none", "exponential", "full jitter")]
    peaks = [f"{each['peak_back']:,.0f}" for each in herd]
    assert (
        "{} attempts per second without backoff, {} with an exponential one, {} with full".format(*peaks)
        in said
    )
    assert herd[0]["herd_lost"] == 1.0
    assert f"all, {percent(herd[1]['herd_lost'])} and {percent(herd[2]['herd_lost'])} are given up" in said
    assert "takes {:.0f}, {:.0f} and {:.0f} s".format(*(each["back_time"] for each in herd)) in said
