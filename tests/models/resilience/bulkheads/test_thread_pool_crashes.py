"""Thread pool: threads die with their callers, with their host and with their process, and are free then."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from models import (
    ConnectionLost,
    FunctionEndpoint,
    Host,
    Network,
    Request,
    TimedOut,
)
from models.balancing import Balancer
from models.resilience import ConstantBackoff, Retry, Timeout
from models.services import Dependency, Instance
from simulator import Environment, Process
from tests.models.resilience.bulkheads.thread_pools import (
    BOTH,
    assert_empty,
    pool_of,
    start_on,
    three_seconds,
)
from tests.models.resilience.scripted import Scripted, call_at


@BOTH
@pytest.mark.parametrize("when", [0.0, 0.5])
def test_thread_dies_with_a_caller_that_is_killed_even_before_it_has_begun(
    interrupts: bool, when: float
) -> None:
    env = Environment()
    target = Scripted(env, (1.0, None))
    pool = pool_of(env, target, interrupts=interrupts)
    [seen] = call_at(env, pool, 0.0)
    if when:
        env.call_later(when, seen.process.kill)
    else:
        env.process(_kill(seen.process))  # starts after the caller, and before the thread
    env.run(until=when + 0.0625)
    assert target.call_count == bool(when)
    assert (target.under_way, pool.statistics().interrupted_count) == (0, 1)
    assert_empty(pool)
    assert env.now < 1.0


def _kill(process: Process) -> Generator[Any, Any, None]:
    process.kill()
    yield from ()


@BOTH
def test_crash_of_the_callers_host_ends_its_threads_queued_working_and_abandoned(interrupts: bool) -> None:
    env = Environment()
    web, server = Host(env, "web"), Host(env, "server")
    room = Instance(env, server, three_seconds)
    connection = Network(env, latencies=0.125).connect(web, room)
    pool = pool_of(env, connection, 2, queue_size_max=1, interrupts=interrupts)
    start_on(web, Timeout(env, pool, 0.25))
    start_on(web, pool)
    env.run(until=0.5)
    start_on(web, pool)
    start_on(web, pool)
    env.run(until=1.0)
    before = pool.statistics()
    assert (before.busy_count, before.waiting_count) == (2, 1)
    assert before.in_flight_count == (2 if interrupts else 1)
    web.crash()
    assert_empty(pool)
    assert not web.running
    assert [process.name for process in env.processes if process.name == "payment"] == []
    web.restart()
    env.run(until=2.0)
    start_on(web, pool)
    env.run()
    assert pool.statistics().answered_count == 1


@BOTH
def test_crash_before_the_thread_has_begun_loses_none(interrupts: bool) -> None:
    env = Environment()
    web = Host(env, "web")
    target = Scripted(env, (1.0, None))
    target.host = web
    pool = pool_of(env, target, interrupts=interrupts)
    start_on(web, pool)
    env.process(_crash(web))  # starts after the caller, and before the thread
    env.run(until=0.5)
    assert target.call_count == 0
    assert_empty(pool)


def _crash(host: Host) -> Generator[Any, Any, None]:
    host.crash()
    yield from ()


@BOTH
@pytest.mark.parametrize("crash", ["process", "host"])
def test_in_the_process_of_an_instance_its_threads_die_with_it(interrupts: bool, crash: str) -> None:
    env = Environment()
    web, server = Host(env, "web"), Host(env, "server")
    room = Instance(env, server, three_seconds, name="room")
    pool = pool_of(env, room, 2, interrupts=interrupts)
    connection = Network(env, latencies=0.125).connect(web, pool, propagate_cancellation=True)
    [impatient] = call_at(env, Timeout(env, connection, 0.5), 0.0)
    [seen] = call_at(env, connection, 0.0)
    env.run(until=0.75)
    assert impatient == (0.5, TimedOut)
    assert pool.statistics().abandoned_count == (not interrupts)
    assert pool.statistics().busy_count == (1 if interrupts else 2)
    (room if crash == "process" else server).crash()
    assert_empty(pool)
    assert not server.running
    env.run(until=1.0)
    assert seen == ((0.875, ConnectionLost) if crash == "process" else (None, None))
    assert room.statistics().aborted_count == 2
    (room if crash == "process" else server).restart()
    [again] = call_at(env, connection, 1.5)
    env.run(until=9.0)
    assert again == (4.75, "done")


@BOTH
def test_thread_of_a_web_process_dies_with_that_process_though_its_host_goes_on(interrupts: bool) -> None:
    env = Environment()
    web, server = Host(env, "web"), Host(env, "server")
    room = Instance(env, server, three_seconds)
    pool = pool_of(env, Network(env, latencies=0.125).connect(web, room), 3, interrupts=interrupts)
    limited = Dependency(Timeout(env, pool, 0.5), required=False)
    shop = Instance(env, web, limited, name="shop")
    call_at(env, shop, 0.0)
    start_on(web, pool)
    env.run(until=1.0)
    assert pool.statistics().abandoned_count == (not interrupts)
    shop.crash()
    # What another process of the host has in the same pool goes on.
    assert (pool.statistics().busy_count, pool.statistics().in_flight_count) == (1, 1)
    env.run()
    assert pool.statistics().answered_count == 1


def test_thread_abandoned_by_a_caller_from_elsewhere_dies_with_the_host_the_pool_stands_on() -> None:
    env = Environment()
    web, server = Host(env, "web"), Host(env, "server")
    room = Instance(env, server, three_seconds)
    connection = Network(env, latencies=0.125).connect(web, room)
    pool = pool_of(env, connection, interrupts=False)
    call_at(env, Timeout(env, pool, 0.5), 0.0)
    env.run(until=1.0)
    assert pool.statistics().busy_count == 1
    web.crash()
    assert_empty(pool)


@pytest.mark.parametrize("crash", ["process", "host"])
def test_thread_abandoned_by_a_caller_from_elsewhere_dies_with_the_process_the_pool_stands_in(
    crash: str,
) -> None:
    env = Environment()
    server = Host(env, "server")
    room = Instance(env, server, three_seconds)
    patient = Retry(env, room, 2, backoff=ConstantBackoff(delay=9.0))
    pool = pool_of(env, patient, interrupts=False)
    call_at(env, Timeout(env, pool, 1.0), 0.0)
    env.run(until=1.5)
    assert pool.statistics().busy_count == 1
    (room if crash == "process" else server).crash()
    assert_empty(pool)
    env.run()
    assert patient.statistics().retry_count == 0


@pytest.mark.parametrize("crash", ["process", "host"])
def test_thread_abandoned_where_the_host_or_process_is_gone_already_ends_at_once(crash: str) -> None:
    env = Environment()
    server = Host(env, "server")
    room = Instance(env, server, three_seconds)
    patient = Retry(env, room, 2, backoff=ConstantBackoff(delay=9.0))
    pool = pool_of(env, patient, interrupts=False)
    call_at(env, Timeout(env, pool, 1.0), 0.0)
    env.call_later(0.5, (room if crash == "process" else server).crash)
    env.run(until=0.75)
    assert pool.statistics().busy_count == 1
    env.run(until=1.25)
    assert pool.statistics().abandoned_count == 1
    assert_empty(pool)


@BOTH
def test_thread_that_hangs_on_a_dead_host_is_none_of_the_pool_that_begins_anew(interrupts: bool) -> None:
    """Its caller is a process that no crash can reach, and does not call over the network."""
    env = Environment()
    server = Host(env, "server")
    pool = pool_of(env, Instance(env, server, three_seconds), queue_size_max=1, interrupts=interrupts)
    hanging, waiting = call_at(env, pool, 0.0, 0.25)
    env.run(until=0.5)
    server.crash()
    server.restart()
    env.run(until=0.75)
    assert (pool.statistics().busy_count, pool.statistics().waiting_count) == (0, 0)
    [again] = call_at(env, pool, 1.0)
    env.run(until=9.0)
    assert again == (4.0, "done")
    assert (hanging.at, waiting.at) == (None, None)
    # They are in flight until they end. What the first leaves is a thread of before, and the second gets it.
    assert pool.statistics().in_flight_count == 2
    hanging.process.kill()
    env.run()
    assert waiting == (12.0, "done")
    assert_empty(pool)


def test_pool_around_what_stands_nowhere_stands_where_it_is_told_to() -> None:
    env = Environment()
    web = Host(env, "web")
    balancer = Balancer(env, [Scripted(env, (9.0, None))])
    pool = pool_of(env, balancer, interrupts=False, host=web)
    assert pool.host is web
    call_at(env, Timeout(env, pool, 0.5), 0.0)
    env.run(until=1.0)
    assert pool.statistics().busy_count == 1
    web.crash()
    assert_empty(pool)
    nowhere = pool_of(env, balancer, interrupts=False)
    assert nowhere.host is None
    call_at(env, Timeout(env, nowhere, 0.5), 1.0)
    env.run(until=2.0)
    assert nowhere.statistics().busy_count == 1


def test_target_that_crashes_its_own_host_takes_thread_and_caller_along() -> None:
    env = Environment()
    web = Host(env, "web")

    def crash_it(request: Request) -> Generator[Any, Any, None]:
        yield 0.5
        web.crash()
        yield 0.5
        raise AssertionError("something runs on a dead host")

    pool = pool_of(env, FunctionEndpoint(crash_it, host=web), interrupts=False)
    caller = start_on(web, pool)
    env.run(until=0.75)
    assert not caller.is_alive
    assert_empty(pool)
    env.run()
