"""An HTTP cache around an endpoint: in a user agent (private), or in a proxy, a CDN, a server (shared).

What may be stored, reused, must be validated, and what is sent, `models.caching.http` decides, by the clock
of the host where it stands; here messages move, and time passes. Rules:

1. It is asked in HTTP and asks in HTTP (see `exchange`). Any number of them may stand one behind the other.
2. Concurrent GETs for one URI that go to the target collapse, if `collapses`: one is forwarded, and when its
   answer is there the others are decided anew. Those that still cannot be answered are forwarded together,
   so that what must not be stored is not fetched one by one (Varnish's hit-for-miss). An error that the site
   has answered with is such an answer: it may be used for others only if it may be stored. That there was no
   answer is no answer of the site's: those who waited are told so, or answered stale as each of them may be,
   and do not all run into the same timeout (Varnish keeps such an error for a second, for those who wait;
   nginx lets one after the other ask). But for who has a later deadline: the one before may have failed by
   its own. If the one that is forwarded is cut short, the first of those who wait is forwarded instead. A
   question that never ends, as to a silent host, is waited for without end: put a timeout inside.
   If it is known by what the URI varies, requests for different variants do not wait for each other, and one
   for a variant that has never been seen waits for nobody; nor do requests with no-cache or no-store, to
   which that is no use.
3. A background validation (stale-while-revalidate) runs in a process that dies with the cache's, one for a
   variant at a time. Its failure is nobody's.
4. Where the target fails, a stale response is given if that is allowed; else the failure goes on as it is,
   and not as a 504: to the rest of a chain it says more. A server error counts as 500, a rejection, an open
   breaker and what is unavailable as 503, and everything else as no connection.
5. What it has is in memory, and gone when the process or its host crashes; while that is down it passes
   everything on. An answer that has outlived a crash changes nothing.
6. The `as_of` of an answer from the store is when it was asked for or validated last, or as of when that was
   already where it was asked for: simulated time, which no clock and no rounding of an Age makes wrong. One
   that is stale is degraded, by "stale". What is degraded otherwise, because something in between has put it
   together from what it had, is passed on and not stored: a field cannot say so to those who come later.
7. A request that was on its way when its URI was invalidated, by a change that went through here or a purge,
   may bring what was there before: that is given, and neither stored nor waited for by those who come later.
   The RFC speaks of stored responses alone (section 4.4), and does not ask to store any. A change after which
   readers here are told for a whole lifetime what was before would be none; Chromium's cache, too, gives up
   entries that are being written when it invalidates.

Leaves out: partial content, as the decisions do; a cache on a disk. Source: RFC 9111, section 4 (collapsing
included); for rule 2 Varnish (`cache_fetch.c`) and nginx (`proxy_cache_lock`), for rule 7 Chromium
(`DoomMainEntryForUrl`).
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from simpy import Event

from simulator import CallFailed, Environment

from ...endpoint import Call, Endpoint
from ...request import Request, Response
from ...validation import require_kind
from ..http import (
    CacheRules,
    Forward,
    HttpCache,
    HttpRequest,
    HttpResponse,
    Outcome,
    Permission,
    Refuse,
    Serve,
    StoredResponse,
)
from ..ownership import take
from ..patterns import STALE
from ..resident import Resident
from .bounded_responses import BoundedResponses
from .exchange import answer_of, answering, carrying, error_status, message_of, retold, unix_time

# The URI, and of a variant that is stored the request fields that it was chosen by.
_Wanted = tuple[str, object]


@dataclass(slots=True, eq=False)
class _InFlight:
    """A request on its way to the target.

    `deadline` is its own. `ended` is triggered when its answer is there, or will not come, if others may wait
    for it. `is_overtaken`: its URI was invalidated meanwhile. `is_answered`: it was not cut short; `failure`
    is why there was no answer of the site's, if so.
    """

    deadline: float | None
    ended: Event | None = None
    is_overtaken: bool = False
    is_answered: bool = False
    failure: CallFailed | None = None

    def ends_as_for(self, request: Request) -> bool:
        """Whether `request` would not have waited longer than this one could."""
        if self.deadline is None:
            return True
        return request.deadline is not None and request.deadline <= self.deadline


class Source(StrEnum):
    """Where an answer is from."""

    FRESH = "fresh"
    STALE = "stale"
    VALIDATED = "validated"
    REFUSED = "refused"
    TARGET = "target"
    PASSED = "passed"


_FROM_THE_STORE = (Source.FRESH, Source.STALE, Source.VALIDATED)
Answered = tuple[Response, Source]


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpCachingStatistics:
    """What has become of the requests so far.

    Of `request_count`, `fresh_count` were answered with a fresh response, `stale_count` with a stale one,
    `validated_count` with one that the origin said still holds, `refused_count` with a 504
    (only-if-cached), `target_count` with what the target said, `passed_count` while the process was down;
    `failed_count` failed and `cut_count` were cut short; `in_flight_count` are under way: these add up. On
    the way they waited `collapsed_count` times for another. The target was asked `forwarded_count` times,
    `conditional_count` of these with a condition and `background_count` for nobody. `hit_bytes` is what was
    sent from the store, `target_bytes` what came from the target.
    """

    request_count: int
    fresh_count: int
    stale_count: int
    validated_count: int
    refused_count: int
    target_count: int
    passed_count: int
    failed_count: int
    cut_count: int
    in_flight_count: int
    collapsed_count: int
    forwarded_count: int
    conditional_count: int
    background_count: int
    hit_bytes: int
    target_bytes: int


class HttpCaching(Resident):
    """Answers HTTP requests from `responses` where `rules` and messages allow it, and else as `target` does.

    `collapses`: concurrent requests for one URI wait for each other. Example::

        responses = BoundedResponses(Lru(10_000))
        edge = HttpCaching(env, network.connect(host, site), responses, CacheRules(is_shared=True))
        page = yield from edge.call(http_request("/index.html"))
    """

    def __init__(
        self,
        env: Environment,
        target: Endpoint,
        responses: BoundedResponses,
        rules: CacheRules,
        *,
        collapses: bool = True,
        name: str = "HTTP cache",
    ) -> None:
        """Be as full as `responses` are."""
        super().__init__(target, name=name)
        require_kind("responses", responses, BoundedResponses)
        require_kind("rules", rules, CacheRules)
        require_kind("collapses", collapses, bool)
        self.env = env
        self.responses = responses
        self.collapses = collapses
        self.decisions = HttpCache(store=responses, rules=rules)
        self._start_count = 0
        self._in_flight: dict[str, dict[_InFlight, None]] = {}
        self._leaders: dict[_Wanted, _InFlight] = {}
        self._validating: dict[_Wanted, None] = {}
        self._request_count = 0
        self._answered_count = dict.fromkeys(Source, 0)
        self._failed_count = 0
        self._cut_count = 0
        self._collapsed_count = 0
        self._forwarded_count = 0
        self._conditional_count = 0
        self._background_count = 0
        self._hit_bytes = 0
        self._target_bytes = 0
        take("responses", responses, repr(self))

    # -- its memory -----------------------------------------------------------------------------------------

    @property
    def call_count(self) -> int:
        """How many requests have come so far."""
        return self._request_count

    def _start_afresh(self) -> None:
        self._start_count += 1
        self.responses.clear()
        self._validating.clear()
        self._leaders.clear()  # they tell those who wait for them when they end

    def _is_there(self) -> bool:
        """Say whether the process is up; if it is not, nothing is in its memory."""
        is_up = self.is_up
        if not is_up and len(self.responses):
            self._start_afresh()
        return is_up

    def purge(self, uri: str) -> None:
        """Have no response of a URI any more, as whoever runs a cache can tell it to."""
        key = self.decisions.key(HttpRequest(uri=uri))
        self.responses.pop(key)
        self._overtake(key)

    def _overtake(self, key: str) -> None:
        for flight in self._in_flight.get(key, ()):
            flight.is_overtaken = True

    # -- calls ----------------------------------------------------------------------------------------------

    def call(self, request: Request) -> Call:
        """Answer an HTTP request, from the store if that is allowed."""
        self._request_count += 1
        try:
            response, source = yield from self._answer(request)
        except CallFailed:
            self._failed_count += 1
            raise
        except BaseException:
            self._cut_count += 1
            raise
        self._answered_count[source] += 1
        if source in _FROM_THE_STORE:
            self._hit_bytes += response.size_bytes
        return response

    def _answer(self, request: Request) -> Generator[Any, Any, Answered]:
        told_by: _InFlight | None = None
        while self._is_there():
            decision = self.decisions.on_request(message_of(request), self._now())
            if isinstance(decision, Serve):
                return self._serve(request, decision)
            if isinstance(decision, Refuse):
                return answering(decision.response), Source.REFUSED
            if told_by is not None:
                return (yield from self._after(told_by, request, decision))
            if not (self.collapses and self.decisions.may_collapse(decision)):
                return (yield from self._forward(request, decision, _InFlight(request.deadline)))
            wanted = self._wanted(decision)
            leader = self._leaders.get(wanted)
            if leader is None or leader.is_overtaken:
                return (yield from self._lead(wanted, request, decision))
            self._collapsed_count += 1
            yield leader.ended
            if leader.is_answered:
                told_by = leader
        return (yield from self.target.call(request)), Source.PASSED

    def _wanted(self, forward: Forward) -> _Wanted:
        """Return what requests that wait for each other have in common."""
        selecting = forward.matching[0].selecting if forward.matching else None
        return self.decisions.key(forward.client_request), selecting

    def _lead(self, wanted: _Wanted, request: Request, forward: Forward) -> Generator[Any, Any, Answered]:
        """Forward a request that others may wait for."""
        ended = self.env.event()
        leader = self._leaders[wanted] = _InFlight(request.deadline, ended)
        try:
            return (yield from self._forward(request, forward, leader))
        finally:
            if self._leaders.get(wanted) is leader:
                del self._leaders[wanted]
            ended.succeed()

    def _after(self, leader: _InFlight, request: Request, forward: Forward) -> Generator[Any, Any, Answered]:
        """Forward a request that the answer to another is no answer to, or let it fail as that one did."""
        failure = leader.failure
        if failure is None or not leader.ends_as_for(request):
            return (yield from self._forward(request, forward, _InFlight(request.deadline)))
        stored = self._instead_of(failure, request, forward, self._now())
        if stored is None:
            raise failure.with_traceback(None)  # or it would hold the frames of all who are told of it
        return stored

    def _serve(self, request: Request, decision: Serve) -> Answered:
        """Give a stored response, and have it validated in the background if that was decided."""
        forward = decision.revalidation
        if forward is not None:
            wanted = self._wanted(forward)
            if wanted not in self._validating:
                self._validate_in_background(wanted, request, forward)
        return self._from_store(decision.response, decision.stored)

    def _from_store(self, message: HttpResponse, stored: StoredResponse) -> Answered:
        self.responses.use(stored.key)
        as_of = self.responses.as_of[stored]
        if stored.is_fresh(self._now()):
            return answering(message, as_of), Source.FRESH
        return answering(message, as_of, degraded=(STALE,)), Source.STALE

    def _now(self) -> float:
        return unix_time(self.env, self.host)

    # -- the target -----------------------------------------------------------------------------------------

    def _forward(
        self, request: Request, forward: Forward, flight: _InFlight
    ) -> Generator[Any, Any, Answered]:
        """Ask the target, and let the decisions say what follows."""
        key = self.decisions.key(forward.client_request)
        flights = self._in_flight.setdefault(key, {})
        flights[flight] = None
        try:
            return (yield from self._ask(request, forward, flight))
        finally:
            del flights[flight]
            if not flights:
                del self._in_flight[key]

    def _ask(self, request: Request, forward: Forward, flight: _InFlight) -> Generator[Any, Any, Answered]:
        """Ask, once more if a 304 named nothing here, and keep what may be kept."""
        while True:
            begun_at, asked_at, start_count = self.env.now, self._now(), self._start_count
            self._forwarded_count += 1
            self._conditional_count += forward.is_conditional
            try:
                response = yield from self.target.call(_question(forward, request))
            except CallFailed as failure:
                flight.is_answered = True
                flight.failure = failure if error_status(failure) is None else None
                stored = self._instead_of(failure, request, forward, asked_at)
                if stored is None:
                    raise
                return stored
            self._target_bytes += response.size_bytes
            is_there = self._is_there()
            outcome = self._outcome(forward, answer_of(response), asked_at)
            as_of = begun_at if response.as_of is None else response.as_of
            if is_there and start_count == self._start_count:
                self._keep(outcome, as_of, is_whole=_is_whole(response) and not flight.is_overtaken)
            if outcome.retry is None:
                flight.is_answered = True
                return self._told(outcome, response, as_of)
            forward = outcome.retry

    def _keep(self, outcome: Outcome, as_of: float, *, is_whole: bool) -> None:
        """Make the changes of an outcome; of an answer that is not to be kept, only what it makes invalid."""
        for key in outcome.invalidated:
            self.responses.pop(key)
            self._overtake(key)
        if is_whole:
            for change in outcome.changes:
                for stored in change.variants:
                    self.responses.as_of.setdefault(stored, as_of)
            self.decisions.apply(outcome)

    def _outcome(self, forward: Forward, message: HttpResponse, asked_at: float) -> Outcome:
        # A clock that was set back meanwhile has not made the answer come before the question.
        response_time = max(asked_at, self._now())
        return self.decisions.on_response(
            forward, message, request_time=asked_at, response_time=response_time
        )

    def _told(self, outcome: Outcome, response: Response, as_of: float) -> Answered:
        """Return the answer to the client that an outcome has."""
        assert outcome.response is not None, "an outcome without a retry has an answer"
        if outcome.reused is None:
            return retold(response, outcome.response), Source.TARGET
        if outcome.permission is Permission.VALIDATED:
            return answering(outcome.response, as_of, degraded=response.degraded), Source.VALIDATED
        return self._from_store(outcome.response, outcome.reused)

    def _instead_of(
        self, failure: CallFailed, request: Request, forward: Forward, asked_at: float
    ) -> Answered | None:
        """Return a stored response in place of a failure, if there is one and it is allowed.

        It is stale as a rule; but another request may have validated it meanwhile.
        """
        if not self._is_there():
            return None
        status = error_status(failure)
        if status is None:
            decision = self.decisions.on_error(forward, self._now())
            return None if isinstance(decision, Refuse) else self._serve(request, decision)
        outcome = self._outcome(forward, HttpResponse(status=status), asked_at)
        if outcome.reused is None or outcome.response is None:
            return None
        return self._from_store(outcome.response, outcome.reused)

    def _validate_in_background(self, wanted: _Wanted, request: Request, forward: Forward) -> None:
        self._background_count += 1
        self._validating[wanted] = None
        request = replace(request, deadline=None, idempotency_key=None)
        process = self.env.process(self._validate(wanted, request, forward), f"{self.name} validation")
        if self.host is not None:
            self.host.bind(process, self._home)

    def _validate(self, wanted: _Wanted, request: Request, forward: Forward) -> Generator[Any, Any, None]:
        process: Any = self.env.active_process
        start_count = self._start_count
        try:
            yield from self._forward(request, forward, _InFlight(None))
        except CallFailed:
            pass
        finally:
            if start_count == self._start_count:
                self._validating.pop(wanted, None)
            if self.host is not None:
                self.host.release(process)

    def statistics(self) -> HttpCachingStatistics:
        """Return what has happened so far."""
        answered = self._answered_count
        ended_count = sum(answered.values()) + self._failed_count + self._cut_count
        return HttpCachingStatistics(
            request_count=self._request_count,
            fresh_count=answered[Source.FRESH],
            stale_count=answered[Source.STALE],
            validated_count=answered[Source.VALIDATED],
            refused_count=answered[Source.REFUSED],
            target_count=answered[Source.TARGET],
            passed_count=answered[Source.PASSED],
            failed_count=self._failed_count,
            cut_count=self._cut_count,
            in_flight_count=self._request_count - ended_count,
            collapsed_count=self._collapsed_count,
            forwarded_count=self._forwarded_count,
            conditional_count=self._conditional_count,
            background_count=self._background_count,
            hit_bytes=self._hit_bytes,
            target_bytes=self._target_bytes,
        )


def _question(forward: Forward, request: Request) -> Request:
    """Return what the target is asked. Under the key of the client's question nothing else may be asked."""
    if forward.is_conditional and request.idempotency_key is not None:
        request = replace(request, idempotency_key=None)
    return carrying(forward.request, like=request)


def _is_whole(response: Response) -> bool:
    return all(part == STALE for part in response.degraded)
