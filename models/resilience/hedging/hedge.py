"""Hedge: send a second copy of a request that is slow; the first answer counts.

Rules, in order:

1. The request is sent at once. If there is no answer after the delay, a copy is sent; after the delay again
   the next, up to `copies_max`.
2. The first answer is the call's, and all other attempts are cancelled at that instant, as far as the
   caller's process reaches: a server goes on with a copy unless cancellation is propagated to it
   (`connect(propagate_cancellation=True)`).
3. A failure in `fatal` is the call's too, and cancels the others. None is, by default; in gRPC all are that
   are not declared harmless.
4. After a failure in `gives_up_on` no further copy of this call is sent, and the call goes on with what is
   under way. An open breaker means that: nothing was sent, nor will be soon, and an attempt from before may
   be answered yet. (It may be the very trial for which a half-open breaker lets nobody else pass.)
5. After any other failure the next copy, if there is one left, is sent at once and not after its delay; the
   one after that follows after the delay. With `at_once_on_failure=False` it is not: a hedge is then against
   slowness alone, and failures are left to a `Retry`.
6. When every attempt that was sent has failed, the call fails as the last of them did; not as one of those
   that give up, if there is another: "not sent" would be wrong of the call as a whole. It is `in_doubt` (see
   `models.failures`) if any of them leaves open whether something was done, or was cancelled.
7. A copy that the budget denies is not sent, and no further one of this call: the call goes on with what is
   under way.

The copies go where the first attempt went: through the target. Whether they meet another server is a matter
of the balancer there; those that count what is outstanding, or go round, prefer one that has none of them.

A copy may be executed as well as the first: hedge what is safe to be done twice, or carries an idempotency
key that the server knows. Hedging against a server that is slow because it is overloaded makes it slower;
that is what the budget is for.

Leaves out: servers that push back, choice of an unused server by the hedge itself, tied requests (copies that
know of each other, of which the one that is begun cancels the other). Sources: Dean and Barroso, "The Tail at
Scale" (CACM 2013), hedged requests; gRPC proposal A6, hedging policy, for what failures do and for the budget
(`GrpcRetryThrottle`: copies only while more than half of the tokens are left).
"""

from __future__ import annotations

from dataclasses import dataclass

from simulator import Environment

from ...endpoint import Call, Endpoint, Wrapper
from ...failures import BreakerOpen, CallFailed
from ...request import Request
from ...validation import require_count, require_delay
from ..failure_kinds import require_failures
from ..retry_budget import RetryBudget
from .delay import AfterPercentile, RunningPercentile
from .race import HedgePolicy, Race, Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeStatistics:
    """What a hedge has done so far.

    Of `call_count` calls, `first_won_count` were answered by the first attempt and `copy_won_count` by a
    copy, `failed_count` failed, `aborted_count` were cut short from outside, `in_flight_count` are under way:
    these five add up to the calls. The calls led to `copy_count` more attempts: `extra_load_ratio` of the
    calls, nan without any. `cancelled_count` attempts were cancelled because another had decided their call;
    `budget_denied_count` copies were not sent for want of a budget.
    """

    call_count: int
    first_won_count: int
    copy_won_count: int
    failed_count: int
    aborted_count: int
    in_flight_count: int
    copy_count: int
    extra_load_ratio: float
    cancelled_count: int
    budget_denied_count: int


