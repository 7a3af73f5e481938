"""Crashes while a call is under way: a host is silent, a process is reset, and nothing runs on the dead."""

from typing import Any

import pytest

from models.endpoint import FunctionEndpoint
from models.failures import ConnectionLost, Refused
from models.infrastructure import Host
from models.request import Request
from models.resilience import CircuitBreaker
from tests.models.network.building import (
    WAY,
    Steps,
    World,
    losing,
    numbers,
    plain_or_rough,
)  # fmt: skip


@plain_or_rough
@pytest.mark.parametrize("restart", [False, True])
def test_a_host_that_crashes_at_work_is_silent_for_ever(road: Any, restart: bool) -> None:
    world = World()
    road(world)
    caller = world.call(world.network.connect(world.a, world.server()))
    world.env.call_later(0.5, world.b.crash)
    if restart:
        world.env.call_later(0.75, world.b.restart)
    world.env.run()
    assert world.seen == world.arrived == []
    assert caller.is_alive
    assert world.b.running == {}


@plain_or_rough
def test_the_crash_of_a_process_resets_its_connections_after_one_way_back(road: Any) -> None:
    world = World()
    server = world.server()
    connection = world.network.connect(world.a, server)
    road(world)
    for _ in range(2):
        world.call(connection)
    world.env.call_later(0.5, world.b.crash_process, server)
    world.env.call_later(0.5, world.call, connection)
    world.env.run()
    assert world.seen == [(ConnectionLost, 0.5 + WAY)] * 2 + [(Refused, 0.5 + 2 * WAY)]
    assert world.arrived == []
    assert numbers(connection) == (3, 3, 0, 0, 0.0)


def test_a_reset_that_is_cut_off_is_never_heard_of() -> None:
    world = World()
    server = world.server()
    caller = world.call(world.network.connect(world.a, server))
    world.env.run(until=0.5)
    world.network.partition(world.b, world.a, one_way=True)
    world.b.crash_process(server)
    world.env.run()
    assert world.seen == []
    assert caller.is_alive


def test_a_reset_that_is_lost_is_sent_again() -> None:
    world = World()
    server = world.server()
    world.call(world.network.connect(world.a, server))
    world.env.run(until=0.5)
    world.network.install(losing(2))
    world.b.crash_process(server)
    world.env.run()
    assert world.seen == [(ConnectionLost, pytest.approx(0.5 + 0.6 + WAY))]


@plain_or_rough
def test_a_handler_that_crashes_its_own_process_answers_nobody_but_the_system_resets(road: Any) -> None:
    world = World()

    def suicidal(request: Request) -> Steps:
        yield 1.0
        world.b.crash_process(server)
        return "never sent"

    server = FunctionEndpoint(suicidal, host=world.b, name="server")
    road(world)
    world.call(world.network.connect(world.a, server))
    world.env.run()
    assert world.seen == [(ConnectionLost, 1.0 + 2 * WAY)]


def test_a_host_that_crashes_does_not_send_its_answer_again() -> None:
    world = World()
    caller = world.call(world.network.connect(world.a, world.server()))
    world.env.run(until=0.5)
    world.network.install(losing(1))
    world.env.call_later(0.5 + 2 * WAY, world.b.crash)  # the answer was lost one way before
    world.env.run()
    assert world.arrived == [(None, 1.0 + WAY)]
    assert world.seen == []
    assert caller.is_alive


def test_the_crash_of_a_process_does_not_stop_the_system_from_sending_its_answer_again() -> None:
    world = World()
    server = world.server()
    world.call(world.network.connect(world.a, server))
    world.env.run(until=0.5)
    world.network.install(losing(1))
    world.env.call_later(0.5 + 2 * WAY, world.b.crash_process, server)
    world.env.run()
    assert world.seen == [("answer", pytest.approx(1.0 + WAY + 0.2 + WAY))]


@plain_or_rough
def test_a_handler_that_crashes_its_own_host_is_silent(road: Any) -> None:
    world = World()

    def suicidal(request: Request) -> Steps:
        yield 1.0
        world.b.crash()
        return "never sent"

    road(world)
    caller = world.call(world.network.connect(world.a, FunctionEndpoint(suicidal, host=world.b)))
    world.env.run()
    assert world.seen == []
    assert caller.is_alive


def test_calls_through_two_hops_die_where_the_crash_is() -> None:
    world = World()
    c = Host(world.env, "c")
    inner = world.network.connect(world.b, FunctionEndpoint(lambda _: iter_sleep(4.0), host=c, name="deep"))
    outer = FunctionEndpoint(inner.call, host=world.b, name="middle")
    connection = world.network.connect(world.a, outer)
    world.call(connection)
    world.env.call_later(1.0, world.b.crash)
    world.env.run()
    assert world.seen == []
    assert inner.statistics().late_count == 1
    assert (world.b.running, c.running) == ({}, {})


def iter_sleep(delay: float) -> Steps:
    yield delay


def test_a_host_that_is_down_sends_no_message() -> None:
    world = World()
    world.a.crash()
    world.send("while down")
    world.a.restart()
    world.env.run()
    world.send("up again")
    world.env.run()
    assert world.arrived == [("up again", WAY)]


def test_a_wrapper_around_a_connection_serves_from_a_process_that_crashes_and_goes() -> None:
    world = World()
    breaker = CircuitBreaker(world.env, world.network.connect(world.a, world.server()))
    proxy = world.network.connect(world.b, breaker)
    process = breaker.serving

    def crash() -> None:
        world.a.crash_process(process)

    def ask() -> None:
        world.b.start(world._call(proxy, Request(), 60.0))

    world.env.call_later(0.5, crash)
    world.env.call_later(1.0, ask)
    world.env.call_later(2.0, world.a.restart_process, process)
    world.env.call_later(3.0, ask)
    world.env.run(until=10.0)
    assert world.seen == [(Refused, 1.0 + 2 * WAY), ("answer", 3.0 + 4 * WAY + 1.0)]
    world.a.decommission()
    assert process.has_stopped
