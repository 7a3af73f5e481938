"""What may be stored, and what of it: RFC 9111 sections 3, 3.1, 3.2 and 3.5."""

import pytest

from models.caching.http import CacheRules, Headers, HttpRequest, HttpResponse
from models.caching.http.directives import request_directives, response_directives
from models.caching.http.storing import (
    UNDERSTOOD_STATUSES,
    end_to_end,
    is_worth_storing,
    may_store,
    stored_headers,
    updated_headers,
)

from .exchanges import KINDS, NONE, control, date, headers, kind

both_kinds = pytest.mark.parametrize("rules", KINDS, ids=kind)


def storable(
    fields: Headers,
    rules: CacheRules,
    *,
    status: int = 200,
    asked: Headers = NONE,
    method: str = "GET",
) -> bool:
    request = HttpRequest(method=method, uri="http://origin.example/a", headers=asked)
    response = HttpResponse(status=status, headers=fields)
    directives = response_directives(fields)
    return may_store(request, request_directives(asked), response, directives, is_shared=rules.is_shared)


def kept(fields: Headers, rules: CacheRules) -> Headers:
    return stored_headers(fields, response_directives(fields), is_shared=rules.is_shared)


@both_kinds
class TestConditions:
    """Section 3: "A cache MUST NOT store a response to a request unless"."""

    @pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "M-SEARCH", "get"])
    def test_the_method_is_understood(self, rules: CacheRules, method: str) -> None:
        assert storable(control("max-age=60"), rules)
        assert not storable(control("max-age=60"), rules, method=method)

    @pytest.mark.parametrize("status", [100, 102, 103])
    def test_the_status_is_final(self, rules: CacheRules, status: int) -> None:
        assert not storable(control("max-age=60"), rules, status=status)

    @pytest.mark.parametrize("status", [206, 304])
    def test_206_and_304_are_not_stored(self, rules: CacheRules, status: int) -> None:
        # "if the response status code is 206 or 304 ...: the cache understands the response status code".
        assert not storable(control("max-age=60, public"), rules, status=status)

    def test_an_answer_to_a_range_is_not_stored(self, rules: CacheRules) -> None:
        assert not storable(control("max-age=60"), rules, asked=headers(Range="bytes=0-1"))

    @pytest.mark.parametrize(
        "value", ["no-store", "No-StOrE", "max-age=60, no-store", "public, no-store", "no-store=x"]
    )
    def test_no_store_is_not_present_in_the_response(self, rules: CacheRules, value: str) -> None:
        """Section 5.2.2.5: "MUST NOT store any part of either the immediate request or the response"."""
        assert not storable(control(value), rules)

    def test_nor_in_the_request(self, rules: CacheRules) -> None:
        """Section 5.2.1.5: "MUST NOT store any part of either this request or any response to it"."""
        assert not storable(control("max-age=60, public"), rules, asked=control("no-store"))

    @pytest.mark.parametrize("value", ["private", "private, max-age=60", "public, private, s-maxage=60"])
    def test_a_shared_cache_stores_nothing_private(self, rules: CacheRules, value: str) -> None:
        # "if the cache is shared: the private response directive is either not present"; of public and
        # private together "the most restrictive directive should be honored" (section 4.2.1).
        assert storable(control(value), rules, status=599) is not rules.is_shared

    def test_private_fields_do_not_make_the_response_private(self, rules: CacheRules) -> None:
        # ""or allows a shared cache to store a modified response"".
        assert storable(control('private="x", max-age=60'), rules)

    @pytest.mark.parametrize(
        ("value", "allows"),
        [
            ("max-age=60", False),
            ("proxy-revalidate, max-age=60", False),
            ("public", True),
            ("s-maxage=60", True),
            ("must-revalidate, max-age=60", True),
            ("public, private", False),
        ],
    )
    def test_authorization_needs_a_directive_that_allows_it(
        self, rules: CacheRules, value: str, allows: bool
    ) -> None:
        """Section 3.5: "must-revalidate, public, and s-maxage"."""
        assert storable(control(value), rules, asked=headers(Authorization="Basic x")) is (
            allows or not rules.is_shared
        )

    @pytest.mark.parametrize(
        ("fields", "shared", "private"),
        [
            (control("public"), True, True),
            (control("private"), False, True),
            (headers(Expires="0"), True, True),
            (control("max-age=0"), True, True),
            (control("max-age=x"), True, True),
            (control("s-maxage=60"), True, False),
            (Headers(), False, False),
            (control("must-revalidate"), False, False),
            (control('private="x"'), False, False),
            (headers(Last_Modified=date(-60), ETag='"1"'), False, False),
        ],
    )
    def test_it_has_one_of_the_signs(
        self, rules: CacheRules, fields: Headers, shared: bool, private: bool
    ) -> None:
        # "the response contains at least one of the following".
        assert storable(fields, rules, status=599) is (shared if rules.is_shared else private)
        assert storable(fields, rules, status=200) is not (rules.is_shared and fields == control("private"))

    @pytest.mark.parametrize("status", [299, 302, 307, 400, 403, 499, 500, 503, 599])
    def test_any_final_status_may_be_stored_if_the_response_says_so(
        self, rules: CacheRules, status: int
    ) -> None:
        assert storable(control("max-age=60"), rules, status=status)

    def test_cookies_do_not_hinder(self, rules: CacheRules) -> None:
        """Section 7.3: "the Set-Cookie response header field does not inhibit caching"."""
        assert storable(
            headers(Cache_Control="max-age=60", Set_Cookie="a=b"), rules, asked=headers(Cookie="a=b")
        )


