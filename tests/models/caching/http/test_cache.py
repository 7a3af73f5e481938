"""What a cache decides on a request, what it stores and what it invalidates: RFC 9111 sections 3 to 4.4."""

import pytest

from models.caching.http import (
    CacheRules,
    Headers,
    HttpResponse,
    Permission,
    Reason,
    Refuse,
)

from .exchanges import KINDS, NONE, NOW, PRIVATE, SHARED, control, date, headers, kind
from .proxy import URI, Proxy

both_kinds = pytest.mark.parametrize("rules", KINDS, ids=kind)


@both_kinds
class TestServing:
    """RFC 9111 section 4."""

    def test_what_is_fresh_is_served_with_its_age(self, rules: CacheRules) -> None:
        # "a cache MUST generate an Age header field".
        proxy = Proxy(rules)
        proxy.fetch(headers(Cache_Control="max-age=60", Foo="1"))
        decision = proxy.served(after=7.75)
        assert decision.response.status == 200
        assert decision.response.body == "content"
        assert decision.response.headers == headers(Cache_Control="max-age=60", Foo="1", Date=date(), Age="7")
        assert (decision.permission, decision.age, decision.staleness) == (Permission.FRESH, 7.75, -52.25)
        assert decision.revalidation is None

    def test_its_age_replaces_the_one_that_came_along(self, rules: CacheRules) -> None:
        # "replacing any present in the response with a value equal to the stored response's current_age".
        proxy = Proxy(rules)
        proxy.fetch(headers(Cache_Control="max-age=60", Age="30"))
        assert proxy.served(after=3.0).response.headers.lines_of("age") == ("33",)

    def test_date_is_left_alone(self, rules: CacheRules) -> None:
        proxy = Proxy(rules)
        proxy.fetch(headers(Cache_Control="max-age=60", Date=date(-5)))
        assert proxy.served(after=9.0).response.headers.lines_of("date") == (date(-5),)

    def test_a_response_without_a_date_gets_one(self, rules: CacheRules) -> None:
        # RFC 9110 section 6.6.1: "append a corresponding Date header field to the message's header section if
        # it is cached or forwarded downstream".
        proxy = Proxy(rules)
        outcome = proxy.fetch(control("no-store"), after=4.5)
        assert outcome.response is not None
        assert outcome.response.headers.lines_of("date") == (date(4),)

    def test_another_uri_is_another_response(self, rules: CacheRules) -> None:
        # "the presented target URI ... and that of the stored response match".
        proxy = Proxy(rules)
        proxy.fetch(control("max-age=60"), uri=f"{URI}?a=1")
        assert proxy.served(uri="HTTP://EXAMPLE.com:80/item?a=1#part")
        assert proxy.forwarded(uri=f"{URI}?a=2").reason is Reason.MISS
        assert proxy.forwarded().reason is Reason.MISS

    def test_a_get_answers_a_head_without_the_content(self, rules: CacheRules) -> None:
        """RFC 9110 section 9.3.2: "the server MUST NOT send content in the response"."""
        proxy = Proxy(rules)
        proxy.fetch(control("max-age=60"))
        response = proxy.served(method="HEAD", after=1.0).response
        assert (response.status, response.body) == (200, None)
        assert response.headers.first("age") == "1"

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "M-SEARCH"])
    def test_other_methods_are_written_through(self, rules: CacheRules, method: str) -> None:
        # "A cache MUST write through requests with methods that are unsafe".
        proxy = Proxy(rules)
        proxy.fetch(headers(Cache_Control="max-age=60", ETag='"1"'))
        for fields in (NONE, control("only-if-cached")):
            forward = proxy.forwarded(fields, method=method)
            assert (forward.reason, forward.is_conditional) == (Reason.WRITE_THROUGH, False)
            assert forward.request is forward.client_request

    def test_a_request_for_a_range_is_forwarded_as_it_is(self, rules: CacheRules) -> None:
        proxy = Proxy(rules)
        proxy.fetch(headers(Cache_Control="max-age=60", ETag='"1"'))
        asked = headers(Range="bytes=0-1", If_Range='"1"')
        forward = proxy.forwarded(asked)
        assert (forward.reason, forward.request.headers) == (Reason.RANGE, asked)
        before = dict(proxy.store)
        proxy.answered(forward, HttpResponse(status=206, headers=control("max-age=60")))
        proxy.answered(forward, HttpResponse(status=200, headers=control("max-age=60")))
        assert proxy.store == before

    def test_variants_are_stored_side_by_side(self, rules: CacheRules) -> None:
        proxy = Proxy(rules)
        for foo in ("1", "2"):
            proxy.fetch(headers(Cache_Control="max-age=60", Vary="Foo"), headers(Foo=foo), body=foo)
        assert [proxy.served(headers(Foo=foo)).response.body for foo in ("1", "2")] == ["1", "2"]
        assert proxy.forwarded(headers(Foo="3")).reason is Reason.OTHER_VARIANT

    def test_a_newer_response_takes_the_place_of_what_it_answers_for(self, rules: CacheRules) -> None:
        proxy = Proxy(rules)
        for after, foo in ((0.0, "1"), (1.0, "2"), (2.0, "1")):
            asked = headers(Foo=foo, Cache_Control="no-cache")
            proxy.fetch(headers(Cache_Control="max-age=60", Vary="Foo"), asked, after=after, body=after)
        (variants,) = proxy.store.values()
        assert [one.response.body for one in variants] == [1.0, 2.0]

    def test_a_response_that_no_longer_varies_is_found(self, rules: CacheRules) -> None:
        """Else the rule that one with a Vary comes first (section 4.1) would have it validated for ever."""
        proxy = Proxy(rules)
        proxy.fetch(headers(Cache_Control="max-age=1", Vary="Foo"), headers(Foo="1"))
        proxy.fetch(control("max-age=60"), headers(Foo="1"), after=2.0, body="new")
        assert proxy.served(headers(Foo="1"), after=3.0).response.body == "new"

    def test_only_if_cached_is_answered_from_the_store_or_not_at_all(self, rules: CacheRules) -> None:
        # Section 5.2.1.7: "respond with either a stored response ... or a 504 (Gateway Timeout) status code".
        proxy = Proxy(rules)
        refusal = proxy.on_request(control("only-if-cached"))
        assert isinstance(refusal, Refuse)
        assert refusal.response.status == 504
        proxy.fetch(control("max-age=10"))
        assert proxy.served(control("only-if-cached"), after=9.0)
        assert isinstance(proxy.on_request(control("only-if-cached"), after=10.0), Refuse)
        assert proxy.served(control("only-if-cached, max-stale"), after=10.0)
        part = Headers([*control("only-if-cached"), ("Range", "bytes=0-1")])
        assert isinstance(proxy.on_request(part), Refuse)  # of parts it has none

    def test_the_clients_own_question_is_answered(self, rules: CacheRules) -> None:
        # Section 4.3.2. RFC 9110 section 15.4.5: a 304 has the fields "that would have been sent in a 200
        # (OK)".
        proxy = Proxy(rules)
        proxy.fetch(headers(Cache_Control="max-age=60", ETag='"1"', Content_Type="text/plain"))
        response = proxy.served(headers(If_None_Match='"1"'), after=1.0).response
        assert (response.status, response.body) == (304, None)
        assert response.headers.names() == ("cache-control", "etag", "date", "age")
        assert proxy.served(headers(If_None_Match='"2"')).response.status == 200

    def test_fields_of_one_connection_go_no_further(self, rules: CacheRules) -> None:
        proxy = Proxy(rules)
        forward = proxy.forwarded(headers(Connection="a", a="1", b="2"))
        assert forward.request.headers == headers(b="2")
        answer = HttpResponse(headers=headers(Connection="c", c="1", Date=date(), Cache_Control="max-age=60"))
        outcome = proxy.answered(forward, answer)
        assert outcome.response is not None
        assert outcome.response.headers == headers(Date=date(), Cache_Control="max-age=60")
        assert "c" not in proxy.served().response.headers


