"""Caches in a row over a site that changes: what is told is never older than it is said to be.

The truth is the list of times at which each version of the page was overtaken, kept beside the site.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import Endpoint, Host, Network
from models.caching.eviction import Lru
from models.caching.http import CacheRules
from models.caching.http_endpoints import BoundedResponses, HttpCaching, Representation, Site
from models.network import LocalityLatencies
from models.services import Dependency, Instance
from simulator import Environment

from .surroundings import Told, ask

SAID = (
    "max-age=3",
    "max-age=0",
    "no-cache",
    "no-store",
    "private, max-age=5",
    "s-maxage=2, max-age=6",
    "max-age=2, stale-while-revalidate=5",
    "max-age=2, stale-if-error=20",
    "max-age=2, must-revalidate",
    "",
)
ASKED = ("", "", "", "no-cache", "max-age=0", "max-age=2", "max-stale=100", "min-fresh=1", "no-store")


@dataclass
class Row:
    """A site behind caches; the first is a browser's, and the last of `proxies` is next to the site."""

    env: Environment
    site: Site
    server: Instance
    caches: list[HttpCaching]
    proxies: list[Instance]
    overtaken_at: list[float] = field(default_factory=list)

    def change(self, at: float) -> None:
        """Overtake the present version at a time, if that is yet to come."""
        self.env.call_later(at - self.env.now, self._change)

    def _change(self) -> None:
        self.overtaken_at.append(self.env.now)
        self.site.change("/", Representation(len(self.overtaken_at), 500))

    def is_true(self, told: Told, asked_at: float) -> bool:
        """Whether what was told still stood at the time as of which it is said to be."""
        assert told.message is not None
        body = told.message.body
        if not isinstance(body, Representation):
            return True
        version = body.content
        overtaken_at = self.overtaken_at[version] if version < len(self.overtaken_at) else inf
        as_of = asked_at if told.as_of is None else told.as_of
        return overtaken_at >= as_of and as_of <= self.env.now


def row(proxy_count: int, cache_control: str, *, vary: bool = False) -> Row:
    env = Environment(seed=1)
    network = Network(env, latencies=LocalityLatencies.uniform(0.125))
    lines = [("Cache-Control", cache_control)] if cache_control else []
    site = Site(
        env,
        {"/": Representation(0, 500)},
        headers=[*lines, ("Vary", "Accept")] if vary else lines,
        render_work=0.05,
        check_work=0.01,
    )
    server = Instance(env, Host(env, "origin"), site, name="server")
    caches: list[HttpCaching] = []
    proxies: list[Instance] = []
    target: Endpoint = server
    for number in range(proxy_count, -1, -1):
        host = Host(env, f"host {number}")
        rules = CacheRules(is_shared=number > 0, stale_if_disconnected=1.0)
        cache = HttpCaching(env, network.connect(host, target), BoundedResponses(Lru(5)), rules)
        caches.insert(0, cache)
        if number:
            target = proxy = Instance(env, host, Dependency(cache), name=f"proxy {number}")
            cache.live_in(proxy)
            proxies.insert(0, proxy)
    return Row(env, site, server, caches, proxies)


@pytest.mark.slow
@settings(max_examples=200)
@given(st.data())
def test_what_is_told_is_never_older_than_it_is_said_to_be(data: st.DataObject) -> None:
    made = row(data.draw(st.integers(1, 2)), data.draw(st.sampled_from(SAID)), vary=data.draw(st.booleans()))
    times = st.floats(0.0, 15.0)
    for at in data.draw(st.lists(times, max_size=6)):
        made.change(at)
    for cache in made.caches:
        if (host := cache.host) is not None and data.draw(st.booleans()):
            made.env.call_later(data.draw(times), host.skew_clock, "test", data.draw(st.floats(-20.0, 20.0)))
        if data.draw(st.booleans()):
            made.env.call_later(data.draw(times), cache.purge, "/")
    for process in [*made.proxies, made.server]:
        if data.draw(st.booleans()):
            at = data.draw(times)
            made.env.call_later(at, process.crash)
            made.env.call_later(at + data.draw(st.sampled_from([0.1, 3.0])), process.restart)
    questions = st.tuples(times, st.integers(0, len(made.caches) - 1), st.sampled_from(ASKED))
    told = []
    for at, where, control in data.draw(st.lists(questions, min_size=2, max_size=25)):
        lines = [("Accept", str(data.draw(st.integers(0, 1))))]
        lines += [("Cache-Control", control)] if control else []
        told.append((ask(made.env, made.caches[where], at, headers=lines), at))
    made.env.run()
    for each, at in told:
        assert each.failure is not None or made.is_true(each, at), (each, at, made.overtaken_at)


def test_what_was_validated_at_a_cache_on_the_way_is_as_old_as_it_is_there() -> None:
    made = row(1, "s-maxage=20, max-age=3")
    browser, edge = made.caches
    made.change(5.0)
    # The browser asks "the same as before?"; the edge, which has not asked since 0.125 s, says that it is.
    told = [ask(made.env, where, at) for at, where in ((0.0, browser), (6.0, edge), (7.0, browser))]
    made.env.run()
    assert (browser.statistics().validated_count, edge.statistics().fresh_count) == (1, 2)
    assert [each.content for each in told] == [0, 0, 0]
    assert [each.as_of for each in told] == [None, 0.125, 0.125]


def test_a_failure_is_told_as_it_is_through_all_caches_or_bridged_by_the_first_that_may() -> None:
    for cache_control, is_bridged in (("max-age=2", False), ("max-age=2, stale-if-error=100", True)):
        made = row(2, cache_control)
        told: list[Any] = [ask(made.env, made.caches[0], 0.0)]
        made.env.call_later(5.0, made.server.crash)
        told.append(ask(made.env, made.caches[0], 10.0))
        made.env.run()
        assert (told[1].message is not None) is is_bridged
        stale = [cache.statistics().stale_count for cache in made.caches]
        # The one next to the site: what it gives is an answer to the others, if one that is not whole.
        assert stale == ([0, 0, 1] if is_bridged else [0, 0, 0])
        assert told[1].degraded == (("stale",) if is_bridged else ())
