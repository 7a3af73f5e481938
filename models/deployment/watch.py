"""What the controller remembers while it waits for a step and then watches it: all in its memory."""

from __future__ import annotations

from .judge import Judge, Tally
from .moves import Stock

_ROUNDING = 1e-9  # of clocks: a pause of 60 s is over at 59.999999999 s


class Watch:
    """The watch of one step, from `now` (s) on; begun anew with each step, and with the controller's host.

    `reached_at` is when the step was reached (s), None until then.
    """

    def __init__(self, now: float) -> None:
        self.reached_at: float | None = None
        self._moved_at = now
        self._new = Stock(0, 0)
        self._old = Stock(0, 0)
        self._ready_count = 0
        self._heard: dict[object, tuple[Tally, Tally]] = {}

    def has_moved(self, now: float, new: Stock, old: Stock, ready_count: int) -> bool:
        """Say whether anything has come nearer since the last look; `ready_count` are ready, of both.

        More new instances, fewer old ones, or more of all that are ready or available: what Kubernetes calls
        progress (`DeploymentProgressing`).
        """
        has_moved = (
            new.count > self._new.count
            or old.count < self._old.count
            or new.available_count + old.available_count
            > self._new.available_count + self._old.available_count
            or ready_count > self._ready_count
        )
        self._new, self._old, self._ready_count = new, old, ready_count
        if has_moved:
            self._moved_at = now
        return has_moved

    def is_pausing(self, now: float, pause: float) -> bool:
        """Say whether the step was reached less than `pause` seconds ago: that is no standstill."""
        if self.reached_at is None or now >= self.reached_at + pause - _ROUNDING:
            return False
        self._moved_at = now
        return True

    def stands_still_for(self, now: float) -> float:
        """Return for how many seconds nothing has moved."""
        return now - self._moved_at

    def hear(self, monitor: object, tallies: tuple[Tally, Tally]) -> None:
        """Note what a monitor has counted since the step was reached, instead of what it said before."""
        self._heard[monitor] = tallies

    def verdict(self, judge: Judge) -> bool | None:
        """Return what `judge` says to all that was heard."""
        if self.reached_at is None:
            return None
        new, old = Tally(), Tally()
        for heard_of_new, heard_of_old in self._heard.values():
            new += heard_of_new
            old += heard_of_old
        return judge.judge(new, old)
