"""What holds for every limit, whatever it is told."""

from __future__ import annotations

import pickle
import random
from dataclasses import FrozenInstanceError
from math import inf

import pytest

from models import Host, Network
from models.resilience.shedding import (
    AimdLimit,
    ConcurrencyLimit,
    ConcurrencyLimiter,
    EnvoyGradientLimit,
    FixedLimit,
    Gradient2Limit,
    VegasLimit,
    WindowedLimit,
)
from models.services import Instance
from simulator import Environment
from tests.models.resilience.scripted import Scripted, call_at

from .fed import Fed

FAMILY: list[ConcurrencyLimit] = [
    FixedLimit(4),
    AimdLimit(limit_initial=4, limit_min=2, limit_max=12, timeout=1.0),
    VegasLimit(limit_initial=4, limit_max=12, probe_multiplier=3),
    Gradient2Limit(limit_initial=4, limit_min=2, limit_max=12),
    EnvoyGradientLimit(limit_min=2, limit_max=12, request_count=5, interval=1.0),
    WindowedLimit(
        AimdLimit(limit_initial=4, limit_min=2, limit_max=12),
        window_min=0.2,
        window_max=0.2,
        sample_count_min=3,
    ),
    WindowedLimit(
        EnvoyGradientLimit(limit_min=2, limit_max=12, request_count=5, interval=1.0),
        window_min=0.1,
        window_max=0.1,
        sample_count_min=2,
    ),
]
for_all = pytest.mark.parametrize("limit", FAMILY, ids=lambda limit: repr(limit)[:40])


@for_all
@pytest.mark.parametrize("seed", range(5))
def test_the_limit_stays_within_its_bounds_and_every_change_is_announced(
    limit: ConcurrencyLimit, seed: int
) -> None:
    chance = random.Random(seed)
    fed = Fed(limit, uniform=chance.random)
    start = fed.limit
    for step in range(1_000):
        fed.env.run(until=fed.env.now + chance.choice([0.001, 0.01, 0.3]))
        duration = chance.choice([0.0, 1e-9, 0.01, 0.1, 2.0, 1e9])
        fed.feed(duration, chance.randint(1, 12), drop=chance.random() < 0.1 + 0.4 * (step > 500))
        assert type(fed.limit) is int
    assert all(1 <= each <= 12 for each in fed.changes)
    assert fed.changes[-1:] in ([], [fed.limit])
    levels = [start, *fed.changes]
    assert all(before != after for before, after in zip(levels, fed.changes, strict=False))
    assert bool(fed.changes) == (limit != FixedLimit(4))


@for_all
def test_a_policy_is_a_value_and_its_estimators_are_independent(limit: ConcurrencyLimit) -> None:
    one, other = Fed(limit), Fed(limit)
    start = one.limit
    one.env.run(until=1.0)
    one.feed(0.1, times=100)
    assert other.limit == start
    assert Fed(limit).limit == start
    assert pickle.loads(pickle.dumps(limit)) == limit
    assert hash(limit) == hash(pickle.loads(pickle.dumps(limit)))
    with pytest.raises((FrozenInstanceError, TypeError)):
        limit.limit_max = 3  # type: ignore[attr-defined]


@for_all
def test_the_same_samples_and_numbers_make_the_same_limits(limit: ConcurrencyLimit) -> None:
    def changes() -> list[int]:
        chance = random.Random(7)
        fed = Fed(limit, uniform=chance.random)
        for _ in range(300):
            fed.env.run(until=fed.env.now + 0.01)
            fed.feed(chance.random())
        return fed.changes

    assert changes() == changes()


@for_all
def test_an_estimator_that_is_stopped_does_nothing_more_unasked(limit: ConcurrencyLimit) -> None:
    fed = Fed(limit)
    for _ in range(8):
        fed.env.run(until=fed.env.now + 0.3)
        fed.feed(0.1, times=3)
    fed.estimator.stop()
    assert fed.next_at() == inf


@for_all
def test_only_a_random_limit_needs_a_seed(limit: ConcurrencyLimit) -> None:
    env = Environment()
    if limit.is_random:
        with pytest.raises(ValueError, match="seed"):
            ConcurrencyLimiter(env, Scripted(env), limit)
    else:
        ConcurrencyLimiter(env, Scripted(env), limit)


@pytest.mark.slow
@for_all
def test_no_more_calls_are_in_flight_than_the_limit_of_the_moment_says(limit: ConcurrencyLimit) -> None:
    env = Environment(seed=3)
    target = Scripted(env, (0.05, None))
    limiter = ConcurrencyLimiter(env, target, limit, keep_history=True)
    seen = call_at(env, limiter, *(n / 300 for n in range(3_000)))
    worst = 0

    def look() -> None:
        nonlocal worst
        worst = max(worst, target.under_way)
        if env.now < 9:
            env.call_later(0.001, look)

    look()
    env.run()
    statistics = limiter.statistics()
    assert worst <= limiter.limit_gauge.maximum <= 12
    assert 0 < statistics.succeeded_count == sum(each.outcome == "answer" for each in seen)
    assert statistics.succeeded_count + statistics.full_count == 3_000
    assert (statistics.in_flight_count, statistics.limit) == (0, limiter.limit_gauge.value)


@for_all
def test_the_limit_begins_anew_with_the_process_of_the_instance(limit: ConcurrencyLimit) -> None:
    env = Environment(seed=3)
    web, server = Host(env, "web"), Host(env, "server")

    def work(instance: Instance, request: object):  # type: ignore[no-untyped-def]
        yield 0.05

    instance = Instance(env, server, work, name="instance")
    limiter = ConcurrencyLimiter(env, instance, limit, keep_history=True)
    start = limiter.statistics().limit
    connection = Network(env, latencies=0.001).connect(web, limiter)
    call_at(env, connection, *(n / 300 for n in range(300)))
    env.run(until=0.9)
    is_fixed = limit == FixedLimit(4)
    assert (limiter.statistics().limit == start) == is_fixed
    instance.crash()
    instance.restart()
    assert limiter.statistics().limit == limiter.limit_gauge.value == start


def test_what_is_no_limit_is_refused_with_a_hint() -> None:
    env = Environment()
    with pytest.raises(
        TypeError, match=r"limit must be a ConcurrencyLimit, such as FixedLimit\(10\), got 10"
    ):
        ConcurrencyLimiter(env, Scripted(env), 10)  # type: ignore[arg-type]
