"""What a circuit breaker must do, for `expectation`.

The libraries' rules, written down a second time from their semantics.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain, repeat
from math import floor, inf
from typing import Any, NamedTuple

from models.outcome import Outcome

from .expectation import TICK, Clock, Done, Node, Withdraw, WrapperModel
from .host_expectation import at_each_start, is_up

_BUCKET, _BUCKETS = 0.5, 20  # Hystrix's


class Result(NamedTuple):
    """How one call ended that counts."""

    time: float
    failed: bool
    slow: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When a breaker opens, and for how long.

    `kind` is resilience4j, hystrix, polly or consecutive; `volume` results are needed, of which `share`
    failed. `open_durations` are those of the openings in a row, the last for ever. Only resilience4j has
    a window of whole `seconds` and a share of calls slower than `slow_after`; only Polly a `sampling` time.
    """

    kind: str
    volume: int
    share: float
    open_durations: tuple[float, ...]
    trials: int = 1
    seconds: float = inf
    sampling: float = inf
    slow_after: float = inf
    slow_share: float = 1.0
    half_opens_by_itself: bool = False
    trials_take_at_most: float = inf
    strict: bool = False
    ignored: tuple[Outcome, ...] = ()
    harmless: tuple[Outcome, ...] = ()


class BreakerModel(WrapperModel):
    """Closed, open, half-open. `changes` are the times and names of the states entered."""

    def __init__(self, clock: Clock, inner: Node, rule: Rule) -> None:
        super().__init__(clock, inner)
        self.rule = rule
        self.changes: list[tuple[float, str]] = []
        self.epoch = self.first_epoch = 0
        self.permitted_count = self.rejected_count = self.failed_count = self.ignored_count = 0
        self.timer: Callable[[bool], None] | None = None
        self.start("closed")
        at_each_start(self, self.begin_anew)

    def begin_anew(self) -> None:
        """Closed and empty; what was asked before counts no more."""
        if self.state == "closed":
            self.leave()
            self.start("closed")
        else:
            self.enter("closed")
        self.first_epoch = self.epoch

    def start(self, state: str) -> None:
        self.state, self.entered_at = state, self.clock.now
        self.results: list[Result] = []
        self.samples: list[tuple[float, list[Result]]] = []
        self.trials_left = self.rule.trials if state == "half_open" else 0
        if state == "closed":
            self.open_durations = chain(self.rule.open_durations, repeat(self.rule.open_durations[-1]))

    def leave(self) -> None:
        self.epoch += 1
        if self.timer is not None:
            self.timer(False)
            self.timer = None

    def enter(self, state: str) -> None:
        self.leave()
        self.start(state)
        self.changes.append((self.clock.now, state))
        if state == "open":
            self.open_duration = next(self.open_durations)
            if self.rule.half_opens_by_itself:
                self.timer = self.clock.after(self.open_duration, lambda: self.enter_by_timer("half_open"))
        elif state == "half_open" and self.rule.trials_take_at_most < inf:
            self.timer = self.clock.after(self.rule.trials_take_at_most, lambda: self.enter_by_timer("open"))

    def enter_by_timer(self, state: str) -> None:
        if is_up(self):
            self.enter(state)

    def ask(self, done: Done) -> Withdraw:
        if self.state == "open":
            rest = self.entered_at + self.open_duration - self.clock.now
            if rest < -TICK or (self.rule.kind == "polly" and rest < TICK):
                self.enter("half_open")
        if self.state != "closed":
            if not self.trials_left:
                self.rejected_count += 1
                return self.answer(done, Outcome.BREAKER_OPEN)
            self.trials_left -= 1
        self.permitted_count += 1
        return self._let_through(done)

    def _let_through(self, done: Done) -> Withdraw:
        epoch, start = self.epoch, self.clock.now

        def abandon() -> None:
            if self.state == "half_open" and epoch == self.epoch:
                if self.rule.kind == "hystrix" and is_up(self):
                    self.enter("open")
                else:
                    self.trials_left += 1

        def end(outcome: Outcome) -> None:
            if outcome in self.rule.ignored:
                self.ignored_count += 1
                abandon()
            else:
                is_failure = not outcome.is_answer and outcome not in self.rule.harmless
                self.failed_count += is_failure
                if epoch == self.epoch or (epoch >= self.first_epoch and not self.rule.strict):
                    self._record(is_failure, self.clock.now - start > self.rule.slow_after)
            done(outcome)

        def withdraw(killed: bool) -> None:
            withdraw_inner(killed)
            abandon()

        withdraw_inner = self.inner.ask(end)
        return withdraw

    def _record(self, is_failure: bool, is_slow: bool) -> None:
        result = Result(self.clock.now, is_failure, is_slow)
        self.results.append(result)
        self._sample(result)
        if self.state == "half_open":
            self._judge_trials(is_failure)
        elif self.state == "closed" and self._is_too_bad(is_failure):
            self.enter("open")

    def _sample(self, result: Result) -> None:
        """Polly's sub-windows: a tenth of the time each, from the first result in it."""
        sampling = self.rule.sampling
        if not self.samples or result.time - self.samples[-1][0] >= sampling / 10:
            self.samples.append((result.time, []))
        self.samples[-1][1].append(result)
        self.samples = [(start, results) for start, results in self.samples if start > result.time - sampling]

    def _judge_trials(self, is_failure: bool) -> None:
        rule, count = self.rule, len(self.results)
        if rule.kind == "resilience4j":
            if count >= min(rule.volume, rule.trials):
                self.enter("open" if self._is_share_reached(self.results) else "closed")
        elif is_failure:
            self.enter("open")
        elif count >= rule.trials:
            self.enter("closed")

    def _is_share_reached(self, window: list[Result]) -> bool:
        failed, slow = sum(result.failed for result in window), sum(result.slow for result in window)
        return failed / len(window) >= self.rule.share or slow / len(window) >= self.rule.slow_share

    def _is_too_bad(self, is_failure: bool) -> bool:
        rule = self.rule
        if rule.kind == "consecutive":
            last = self.results[-rule.volume :]
            return len(last) == rule.volume and all(result.failed for result in last)
        if rule.kind == "hystrix":
            self._judge_at_the_end_of_the_bucket(self._bucket(self.clock.now) + 1)
            return False
        if rule.kind == "polly":
            window = [result for _, results in self.samples for result in results]
            return is_failure and len(window) >= rule.volume and self._is_share_reached(window)
        second = floor(self.clock.now)
        window = [result for result in self.results if floor(result.time) > second - rule.seconds]
        return len(window) >= rule.volume and self._is_share_reached(window)

    def _bucket(self, time: float) -> int:
        return floor((time - self.entered_at) / _BUCKET)

    def _judge_at_the_end_of_the_bucket(self, bucket: int) -> None:
        epoch = self.epoch

        def judge() -> None:
            if epoch != self.epoch:
                return
            window = [r.failed for r in self.results if bucket - _BUCKETS <= self._bucket(r.time) < bucket]
            if (
                len(window) >= self.rule.volume
                and int(100 * sum(window) / len(window)) >= 100 * self.rule.share
            ):
                self.enter_by_timer("open")
            elif any(window):
                self._judge_at_the_end_of_the_bucket(bucket + 1)

        self.clock.after(self.entered_at + bucket * _BUCKET - self.clock.now, judge)

    def counts(self) -> dict[str, Any]:
        return {
            "permitted_count": self.permitted_count,
            "rejected_count": self.rejected_count,
            "failed_count": self.failed_count,
            "ignored_count": self.ignored_count,
            "opened_count": sum(state == "open" for _, state in self.changes),
        }
