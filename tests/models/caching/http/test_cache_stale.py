"""What a cache decides when it may serve stale: RFC 5861, RFC 9111 section 4.2.4."""

import pytest

from models.caching.http import (
    CacheRules,
    HttpResponse,
    Permission,
    Reason,
    Refuse,
    Serve,
)

from .exchanges import KINDS, NONE, NOW, control, headers, kind
from .proxy import Proxy

both_kinds = pytest.mark.parametrize("rules", KINDS, ids=kind)


@both_kinds
class TestStaleWhileRevalidate:
    """RFC 5861 section 3."""

    def test_it_is_served_stale_and_validated_in_the_background(self, rules: CacheRules) -> None:
        proxy = Proxy(rules)
        proxy.fetch(headers(Cache_Control="max-age=10, stale-while-revalidate=30", ETag='"1"'), body="old")
        decision = proxy.served(headers(If_None_Match='"0"', Foo="1"), after=12.0, method="HEAD")
        assert decision.permission is Permission.STALE_WHILE_REVALIDATE
        assert decision.response.headers.first("age") == "12"
        revalidation = decision.revalidation
        assert revalidation is not None
        assert revalidation.reason is Reason.BACKGROUND
        assert revalidation.request.method == "GET"
        assert revalidation.request.headers == headers(Foo="1", If_None_Match='"1"')
        proxy.answered(revalidation, HttpResponse(headers=control("max-age=10"), body="new"), after=12.5)
        assert proxy.served(after=13.0).response.body == "new"

    def test_beyond_the_window_the_client_waits(self, rules: CacheRules) -> None:
        # "If delta-seconds passes without the cached entity being revalidated, it SHOULD NOT continue to be
        # served stale".
        proxy = Proxy(rules)
        proxy.fetch(headers(Cache_Control="max-age=10, stale-while-revalidate=30", ETag='"1"'))
        assert proxy.served(after=40.0)
        assert proxy.forwarded(after=40.001).reason is Reason.VALIDATION


@both_kinds
class TestErrors:
    """RFC 5861 section 4, RFC 9111 sections 4.2.4, 4.3.3 and 5.2.2.2."""

    @pytest.mark.parametrize(
        ("status", "is_error"),
        [(500, True), (502, True), (503, True), (504, True), (501, False), (404, False)],
    )
    def test_stale_if_error_hides_an_error(self, rules: CacheRules, status: int, is_error: bool) -> None:
        # "an error is any situation that would result in a 500, 502, 503, or 504 HTTP response status code".
        proxy = Proxy(rules)
        proxy.fetch(control("max-age=10, stale-if-error=30"), body="old")
        outcome = proxy.fetch(NONE, after=15.0, status=status, body="error")
        assert outcome.response is not None
        assert outcome.response.body == ("old" if is_error else "error")
        if is_error:
            assert outcome.response.headers.first("age") == "15"
            assert outcome.permission is Permission.STALE_IF_ERROR
            assert outcome.reused is not None
            assert outcome.changes == ()

    def test_it_does_so_without_a_connection_too(self, rules: CacheRules) -> None:
        proxy = Proxy(rules)
        proxy.fetch(control("max-age=10, stale-if-error=30"), body="old")
        decision = proxy.cache.on_error(proxy.forwarded(after=15.0), NOW + 15.0)
        assert isinstance(decision, Serve)
        assert (decision.response.body, decision.permission) == ("old", Permission.STALE_IF_ERROR)
        assert isinstance(proxy.cache.on_error(proxy.forwarded(after=41.0), NOW + 41.0), Refuse)

    def test_must_revalidate_turns_it_into_a_504(self, rules: CacheRules) -> None:
        # Section 5.2.2.2: "MUST generate an error response rather than reuse the stale response ... SHOULD be
        # 504".
        proxy = Proxy(CacheRules(is_shared=rules.is_shared, stale_if_disconnected=60.0))
        proxy.fetch(control("max-age=10, must-revalidate, stale-if-error=30"))
        decision = proxy.cache.on_error(proxy.forwarded(after=15.0), NOW + 15.0)
        assert isinstance(decision, Refuse)
        assert decision.response.status == 504

    def test_a_miss_without_a_connection_is_a_504(self, rules: CacheRules) -> None:
        proxy = Proxy(rules)
        assert isinstance(proxy.cache.on_error(proxy.forwarded(), NOW), Refuse)

    def test_a_disconnected_cache_may_serve_stale(self, rules: CacheRules) -> None:
        """Section 4.2.4: "unless it is disconnected"."""
        proxy = Proxy(CacheRules(is_shared=rules.is_shared, stale_if_disconnected=60.0))
        proxy.fetch(control("max-age=10"))
        decision = proxy.cache.on_error(proxy.forwarded(after=70.0), NOW + 70.0)
        assert isinstance(decision, Serve)
        assert decision.permission is Permission.DISCONNECTED

    def test_what_another_request_has_validated_meanwhile_is_served(self, rules: CacheRules) -> None:
        proxy = Proxy(rules)
        proxy.fetch(control("max-age=10"), body="old")
        first = proxy.forwarded(after=15.0)
        proxy.fetch(control("max-age=10"), after=15.0, body="new")
        decision = proxy.cache.on_error(first, NOW + 16.0)
        assert isinstance(decision, Serve)
        assert (decision.response.body, decision.permission) == ("new", Permission.FRESH)

    @pytest.mark.parametrize(
        ("said", "asked", "permission"),
        [
            ("max-age=10", "max-stale=30", Permission.MAX_STALE),
            ("max-age=10, stale-while-revalidate=30", "", Permission.STALE_WHILE_REVALIDATE),
        ],
    )
    def test_what_came_meanwhile_may_be_as_stale_as_ever(
        self, rules: CacheRules, said: str, asked: str, permission: Permission
    ) -> None:
        # An error forbids nothing that is allowed without one.
        proxy = Proxy(rules)
        first = proxy.forwarded(control(asked) if asked else NONE)
        proxy.fetch(headers(Cache_Control=said, ETag='"1"'), body="old")
        decision = proxy.cache.on_error(first, NOW + 15.0)
        assert isinstance(decision, Serve)
        assert (decision.response.body, decision.permission) == ("old", permission)
        outcome = proxy.answered(first, HttpResponse(status=503), after=15.0)
        assert (outcome.permission, outcome.changes) == (permission, ())

    def test_what_was_invalidated_meanwhile_is_not(self, rules: CacheRules) -> None:
        proxy = Proxy(rules)
        proxy.fetch(control("max-age=10, stale-if-error=60"))
        forward = proxy.forwarded(after=15.0)
        proxy.fetch(NONE, method="PUT", after=15.0)
        assert isinstance(proxy.cache.on_error(forward, NOW + 16.0), Refuse)

    def test_an_error_that_may_be_stored_is(self, rules: CacheRules) -> None:
        """Section 3 asks for a final status and a sign that it is cacheable, not for success."""
        proxy = Proxy(rules)
        proxy.fetch(control("max-age=10"), status=503, body="busy")
        assert proxy.served(after=5.0).response.status == 503
