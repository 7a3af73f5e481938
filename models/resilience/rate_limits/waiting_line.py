"""Waiting for a turn: one first-in first-out line of calls, for limits that can tell when the next may pass.

Rules: while anybody waits, nobody passes by, however little it wants. Whoever comes may join if its turn, by
what is charged and what stands in line before it, comes within its patience; that moment can only move
forward, when somebody before it leaves. Someone who leaves (deadline, cancel, crash) has not passed and pays
nothing, at the very instant of its turn too: the next ones move up.

Only the head of the line has an entry in the schedule.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import OrderedDict
from collections.abc import Generator
from math import inf, nextafter
from typing import Any

from simulator import PARKED, Call, Environment, Process

from ...request import Request
from .boundaries import slack
from .rate_limit import Allowance, RateLimit


class AllowanceWithLine(Allowance):
    """An allowance for which calls can wait in line; what is left to say is how much is free, and when."""

    __slots__ = ("_line", "_timer", "_total")

    def __init__(self, env: Environment, limit: RateLimit) -> None:
        super().__init__(env, limit)
        self._line: OrderedDict[Process, float] = OrderedDict()  # what each who waits will pay
        self._total = 0.0  # of what they will pay
        self._timer: Call | None = None

    # -- for the members of the family -----------------------------------------------------------------------

    def _price(self, request: Request) -> float:
        """Return what `request` costs."""
        return 1.0

    @abstractmethod
    def _take(self, price: float) -> bool:
        """Charge `price` now, or return `False` and change nothing."""

    @abstractmethod
    def _give_back(self, price: float) -> None:
        """Undo a `_take` of this very instant."""

    @property
    @abstractmethod
    def _is_unused(self) -> bool:
        """Whether nothing is charged any more."""

    @abstractmethod
    def _time_of(self, total: float) -> float:
        """Return when, in seconds, `total` will have been free, taken in turn as soon as it is."""

    def _may_join(self, price: float, wait_max: float) -> bool:
        """Return whether a call may stand in line."""
        if wait_max <= 0.0:
            return False
        now = self.env.now
        return self._time_of(self._total + price) - now <= wait_max + slack(now, wait_max)

    # -- the line --------------------------------------------------------------------------------------------

    @property
    def is_fresh(self) -> bool:
        """Whether nothing is charged, and nobody waits: at the instant of its turn somebody does yet."""
        return not self._line and self._is_unused

    def admit(self, request: Request) -> bool:
        """Let `request` pass now, if nobody waits and enough is free."""
        return not self._line and self._take(self._price(request))

    def wait(self, request: Request, wait_max: float) -> Generator[Any, Any, bool]:
        """Stand in line for `request`, if it may; return whether its turn has come."""
        price = self._price(request)
        if not self._may_join(price, wait_max):
            return False
        line = self._line
        process: Any = self.env.active_process
        line[process] = price
        self._total += price
        if len(line) == 1:
            self._serve()
        try:
            yield PARKED
        except BaseException:
            self._leave(process, price)
            raise
        return True

    def _serve(self) -> None:
        """Let all go whose turn it is; come back when it is the next one's."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        env, line = self.env, self._line
        while line:
            process, price = next(iter(line.items()))
            if not self._take(price):
                # Later than now by the clock too: a wait that it cannot tell from none would never end.
                turn = max(self._time_of(price), nextafter(env.now, inf))
                self._timer = env.call_later(turn - env.now, self._serve)
                return
            del line[process]
            self._total -= price
            env.wake(process)
        self._total = 0.0  # and not what sums and differences of prices have left of it

    def _leave(self, process: Process, price: float) -> None:
        """Let the others move up who stand behind somebody that is gone."""
        line = self._line
        if process in line:
            is_first = next(iter(line)) is process
            del line[process]
            self._total -= price
            if not is_first:
                return  # the first one's turn is what it was
        else:
            self._give_back(price)  # its turn has come at this very instant, and it has not gone
        self._serve()
