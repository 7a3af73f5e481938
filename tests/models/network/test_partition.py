"""Partitions: one way or both ways, what each side sees of them, and what healing does not bring back."""

from typing import Any

import pytest

from models.failures import TimedOut
from models.infrastructure import Host, Region, Zone
from models.network import Network
from simulator import Environment
from tests.models.network.building import WAY, World


@pytest.mark.parametrize(
    ("cut", "served", "seen"),
    [
        ("there", [], []),
        ("back", [(None, 1.0 + WAY)], []),
        ("both", [], []),
        ("none", [(None, 1.0 + WAY)], [("answer", 1.0 + 2 * WAY)]),
    ],
)
@pytest.mark.parametrize("transport", ["tcp", "datagram"])
def test_a_caller_hears_nothing_and_whether_the_work_was_done_depends_on_the_direction(
    cut: str, served: list[Any], seen: list[Any], transport: str
) -> None:
    world = World()
    connection = world.network.connect(world.a, world.server(), transport=transport)
    if cut == "there":
        world.network.partition(world.a, world.b, one_way=True)
    elif cut == "back":
        world.network.partition(world.b, world.a, one_way=True)
    elif cut == "both":
        world.network.partition(world.b, world.a)
    caller = world.call(connection)
    world.env.run()
    assert world.arrived == served
    assert world.seen == seen
    assert caller.is_alive is not bool(seen)
    assert world.b.running == {}


def test_a_deadline_is_what_ends_the_wait() -> None:
    world = World()
    world.network.partition(world.a, world.b)
    world.call(world.network.connect(world.a, world.server()), patience=5.0)
    world.env.run()
    assert world.seen == [(TimedOut, 5.0)]


def test_what_was_cut_does_not_arrive_when_the_partition_heals() -> None:
    world = World()
    connection = world.network.connect(world.a, world.server())
    partition = world.network.partition(world.a, world.b)
    lost = world.call(connection)
    world.env.call_later(10.0, world.network.heal, partition)
    world.env.call_later(20.0, world.call, connection)
    world.env.run()
    assert world.seen == [("answer", 21.0 + 2 * WAY)]
    assert lost.is_alive


def test_a_partition_during_the_work_cuts_the_answer() -> None:
    world = World()
    world.call(world.network.connect(world.a, world.server()))
    world.env.call_later(0.5, world.network.partition, world.a, world.b)
    world.env.run()
    assert world.arrived == [(None, 1.0 + WAY)]
    assert world.seen == []


def test_a_partition_that_heals_during_the_work_is_not_noticed() -> None:
    world = World()
    world.call(world.network.connect(world.a, world.server()))
    world.env.run(until=0.5)
    partition = world.network.partition(world.a, world.b)
    world.env.call_later(0.25, world.network.heal, partition)
    world.env.run()
    assert world.seen == [("answer", 1.0 + 2 * WAY)]


def test_an_answer_on_its_way_is_past_the_partition() -> None:
    world = World()
    world.call(world.network.connect(world.a, world.server()))
    world.env.call_later(1.0 + 1.5 * WAY, world.network.partition, world.a, world.b)
    world.env.run()
    assert world.seen == [("answer", 1.0 + 2 * WAY)]


def test_zones_and_regions_are_cut_off_whole_and_still_reach_themselves() -> None:
    world = World()
    region = Region("far")
    zones = [Zone(name, region) for name in ("far-1", "far-2")]
    far = [Host(world.env, f"far-{number}", zone=zone) for number, zone in enumerate(zones)]
    world.network.partition(region, [world.a, world.b])
    for source, target, name in (
        (far[0], world.a, "out"),
        (world.b, far[1], "in"),
        (far[0], far[1], "within"),
        (world.a, world.b, "outside"),
    ):
        world.network.send(source, target, world.note, name)
    world.env.run()
    assert {what for what, _ in world.arrived} == {"within", "outside"}


def test_two_partitions_are_healed_one_by_one() -> None:
    world = World()
    first, second = (world.network.partition(world.a, world.b) for _ in range(2))
    world.network.heal(first)
    world.send("still cut")
    world.network.heal(second)
    world.send("free")
    world.env.run()
    assert world.arrived == [("free", WAY)]


def test_a_host_that_comes_to_a_zone_later_shares_its_fate_and_its_distance() -> None:
    env = Environment(seed=1)
    region = Region("1")
    zone = Zone("1a", region)
    far, here = Host(env, "far"), Host(env, "here", zone=zone)
    network = Network(env, latencies=WAY)
    network.override(far, region, latency=2 * WAY)
    rule = network.partition(far, zone)
    late = Host(env, "late", zone=zone)
    arrived: list[tuple[str, float]] = []
    for host in (here, late):
        network.send(far, host, lambda: arrived.append(("cut", env.now)))
    env.run()
    network.heal(rule)
    network.send(far, late, lambda: arrived.append(("healed", env.now)))
    env.run()
    assert arrived == [("healed", 2 * WAY)]
