"""Runs cases in the form of the public http-tests/cache-tests suite, on a clock of its own.

A case is a list of requests. Each says what the client sends, what the origin answers if it is asked, and
what the client should then see. The suite's `export.mjs` prints its cases as JSON: a list of groups, each
with `id` and `tests`; a test has `id`, `kind` (required if there is none, optimal, check), `requests` and
`depends_on`.

Between the client and the origin stands one `HttpCache`. No time passes but what the case asks for (three
seconds for `pause_after`, `response_pause`) and a hundredth of a second for each journey to the origin.

What the case may ask is the suite's; the words and the code are ours. Not run: `async`, where two requests
are under way at once, since collapsing them is no decision of the cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from models.caching.http import (
    CacheRules,
    Forward,
    Headers,
    HttpCache,
    HttpRequest,
    HttpResponse,
    Serve,
    format_http_date,
)

Config = dict[str, Any]
Line = tuple[str, str]

# Somewhere in a second, as clocks are, and in a year that reads two digits as the suite means them.
START: Final = 1_767_225_600.25
PAUSE: Final = 3.0
JOURNEY: Final = 0.005
NO_CONTENT: Final = (204, 304)
_DATES = ("date", "expires", "last-modified", "if-modified-since", "if-unmodified-since")
_LOCATIONS = ("location", "content-location")
_ORIGIN = "http://origin.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What the client got: the answer, and the interim ones before it."""

    response: HttpResponse
    interim: list[HttpResponse] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A request that came to the origin, and the response fields that the case lets check."""

    number: int
    request: HttpRequest
    promised: Headers


@dataclass(frozen=True, slots=True)
class Exchanges:
    """All that happened in one case."""

    received: list[Received]
    seen: list[Seen]


class ScriptedOrigin:
    """Answers as the case says for the number of the request, and remembers what it was asked."""

    def __init__(self, case: Config) -> None:
        self.configs: list[Config] = case["requests"]
        self.body = body_of(case)
        self.seen: list[Seen] = []
        self._sent: dict[int, Headers] = {}

    def config(self, request: HttpRequest) -> Config:
        """Return what the case says of this request."""
        return self.configs[int(request.headers.first("req-num") or "0") - 1]

    def interim(self, request: HttpRequest) -> Iterator[HttpResponse]:
        """Yield the responses before the final one."""
        for status, *rest in self.config(request).get("interim_responses", ()):
            yield HttpResponse(status=status, headers=Headers(map(tuple, rest[0] if rest else ())))

    def answer(self, request: HttpRequest, now: float) -> HttpResponse | None:
        """Return the response, or None for a connection that closes."""
        config = self.config(request)
        number = self.configs.index(config) + 1
        path = request.uri.removeprefix(_ORIGIN)
        status = self._status(config, number, request)
        own = [
            ("Server-Base-Url", path),
            ("Server-Request-Count", str(len(self.seen) + 1)),
            ("Client-Request-Count", str(number)),
            ("Server-Now", str(int(now * 1000))),
        ]
        given = [(resolve_line(line, config, now, path), line) for line in config.get("response_headers", ())]
        headers = Headers([*own, *(line for line, _raw in given)])
        promised = [line for line, raw in given if len(raw) < 3 or raw[-1] is True]
        self._sent[number] = headers
        self.seen.append(Seen(number=number, request=request, promised=Headers(promised)))
        if config.get("disconnect"):
            return None
        for name, value in (("Content-Type", "text/plain"), ("Date", format_http_date(now))):
            headers = headers if name in headers else headers.with_line(name, value)
        numbers = " ".join(str(seen.number) for seen in self.seen)
        body = None if status in NO_CONTENT else config.get("response_body") or self.body
        return HttpResponse(status=status, headers=headers.with_line("Request-Numbers", numbers), body=body)

    def _status(self, config: Config, number: int, request: HttpRequest) -> int:
        """Return the status; a request that should have asked for validation, and did not, gets a 999."""
        if not config.get("expected_type", "").endswith("validated"):
            return int(config.get("response_status", [200])[0])
        before = self._sent.get(number - 1) or Headers(
            (line[0], str(line[1])) for line in self.configs[number - 2].get("response_headers", ())
        )
        for validator, asked in (("last-modified", "if-modified-since"), ("etag", "if-none-match")):
            values = before.lines_of(validator)
            if values and request.headers.combined(asked) == values[-1]:
                return 304
        return 999


def run_case(case: Config, rules: CacheRules) -> Exchanges:
    """Send the requests of a case through an empty cache, one after the other."""
    origin = ScriptedOrigin(case)
    journey = Journey(cache=HttpCache(store={}, rules=rules), origin=origin, now=START)
    received: list[Received] = []
    for number, config in enumerate(case["requests"], start=1):
        last = received[-1].response.headers if received else Headers()
        received.append(journey.ask(client_request(case, number, last)))
        if config.get("pause_after"):
            journey.now += PAUSE
    return Exchanges(received, origin.seen)


@dataclass(slots=True)
class Journey:
    """Carries requests and responses between client, cache and origin."""

    cache: HttpCache
    origin: ScriptedOrigin
    now: float

    def ask(self, request: HttpRequest) -> Received:
        """Return what the client gets for its request."""
        decision = self.cache.on_request(request, self.now)
        if isinstance(decision, Forward):
            return self._forward(decision)
        if isinstance(decision, Serve) and decision.revalidation is not None:
            self._forward(decision.revalidation)
        return Received(response=decision.response)

    def _forward(self, forward: Forward) -> Received:
        sent = self.now
        interim = [
            self.cache.on_response(forward, one, request_time=sent, response_time=sent).response
            for one in self.origin.interim(forward.request)
        ]
        self.now += JOURNEY + float(self.origin.config(forward.request).get("response_pause", 0))
        response = self.origin.answer(forward.request, self.now)
        self.now += JOURNEY
        if response is None:
            return Received(response=self.cache.on_error(forward, self.now).response)
        outcome = self.cache.on_response(forward, response, request_time=sent, response_time=self.now)
        self.cache.apply(outcome)
        if outcome.retry is not None:
            return self._forward(outcome.retry)
        assert outcome.response is not None, "an outcome has a response or says what to send instead"
        return Received(response=outcome.response, interim=[one for one in interim if one is not None])


def client_request(case: Config, number: int, last: Headers) -> HttpRequest:
    """Return the request of that number, from 1, that follows a response with these fields."""
    config = case["requests"][number - 1]
    lines: list[Line] = []
    for name, value, *_rest in config.get("request_headers", ()):
        is_magic = config.get("magic_ims") and name.lower() == "if-modified-since"
        lines.append(expected_line([name, value], config, last) if is_magic else (name, str(value)))
    if config.get("cache") == "no-cache":  # how a browser asks for it: a reload
        lines.append(("Cache-Control", "max-age=0"))
    lines += [("Test-ID", case["id"]), ("Req-Num", str(number))]
    path = f"/test/{case['id']}".replace(" ", "-")
    path += f"/{config['filename']}" if "filename" in config else ""
    path += f"?{config['query_arg']}" if "query_arg" in config else ""
    return HttpRequest(
        method=config.get("request_method", "GET"),
        uri=_ORIGIN + path,
        headers=Headers(lines),
        body=config.get("request_body"),
    )


def body_of(case: Config) -> str:
    """Return the content of a response whose case states none."""
    return f"content of {case['id']}"


def expected_line(line: list[Any], config: Config, received: Headers) -> Line:
    """Return a line of the case with its magic resolved as the origin did that made these fields."""
    now = int(received.first("server-now") or "0") / 1000
    return resolve_line(line, config, now, received.first("server-base-url") or "")


def resolve_line(line: list[Any], config: Config, now: float, path: str) -> Line:
    """Return name and value; a number in a field of dates is seconds from now, a location may be relative."""
    name, value = line[0], line[1]
    folded = name.lower()
    if folded in _DATES and isinstance(value, int):
        is_rfc850 = folded in config.get("rfc850date", ())
        return name, rfc850_date(now + value) if is_rfc850 else format_http_date(now + value)
    if folded in _LOCATIONS and config.get("magic_locations"):
        return name, f"{path}/{value}" if value else path
    return name, str(value)


def rfc850_date(time: float) -> str:
    """Return a date in the obsolete form with two digits of the year."""
    day_name, day, month, year, clock, zone = format_http_date(time).replace(",", "").split()
    whole = {"Mon": "Monday", "Tue": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday", "Fri": "Friday"}
    names = {**whole, "Sat": "Saturday", "Sun": "Sunday"}
    return f"{names[day_name]}, {day}-{month}-{year[2:]} {clock} {zone}"
