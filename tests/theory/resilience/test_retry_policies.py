"""Brooker's policies: engine, Markov chain and a program without an engine, each against the others."""

from __future__ import annotations

import random
from math import sqrt
from statistics import fmean, stdev

import pytest

from experiments.validation.resilience import (
    POLICIES,
    breaker_chain,
    retry_policies,
    token_bucket_chain,
)

from .plain_retry_policies import run

WITH_MEMORY = ("token_bucket", "token_bucket_per_call", "breaker")


def chain(policy: str, p: float, clients_count: int) -> tuple[float, float]:
    calls_mean = 1_000 / clients_count
    if policy == "breaker":
        return breaker_chain(failure_probability=p, calls_mean=calls_mean)
    if policy == "token_bucket":
        return token_bucket_chain(failure_probability=p, calls_mean=calls_mean)
    return token_bucket_chain(failure_probability=p, calls_mean=calls_mean, per_call=True, retries_max=5)


def agree(first: list[float], second: list[float], slack: float = 0.0) -> bool:
    """Whether two means lie within 4.5 standard errors of each other: one in 100,000 does not."""
    error = sqrt(stdev(first) ** 2 / len(first) + stdev(second) ** 2 / len(second))
    return abs(fmean(first) - fmean(second)) <= 4.5 * error + slack


@pytest.mark.slow
@pytest.mark.parametrize("policy", WITH_MEMORY)
@pytest.mark.parametrize("p", [0.05, 0.5])
def test_chain_is_what_a_plain_program_gives_without_delays(policy: str, p: float) -> None:
    chance = random.Random(7)
    runs = [run(policy, chance, failure_probability=p, clients=10, delay=0.0) for _ in range(40)]
    for values, exact in zip(zip(*runs, strict=True), chain(policy, p, 10), strict=True):
        assert abs(fmean(values) - exact) <= 4.5 * stdev(values) / sqrt(len(values)) + 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("policy", WITH_MEMORY)
@pytest.mark.parametrize("p", [0.02, 0.3])
@pytest.mark.parametrize("clients_count", [10, 100])
def test_engine_and_plain_program_agree_on_the_published_set_up(
    policy: str, p: float, clients_count: int
) -> None:
    chance = random.Random(8)
    plain = [run(policy, chance, failure_probability=p, clients=clients_count) for _ in range(20)]
    ours = [
        retry_policies(seed, policy=policy, failure_probability=p, clients_count=clients_count)
        for seed in range(20)
    ]
    for first, second in zip(zip(*plain, strict=True), zip(*ours, strict=True), strict=True):
        assert agree(list(first), list(second))


@pytest.mark.slow
@pytest.mark.parametrize("policy", WITH_MEMORY)
@pytest.mark.parametrize("clients_count", [10, 100])
def test_overlapping_calls_shift_the_chain_by_less_than_the_stated_bias(
    policy: str, clients_count: int
) -> None:
    p = 0.05 if policy == "breaker" else 0.2
    chance = random.Random(9)
    runs = [run(policy, chance, failure_probability=p, clients=clients_count) for _ in range(80)]
    for values, exact in zip(zip(*runs, strict=True), chain(policy, p, clients_count), strict=True):
        assert abs(fmean(values) - exact) <= 4.5 * stdev(values) / sqrt(len(values)) + 0.0005


@pytest.mark.parametrize("policy", POLICIES)
def test_nothing_fails_nothing_is_retried(policy: str) -> None:
    assert retry_policies(1, policy=policy, failure_probability=0.0, clients_count=10) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("policy", "attempts"),
    # One client, some 1,000 calls that all fail: 5 tokens once; 4 and the tenth of a token of each call; one
    # call whose failures are 1 of 1.
    [("none", 1.0), ("three_retries", 4.0), ("token_bucket", None), ("breaker", 1.0)],
)
def test_attempts_per_call_when_everything_fails(policy: str, attempts: float | None) -> None:
    success, per_call = retry_policies(1, policy=policy, failure_probability=1.0, clients_count=1)
    assert success == 0.0
    if attempts is None:
        assert 1.004 < per_call < 1.006
    else:
        assert per_call == attempts


@pytest.mark.slow
def test_many_clients_turn_a_breaker_into_no_retries_and_a_bucket_into_three() -> None:
    # The post's point: what each client learns from its own calls is little where each makes few.
    def load(policy: str, clients_count: int) -> float:
        return retry_policies(2, policy=policy, failure_probability=0.05, clients_count=clients_count)[1]

    assert load("breaker", 1000) < load("breaker", 100) < load("breaker", 10) < load("three_retries", 10)
    assert load("token_bucket", 1000) == load("three_retries", 1000)
