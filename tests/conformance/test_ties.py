"""Who is first when two things are due at one instant: what was set first, and nobody by luck."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from models import Endpoint, FunctionEndpoint, Request
from models.outcome import Outcome
from models.resilience import (
    BreakerState,
    CircuitBreaker,
    CircuitBreakerSettings,
    ConstantBackoff,
    Outbox,
    Retry,
    Timeout,
    consecutive_failures,
    hystrix,
    polly,
    resilience4j,
)
from models.services import Instance

from .world import World

# Powers of two, whose sums are exact.
WORK, STEP = 0.5, 0.25


def ask(world: World, target: Endpoint, *times: float, until: float = 20.0) -> list[tuple[float, Outcome]]:
    client = world.client(target)
    world.issue(client, *times)
    world.env.run(until=until)
    columns = client.table.columns()
    return [(float(end), Outcome(code)) for end, code in zip(columns["end"], columns["outcome"], strict=True)]


def test_answer_at_the_very_end_of_the_time_limit_comes_too_late() -> None:
    world = World()
    limit = Timeout(world.env, world.serve(WORK), WORK)
    assert ask(world, limit, 0.0, 1.0) == [(0.5, Outcome.TIMED_OUT), (1.5, Outcome.TIMED_OUT)]
    assert world.served == []


def test_of_two_equal_limits_the_outer_one_expires() -> None:
    world = World()
    inner = Timeout(world.env, world.serve(10.0), WORK)
    outer = Timeout(world.env, inner, WORK)
    assert ask(world, outer, 0.0) == [(0.5, Outcome.TIMED_OUT)]
    assert (outer.statistics().expired_count, inner.statistics().expired_count) == (1, 0)


def test_limit_that_ends_with_the_second_attempt_ends_the_retry() -> None:
    world = World()
    inner = Timeout(world.env, world.serve(10.0), WORK)
    retry = Retry(world.env, inner, 5, backoff=ConstantBackoff(delay=0.0))
    outer = Timeout(world.env, retry, 2 * WORK)
    assert ask(world, outer, 0.0) == [(1.0, Outcome.TIMED_OUT)]
    assert (outer.statistics().expired_count, inner.statistics().expired_count) == (1, 1)
    assert retry.statistics().attempt_count == 2


def test_limit_that_ends_as_the_retry_wakes_up_lets_it_make_no_attempt() -> None:
    world = World()
    inner = Timeout(world.env, world.serve(10.0), WORK)
    retry = Retry(world.env, inner, 5, backoff=ConstantBackoff(delay=STEP))
    assert ask(world, Timeout(world.env, retry, WORK + STEP), 0.0) == [(0.75, Outcome.TIMED_OUT)]
    assert (retry.statistics().attempt_count, len(world.arrivals)) == (1, 1)


@pytest.mark.parametrize(
    ("settings", "is_trial"),
    [
        (resilience4j(open_duration=1.0, trial_count=1), False),
        (resilience4j(open_duration=1.0, trial_count=1, half_opens_by_itself=True), True),
        (hystrix(sleep_window=1.0), False),
        (polly(break_duration=1.0), True),
        (consecutive_failures(open_duration=1.0), False),
    ],
    ids=["resilience4j", "resilience4j by itself", "hystrix", "polly", "consecutive"],
)
def test_call_at_the_very_end_of_the_open_time_is_a_trial_by_the_librarys_rule(
    settings: CircuitBreakerSettings, is_trial: bool
) -> None:
    world = World()
    breaker = CircuitBreaker(world.env, world.serve(WORK), settings)
    breaker.move_to(BreakerState.OPEN)
    world.env.run(until=0.25)
    client = world.client(breaker)
    world.issue(client, 1.0)
    world.env.run(until=1.25)
    assert client.table.counts()["breaker_open"] == (not is_trial)
    world.issue(client, 1.5)
    world.env.run(until=5.0)
    assert client.table.counts()["ok"] == 1 + is_trial


def test_who_waits_gets_the_thread_before_who_comes_as_it_is_given_back() -> None:
    world = World()

    def work(instance: Instance, request: Request) -> Generator[Any, Any, None]:
        yield WORK

    room = Instance(world.env, world.proxy, work, threads=1, queue_size_max=1)
    client = world.client(room)
    world.issue(client, 0.0, 0.25)
    # One more comes before the first goes, when the queue is full; another after it, when there is a place.
    world.first_at(WORK, lambda: client.issue(Request()))
    world.last_at(WORK, lambda: client.issue(Request()))
    world.env.run()
    columns = client.table.columns()
    assert list(columns["end"]) == [0.5, 0.5, 1.0, 1.5]
    assert list(columns["outcome"]) == [Outcome.REJECTED, Outcome.OK, Outcome.OK, Outcome.OK]


def test_retries_of_many_callers_at_one_instant_are_in_the_order_of_their_calls() -> None:
    world = World()
    order: list[int] = []

    def handle(request: Request) -> Generator[Any, Any, str]:
        order.append(request.key)
        yield WORK
        return "answer"

    limit = Timeout(world.env, FunctionEndpoint(handle), STEP)
    retry = Retry(world.env, limit, 3, backoff=ConstantBackoff(delay=STEP))
    client = world.client(retry)
    for key in range(5):
        client.issue(Request(key=key))
    world.env.run()
    assert order == [0, 1, 2, 3, 4] * 3
    assert client.table.counts()["timed_out"] == 5


def test_worker_that_is_cancelled_as_its_delivery_ends_delivers_again_or_not_but_loses_nothing() -> None:
    for is_first in (True, False):
        world = World()
        outbox = Outbox(world.env, world.serve(WORK), backoff=ConstantBackoff(delay=STEP))
        world.endpoints.append(outbox)
        at = world.first_at if is_first else world.last_at
        at(WORK, lambda outbox=outbox: outbox._running[0].cancel())
        ask(world, outbox, 0.0, until=1.0)
        outbox.start_workers()
        world.env.run(until=5.0)
        statistics = outbox.statistics()
        assert (statistics.delivered_count, statistics.backlog.value) == (1, 0)
        assert statistics.attempt_count == (2 if is_first else 1)


def test_limit_waits_for_what_was_set_between_it_and_an_equal_one_that_was_met() -> None:
    world = World()
    order: list[str] = []

    def limited(name: str, duration: float) -> Generator[Any, Any, None]:
        with world.env.move_on_after(1.0):
            yield duration
        order.append(name)

    def begin() -> Generator[Any, Any, None]:
        world.env.process(limited("met", 0.5))
        yield 0.0
        world.env.call_later(1.0, order.append, "between")
        world.env.process(limited("expired", 2.0))

    world.env.process(begin())
    world.env.run()
    assert order == ["met", "between", "expired"]


def test_what_is_due_at_the_end_of_a_run_waits_for_the_next_run() -> None:
    world = World()
    env, happened = world.env, []

    def sleeper() -> Generator[Any, Any, None]:
        yield 1.0
        happened.append("sleep")

    def limited() -> Generator[Any, Any, None]:
        with env.move_on_after(1.0):
            yield 5.0
        happened.append("limit")

    env.timeout(1.0).callbacks.append(lambda event: happened.append("timeout"))
    env.call_later(1.0, happened.append, "call")
    env.process(sleeper())
    env.process(limited())
    env.run(until=0.5)
    env.run(until=1.0)
    assert (env.now, env.peek(), happened) == (1.0, 1.0, [])
    env.run()
    assert happened == ["timeout", "call", "sleep", "limit"]
