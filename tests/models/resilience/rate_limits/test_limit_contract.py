"""What holds for a limit of whatever kind: it limits, forgives, recovers, and is a value."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from itertools import accumulate, repeat
from math import inf, nan
from typing import Any

import pytest

from models.failures import Rejected, ServerError
from models.request import Request
from models.resilience.rate_limits import (
    PerKey,
    RateLimit,
    RateLimiter,
    SlidingWindow,
    TokenBucket,
)
from simulator import Environment
from tests.models.resilience.rate_limits.passing import LIMITS, admitted
from tests.models.resilience.scripted import Scripted, call_at


@pytest.fixture(params=LIMITS)
def limit(request: pytest.FixtureRequest) -> RateLimit:
    return LIMITS[request.param]


def test_the_first_call_passes(limit: RateLimit) -> None:
    env = Environment()
    target = Scripted(env, (0.5, None))
    seen = call_at(env, RateLimiter(env, target, limit), 0.0)
    env.run()
    assert seen == [(0.5, "answer")]


def test_what_is_too_much_is_rejected_in_no_time_and_never_reaches_the_target(limit: RateLimit) -> None:
    env = Environment()
    target = Scripted(env)
    limiter = RateLimiter(env, target, limit, name="door")
    seen = call_at(env, limiter, *[0.25] * 9)
    env.run()
    passed = target.call_count
    assert 1 <= passed <= 4
    assert seen == [(0.25, "answer")] * passed + [(0.25, Rejected)] * (9 - passed)
    statistics = limiter.statistics()
    assert (statistics.call_count, statistics.passed_count, statistics.rejected_count) == (
        9,
        passed,
        9 - passed,
    )


def test_a_rejection_says_who_and_why(limit: RateLimit) -> None:
    env = Environment()
    limiter = RateLimiter(env, Scripted(env), limit, name="door")
    rejections = []

    def caller() -> Any:
        while not rejections:
            try:
                yield from limiter.call(Request())
            except Rejected as rejected:
                rejections.append(rejected)
        yield 0.0

    env.process(caller())
    env.run()
    assert (rejections[0].by, rejections[0].reason) == ("door", "rate limit")


def test_a_failure_of_the_target_passes_and_has_been_charged(limit: RateLimit) -> None:
    env = Environment()
    target = Scripted(env, (0.0, ServerError))
    limiter = RateLimiter(env, target, limit)
    seen = call_at(env, limiter, *[0.0] * 5)
    env.run()
    assert [each.outcome for each in seen] == [ServerError] * target.call_count + [Rejected] * (
        5 - target.call_count
    )
    assert limiter.statistics().rejected_count >= 1


@pytest.fixture(params=[name for name in LIMITS if name != "sliding window counter"])
def exact_limit(request: pytest.FixtureRequest) -> RateLimit:
    """One that does not estimate."""
    return LIMITS[request.param]


def test_in_the_long_run_of_an_overload_the_limit_is_used_and_kept(exact_limit: RateLimit) -> None:
    # A hundred per second for fifty seconds, and the first burst. What is asked in vain costs nothing.
    passed = admitted(exact_limit.start(Environment()), (n / 100 for n in range(5_000)))
    assert 198 <= len(passed) <= 204


def test_what_the_limit_allows_always_passes(exact_limit: RateLimit) -> None:
    passed = admitted(exact_limit.start(Environment()), (n / 4 for n in range(1_000)))
    assert len(passed) == 1_000


@pytest.mark.parametrize("spacing", [0.1, 0.7, 1 / 3, 1e-6])
def test_calls_at_exactly_the_pace_pass_however_the_clock_rounds(
    exact_limit: RateLimit, spacing: float
) -> None:
    # Who sleeps so long again and again is now a little early, now a little late: 0.1 s for the eighth time
    # ends at 0.7999999999999999. Cycles lie at multiples of their length, from which such sums drift away.
    limit = with_one_per(exact_limit, spacing)
    if "FixedCycles" in repr(limit):
        times = [n * spacing for n in range(5_000)]
    else:
        times = list(accumulate(repeat(spacing, 5_000)))
    assert len(admitted(limit.start(Environment()), times)) == 5_000


def test_late_in_a_run_the_clock_is_coarse_and_the_pace_is_still_the_pace(exact_limit: RateLimit) -> None:
    # After twelve days two floats are 1e-10 s apart, a ten-thousandth of the time between two calls.
    limit = with_one_per(exact_limit, 1e-6)
    allowance = limit.start(Environment(initial_time=1e6))
    assert len(admitted(allowance, (1e6 + n * 1e-6 for n in range(1, 2_000)))) == 1_999


def test_what_is_forgiven_is_not_owed(exact_limit: RateLimit) -> None:
    # Each a little too early; all together by hundreds of times what is forgiven of one.
    if "FixedCycles" not in repr(exact_limit):
        allowance = with_one_per(exact_limit, 0.1).start(Environment())
        assert len(admitted(allowance, (n * 0.1 * (1 - 5e-10) for n in range(1_000)))) == 1_000


def test_calls_a_little_above_the_pace_do_not_all_pass(limit: RateLimit) -> None:
    # Often enough for the cycles of fixed ones to meet one call too many.
    allowance = with_one_per(limit, 0.1).start(Environment())
    assert len(admitted(allowance, (n * 0.1 * (1 - 1e-3) for n in range(2_000)))) < 2_000


def with_one_per(limit: RateLimit, spacing: float) -> RateLimit:
    """The same kind of limit, of one call per `spacing` seconds."""
    match limit:
        case PerKey():
            return PerKey(with_one_per(limit.limit, spacing))
        case TokenBucket():
            return replace(limit, rate=1 / spacing, burst=1)
    if hasattr(limit, "rate"):
        return replace(limit, rate=1 / spacing)  # type: ignore[type-var] # they are all dataclasses
    return replace(limit, limit=1, **{"period" if hasattr(limit, "period") else "window": spacing})  # type: ignore[type-var]


def test_it_is_fresh_again_after_a_silence_and_not_before(limit: RateLimit) -> None:
    allowance = limit.start(Environment())
    assert allowance.is_fresh
    admitted(allowance, [0.5] * 4)
    assert not allowance.is_fresh
    allowance.env.run(until=10.0)
    assert allowance.is_fresh
    assert len(admitted(allowance, [10.5] * 9)) == len(admitted(limit.start(Environment()), [0.5] * 9))


def test_it_begins_at_any_time_as_at_time_zero(limit: RateLimit) -> None:
    late = limit.start(Environment(initial_time=1e6))
    times = [n / 16 for n in range(100)]
    assert admitted(late, (1e6 + time for time in times)) == [
        1e6 + time for time in admitted(limit.start(Environment()), times)
    ]


def test_it_is_a_value(limit: RateLimit) -> None:
    assert limit == replace(limit)  # type: ignore[type-var] # they are all dataclasses
    assert hash(limit) == hash(replace(limit))  # type: ignore[type-var]
    with pytest.raises((FrozenInstanceError, TypeError, AttributeError)):
        limit.rate = 5.0  # type: ignore[attr-defined]


def test_two_limiters_with_one_limit_count_apart(limit: RateLimit) -> None:
    env = Environment()
    one, other = (RateLimiter(env, Scripted(env), limit) for _ in range(2))
    call_at(env, one, *[0.0] * 9)
    call_at(env, other, *[0.0] * 9)
    env.run()
    assert one.statistics() == other.statistics()
    assert one.statistics().passed_count >= 1


def test_two_limiters_with_one_allowance_share_it(limit: RateLimit) -> None:
    env = Environment()
    allowance = limit.start(env)
    one, other = (RateLimiter(env, Scripted(env), allowance) for _ in range(2))
    call_at(env, one, *[0.0] * 9)
    seen = call_at(env, other, 0.0)
    env.run()
    assert seen == [(0.0, Rejected)]
    assert one.limit is other.limit is limit


def test_an_allowance_of_another_environment_is_misuse(limit: RateLimit) -> None:
    allowance = limit.start(Environment())
    with pytest.raises(ValueError, match="limit must belong to the same environment"):
        RateLimiter(env := Environment(), Scripted(env), allowance)


def test_only_a_limit_will_do() -> None:
    env = Environment()
    for nonsense in (10, "10/s", TokenBucket, None):
        with pytest.raises(TypeError, match="limit must be a RateLimit, such as"):
            RateLimiter(env, Scripted(env), nonsense)  # type: ignore[arg-type]


@pytest.mark.parametrize("wait_max", [-1.0, nan, True])
def test_patience_must_be_a_time(wait_max: float) -> None:
    env = Environment()
    with pytest.raises(ValueError, match="wait_max must be >= 0 s, got"):
        RateLimiter(env, Scripted(env), SlidingWindow(1, 1.0), wait_max=wait_max)


def test_patience_is_accepted_only_where_it_acts(limit: RateLimit) -> None:
    env = Environment()
    acts = isinstance(limit, TokenBucket | SlidingWindow) or limit == LIMITS["token bucket per key"]
    assert limit.lets_wait == acts
    for given in (limit, limit.start(env)):
        if acts:
            RateLimiter(env, Scripted(env), given, wait_max=inf)
        else:
            with pytest.raises(ValueError, match=r"wait_max must be 0 s with .*, got 1.0"):
                RateLimiter(env, Scripted(env), given, wait_max=1.0)
