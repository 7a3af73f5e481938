"""Outbox: accepted at once, delivered later, in order or out of it, and dead at last."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from math import isnan
from typing import Any

import pytest

from models.endpoint import FunctionEndpoint
from models.failures import BreakerOpen, CallFailed, Refused, Rejected, ServerError, TimedOut
from models.infrastructure import Host
from models.request import Request
from models.resilience import (
    CircuitBreaker,
    ExponentialBackoff,
    Outbox,
    consecutive_failures,
)
from models.resilience.deadlines import HonourDeadline
from simulator import Environment
from tests.models.resilience.outboxes import ONE_SECOND, conserves, on_a_host, send_at
from tests.models.resilience.scripted import OK, Scripted, call_at

ERROR = (0.0, ServerError)


def test_a_call_is_accepted_at_once_and_delivered_later() -> None:
    env = Environment()
    target = Scripted(env, (2.0, None))
    outbox = Outbox(env, target, backoff=ONE_SECOND)
    [seen] = call_at(env, outbox, 1.0)
    env.run()
    assert seen == (1.0, "accepted")
    assert target.call_times == [1.0]
    statistics = outbox.statistics()
    assert (statistics.delivered_count, statistics.delivery_time_mean) == (1, 2.0)
    assert conserves(outbox)


def test_a_failure_is_retried_with_backoff_until_it_is_delivered() -> None:
    env = Environment()
    target = Scripted(env, ERROR, ERROR, ERROR, OK)
    outbox = Outbox(env, target, backoff=ExponentialBackoff(base=1.0))
    call_at(env, outbox, 0.0)
    env.run()
    assert target.call_times == [0.0, 1.0, 3.0, 7.0]
    assert outbox.statistics().attempt_count == 4
    assert outbox.statistics().delivery_time_mean == 7.0


def test_entries_are_delivered_in_the_order_in_which_they_came() -> None:
    env = Environment()
    target = Scripted(env, ERROR, OK)
    outbox = Outbox(env, target, backoff=ONE_SECOND)
    call_at(env, outbox, 0.0, 0.25)
    env.run()
    assert target.call_times == [0.0, 1.0, 1.0]  # the second waits until the first is delivered


def test_several_workers_deliver_at_the_same_time() -> None:
    env = Environment()
    target = Scripted(env, (1.0, None))
    outbox = Outbox(env, target, backoff=ONE_SECOND, workers=2)
    call_at(env, outbox, 0.0, 0.0, 0.0)
    env.run()
    assert target.call_times == [0.0, 0.0, 1.0]
    assert env.now == 2.0


def test_a_deadline_ends_with_the_acceptance_and_does_not_follow_the_work_into_the_queue() -> None:
    env = Environment()
    asked: list[Request] = []

    def deliver(request: Request) -> Generator[Any, Any, None]:
        asked.append(request)
        yield 1.0

    target = HonourDeadline(env, FunctionEndpoint(deliver))
    outbox = Outbox(env, target, backoff=ONE_SECOND, attempts_max=3)
    hasty = Request(key="order", idempotency_key="key", deadline=0.5)
    for request in (Request(key="first"), hasty):
        env.process(outbox.call(request))
    env.run(until=0.5)
    assert [request.key for request in outbox.undelivered] == ["first", "order"]
    env.run()
    assert asked[1] == replace(hasty, deadline=None)
    assert outbox.statistics().delivered_count == 2
    assert outbox.undelivered == []


def test_a_full_outbox_rejects() -> None:
    env = Environment()
    outbox = Outbox(env, Scripted(env, (1.0, None)), capacity=2, backoff=ONE_SECOND, name="mail")
    seen = call_at(env, outbox, 0.0, 0.0, 0.5, 1.5)
    env.run()
    assert [each.outcome for each in seen] == ["accepted", "accepted", Rejected, "accepted"]
    assert outbox.statistics().rejected_count == 1
    assert outbox.statistics().backlog.maximum == 2
    assert conserves(outbox)


def test_an_entry_is_dead_after_its_last_attempt() -> None:
    env = Environment()
    target = Scripted(env, ERROR)
    outbox = Outbox(env, target, backoff=ONE_SECOND, attempts_max=3)
    call_at(env, outbox, 0.0)
    env.run()
    [letter] = outbox.dead_letters
    assert (letter.accepted_at, letter.died_at, letter.attempt_count) == (0.0, 2.0, 3)
    assert isinstance(letter.failure, ServerError)
    assert outbox.statistics().dead_letter_count == 1
    assert isnan(outbox.statistics().delivery_time_mean)
    assert conserves(outbox)


@pytest.mark.parametrize(
    ("failures", "nothing_done"), [((Refused, Refused), True), ((TimedOut, Refused), False)]
)
def test_dead_letter_may_have_arrived_unless_every_attempt_says_that_it_has_not(
    failures: tuple[type[CallFailed], ...], nothing_done: bool
) -> None:
    env = Environment()
    target = Scripted(env, *((0.0, kind) for kind in failures))
    outbox = Outbox(env, target, backoff=ONE_SECOND, attempts_max=2)
    call_at(env, outbox, 0.0)
    env.run()
    [letter] = outbox.dead_letters
    assert (type(letter.failure), letter.failure.nothing_done) == (Refused, nothing_done)


def test_dead_letter_whose_first_attempt_was_broken_off_may_have_arrived() -> None:
    env = Environment()
    target = Scripted(env, (9.0, None), (0.0, Refused))
    outbox = Outbox(env, target, backoff=ONE_SECOND, attempts_max=2)
    call_at(env, outbox, 0.0)
    env.call_later(1.0, outbox.stop_workers)
    env.call_later(2.0, outbox.start_workers)
    env.run()
    [letter] = outbox.dead_letters
    assert (type(letter.failure), letter.failure.nothing_done) == (Refused, False)


def test_an_entry_is_dead_when_its_next_attempt_would_be_too_old() -> None:
    env = Environment()
    target = Scripted(env, ERROR)
    outbox = Outbox(env, target, backoff=ONE_SECOND, age_max=2.0)
    call_at(env, outbox, 0.0)
    env.run()
    assert target.call_times == [0.0, 1.0, 2.0]
    assert outbox.dead_letters[0].died_at == 2.0


def test_work_that_meets_an_open_breaker_is_delivered_when_it_closes() -> None:
    env = Environment()
    target = Scripted(env, ERROR, ERROR, OK)
    breaker = CircuitBreaker(env, target, consecutive_failures(2, open_duration=5.0))
    outbox = Outbox(env, breaker, backoff=ONE_SECOND)
    [seen] = call_at(env, outbox, 0.0)
    env.run()
    assert seen == (0.0, "accepted")
    assert target.call_times == [0.0, 1.0, 7.0]  # open from 1 to 6; a permit only after that
    assert breaker.statistics().rejected_count == 5
    assert not issubclass(BreakerOpen, type(seen.outcome))


def test_an_idle_outbox_lets_the_run_end() -> None:
    env = Environment()
    Outbox(env, Scripted(env), backoff=ONE_SECOND)
    env.run()
    assert env.now == 0.0


def test_the_mean_backlog_is_weighted_by_time() -> None:
    env = Environment()
    outbox = Outbox(env, Scripted(env, (1.0, None)), backoff=ONE_SECOND)
    call_at(env, outbox, 0.0, 0.0)
    env.run(until=4.0)
    assert outbox.statistics().backlog.mean == pytest.approx((2 + 1) / 4)


def test_stopped_workers_deliver_nothing_and_lose_nothing() -> None:
    env = Environment()
    target = Scripted(env, (1.0, None))
    outbox = Outbox(env, target, backoff=ONE_SECOND)
    call_at(env, outbox, 0.0, 0.0)
    env.call_later(0.5, outbox.stop_workers)
    env.run(until=5.0)
    assert (target.call_times, outbox.statistics().backlog.value) == ([0.0], 2)
    outbox.start_workers()
    env.run()
    assert target.call_times == [0.0, 5.0, 6.0]
    assert conserves(outbox)


def test_out_of_order_an_entry_that_fails_holds_up_nobody() -> None:
    env = Environment()
    delivered = []

    def handle(request: Request) -> Generator[Any, Any, None]:
        yield 0.5
        if request.key == 0 and env.now < 3.0:
            raise ServerError("not yet")
        delivered.append((env.now, request.key))

    outbox = Outbox(env, FunctionEndpoint(handle), backoff=ONE_SECOND, in_order=False)
    send_at(env, outbox, 0.0, 0.0, 0.0, 2.0)
    env.run()
    # Number 0 fails at 0.5 and comes again at 1.5, behind number 2; fails at 2.0 and comes again at 3.0.
    assert delivered == [(1.0, 1), (1.5, 2), (2.5, 3), (3.5, 0)]
    assert outbox.statistics().attempt_count == 6
    assert conserves(outbox)


def test_out_of_order_an_entry_comes_again_at_the_end_of_the_queue() -> None:
    env = Environment()
    order = []

    def handle(request: Request) -> Generator[Any, Any, None]:
        order.append(request.key)
        yield 2.0
        if request.key == 0 and len(order) == 1:
            raise ServerError("once")

    outbox = Outbox(env, FunctionEndpoint(handle), backoff=ONE_SECOND, in_order=False)
    send_at(env, outbox, 0.0, 0.0, 0.0)
    env.run()
    assert order == [0, 1, 2, 0]
    assert env.now == 8.0


def test_out_of_order_an_entry_dies_as_it_does_in_order() -> None:
    env = Environment()
    target = Scripted(env, ERROR)
    outbox = Outbox(env, target, backoff=ONE_SECOND, attempts_max=2, age_max=10.0, in_order=False)
    call_at(env, outbox, 0.0, 0.25)
    env.run()
    assert [letter.died_at for letter in outbox.dead_letters] == [1.0, 1.25]
    assert target.call_times == [0.0, 0.25, 1.0, 1.25]
    assert conserves(outbox)


def test_out_of_order_a_backoff_that_ends_while_the_host_is_down_waits_for_the_workers() -> None:
    env = Environment()
    target = Scripted(env, ERROR, OK)
    host, outbox = on_a_host(target, env, in_order=False)
    call_at(env, outbox, 0.0)
    env.call_later(0.5, host.crash)
    env.call_later(3.0, host.restart)
    env.run()
    assert target.call_times == [0.0, 3.0]


def test_out_of_order_what_was_lost_does_not_come_again_after_its_backoff() -> None:
    env = Environment()
    target = Scripted(env, ERROR, OK)
    host, outbox = on_a_host(target, env, in_order=False, is_durable=False)
    call_at(env, outbox, 0.0)
    env.call_later(0.25, host.crash)
    env.call_later(0.5, host.restart)
    env.run()
    assert (target.call_times, outbox.statistics().lost_count) == ([0.0], 1)
    assert conserves(outbox)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"capacity": 0}, "capacity must be >= 1, got 0"),
        ({"workers": 0}, "workers must be a whole number >= 1, got 0"),
        ({"attempts_max": 0}, "attempts_max must be >= 1, got 0"),
        ({"age_max": 0.0}, r"age_max must be > 0 s, got 0.0"),
        ({"is_durable": False}, "host must say in whose memory 'outbox' keeps its entries, got None"),
        (
            {"host": Host(Environment(), "web")},
            "host of 'outbox' must belong to the same environment, got Host",
        ),
    ],
)
def test_misuse_is_named(settings: dict[str, float], message: str) -> None:
    env = Environment()
    with pytest.raises(ValueError, match=message):
        Outbox(env, Scripted(env), backoff=ONE_SECOND, **settings)  # type: ignore[arg-type]


def test_a_host_that_is_none_is_named() -> None:
    env = Environment()
    with pytest.raises(TypeError, match="host must be a Host, got 'web'"):
        Outbox(env, Scripted(env), backoff=ONE_SECOND, host="web")  # type: ignore[arg-type]