@both_kinds
class TestStoring:
    def test_a_response_to_an_authorized_request(self, rules: CacheRules) -> None:
        # Section 3.5: "MUST NOT use a cached response to a request with an Authorization header field ... to
        # satisfy any subsequent request unless".
        proxy = Proxy(rules)
        proxy.fetch(control("max-age=60"), headers(Authorization="x"))
        assert bool(proxy.store) is not rules.is_shared
        proxy.fetch(control("max-age=60, public"), headers(Authorization="x", Cache_Control="no-cache"))
        assert proxy.served()

    def test_a_response_that_may_not_be_stored_leaves_an_older_one(self, rules: CacheRules) -> None:
        proxy = Proxy(rules)
        proxy.fetch(control("max-age=60"), body="old")
        proxy.fetch(control("no-store"), control("no-cache"), after=1.0, body="new")
        assert proxy.served(after=2.0).response.body == "old"

    @pytest.mark.parametrize("fields", [NONE, headers(Vary="*", Cache_Control="max-age=60", ETag='"1"')])
    def test_what_could_never_be_reused_is_not_stored(self, rules: CacheRules, fields: Headers) -> None:
        """Section 3: "not usually useful to store"; section 4.1: "a member "*" always fails to match"."""
        proxy = Proxy(rules)
        proxy.fetch(fields)
        assert proxy.store == {}

    def test_interim_responses_are_passed_on_and_change_nothing(self, rules: CacheRules) -> None:
        """Section 3: "the response status code is final"."""
        proxy = Proxy(rules)
        interim = HttpResponse(status=103, headers=headers(Link="</a>", Cache_Control="max-age=60"))
        outcome = proxy.answered(proxy.forwarded(), interim)
        assert (outcome.response, outcome.changes) == (interim, ())

    def test_a_post_may_stand_for_a_get(self, rules: CacheRules) -> None:
        # RFC 9110 section 9.3.3: "can be reused to satisfy a later GET or HEAD request"; it invalidates what
        # was.
        proxy = Proxy(rules)
        proxy.fetch(control("max-age=60"), body="old")
        proxy.fetch(headers(Cache_Control="max-age=60", Content_Location=URI), method="POST", body="new")
        assert proxy.served().response.body == "new"

    def test_a_response_cannot_come_before_its_request(self, rules: CacheRules) -> None:
        proxy = Proxy(rules)
        with pytest.raises(ValueError, match="must not come before its request"):
            proxy.cache.on_response(
                proxy.forwarded(), HttpResponse(), request_time=NOW, response_time=NOW - 1.0
            )


