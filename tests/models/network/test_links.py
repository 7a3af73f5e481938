"""What the wire of a path with a bandwidth has carried: counts, busy time, the queue, what a crash takes."""

from math import inf

import pytest

from models import Network, Request, Response
from models.endpoint import FunctionEndpoint
from models.network import LinkStatistics
from simulator import Environment
from simulator.randomness import Exponential
from tests.models.network.building import WAY, Steps, World


def seen(world: World) -> LinkStatistics:
    statistics = world.network.path(world.a, world.b).link_statistics()
    assert statistics is not None
    return statistics


def narrow() -> World:
    world = World()
    world.network.override(world.a, world.b, bandwidth=1_000.0)
    return world


def test_a_path_without_a_bandwidth_keeps_no_statistics() -> None:
    world = World()
    world.send(size_bytes=1_000)
    world.env.run()
    assert world.network.path(world.a, world.b).link_statistics() is None
    assert world.network.links == ()


def test_a_wire_is_busy_while_there_is_something_to_send() -> None:
    world = narrow()
    for size_bytes in (1_000, 500, 250):
        world.send(size_bytes=size_bytes)
    world.env.run(until=1.25)
    assert seen(world) == LinkStatistics(
        bandwidth=1_000.0,
        sent_count=1,
        sent_bytes=1_000,
        waiting_count=1,
        busy_time=1.25,
        utilisation=1.0,
        backlog_time=0.5,
    )
    world.env.run(until=3.5)
    after = seen(world)
    assert (after.sent_count, after.sent_bytes, after.waiting_count) == (3, 1_750, 0)
    assert (after.busy_time, after.backlog_time) == (1.75, 0.0)
    assert after.utilisation == 0.5


def test_links_are_the_paths_that_have_a_bandwidth_each_way_alone() -> None:
    world = narrow()
    world.network.connect(world.a, world.server())
    assert [path.name for path in world.network.links] == ["a->b", "b->a"]
    one_way = World()
    one_way.network.override(one_way.a, one_way.b, bandwidth=5.0, one_way=True)
    one_way.network.connect(one_way.a, one_way.server())
    assert [(path.name, path.bandwidth) for path in one_way.network.links] == [("a->b", 5.0)]
    assert one_way.network.path(one_way.b, one_way.a).bandwidth == inf


def test_statistics_go_on_when_the_bandwidth_changes_and_when_it_is_taken_away() -> None:
    world = narrow()
    world.send(size_bytes=1_000)
    world.env.run(until=1.0 + WAY)
    world.network.override(world.a, world.b, bandwidth=100.0)
    world.send(size_bytes=100)
    world.env.run(until=3.0)
    assert (seen(world).bandwidth, seen(world).busy_time) == (100.0, 2.0)
    world.network.override(world.a, world.b, bandwidth=inf)
    world.send(size_bytes=10**6)
    world.env.run(until=4.0)
    assert (seen(world).bandwidth, seen(world).sent_bytes, seen(world).busy_time) == (inf, 1_100, 2.0)
    assert world.network.links == (world.network.path(world.a, world.b),)


def test_what_queued_when_its_source_crashed_does_not_hold_up_what_is_sent_after_the_restart() -> None:
    world = narrow()
    for number in range(100):
        world.send(number, size_bytes=1_000)
    world.env.call_later(1.5, world.a.crash)
    world.env.run(until=2.0)
    assert (seen(world).sent_count, seen(world).waiting_count, seen(world).backlog_time) == (1, 0, 0.0)
    assert seen(world).busy_time == 1.0
    world.a.restart()
    world.env.run(until=3.0)
    world.send("after", size_bytes=1_000)
    world.env.run(until=10.0)
    assert world.arrived == [(0, 1.0 + WAY), ("after", 4.0 + WAY)]
    assert (seen(world).sent_count, seen(world).busy_time) == (2, 2.0)


def test_a_message_goes_out_although_its_caller_has_gone() -> None:
    world = narrow()
    connection = world.network.connect(world.a, world.server())
    caller = world.call(connection, Request(key="k", size_bytes=1_000))
    world.env.call_later(0.5, caller.cancel)
    world.env.run()
    assert world.arrived == [("k", 1.0 + WAY + 1.0)]
    assert (seen(world).sent_count, seen(world).waiting_count) == (1, 0)


def test_what_is_reached_from_a_host_is_what_its_connections_lead_to() -> None:
    world = World()
    first, second = world.server(), world.server()
    for target in (first, second, first):
        world.network.connect(world.a, target)
    assert world.network.reached_from(world.a) == (first, second)
    assert world.network.reached_from(world.b) == ()


@pytest.mark.slow
def test_utilisation_is_load_times_size_over_bandwidth() -> None:
    world = World(seed=3)
    world.network.override(world.b, world.a, bandwidth=100_000.0, one_way=True)

    def serve(request: Request) -> Steps:
        yield from ()
        return Response(size_bytes=1_000)

    connection = world.network.connect(world.a, FunctionEndpoint(serve, host=world.b))
    gaps = world.env.sampler("gaps", Exponential(1.0 / 60.0))

    def calls() -> Steps:
        while True:
            yield gaps()
            world.call(connection)

    world.env.process(calls())
    world.env.run(until=400.0)
    link = world.network.path(world.b, world.a).link_statistics()
    assert link is not None
    # 60 messages of 10 ms a second, Poisson: the count has a deviation of sqrt(24,000).
    assert link.utilisation == pytest.approx(0.6, abs=3 * 0.01 * 24_000**0.5 / 400)
    assert link.busy_time == pytest.approx(0.01 * link.sent_count, abs=0.01)


def test_a_network_says_nothing_of_hosts_that_it_does_not_know() -> None:
    env = Environment()
    world = World()
    assert Network(env).reached_from(world.a) == ()
