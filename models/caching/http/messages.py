"""Requests and responses as a cache sees them: plain values, without a wire format.

A body is whatever the user of the module takes for one; nothing here looks into it. None stands for no
content.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...validation import require_kind
from .headers import NO_HEADERS, Headers

# RFC 9110 section 9.2.1. All others, unknown ones too, may change something at the origin.
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """A request.

    Attributes:
        method: in upper case as a rule: methods are case-sensitive (RFC 9110 section 9.1).
        uri: the target URI; a bare path or a name will do.
        headers: the field lines.
        body: whatever is sent with it.
    """

    method: str = "GET"
    uri: str
    headers: Headers = NO_HEADERS
    body: object = None

    def __post_init__(self) -> None:
        require_kind("method", self.method, str)
        require_kind("uri", self.uri, str)
        require_kind("headers", self.headers, Headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """A response, final or not.

    Attributes:
        status: the status code, 100 to 999.
        headers: the field lines.
        body: whatever it carries.
    """

    status: int = 200
    headers: Headers = NO_HEADERS
    body: object = None

    def __post_init__(self) -> None:
        require_kind("status", self.status, int)
        if not 100 <= self.status <= 999:
            raise ValueError(f"status must be from 100 to 999, got {self.status}")
        require_kind("headers", self.headers, Headers)

    def with_headers(self, headers: Headers) -> HttpResponse:
        """Return the response with these field lines in place of its own; itself if they are its own."""
        if headers is self.headers:
            return self
        return HttpResponse(status=self.status, headers=headers, body=self.body)
