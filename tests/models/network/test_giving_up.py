"""Callers that give up: work that goes on, late answers, wasted time, cancellations sent after a request."""

from typing import Any

import pytest

from models.endpoint import FunctionEndpoint
from models.failures import CallFailed, TimedOut
from models.request import Request
from models.services import Instance, Work
from tests.models.network.building import (
    WAY,
    Scripted,
    Steps,
    World,
    numbers,
    plain_or_rough,
)  # fmt: skip


@plain_or_rough
@pytest.mark.parametrize(
    ("patience", "late", "wasted", "time"),
    [
        (WAY / 2, 1, 1, 1.0),  # before the request has arrived
        (0.5, 1, 1, 1.0),  # during the work
        (1.0 + 1.5 * WAY, 1, 0, 0.0),  # while the answer is on its way
    ],
)
def test_the_work_goes_on_for_a_caller_that_has_given_up_and_is_counted(
    road: Any, patience: float, late: int, wasted: int, time: float
) -> None:
    world = World()
    connection = world.network.connect(world.a, world.server())
    road(world)
    world.call(connection, patience=patience)
    world.env.run()
    assert world.seen == [(TimedOut, patience)]
    assert world.arrived == [(None, 1.0 + WAY)]
    assert numbers(connection) == (1, 0, late, wasted, time)
    assert world.b.running == {}


@plain_or_rough
def test_an_answer_lost_to_nobody_is_not_late(road: Any) -> None:
    world = World()
    connection = world.network.connect(world.a, world.server())
    road(world)
    world.call(connection, patience=0.5)
    world.env.call_later(0.75, world.network.partition, world.a, world.b)
    world.env.run()
    assert numbers(connection) == (1, 0, 0, 1, 1.0)


@pytest.mark.parametrize("way", ["there", "back"])
def test_a_connection_that_breaks_after_its_caller_has_gone_bothers_nobody(way: str) -> None:
    world = World()
    ends = (world.a, world.b) if way == "there" else (world.b, world.a)
    world.network.override(*ends, loss_probability=1.0, one_way=True)
    connection = world.network.connect(world.a, world.server())
    world.call(connection, patience=0.5)
    world.env.run()
    assert world.seen == [(TimedOut, 0.5)]
    assert numbers(connection) == ((1, 0, 0, 0, 0.0) if way == "there" else (1, 0, 0, 1, 1.0))


@plain_or_rough
def test_the_crash_of_the_callers_host_leaves_the_work_going_on(road: Any) -> None:
    world = World()
    connection = world.network.connect(world.a, world.server(), propagate_cancellation=True)
    road(world)
    world.call(connection)
    world.env.call_later(0.5, world.a.crash)
    world.env.run()
    assert world.seen == []
    assert world.arrived == [(None, 1.0 + WAY)]
    assert numbers(connection) == (1, 0, 1, 1, 1.0)


@plain_or_rough
@pytest.mark.parametrize("patience", [WAY / 2, 0.5])
def test_a_cancellation_that_is_propagated_stops_the_work_one_way_later(road: Any, patience: float) -> None:
    world = World()
    stopped: list[float] = []

    def serve(request: Request) -> Steps:
        try:
            yield 1.0
        finally:
            stopped.append(world.env.now)

    server = FunctionEndpoint(serve, host=world.b)
    connection = world.network.connect(world.a, server, propagate_cancellation=True)
    road(world)
    world.call(connection, patience=patience)
    world.env.run()
    assert world.seen == [(TimedOut, patience)]
    assert stopped == [patience + WAY]
    assert world.b.running == {}
    assert numbers(connection) == (1, 0, 0, 0, 0.0)


def test_a_cancellation_that_overtakes_the_request_leaves_nothing_to_do() -> None:
    world = World()
    connection = world.network.connect(world.a, world.server(), propagate_cancellation=True)
    world.network.install(Scripted([]))
    world.network.override(world.a, world.b, latency=8.0)
    world.call(connection, patience=1.0)
    world.env.run(until=0.5)
    world.network.override(world.a, world.b, latency=WAY)
    world.env.run()
    assert world.arrived == []
    assert numbers(connection) == (1, 0, 0, 0, 0.0)


def test_a_cancellation_that_is_cut_off_stops_nothing() -> None:
    world = World()
    connection = world.network.connect(world.a, world.server(), propagate_cancellation=True)
    world.call(connection, patience=0.5)
    world.env.call_later(0.25, world.network.partition, world.a, world.b)
    world.env.run()
    assert world.arrived == [(None, 1.0 + WAY)]


def test_a_cancellation_after_the_answer_was_sent_changes_nothing() -> None:
    world = World()
    connection = world.network.connect(world.a, world.server(), propagate_cancellation=True)
    world.call(connection, patience=1.0 + 1.5 * WAY)
    world.env.run()
    assert world.arrived == [(None, 1.0 + WAY)]
    assert numbers(connection) == (1, 0, 1, 0, 0.0)


def test_an_answer_that_comes_at_the_deadline_comes_too_late() -> None:
    world = World()
    connection = world.network.connect(world.a, world.server())
    world.call(connection, patience=1.0 + 2 * WAY)
    world.env.run()
    assert world.seen == [(TimedOut, 1.0 + 2 * WAY)]
    assert numbers(connection)[2] == 1


@plain_or_rough
def test_a_cancellation_is_not_overtaken_by_the_next_request_of_its_caller(road: Any) -> None:
    """A server that has one place is free again when somebody who has given up asks once more at once."""
    world = World()
    instance = Instance(world.env, world.b, Work(1.0), threads=1, queue_size_max=0, name="server")
    connection = world.network.connect(world.a, instance, propagate_cancellation=True)
    road(world)

    def ask_twice() -> Steps:
        for patience in (0.5, 5.0):
            try:
                with world.env.fail_after(patience):
                    world.seen.append(((yield from connection.call(Request())).value, world.env.now))
            except CallFailed as failure:
                world.seen.append((type(failure), world.env.now))

    world.a.start(ask_twice(), "caller")
    world.env.run()
    assert world.seen == [(TimedOut, 0.5), (None, 0.5 + WAY + 1.0 + WAY)]
    assert instance.statistics().rejected_count == 0
