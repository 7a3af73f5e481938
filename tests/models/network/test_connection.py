"""Calls over the network: exact times, refusals, silence, retransmissions, and what weighs on the wire."""

from typing import Any

import pytest

from models.endpoint import FunctionEndpoint
from models.failures import ConnectionLost, Refused, Rejected, ServerError, TimedOut
from models.request import Request, Response
from simulator import Environment, Process
from simulator.randomness import Constant
from tests.models.network.building import (
    WAY,
    World,
    numbers,
    plain_or_rough,
    rough,
)  # fmt: skip


@plain_or_rough
def test_an_answer_takes_the_way_there_the_work_and_the_way_back(road: Any) -> None:
    world = World()
    connection = world.network.connect(world.a, world.server())
    road(world)
    world.call(connection, Request(key="k"))
    world.env.run()
    assert world.arrived == [("k", 1.0 + WAY)]
    assert world.seen == [("answer", 1.0 + 2 * WAY)]
    assert numbers(connection) == (1, 1, 0, 0, 0.0)
    assert world.b.running == {}


@plain_or_rough
@pytest.mark.parametrize("failure", [ServerError("sorry"), Rejected("server"), ConnectionLost("further on")])
def test_a_failure_comes_back_as_an_answer_does(road: Any, failure: Any) -> None:
    world = World()
    connection = world.network.connect(world.a, world.server(result=failure))
    road(world)
    world.call(connection)
    world.env.run()
    assert world.seen == [(type(failure), 1.0 + 2 * WAY)]
    assert numbers(connection) == (1, 1, 0, 0, 0.0)


@plain_or_rough
def test_a_response_is_passed_as_it_is_and_nothing_may_be_a_response(road: Any) -> None:
    world = World()
    response = Response("full", ("part",))
    road(world)
    for result in (response, Response(None)):
        world.call(world.network.connect(world.a, world.server(result=result)))
    world.env.run()
    assert world.seen == [("full", 1.0 + 2 * WAY), (None, 1.0 + 2 * WAY)]


@plain_or_rough
def test_where_nobody_listens_the_caller_is_refused_after_one_round_trip(road: Any) -> None:
    world = World()
    server = world.server()
    server.is_listening = False
    connection = world.network.connect(world.a, server)
    road(world)
    world.call(connection)
    world.env.run()
    assert world.seen == [(Refused, 2 * WAY)]
    assert world.arrived == []


@plain_or_rough
def test_a_host_that_is_down_is_silent(road: Any) -> None:
    world = World()
    connection = world.network.connect(world.a, world.server())
    road(world)
    world.b.crash()
    world.call(connection, patience=50.0)
    world.env.run()
    assert world.seen == [(TimedOut, 50.0)]
    assert numbers(connection) == (1, 0, 0, 0, 0.0)


@plain_or_rough
def test_a_host_that_comes_up_before_the_request_arrives_answers(road: Any) -> None:
    world = World()
    road(world)
    world.b.crash()
    world.call(world.network.connect(world.a, world.server()))
    world.env.call_later(WAY / 2, world.b.restart)
    world.env.run()
    assert world.seen == [("answer", 1.0 + 2 * WAY)]


def test_tcp_gives_up_after_fifteen_retransmissions_and_says_so() -> None:
    world = World(loss_probability=1.0)
    world.call(world.network.connect(world.a, world.server()))
    world.env.run()
    assert world.seen == [(ConnectionLost, pytest.approx(924.6))]
    assert world.arrived == []


def test_tcp_that_gives_up_the_answer_leaves_the_work_done() -> None:
    world = World()
    world.network.override(world.b, world.a, loss_probability=1.0, one_way=True)
    world.call(world.network.connect(world.a, world.server()))
    world.env.run()
    assert world.arrived == [(None, 1.0 + WAY)]
    assert world.seen == [(ConnectionLost, pytest.approx(1.0 + WAY + 924.6))]


@pytest.mark.parametrize("lost_count", [1, 2])
def test_over_datagrams_a_lost_request_or_answer_is_silence(lost_count: int) -> None:
    world = World()
    connection = world.network.connect(world.a, world.server(), transport="datagram")
    world.network.override(
        *((world.a, world.b) if lost_count == 1 else (world.b, world.a)), loss_probability=1.0, one_way=True
    )
    world.call(connection, patience=1_000.0)
    world.env.run()
    assert world.seen == [(TimedOut, 1_000.0)]
    assert world.arrived == ([] if lost_count == 1 else [(None, 1.0 + WAY)])