@both_kinds
class TestInvalidating:
    """RFC 9111 section 4.4."""

    def test_an_unsafe_method_removes_the_target_and_its_locations(self, rules: CacheRules) -> None:
        proxy = Proxy(rules)
        others = [f"http://example.com/{name}" for name in ("location", "content", "other")]
        for uri in (URI, *others):
            proxy.fetch(control("max-age=60"), uri=uri)
        locations = headers(Location="/location", Content_Location="/content")
        proxy.fetch(locations, method="POST", status=201)
        assert list(proxy.store) == [others[2]]
        # Said of what is not stored as well: an answer may be on its way.
        assert proxy.fetch(locations, method="POST").invalidated == (URI, *others[:2])

    def test_one_that_fails_removes_nothing(self, rules: CacheRules) -> None:
        proxy = Proxy(rules)
        proxy.fetch(control("max-age=60"))
        assert proxy.fetch(NONE, method="POST", status=500).invalidated == ()
        assert proxy.served()

    def test_one_without_an_answer_removes_nothing_and_is_refused(self, rules: CacheRules) -> None:
        proxy = Proxy(rules)
        proxy.fetch(control("max-age=60, stale-if-error=60"))
        answer = proxy.cache.on_error(proxy.forwarded(method="POST"), NOW)
        assert isinstance(answer, Refuse)
        assert proxy.served()


def test_a_decision_changes_nothing_by_itself() -> None:
    proxy = Proxy()
    forward = proxy.forwarded()
    response = HttpResponse(headers=control("max-age=60"))
    outcome = proxy.cache.on_response(forward, response, request_time=NOW, response_time=NOW)
    assert proxy.store == {}
    proxy.cache.apply(outcome)
    assert list(proxy.store) == [URI]


def test_one_response_in_the_two_kinds_of_cache() -> None:
    """Section 1: a shared cache stores responses "for reuse by more than one user"."""
    stored = {}
    for rules in (SHARED, PRIVATE):
        proxy = Proxy(rules)
        proxy.fetch(control("private, max-age=60"))
        stored[kind(rules)] = bool(proxy.store)
    assert stored == {"shared": False, "private": True}
