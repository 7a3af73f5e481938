"""What both sides of a deadline have in common: a clock, and the end of a call when its time is up.

A part of its own, and not of `Timeout` too: that one is in every call, and writes the same lines out.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf, nextafter

from simulator import Cancelled, Environment, TimedOut

from ...endpoint import Call, Endpoint, Wrapper
from ...request import Request


class ByTheClock(Wrapper):
    """Asks `target` until some moment. `clock` says what time it is; without one the true time is.

    Counts the calls; those that came when their time was up; and those that were given up when it was.
    """

    def __init__(
        self, env: Environment, target: Endpoint, clock: Callable[[], float] | None, *, name: str
    ) -> None:
        super().__init__(target, name=name)
        if clock is not None and not callable(clock):
            raise TypeError(f"clock must be a function such as host.clock, got {clock!r}")
        self._env = env
        self._clock = clock
        self._call_count = 0
        self._expired_on_arrival_count = 0
        self._expired_count = 0

    # A subclass returns the generator of one of these from its `call`, which so costs a call more than if it
    # were one itself, and not a generator more, through which everything would have to pass.

    def _answer_within(self, delay: float, request: Request) -> Call:
        """Answer as the target does, or raise `TimedOut` after `delay` seconds."""
        # As in `Timeout`: what `with env.fail_after(delay)` does, without the calls that a `with` costs.
        deadline = self._env.open_deadline(delay)
        try:
            return (yield from self.target.call(request))
        except Cancelled as cancelled:
            if cancelled.scope is not deadline:
                raise
        finally:
            deadline.process = None
        self._expired_count += 1
        raise TimedOut(f"{self.name}: no answer before the deadline at {request.deadline} s")

    def _come_too_late(self) -> Call:
        """Raise `TimedOut` at once."""
        self._expired_on_arrival_count += 1
        yield from ()
        raise TimedOut(f"{self.name}: the deadline had passed before the call")


def time_left(time: float, now: float) -> float:
    """Return the seconds from `now` to `time`, such that a timer of that length is not too early.

    Of several scopes with one deadline the outermost is to pass, which has set it: it was opened first. An
    inner one must not come before it by the last bit of a float.
    """
    delay = time - now
    return delay if now + delay >= time else nextafter(delay, inf)
