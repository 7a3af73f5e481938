"""A stored response: what was received, with all that a decision needs read from it once.

A cache decides far more often than it stores, so directives, dates and validators are parsed here and not at
each request.
"""

from __future__ import annotations

from dataclasses import dataclass

from .dates import parse_http_date
from .directives import ResponseDirectives, response_directives
from .entity_tags import entity_tag
from .freshness import date_value, freshness_lifetime, initial_age
from .headers import Headers
from .messages import HttpResponse
from .rules import CacheRules
from .storing import stored_headers
from .vary import Selecting, nominated_fields, selecting_values


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class StoredResponse:
    """One response in a cache. Two are the same only if they are one object: each exchange makes its own.

    It can be referred to weakly, by who knows more of it for as long as it is somewhere.

    Attributes:
        key: the primary key, the normal form of the target URI.
        request_headers: of the request that it answered.
        response: status, fields and body as stored.
        headers_without_age: its fields but for Age, which is told anew at each use.
        request_time, response_time: when the request went out and the answer came, in seconds since the
            epoch.
        directives: its Cache-Control.
        selecting: the request fields that it was chosen by.
        date: when it was generated, in seconds since the epoch.
        lifetime: its freshness lifetime, in seconds.
        initial_age: how old it was when it came, in seconds.
        entity_tag: its ETag, or None.
        last_modified: its Last-Modified as it was written, or None if that is no date.
        modified: the same in seconds since the epoch; without it, the date (RFC 9111 section 4.3.2).
    """

    key: str
    request_headers: Headers
    response: HttpResponse
    headers_without_age: Headers
    request_time: float
    response_time: float
    directives: ResponseDirectives
    selecting: Selecting
    date: float
    lifetime: float
    initial_age: float
    entity_tag: str | None
    last_modified: str | None
    modified: float

    def age(self, now: float) -> float:
        """Return its current age in seconds (RFC 9111 section 4.2.3); a clock that went back adds nothing."""
        return self.initial_age + max(0.0, now - self.response_time)

    def is_fresh(self, now: float) -> bool:
        """Return whether its freshness lifetime exceeds its age."""
        return self.lifetime > self.age(now)

    def staleness(self, now: float) -> float:
        """Return for how many seconds it has been stale; less than 0 while it is fresh."""
        return self.age(now) - self.lifetime

    @property
    def has_validator(self) -> bool:
        """Whether a conditional request can name it."""
        return self.entity_tag is not None or self.last_modified is not None


def stored_response(
    *,
    key: str,
    request_headers: Headers,
    response: HttpResponse,
    rules: CacheRules,
    request_time: float,
    response_time: float,
) -> StoredResponse:
    """Read a response that is to be stored, and leave out the fields that must not be."""
    directives = response_directives(response.headers)
    headers = stored_headers(response.headers, directives, is_shared=rules.is_shared)
    date = date_value(response.headers, response_time)
    last_modified = headers.first("last-modified")
    modified = None if last_modified is None else parse_http_date(last_modified, response_time)
    return StoredResponse(
        key=key,
        request_headers=request_headers,
        response=response.with_headers(headers),
        headers_without_age=headers.without(("age",)),
        request_time=request_time,
        response_time=response_time,
        directives=directives,
        selecting=selecting_values(nominated_fields(response.headers), request_headers),
        date=date,
        lifetime=freshness_lifetime(response.status, response.headers, directives, rules, response_time),
        initial_age=initial_age(response.headers, request_time, response_time),
        entity_tag=entity_tag(headers),
        last_modified=None if modified is None else last_modified,
        modified=date if modified is None else modified,
    )
