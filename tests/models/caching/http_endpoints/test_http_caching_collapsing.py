"""HttpCaching: who waits for whom, and what is asked for whom."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from models import FunctionEndpoint, Request, Response
from models.caching.eviction import Lru
from models.caching.http_endpoints import BoundedResponses, HttpCaching, http_request

from .surroundings import NEW_PAGE, ONE_WAY, PRIVATE, Web, ask, web

TRIP = 2 * ONE_WAY


def languages(cache_control: str) -> Web:
    return web(cache_control, headers=[("Vary", "Accept-Language")])


def in_language(w: Web, at: float, language: str) -> Any:
    return ask(w.env, w.cache, at, headers=[("Accept-Language", language)])


@pytest.mark.parametrize("said", ["no-cache", "no-store"])
def test_who_cannot_be_helped_by_waiting_does_not_wait(said: str) -> None:
    w = web("max-age=10")
    ask(w.env, w.cache, 0.0)
    told = ask(w.env, w.cache, 0.25, headers=[("Cache-Control", said)])
    w.env.run()
    assert told.at == 0.25 + TRIP
    assert w.cache.statistics().collapsed_count == 0


@pytest.mark.parametrize("request_", [{"method": "HEAD"}, {"headers": [("Cache-Control", "no-store")]}])
def test_nobody_waits_for_an_answer_that_will_not_be_stored(request_: dict[str, Any]) -> None:
    w = web("max-age=10")
    ask(w.env, w.cache, 0.0, **request_)
    told = ask(w.env, w.cache, 0.25)
    w.env.run()
    assert told.at == 0.25 + TRIP


def test_only_if_cached_is_refused_at_once_even_if_another_has_asked() -> None:
    w = web("max-age=10")
    ask(w.env, w.cache, 0.0)
    told = ask(w.env, w.cache, 0.25, headers=[("Cache-Control", "only-if-cached")])
    w.env.run()
    assert told.message is not None
    assert (told.message.status, told.at) == (504, 0.25)


def test_a_head_is_answered_from_what_a_get_has_brought() -> None:
    w = web("max-age=10")
    ask(w.env, w.cache, 0.0)
    told = ask(w.env, w.cache, 5.0, method="HEAD")
    w.env.run()
    assert told.message is not None
    assert (told.message.status, told.message.body, told.age, told.at) == (200, None, "5", 5.0)


def test_variants_that_have_expired_are_validated_side_by_side() -> None:
    w = languages("max-age=2")
    for at, language in ((0.0, "en"), (1.0, "de")):
        in_language(w, at, language)
    told = [in_language(w, 10.0 + 0.125 * n, language) for n, language in enumerate(["en", "de", "en", "de"])]
    w.env.run()
    assert [each.at for each in told] == [10.0 + TRIP, 10.125 + TRIP, 10.0 + TRIP, 10.125 + TRIP]
    assert w.cache.statistics().collapsed_count == 2


def test_each_stale_variant_is_validated_in_the_background() -> None:
    w = languages("max-age=2, stale-while-revalidate=60")
    for at, language in ((0.0, "en"), (1.0, "de"), (10.0, "en"), (10.125, "de"), (11.0, "en"), (11.0, "de")):
        in_language(w, at, language)
    w.env.run()
    statistics = w.cache.statistics()
    assert (statistics.background_count, statistics.stale_count, statistics.fresh_count) == (2, 2, 2)


def test_a_variant_that_is_asked_for_while_another_is_fetched_is_fetched_after_it() -> None:
    w = languages("max-age=100")
    told = [in_language(w, 0.125 * n, language) for n, language in enumerate(["en", "de", "en"])]
    w.env.run()
    assert [each.at for each in told] == [TRIP, TRIP + TRIP, TRIP]
    assert len(w.cache.responses.get("/")) == 2


def test_vary_holds_through_two_caches() -> None:
    w = languages("max-age=100")
    browser = HttpCaching(w.env, w.cache, BoundedResponses(Lru(10)), PRIVATE)
    for at, endpoint, language in ((0.0, w.cache, "de"), (10.0, browser, "en"), (20.0, browser, "de")):
        ask(w.env, endpoint, at, headers=[("Accept-Language", language)])
    w.env.run()
    # What the browser had of another variant did not answer, nor did what the edge had.
    assert (w.site.full_count, browser.statistics().target_count) == (2, 2)
    told = ask(w.env, browser, 30.0, headers=[("Accept-Language", "de")])
    w.env.run()
    assert (told.at, told.age) == (30.0, "30")  # since the edge asked for it, not the browser


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_a_change_empties_all_caches_that_it_passes(method: str) -> None:
    w = web("max-age=100")
    browser = HttpCaching(w.env, w.cache, BoundedResponses(Lru(10)), PRIVATE)
    other = HttpCaching(w.env, w.cache, BoundedResponses(Lru(10)), PRIVATE, name="other browser")
    for at, endpoint in ((0.0, browser), (1.0, other)):
        ask(w.env, endpoint, at)
    ask(w.env, browser, 2.0, method=method, body=None if method == "DELETE" else NEW_PAGE)
    own, others = ask(w.env, browser, 4.0), ask(w.env, other, 5.0)
    w.env.run()
    assert own.at == 4.0 + TRIP
    assert own.message is not None
    assert own.message.status == (404 if method == "DELETE" else 200)
    # It is not told, and need not be: the origin has said how long its copy may be used.
    assert (others.content, others.at) == ("old page", 5.0)


def test_a_validation_in_the_background_is_the_cache_s_own_question() -> None:
    w = web("max-age=2, stale-while-revalidate=60")
    shield = w.cache
    edge = HttpCaching(w.env, shield, BoundedResponses(Lru(10)), w.cache.decisions.rules, name="edge")
    ask(w.env, edge, 0.0)
    w.env.run()
    shield.purge("/")
    told = [ask(w.env, edge, 10.0, headers=[("Cache-Control", "only-if-cached")]), ask(w.env, edge, 11.0)]
    w.env.run()
    assert [each.degraded for each in told] == [("stale",), ()]
    assert (told[1].as_of, shield.statistics().refused_count) == (10.0, 0)


@pytest.mark.parametrize("validates", [True, False])
def test_a_question_of_the_cache_s_own_has_not_the_client_s_key(validates: bool) -> None:
    w = web("max-age=2, stale-while-revalidate=5", has_etags=validates, has_dates=validates)
    asked: list[Request] = []
    target = w.cache.target

    def listen(request: Request) -> Generator[Any, Any, Response]:
        asked.append(request)
        return (yield from target.call(request))

    w.cache.target = FunctionEndpoint(listen)
    for at, method in ((0.0, "GET"), (3.0, "GET"), (20.0, "GET"), (30.0, "PUT")):
        request = http_request("/", method=method, body=NEW_PAGE if method == "PUT" else None)
        request.idempotency_key, request.deadline = f"key of {at:g}", 100.0
        ask(w.env, w.cache, at, request=request)
    w.env.run()
    # A miss; in the background; with a condition, or as it was asked; a change.
    third = None if validates else "key of 20"
    assert [each.idempotency_key for each in asked] == ["key of 0", None, third, "key of 30"]
    assert [each.deadline for each in asked] == [100.0, None, 100.0, 100.0]
