"""A user agent: asks in HTTP for who does not speak it, and says in GameDay's terms what came of it.

A read (`get`, `read`) is a GET of the URI that its key names, whatever else has a value (`put`, `write`,
`set`) a PUT of that, `delete` a DELETE. The answer's value is the content of the body; a 404 is an answer
without a value. Any other status from 400 on is a `ServerError`, but for the 504 of a cache that was asked
for only what it has: that is `Unavailable`, since nothing was done.

It adds the same fields to every request, such as `Cache-Control: no-cache` for users who reload.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ...endpoint import Call, Endpoint, Wrapper
from ...failures import CallFailed, ServerError, Unavailable
from ...request import Request
from ..http import Headers, HttpRequest, HttpResponse
from .exchange import Representation, answer_of, carrying

_METHODS = {"get": "GET", "read": "GET", "put": "PUT", "write": "PUT", "set": "PUT", "delete": "DELETE"}


class UserAgent(Wrapper):
    """Asks `target` in HTTP; a key that is no text is the path `/<key>`. `headers` go with each request.

    Raises `ValueError`, in the run, for an operation that it does not know. Example::

        users = OpenLoop(env, UserAgent(browser_cache), rate=10.0, keys=ZipfKeys(env, 100))
    """

    def __init__(
        self, target: Endpoint, *, headers: Iterable[tuple[str, str]] = (), name: str = "user agent"
    ) -> None:
        super().__init__(target, name=name)
        self.headers = Headers(headers)

    def call(self, request: Request) -> Call:
        """Ask for what `request` asks for."""
        asked = self._message(request)
        response = yield from self.target.call(carrying(asked, like=request))
        message = answer_of(response)
        if message.status >= 400 and message.status != 404:
            raise _failure(asked, message)
        body = message.body
        content, size_bytes = None, 0
        if isinstance(body, Representation):
            content, size_bytes = body.content, body.size_bytes
        return replace(response, value=content, size_bytes=size_bytes)

    def _message(self, request: Request) -> HttpRequest:
        method = _METHODS.get(request.operation)
        if method is None:
            raise ValueError(
                f"operation must be one of {', '.join(_METHODS)} for {self.name}, got {request.operation!r}"
            )
        body = Representation(request.value, request.size_bytes) if method == "PUT" else None
        return HttpRequest(method=method, uri=uri_of(request.key), headers=self.headers, body=body)


def uri_of(key: object) -> str:
    """Return the URI that a key names."""
    return key if isinstance(key, str) else f"/{key}"


def _failure(asked: HttpRequest, message: HttpResponse) -> CallFailed:
    # What a 504 says of a change is that nobody knows what has become of it.
    if message.status == 504 and asked.method == "GET":
        return Unavailable("504: not in the cache")
    return ServerError(f"status {message.status}")
