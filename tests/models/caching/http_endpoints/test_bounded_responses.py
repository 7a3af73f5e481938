"""BoundedResponses: what has to go, and what does not fit."""

from __future__ import annotations

import pytest

from models.caching.eviction import POLICIES, Lfu, Lru
from models.caching.http import Headers, HttpResponse, StoredResponse
from models.caching.http.stored_response import stored_response
from models.caching.http_endpoints import BoundedResponses, Representation
from simulator import Environment

from .surroundings import SHARED, ask, web


def test_the_least_recently_used_uri_goes_with_all_its_variants() -> None:
    w = web("max-age=100", headers=[("Vary", "Accept-Language")])
    w.cache.responses = w.cache.decisions.store = responses = BoundedResponses(Lru(3))
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
    assert (statistics.held_count, statistics.used, statistics.evicted_count) == (2, 3, 1)


def test_each_variant_is_an_item() -> None:
    w = web("max-age=100", headers=[("Vary", "Cookie")])
    w.cache.responses = w.cache.decisions.store = responses = BoundedResponses(Lru(5))
    w.site.change("/a", Representation("/a", 10))
    ask(w.env, w.cache, 0.0, "/a")
    for user in range(1, 6):
        ask(w.env, w.cache, float(user), headers=[("Cookie", f"user={user}")])
    w.env.run()
    assert ("/a" in responses, len(responses.get("/")), responses.statistics().used) == (False, 5, 5)


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


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_it_holds_what_its_policy_holds_whatever_that_refuses(name: str) -> None:
    env = Environment(seed=7)
    stream = env.stream("draws")
    responses = BoundedResponses(POLICIES[name](2_000, env.stream("policy").random), unit="bytes")
    model: dict[str, int] = {}
    for _ in range(150):
        key, draw = f"/{int(stream.integers(12))}", float(stream.random())
        if draw < 0.6:
            variants = tuple(
                page(key, int(stream.integers(1, 900))) for _ in range(int(stream.integers(1, 4)))
            )
            responses[key] = variants
            model[key] = sum(20 + each.response.headers.size_bytes + size(each) for each in variants)
        elif draw < 0.9:
            responses.use(key)
        else:
            responses.pop(key)
        model = {key: weight for key, weight in model.items() if key in responses}
        assert {key for key in model if responses.get(key)} == set(responses.policy) == set(model)
        assert responses.statistics().used == sum(model.values()) <= 2_000
    statistics = responses.statistics()
    assert min(statistics.evicted_count, statistics.refused_count, statistics.held_count) > 0
    responses.clear()
    assert (len(responses), responses.statistics().used) == (0, 0)
    assert responses.statistics().cleared_count == statistics.held_count


def test_an_answer_from_the_store_is_one_use_of_it_however_often_it_was_looked_at() -> None:
    # "/a" is stored and used three times more; "/" is stored and validated twice, which is used less often.
    w = web("max-age=2")
    w.cache.responses = w.cache.decisions.store = responses = BoundedResponses(Lfu(2))
    for uri in ("/a", "/b"):
        w.site.change(uri, Representation(uri, 10))
    for number in range(4):
        ask(w.env, w.cache, 0.5 * number, "/a")
    for number in range(3):
        ask(w.env, w.cache, 10.0 * number, "/")
    ask(w.env, w.cache, 40.0, "/b")
    w.env.run()
    assert [uri in responses for uri in ("/", "/a", "/b")] == [False, True, True]


def page(key: str, size_bytes: int) -> StoredResponse:
    return stored_response(
        key=key,
        request_headers=Headers(),
        response=HttpResponse(headers=Headers([("ETag", '"1"')]), body=Representation("page", size_bytes)),
        rules=SHARED,
        request_time=0.0,
        response_time=0.0,
    )


def size(stored: StoredResponse) -> int:
    assert isinstance(stored.response.body, Representation)
    return stored.response.body.size_bytes
