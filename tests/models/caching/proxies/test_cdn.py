"""A CDN: edges that each ask the origin, or a shield that does; and purges, which are messages."""

from __future__ import annotations

import pytest

from models.caching.patterns import Cache
from models.caching.proxies import Cdn
from models.endpoint import Endpoint
from tests.models.caching.patterns.origin import Told, ask

from .building import FAR, NEAR, World


def visitors(world: World, cdn: Cdn) -> dict[str, Endpoint]:
    """Return a client in Europe and one in Asia."""
    return {zone.name: cdn.client(world.host(zone.name, zone)) for zone in (world.europe, world.asia)}


def ask_in(world: World, websites: dict[str, Endpoint], *times: float) -> list[Told]:
    """Let all clients ask at each of the times."""
    return [ask(world.env, website, time) for time in times for website in websites.values()]


def test_each_edge_asks_the_origin_once() -> None:
    world = World()
    told = ask_in(world, visitors(world, world.cdn()), 0.0, 4.0)
    world.env.run()
    assert [each.at for each in told] == [2 * NEAR + 2 * FAR + 1.0] * 2 + [4.0 + 2 * NEAR] * 2
    assert len(world.origin.read_times) == 2


def test_behind_a_shield_the_origin_is_asked_once_for_all_edges() -> None:
    world = World()
    websites = visitors(world, world.cdn(shielded=True))
    first = ask(world.env, websites["europe"], 0.0)
    second = ask(world.env, websites["asia"], 4.0)
    third = ask(world.env, websites["asia"], 8.0)
    world.env.run()
    assert first.at == 2 * NEAR + 2 * FAR + 2 * NEAR + 1.0
    assert second.at == 4.0 + 2 * NEAR + 2 * FAR
    assert third.at == 8.0 + 2 * NEAR
    assert world.origin.read_times == [NEAR + FAR + NEAR]
    as_of = NEAR + FAR  # when the shield asked, and not when the edge did
    assert [each.response.as_of for each in (second, third) if each.response] == [as_of, as_of]


def test_the_shields_cache_may_be_another() -> None:
    world = World()
    made: list[str] = []

    def make(way: Endpoint) -> Cache:
        assert way.host is not None
        made.append(way.host.name)
        return world.cache(way)

    cdn = world.cdn(shielded=True, make_shield_cache=make)
    assert made == ["shield"]
    assert [proxy.name for proxy in cdn.proxies] == ["cdn shield", "cdn edge in europe", "cdn edge in asia"]
    with pytest.raises(ValueError, match="make_shield_cache needs a shield"):
        World().cdn(make_shield_cache=make)


def test_a_client_goes_to_another_edge_while_its_own_is_down() -> None:
    world = World()
    cdn = world.cdn(convergence=1.0)
    websites = visitors(world, cdn)
    ask_in(world, websites, 0.0)
    assert cdn.edges[0].host is not None
    world.env.call_later(4.0, cdn.edges[0].host.crash)
    told = [ask(world.env, websites["europe"], time) for time in (4.5, 6.0)]
    world.env.run()
    assert told == [(None, None), (6.0 + 2 * FAR, "old")]


def purged(world: World, cdn: Cdn, **options: float) -> None:
    """Let the value change at 4 s, and purge it from where the origin is."""

    def change() -> None:
        world.origin.values["a"] = "new"
        cdn.purge(world.server, "a", **options)  # type: ignore[arg-type]  # they are numbers

    world.env.call_later(4.0, change)


def test_a_purge_arrives_at_each_edge_after_its_own_way() -> None:
    world = World()
    cdn = world.cdn()
    websites = visitors(world, cdn)
    world.network.override(world.server, world.asia, latency=4 * FAR)
    told = ask_in(world, websites, 0.0, 4.25, 8.0)
    purged(world, cdn)
    world.env.run()
    assert [each.result for each in told] == ["old", "old", "new", "old", "new", "new"]


def test_a_purge_that_is_cut_off_on_its_way_leaves_the_old_value_until_it_expires() -> None:
    world = World(ttl=20.0)
    cdn = world.cdn()
    websites = visitors(world, cdn)
    told = ask_in(world, websites, 0.0, 8.0, 20.0, 24.0)
    purged(world, cdn)
    rules = []
    world.env.call_later(3.0, lambda: rules.append(world.network.partition(world.server, world.asia)))
    world.env.call_later(5.0, lambda: world.network.heal(rules[0]))
    world.env.run()
    in_europe, in_asia = [each.result for each in told[::2]], [each.result for each in told[1::2]]
    assert in_europe == ["old", "new", "new", "new"]
    assert in_asia == ["old", "old", "old", "new"]


@pytest.mark.parametrize("transport", ["tcp", "datagram"])
def test_a_lossy_way_takes_purges_that_are_sent_as_datagrams_and_no_others(transport: str) -> None:
    world = World(seed=1)
    cdn = world.cdn()
    world.network.override(world.server, world.europe, loss_probability=0.5)
    for key in range(100):
        cdn.purge(world.server, key, transport=transport)
    world.env.run()
    in_europe, in_asia = (
        edge.cache.statistics().invalidated_count for edge in cdn.edges if isinstance(edge.cache, Cache)
    )
    assert in_asia == 100
    assert (in_europe == 100) is (transport == "tcp")


def test_settings_are_those_of_each_proxy() -> None:
    world = World()
    cdn = world.cdn(shielded=True, request_work=0.5)
    ask_in(world, visitors(world, cdn), 0.0)
    world.env.run()
    assert [proxy.host.statistics().work_done for proxy in cdn.proxies if proxy.host] == [1.0, 0.5, 0.5]


def shield_hears_late(world: World, **options: float) -> list[Told]:
    """Return what a client in Europe is told, of an edge that hears of a purge before the shield does."""
    cdn = world.cdn(shielded=True)
    website = visitors(world, cdn)["europe"]
    world.network.override(world.server, world.shield_host, latency=2.0, one_way=True)
    told = [ask(world.env, website, time) for time in (0.0, 4.5, 8.0, 30.0)]
    purged(world, cdn, **options)
    world.env.run()
    return told


def test_an_edge_that_is_purged_before_the_shield_takes_the_old_value_back() -> None:
    told = shield_hears_late(World())
    assert [each.result for each in told] == ["old"] * 4
    responses = [each.response for each in told[1:] if each.response is not None]
    assert [each.as_of for each in responses] == [NEAR + FAR] * 3  # whose age grows with each reading


def test_edges_that_are_told_after_the_shield_ask_for_the_new_value() -> None:
    told = shield_hears_late(World(), shield_first=2.5)
    assert [each.result for each in told] == ["old", "old", "new", "new"]


def test_a_purge_is_for_a_cache_that_is_up_and_what_is_down_misses_nothing() -> None:
    world = World()
    cdn = world.cdn()
    websites = visitors(world, cdn)
    ask_in(world, websites, 0.0)
    world.env.call_later(3.0, cdn.edges[0].crash)
    world.env.call_later(5.0, cdn.edges[0].restart)
    purged(world, cdn)
    told = ask_in(world, websites, 8.0)
    world.env.run()
    assert [each.result for each in told] == ["new", "new"]
