"""What holds wherever calls wait for a limit: first come, first served, and whoever leaves makes room."""

from __future__ import annotations

from collections.abc import Generator
from math import inf
from typing import Any

import pytest

from models.failures import Rejected
from models.infrastructure import Host
from models.request import Request
from models.resilience import Timeout
from models.resilience.rate_limits import (
    LeakyBucket,
    RateLimiter,
    SlidingWindow,
    TokenBucket,
)
from simulator import Environment, TimedOut
from tests.models.resilience.rate_limits.passing import WAITING
from tests.models.resilience.scripted import Scripted, call_at


class Door:
    """A limiter through which one call passes every quarter of a second, and whose callers wait."""

    def __init__(self, kind: str) -> None:
        limit, wait_max = WAITING[kind]
        self.env = Environment()
        self.target = Scripted(self.env)
        self.allowance = limit.start(self.env)
        self.limiter = RateLimiter(self.env, self.target, self.allowance, wait_max=wait_max)

    def counts(self) -> tuple[int, ...]:
        """Passed, rejected, abandoned, waiting; waited."""
        counts = self.limiter.statistics()
        shares = (counts.passed_count, counts.rejected_count, counts.abandoned_count, counts.waiting_count)
        assert sum(shares) == counts.call_count
        return (*shares, counts.waited_count)


@pytest.fixture(params=WAITING)
def door(request: pytest.FixtureRequest) -> Door:
    return Door(request.param)


def test_calls_pass_one_after_the_other_in_the_order_in_which_they_came(door: Door) -> None:
    seen = call_at(door.env, door.limiter, 0.0, 0.0, 0.0, 0.125, 0.125)
    door.env.run(until=0.4)
    assert door.counts() == (2, 0, 0, 3, 1)
    door.env.run()
    assert seen == [(n * 0.25, "answer") for n in range(5)]
    assert door.counts() == (5, 0, 0, 0, 4)
    assert door.limiter.statistics().waiting_time == 0.25 + 0.5 + 0.625 + 0.875


def test_a_call_that_comes_at_the_instant_of_anothers_turn_goes_behind_it(door: Door) -> None:
    seen = call_at(door.env, door.limiter, 0.0, 0.0, 0.25, 0.25)
    door.env.run()
    assert [each.at for each in seen] == [0.0, 0.25, 0.5, 0.75]


def test_after_the_line_is_gone_a_call_passes_at_once(door: Door) -> None:
    seen = call_at(door.env, door.limiter, 0.0, 0.0, 0.5)
    door.env.run()
    assert [each.at for each in seen] == [0.0, 0.25, 0.5]
    assert door.allowance.is_fresh is False
    door.env.run(until=1.0)
    assert door.allowance.is_fresh


@pytest.mark.parametrize("how", ["cancel", "kill"])
@pytest.mark.parametrize("who", [1, 2, 4])
def test_whoever_leaves_makes_room_and_pays_nothing(door: Door, who: int, how: str) -> None:
    seen = call_at(door.env, door.limiter, *[0.0] * 5)
    door.env.call_later(0.1, getattr(seen[who].process, how))
    door.env.run()
    others = [each.at for number, each in enumerate(seen) if number != who]
    assert others == [0.0, 0.25, 0.5, 0.75]
    assert seen[who].at is None
    assert door.counts() == (4, 0, 1, 0, 3)


@pytest.mark.parametrize("how", ["cancel", "kill"])
def test_whoever_leaves_at_the_very_instant_of_its_turn_pays_nothing(door: Door, how: str) -> None:
    seen = call_at(door.env, door.limiter, *[0.0] * 3)
    door.env.run(until=0.125)
    # After the limit has called it, and before it has gone: the limit's entry in the schedule is the older.
    door.env.call_later(0.125, getattr(seen[1].process, how))
    door.env.run()
    assert [each.at for each in seen] == [0.0, None, 0.25]
    assert door.counts() == (2, 0, 1, 0, 1)


def test_a_deadline_at_the_very_instant_of_the_turn_makes_room_too(door: Door) -> None:
    impatient = Timeout(door.env, door.limiter, 0.25)
    first, second = call_at(door.env, impatient, 0.0, 0.0)
    [third] = call_at(door.env, door.limiter, 0.125)
    door.env.run()
    assert [first, second, third] == [(0.0, "answer"), (0.25, TimedOut), (0.25, "answer")]


