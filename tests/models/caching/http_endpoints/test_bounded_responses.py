"""BoundedResponses: what has to go, and what does not fit."""

from __future__ import annotations

import pytest

from models.caching.eviction import Lru
from models.caching.http_endpoints import BoundedResponses, Representation

from .surroundings import ask, web


def test_the_least_recently_used_uri_goes_with_all_its_variants() -> None:
    w = web("max-age=100", headers=[("Vary", "Accept-Language")])
    w.cache.responses = w.cache.decisions.store = responses = BoundedResponses(Lru(2))
    for uri in ("/a", "/b"):
        w.site.change(uri, Representation(uri, 10))
    for number, (uri, language) in enumerate(
        [("/", "en"), ("/", "de"), ("/a", "en"), ("/", "en"), ("/b", "en")]
    ):
        ask(w.env, w.cache, float(number), uri, headers=[("Accept-Language", language)])
    w.env.run()
    assert [uri in responses for uri in ("/", "/a", "/b")] == [True, False, True]
    assert len(responses.get("/")) == 2
    statistics = responses.statistics()
    assert (statistics.held_count, statistics.used, statistics.evicted_count) == (2, 2, 1)


def test_in_bytes_a_uri_weighs_what_all_its_variants_weigh() -> None:
    w = web("max-age=100", headers=[("Vary", "Accept-Language")])
    w.cache.responses = w.cache.decisions.store = responses = BoundedResponses(Lru(3_000), unit="bytes")
    for number, language in enumerate(["en", "de", "fr"]):
        ask(w.env, w.cache, float(number), headers=[("Accept-Language", language)])
    w.env.run(until=2.0)
    assert 2_000 < responses.statistics().used < 3_000
    w.env.run()
    # The third variant makes it more than fits: all of it goes.
    assert (len(responses), responses.statistics().used, responses.statistics().refused_count) == (0, 0, 1)


def test_nonsense_is_one_clear_line() -> None:
    with pytest.raises(TypeError, match="policy must be an EvictionPolicy"):
        BoundedResponses(100)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="unit must be one of items, bytes, got 'kB'"):
        BoundedResponses(Lru(1), unit="kB")
    policy = Lru(3)
    policy.insert("a")
    with pytest.raises(ValueError, match="policy must be one of its own"):
        BoundedResponses(policy)
