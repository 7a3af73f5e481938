"""What the tests of HTTP caching share: a time, and short ways to say a message and a stored response."""

from __future__ import annotations

from models.caching.http import CacheRules, Headers, HttpResponse, StoredResponse, format_http_date
from models.caching.http.stored_response import stored_response

NOW = 1_767_225_600.0
NONE = Headers()
SHARED = CacheRules(is_shared=True)
PRIVATE = CacheRules(is_shared=False)
KINDS = (SHARED, PRIVATE)


def kind(rules: CacheRules) -> str:
    """Return how a parametrised test names the kind of cache."""
    return "shared" if rules.is_shared else "private"


def headers(**fields: str) -> Headers:
    """Return headers whose names have an underscore for each hyphen."""
    return Headers((name.replace("_", "-"), value) for name, value in fields.items())


def control(value: str) -> Headers:
    """Return headers with that Cache-Control alone."""
    return Headers([("Cache-Control", value)])


def date(after: float = 0.0) -> str:
    """Return the date so many seconds after NOW."""
    return format_http_date(NOW + after)


def stored(
    fields: Headers,
    *,
    rules: CacheRules = SHARED,
    status: int = 200,
    asked: Headers = NONE,
    request_time: float = NOW,
    response_time: float = NOW,
    body: object = None,
) -> StoredResponse:
    """Return a stored response with these fields, received NOW at the URI `/item`."""
    return stored_response(
        key="/item",
        request_headers=asked,
        response=HttpResponse(status=status, headers=fields, body=body),
        rules=rules,
        request_time=request_time,
        response_time=response_time,
    )
