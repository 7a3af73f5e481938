"""The attempts of one hedged call: they race, and the first answer counts.

The first attempt runs in the caller's own process, so that a call which is quick enough costs no process and
waits in nobody's place. Each copy runs in a process of its own, bound to the host where the caller is bound,
so that it works, and dies, where the caller does. The caller waits inside a cancel scope without an end; when
the call is decided that scope is cancelled, which takes back the first attempt as a timeout would.

States of a race: *running* -> *over*: decided by an answer, by a failure that ends it, or because every
attempt has failed; or broken off, because the caller was cancelled (then the copies are cancelled) or killed
(then they are killed, here and now). Invariants: when it is over no copy will be sent; and when the caller
goes on, at that very instant, the copies are gone, with the places and permits that they held: its next call
does not meet its own losers.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from math import inf
from typing import Any

from simulator import PARKED, CallFailed, Cancelled, Environment, Process

from ...endpoint import Call, Endpoint
from ...failures import in_doubt
from ...request import Request, Response
from ..retry_budget import RetryBudget


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgePolicy:
    """What a hedge does with each call; the fields are `Hedge`'s parameters."""

    copies_max: int
    at_once_on_failure: bool
    gives_up_on: tuple[type[CallFailed], ...]
    fatal: tuple[type[CallFailed], ...]
    budget: RetryBudget
    name: str


@dataclass(slots=True)
class Tally:
    """What all races of a hedge have counted: copies sent, attempts cancelled, copies denied."""

    copy_count: int = 0
    cancelled_count: int = 0
    denied_count: int = 0


class Race:
    """One call of `request` to `target`, the first copy of which is sent after `delay` seconds."""

    __slots__ = (
        "_copies",
        "_copies_left",
        "_delay",
        "_env",
        "_failure",
        "_is_over",
        "_next_copy",
        "_nothing_done",
        "_parent",
        "_policy",
        "_request",
        "_response",
        "_scope",
        "_tally",
        "_target",
        "_under_way_count",
        "is_won_by_copy",
    )

    def __init__(
        self,
        env: Environment,
        target: Endpoint,
        request: Request,
        delay: float,
        policy: HedgePolicy,
        tally: Tally,
    ) -> None:
        parent: Any = env.active_process
        self._env = env
        self._target = target
        self._request = request
        self._delay = delay
        self._policy = policy
        self._tally = tally
        self._parent: Process = parent
        self._copies: dict[Process, None] = {}
        self._copies_left = policy.copies_max
        self._under_way_count = 1
        self._is_over = False
        self._response: Response | None = None
        self._failure: CallFailed | None = None
        self._nothing_done = True  # by any attempt, as far as is known
        self.is_won_by_copy = False
        self._scope = env.open_deadline(inf)
        self._next_copy = env.call_later(delay, self._send_copy)

    def run(self) -> Call:
        """Make the first attempt, wait for the end of the race, and return or raise what it has come to."""
        scope = self._scope
        try:
            try:
                response = yield from self._target.call(self._request)
            except CallFailed as failure:
                self._fail(failure)
            else:
                self._answer(response, is_copy=False)
            if not self._is_over or self._under_way_count:
                yield PARKED
        except GeneratorExit:
            self._kill()
            raise
        except Cancelled as cancelled:
            if cancelled.scope is not scope:
                self._cancel()
                raise
        except BaseException:
            self._cancel()
            raise
        finally:
            scope.process = None
        if self._response is not None:
            return self._response
        failure_at_last, self._failure = self._failure, None
        assert failure_at_last is not None, f"{self._policy.name}: a race is over without a result"
        try:
            raise failure_at_last if self._nothing_done else in_doubt(failure_at_last)
        finally:
            # Its traceback holds this frame: without this, every call that fails is garbage in a circle.
            del failure_at_last

    # -- copies ----------------------------------------------------------------------------------------------

    def _send_copy(self) -> None:
        """Send the next copy now, if the budget allows it; if it does not, send none any more."""
        env, policy = self._env, self._policy
        self._next_copy.cancel()
        if not policy.budget.take_retry():
            self._tally.denied_count += 1
            self._send_no_more()
            return
        self._copies_left -= 1
        self._tally.copy_count += 1
        self._under_way_count += 1
        process = env.process(self._run_copy(), policy.name)
        self._copies[process] = None
        host, parent = self._target.serving.host, self._parent
        if host is not None and parent in host.running:
            host.bind(process, host.running[parent])
        if self._copies_left:
            self._next_copy = env.call_later(self._delay, self._send_copy)

    def _send_no_more(self) -> None:
        self._copies_left = 0
        self._next_copy.cancel()

    def _run_copy(self) -> Generator[Any, Any, None]:
        process: Any = self._env.active_process
        try:
            response = yield from self._target.call(self._request)
        except CallFailed as failure:
            self._fail(failure)
        else:
            self._answer(response, is_copy=True)
        finally:
            self._end_copy(process)

    def _end_copy(self, process: Process) -> None:
        if process not in self._copies:
            return
        del self._copies[process]
        self._policy.budget.retry_ended()
        host = self._target.serving.host
        if host is not None:
            host.release(process)

    # -- results ---------------------------------------------------------------------------------------------

    def _answer(self, response: Response, *, is_copy: bool) -> None:
        # Two may be answered at one instant, the second before it is cancelled.
        if self._is_over:
            return
        self._under_way_count -= 1
        self._response = response
        self.is_won_by_copy = is_copy
        self._policy.budget.attempt_succeeded(is_first=not is_copy)
        self._decide()

    def _fail(self, failure: CallFailed) -> None:
        if self._is_over:
            return
        policy = self._policy
        self._under_way_count -= 1
        self._nothing_done = self._nothing_done and failure.nothing_done
        if isinstance(failure, policy.fatal):
            self._failure = failure
            self._decide()
            return
        if isinstance(failure, policy.gives_up_on):
            self._failure = self._failure or failure
            self._send_no_more()
        else:
            self._failure = failure
            policy.budget.attempt_failed()
            if policy.at_once_on_failure and self._copies_left:
                self._send_copy()
        if not self._under_way_count:
            self._decide()

    def _decide(self) -> None:
        """End the race, in the process of whoever has decided it: cancel the others, tell the caller."""
        env = self._env
        active = env.active_process
        self._end(forget=self._response is not None)
        self._tally.cancelled_count += self._under_way_count
        self._nothing_done = self._nothing_done and not self._under_way_count
        for process in self._copies:
            if process is not active:
                process.cancel()
        if active is not self._parent or self._under_way_count:
            env.launch(self._tell_caller(), self._policy.name)

    def _tell_caller(self) -> Generator[Any, Any, None]:
        # A process, because it starts before all else that is due now, as a cancellation comes, and after the
        # copies' own: what one of them gives back at its end (a thread, a permit) would else be passed on to
        # an attempt that has lost, or be missing where the caller asks again at once.
        self._scope.expire()
        yield from ()

    def _end(self, *, forget: bool) -> None:
        self._is_over = True
        self._next_copy.cancel()
        if forget:
            self._failure = None  # kept, it would hold the frames that hold this race

    def _cancel(self) -> None:
        if self._is_over:
            return  # and the copies are being cancelled: a second time would break off how they clean up
        self._end(forget=True)
        for process in self._copies:
            process.cancel()

    def _kill(self) -> None:
        self._end(forget=True)
        for process in list(self._copies):
            process.kill()
            # One that has not begun to run has nothing to undo, and undoes nothing.
            self._end_copy(process)
