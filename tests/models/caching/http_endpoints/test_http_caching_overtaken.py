"""HttpCaching: answers that were on their way when their URI was invalidated."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import FunctionEndpoint, Request, Response
from models.caching.eviction import Lru
from models.caching.http import Headers, HttpResponse
from models.caching.http_endpoints import BoundedResponses, HttpCaching, Representation
from simulator import Environment

from .surroundings import NEW_PAGE, ONE_WAY, SHARED, Web, ask, taking, web

TRIP = 2 * ONE_WAY


def put(w: Web, at: float) -> None:
    ask(w.env, w.cache, at, method="PUT", body=NEW_PAGE)


def delete(w: Web, at: float) -> None:
    ask(w.env, w.cache, at, method="DELETE")


def purge(w: Web, at: float) -> None:
    w.env.call_later(at + TRIP, w.cache.purge, "/")


changes = pytest.mark.parametrize("change", [put, delete, purge])


@changes
def test_what_was_there_before_a_change_is_given_and_not_stored(change: Callable[[Web, float], None]) -> None:
    w = web("max-age=100")
    taking(w, [5.0])
    reader = ask(w.env, w.cache, 0.0)
    change(w, 1.0)
    w.env.run()
    assert (reader.content, reader.at) == ("old page", 5.0 + TRIP)
    assert len(w.cache.responses) == 0
    later = ask(w.env, w.cache, 10.0)
    w.env.run()
    assert later.at == 10.0 + TRIP


@pytest.mark.parametrize("change", [put, purge])
def test_who_comes_after_a_change_does_not_wait_for_what_was_there_before(
    change: Callable[[Web, float], None],
) -> None:
    w = web("max-age=100")
    taking(w, [5.0])
    ask(w.env, w.cache, 0.0)
    change(w, 1.0)
    told = [ask(w.env, w.cache, at) for at in (1.75, 2.0, 3.0)]
    w.env.run()
    # The first of them is waited for as usual, and its answer is stored.
    assert [each.at for each in told] == [1.75 + TRIP, 1.75 + TRIP, 3.0]
    assert w.cache.statistics().collapsed_count == 1


def test_one_that_waited_since_before_the_change_is_told_what_is_there_after_it() -> None:
    w = web("max-age=100")
    taking(w, [5.0])
    ask(w.env, w.cache, 0.0)
    waiting = ask(w.env, w.cache, 0.5)
    put(w, 1.0)
    w.env.run()
    assert (waiting.content, waiting.at) == ("new page", 5.0 + TRIP + TRIP)


def test_a_validation_that_a_change_has_overtaken_renews_nothing() -> None:
    w = web("max-age=2, stale-while-revalidate=60")
    taking(w, [0.0, 5.0])
    ask(w.env, w.cache, 0.0)
    stale = ask(w.env, w.cache, 10.0)
    put(w, 11.0)
    w.env.run()
    assert (stale.content, w.cache.statistics().background_count) == ("old page", 1)
    assert len(w.cache.responses) == 0


def test_a_change_that_was_refused_overtakes_nothing() -> None:
    w = web("max-age=100")
    taking(w, [5.0])
    ask(w.env, w.cache, 0.0)
    refused = ask(w.env, w.cache, 1.0, method="PUT")
    w.env.run()
    assert refused.message is not None
    assert refused.message.status == 400
    assert len(w.cache.responses) == 1


def test_a_change_of_one_page_overtakes_no_other() -> None:
    w = web("max-age=100")
    taking(w, [5.0])
    ask(w.env, w.cache, 0.0)
    ask(w.env, w.cache, 1.0, "/other", method="PUT", body=Representation("other", 10))
    w.env.run()
    assert len(w.cache.responses) == 1


def test_a_change_overtakes_what_its_answer_names_besides() -> None:
    def site(request: Request) -> Generator[Any, Any, Response]:
        if request.operation == "POST":
            yield 0.1
            return Response(HttpResponse(status=201, headers=Headers([("Location", "/page")])))
        yield 5.0
        return Response(HttpResponse(headers=Headers([("Cache-Control", "max-age=100")]), body=NEW_PAGE))

    env = Environment(seed=1)
    cache = HttpCaching(env, FunctionEndpoint(site), BoundedResponses(Lru(10)), SHARED)
    for at, method, uri in ((0.0, "GET", "/page"), (0.0, "GET", "/other"), (1.0, "POST", "/form")):
        ask(env, cache, at, uri, method=method)
    env.run()
    assert ("/page" in cache.responses, "/other" in cache.responses) == (False, True)


@pytest.mark.slow
@settings(max_examples=150)
@given(st.data())
def test_who_asks_after_a_change_was_answered_is_told_it_or_a_later_one(data: st.DataObject) -> None:
    said = data.draw(st.sampled_from(["max-age=3", "max-age=1, stale-while-revalidate=9", "no-cache", ""]))
    w = web(said, collapses=data.draw(st.booleans()))
    w.site.change("/", Representation(0, 100))
    delays = st.sampled_from([0.0, 0.125, 1.0, 3.0])
    taking(w, data.draw(st.lists(delays, min_size=30, max_size=30)))
    times = st.integers(0, 80).map(lambda eighths: eighths / 8)
    reads = [(at, ask(w.env, w.cache, at)) for at in data.draw(st.lists(times, min_size=3, max_size=20))]
    # Versions are numbered in the order in which the changes come to the site, as their journeys are equal.
    written = sorted(set(data.draw(st.lists(times, max_size=6))))
    changes = [
        ask(w.env, w.cache, at, method="PUT", body=Representation(version, 100))
        for version, at in enumerate(written, start=1)
    ]
    w.env.run()
    for at, read in reads:
        done = [number for number, each in enumerate(changes, 1) if each.at is not None and each.at < at]
        assert read.content >= max(done, default=0), (at, done, read)
