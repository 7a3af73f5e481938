"""The circuit breaker: stop asking a dependency that fails, and find out cheaply when it is back.

States: *closed* -> *open* (the trip rule says so) -> *half-open* (first call after the open duration, or a
timer) -> *closed* (enough good trials) or *open* again (bad trials, or none in time). By hand also
*disabled*, *forced open* and *metrics only*. A call that is not let through fails fast, with `BreakerOpen`,
in no time.

The machine is resilience4j's; where Hystrix, Polly and the textbook differ, they differ in the policies of
`CircuitBreakerSettings`. A result acts on the state it finds, not on the one its call began in, unless epochs
are strict. Only a trial of the present half-open state can give a permit back: in resilience4j an ignored
call from before does so too and lets one trial too many through.

What it knows is in memory (see `models.resilience`): while its process is down no timer moves it, and when
that starts again the breaker is closed, has no results, and hears nothing of calls from before. Its
statistics are an observer's, and go on.

Invariant: in half-open, free permits + trials under way + trials with a result = `trial_count`.

Leaves out: state shared between hosts (each caller has its own breaker), fallbacks (an endpoint of their
own). Sources: Nygard, "Release It!" (2007); resilience4j `CircuitBreakerStateMachine`; the presets name their
own.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from simulator import Call as ScheduledCall
from simulator import Environment

from ...endpoint import Call, Endpoint, Wrapper
from ...failures import BreakerOpen, CallFailed
from ...request import Request
from ..backoff import jitter_source
from .settings import AbandonedTrial, CircuitBreakerSettings
from .state import BreakerState, CircuitBreakerStatistics

_RESILIENCE4J = CircuitBreakerSettings()


class CircuitBreaker(Wrapper):
    """Lets calls through to `target` while that answers, and raises `BreakerOpen` while it does not.

    `settings` say when it opens and closes (see the presets `resilience4j`, `hystrix`, `polly`,
    `consecutive_failures`). Put a `Timeout` inside it, not around it: a call that is cancelled from outside
    says nothing about the dependency and is not recorded. Changes of state are written into the event log as
    "breaker.open", "breaker.half_open", "breaker.closed", and so on, with the name as subject. That a breaker
    is closed because it has begun anew is told in the detail `is_fresh`.

    Example::

        payment = CircuitBreaker(env, Timeout(env, service, 0.5), resilience4j(minimum_calls=20),
        name="payment")
    """

    def __init__(
        self,
        env: Environment,
        target: Endpoint,
        settings: CircuitBreakerSettings = _RESILIENCE4J,
        *,
        name: str = "breaker",
    ) -> None:
        """Start closed."""
        super().__init__(target, name=name)
        if not isinstance(settings, CircuitBreakerSettings):
            raise TypeError(f"settings must be CircuitBreakerSettings, such as hystrix(), got {settings!r}")
        self._env = env
        self.settings = settings
        self._uniform = jitter_source(env, settings.open_durations, f"breaker/{name}")
        self._failures = settings.counts_as_failure
        self._ignores = settings.ignores
        self._permitted_count = 0
        self._rejected_count = 0
        self._failed_count = 0
        self._ignored_count = 0
        self._late_count = 0
        self._opened_count = 0
        self._epoch = 0  # changes of state so far
        self._first_epoch = 0  # since the last start of the process
        self._timer: ScheduledCall | None = None
        self._free_trials = 0
        self._trial_at = inf
        self._start_watching(BreakerState.CLOSED)
        self._record: Callable[[float, float, bool], bool] = self._monitor.record
        if self.host is not None:
            self.host.on_restart(self._start_afresh, endpoint=self.serving)

    @property
    def state(self) -> BreakerState:
        """Where the breaker stands now. An open one whose time is over stays open until somebody calls."""
        return self._state

    def call(self, request: Request) -> Call:
        """Answer `request` as the target does, or raise `BreakerOpen` at once."""
        if self._is_guarded:
            if not self._admits():
                raise BreakerOpen(self.name)
            return (yield from self._try(request))
        env = self._env
        epoch = self._epoch
        start = env.now
        self._permitted_count += 1
        try:
            response = yield from self.target.call(request)
        except CallFailed as failure:
            self._note_failure(failure, start, epoch)
            raise
        # `_note`, spelled out: this is every call to a healthy dependency.
        now = env.now
        record = self._record
        if (epoch == self._epoch or self._hears_late(epoch)) and record(now, now - start, False):
            self._open()
        return response

    def _try(self, request: Request) -> Call:
        """Make a call that holds a permit of the half-open state."""
        epoch = self._epoch
        start = self._env.now
        self._permitted_count += 1
        try:
            response = yield from self.target.call(request)
        except CallFailed as failure:
            self._note_failure(failure, start, epoch)
            raise
        except BaseException:
            self._abandon(epoch)
            raise
        self._note(start, epoch, False)
        return response

    # -- permission ------------------------------------------------------------------------------------------

    def _admits(self) -> bool:
        """Whether a call may be made as a trial; takes a permit."""
        if self._state is BreakerState.OPEN and self._is_wait_over():
            self._half_open()
        if self._free_trials > 0:
            self._free_trials -= 1
            return True
        self._rejected_count += 1
        return False

    def _is_wait_over(self) -> bool:
        now = self._env.now
        return now > self._trial_at or (self.settings.is_open_duration_inclusive and now == self._trial_at)

    def _abandon(self, epoch: int) -> None:
        """End a call that has no result to record."""
        if epoch != self._epoch or self._state is not BreakerState.HALF_OPEN:
            return
        if self.settings.abandoned_trial is AbandonedTrial.REOPEN and self._is_up():
            self._open()
        else:
            self._free_trials += 1

    # -- results ---------------------------------------------------------------------------------------------

    def _note_failure(self, failure: CallFailed, start: float, epoch: int) -> None:
        if isinstance(failure, self._ignores):
            self._ignored_count += 1
            self._abandon(epoch)
            return
        is_failure = isinstance(failure, self._failures)
        self._failed_count += is_failure
        self._note(start, epoch, is_failure)

    def _note(self, start: float, epoch: int, is_failure: bool) -> None:
        now = self._env.now
        if (epoch == self._epoch or self._hears_late(epoch)) and self._record(now, now - start, is_failure):
            self._open()

    def _hears_late(self, epoch: int) -> bool:
        """Whether the result of a call that began in another state counts; it is late in any case."""
        self._late_count += 1
        return epoch >= self._first_epoch and not self.settings.strict_epochs

    # What `_record` is, state by state; in the closed state it is the monitor's own. Returns whether to open.

    def _record_trial(self, now: float, duration: float, is_failure: bool) -> bool:
        monitor = self._monitor
        if monitor.record(now, duration, is_failure):
            return True
        if monitor.is_decided:
            self._close()
        return False

    def _record_only(self, now: float, duration: float, is_failure: bool) -> bool:
        self._monitor.record(now, duration, is_failure)
        return False

    def _record_nothing(self, now: float, duration: float, is_failure: bool) -> bool:
        return False

    # -- states ----------------------------------------------------------------------------------------------

    def move_to(self, state: BreakerState) -> None:
        """Change to `state` by hand, as an operator does; the present state begins anew."""
        match BreakerState(state):
            case BreakerState.CLOSED:
                self._close()
            case BreakerState.OPEN:
                self._open()
            case BreakerState.HALF_OPEN:
                self._half_open()
            case BreakerState.METRICS_ONLY:
                self._enter(BreakerState.METRICS_ONLY)
                self._start_watching(BreakerState.METRICS_ONLY)
                self._record = self._record_only
            case idle:
                self._enter(idle)
                self._is_guarded = idle is BreakerState.FORCED_OPEN
                self._record = self._record_nothing

    def _close(self) -> None:
        self._enter(BreakerState.CLOSED)
        self._start_watching(BreakerState.CLOSED)
        self._record = self._monitor.record

    def _open(self) -> None:
        self._enter(BreakerState.OPEN)
        self._is_guarded = True
        self._opened_count += 1
        # They end only where a run that is over is garbage, and the collector closes what was left in it.
        wait = next(self._open_durations, inf)
        self._trial_at = self._env.now + wait
        # Old calls that end now still count in the old monitor, where they change nothing.
        self._record = self._record_only
        if self.settings.half_opens_by_itself and wait < inf:
            self._timer = self._env.call_later(wait, self._move_if_up, self._half_open)

    def _half_open(self) -> None:
        settings = self.settings
        self._enter(BreakerState.HALF_OPEN)
        self._is_guarded = True
        self._free_trials = settings.trial_count
        self._monitor = settings.trip_rule.try_out(settings.trial_count)
        self._record = self._record_trial
        if settings.trial_duration_max < inf:
            self._timer = self._env.call_later(settings.trial_duration_max, self._move_if_up, self._open)

    def _move_if_up(self, move: Callable[[], None]) -> None:
        """Do what a timer is for, unless there is no process in which it could run."""
        if self._is_up():
            move()

    def _is_up(self) -> bool:
        return (self.host is None or self.host.is_up) and self.serving.is_listening

    def _start_afresh(self) -> None:
        """Know nothing, as a process that has just started."""
        if self._state is BreakerState.CLOSED:
            self._leave()
        else:
            self._enter(BreakerState.CLOSED, is_fresh=True)
        self._first_epoch = self._epoch
        self._start_watching(BreakerState.CLOSED)
        self._record = self._monitor.record

    def _start_watching(self, state: BreakerState) -> None:
        self._state = state
        self._is_guarded = False
        self._monitor = self.settings.trip_rule.watch(self._env, self._trip)
        # The next opening is the first in a row.
        self._open_durations = self.settings.open_durations.delays(self._uniform)

    def _trip(self) -> None:
        """Open between results, for a rule that judges then."""
        if self._state is BreakerState.CLOSED and self._is_up():
            self._open()

    def _enter(self, state: BreakerState, **more: bool) -> None:
        """Leave the present state for `state`, and write it down with the counts that led to it."""
        total, failed, slow = self._monitor.counts
        self._leave()
        self._state = state
        self._env.log(f"breaker.{state}", self.name, total=total, failed=failed, slow=slow, **more)

    def _leave(self) -> None:
        self._monitor.stop()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._epoch += 1
        self._free_trials = 0

    def statistics(self) -> CircuitBreakerStatistics:
        """Return what has happened so far."""
        total, failed, slow = self._monitor.counts
        return CircuitBreakerStatistics(
            state=self._state,
            permitted_count=self._permitted_count,
            rejected_count=self._rejected_count,
            failed_count=self._failed_count,
            ignored_count=self._ignored_count,
            late_count=self._late_count,
            opened_count=self._opened_count,
            total_count_now=total,
            failed_count_now=failed,
            slow_count_now=slow,
            free_trial_count=self._free_trials,
        )
