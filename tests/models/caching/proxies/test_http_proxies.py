"""Proxies whose caches are HTTP caches: a site behind edges, and browsers with caches of their own."""

from __future__ import annotations

from typing import Any

from models import Endpoint
from models.caching.eviction import Lru
from models.caching.http import CacheRules
from models.caching.http_endpoints import BoundedResponses, HttpCaching, Representation, Site, UserAgent
from models.caching.proxies import Cdn, ReverseProxy
from models.services import Instance
from tests.models.caching.patterns.origin import ask

from .building import FAR, NEAR, World

PAGE, NEW_PAGE = Representation("old", 1_000), Representation("new", 1_000)


def site_in(world: World, max_age: int = 60) -> tuple[Site, Instance]:
    """Return a site whose page may be kept for so long, and the process that shows it."""
    site = Site(world.env, {"/a": PAGE}, headers=[("Cache-Control", f"max-age={max_age}")])
    return site, Instance(world.env, world.host("site", world.america), site, name="site")


def shared_cache(world: World, way: Endpoint) -> HttpCaching:
    return HttpCaching(world.env, way, BoundedResponses(Lru(10)), CacheRules(is_shared=True))


def browser(way: Endpoint) -> Endpoint:
    return UserAgent(way)


def test_a_page_is_kept_at_the_proxy_for_as_long_as_the_site_allows() -> None:
    world = World()
    _, site = site_in(world)
    host = world.host("proxy", world.europe)
    proxy = ReverseProxy(world.env, shared_cache(world, world.network.connect(host, site)), name="proxy")
    visitor = browser(world.network.connect(world.host("client", world.europe), proxy))
    told = [ask(world.env, visitor, time, key="/a") for time in (1.0, 4.0, 70.0)]
    world.env.run()
    assert [each.result for each in told] == ["old"] * 3
    assert [each.at for each in told if each.at] == [
        1.0 + 2 * NEAR + 2 * FAR,
        4.0 + 2 * NEAR,
        70.25 + 2 * NEAR,
    ]
    assert site.statistics().call_count == 2


def test_its_responses_die_with_the_proxy() -> None:
    world = World()
    _, site = site_in(world)
    host = world.host("proxy", world.europe)
    proxy = ReverseProxy(world.env, shared_cache(world, world.network.connect(host, site)), name="proxy")
    visitor = browser(world.network.connect(world.host("client", world.europe), proxy))
    world.env.call_later(3.0, proxy.crash)
    world.env.call_later(3.5, proxy.restart)
    for time in (1.0, 4.0):
        ask(world.env, visitor, time, key="/a")
    world.env.run()
    assert site.statistics().call_count == 2


def test_a_purge_of_a_uri_reaches_the_edges_of_a_cdn() -> None:
    world = World()
    site, instance = site_in(world)
    edges = [world.host(f"edge in {zone.name}", zone) for zone in (world.europe, world.asia)]
    cdn = Cdn(world.env, world.network, instance, edges, lambda way: shared_cache(world, way))
    visitors = [browser(cdn.client(world.host(zone.name, zone))) for zone in (world.europe, world.asia)]

    def edit() -> None:
        site.change("/a", NEW_PAGE)
        cdn.purge(world.server, "/a")

    world.env.call_later(4.0, edit)
    told: list[Any] = [
        ask(world.env, visitor, time, key="/a") for time in (1.0, 3.0, 5.0) for visitor in visitors
    ]
    world.env.run()
    assert [each.result for each in told] == ["old"] * 4 + ["new"] * 2
    assert instance.statistics().call_count == 4
