"""What the cores of a host must do, for `expectation`: pieces of work, and how much each has left.

No virtual time and no queue of ends: at each change all pieces are brought up to date, every piece is given
its rate anew, and the clock is asked for the next thing that changes of itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import floor, inf
from typing import TYPE_CHECKING

from models.outcome import Outcome

from .expectation import Clock, Done, Node, Withdraw

if TYPE_CHECKING:
    from .host_expectation import HostModel

# A quota, or work, of which less is left is used up.
NANOSECOND = 1e-9


@dataclass(slots=True, eq=False)
class Group:
    """Work that shares by `weight`, and has `quota` cores in each `period`, counted from the host's boot."""

    weight: float = 1.0
    quota: float = inf
    period: float = 1.0
    used: float = 0.0
    ends_at: float = 0.0

    def enter(self, booted_at: float, now: float) -> None:
        """Be in the period that is now: nothing is used of it, if it is another one."""
        number = floor((now - booted_at + NANOSECOND) / self.period) + 1
        if self.ends_at != booted_at + number * self.period:
            self.ends_at, self.used = booted_at + number * self.period, 0.0

    @property
    def left(self) -> float:
        """Seconds on cores until it is throttled."""
        return self.quota * self.period - self.used


@dataclass(slots=True, eq=False)
class _Piece:
    left: float
    group: Group
    end: Callable[[], None]
    rate: float = 0.0


class CoresModel:
    """One core, shared out by the discipline of that name."""

    def __init__(self, clock: Clock, scheduling: str = "first-come") -> None:
        self.clock, self.scheduling = clock, scheduling
        self.pieces: list[_Piece] = []
        self.changed_at = self.booted_at = 0.0
        self.next: Withdraw = lambda killed: None

    def boot(self) -> None:
        """Nothing is left from before, and periods begin anew."""
        self.booted_at = self.clock.now

    def work(self, group: Group, demand: float, done: Callable[[], None]) -> Withdraw:
        """Call `done` when so much work has been done for a group; return what gives it up."""
        self._advance()
        piece = _Piece(demand, group, done)
        self.pieces.append(piece)
        self._plan()

        def withdraw(killed: bool) -> None:
            if piece in self.pieces:
                self._advance()
                self.pieces.remove(piece)
                self._plan()

        return withdraw

    def _advance(self) -> None:
        elapsed, self.changed_at = self.clock.now - self.changed_at, self.clock.now
        for piece in self.pieces:
            piece.left -= elapsed * piece.rate
            piece.group.used += elapsed * piece.rate

    def _plan(self) -> None:
        """Set all rates, and see to what happens next."""
        self.next(False)
        now = self.clock.now
        groups = list(dict.fromkeys(piece.group for piece in self.pieces))
        for group in groups:
            group.enter(self.booted_at, now)
        self._set_rates([group for group in groups if group.left >= NANOSECOND])
        times = [piece.left / piece.rate for piece in self.pieces if piece.rate]
        for group in groups:
            rate = sum(piece.rate for piece in self.pieces if piece.group is group)
            if group.quota < inf:
                times.append(group.ends_at - now)
                times += [group.left / rate] if rate else []
        if times:
            self.next = self.clock.after(max(0.0, min(times)), self._look)

    def _set_rates(self, able: list[Group]) -> None:
        """One core: it is the first one's, or everybody's, or goes by the weights of those who may run."""
        weight = sum(group.weight for group in able)
        for piece in self.pieces:
            if self.scheduling == "first-come":
                piece.rate = 1.0 if piece is self.pieces[0] else 0.0
            elif self.scheduling == "processor-sharing":
                piece.rate = 1.0 / len(self.pieces)
            else:
                in_group = sum(each.group is piece.group for each in self.pieces)
                piece.rate = piece.group.weight / weight / in_group if piece.group in able else 0.0

    def _look(self) -> None:
        self._advance()
        done = [piece for piece in self.pieces if piece.left < NANOSECOND and piece.rate]
        for piece in done:
            self.pieces.remove(piece)
        self._plan()
        for piece in done:
            piece.end()


class WorkModel(Node):
    """Works, then asks, and after an answer works again, for a group of its own."""

    def __init__(
        self, clock: Clock, inner: Node, host: HostModel, group: Group, before: float, after: float
    ) -> None:
        super().__init__(clock)
        self.inner, self.cores, self.group, self.before, self.after = inner, host.cores, group, before, after

    def ask(self, done: Done) -> Withdraw:
        def begin() -> None:
            nonlocal current
            current = self.inner.ask(end)

        def end(outcome: Outcome) -> None:
            nonlocal current
            if outcome.is_answer:
                current = self.cores.work(self.group, self.after, lambda: done(outcome))
            else:
                done(outcome)

        current = self.cores.work(self.group, self.before, begin)
        return lambda killed: current(killed)  # noqa: PLW0108 - what is current changes
