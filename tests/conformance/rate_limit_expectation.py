"""What rate limits and an adaptive throttle must do, for `expectation`: definitions, kept in plain lists."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from math import floor
from typing import Any
from weakref import WeakKeyDictionary

from models.outcome import Outcome
from simulator import Environment
from simulator.randomness import Uniform

from .expectation import TICK, Clock, Done, Node, Withdraw, WrapperModel
from .host_expectation import at_each_start


@dataclass(slots=True)
class Past:
    """What is known between two starts of the process: when calls passed, who waits, what was accepted."""

    passed: list[float] = field(default_factory=list)
    waiting: list[Visit] = field(default_factory=list)
    reserved: list[int] = field(default_factory=list)
    requests: list[float] = field(default_factory=list)
    accepts: list[float] = field(default_factory=list)


class ForgetfulModel(WrapperModel):
    """What knows its past, until the process or the host restarts in which it stands."""

    def __init__(self, clock: Clock, inner: Node) -> None:
        super().__init__(clock, inner)
        self.past = Past()
        at_each_start(self, self._forget)

    def _forget(self) -> None:
        self.past = Past()


class Rule(ABC):
    """When the next call may pass, from when the others did."""

    @abstractmethod
    def turn(self, passed: list[float], now: float) -> float:
        """Return the first time from `now` on at which one more may pass."""

    @abstractmethod
    def lets_wait(self, delay: float, ahead: int) -> bool:
        """Return whether a call may wait so long, behind so many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketRule(Rule):
    """A bucket of tokens, refilled by `rate`. Calls wait up to `patience`, or `size` of them at a time."""

    rate: float
    burst: float
    patience: float = 0.0
    size: int | None = None

    def turn(self, passed: list[float], now: float) -> float:
        tokens, time = self.burst, 0.0
        for each in passed:
            tokens, time = min(self.burst, tokens + (each - time) * self.rate) - 1.0, each
        return max(now, time + (1.0 - tokens) / self.rate)

    def lets_wait(self, delay: float, ahead: int) -> bool:
        return delay <= self.patience if self.size is None else ahead < self.size


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowRule(Rule):
    """At most `limit` in any window; calls wait up to `patience`."""

    limit: int
    window: float
    patience: float

    def turn(self, passed: list[float], now: float) -> float:
        return max(now, passed[-self.limit] + self.window) if len(passed) >= self.limit else now

    def lets_wait(self, delay: float, ahead: int) -> bool:
        return delay <= self.patience


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateRule(Rule):
    """At most `limit` by an estimate from two fixed windows; nobody waits."""

    limit: int
    window: float

    def turn(self, passed: list[float], now: float) -> float:
        number = floor(now / self.window)
        present, before = (
            sum(floor(time / self.window) == n for time in passed) for n in (number, number - 1)
        )
        share_left = 1.0 - (now / self.window - number)
        return now if before * share_left + present + 1 <= self.limit + TICK else now + 1.0

    def lets_wait(self, delay: float, ahead: int) -> bool:
        return False


class LimiterModel(ForgetfulModel):
    """Lets calls pass by a rule: at once, in turn, or not at all."""

    def __init__(self, clock: Clock, inner: Node, rule: Rule) -> None:
        super().__init__(clock, inner)
        self.rule = rule
        self.call_count = self.rejected_count = self.abandoned_count = self.waited_count = 0
        self.waiting_count = 0

    def ask(self, done: Done) -> Withdraw:
        self.call_count += 1
        past, now = self.past, self.clock.now
        turns = self.turns(past)
        turn = self.rule.turn(past.passed + turns, max([now, *turns]))
        if not past.waiting and turn <= now + TICK:
            past.passed.append(now)
            return self.inner.ask(done)
        if not self.rule.lets_wait(turn - now, len(past.waiting)):
            self.rejected_count += 1
            return self.answer(done, Outcome.REJECTED)
        visit = Visit(self, past, done)
        past.waiting.append(visit)
        self.waiting_count += 1
        self.plan(past)
        return visit.withdraw

    def turns(self, past: Past) -> list[float]:
        """Return when those who wait may pass, if nobody leaves."""
        turns: list[float] = []
        for _ in past.waiting:
            turns.append(self.rule.turn(past.passed + turns, max([self.clock.now, *turns])))
        return turns

    def plan(self, past: Past) -> None:
        """Tell all who wait their times anew."""
        for visit, turn in zip(past.waiting, self.turns(past), strict=True):
            visit.timer(False)
            visit.timer = self.clock.after(turn - self.clock.now, visit.come_up)

    def counts(self) -> dict[str, Any]:
        gone = self.rejected_count + self.abandoned_count + self.waiting_count
        return {
            "call_count": self.call_count,
            "passed_count": self.call_count - gone,
            "rejected_count": self.rejected_count,
            "abandoned_count": self.abandoned_count,
            "waiting_count": self.waiting_count,
            "waited_count": self.waited_count,
        }


