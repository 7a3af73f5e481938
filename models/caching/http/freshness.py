"""How long a response is fresh and how old it is (RFC 9111 section 4.2).

    freshness lifetime   s-maxage (shared caches), else max-age, else Expires - Date, else a heuristic; the
                         first that is there, valid or not: what is invalid is stale (section 4.2.1)
    initial age          max(response time - Date, Age + the time that the exchange took)
    current age          initial age + time since the response was received
    fresh                lifetime > current age

Date stands for the time of receipt where there is none, or none that can be read.

Of the two ways to an initial age this is the careful one: it believes Date as well as Age, so that a cache on
the way that sets no Age does not make the response look new. Its price is that an origin whose clock is
behind makes its responses look old; Expires - Date in turn cancels the skew of that clock.
"""

from __future__ import annotations

from .dates import parse_http_date
from .directives import ResponseDirectives
from .field_syntax import delta_seconds
from .headers import Headers
from .rules import CacheRules

# RFC 9110 section 15.1, without 206, whose ranges this cache does not implement.
HEURISTICALLY_CACHEABLE = frozenset({200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501})


def date_value(headers: Headers, response_time: float) -> float:
    """Return when the response was generated: its Date, or else the time of receipt."""
    return _valid_date(headers, "date", response_time, otherwise=response_time)


def age_value(headers: Headers) -> int:
    """Return the Age that came with the response, in seconds, or 0 if there is none that is valid.

    "SHOULD use the first member of the field value, discarding subsequent ones", and ignore it if it is no
    non-negative integer (RFC 9111 section 5.1).
    """
    members = headers.members("age")
    return (delta_seconds(members[0]) or 0) if members else 0


def initial_age(headers: Headers, request_time: float, response_time: float) -> float:
    """Return the corrected_initial_age: how old the response was when it was received, in seconds."""
    # Where the apparent age is negative, and counts as 0, the other is at least 0.
    apparent_age = response_time - date_value(headers, response_time)
    return max(apparent_age, age_value(headers) + (response_time - request_time))


def freshness_lifetime(
    status: int, headers: Headers, directives: ResponseDirectives, rules: CacheRules, response_time: float
) -> float:
    """Return for how many seconds since it was generated the response is fresh; 0 or less is never."""
    explicit = explicit_lifetime(headers, directives, response_time, is_shared=rules.is_shared)
    if explicit is not None:
        return explicit
    if not may_use_heuristics(status, directives, is_shared=rules.is_shared):
        return 0.0
    return _heuristic_lifetime(headers, rules, response_time)


def explicit_lifetime(
    headers: Headers, directives: ResponseDirectives, response_time: float, *, is_shared: bool
) -> float | None:
    """Return the lifetime that the response states, or None if it states none."""
    if is_shared and directives.s_maxage is not None:
        return directives.s_maxage
    if directives.max_age is not None:
        return directives.max_age
    if "expires" not in headers:
        return None
    # "MUST interpret invalid date formats, especially the value "0", as representing a time in the past"
    # (section 5.3).
    date = date_value(headers, response_time)
    return _valid_date(headers, "expires", response_time, otherwise=date) - date


def states_lifetime(headers: Headers, directives: ResponseDirectives, *, is_shared: bool) -> bool:
    """Return whether the response states a lifetime for this cache, be it valid or not."""
    is_for_shared = is_shared and directives.s_maxage is not None
    return is_for_shared or directives.max_age is not None or "expires" in headers


def may_use_heuristics(status: int, directives: ResponseDirectives, *, is_shared: bool) -> bool:
    """Return whether a lifetime may be guessed where none is stated (RFC 9111 section 4.2.2).

    That takes a status that is defined as heuristically cacheable, or a mark that the response is cacheable:
    public, or private for a private cache (sections 5.2.2.9 and 5.2.2.7).
    """
    is_marked = directives.is_public or (directives.is_private and not is_shared)
    return is_marked or status in HEURISTICALLY_CACHEABLE


def _heuristic_lifetime(headers: Headers, rules: CacheRules, response_time: float) -> float:
    date = date_value(headers, response_time)
    unchanged = date - _valid_date(headers, "last-modified", response_time, otherwise=date)
    return min(rules.heuristic_fraction * max(0.0, unchanged), rules.heuristic_lifetime_max)


def _valid_date(headers: Headers, name: str, now: float, *, otherwise: float) -> float:
    """Return the date in that field, or `otherwise` for none, an invalid one or several that differ."""
    values = set(headers.lines_of(name))
    date = parse_http_date(values.pop(), now) if len(values) == 1 else None
    return otherwise if date is None else date
