"""What a cache decides when it validates: RFC 9111 section 4.3."""

import pytest

from models.caching.http import (
    CacheRules,
    HttpResponse,
    Permission,
    Reason,
)

from .exchanges import KINDS, NONE, control, date, headers, kind
from .proxy import Proxy

both_kinds = pytest.mark.parametrize("rules", KINDS, ids=kind)


@both_kinds
class TestValidating:
    """RFC 9111 section 4.3."""

    def stale(self, rules: CacheRules, **more: str) -> Proxy:
        proxy = Proxy(rules)
        proxy.fetch(headers(Cache_Control="max-age=10", **({"ETag": '"1"'} | more)), body="old")
        return proxy

    def test_what_is_stale_is_asked_about(self, rules: CacheRules) -> None:
        forward = self.stale(rules, Last_Modified=date(-100)).forwarded(headers(Foo="1"), after=10.0)
        assert (forward.reason, forward.is_conditional) == (Reason.VALIDATION, True)
        assert forward.request.headers == headers(Foo="1", If_None_Match='"1"', If_Modified_Since=date(-100))
        assert forward.client_request.headers == headers(Foo="1")

    def test_a_304_renews_it(self, rules: CacheRules) -> None:
        """Section 4.3.3: "the stored response can be updated and reused"."""
        proxy = self.stale(rules, Foo="1", Bar="1")
        answer = HttpResponse(status=304, headers=headers(ETag='"1"', Foo="2", Cache_Control="max-age=20"))
        outcome = proxy.answered(proxy.forwarded(after=15.0), answer, after=15.0)
        assert outcome.response is not None
        assert (outcome.response.status, outcome.response.body) == (200, "old")
        assert outcome.permission is Permission.VALIDATED
        assert "age" not in outcome.response.headers
        later = proxy.served(after=34.0)
        assert later.response.headers == headers(
            Bar="1", ETag='"1"', Foo="2", Cache_Control="max-age=20", Date=date(15), Age="19"
        )
        assert proxy.forwarded(after=35.0)

    def test_after_a_304_the_clients_own_question_is_answered(self, rules: CacheRules) -> None:
        """Section 4.3.2: "MUST generate a 200 (OK) response for the client" if its list has not the tag."""
        for asked, status in (('"1"', 304), ('"0"', 200), ('"0", W/"1"', 304)):
            proxy = self.stale(rules)
            forward = proxy.forwarded(headers(If_None_Match=asked), after=15.0)
            outcome = proxy.answered(
                forward, HttpResponse(status=304, headers=headers(ETag='"1"')), after=15.0
            )
            assert outcome.response is not None
            assert outcome.response.status == status

    def test_a_304_for_a_tag_of_the_client_alone_is_the_clients(self, rules: CacheRules) -> None:
        proxy = self.stale(rules)
        forward = proxy.forwarded(headers(If_None_Match='"0"'), after=15.0)
        outcome = proxy.answered(forward, HttpResponse(status=304, headers=headers(ETag='"0"')), after=15.0)
        assert outcome.response is not None
        assert (outcome.response.status, outcome.changes) == (304, ())

    def test_a_304_that_names_nothing_stored_is_asked_again_without_a_question(
        self, rules: CacheRules
    ) -> None:
        """Section 4.3.4: "MUST NOT use the new response to update any stored responses"."""
        proxy = self.stale(rules)
        outcome = proxy.answered(
            proxy.forwarded(after=15.0), HttpResponse(status=304, headers=headers(ETag='"9"'))
        )
        assert outcome.response is None
        assert outcome.changes == ()
        assert outcome.retry is not None
        assert (outcome.retry.reason, outcome.retry.request.headers) == (Reason.RETRY, NONE)

    def test_a_304_to_a_miss_is_the_clients(self, rules: CacheRules) -> None:
        proxy = Proxy(rules)
        forward = proxy.forwarded(headers(If_None_Match='"1"'))
        assert forward.request.headers == headers(If_None_Match='"1"')
        outcome = proxy.answered(forward, HttpResponse(status=304, headers=headers(ETag='"1"')))
        assert outcome.response is not None
        assert (outcome.response.status, proxy.store) == (304, {})

    def test_a_304_to_the_clients_question_updates_what_has_no_validator(self, rules: CacheRules) -> None:
        # Section 4.3.4, third: "where a client generates an If-Modified-Since request from a source other
        # than".
        proxy = Proxy(rules)
        proxy.fetch(control("max-age=10"))
        forward = proxy.forwarded(headers(If_Modified_Since=date()), after=15.0)
        assert not forward.is_conditional
        outcome = proxy.answered(forward, HttpResponse(status=304), after=15.0)
        assert outcome.response is not None
        assert outcome.response.status == 304
        assert proxy.served(after=20.0).response.headers.first("age") == "5"

    def test_a_full_response_takes_its_place(self, rules: CacheRules) -> None:
        """Section 4.3.3: "MUST use the full response to satisfy the request"."""
        proxy = self.stale(rules)
        outcome = proxy.fetch(headers(Cache_Control="max-age=10", ETag='"2"'), after=15.0, body="new")
        assert outcome.response is not None
        assert outcome.response.body == "new"
        assert proxy.served(after=16.0).response.body == "new"

    @pytest.mark.parametrize("status", [200, 404, 403])
    def test_one_that_may_not_be_stored_removes_it(self, rules: CacheRules, status: int) -> None:
        # "none of the stored responses nominated in the conditional request are suitable".
        proxy = self.stale(rules)
        proxy.fetch(control("no-store"), after=15.0, status=status)
        assert proxy.store == {}

    def test_a_server_error_is_passed_on_and_removes_nothing(self, rules: CacheRules) -> None:
        # "it can either forward this response to the requesting client or act as if the server failed".
        proxy = self.stale(rules)
        before = dict(proxy.store)
        outcome = proxy.fetch(NONE, after=15.0, status=500, body="error")
        assert outcome.response is not None
        assert (outcome.response.status, outcome.response.body, proxy.store) == (500, "error", before)

    def test_a_304_that_forbids_storing_is_used_and_ends_it(self, rules: CacheRules) -> None:
        """Section 5.2.2.5: "MUST NOT store any part of either the immediate request or the response"."""
        proxy = self.stale(rules)
        answer = HttpResponse(status=304, headers=headers(ETag='"1"', Cache_Control="no-store"))
        outcome = proxy.answered(proxy.forwarded(after=15.0), answer, after=15.0)
        assert outcome.response is not None
        assert (outcome.response.body, proxy.store) == ("old", {})

    def test_a_304_that_allows_sharing_no_more_ends_it_for_a_shared_cache(self, rules: CacheRules) -> None:
        """Section 3.5: "MUST NOT use a cached response to a request with an Authorization header field"."""
        ann = headers(Authorization="Ann")
        proxy = Proxy(rules)
        proxy.fetch(headers(Cache_Control="max-age=10, public", ETag='"1"'), ann, body="old")
        answer = HttpResponse(status=304, headers=headers(ETag='"1"', Cache_Control="max-age=60"))
        outcome = proxy.answered(proxy.forwarded(ann, after=15.0), answer, after=15.0)
        assert outcome.response is not None
        assert outcome.response.body == "old"
        assert (proxy.store == {}) is rules.is_shared

    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_what_is_told_to_one_user_updates_nothing_for_others(
        self, rules: CacheRules, method: str
    ) -> None:
        """Section 3: "the Authorization header field is not present in the request"."""
        proxy = self.stale(rules)
        before = dict(proxy.store)
        forward = proxy.forwarded(headers(Authorization="Ann"), method=method, after=15.0)
        told = headers(ETag='"1"', Set_Cookie="ann", Cache_Control="max-age=10")
        status = 304 if method == "GET" else 200
        outcome = proxy.answered(forward, HttpResponse(status=status, headers=told), after=15.0)
        assert outcome.response is not None
        assert outcome.response.headers.first("set-cookie") == "ann"
        assert (proxy.store == before) is rules.is_shared

    def test_what_a_304_brings_that_is_not_stored_is_the_clients(self, rules: CacheRules) -> None:
        """Section 5.2.2.4: or "successfully revalidated ... (updating or removing those fields)"."""
        proxy = Proxy(rules)
        said = 'max-age=10, no-cache="set-cookie"'
        proxy.fetch(headers(Cache_Control=said, ETag='"1"', Set_Cookie="old"))
        answer = HttpResponse(status=304, headers=headers(ETag='"1"', Set_Cookie="new"))
        outcome = proxy.answered(proxy.forwarded(after=15.0), answer, after=15.0)
        assert outcome.response is not None
        assert outcome.response.headers.first("set-cookie") == "new"
        assert "set-cookie" not in proxy.served(after=16.0).response.headers

    @pytest.mark.parametrize(
        ("asked", "is_validated"), [('"2"', False), ('"2", "1"', False), ('W/"1"', True)]
    )
    def test_a_304_that_names_nothing_may_be_about_what_the_client_has(
        self, rules: CacheRules, asked: str, is_validated: bool
    ) -> None:
        # An origin that leaves out the ETag, which it must not: RFC 9110 section 15.4.5.
        proxy = self.stale(rules)
        forward = proxy.forwarded(headers(If_None_Match=asked), after=15.0)
        outcome = proxy.answered(forward, HttpResponse(status=304), after=15.0)
        assert (outcome.permission is Permission.VALIDATED) is is_validated
        assert (outcome.retry is None) is is_validated

    def test_a_request_that_forbids_storing_is_answered_and_updates_nothing(self, rules: CacheRules) -> None:
        """Section 5.2.1.5."""
        proxy = self.stale(rules)
        before = dict(proxy.store)
        forward = proxy.forwarded(control("no-store"), after=15.0)
        outcome = proxy.answered(forward, HttpResponse(status=304, headers=headers(ETag='"1"')), after=15.0)
        assert outcome.response is not None
        assert (outcome.response.body, proxy.store) == ("old", before)

    def test_what_was_invalidated_meanwhile_does_not_come_back(self, rules: CacheRules) -> None:
        proxy = self.stale(rules)
        forward = proxy.forwarded(after=15.0)
        proxy.fetch(NONE, method="DELETE", after=15.0)
        outcome = proxy.answered(forward, HttpResponse(status=304, headers=headers(ETag='"1"')), after=15.0)
        assert outcome.response is not None
        assert (outcome.response.body, proxy.store) == ("old", {})

    def test_a_304_updates_every_variant_that_it_names_and_no_other(self, rules: CacheRules) -> None:
        proxy = Proxy(rules)
        proxy.fetch(headers(Cache_Control="max-age=10", ETag='"1"', Vary="Foo"), headers(Foo="1"), body="1")
        proxy.fetch(headers(Cache_Control="max-age=10", ETag='"2"', Vary="Foo"), headers(Foo="2"), body="2")
        forward = proxy.forwarded(headers(Foo="1"), after=15.0)
        assert forward.request.headers == headers(Foo="1", If_None_Match='"1"')
        proxy.answered(forward, HttpResponse(status=304, headers=headers(ETag='"1"')), after=15.0)
        assert proxy.served(headers(Foo="1"), after=16.0).response.body == "1"
        assert proxy.forwarded(headers(Foo="2"), after=16.0).is_conditional

    def test_no_cache_is_validated_at_each_use(self, rules: CacheRules) -> None:
        """Section 5.2.2.4."""
        proxy = Proxy(rules)
        proxy.fetch(headers(Cache_Control="max-age=60, no-cache", ETag='"1"'))
        for after in (1.0, 2.0):
            forward = proxy.forwarded(after=after)
            assert forward.is_conditional
            proxy.answered(forward, HttpResponse(status=304, headers=headers(ETag='"1"')), after=after)