class Visit:
    """Somebody who waits in line, whose turn comes, and who goes on after what is due then."""

    def __init__(self, limiter: LimiterModel, past: Past, done: Done) -> None:
        self.limiter, self.past, self.done = limiter, past, done
        self.timer: Withdraw = lambda killed: None
        self.withdraw_inner: Withdraw | None = None

    def come_up(self) -> None:
        self.past.waiting.remove(self)
        self.past.passed.append(self.limiter.clock.now)
        self.timer = self.limiter.clock.after(0.0, self.go_on)

    def go_on(self) -> None:
        self.limiter.waiting_count -= 1
        self.limiter.waited_count += 1
        self.withdraw_inner = self.limiter.inner.ask(self.done)

    def withdraw(self, killed: bool) -> None:
        if self.withdraw_inner is not None:
            self.withdraw_inner(killed)
            return
        self.timer(killed)
        self.limiter.waiting_count -= 1
        self.limiter.abandoned_count += 1
        if self in self.past.waiting:
            self.past.waiting.remove(self)
        else:
            self.past.passed.pop()
        self.limiter.plan(self.past)


class CyclesModel(LimiterModel):
    """So many per cycle; a place in a later one is reserved for good, if it comes in time.

    Whoever gets none waits for nothing.
    """

    def __init__(self, clock: Clock, inner: Node, limit: int, period: float, timeout: float) -> None:
        super().__init__(clock, inner, BucketRule(rate=1.0, burst=1.0))
        self.limit, self.period, self.timeout = limit, period, timeout

    def ask(self, done: Done) -> Withdraw:
        self.call_count += 1
        past, now = self.past, self.clock.now
        cycle = floor((now + TICK) / self.period)
        while past.reserved.count(cycle) >= self.limit:
            cycle += 1
        delay = max(0.0, cycle * self.period - now)
        if delay <= self.timeout:
            past.reserved.append(cycle)
        if not delay:
            return self.inner.ask(done)
        current: Withdraw
        is_waiting = True
        self.waiting_count += 1

        def end_waiting() -> None:
            nonlocal is_waiting
            is_waiting = False
            self.waiting_count -= 1

        def go_on() -> None:
            nonlocal current
            end_waiting()
            self.waited_count += 1
            current = self.inner.ask(done)

        def fail() -> None:
            end_waiting()
            self.rejected_count += 1
            done(Outcome.REJECTED)

        def withdraw(killed: bool) -> None:
            current(killed)
            if is_waiting:
                end_waiting()
                self.abandoned_count += 1

        in_time = delay <= self.timeout
        current = self.clock.after(delay if in_time else self.timeout, go_on if in_time else fail)
        return withdraw


_worlds: WeakKeyDictionary[Clock, Environment] = WeakKeyDictionary()


class ThrottleModel(ForgetfulModel):
    """Rejects by the share of recent requests that were accepted, with the world's own luck."""

    def __init__(
        self,
        clock: Clock,
        inner: Node,
        *,
        name: str,
        k: float,
        window: float,
        rejections: tuple[Outcome, ...],
    ) -> None:
        super().__init__(clock, inner)
        self.k, self.slice, self.rejections = k, window / 60, rejections
        # With the seed of `World`. A second throttle of the name has a second stream, here as there.
        env = _worlds.setdefault(clock, Environment(seed=1))
        self.luck = env.sampler(f"throttle/{name}", Uniform(0.0, 1.0))
        self.call_count = self.throttled_count = self.accepted_count = 0
        self.turned_away_count = self.aborted_count = 0

    def ask(self, done: Done) -> Withdraw:
        self.call_count += 1
        past, now = self.past, self.clock.now
        requests, accepts = (self._recent(times, now) for times in (past.requests, past.accepts))
        past.requests.append(now)
        probability = (requests - self.k * accepts) / (requests + 1)
        if probability > 0.0 and self.luck() < probability:
            self.throttled_count += 1
            return self.answer(done, Outcome.REJECTED)

        def end(outcome: Outcome) -> None:
            if outcome in self.rejections:
                self.turned_away_count += 1
            else:
                self.accepted_count += 1
                past.accepts.append(self.clock.now)
            done(outcome)

        def withdraw(killed: bool) -> None:
            self.aborted_count += 1
            withdraw_inner(killed)

        withdraw_inner = self.inner.ask(end)
        return withdraw

    def _recent(self, times: list[float], now: float) -> int:
        return sum(floor(now / self.slice) - floor(time / self.slice) < 60 for time in times)

    def counts(self) -> dict[str, Any]:
        ended = self.throttled_count + self.accepted_count + self.turned_away_count + self.aborted_count
        return {
            "call_count": self.call_count,
            "throttled_count": self.throttled_count,
            "accepted_count": self.accepted_count,
            "turned_away_count": self.turned_away_count,
            "aborted_count": self.aborted_count,
            "in_flight_count": self.call_count - ended,
        }
