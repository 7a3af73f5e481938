"""Fallback: answer with something else when the target fails.

The stand-in is a value, a function of the request and the failure, or another endpoint (a cache, a simpler
service), which takes its time and may fail in turn: then its failure is the caller's, `in_doubt` where the
target's leaves open whether something was done. The answer is degraded by the fallback's name, so that nobody
takes it for a full one.

A fallback hides failures from everything outside it: a breaker, a retry or a hedge goes inside, and acts
before it does. `Fallback(Switched(CircuitBreaker(Timeout(target))))` is a usual order: the switch is the
operators' (see `feature_switches`), the breaker works by itself, and whichever says no, the fallback answers.
A fallback that asks another dependency moves the load there just when something is wrong: test it, or prefer
a value. One for what changes something acknowledges what may never be done: an outbox, say, takes its answer
for a delivery.

Leaves out: a limit on fallbacks under way (Hystrix has one of 10; put a bulkhead around `instead`). Sources:
Hystrix, `getFallback`; Newman, "Building Microservices" (2nd ed. 2021), chapter 12, "Functional degradation".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...endpoint import Call, Endpoint, Wrapper
from ...failures import CallFailed, in_doubt
from ...request import Request
from ..failure_kinds import require_apart
from ..stand_in import StandIn


@dataclass(frozen=True, slots=True, kw_only=True)
class FallbackStatistics:
    """What a fallback has done so far.

    Of `call_count` calls, `answered_count` were answered by the target and `fallback_count` in its place;
    `failed_count` failed, because their failure was none to fall back on or the fallback failed too;
    `aborted_count` were cut short from outside; `in_flight_count` are under way. These five add up to the
    calls.
    """

    call_count: int
    answered_count: int
    fallback_count: int
    failed_count: int
    aborted_count: int
    in_flight_count: int


class Fallback(Wrapper):
    """Answers as `target` does, or with `instead` where it fails; the latter degraded by `name`.

    `instead` is a value or `Response`; a function `instead(request, failure)` that returns one; or an
    `Endpoint`, which is asked with the request. Only failures in `on` lead to it, and of those none in
    `except_on`: tuples of classes from the `CallFailed` family. `name` is by default the target's, as for a
    `Dependency`.

    Example::

        reviews = Fallback(Timeout(env, network.connect(web, reviews_service), 0.2), (), name="reviews")
    """

    def __init__(
        self,
        target: Endpoint,
        instead: Any,
        *,
        on: tuple[type[CallFailed], ...] = (CallFailed,),
        except_on: tuple[type[CallFailed], ...] = (),
        name: str | None = None,
    ) -> None:
        """Let `instead` stand behind `target`."""
        super().__init__(target, name=getattr(target, "name", "") if name is None else name)
        require_apart("on", on, "except_on", except_on)
        self._stand_in = StandIn(instead, self.name)
        self._on = on
        self._except_on = except_on
        self._call_count = 0
        self._answered_count = 0
        self._fallback_count = 0
        self._failed_count = 0
        self._aborted_count = 0

    def call(self, request: Request) -> Call:
        """Answer `request`, if need be with the stand-in; raise what is not to be fallen back on."""
        self._call_count += 1
        try:
            try:
                response = yield from self.target.call(request)
            except CallFailed as failure:
                if not isinstance(failure, self._on) or isinstance(failure, self._except_on):
                    raise
                response = yield from self._answer_instead(request, failure)
                self._fallback_count += 1
            else:
                self._answered_count += 1
        except CallFailed:
            self._failed_count += 1
            raise
        except BaseException:
            self._aborted_count += 1
            raise
        return response

    def _answer_instead(self, request: Request, failure: CallFailed) -> Call:
        try:
            return (yield from self._stand_in.answer(request, failure))
        except CallFailed as its_own:
            if failure.nothing_done:
                raise
            raise in_doubt(its_own) from failure

    def statistics(self) -> FallbackStatistics:
        """Return what has happened so far."""
        calls = self._call_count
        ended = self._answered_count + self._fallback_count + self._failed_count + self._aborted_count
        return FallbackStatistics(
            call_count=calls,
            answered_count=self._answered_count,
            fallback_count=self._fallback_count,
            failed_count=self._failed_count,
            aborted_count=self._aborted_count,
            in_flight_count=calls - ended,
        )
