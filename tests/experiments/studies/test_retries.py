"""The study of retries: layers multiply, budgets bound, and jitter brings the herd back."""

import math
from functools import lru_cache
from typing import Any

import pytest

from experiments import Run
from experiments.studies.retries import retries


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


def test_envoys_budget_bounds_retries_that_wait_and_not_those_at_once() -> None:
    # It counts retries under way, and a refusal is over before the next one asks.
    waiting, at_once = (
        short(attempts=3, layers=2, backoff=backoff, budget="envoy").measures["attempts_per_request"]
        for backoff in ("full jitter", "none")
    )
    assert waiting < 5.0
    assert at_once > 7.0


def test_jitter_spreads_the_herd_that_exponential_backoff_keeps_in_step() -> None:
    exponential, jitter = (
        short(clients=300, backoff=backoff).measures for backoff in ("exponential", "full jitter")
    )
    assert exponential["peak_back"] > 5 * jitter["peak_back"]
    assert exponential["back_time"] > 1.5 * jitter["back_time"]


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
