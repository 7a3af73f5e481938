"""A site: what an origin server does with HTTP requests for its representations.

It answers GET and HEAD with the present representation (200), with a 304 where a precondition of the request
says that the caller has it already (If-None-Match, which weakly compared comes before If-Modified-Since), or
with a 404. PUT, POST and PATCH put the body of the request in its place, DELETE takes it away; both end in a
204. Each answer has a Date; each 200 and 304 a Last-Modified and an ETag if the site gives such, and the
fields that it says for its URI, Cache-Control above all. A PUT or POST of what was not there ends in a 201.

A full answer costs `render_work` of a core, a 304 and whatever else `check_work`: validation saves a site its
bytes, and its work only if it can tell by less than making the page whether that has changed.

What the site has is not lost in a crash. Leaves out: content negotiation (make two URIs of it, or a step of
your own), If-Match and If-Unmodified-Since, ranges. Source: RFC 9110, sections 8.8, 9.3 and 13.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from simulator import Environment

from ...infrastructure import Host
from ...request import Request, Response
from ...services import Handler, Instance, Step
from ...validation import require_delay, require_kind
from ..http import Headers, HttpRequest, HttpResponse, format_http_date, parse_http_date
from .exchange import Representation, answering, message_of, unix_time

Fields = Iterable[tuple[str, str]]
_CHANGING = frozenset({"PUT", "POST", "PATCH"})


@dataclass(slots=True)
class _Resource:
    """What is at a URI now: its representation, the count of its changes, and when it was changed last."""

    representation: Representation
    version: int
    modified_at: float


class Site(Step):
    """Has a representation for each URI in `contents`, and says `headers` of it: a list, or what a URI gives.

    `has_etags` and `has_dates` say whether answers carry an ETag and a Last-Modified. `render_work` and
    `check_work` are in seconds of a core (>= 0). `full_count`, `not_modified_count` and `change_count` count
    answers of 200, of 304, and changes. `change` changes a representation as an editor would, without a
    request.

    Example::

        pages = {"/": Representation("home", 20_000)}
        site = Site(env, pages, headers=[("Cache-Control", "max-age=60")], render_work=0.02)
        server = Instance(env, host, site)
    """

    __slots__ = (
        "_env",
        "_headers",
        "_resources",
        "_version",
        "change_count",
        "check_work",
        "full_count",
        "has_dates",
        "has_etags",
        "not_modified_count",
        "render_work",
    )

    def __init__(
        self,
        env: Environment,
        contents: Mapping[str, Representation],
        *,
        headers: Fields | Callable[[str], Fields] = (),
        has_etags: bool = True,
        has_dates: bool = True,
        render_work: float = 0.0,
        check_work: float = 0.0,
    ) -> None:
        """Have all of it, as of now."""
        require_kind("contents", contents, Mapping)
        require_kind("has_etags", has_etags, bool)
        require_kind("has_dates", has_dates, bool)
        require_delay("render_work", render_work)
        require_delay("check_work", check_work)
        self._env = env
        self._headers = headers if callable(headers) else _always(Headers(headers))
        self.has_etags = has_etags
        self.has_dates = has_dates
        self.render_work = render_work
        self.check_work = check_work
        self.full_count = 0
        self.not_modified_count = 0
        self.change_count = 0
        self._resources: dict[str, _Resource] = {}
        self._version = 0
        for uri, representation in contents.items():
            self._put(uri, representation, None)

    def handler(self, instance: Instance) -> Handler:
        """Return what answers requests in `instance`."""

        def handle(instance: Instance, request: Request) -> Generator[Any, Any, Response]:
            message = message_of(request)
            if message.method in ("GET", "HEAD"):
                return (yield from self._show(instance, message))
            if self.check_work:
                yield from instance.work(self.check_work)
            return answering(self._changed(message, instance.host))

        return handle

    # -- showing --------------------------------------------------------------------------------------------

    def _show(self, instance: Instance, message: HttpRequest) -> Generator[Any, Any, Response]:
        resource = self._resources.get(message.uri)
        is_full = resource is not None and not self._is_not_modified(message, resource)
        work = self.render_work if is_full else self.check_work
        if work:
            yield from instance.work(work)
            # As it is now: while it was worked on it may have been changed.
            resource = self._resources.get(message.uri)
            is_full = is_full or (resource is not None and not self._is_not_modified(message, resource))
        now = unix_time(self._env, instance.host)
        lines = [("Date", format_http_date(now))]
        if resource is None:
            return answering(HttpResponse(status=404, headers=Headers(lines)))
        headers = Headers([*lines, *self._validators(resource, now), *self._headers(message.uri)])
        if not is_full:
            self.not_modified_count += 1
            return answering(HttpResponse(status=304, headers=headers))
        self.full_count += 1
        body = None if message.method == "HEAD" else resource.representation
        return answering(HttpResponse(status=200, headers=headers, body=body))

    def _validators(self, resource: _Resource, now: float) -> Generator[tuple[str, str], None, None]:
        if self.has_etags:
            yield "ETag", _tag(resource)
        if self.has_dates:
            # Never after the Date, though the clock may have been set back since (RFC 9110 section 8.8.2.1).
            yield "Last-Modified", format_http_date(min(resource.modified_at, now))

    def _is_not_modified(self, message: HttpRequest, resource: _Resource) -> bool:
        headers = message.headers
        if "if-none-match" in headers:
            tags = headers.members("if-none-match")
            return "*" in tags or (self.has_etags and any(_is_same(tag, _tag(resource)) for tag in tags))
        since = headers.lines_of("if-modified-since")
        if len(since) != 1 or not self.has_dates:
            return False
        time = parse_http_date(since[0], unix_time(self._env, None))
        # Dates have whole seconds: what changes twice in one looks unchanged, which is why there are tags.
        return time is not None and resource.modified_at // 1.0 <= time

    # -- changing -------------------------------------------------------------------------------------------

    def change(self, uri: str, representation: Representation) -> None:
        """Put a representation in the place of what is at `uri`."""
        self.change_count += 1
        self._put(uri, representation, None)

    def _changed(self, message: HttpRequest, host: Host) -> HttpResponse:
        date = Headers([("Date", format_http_date(unix_time(self._env, host)))])
        if message.method in _CHANGING:
            body = message.body
            if not isinstance(body, Representation):
                return HttpResponse(status=400, headers=date)
            self.change_count += 1
            is_new = message.uri not in self._resources
            self._put(message.uri, body, host)
            if is_new:  # "MUST inform the user agent by sending a 201" (RFC 9110 section 9.3.4)
                return HttpResponse(status=201, headers=date)
        elif message.method == "DELETE":
            if self._resources.pop(message.uri, None) is None:
                return HttpResponse(status=404, headers=date)
            self.change_count += 1
        else:
            return HttpResponse(status=501, headers=date)
        return HttpResponse(status=204, headers=date)

    def _put(self, uri: str, representation: Representation, host: Host | None) -> None:
        require_kind(f"contents of {uri!r}", representation, Representation)
        # One number for all, so that a URI whose content was deleted and came back has a tag of its own.
        self._version += 1
        self._resources[uri] = _Resource(representation, self._version, unix_time(self._env, host))

    def present(self, uri: str) -> Representation | None:
        """Return what is at `uri` now, for observers."""
        resource = self._resources.get(uri)
        return None if resource is None else resource.representation


def _tag(resource: _Resource) -> str:
    return f'"{resource.version}"'


def _is_same(one: str, other: str) -> bool:
    """Whether two tags are the same, weak or not."""
    return one.removeprefix("W/") == other.removeprefix("W/")


def _always(headers: Headers) -> Callable[[str], Fields]:
    return lambda uri: headers
