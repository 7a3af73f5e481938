"""Anycast: the nearest place that the network has a route to, as of a while ago."""

from __future__ import annotations

import pytest

from models import Refused
from models.caching.proxies import Anycast, ReverseProxy
from tests.models.caching.patterns.origin import ask

from .building import FAR, NEAR, World


def two_places(world: World, convergence: float) -> tuple[Anycast, list[ReverseProxy]]:
    """Return proxies in Europe and Asia that have "a" already, and their address."""
    places = []
    for zone in (world.europe, world.asia):
        host = world.host(f"edge in {zone.name}", zone)
        cache = world.cache(world.network.connect(host, world.origin))
        places.append(ReverseProxy(world.env, cache, name=host.name))
        ask(world.env, world.network.connect(host, places[-1]), 0.0)
    return Anycast(world.env, world.network, places, convergence=convergence), places


def test_each_client_comes_to_the_nearest_place() -> None:
    world = World()
    address, places = two_places(world, 0.0)
    clients = [world.host(zone.name, zone) for zone in (world.asia, world.europe, world.america)]
    told = [ask(world.env, address.client(client), 4.0) for client in clients]
    world.env.run()
    assert [each.at for each in told] == [4.0 + 2 * NEAR, 4.0 + 2 * NEAR, 4.0 + 2 * FAR]
    assert [place.statistics().call_count for place in places] == [1 + 2, 1 + 1]  # at a tie the first


def test_nearness_is_what_the_network_says_of_latency() -> None:
    world = World()
    address, places = two_places(world, 0.0)
    client = world.host("client", world.america)
    world.network.override(world.america, world.asia, latency=FAR / 2)
    told = ask(world.env, address.client(client), 4.0)
    world.env.run()
    assert told.at == 4.0 + FAR
    assert places[1].statistics().call_count == 2


@pytest.mark.parametrize("way_down", ["crash", "stop"])
def test_routes_follow_a_place_that_goes_after_the_convergence_and_not_before(way_down: str) -> None:
    world = World()
    address, places = two_places(world, 2.0)
    website = address.client(world.host("client", world.europe))
    world.env.call_later(4.0, getattr(places[0], way_down))
    told = [ask(world.env, website, time) for time in (3.0, 5.0, 6.5)]
    world.env.run(until=7.5)
    assert told == [(3.0 + 2 * NEAR, "old"), (5.0 + 2 * NEAR, Refused), (6.5 + 2 * FAR, "old")]
    assert address.announced == (places[1],)


def test_a_place_that_comes_back_is_found_after_the_convergence_and_is_cold() -> None:
    world = World()
    address, places = two_places(world, 2.0)
    website = address.client(world.host("client", world.europe))
    world.env.call_later(4.0, places[0].crash)
    world.env.call_later(8.0, places[0].restart)
    told = [ask(world.env, website, time) for time in (9.0, 10.5)]
    world.env.run()
    assert told == [(9.0 + 2 * FAR, "old"), (10.5 + 2 * NEAR + 2 * FAR + 1.0, "old")]


def test_what_was_down_for_less_than_the_convergence_is_left_for_as_long_later() -> None:
    world = World()
    address, places = two_places(world, 2.0)
    website = address.client(world.host("client", world.europe))
    world.env.call_later(4.0, places[0].crash)
    world.env.call_later(5.0, places[0].restart)
    told = [ask(world.env, website, time) for time in (5.5, 6.5, 8.5)]
    world.env.run()
    assert [each.at for each in told] == [5.5 + 2 * NEAR + 2 * FAR + 1.0, 6.5 + 2 * FAR, 8.5 + 2 * NEAR]


def test_on_a_host_that_is_gone_calls_meet_silence_until_the_routes_have_changed() -> None:
    world = World()
    address, places = two_places(world, 2.0)
    website = address.client(world.host("client", world.europe))
    assert places[0].host is not None
    world.env.call_later(4.0, places[0].host.crash)
    told = [ask(world.env, website, time) for time in (5.0, 6.5)]
    world.env.run()
    assert told == [(None, None), (6.5 + 2 * FAR, "old")]


def test_without_any_place_a_call_is_refused_at_once() -> None:
    world = World()
    address, places = two_places(world, 0.0)
    for place in places:
        world.env.call_later(4.0, place.crash)
    told = ask(world.env, address.client(world.host("client", world.europe)), 5.0)
    world.env.run()
    assert told == (5.0, Refused)
    assert address.announced == ()


def test_it_needs_a_place() -> None:
    world = World()
    with pytest.raises(ValueError, match="places must be at least one ReverseProxy, got none"):
        Anycast(world.env, world.network, [])
    with pytest.raises(TypeError, match="places"):
        Anycast(world.env, world.network, [world.origin])  # type: ignore[list-item]  # that is the misuse