@both_kinds
class TestMustUnderstand:
    """Section 5.2.2.3."""

    @pytest.mark.parametrize(
        ("status", "is_understood"), [(200, True), (404, True), (599, False), (299, False), (416, False)]
    )
    @pytest.mark.parametrize(
        "value", ["max-age=60, no-store, must-understand", "max-age=60, must-understand"]
    )
    def test_it_takes_the_place_of_no_store(
        self, rules: CacheRules, value: str, status: int, is_understood: bool
    ) -> None:
        # "SHOULD ignore the no-store directive if it understands and implements the status code's caching
        # requirements"; and "limits caching of the response to a cache that understands".
        assert storable(control(value), rules, status=status) is is_understood

    def test_no_store_of_the_request_stands(self, rules: CacheRules) -> None:
        fields = control("max-age=60, no-store, must-understand")
        assert not storable(fields, rules, asked=control("no-store"))

    def test_a_private_response_stays_private(self, rules: CacheRules) -> None:
        fields = control("private, no-store, must-understand")
        assert storable(fields, rules) is not rules.is_shared


def test_partial_content_is_not_understood() -> None:
    assert not UNDERSTOOD_STATUSES & {206, 304, 416}


@both_kinds
class TestPost:
    # RFC 9110 section 9.3.3: explicit freshness "and a Content-Location header field that has the same value
    # as the POST's target URI".

    @pytest.mark.parametrize("location", ["http://origin.example/a", "/a", "a", "HTTP://ORIGIN.EXAMPLE:80/a"])
    def test_it_is_stored_if_it_says_what_a_get_would_have_had(
        self, rules: CacheRules, location: str
    ) -> None:
        fields = headers(Cache_Control="max-age=60", Content_Location=location)
        assert storable(fields, rules, method="POST")

    @pytest.mark.parametrize("location", ["/b", "http://other.example/a", "http://[nonsense"])
    def test_but_not_if_it_is_of_something_else(self, rules: CacheRules, location: str) -> None:
        fields = headers(Cache_Control="max-age=60", Content_Location=location)
        assert not storable(fields, rules, method="POST")

    @pytest.mark.parametrize(
        "fields",
        [
            headers(Content_Location="/a"),
            control("max-age=60"),
            headers(Content_Location="/a", Cache_Control="public"),
        ],
    )
    def test_nor_without_content_location_or_a_stated_lifetime(
        self, rules: CacheRules, fields: Headers
    ) -> None:
        assert not storable(fields, rules, method="POST")


