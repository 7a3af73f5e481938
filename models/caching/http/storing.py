"""What a cache may store, and what of it (RFC 9111 sections 3, 3.1, 3.2 and 3.5).

A response to GET may be stored; one to POST if it says that it is what GET would have had, by a
Content-Location of the same URI, and for how long (RFC 9110 section 9.3.3). One to HEAD has no content to
store, and updates what is stored instead.

Left out by name: partial content. A 206 is not stored, nor is an answer to a request with Range (RFC 9111
section 3.3: "MUST NOT store incomplete or partial-content responses if it does not support the Range and
Content-Range header fields").
"""

from __future__ import annotations

from .directives import RequestDirectives, ResponseDirectives
from .freshness import may_use_heuristics, states_lifetime
from .headers import Headers
from .messages import HttpRequest, HttpResponse
from .uris import normalised_uri, resolved
from .vary import ANY, nominated_fields

# The final status codes of RFC 9110 section 15 whose requirements on caching are met here: not 206, 304 and
# 416.
UNDERSTOOD_STATUSES = frozenset(
    {200, 201, 202, 203, 204, 205, 300, 301, 302, 303, 305, 307, 308}
    | {*range(400, 416), 417, 421, 422, 426}
    | set(range(500, 506))
)

# RFC 9110 section 7.6.1: of this connection alone, as are the fields that Connection lists.
_HOP_BY_HOP = frozenset(
    {"connection", "proxy-connection", "keep-alive", "te", "transfer-encoding", "upgrade"}
)
# RFC 9111 section 3.1: "specific to the proxy that a cache uses when forwarding a request".
_OF_ONE_PROXY = frozenset({"proxy-authenticate", "proxy-authentication-info", "proxy-authorization"})
_NOT_STORED = _HOP_BY_HOP | _OF_ONE_PROXY


def may_store(
    request: HttpRequest,
    asked: RequestDirectives,
    response: HttpResponse,
    directives: ResponseDirectives,
    *,
    is_shared: bool,
) -> bool:
    """Return whether section 3 lets the cache store the response to this request."""
    return (
        _is_method_cacheable(request, response, directives, is_shared=is_shared)
        and not asked.no_store
        and response.status >= 200
        and response.status not in (206, 304)
        and not forbids_storing(response.status, directives, is_shared=is_shared)
        and not (is_shared and is_for_one_user(request.headers, directives))
        and _is_marked_cacheable(response, directives, is_shared=is_shared)
    )


def forbids_storing(status: int, directives: ResponseDirectives, *, is_shared: bool) -> bool:
    """Return whether the directives of a response forbid this cache to store it."""
    if is_shared and directives.is_private:
        return True
    if directives.must_understand:
        # "SHOULD ignore the no-store directive if it understands and implements the status code's caching
        # requirements" (section 5.2.2.3).
        return status not in UNDERSTOOD_STATUSES
    return directives.no_store


def is_for_one_user(request_headers: Headers, directives: ResponseDirectives) -> bool:
    """Return whether a shared cache must keep the response to a request from others (section 3.5).

    So it is if the request had an Authorization, and the response none of the directives that allow it to be
    shared all the same.
    """
    if "authorization" not in request_headers:
        return False
    return not (directives.must_revalidate or directives.is_public or directives.s_maxage is not None)


def is_worth_storing(
    headers: Headers, directives: ResponseDirectives, lifetime: float, *, is_shared: bool
) -> bool:
    """Return whether a stored copy could ever be reused.

    It could not if it varies with everything, or has neither a lifetime nor a validator: "some caches will
    not store a response that has neither" (section 3).
    """
    if ANY in nominated_fields(headers):
        return False
    has_validator = "etag" in headers or "last-modified" in headers
    is_explicit = states_lifetime(headers, directives, is_shared=is_shared)
    return has_validator or is_explicit or lifetime > 0.0


def stored_headers(headers: Headers, directives: ResponseDirectives, *, is_shared: bool) -> Headers:
    """Return the fields that are stored: all but the exceptions of section 3.1."""
    left_out = _of_one_hop(headers, _NOT_STORED) | directives.no_cache_fields
    return headers.without(left_out | directives.private_fields if is_shared else left_out)


def updated_headers(stored: Headers, newer: Headers) -> Headers:
    """Return stored fields as a newer response updates them (section 3.2).

    Content-Length stays: it is of the stored content. An Age goes unless the newer response brings one: the
    age begins anew with a validation (section 4.2.3).
    """
    excepted = _of_one_hop(newer, _NOT_STORED) | {"content-length"}
    return stored.without(("age",)).updated(newer.without(excepted))


def end_to_end(headers: Headers) -> Headers:
    """Return the fields without those of one connection, which are not forwarded (RFC 9110 section 7.6.1)."""
    return headers.without(_of_one_hop(headers, _HOP_BY_HOP))


def _of_one_hop(headers: Headers, always: frozenset[str]) -> frozenset[str]:
    listed = headers.members("connection")
    return always | {name.lower() for name in listed} if listed else always


def _is_method_cacheable(
    request: HttpRequest, response: HttpResponse, directives: ResponseDirectives, *, is_shared: bool
) -> bool:
    if request.method == "GET":
        return "range" not in request.headers
    if request.method != "POST":
        return False
    location = response.headers.first("content-location")
    if location is None or not states_lifetime(response.headers, directives, is_shared=is_shared):
        return False
    described = resolved(location, request.uri)
    return described is not None and normalised_uri(described) == normalised_uri(request.uri)


def _is_marked_cacheable(response: HttpResponse, directives: ResponseDirectives, *, is_shared: bool) -> bool:
    """Return whether the response has at least one of the signs at the end of section 3."""
    return states_lifetime(response.headers, directives, is_shared=is_shared) or may_use_heuristics(
        response.status, directives, is_shared=is_shared
    )