def test_requests_and_answers_weigh_on_the_wire_and_failures_nothing() -> None:
    world = World()
    world.network.override(world.a, world.b, bandwidth=1_000.0)
    heavy = Response("heavy", size_bytes=2_000)
    world.call(world.network.connect(world.a, world.server(result=heavy)), Request(size_bytes=500))
    world.env.run()
    assert world.seen == [("heavy", 0.5 + WAY + 1.0 + 2.0 + WAY)]
    start = world.env.now
    world.call(world.network.connect(world.a, world.server(result=ServerError())), Request(size_bytes=500))
    world.env.run()
    assert world.seen[1] == (ServerError, start + 0.5 + WAY + 1.0 + WAY)


def test_a_bug_in_a_handler_stops_the_run_although_its_caller_has_gone() -> None:
    world = World()
    world.call(world.network.connect(world.a, world.server(result=KeyError("bug"))), patience=0.5)
    with pytest.raises(KeyError, match="bug") as caught:
        world.env.run()
    assert "in process 'a->server'" in caught.value.__notes__[0]


def test_a_connection_is_called_after_its_ends_and_runs_on_its_source() -> None:
    world = World()
    connection = world.network.connect(world.a, world.server())
    assert (connection.name, connection.host) == ("a->server", world.a)
    assert world.network.connect(world.a, world.server(), name="mine").name == "mine"


def test_a_target_that_runs_nowhere_needs_to_be_told_where() -> None:
    world = World()
    nowhere = FunctionEndpoint(world.server().function, name="nowhere")
    with pytest.raises(ValueError, match="host must say where 'nowhere' runs, got None"):
        world.network.connect(world.a, nowhere)
    world.call(world.network.connect(world.a, nowhere, host=world.b))
    world.env.run()
    assert world.seen == [("answer", 1.0 + 2 * WAY)]


@pytest.mark.parametrize("seed", range(3))
def test_every_call_of_many_ends_in_one_way_and_nothing_leaks(seed: int) -> None:
    """A lossy network, crashes and impatient callers; at the end everything is accounted for and idle."""
    world = World(seed=seed, loss_probability=0.2)
    server = world.server(takes=0.5)
    connection = world.network.connect(world.a, server, propagate_cancellation=True)
    for number in range(200):
        world.env.call_later(number / 8, world.call, connection, None, 1.0 + number % 3)
    for time in (5.0, 15.0):
        world.env.call_later(time, world.b.crash_process, server)
        world.env.call_later(time + 1.0, world.b.restart_process, server)
    world.env.call_later(10.0, world.b.crash)
    world.env.call_later(11.0, world.b.restart)
    world.env.run()
    assert len(world.seen) == 200
    kinds = {kind for kind, _ in world.seen}
    assert {"answer", TimedOut, Refused, ConnectionLost} == kinds
    statistics = connection.statistics()
    timed_out_count = sum(kind is TimedOut for kind, _ in world.seen)
    assert statistics.call_count == statistics.answered_count + timed_out_count == 200
    assert statistics.late_count <= timed_out_count
    assert world.b.running == world.a.running == {}
    assert not world.env.processes


def test_plain_and_rough_ways_take_the_same_times() -> None:
    def ends(road: Any) -> list[Any]:
        world = World(latencies=Constant(0.25))
        road(world)
        connection = world.network.connect(world.a, world.server(takes=0.0))
        for number in range(10):
            world.env.call_later(number / 16, world.call, connection)
        world.env.run()
        return world.seen

    assert ends(lambda world: None) == ends(rough)


def test_processes_of_calls_are_kept_until_they_end() -> None:
    world = World()
    world.call(world.network.connect(world.a, world.server()))
    world.env.run(until=0.5)
    assert {process.name for process in world.env.processes} == {"caller", "a->server"}
    assert isinstance(world.env, Environment)
    assert all(isinstance(process, Process) for process in world.b.running)


def test_a_way_leads_from_a_host() -> None:
    world = World()
    with pytest.raises(TypeError, match="source must be a Host, got None"):
        world.network.connect(None, world.server())  # type: ignore[arg-type] # what is tested
