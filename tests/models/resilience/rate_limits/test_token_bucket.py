"""Token bucket: what it saves, what calls cost, and what the definition says."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from fractions import Fraction
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.failures import Rejected
from models.request import Request
from models.resilience.rate_limits import RateLimiter, TokenBucket, by_size
from models.resilience.rate_limits.token_bucket import Tokens
from simulator import Environment
from tests.models.resilience.rate_limits.passing import admitted
from tests.models.resilience.scripted import Scripted, call_at


def bucket(rate: float = 10.0, burst: float = 5.0, **settings: Any) -> Tokens:
    return TokenBucket(rate, burst, **settings).start(Environment())


def test_it_starts_full_and_a_burst_takes_it_all() -> None:
    assert admitted(bucket(), [0.0] * 9) == [0.0] * 5


def test_tokens_come_one_by_one_and_not_more_than_it_holds() -> None:
    tokens = bucket()
    admitted(tokens, [0.0] * 5)
    tokens.env.run(until=0.25)
    assert tokens.tokens == 2.5
    assert admitted(tokens, [0.25] * 5) == [0.25] * 2
    tokens.env.run(until=1e6)
    assert tokens.tokens == 5.0
    assert admitted(tokens, [1e6] * 9) == [1e6] * 5


def test_a_part_of_a_token_lets_nobody_pass() -> None:
    tokens = bucket(burst=1)
    assert admitted(tokens, [0.0, 0.099, 0.0999999, 0.1]) == [0.0, 0.1]


@pytest.mark.slow
def test_however_often_it_is_asked_what_comes_in_between_is_not_lost() -> None:
    # One token an hour, asked for every tenth of a millisecond: each time less than a millionth of a token.
    tokens = bucket(rate=1 / 3600, burst=1)
    assert admitted(tokens, [0.0]) == [0.0]
    env = tokens.env
    env.run(until=3599.5)
    passed = admitted(tokens, (3599.5 + n / 10_000 for n in range(10_000)))
    assert passed == [3600.0]


def test_a_call_costs_what_its_function_says() -> None:
    tokens = bucket(rate=1.0, burst=10, cost=lambda request: request.priority)
    passed = admitted(tokens, [0.0, 0.0, 0.0], request=Request(priority=4))
    assert (len(passed), tokens.tokens) == (2, 2.0)
    assert tokens.admit(Request(priority=0))
    assert tokens.admit(Request(priority=2))
    assert not tokens.admit(Request(priority=1))


def test_bytes_as_tokens() -> None:
    tokens = bucket(rate=1_000, burst=64_000, cost=by_size)
    assert admitted(tokens, [0.0] * 3, request=Request(size_bytes=32_000)) == [0.0] * 2
    tokens.env.run(until=31.0)
    assert not tokens.admit(Request(size_bytes=32_000))
    assert tokens.admit(Request(size_bytes=31_000))
    assert tokens.admit(Request(size_bytes=0))


def test_a_call_that_costs_more_than_the_bucket_holds_never_passes_and_does_not_wait() -> None:
    env = Environment()
    limit = TokenBucket(rate=1.0, burst=4, cost=lambda request: 5.0)
    limiter = RateLimiter(env, Scripted(env), limit, wait_max=inf)
    seen = call_at(env, limiter, 0.0, 1e6)
    env.run()
    assert seen == [(0.0, Rejected), (1e6, Rejected)]


def test_a_dear_call_in_front_holds_up_a_cheap_one_until_it_leaves() -> None:
    env = Environment()
    prices = iter(
        [3.0, 3.0, 3.0, 1.0, 1.0]
    )  # the first asks once, the others when they come and as they wait
    limit = TokenBucket(rate=1.0, burst=4, cost=lambda request: next(prices))
    limiter = RateLimiter(env, Scripted(env), limit, wait_max=inf)
    seen = call_at(env, limiter, 0.0, 0.0, 0.0)
    env.call_later(0.5, seen[1].process.cancel)
    env.run()
    assert [each.at for each in seen] == [0.0, None, 0.5]


def test_whoever_leaves_at_the_instant_of_its_turn_gives_back_what_it_would_have_paid_and_no_more() -> None:
    env = Environment()
    tokens = TokenBucket(rate=1.0, burst=4, cost=lambda request: 3.0).start(env)
    first, second = call_at(env, RateLimiter(env, Scripted(env), tokens, wait_max=inf), 0.0, 0.0)
    env.run(until=1.0)
    env.call_later(1.0, second.process.cancel)
    env.run()
    assert (first.at, second.at, env.now, tokens.tokens) == (0.0, None, 2.0, 3.0)


def test_patience_is_judged_by_prices_and_not_by_what_rounding_has_left_of_earlier_ones() -> None:
    env = Environment()
    tokens = TokenBucket(rate=1.0, burst=1e9, cost=lambda request: request.size_bytes / 10).start(env)
    limiter = RateLimiter(env, Scripted(env), tokens, wait_max=inf)
    tokens.admit(Request(size_bytes=10_000_000_000))
    processes = [env.process(limiter.call(Request(size_bytes=size))) for size in (9_999_999_999, 1)]
    env.run(until=0.25)
    for process in processes:
        process.cancel()
    env.run(until=0.5)
    seen = []
    impatient = RateLimiter(env, Scripted(env), tokens, wait_max=0.5)

    def caller() -> Generator[Any, Any, None]:
        yield from impatient.call(Request(size_bytes=10))
        seen.append(env.now)

    env.process(caller())
    env.run()
    assert seen == [1.0]


def test_patience_for_exactly_one_token_is_enough_however_the_clock_rounds() -> None:
    # From 0.3 to 0.4 it is 0.10000000000000003.
    env = Environment()
    limiter = RateLimiter(env, Scripted(env), TokenBucket(rate=10.0, burst=1), wait_max=0.1)
    seen = call_at(env, limiter, 0.3, 0.3)
    env.run()
    assert seen == [(0.3, "answer"), (0.4, "answer")]


def test_a_large_bucket_forgives_a_small_call_no_more_than_a_small_one_does() -> None:
    tokens = bucket(rate=1.0, burst=1e9, cost=by_size)
    assert tokens.admit(Request(size_bytes=10**9))
    assert admitted(tokens, [0.0, 0.5, 0.999, 1.0], request=Request(size_bytes=1)) == [1.0]


def test_what_is_left_of_a_large_bucket_may_be_short_by_its_coarseness() -> None:
    prices = iter([1e9 - 0.9, 1.0, 1.0])
    tokens = bucket(rate=10.0, burst=1e9, cost=lambda request: next(prices))
    assert admitted(tokens, [0.0]) == [0.0]
    assert tokens.tokens == pytest.approx(0.9 - 2.4e-8, abs=1e-9)
    assert admitted(tokens, [0.009, 0.01]) == [0.01]


def test_a_rate_that_the_clock_cannot_follow_does_no_harm() -> None:
    # At 10,000 s two floats are 1.8e-12 s apart: nearly two thousand tokens.
    limit = TokenBucket(rate=1e15, burst=1)
    assert admitted(limit.start(Environment(initial_time=1e4)), [1e4] * 9) == [1e4]
    env = Environment(initial_time=1e4)
    limiter = RateLimiter(env, Scripted(env), limit, wait_max=1.0)
    seen = call_at(env, limiter, *[1e4] * 5)
    env.run()
    assert all(each.outcome == "answer" for each in seen)
    assert env.now - 1e4 < 1e-10


@pytest.mark.parametrize("cost", [-1.0, nan])
def test_a_cost_is_no_gift(cost: float) -> None:
    with pytest.raises(ValueError, match=r"cost must be >= 0 tokens, got .* for Request"):
        bucket(cost=lambda request: cost).admit(Request())


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"rate": 0.0}, ValueError, "rate must be finite and > 0 per second, got 0.0"),
        ({"rate": -1}, ValueError, "rate must be finite and > 0 per second, got -1"),
        ({"rate": inf}, ValueError, "rate must be finite and > 0 per second, got inf"),
        ({"rate": nan}, ValueError, "rate must be finite and > 0 per second, got nan"),
        ({"rate": "10"}, TypeError, "rate must be a number, got '10'"),
        ({"rate": True}, TypeError, "rate must be a number, got True"),
        ({"burst": 0.5}, ValueError, "burst must be finite and >= 1 token, got 0.5"),
        ({"burst": inf}, ValueError, "burst must be finite and >= 1 token, got inf"),
        ({"burst": nan}, ValueError, "burst must be finite and >= 1 token, got nan"),
        ({"cost": 2.0}, TypeError, "cost must be a function of a request, got 2.0"),
    ],
)
def test_misuse_is_named(changes: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        replace(TokenBucket(rate=1.0, burst=1.0), **changes)


# -- against the definition --------------------------------------------------------------------------------

# Times on a grid that floats hold exactly, and rates that fit it, so that many calls come when a token does.
ticks = st.integers(0, 6)


@pytest.mark.slow
@given(gaps=st.lists(ticks, max_size=60), rate=st.sampled_from([1, 2, 3, 4]), burst=st.integers(1, 4))
def test_it_lets_pass_what_the_definition_says(gaps: list[int], rate: int, burst: int) -> None:
    times = [sum(gaps[: n + 1]) / 8 for n in range(len(gaps))]
    tokens, before, passed = Fraction(burst), Fraction(0), []
    for time in times:
        tokens = min(Fraction(burst), tokens + rate * (Fraction(time) - before))
        before = Fraction(time)
        if tokens >= 1:
            tokens -= 1
            passed.append(time)
    assert admitted(bucket(rate, burst), times) == passed


@pytest.mark.slow
@given(gaps=st.lists(ticks, max_size=40), rate=st.sampled_from([1, 3, 4]), burst=st.integers(1, 4))
def test_it_lets_pass_what_the_generic_cell_rate_algorithm_does(
    gaps: list[int], rate: int, burst: int
) -> None:
    times = [sum(gaps[: n + 1]) / 8 for n in range(len(gaps))]
    increment = Fraction(1, rate)
    expected, limit, passed = Fraction(0), (burst - 1) * increment, []  # the theoretical arrival time
    for time in times:
        if Fraction(time) >= expected - limit:
            expected = max(Fraction(time), expected) + increment
            passed.append(time)
    assert admitted(bucket(rate, burst), times) == passed


@pytest.mark.slow
@given(
    gaps=st.lists(ticks, min_size=1, max_size=30),
    rate=st.sampled_from([1, 2, 4]),
    burst=st.integers(1, 3),
    patience=st.sampled_from([0.0, 0.5, 1.0, 2.0, inf]),
)
def test_those_who_wait_pass_when_the_definition_says(
    gaps: list[int], rate: int, burst: int, patience: float
) -> None:
    times = [sum(gaps[: n + 1]) / 8 for n in range(len(gaps))]
    env = Environment()
    limiter = RateLimiter(env, Scripted(env), TokenBucket(rate, burst), wait_max=patience)
    seen = call_at(env, limiter, *times)
    env.run()
    # Each takes the token that comes first, and the n-th from then on is n / rate later.
    expected, wanted = Fraction(0), []
    for time in times:
        turn = max(Fraction(time), expected - Fraction(burst - 1, rate))
        if turn - Fraction(time) <= patience:
            wanted.append((float(turn), "answer"))
            expected = max(turn, expected) + Fraction(1, rate)
        else:
            wanted.append((time, Rejected))
    assert seen == wanted
