"""Rate limits under Poisson calls, and an adaptive throttle in front of an overloaded backend.

A limit is a loss system: what it turns away is known exactly for most of them.

- Token bucket of rate r and burst B: the work of an M/D/1 system is where the missing tokens are, so that it
  turns away as many calls as M/D/1/B blocks; leaky bucket with a queue of Q: as M/D/1/(Q + 1).
- With endless patience a call waits for a bucket of one token as in M/D/1, and for one of B tokens at all
  with the probability that the wait there exceeds (B - 1) / r.
- Sliding window of limit L and window w: each call that passes holds a place for w seconds: Erlang B.
- Fixed cycles of length c: E[min(N, L)] of N ~ Poisson(l c) calls pass in each.

Throttle: per window of w seconds R = l w requests are made, of which R (1 + k A) / (R + 1) are sent where A
are accepted. A backend that takes c per second, less than l / k, is sent k c + 1/w; one that takes a share s
of what comes, less than 1/k, is sent a trickle, (1/w) / (1 - k s + 1/R).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from math import exp, factorial, inf
from typing import Any

import pytest

from experiments.validation.closed_forms import constant_service_wait_probability, erlang_b
from experiments.validation.experiment import Claim
from experiments.validation.verdict import judge
from models import Endpoint, FunctionEndpoint, Rejected, Request
from models.resilience.rate_limits import (
    FixedCycles,
    LeakyBucket,
    RateLimit,
    RateLimiter,
    SlidingWindow,
    SlidingWindowCounter,
    TokenBucket,
)
from models.resilience.throttling import AdaptiveThrottle
from models.workload import OpenLoop
from simulator import Environment
from simulator.randomness import Exponential, Uniform

pytestmark = pytest.mark.slow

REPLICATIONS = 16
CALLS = 4_000
CLAIMS_COUNT = 30  # of this file, about: no true one is to be found false
REQUEST = Request()


def holds(
    expected: float, replicate: Callable[[int], float], *, bias: float = 0.0, precision: float = 0.1
) -> None:
    """Check that the mean of the replications is what is expected, and that they are worth something."""
    claim = Claim("value", expected, bias=bias, note="the run begins fresh", precision=precision)
    judged = judge(claim, [replicate(seed) for seed in range(REPLICATIONS)], claims_count=CLAIMS_COUNT)
    assert judged.verdict == "holds", judged


def instant(env: Environment, share: float = 1.0) -> FunctionEndpoint:
    """A backend that takes no time, and takes on a share of what comes."""
    uniform = env.sampler("backend", Uniform(0.0, 1.0))

    def answer(request: Request) -> Generator[Any, Any, None]:
        if share < 1.0 and uniform() >= share:
            raise Rejected("backend")
        yield from ()

    return FunctionEndpoint(answer, name="backend")


def call_at_random(env: Environment, endpoint: Endpoint, rate: float, calls: int) -> None:
    """Make so many Poisson calls, none of which takes time, and run them all."""
    gap = env.sampler("gaps", Exponential(1.0 / rate))

    def ask() -> Generator[Any, Any, None]:
        for _ in range(calls):
            yield gap()
            try:
                yield from endpoint.call(REQUEST)
            except Rejected:
                continue

    env.process(ask())
    env.run()


def rejected_share(limit: RateLimit, rate: float, seed: int) -> float:
    env = Environment(seed=seed)
    limiter = RateLimiter(env, instant(env), limit)
    call_at_random(env, limiter, rate, CALLS)
    return limiter.statistics().rejected_count / CALLS


def blocked(rho: float, places: int) -> float:
    """The share of calls that M/D/1/`places` blocks, from its embedded chain at departures."""
    arrivals = [exp(-rho) * rho**n / factorial(n) for n in range(places + 1)]
    left: list[float] = [1.0]
    for n in range(places - 1):
        inflow = left[0] * arrivals[n] + sum(left[j] * arrivals[n - j + 1] for j in range(1, n + 1))
        left.append((left[n] - inflow) / arrivals[0])
    return 1.0 - 1.0 / (left[0] / sum(left) + rho)


def test_blocking_by_hand() -> None:
    assert blocked(0.7, 1) == pytest.approx(0.7 / 1.7)
    # Two places: the next to leave finds it empty behind it with probability exp(-rho).
    assert blocked(0.7, 2) == pytest.approx(1.0 - 1.0 / (exp(-0.7) + 0.7))
    assert blocked(0.5, 60) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(("rho", "burst"), [(0.8, 1), (0.8, 3), (1.2, 5), (3.0, 2)])
def test_a_token_bucket_turns_away_what_a_queue_with_constant_service_blocks(rho: float, burst: int) -> None:
    limit = TokenBucket(rate=5.0, burst=burst)
    holds(blocked(rho, burst), lambda seed: rejected_share(limit, 5.0 * rho, seed), bias=burst / CALLS)


@pytest.mark.parametrize(("rho", "size"), [(1.2, 2), (1.5, 1)])
def test_a_leaky_bucket_blocks_as_a_queue_with_constant_service(rho: float, size: int) -> None:
    def share(seed: int) -> float:
        env = Environment(seed=seed)
        limiter = RateLimiter(env, instant(env), LeakyBucket(rate=5.0, queue_size_max=size))
        OpenLoop(env, limiter, rate=5.0 * rho, until=CALLS / (5.0 * rho))
        env.run()
        return limiter.statistics().rejected_count / limiter.statistics().call_count

    holds(blocked(rho, size + 1), share, bias=(size + 1) / CALLS)


def waits(burst: int, rho: float, seed: int) -> tuple[float, float]:
    """The mean wait in units of 1/rate, and the share of calls that waited."""
    env = Environment(seed=seed)
    limiter = RateLimiter(env, instant(env), TokenBucket(rate=1.0, burst=burst), wait_max=inf)
    OpenLoop(env, limiter, rate=rho, until=1.5 * CALLS / rho)
    env.run()
    statistics = limiter.statistics()
    return statistics.waiting_time / statistics.call_count, statistics.waited_count / statistics.call_count


def test_for_a_single_token_calls_wait_as_for_a_server_with_constant_service() -> None:
    holds(0.6 / (2 * (1 - 0.6)), lambda seed: waits(1, 0.6, seed)[0])


@pytest.mark.parametrize("burst", [1, 2])
def test_calls_wait_for_a_bucket_when_they_would_wait_longer_for_a_server(burst: int) -> None:
    expected = 1.0 - constant_service_wait_probability(0.7, burst - 1.0)
    holds(expected, lambda seed: waits(burst, 0.7, seed)[1], bias=burst / CALLS)


@pytest.mark.parametrize(("load", "limit"), [(0.5, 1), (4.0, 5), (12.0, 5)])
def test_a_sliding_window_turns_away_what_erlang_says(load: float, limit: int) -> None:
    window = SlidingWindow(limit=limit, window=2.0)
    holds(erlang_b(limit, load), lambda seed: rejected_share(window, load / 2.0, seed), bias=limit / CALLS)


@pytest.mark.parametrize(("mean", "limit"), [(2.0, 1), (4.0, 5), (12.0, 5)])
def test_fixed_cycles_let_pass_the_smaller_of_the_calls_and_the_limit(mean: float, limit: int) -> None:
    chances = [exp(-mean) * mean**n / factorial(n) for n in range(limit)]
    passed = sum(n * chance for n, chance in enumerate(chances)) + limit * (1.0 - sum(chances))
    cycles = FixedCycles(limit=limit, period=2.0, timeout=0.0)
    holds(1.0 - passed / mean, lambda seed: rejected_share(cycles, mean / 2.0, seed), bias=limit / CALLS)


PER_SECOND: Sequence[tuple[RateLimit, float]] = (
    (TokenBucket(rate=20.0, burst=20), 20.0),
    (LeakyBucket(rate=20.0, queue_size_max=20), 20.0),
    (SlidingWindow(limit=20, window=1.0), 20.0),
    (SlidingWindowCounter(limit=20, window=1.0), 19.0),  # its estimate counts whole calls in part
    (FixedCycles(limit=20, period=1.0, timeout=0.0), 20.0),
    (FixedCycles(limit=20, period=1.0, timeout=2.0), 20.0),
)


@pytest.mark.parametrize(("limit", "most"), PER_SECOND, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("offered", [5.0, 200.0])
def test_in_the_long_run_as_much_passes_as_is_offered_or_allowed(
    limit: RateLimit, most: float, offered: float
) -> None:
    env = Environment(seed=1)
    limiter = RateLimiter(env, instant(env), limit)
    OpenLoop(env, limiter, rate=offered, until=60.0)
    env.run(until=10.0)
    before = limiter.statistics()
    env.run(until=60.0)
    after = limiter.statistics()
    passed, called = after.passed_count - before.passed_count, after.call_count - before.call_count
    assert passed / 50.0 == pytest.approx(min(called / 50.0, most), rel=0.02)


# -- the adaptive throttle ----------------------------------------------------------------------------------

WINDOW = 6.0
COVERED = WINDOW * 59.5 / 60  # on average: between 59 and 60 of its slices


def sent_per_second(throttle: AdaptiveThrottle, env: Environment, rate: float, calls: int) -> float:
    """How many calls a second it sends on, in what comes after four windows."""
    warm_up = round(4 * WINDOW * rate)
    call_at_random(env, throttle, rate, warm_up)
    before, start = throttle.statistics(), env.now
    call_at_random(env, throttle, rate, calls)
    after = throttle.statistics()
    calls_sent = calls - (after.throttled_count - before.throttled_count)
    return calls_sent / (env.now - start)


@pytest.mark.parametrize("k", [1.5, 2.0, 3.0])
def test_an_overloaded_backend_is_sent_k_times_what_it_takes(k: float) -> None:
    def sent(seed: int) -> float:
        env = Environment(seed=seed)
        backend = RateLimiter(env, instant(env), TokenBucket(rate=10.0, burst=50))
        return sent_per_second(AdaptiveThrottle(env, backend, k=k, window=WINDOW), env, 100.0, 5_000)

    holds(10.0 * k + 1.0 / COVERED, sent, bias=0.02 * k * 10.0)


@pytest.mark.parametrize("k", [2.0, 3.0])
def test_a_backend_that_takes_at_least_one_of_k_is_sent_everything(k: float) -> None:
    env = Environment(seed=1)
    backend = RateLimiter(env, instant(env), TokenBucket(rate=10.0, burst=50))
    throttle = AdaptiveThrottle(env, backend, k=k, window=WINDOW)
    call_at_random(env, throttle, 12.5, 10_000)
    statistics = throttle.statistics()
    assert statistics.turned_away_count > 1_500
    assert statistics.throttled_count == 0


@pytest.mark.parametrize(("share", "k"), [(0.0, 2.0), (0.25, 2.0), (0.5, 1.2)])
def test_a_backend_that_takes_too_small_a_share_is_sent_a_trickle(share: float, k: float) -> None:
    rate = 20.0

    def sent(seed: int) -> float:
        env = Environment(seed=seed)
        throttle = AdaptiveThrottle(env, instant(env, share), k=k, window=WINDOW)
        return sent_per_second(throttle, env, rate, 10_000)

    requests = rate * COVERED
    holds(1.0 / COVERED / (1.0 - k * share + 1.0 / requests), sent, bias=0.01, precision=0.25)
