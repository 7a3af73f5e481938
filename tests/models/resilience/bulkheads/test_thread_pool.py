"""Thread pool: its callers walk away at once; what they leave behind is stopped, or stays and is counted."""

from __future__ import annotations

from collections.abc import Callable, Generator
from math import nan
from typing import Any

import pytest

from models import (
    CallFailed,
    FunctionEndpoint,
    Host,
    Network,
    Rejected,
    Request,
    ServerError,
    TimedOut,
)
from models.resilience import ConstantBackoff, Retry, Timeout
from models.services import DependencyFailed, Instance
from simulator import Environment, Process
from tests.models.resilience.bulkheads.thread_pools import (
    BOTH,
    assert_adds_up,
    assert_empty,
    pool_of,
    three_seconds,
)
from tests.models.resilience.scripted import Scripted, call_at


@BOTH
def test_as_many_calls_as_threads_are_worked_on_and_as_many_as_the_queue_holds_wait(interrupts: bool) -> None:
    env = Environment()
    target = Scripted(env, (1.0, None))
    pool = pool_of(env, target, 2, queue_size_max=1, interrupts=interrupts)
    seen = call_at(env, pool, 0.0, 0.25, 0.5, 0.75, 1.125)
    env.run()
    answers = [(1.0, "answer"), (1.25, "answer"), (2.0, "answer"), (0.75, Rejected), (2.25, "answer")]
    assert seen == answers
    assert target.call_times == [0.0, 0.25, 1.0, 1.25]
    statistics = pool.statistics()
    assert (statistics.answered_count, statistics.rejected_count) == (4, 1)
    assert_empty(pool)


def test_rejection_names_the_pool_and_the_rule_and_is_no_instances_own() -> None:
    env = Environment()
    pool = pool_of(env, Scripted(env, (9.0, None)))
    shop = Instance(env, Host(env, "web"), lambda instance, request: pool.call(request), name="payment")
    failures = []

    def caller() -> Generator[Any, Any, None]:
        try:
            yield from shop.call(Request())
        except CallFailed as failure:
            failures.append(failure)

    call_at(env, pool, 0.0)
    env.run(until=1.0)
    env.process(caller())
    env.run()
    [failure] = failures
    assert isinstance(failure, DependencyFailed)
    rejected = failure.failure
    assert isinstance(rejected, Rejected)
    assert (rejected.by, rejected.reason, rejected.part) == ("payment", "bulkhead full", pool)


@BOTH
def test_failure_of_the_target_is_the_threads_answer(interrupts: bool) -> None:
    env = Environment()
    pool = pool_of(env, Scripted(env, (0.5, ServerError)), interrupts=interrupts)
    seen = call_at(env, pool, 0.0, 0.75)
    env.run()
    assert seen == [(0.5, ServerError), (1.25, ServerError)]
    assert pool.statistics().answered_count == 2
    assert_empty(pool)


# -- walking away


def test_thread_that_is_interrupted_stops_and_is_free_at_once() -> None:
    env = Environment()
    target = Scripted(env, (9.0, None))
    pool = pool_of(env, target)
    seen = call_at(env, Timeout(env, pool, 1.0), 0.0, 0.5, 1.25)
    env.run(until=1.125)
    assert target.under_way == 0
    assert_empty(pool)
    env.run()
    assert seen == [(1.0, TimedOut), (0.5, Rejected), (2.25, TimedOut)]
    statistics = pool.statistics()
    assert (statistics.interrupted_count, statistics.abandoned_count) == (2, 0)


def test_thread_that_is_not_stays_taken_until_its_work_ends_for_nobody() -> None:
    env = Environment()
    target = Scripted(env, (3.0, None), (0.25, None))
    pool = pool_of(env, target, interrupts=False)
    seen = call_at(env, Timeout(env, pool, 1.0), 0.0, 2.0, 3.25)
    env.run(until=2.5)
    assert target.under_way == 1
    statistics = pool.statistics()
    assert (statistics.abandoned_count, statistics.interrupted_count) == (1, 0)
    assert (statistics.busy_count, statistics.in_flight_count) == (1, 0)
    assert_adds_up(pool)
    env.run()
    assert seen == [(1.0, TimedOut), (2.0, Rejected), (3.5, "answer")]
    assert_empty(pool)


def test_silent_dependency_uses_up_the_threads_that_are_abandoned_there_unless_they_have_a_limit_too() -> (
    None
):
    for limit, outcome in ((1e9, Rejected), (2.0, TimedOut)):
        env = Environment()
        pool = pool_of(env, Timeout(env, Scripted(env, (1e9, None)), limit), 2, interrupts=False)
        seen = call_at(env, Timeout(env, pool, 1.0), 0.0, 0.0, 5.0)
        env.run(until=10.0)
        assert seen[2].outcome is outcome
        assert pool.statistics().abandoned_count == (2 if outcome is Rejected else 3)


@BOTH
def test_caller_that_leaves_the_queue_is_never_worked_on(interrupts: bool) -> None:
    env = Environment()
    target = Scripted(env, (2.0, None))
    pool = pool_of(env, target, queue_size_max=2, interrupts=interrupts)
    first, leaver, other = call_at(env, pool, 0.0, 0.25, 0.5)
    env.call_later(1.0, leaver.process.cancel)
    env.run()
    assert (first, other, leaver.outcome) == ((2.0, "answer"), (4.0, "answer"), None)
    assert target.call_times == [0.0, 2.0]
    assert pool.statistics().left_count == 1
    assert_empty(pool)


