"""HTTP messages as values of a simulation's requests and responses, and the time as their dates tell it.

A request of GameDay carries an `HttpRequest` as its value; its operation is the method and its key the URI,
so that whatever routes, counts or records by these goes on doing so. The value of a response is an
`HttpResponse`. Every final response is an answer, a 404 as well: what has failed on the way is a `CallFailed`
as everywhere, and what an origin's own trouble means in HTTP is in `ERROR_STATUS`.

Times in headers are dates, so the simulation begins at one: `EPOCH`, 2026-01-01T00:00:00Z. Each host goes by
its own clock, skewed or not, as caches and origins do.

A message weighs its start line, its field lines and its body, as in HTTP/1.1; HTTP/2 would compress the first
two.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from simulator import Environment

from ...failures import BreakerOpen, CallFailed, Rejected, ServerError, Unavailable
from ...infrastructure import Host
from ...request import Request, Response
from ...validation import require_count
from ..http import Headers, HttpRequest, HttpResponse

EPOCH = 1_767_225_600.0
"""The time at which simulations begin, in seconds since the Unix epoch."""

ERROR_STATUS: dict[type[CallFailed], int] = {
    ServerError: 500,
    Rejected: 503,
    Unavailable: 503,
    BreakerOpen: 503,
}
"""The status of failures that say that somebody is there and cannot answer; others are no connection."""

_START_LINE_BYTES = 20


@dataclass(frozen=True, slots=True)
class Representation:
    """The body of a message: any `content`, which weighs `size_bytes` (>= 0)."""

    content: Any
    size_bytes: int = 0

    def __post_init__(self) -> None:
        """Check the weight."""
        require_count("size_bytes", self.size_bytes, lowest=0)


def http_request(
    uri: str,
    *,
    method: str = "GET",
    headers: Iterable[tuple[str, str]] = (),
    body: Representation | None = None,
) -> Request:
    """Return the request of GameDay that carries an HTTP request."""
    return carrying(HttpRequest(method=method, uri=uri, headers=Headers(headers), body=body))


def carrying(message: HttpRequest, like: Request | None = None) -> Request:
    """Return a request that carries `message`, and is like another one in all else."""
    size_bytes = weight(message.headers, message.body) + len(message.uri)
    if like is None:
        return Request(message.method, message.uri, message, size_bytes)
    return Request(
        message.method,
        message.uri,
        message,
        size_bytes,
        like.priority,
        like.deadline,
        like.idempotency_key,
        like.origin,
    )


def answering(
    message: HttpResponse, as_of: float | None = None, *, degraded: tuple[str, ...] = ()
) -> Response:
    """Return a response that carries `message`; what it says is as of a time, or of now (`None`)."""
    return Response(message, degraded, weight(message.headers, message.body), as_of=as_of)


def retold(response: Response, message: HttpResponse) -> Response:
    """Return a response that carries `message`, and says all else that another one says."""
    if message is response.value:
        return response
    return replace(response, value=message, size_bytes=weight(message.headers, message.body))


def weight(headers: Headers, body: object) -> int:
    """Return what a message weighs, in bytes."""
    content_bytes = body.size_bytes if isinstance(body, Representation) else 0
    return _START_LINE_BYTES + headers.size_bytes + content_bytes


def message_of(request: Request) -> HttpRequest:
    """Return the HTTP request that a request carries. Raises `TypeError` if it carries none."""
    if not isinstance(request.value, HttpRequest):
        raise TypeError(f"value of the request must be an HttpRequest (see UserAgent), got {request.value!r}")
    return request.value


def answer_of(response: Response) -> HttpResponse:
    """Return the HTTP response that a response carries. Raises `TypeError` if it carries none."""
    if not isinstance(response.value, HttpResponse):
        raise TypeError(f"value of the response must be an HttpResponse (see Site), got {response.value!r}")
    return response.value


def error_status(failure: CallFailed) -> int | None:
    """Return the status that a failure means, `None` where there was no connection, or no answer."""
    return next((status for kind, status in ERROR_STATUS.items() if isinstance(failure, kind)), None)


def unix_time(env: Environment, host: Host | None) -> float:
    """Return the time by the clock of `host`, or the true one, in seconds since the Unix epoch."""
    return EPOCH + (env.now if host is None else host.clock())
