"""Deadlines as cancel scopes, and the lanes in which they wait.

States of a deadline: *open* -> *closed* (its block was left), and on the way perhaps *expired*. When an open
deadline passes, `Cancelled` is thrown into its process at its present yield, once. It passes every `except
Exception` on its way out, runs the `finally` blocks that give back what was taken, and is stopped by the
block it belongs to, which turns it into `TimedOut` (`fail_after`) or swallows it (`move_on_after`).

Why not throw `TimedOut` itself: a retry inside an outer deadline would take the outer deadline for a failed
attempt and try again. Only the scope that set the deadline may say what its passing means. This is trio's
rule (`trio.CancelScope`, `trio.Cancelled`); unlike trio's, a cancellation here is delivered once and not at
every later yield, so that a `finally` block may still wait for something.

Deadlines of equal length pass in the order in which they were set. They wait in one first-in first-out lane
per length, and only the head of a lane stands in the schedule; one that was left in time is merely marked,
and dropped when it comes to the head. A deadline that is met costs no heap operation at all.
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

    `scope` is the `Deadline` whose block to leave, or the `Process` itself when the whole process was
    cancelled. A `BaseException`, as in trio and asyncio, so that handlers of ordinary errors let it pass.
    """

    def __init__(self, scope: object) -> None:
        super().__init__(scope)
        self.scope = scope


class ProcessCancelled(Exception):
    """What a process sees that waits for another one which was cancelled or killed."""


class Deadline:
    """One deadline of one process; made by `Environment.open_deadline`, for parts on the hot path.

    When simulated time reaches `time`, `Cancelled` with this object as its `scope` is thrown into `process`,
    unless `process` has been set to `None` before: that is how it is closed.
    """

    __slots__ = ("expired", "process", "sequence", "time")

    # Filled in by its maker: in CPython 3.11 an `__init__` would cost more than all the rest of it.
    process: Process | None
    time: float
    sequence: int
    expired: bool

    def expire(self) -> None:
        """Cancel what the process is in, at its present yield."""
        if self.process is not None:
            self.expired = True
            self.process._throw(Cancelled(self))


class CancelScope:
    """A block of a process that is left when its time is up; made by `fail_after` and `move_on_after`.

    `delay` is the allowed time in seconds, from entering the block. `raises` says whether leaving the block
    because of the deadline raises `TimedOut`. After the block, `expired` says whether the deadline passed
    while it was open.

    Example::

        with env.move_on_after(0.2) as scope:
            answer = yield from recommendations.call(request)
        if scope.expired:
            answer = fallback
    """

    __slots__ = ("_deadline", "_env", "delay", "raises")

    def __init__(self, env: Environment, delay: float, *, raises: bool) -> None:
        if not 0.0 <= delay <= inf:
            raise ValueError(f"the delay of a deadline must be >= 0 s, got {delay!r}")
        self._env = env
        self.delay = delay
        self.raises = raises
        self._deadline: Deadline | None = None

    @property
    def expired(self) -> bool:
        """Whether the deadline has passed while the block was open."""
        return self._deadline is not None and self._deadline.expired

    def __enter__(self) -> CancelScope:
        if self._env.active_process is None:
            raise RuntimeError("a cancel scope is entered by a running process, and none is running")
        if self._deadline is not None:
            raise RuntimeError(
                "a cancel scope is entered once; make another one with fail_after or move_on_after"
            )
        self._deadline = self._env.open_deadline(self.delay)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        deadline = self._deadline
        assert deadline is not None
        deadline.process = None
        if not isinstance(error, Cancelled) or error.scope is not deadline:
            return False
        if self.raises:
            raise TimedOut(f"no answer within {self.delay} s") from None
        return True


class DeadlineLane:
    """The deadlines of one length, in the order in which they pass.

    Invariant: the lane stands in the schedule exactly once, with the time and `sequence` number of a deadline
    that is, or was, at its head.
    """

    __slots__ = ("_size_checked", "deadlines", "delay", "sequence")

    def __init__(self, delay: float) -> None:
        self.delay = delay
        self.deadlines: deque[Deadline] = deque()
        self.sequence = 0
        self._size_checked = 1_000

    def next_open(self) -> Deadline | None:
        """Return the first deadline that is open, dropping those before it; `None` if there is none."""
        deadlines = self.deadlines
        while deadlines:
            deadline = deadlines[0]
            if deadline.process is not None:
                return deadline
            deadlines.popleft()
        return None

    def drop_closed(self) -> None:
        """Drop what is closed anywhere in the lane, once it has grown to twice what was left the last time.

        Otherwise a deadline of an hour that is met in a millisecond would be remembered for an hour.
        """
        if len(self.deadlines) > self._size_checked:
            self.deadlines = deque(deadline for deadline in self.deadlines if deadline.process is not None)
            self._size_checked = max(1_000, 2 * len(self.deadlines))
