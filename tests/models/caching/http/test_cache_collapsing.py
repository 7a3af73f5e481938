"""Which requests may wait for each other, and what a background validation asks."""

from __future__ import annotations

import pytest

from models.caching.http import CacheRules, Headers

from .exchanges import KINDS, NONE, control, headers, kind
from .proxy import Proxy

both_kinds = pytest.mark.parametrize("rules", KINDS, ids=kind)


@both_kinds
@pytest.mark.parametrize(
    ("method", "asked", "may"),
    [
        ("GET", NONE, True),
        ("GET", control("max-age=0"), True),
        ("GET", control("no-cache"), False),
        ("GET", headers(Pragma="no-cache"), False),
        ("GET", control("no-store"), False),
        ("GET", headers(Range="bytes=0-9"), False),
        ("HEAD", NONE, False),
        ("PUT", NONE, False),
    ],
)
def test_who_may_wait_for_whom(rules: CacheRules, method: str, asked: Headers, may: bool) -> None:
    for is_stored in (False, True):
        proxy = Proxy(rules)
        if is_stored:
            proxy.fetch(headers(Cache_Control="max-age=10", ETag='"1"'))
        forward = proxy.forwarded(asked, method=method, after=20.0)
        assert proxy.cache.may_collapse(forward) is may


@both_kinds
def test_a_request_for_another_variant_waits_for_nobody(rules: CacheRules) -> None:
    proxy = Proxy(rules)
    proxy.fetch(headers(Cache_Control="max-age=10", Vary="Accept"), asked=headers(Accept="a"))
    assert not proxy.cache.may_collapse(proxy.forwarded(headers(Accept="b")))


@both_kinds
@pytest.mark.parametrize("said", ["only-if-cached", "max-stale=5", "no-store"])
def test_what_the_client_asks_of_caches_is_not_asked_in_the_background(rules: CacheRules, said: str) -> None:
    # Its answer is given. A cache on the way would refuse the validation, or confirm what is stale.
    proxy = Proxy(rules)
    proxy.fetch(headers(Cache_Control="max-age=10, stale-while-revalidate=30", ETag='"1"'))
    decision = proxy.served(headers(Cache_Control=said, Foo="1"), after=20.0)
    assert decision.revalidation is not None
    assert decision.revalidation.request.headers == headers(Foo="1", If_None_Match='"1"')
