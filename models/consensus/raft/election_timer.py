"""The election timer: it rings when nothing has been heard for a random time, uniform in [shortest, longest].

Each time it is set again, a new time counts; that happens with every message of a leader, and must be cheap.
So nothing is drawn then, and no event put off: only the time of the last sign of life is noted. The timer
itself is set to the shortest timeout after one; when it rings and there has been another meanwhile, it is set
again from that. Only when nothing has come for the shortest timeout is the length drawn, and the rest waited
for. All lengths are at least the shortest, so this is the same in distribution as a draw each time.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import repeat
from typing import TYPE_CHECKING

from simulator.fast_simpy import Call
from simulator.randomness import Uniform

if TYPE_CHECKING:
    from .node import RaftNode

_ROUNDING = 1e-9  # s: what is left of a sum of floats does not make the timer ring again


class ElectionTimer:
    """The timer of `node`, by its own clock; `expire()` is called when it rings.

    Lengths come from the stream "raft/<node>/election".
    """

    __slots__ = ("_draw", "_expire", "_is_late", "_node", "_shortest", "_since", "_timer")

    def __init__(self, node: RaftNode, expire: Callable[[], object]) -> None:
        self._node = node
        self._expire = expire
        settings = node.settings
        self._shortest = settings.election_timeout_min
        self._draw: Callable[[], float] = (
            node.env.sampler(
                f"raft/{node.name}/election",
                Uniform(settings.election_timeout_min, settings.election_timeout_max),
            )
            if settings.election_timeout_min < settings.election_timeout_max
            else repeat(settings.election_timeout_min).__next__
        )
        self._timer: Call | None = None
        self._since = 0.0
        self._is_late = False

    def start(self) -> None:
        """Count anew, from now."""
        self.stop()
        self._since = self._node.host.monotonic_clock()
        self._timer = self._node.after(self._shortest, self._ring)

    def stop(self) -> None:
        """Do not ring."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        self._is_late = False

    def hear(self, now: float) -> None:
        """Count anew, from `now`: there has been a sign of life."""
        self._since = now
        if self._is_late:
            self.start()

    def _ring(self) -> None:
        elapsed = self._node.host.monotonic_clock() - self._since
        if self._is_late:
            rest = 0.0
        elif elapsed < self._shortest - _ROUNDING:
            self._timer = self._node.after(self._shortest - elapsed, self._ring)
            return
        else:
            rest = self._draw() - elapsed
        if rest > _ROUNDING:
            self._is_late = True
            self._timer = self._node.after(rest, self._ring)
        else:
            self._timer = None
            self._is_late = False
            self._expire()