@BOTH
@pytest.mark.parametrize("end", [Process.cancel, Process.kill])
def test_thread_passed_to_one_who_is_gone_at_that_instant_goes_to_the_next(
    interrupts: bool, end: Callable[[Process], None]
) -> None:
    env = Environment()
    target = Scripted(env, (1.0, None))
    pool = pool_of(env, target, queue_size_max=2, interrupts=interrupts)
    leaver, other = call_at(env, pool, 0.0, 0.0)
    pool._threads.free -= 1

    def pass_on_and_end() -> None:
        pool._threads.release()
        end(leaver.process)

    env.call_later(1.0, pass_on_and_end)
    env.run()
    assert (leaver.outcome, other) == (None, (2.0, "answer"))
    assert (target.call_times, pool.statistics().left_count) == ([1.0], 1)
    assert_empty(pool)


@BOTH
def test_caller_that_goes_as_the_answer_comes_abandons_nothing(interrupts: bool) -> None:
    env = Environment()
    pool = pool_of(env, Scripted(env, (1.0, None)), interrupts=interrupts)
    [seen] = call_at(env, pool, 0.0)
    env.run(until=0.5)

    def go() -> Generator[Any, Any, None]:
        yield 0.5  # due after the thread's end, and before its answer is heard
        assert pool.statistics().busy_count == 0
        seen.process.cancel()

    env.process(go())
    env.run()
    assert seen.outcome is None
    assert (pool.statistics().interrupted_count, pool.statistics().abandoned_count) == (1, 0)
    assert_empty(pool)


def test_retry_without_a_pause_finds_the_thread_free_that_its_timeout_has_interrupted() -> None:
    env = Environment()
    target = Scripted(env, (9.0, None), (9.0, None), (0.25, None))
    limit = Timeout(env, pool_of(env, target), 1.0)
    [seen] = call_at(env, Retry(env, limit, 3, backoff=ConstantBackoff(delay=0.0)), 0.0)
    env.run()
    assert seen == (2.25, "answer")


def test_thread_is_taken_until_what_was_interrupted_has_cleaned_up() -> None:
    env = Environment()

    def slow_to_stop(request: Request) -> Generator[Any, Any, None]:
        try:
            yield 9.0
        finally:
            yield 0.5

    pool = pool_of(env, FunctionEndpoint(slow_to_stop))
    seen = call_at(env, Timeout(env, pool, 1.0), 0.0, 1.25)
    env.run(until=1.375)
    assert pool.statistics().busy_count == 1
    assert seen == [(1.0, TimedOut), (1.25, Rejected)]
    env.run(until=1.625)
    assert_empty(pool)


@pytest.mark.parametrize(("interrupts", "ends_at"), [(True, 1.125), (False, 3.125)])
def test_interruption_reaches_the_other_side_where_cancellation_is_propagated(
    interrupts: bool, ends_at: float
) -> None:
    env = Environment()
    web, server = Host(env, "web"), Host(env, "server")
    room = Instance(env, server, three_seconds)
    connection = Network(env, latencies=0.125).connect(web, room, propagate_cancellation=True)
    call_at(env, Timeout(env, pool_of(env, connection, interrupts=interrupts), 1.0), 0.0)
    env.run(until=ends_at - 0.0625)
    assert room.statistics().in_service_count == 1
    env.run(until=ends_at + 0.0625)
    assert room.statistics().in_service_count == 0


# -- errors and misuse


class _Bug(Exception):
    """An error in the model's code, which is no outcome."""


@BOTH
@pytest.mark.parametrize("is_caller_gone", [False, True])
def test_bug_in_a_thread_stops_the_run(interrupts: bool, is_caller_gone: bool) -> None:
    env = Environment()

    def broken(request: Request) -> Generator[Any, Any, None]:
        yield 1.0
        raise _Bug("in the model")

    pool = pool_of(env, FunctionEndpoint(broken), interrupts=interrupts)
    call_at(env, Timeout(env, pool, 0.5) if is_caller_gone else pool, 0.0)
    if interrupts and is_caller_gone:
        env.run()
        assert_empty(pool)
        return
    with pytest.raises(_Bug, match="in the model"):
        env.run()
    assert env.now == 1.0


@pytest.mark.parametrize("threads", [0, -1, 1.0, True, "2", nan])
def test_threads_are_a_whole_number(threads: Any) -> None:
    env = Environment()
    with pytest.raises(ValueError, match=r"threads must be a whole number >= 1, got"):
        pool_of(env, Scripted(env), threads)


@pytest.mark.parametrize("queue_size_max", [-1, 0.5, nan, True])
def test_queue_is_a_whole_number_or_infinite(queue_size_max: Any) -> None:
    env = Environment()
    with pytest.raises(ValueError, match=r"queue_size_max must be a whole number >= 0 or infinite, got"):
        pool_of(env, Scripted(env), queue_size_max=queue_size_max)


def test_pool_stands_where_its_target_stands_and_nowhere_else() -> None:
    env = Environment()
    web, other = Host(env, "web"), Host(env, "other")
    target = FunctionEndpoint(lambda request: iter(()), host=web)
    assert pool_of(env, target).host is web
    assert pool_of(env, target, host=web).host is web
    with pytest.raises(ValueError, match=r"host must be that of the target, Host\('web'\), got"):
        pool_of(env, target, host=other)
    with pytest.raises(TypeError, match="target must be an Endpoint, got 3"):
        pool_of(env, 3)  # type: ignore[arg-type] # that is the point