class Hedge(Wrapper):
    """Answers as the first attempt at `target` that is answered; slow ones are joined by copies.

    `after` says when the first copy is sent, and each further one: so many seconds (finite, >= 0), or
    `AfterPercentile`. At most `copies_max` (>= 1) copies are sent. `budget`, a retry budget, is asked before
    each copy, and may be shared with retries and other hedges. `gives_up_on` and `fatal`, tuples of failures
    (what is in both is fatal), and `at_once_on_failure`: see the rules above. Draws no random numbers. What a
    percentile and a budget know is in memory, and begins anew with the process (see `models.resilience`).

    Example::

        search = Hedge(env, balancer, after=AfterPercentile(95.0), budget=SreRetryRatio(env, ratio=0.05))
    """

    def __init__(
        self,
        env: Environment,
        target: Endpoint,
        *,
        after: float | AfterPercentile,
        copies_max: int = 1,
        budget: RetryBudget | None = None,
        gives_up_on: tuple[type[CallFailed], ...] = (BreakerOpen,),
        fatal: tuple[type[CallFailed], ...] = (),
        at_once_on_failure: bool = True,
        name: str = "hedge",
    ) -> None:
        """Put a hedge around `target`."""
        super().__init__(target, name=name)
        if not isinstance(after, AfterPercentile):
            require_delay("after", after)
        require_count("copies_max", copies_max)
        if budget is not None and not isinstance(budget, RetryBudget):
            raise TypeError(f"budget must be a RetryBudget, such as SreRetryRatio(env, 0.05), got {budget!r}")
        require_failures("gives_up_on", gives_up_on)
        require_failures("fatal", fatal)
        self._env = env
        self.after = after
        self._policy = HedgePolicy(
            copies_max=copies_max,
            at_once_on_failure=at_once_on_failure,
            gives_up_on=gives_up_on,
            fatal=fatal,
            budget=RetryBudget() if budget is None else budget,
            name=name,
        )
        self._running: RunningPercentile | None = None
        self._delay: float | None = None
        self._start_afresh()
        if self.host is not None:
            self.host.on_restart(self._start_afresh, endpoint=self.serving)
            self.host.on_restart(self._policy.budget.start_afresh, endpoint=self.serving)
        self._tally = Tally()
        self._call_count = 0
        self._first_won_count = 0
        self._copy_won_count = 0
        self._failed_count = 0
        self._aborted_count = 0

    def _start_afresh(self) -> None:
        if isinstance(self.after, AfterPercentile):
            self._running = RunningPercentile(self.after)
            self._delay = None
        else:
            self._delay = self.after

    @property
    def delay(self) -> float | None:
        """After how many seconds a call that begins now would be hedged; `None`: not at all yet."""
        return self._delay

    def call(self, request: Request) -> Call:
        """Answer `request` as the first attempt that succeeds does, or raise the failure that decided it."""
        self._call_count += 1
        env, budget, delay, running = self._env, self._policy.budget, self._delay, self._running
        start = env.now
        is_won_by_copy = False
        budget.request_started()
        try:
            if delay is None:
                response = yield from self._call_once(request)
            else:
                race = Race(env, self.target, request, delay, self._policy, self._tally)
                response = yield from race.run()
                is_won_by_copy = race.is_won_by_copy
        except CallFailed:
            self._failed_count += 1
            raise
        except BaseException:
            self._aborted_count += 1
            raise
        finally:
            budget.request_ended()
        if is_won_by_copy:
            self._copy_won_count += 1
        else:
            self._first_won_count += 1
        # Another one, if the process has started anew: then this call was not in it.
        if running is not None and running is self._running:
            self._delay = running.record(env.now - start)
        return response

    def _call_once(self, request: Request) -> Call:
        """Call without a hedge, as long as there is no delay for it."""
        budget = self._policy.budget
        try:
            response = yield from self.target.call(request)
        except CallFailed as failure:
            if not isinstance(failure, self._policy.gives_up_on + self._policy.fatal):
                budget.attempt_failed()
            raise
        budget.attempt_succeeded(is_first=True)
        return response

    def statistics(self) -> HedgeStatistics:
        """Return what has happened so far."""
        calls, tally = self._call_count, self._tally
        answered = self._first_won_count + self._copy_won_count
        return HedgeStatistics(
            call_count=calls,
            first_won_count=self._first_won_count,
            copy_won_count=self._copy_won_count,
            failed_count=self._failed_count,
            aborted_count=self._aborted_count,
            in_flight_count=calls - answered - self._failed_count - self._aborted_count,
            copy_count=tally.copy_count,
            extra_load_ratio=tally.copy_count / calls if calls else float("nan"),
            cancelled_count=tally.cancelled_count,
            budget_denied_count=tally.denied_count,
        )
