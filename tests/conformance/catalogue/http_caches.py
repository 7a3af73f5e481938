"""A cache that speaks HTTP: what is inside says for how long it may be kept."""

from __future__ import annotations

from dataclasses import replace
from math import floor
from typing import Any

from models import Endpoint, Request
from models.caching.eviction import Lru
from models.caching.http import CacheRules, Headers, HttpRequest, HttpResponse, format_http_date
from models.caching.http_endpoints import EPOCH, BoundedResponses, HttpCaching, HttpCachingStatistics
from models.endpoint import Call
from models.endpoint import Wrapper as WrapperEndpoint
from models.outcome import Outcome

from ..expectation import TICK, Done, Withdraw
from ..host_expectation import is_up
from ..world import World
from .caches import TTL, CacheModel
from .wrapper import Wrapper

MAX_AGE = 8


class HttpCacheModel(CacheModel):
    """Keeps an answer for `MAX_AGE` s less the age that it came with, which is told in whole seconds."""

    def ask(self, done: Done) -> Withdraw:
        if is_up(self):
            return super().ask(done)

        def end(outcome: Outcome) -> None:
            self.passed_count += outcome.is_answer  # it counts by where its answers come from
            self.tell(done, outcome, self.inner.as_of)

        return self.inner.ask(end)

    def keep(self, memory: list[float], outcome: Outcome, asked_at: float, as_of: float | None) -> None:
        now = self.clock.now
        if outcome is Outcome.OK and memory is self.memory and is_up(self):
            age = max(now - floor(now + TICK), now - asked_at)
            memory[:] = [now + MAX_AGE - age - TTL, asked_at if as_of is None else as_of]

    def load(self, done: Done) -> Withdraw:
        def end(outcome: Outcome) -> None:
            if (
                not outcome.is_answer
                and is_up(self)
                and self.memory
                and self.clock.now < self.memory[0] + TTL
            ):
                self.hit_count += 1  # of what another has brought meanwhile
                self.tell(done, Outcome.OK, self.memory[1])
            else:
                done(outcome)

        return super().load(end)

    def counts(self) -> dict[str, Any]:
        return {
            "fresh_count": self.hit_count,
            "forwarded_count": self.load_count,
            "passed_count": self.passed_count,
        }


class _Page(WrapperEndpoint):
    """Answers in HTTP what is inside, which is asked as it would be without: the request has it with it."""

    def __init__(self, world: World, target: Endpoint) -> None:
        super().__init__(target, name="page")
        self._env = world.env

    def call(self, request: Request) -> Call:
        answer = yield from self.target.call(request.value.body)
        lines = [
            ("Date", format_http_date(EPOCH + floor(self._env.now + TICK))),
            # Of what is stale already only a cache that speaks HTTP could say since when.
            ("Cache-Control", "no-store" if answer.degraded else f"max-age={MAX_AGE}"),
        ]
        message = HttpResponse(headers=Headers(lines), body=answer.value)
        return replace(answer, value=message)


class _Reader(WrapperEndpoint):
    """Asks in HTTP: a "get" is a GET, and whatever else changes something."""

    target: HttpCaching

    def __init__(self, cache: HttpCaching) -> None:
        super().__init__(cache, name="reader")

    def call(self, request: Request) -> Call:
        method = "GET" if request.operation == "get" else "POST"
        message = HttpRequest(method=method, uri=f"/{request.key}", body=request)
        answer = yield from self.target.call(replace(request, operation=method, value=message))
        return replace(answer, value=answer.value.body)

    def statistics(self) -> HttpCachingStatistics:
        return self.target.statistics()


def _http_cache(world: World, inner: Endpoint) -> Endpoint:
    rules = CacheRules(is_shared=True)
    page = _Page(world, inner)
    return _Reader(HttpCaching(world.env, page, BoundedResponses(Lru(10)), rules, collapses=False))


WRAPPERS = (
    Wrapper(
        name="HTTP cache",
        build=_http_cache,
        model=lambda clock, inner, host: HttpCacheModel(clock, inner),
    ),
)
