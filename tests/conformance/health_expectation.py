"""What a balancer must do that is told who is well, by health checks or by outlier ejection.

For `expectation`: Envoy's rules of ejection, and those of probes, written down a second time.
"""

from __future__ import annotations

from abc import abstractmethod
from math import inf
from typing import Any

from models.outcome import Outcome

from .expectation import TICK, Clock, Done, Node, TimeoutModel, Withdraw
from .host_expectation import HostModel

_GATEWAY = (Outcome.REJECTED, Outcome.UNAVAILABLE)
_LOCAL = (Outcome.TIMED_OUT, Outcome.REFUSED, Outcome.UNKNOWN)


class InformedModel(Node):
    """Stands on a host, and knows what it knows in its memory: `begin` is called whenever that starts.

    `changes` are the times and names of what it has found out of the first of its targets.
    """

    def __init__(self, clock: Clock, host: HostModel) -> None:
        super().__init__(clock)
        self.host = host
        self.changes: list[tuple[float, str]] = []
        self.refused_count = 0
        self.timer: Withdraw = lambda killed: None
        host.on_crash.append(self.crash)
        host.on_restart.append(self.begin)

    @property
    def place(self) -> HostModel:
        return self.host

    def crash(self) -> None:
        self.timer(True)

    @abstractmethod
    def begin(self) -> None:
        """Know nothing."""

    def change(self, name: str) -> None:
        self.changes.append((self.clock.now, name))


class CheckedModel(InformedModel):
    """Asks one of two by turns, or the second where probes have found the first ill.

    From `since` on a probe asks the first every `interval`, or after `edge` where it has failed for the
    first time in a row; no answer within `patience` is a failure. Two in a row of a kind make a verdict.
    """

    def __init__(
        self,
        clock: Clock,
        inner: Node,
        spare: Node,
        host: HostModel,
        *,
        since: float,
        interval: float,
        edge: float,
        patience: float,
    ) -> None:
        super().__init__(clock, host)
        self.targets = (inner, spare)
        self.probed = TimeoutModel(clock, inner, patience)
        self.interval, self.edge = interval, edge
        self.has_checks = False
        self.call_counts = [0, 0]
        self.begin()
        clock.after(since, self.check)

    def check(self) -> None:
        self.has_checks = True
        if self.host.is_up:
            self.probe()

    def begin(self) -> None:
        self.last = 1
        self.is_healthy, self.row = True, 0
        if self.has_checks:
            # A process on its way: what has been waiting for the host comes first.
            self.timer = self.clock.after(0.0, self.probe, at_once=True)

    def probe(self) -> None:
        begun = self.clock.now

        def end(outcome: Outcome) -> None:
            self.row = 0 if outcome.is_answer == self.is_healthy else self.row + 1
            if self.row == 2:
                self.is_healthy, self.row = outcome.is_answer, 0
                self.change("up" if self.is_healthy else "down")
            interval = self.edge if self.is_healthy and self.row else self.interval
            self.timer = self.clock.after(max(0.0, begun + interval - self.clock.now), self.probe)

        self.timer = self.probed.ask(end)

    def ask(self, done: Done) -> Withdraw:
        self.last = 1 - self.last if self.is_healthy else 1
        self.call_counts[self.last] += 1
        return self.targets[self.last].ask(done)

    def counts(self) -> dict[str, Any]:
        return {"refused_count": 0, "call_counts": self.call_counts}


class EjectingModel(InformedModel):
    """Asks its only target, and refuses while that is ejected.

    It is when `errors` errors of any kind have come in a row, or `gateway` of those of a gateway, or `local`
    calls without an answer, which count apart; for so many times `base` seconds as it has been in a row, and
    then until the next sweep, which is every `interval`. One in a row is forgotten by each sweep that finds
    it back for an interval.
    """

    def __init__(
        self,
        clock: Clock,
        inner: Node,
        host: HostModel,
        *,
        interval: float,
        base: float,
        errors: int,
        gateway: int,
        local: int,
    ) -> None:
        super().__init__(clock, host)
        self.inner, self.interval, self.base = inner, interval, base
        self.needed = {"error": errors, "gateway": gateway, "local": local}
        self.call_count = self.epoch = 0
        self.begin()

    def begin(self) -> None:
        self.epoch += 1
        self.is_out = False
        self.rows = dict.fromkeys(self.needed, 0)
        self.in_a_row, self.back_at = 0, inf
        self.timer = self.clock.after(self.interval, self.sweep)

    def sweep(self) -> None:
        now = self.clock.now
        if self.is_out and now - self.out_at >= self.in_a_row * self.base - TICK:
            self.is_out, self.back_at = False, now
            self.rows = dict.fromkeys(self.needed, 0)
            self.change("readmission")
        if not self.is_out and now - self.back_at >= self.interval - TICK:
            self.in_a_row = max(0, self.in_a_row - 1)
        self.timer = self.clock.after(self.interval, self.sweep)

    def ask(self, done: Done) -> Withdraw:
        if self.is_out:
            self.refused_count += 1
            return self.answer(done, Outcome.REFUSED)
        self.call_count += 1
        epoch = self.epoch

        def end(outcome: Outcome) -> None:
            if epoch == self.epoch:
                self.note(outcome)
            done(outcome)

        return self.inner.ask(end)

    def note(self, outcome: Outcome) -> None:
        """Look at a result: an open breaker says nothing, and whoever answers can be reached."""
        if outcome == Outcome.BREAKER_OPEN:
            return
        if outcome in _LOCAL:
            grown, begun = ["local"], []
        elif outcome.is_answer:
            grown, begun = [], ["error", "gateway", "local"]
        elif outcome in _GATEWAY:
            grown, begun = ["error", "gateway"], ["local"]
        else:
            grown, begun = ["error"], ["gateway", "local"]
        self.rows.update(dict.fromkeys(begun, 0))
        for kind in grown:
            self.rows[kind] += 1
        for kind in grown:
            if self.rows[kind] == self.needed[kind] and not self.is_out:
                self.rows[kind] = 0
                self.is_out, self.out_at = True, self.clock.now
                self.in_a_row += 1
                self.change("ejection")

    def counts(self) -> dict[str, Any]:
        return {"refused_count": self.refused_count, "call_counts": [self.call_count]}
