"""Latency: by how far apart two hosts are, and by what is said of a pair."""

from typing import Any

import pytest

from models.infrastructure import Host, Rack, Region, Zone
from models.network import Locality, LocalityLatencies, Network, locality
from simulator import Environment
from simulator.randomness import Constant, Uniform
from tests.models.network.building import WAY, World, two_regions

LATENCIES = LocalityLatencies(
    same_host=Constant(0.125), same_zone=Constant(0.25), same_region=Constant(1.0), other_region=Constant(8.0)
)


def one_way(env: Environment, network: Network, source: Host, target: Host, **settings: Any) -> float:
    start, arrivals = env.now, []
    network.send(source, target, lambda: arrivals.append(env.now), **settings)
    env.run()
    [arrival] = arrivals
    return float(arrival - start)


@pytest.mark.parametrize(
    ("source", "target", "where", "latency"),
    [
        (0, 0, Locality.SAME_HOST, 0.125),
        (0, 1, Locality.SAME_ZONE, 0.25),
        (0, 2, Locality.SAME_REGION, 1.0),
        (2, 0, Locality.SAME_REGION, 1.0),
        (0, 3, Locality.OTHER_REGION, 8.0),
        (3, 2, Locality.OTHER_REGION, 8.0),
        (4, 5, Locality.SAME_ZONE, 0.25),  # both in the unnamed zone
        (4, 0, Locality.OTHER_REGION, 8.0),
    ],
)
def test_distance_decides(source: int, target: int, where: Locality, latency: float) -> None:
    env = Environment(seed=1)
    hosts = two_regions(env)
    assert locality(hosts[source], hosts[target]) is where
    network = Network(env, latencies=LATENCIES)
    assert one_way(env, network, hosts[source], hosts[target]) == latency


def test_zones_without_a_region_stand_together_in_one() -> None:
    env = Environment()
    one, other = (Host(env, name, zone=Zone(name)) for name in "ab")
    assert locality(one, other) is Locality.SAME_REGION


@pytest.mark.parametrize("latency", [0.5, Constant(0.5)])
def test_one_latency_for_all(latency: Any) -> None:
    env = Environment(seed=1)
    hosts = two_regions(env)
    network = Network(env, latencies=latency)
    assert {one_way(env, network, hosts[0], target) for target in hosts} == {0.5}


def test_hosts_of_one_rack_are_as_far_apart_as_those_of_one_zone_unless_it_is_said() -> None:
    env = Environment()
    zone = Zone("zone")
    rack = Rack("rack 1", zone)
    hosts = [
        Host(env, "a", rack=rack),
        Host(env, "b", rack=rack),
        Host(env, "c", rack=Rack("rack 2", zone)),
        Host(env, "d", zone=zone),
        Host(env, "e", zone=zone),
    ]
    in_rack = Locality.SAME_RACK
    assert [locality(hosts[0], host) for host in hosts] == [
        Locality.SAME_HOST,
        in_rack,
        *[Locality.SAME_ZONE] * 3,
    ]
    assert locality(hosts[3], hosts[4]) is Locality.SAME_ZONE, "outside of racks none is shared"
    latencies = LocalityLatencies.uniform(0.5)
    assert latencies.of(in_rack) == Constant(0.5)
    assert LocalityLatencies().of(in_rack) == LocalityLatencies().same_zone
    assert LocalityLatencies(same_rack=Constant(0.1)).of(in_rack) == Constant(0.1)


def test_the_defaults_grow_with_distance() -> None:
    latencies = LocalityLatencies()
    means = [latencies.of(where).mean for where in Locality]
    assert means == sorted(means)
    assert means[0] > 0.0


def test_an_override_holds_both_ways_unless_it_says_otherwise() -> None:
    world = World()
    env, network = world.env, world.network
    network.override(world.a, world.b, latency=2.0)
    assert one_way(env, network, world.a, world.b) == one_way(env, network, world.b, world.a) == 2.0
    network.override(world.a, world.b, latency=4.0, one_way=True)
    assert one_way(env, network, world.a, world.b) == 4.0
    assert one_way(env, network, world.b, world.a) == 2.0


def test_later_overrides_win_and_what_they_do_not_say_stays() -> None:
    world = World()
    world.network.override(world.a, world.b, latency=2.0, bandwidth=10.0)
    world.network.override(world.a, world.b, latency=3.0)
    assert one_way(world.env, world.network, world.a, world.b, size_bytes=10) == 4.0
    world.network.override(world.a, world.b, bandwidth=5.0)
    assert one_way(world.env, world.network, world.a, world.b, size_bytes=10) == 5.0