def test_a_line_that_has_gone_leaves_nothing_in_the_schedule(door: Door) -> None:
    seen = call_at(door.env, door.limiter, *[0.0] * 5)
    door.env.run(until=0.125)
    for each in seen[1:]:
        each.process.cancel()
    door.env.run()
    assert door.env.now == 0.125
    assert door.counts() == (1, 0, 4, 0, 0)
    [late] = call_at(door.env, door.limiter, 0.25)
    door.env.run()
    assert late == (0.25, "answer")


def test_a_line_dies_with_its_host(door: Door) -> None:
    env = door.env
    host = Host(env, "web")
    ended = []

    def caller(number: int) -> Generator[Any, Any, None]:
        yield from door.limiter.call(Request())
        ended.append((number, env.now))

    for number in range(6):
        host.start(caller(number))
    env.call_later(0.3, host.crash)
    env.run()
    assert ended == [(0, 0.0), (1, 0.25)]
    assert door.counts() == (2, 0, 4, 0, 1)
    assert env.now == 0.3


def test_two_limiters_that_share_an_allowance_share_its_line(door: Door) -> None:
    other = RateLimiter(door.env, door.target, door.allowance, wait_max=door.limiter.wait_max)
    seen = call_at(door.env, door.limiter, 0.0, 0.0)
    seen += call_at(door.env, other, 0.0)
    seen += call_at(door.env, door.limiter, 0.0)
    seen += call_at(door.env, other, 0.0)
    door.env.run()
    assert [each.at for each in seen] == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert other.statistics().waited_count == 2


PATIENT = {
    "token bucket": TokenBucket(rate=4.0, burst=2),
    "sliding window": SlidingWindow(limit=2, window=0.5),
}


@pytest.mark.parametrize("kind", PATIENT)
def test_a_call_waits_only_if_its_turn_comes_within_its_patience(kind: str) -> None:
    env = Environment()
    limiter = RateLimiter(env, Scripted(env), PATIENT[kind], wait_max=0.5)
    seen = call_at(env, limiter, *[0.0] * 6, 0.125, 0.125)
    env.run()
    turns = {"token bucket": [0.0, 0.0, 0.25, 0.5], "sliding window": [0.0, 0.0, 0.5, 0.5]}[kind]
    # Half a second is within half a second.
    late = [(0.0, Rejected), (0.0, Rejected), (0.125, Rejected), (0.125, Rejected)]
    assert seen == [*((turn, "answer") for turn in turns), *late]


@pytest.mark.parametrize("kind", PATIENT)
def test_those_who_leave_make_room_for_those_who_come_and_would_have_been_turned_away(kind: str) -> None:
    env = Environment()
    limiter = RateLimiter(env, Scripted(env), PATIENT[kind], wait_max=0.5)
    seen = call_at(env, limiter, *[0.0] * 4, 0.25, 0.25)
    env.call_later(0.125, seen[2].process.cancel)
    env.run()
    turns = {"token bucket": [0.25, 0.5, 0.75], "sliding window": [0.5, 0.5, None]}[kind]
    assert [seen[3].at, seen[4].at, seen[5].at if seen[5].outcome == "answer" else None] == turns


@pytest.mark.parametrize("kind", PATIENT)
def test_with_endless_patience_nobody_is_turned_away(kind: str) -> None:
    env = Environment()
    limiter = RateLimiter(env, Scripted(env), PATIENT[kind], wait_max=inf)
    seen = call_at(env, limiter, *[0.0] * 402)
    env.run()
    assert seen[-1] == (100.0, "answer")
    assert limiter.statistics().rejected_count == 0


def test_a_queue_takes_as_many_as_it_holds_and_one_more_when_one_has_left() -> None:
    env = Environment()
    limit = LeakyBucket(rate=4.0, queue_size_max=2)
    seen = call_at(env, RateLimiter(env, Scripted(env), limit), *[0.0] * 4, 0.125, 0.1875)
    env.call_later(0.15, seen[1].process.kill)
    env.run()
    assert seen == [
        (0.0, "answer"),
        (None, None),
        (0.25, "answer"),
        (0.0, Rejected),
        (0.125, Rejected),
        (0.5, "answer"),
    ]