@both_kinds
class TestHead:
    """RFC 9111 section 4.3.5: "SHOULD update or invalidate each of its stored GET responses"."""

    def test_it_updates_what_it_describes(self, rules: CacheRules) -> None:
        proxy = Proxy(rules)
        proxy.fetch(headers(Cache_Control="max-age=10", A="1", B="1"), body="old")
        forward = proxy.forwarded(method="HEAD", after=15.0)
        assert forward.request.method == "HEAD"
        answer = HttpResponse(headers=headers(Cache_Control="max-age=60", A="2"))
        outcome = proxy.answered(forward, answer, after=15.0)
        assert outcome.response is not None
        assert outcome.response.headers.first("a") == "2"
        response = proxy.served(after=16.0).response
        assert (response.body, response.headers.first("a"), response.headers.first("b")) == ("old", "2", "1")

    def test_what_it_does_not_describe_goes(self, rules: CacheRules) -> None:
        proxy = Proxy(rules)
        proxy.fetch(headers(Cache_Control="max-age=10", Content_Length="3"))
        proxy.fetch(
            headers(Cache_Control="max-age=60", Content_Length="4"), method="HEAD", after=15.0, body=None
        )
        assert proxy.store == {}

    @pytest.mark.parametrize("status", [404, 410])
    def test_only_a_200_does(self, rules: CacheRules, status: int) -> None:
        proxy = Proxy(rules)
        proxy.fetch(control("max-age=10"), body="old")
        before = dict(proxy.store)
        proxy.fetch(control("max-age=60"), method="HEAD", after=15.0, status=status)
        assert proxy.store == before

    def test_its_own_answer_is_not_stored(self, rules: CacheRules) -> None:
        proxy = Proxy(rules)
        proxy.fetch(control("max-age=10"), method="HEAD", body=None)
        assert proxy.store == {}
