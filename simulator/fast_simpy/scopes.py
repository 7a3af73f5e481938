"""Deadlines as cancel scopes, and the lanes in which they wait.

States of a scope: *new* -> *open* (entered) -> *closed* (left), and on the way perhaps *expired*. When an open scope's
deadline passes, `Cancelled` is thrown into its process at its present yield, once. It passes every `except Exception` on its
way out, runs the `finally` blocks that give back what was taken, and is stopped by the scope it belongs to, which turns
it into `TimedOut` (`fail_after`) or swallows it (`move_on_after`).

Why not throw `TimedOut` itself: a retry inside an outer deadline would take the outer deadline for a failed attempt and try
again. Only the scope that set the deadline may say what its passing means. This is trio's rule (`trio.CancelScope`,
`trio.Cancelled`); unlike trio's, a cancellation here is delivered once and not at every later yield, so that a `finally`
block may still wait for something.

Deadlines of equal length pass in the order in which they were set. They wait in one first-in first-out lane per length,
and only the head of a lane stands in the schedule; one that was left in time is merely marked, and dropped when it comes
to the head. A deadline that is met costs no heap operation at all.
"""

from __future__ import annotations

from collections import deque
from math import inf
from typing import TYPE_CHECKING

from ..failures import TimedOut

if TYPE_CHECKING:
    from types import TracebackType

    from .core import Environment
    from .process import Process


class Cancelled(BaseException):
    """Thrown into a process to make it leave a cancel scope, or end; never to be caught and kept.

    `scope` is the `CancelScope` to leave, or the `Process` itself when the whole process was cancelled. A `BaseException`, as in
    trio and asyncio, so that handlers of ordinary errors let it pass.
    """

    def __init__(self, scope: object) -> None:
        super().__init__(scope)
        self.scope = scope


class ProcessCancelled(Exception):
    """What a process sees that waits for another one which was cancelled or killed."""


class CancelScope:
    """A block of a process that is left when its time is up; made by `fail_after` and `move_on_after`.

    `delay` is the allowed time in seconds, from entering the block. `raises` says whether leaving the block because of the deadline
    raises `TimedOut`. After the block, `expired` says whether the deadline passed while it was open.

    Example::

        with env.move_on_after(0.2) as scope:
            answer = yield from recommendations.call(request)
        if scope.expired:
            answer = fallback
    """

    __slots__ = ("_env", "_process", "deadline", "delay", "expired", "raises", "sequence")

    def __init__(self, env: Environment, delay: float, *, raises: bool) -> None:
        if not 0.0 <= delay <= inf:
            raise ValueError(f"the delay of a deadline must be >= 0 s, got {delay!r}")
        self._env = env
        self._process: Process | None = None
        self.delay = delay
        self.raises = raises
        self.expired = False

    def __enter__(self) -> CancelScope:
        env = self._env
        process = env.active_process
        if process is None:
            raise RuntimeError("a cancel scope is entered by a running process, and none is running")
        self._process = process
        delay = self.delay
        self.deadline = env.now + delay
        self.sequence = next(env._eid)
        lane = env._lanes.get(delay)
        if lane is None:
            env._open_lane(delay, self)
        else:
            lane.scopes.append(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        self._process = None
        if kind is None or kind is not Cancelled or error.scope is not self:  # type: ignore[union-attr]
            return False
        if self.raises:
            raise TimedOut(f"no answer within {self.delay} s") from None
        return True

    def expire(self) -> None:
        """Cancel the process that is in the block, at its present yield."""
        process = self._process
        if process is not None:
            self.expired = True
            process._throw(Cancelled(self))


class DeadlineLane:
    """The open deadlines of one length, in the order in which they pass.

    Invariant: the lane stands in the schedule exactly once, with the time and sequence number of a scope that is, or was, at its head.
    """

    __slots__ = ("delay", "scopes")

    def __init__(self, delay: float) -> None:
        self.delay = delay
        self.scopes: deque[CancelScope] = deque()

    def next_open(self) -> CancelScope | None:
        """Return the first scope that has not been left, dropping those before it; `None` if all were left."""
        scopes = self.scopes
        while scopes:
            scope = scopes[0]
            if scope._process is not None:
                return scope
            scopes.popleft()
        return None
