"""What a circuit breaker must do, for `expectation`: the presets' rules, written down a second time from the libraries' semantics.

Restricted to what the catalogue uses: windows that forget nothing within a run, but for Hystrix's ten seconds of buckets.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

from models.outcome import Outcome

from .expectation import Clock, Done, Node, Withdraw

_BUCKET, _BUCKETS = 0.5, 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`kind` is resilience4j, hystrix, polly or consecutive; `volume` results are needed, of which `share` failed."""

    kind: str
    volume: int
    share: float
    open_duration: float
    trials: int = 1


class BreakerModel(Node):
    """Closed, open, half-open. `changes` are the times and names of the states entered."""

    def __init__(self, clock: Clock, inner: Node, rule: Rule) -> None:
        super().__init__(clock)
        self.inner, self.rule = inner, rule
        self.changes: list[tuple[float, str]] = []
        self.state = "closed"
        self.results: list[tuple[float, bool]] = []
        self.entered_at = 0.0
        self.trials_left = 0

    def enter(self, state: str) -> None:
        self.state, self.results, self.entered_at = state, [], self.clock.now
        self.trials_left = self.rule.trials if state == "half_open" else 0
        self.changes.append((self.clock.now, state))

    def ask(self, done: Done) -> Withdraw:
        if self.state == "open":
            waited = self.clock.now - self.entered_at
            if waited > self.rule.open_duration or (self.rule.kind == "polly" and waited == self.rule.open_duration):
                self.enter("half_open")
        if self.state != "closed":
            if not self.trials_left:
                return self.clock.after(0.0, lambda: done(Outcome.BREAKER_OPEN))
            self.trials_left -= 1
        return self._let_through(done)

    def _let_through(self, done: Done) -> Withdraw:
        number_of_changes = len(self.changes)
        is_over = False

        def end(outcome: Outcome) -> None:
            nonlocal is_over
            is_over = True
            self._record(not outcome.is_answer)
            done(outcome)

        withdraw_inner = self.inner.ask(end)

        def withdraw() -> None:
            nonlocal is_over
            withdraw_inner()
            if not is_over and self.state == "half_open" and number_of_changes == len(self.changes):
                if self.rule.kind == "hystrix":
                    self.enter("open")
                else:
                    self.trials_left += 1
            is_over = True

        return withdraw

    def _record(self, is_failure: bool) -> None:
        self.results.append((self.clock.now, is_failure))
        if self.state == "half_open":
            self._judge_trials(is_failure)
        elif self.state == "closed" and self._is_too_bad(is_failure):
            self.enter("open")

    def _judge_trials(self, is_failure: bool) -> None:
        rule, count = self.rule, len(self.results)
        if rule.kind == "resilience4j":
            if count >= min(rule.volume, rule.trials):
                self.enter("open" if self._failed_count() / count >= rule.share else "closed")
        elif is_failure:
            self.enter("open")
        elif count >= rule.trials:
            self.enter("closed")

    def _failed_count(self) -> int:
        return sum(is_failure for _, is_failure in self.results)

    def _is_too_bad(self, is_failure: bool) -> bool:
        rule, count = self.rule, len(self.results)
        if rule.kind == "consecutive":
            return count >= rule.volume and all(failed for _, failed in self.results[-rule.volume :])
        if rule.kind == "hystrix":
            self._judge_at_the_end_of_the_bucket()
            return False
        return (is_failure or rule.kind != "polly") and (
            count >= rule.volume and self._failed_count() / count >= rule.share
        )

    def _judge_at_the_end_of_the_bucket(self, number: int | None = None) -> None:
        start, now, changes = self.entered_at, self.clock.now, len(self.changes)
        bucket = floor((now - start) / _BUCKET) + 1 if number is None else number

        def judge() -> None:
            if changes != len(self.changes):
                return
            window = [
                failed for time, failed in self.results if bucket - _BUCKETS <= floor((time - start) / _BUCKET) < bucket
            ]
            if len(window) >= self.rule.volume and int(100 * sum(window) / len(window)) >= 100 * self.rule.share:
                self.enter("open")
            elif any(window):
                self._judge_at_the_end_of_the_bucket(bucket + 1)

        self.clock.after(start + bucket * _BUCKET - now, judge)
