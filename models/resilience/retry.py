"""Retry: ask again after a failure, after a while, and not too often.

Which failures are worth another attempt? By default all but one. `Refused`, `Rejected` and `Unavailable` say
that the work was not done (unless something inside asks again too: then only `nothing_done` says that, see
`models.failures`), and another instance, or the same one a little later, may do it. After `TimedOut`,
`ConnectionLost` and `ServerError` it may have been done: retrying is still what clients do, and what it does
to writes without an idempotency key is a lesson of its own. The exception is `BreakerOpen`: a breaker exists
so that nobody asks, and its verdict stands for seconds, not for the length of a backoff. resilience4j and
Polly do retry it by default, and their documentation tells users not to; `gives_up_on=()` restores that.

Retries multiply: a layer of r + 1 attempts multiplies the load of a dead dependency by r + 1, and L layers by
(r + 1)^L. A budget (`retry_budget`) is what holds them together.

A request's deadline (`deadlines`) spans all attempts: no wait is begun that does not end before it. The call
then fails with what it has, while gRPC, which says the same of deadlines, sits the wait out until the
deadline.

Leaves out: retrying another backend on purpose (a balancer inside does it), hedging.
Sources: resilience4j `RetryConfig` (attempts count the first call), "Site Reliability Engineering" chapter
21, gRPC proposal A6.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from simulator import Environment

from ..endpoint import Call, Endpoint, Wrapper
from ..failures import BreakerOpen, CallFailed, in_doubt
from ..request import Request
from ..validation import require_count
from .backoff import Backoff, FullJitter, jitter_source
from .retry_budget import RetryBudget

_DEFAULT_BACKOFF = FullJitter(base=0.1, cap=10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryStatistics:
    """What a retry has done so far.

    `call_count` calls led to `attempt_count` attempts, `retry_count` of which were not the first of their
    call. `gave_up_count` calls failed because their attempts were used up, or the next would have come after
    the request's deadline; `budget_denied_count` because the budget had nothing left.
    """

    call_count: int
    attempt_count: int
    retry_count: int
    gave_up_count: int
    budget_denied_count: int


class Retry(Wrapper):
    """Calls `target` until it answers, up to `attempts` times (>= 1; the first call counts).

    If none is answered it raises the last failure, `in_doubt` if an earlier one leaves open whether something
    was done. `backoff` says how long to wait before each retry. `budget`, if any, is asked before each retry
    and may be shared by many retries. Only failures in `retries_on` are retried, and of those none in
    `gives_up_on`: tuples of classes from the `CallFailed` family. A backoff with jitter, as is the default,
    needs an environment with a seed, and draws from the stream "retry/<name>".

    Example::

        payment = Retry(env, Timeout(env, service, 0.5), attempts=3, backoff=FullJitter(base=0.05, cap=1.0))
    """

    def __init__(
        self,
        env: Environment,
        target: Endpoint,
        attempts: int = 3,
        *,
        backoff: Backoff = _DEFAULT_BACKOFF,
        budget: RetryBudget | None = None,
        retries_on: tuple[type[CallFailed], ...] = (CallFailed,),
        gives_up_on: tuple[type[CallFailed], ...] = (BreakerOpen,),
        name: str = "retry",
    ) -> None:
        """Put retries around `target`."""
        super().__init__(target, name=name)
        require_count("attempts", attempts)
        if both := set(retries_on) & set(gives_up_on):
            names = ", ".join(sorted(kind.__name__ for kind in both))
            raise ValueError(f"retries_on and gives_up_on must have no class in common, got {names} in both")
        self.attempts = attempts
        self._env = env
        self._backoff = backoff
        self._uniform = jitter_source(env, backoff, f"retry/{name}")
        self._is_budgeted = budget is not None
        self._budget = RetryBudget() if budget is None else budget
        self._retries_on = retries_on
        self._gives_up_on = gives_up_on
        self._call_count = 0
        self._retry_count = 0
        self._gave_up_count = 0
        self._budget_denied_count = 0
        if budget is not None and self.host is not None:
            self.host.on_restart(budget.start_afresh, endpoint=self.serving)

    def call(self, request: Request) -> Call:
        """Answer `request` as the first attempt that succeeds does, or raise what the last one raised."""
        self._call_count += 1
        if self._is_budgeted:
            return (yield from self._call_on_budget(request))
        try:
            return (yield from self.target.call(request))
        except CallFailed as failure:
            return (yield from self._retry(request, failure))

    def _call_on_budget(self, request: Request) -> Call:
        budget = self._budget
        budget.request_started()
        try:
            response = yield from self.target.call(request)
            budget.attempt_succeeded(is_first=True)
            return response
        except CallFailed as failure:
            return (yield from self._retry(request, failure))
        finally:
            budget.request_ended()

    def _retry(self, request: Request, failure: CallFailed) -> Call:
        """Go on after the first attempt's `failure`."""
        budget = self._budget
        delays = self._backoff.delays(self._uniform)
        retries_left = self.attempts - 1
        nothing_done = failure.nothing_done
        while isinstance(failure, self._retries_on) and not isinstance(failure, self._gives_up_on):
            budget.attempt_failed()
            delay = self._next_delay(delays, retries_left, request.deadline)
            if delay is None:
                break
            retries_left -= 1
            try:
                yield delay
                self._retry_count += 1
                response = yield from self.target.call(request)
            except CallFailed as next_failure:
                failure = next_failure
                nothing_done = nothing_done and failure.nothing_done
            else:
                budget.attempt_succeeded(is_first=False)
                return response
            finally:
                budget.retry_ended()
        try:
            raise failure if nothing_done else in_doubt(failure)
        finally:
            # The failure's traceback holds this frame: without this, every call that gives up is garbage in a
            # circle.
            del failure

    def _next_delay(self, delays: Iterator[float], retries_left: int, deadline: float | None) -> float | None:
        """Return how long to wait before the next attempt; `None` if there is to be none."""
        if not retries_left:
            self._gave_up_count += 1
            return None
        delay: float | None = None
        if deadline is not None:
            delay = next(delays)
            if self._env.now + delay >= deadline:
                self._gave_up_count += 1
                return None
        if not self._budget.take_retry():
            self._budget_denied_count += 1
            return None
        return next(delays) if delay is None else delay

    def statistics(self) -> RetryStatistics:
        """Return what has happened so far; calls and retries still under way are counted in."""
        return RetryStatistics(
            call_count=self._call_count,
            attempt_count=self._call_count + self._retry_count,
            retry_count=self._retry_count,
            gave_up_count=self._gave_up_count,
            budget_denied_count=self._budget_denied_count,
        )