@pytest.mark.parametrize(
    ("fields", "lifetime", "expected"),
    [
        (Headers(), 0.0, False),
        (Headers(), 1.0, True),
        (control("public"), 0.0, False),
        (control("max-age=0"), 0.0, True),
        (headers(Expires="0"), 0.0, True),
        (headers(ETag='"1"'), 0.0, True),
        (headers(Last_Modified=date()), 0.0, True),
        (headers(Vary="*", ETag='"1"'), 60.0, False),
    ],
)
def test_what_could_never_be_reused_is_not_worth_storing(
    fields: Headers, lifetime: float, expected: bool
) -> None:
    # Section 3: "some caches will not store a response that has neither a cache validator nor an explicit
    # expiration time".
    assert is_worth_storing(fields, response_directives(fields), lifetime, is_shared=True) is expected


@both_kinds
class TestStoredFields:
    """Section 3.1: "MUST include all received response header fields -- including unrecognized ones"."""

    def test_unknown_fields_and_all_lines_are_stored(self, rules: CacheRules) -> None:
        fields = Headers(
            [("Foo", "1"), ("Set-Cookie", "a=b"), ("Set-Cookie", "c=d"), ("Content-Length", "3")]
        )
        assert kept(fields, rules) == fields

    def test_connection_and_what_it_lists_are_not(self, rules: CacheRules) -> None:
        fields = headers(Connection="a, B", a="1", b="2", c="3")
        assert kept(fields, rules) == headers(c="3")

    @pytest.mark.parametrize("name", ["Keep-Alive", "Proxy-Connection", "TE", "Transfer-Encoding", "Upgrade"])
    def test_fields_of_one_hop_are_not(self, rules: CacheRules, name: str) -> None:
        """RFC 9110 section 7.6.1 names them."""
        assert kept(Headers([(name, "x"), ("c", "3")]), rules) == headers(c="3")

    @pytest.mark.parametrize(
        "name", ["Proxy-Authenticate", "Proxy-Authentication-Info", "Proxy-Authorization"]
    )
    def test_fields_of_one_proxy_are_not(self, rules: CacheRules, name: str) -> None:
        # "specific to the proxy that a cache uses when forwarding a request MUST NOT be stored".
        assert kept(Headers([(name, "x"), ("c", "3")]), rules) == headers(c="3")

    def test_fields_that_no_cache_lists_are_not(self, rules: CacheRules) -> None:
        fields = headers(Cache_Control='max-age=60, no-cache="A, b"', a="1", b="2", c="3")
        assert kept(fields, rules).names() == ("cache-control", "c")

    def test_fields_that_private_lists_are_not_in_a_shared_cache(self, rules: CacheRules) -> None:
        fields = headers(Cache_Control='max-age=60, private="a"', a="1", c="3")
        assert ("a" in kept(fields, rules)) is not rules.is_shared


class TestUpdating:
    # Section 3.2: "MUST add each header field in the provided response ..., replacing field values that are
    # already present".

    def test_newer_fields_replace_older_ones(self) -> None:
        older = headers(A="1", B="1", Date=date())
        assert updated_headers(older, headers(a="2", C="3", Date=date(60))) == headers(
            B="1", a="2", C="3", Date=date(60)
        )

    def test_content_length_stays(self) -> None:
        # "with the following exceptions: ... The Content-Length header field".
        older = headers(Content_Length="5", Content_Type="text/plain")
        newer = headers(Content_Length="0", Content_Type="text/html")
        assert updated_headers(older, newer) == headers(Content_Length="5", Content_Type="text/html")

    def test_what_is_not_stored_does_not_update(self) -> None:
        # "Header fields excepted from storage in Section 3.1".
        newer = headers(Connection="b", b="2", Keep_Alive="x", Proxy_Authenticate="x", c="2")
        assert updated_headers(headers(b="1", c="1"), newer) == headers(b="1", c="2")

    def test_age_begins_anew(self) -> None:
        """Section 4.2: "since it was generated by, or successfully validated with, the origin server"."""
        assert updated_headers(headers(Age="100"), Headers()) == Headers()
        assert updated_headers(headers(Age="100"), headers(Age="3")) == headers(Age="3")


def test_what_is_forwarded_lacks_the_fields_of_the_connection() -> None:
    # RFC 9110 section 7.6.1: "MUST parse a received Connection header field before a message is forwarded".
    assert end_to_end(headers(Connection="a", a="1", TE="x", Proxy_Authorization="x", c="3")) == headers(
        Proxy_Authorization="x", c="3"
    )
    plain = headers(c="3")
    assert end_to_end(plain) is plain
