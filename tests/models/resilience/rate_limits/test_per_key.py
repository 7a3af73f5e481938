"""One limit for each key: nobody uses up another's, and memory stays bounded."""

from __future__ import annotations

from collections.abc import Generator
from math import inf
from typing import Any

import pytest

from models.request import Request
from models.resilience.rate_limits import (
    FixedCycles,
    LeakyBucket,
    PerKey,
    RateLimit,
    RateLimiter,
    SlidingWindow,
    SlidingWindowCounter,
    TokenBucket,
)
from models.resilience.rate_limits.per_key import Allowances
from simulator import Environment
from tests.models.resilience.scripted import Scripted

LIMITS: dict[str, RateLimit] = {
    "token bucket": TokenBucket(rate=1.0, burst=2),
    "sliding window": SlidingWindow(limit=2, window=2.0),
    "sliding window counter": SlidingWindowCounter(limit=2, window=2.0),
    "fixed cycles": FixedCycles(limit=2, period=2.0, timeout=0.0),
}


@pytest.fixture(params=LIMITS)
def limit(request: pytest.FixtureRequest) -> RateLimit:
    return LIMITS[request.param]


def ask(allowances: Allowances, origin: str | None, count: int = 3) -> int:
    return sum(allowances.admit(Request(origin=origin)) for _ in range(count))


def test_what_one_uses_up_the_others_still_have(limit: RateLimit) -> None:
    allowances = PerKey(limit).start(Environment())
    assert [ask(allowances, origin) for origin in ("a", "b", "a", "c")] == [2, 2, 0, 2]


def test_requests_without_an_origin_share_one(limit: RateLimit) -> None:
    allowances = PerKey(limit).start(Environment())
    assert [ask(allowances, origin) for origin in (None, None)] == [2, 0]


def test_the_key_may_be_anything_about_a_request() -> None:
    allowances = PerKey(TokenBucket(1.0, 1), key=lambda request: request.operation).start(Environment())
    assert allowances.admit(Request("get", origin="a"))
    assert not allowances.admit(Request("get", origin="b"))
    assert allowances.admit(Request("put", origin="a"))


def test_limits_may_be_nested() -> None:
    by_both = PerKey(PerKey(TokenBucket(1.0, 1)), key=lambda request: request.operation)
    allowance = by_both.start(Environment())
    asked = [allowance.admit(Request(*what)) for what in (("get",), ("get",), ("put",))]
    assert asked == [True, False, True]
    assert not allowance.is_fresh
    assert by_both.lets_wait


@pytest.mark.slow
def test_memory_is_bounded_by_the_keys_that_were_active_lately(limit: RateLimit) -> None:
    env = Environment()
    allowances = PerKey(limit).start(env)
    most = 0
    for number in range(5_000):
        env.run(until=(number + 1) / 16)
        ask(allowances, f"caller {number}")
        most = max(most, allowances.key_count)
    # 16 a second, each remembered for two to four seconds, and twice that between two sweeps.
    assert 64 <= most <= 2 * 4 * 16 + 1


def test_those_who_cannot_be_told_from_new_ones_are_all_that_is_forgotten(limit: RateLimit) -> None:
    env = Environment()
    allowances = PerKey(limit).start(env)
    ask(allowances, "greedy")
    for number in range(500):
        ask(allowances, f"caller {number}", count=1)
    assert allowances.key_count == 501
    assert ask(allowances, "greedy") == 0
    env.run(until=10.0)
    for number in range(600):
        ask(allowances, f"another {number}", count=1)
    assert allowances.key_count <= 600
    assert ask(allowances, "greedy") == 2


def test_somebody_who_waits_is_not_forgotten() -> None:
    env = Environment()
    allowances = PerKey(TokenBucket(rate=1.0, burst=1)).start(env)
    limiter = RateLimiter(env, Scripted(env), allowances, wait_max=inf)
    passed = []

    def caller(origin: str):  # type: ignore[no-untyped-def]
        yield from limiter.call(Request(origin=origin))
        passed.append((env.now, origin))

    for _ in range(3):
        env.process(caller("patient"))
    env.run(until=0.5)
    for number in range(1_000):
        ask(allowances, f"caller {number}", count=1)
    env.process(caller("patient"))
    env.run(until=10.0)
    assert passed == [(float(n), "patient") for n in range(4)]


@pytest.mark.parametrize(
    ("each", "wait_max"),
    [
        (TokenBucket(rate=1.0, burst=1), inf),
        (SlidingWindow(limit=1, window=1.0), inf),
        (LeakyBucket(rate=1.0, queue_size_max=5), 0.0),
    ],
)
def test_somebody_whose_turn_is_this_very_instant_is_not_forgotten(each: RateLimit, wait_max: float) -> None:
    env = Environment()
    allowances = PerKey(each).start(env)
    limiter = RateLimiter(env, Scripted(env), allowances, wait_max=wait_max)
    passed: list[tuple[float, str]] = []

    def caller(name: str) -> Generator[Any, Any, None]:
        yield from limiter.call(Request(origin="patient"))
        passed.append((env.now, name))

    def many_come() -> None:
        # At the instant of the second one's turn, and before it: a sweep finds that nothing is charged.
        for number in range(200):
            ask(allowances, f"caller {number}", count=1)
        env.process(caller("third"))

    env.call_later(1.0, many_come)
    env.process(caller("first"))
    env.run(until=0.5)
    env.process(caller("second"))
    env.run()
    assert passed == [(0.0, "first"), (1.0, "second"), (2.0, "third")]


def test_misuse_is_named() -> None:
    with pytest.raises(TypeError, match="limit must be a RateLimit, such as"):
        PerKey(TokenBucket(1.0, 1).start(Environment()))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="key must be a function of a request, got 'origin'"):
        PerKey(TokenBucket(1.0, 1), key="origin")  # type: ignore[arg-type]