def test_an_override_names_hosts_by_zone_or_region_or_one_by_one() -> None:
    env = Environment(seed=1)
    hosts = two_regions(env)
    network = Network(env, latencies=LATENCIES)
    zone, region = hosts[0].zone, hosts[3].zone.region  # type: ignore[union-attr]
    assert zone is not None
    assert isinstance(region, Region)
    network.override(zone, region, latency=16.0)
    network.override([hosts[2], hosts[4]], [hosts[3]], latency=32.0)
    assert [one_way(env, network, host, hosts[3]) for host in hosts] == [16.0, 16.0, 32.0, 0.125, 32.0, 8.0]


def test_an_override_of_a_pair_leaves_the_random_numbers_of_the_others_alone() -> None:
    def draws(override: bool) -> list[float]:
        env = Environment(seed=3)
        hosts = two_regions(env)
        network = Network(env, latencies=Uniform(0.0, 1.0))
        paths = [network.path(hosts[0], target) for target in hosts]
        if override:
            network.override(hosts[0], hosts[5], latency=Uniform(5.0, 6.0))
        return [path.next_latency() for path in paths]

    plain, changed = draws(False), draws(True)
    assert plain[:5] == changed[:5]
    assert changed[5] >= 5.0


@pytest.mark.parametrize("settings", [{"loss_probability": 0.1}, {"bandwidth": 1e6}])
def test_an_override_of_something_else_leaves_the_latencies_alone(settings: dict[str, float]) -> None:
    def draws(override: bool) -> list[float]:
        world = World(seed=5, latencies=Uniform(0.0, 1.0))
        path = world.network.path(world.a, world.b)
        if override:
            world.network.override(world.a, world.b, **settings)
        return [path.next_latency() for _ in range(5)]

    assert draws(False) == draws(True)


def test_a_constant_latency_needs_no_seed() -> None:
    env = Environment()
    assert one_way(env, Network(env, latencies=WAY), Host(env, "a"), Host(env, "b")) == WAY


def test_a_latency_is_drawn_from_the_stream_named_after_the_way() -> None:
    world = World(seed=5, latencies=Uniform(0.0, 1.0))
    path = world.network.path(world.a, world.b)
    stream = Environment(seed=5).sampler("network/a->b/latency", Uniform(0.0, 1.0))
    assert [path.next_latency() for _ in range(5)] == [stream() for _ in range(5)]


def test_each_direction_of_each_pair_draws_for_itself() -> None:
    world = World(latencies=Uniform(0.0, 1.0))
    there, back = world.network.path(world.a, world.b), world.network.path(world.b, world.a)
    assert [there.next_latency() for _ in range(5)] != [back.next_latency() for _ in range(5)]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"bandwidth": 0.0}, "bandwidth must be > 0 bytes/s, got 0.0"),
        ({"bandwidth": float("nan")}, "bandwidth must be > 0 bytes/s, got nan"),
        ({"loss_probability": 1.5}, r"loss_probability must be in \[0, 1\], got 1.5"),
        ({"duplicate_probability": -0.1}, r"duplicate_probability must be in \[0, 1\], got -0.1"),
    ],
)
def test_overrides_that_make_no_sense_are_refused_and_change_nothing(
    settings: dict[str, float], message: str
) -> None:
    world = World()
    with pytest.raises(ValueError, match=message):
        world.network.override(world.a, world.b, latency=9.0, **settings)
    assert one_way(world.env, world.network, world.a, world.b) == WAY


def test_places_are_hosts_zones_and_regions_and_at_least_one_host() -> None:
    world = World()
    with pytest.raises(ValueError, match="at least one host, got none"):
        world.network.override(Zone("empty"), world.b, latency=1.0)
    with pytest.raises(TypeError, match="a place must be a Host, Rack, Zone or Region, got 'b'"):
        world.network.override(world.a, ["b"], latency=1.0)  # type: ignore[list-item]


def test_two_hosts_of_one_name_are_refused() -> None:
    world = World()
    world.network.path(world.a, world.b)
    with pytest.raises(ValueError, match="must be unique in its network, got 'a' twice"):
        world.network.path(Host(world.env, "a"), world.b)


def test_the_way_between_two_hosts_is_one_object() -> None:
    world = World()
    assert world.network.path(world.a, world.b) is world.network.path(world.a, world.b)
    assert world.network.path(world.a, world.b) is not world.network.path(world.b, world.a)
    assert world.network.path(world.a, world.b).name == "a->b"


def test_a_constant_latency_never_runs_out() -> None:
    world = World(latencies=0.25)
    path = world.network.path(world.a, world.b)
    assert {path.next_latency() for _ in range(1000)} == {0.25}
