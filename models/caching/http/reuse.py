"""Whether a stored response may answer a request, and which one does (RFC 9111 section 4).

What a request asks is advice that a cache may follow (section 5.2.1), and this one does:

    no-cache        always validate
    max-age         not older than that; and not stale, unless max-stale is there too
    min-fresh       fresh for so much longer
    max-stale       a response that is stale by no more than that will do

What a response says comes first: no-cache is validated before each use; must-revalidate, and for a shared
cache proxy-revalidate and s-maxage, forbid it to be stale, whatever permits it (sections 4.2.4 and 5.2.2). So
s-maxage is more than a max-age for some: after it stale-while-revalidate does nothing in a shared cache, here
as at Cloudflare and in Envoy; Vercel's CDN serves what is stale after it all the same.

    stale-while-revalidate  it may be stale by so much while it is validated (RFC 5861 section 3)
    stale-if-error          the same if there is an error, "regardless of other freshness information"
                            (section 4)
    immutable               while it is fresh a request's max-age, as a reload sends it, asks for no
                            validation; no-cache does (RFC 8246 section 2). It counts without HTTPS too,
                            where section 3 would have a client ignore it

A bound on staleness includes its end: "by no more than the specified number of seconds", "up to the indicated
number of seconds". Freshness does not: a response is stale when its age equals its lifetime.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from .directives import RequestDirectives
from .headers import Headers
from .rules import CacheRules
from .stored_response import StoredResponse
from .vary import is_match

# RFC 5861 section 4: what counts as an error.
ERROR_STATUSES = frozenset({500, 502, 503, 504})


class Permission(StrEnum):
    """By what right a stored response answers a request."""

    FRESH = "fresh"
    MAX_STALE = "max-stale"
    STALE_WHILE_REVALIDATE = "stale-while-revalidate"
    STALE_IF_ERROR = "stale-if-error"
    DISCONNECTED = "disconnected"
    VALIDATED = "validated"


def matching_responses(
    variants: Iterable[StoredResponse], request_headers: Headers
) -> tuple[StoredResponse, ...]:
    """Return the stored responses of a URI that the request could have been answered with, the best first.

    Those with a Vary come before those without, since a resource may omit it from its default response
    (section 4.1); then "the most recent one (as determined by the Date header field)" (section 4), and of the
    same second the one that came later.
    """
    matching = [stored for stored in variants if is_match(stored.selecting, request_headers)]
    if len(matching) > 1:
        matching.sort(key=_rank, reverse=True)
    return tuple(matching)


def permission_to_reuse(
    stored: StoredResponse, asked: RequestDirectives, now: float, rules: CacheRules
) -> Permission | None:
    """Return by what right the response may be used without asking the origin first, or None."""
    if asked.no_cache or stored.directives.no_cache:
        return None
    age = stored.age(now)
    is_fresh = stored.lifetime > age
    is_too_old = asked.max_age is not None and age > asked.max_age
    if is_too_old and not (is_fresh and stored.directives.is_immutable):
        return None
    if is_fresh:
        is_fresh_enough = asked.min_fresh is None or stored.lifetime >= age + asked.min_fresh
        return Permission.FRESH if is_fresh_enough else None
    if asked.min_fresh is not None or forbids_stale(stored, rules):
        return None
    return _permission_to_be_stale(stored, asked, age - stored.lifetime)


def permission_after_error(
    stored: StoredResponse, asked: RequestDirectives, now: float, rules: CacheRules, *, is_disconnected: bool
) -> Permission | None:
    """Return by what right the response may be used after an error of the origin, or no answer."""
    if asked.no_cache or forbids_stale(stored, rules):
        return None
    staleness = stored.staleness(now)
    # Client and origin server may each permit it (section 4.2.4), so one of them is enough.
    for limit in (stored.directives.stale_if_error, asked.stale_if_error):
        if limit is not None and staleness <= limit:
            return Permission.STALE_IF_ERROR
    is_wanted = asked.max_age is None and asked.min_fresh is None
    if is_disconnected and is_wanted and staleness <= rules.stale_if_disconnected > 0.0:
        return Permission.DISCONNECTED
    return None


def forbids_stale(stored: StoredResponse, rules: CacheRules) -> bool:
    """Return whether the response itself forbids that it is used stale."""
    said = stored.directives
    if said.no_cache or said.must_revalidate:
        return True
    return rules.is_shared and (said.proxy_revalidate or said.s_maxage is not None)


def _rank(stored: StoredResponse) -> tuple[bool, float, float]:
    return (bool(stored.selecting), stored.date, stored.response_time)


def _permission_to_be_stale(
    stored: StoredResponse, asked: RequestDirectives, staleness: float
) -> Permission | None:
    if asked.max_stale is not None and staleness <= asked.max_stale:
        return Permission.MAX_STALE
    if asked.max_age is not None:  # "does not wish to receive a stale response": section 5.2.1.1
        return None
    window = stored.directives.stale_while_revalidate
    return Permission.STALE_WHILE_REVALIDATE if window is not None and staleness <= window else None
