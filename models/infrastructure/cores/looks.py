"""What disciplines that share are made of: pieces of work, and looks when the next one is done."""

from __future__ import annotations

from collections.abc import Callable

from simulator import Environment, Process


class Job:
    """A piece of work that shares; done when the work that each in its group has had reaches `until`."""

    __slots__ = ("is_gone", "process", "until")

    def __init__(self, until: float, process: Process) -> None:
        self.until = until
        self.process = process
        self.is_gone = False


class Looks:
    """Calls `look` at the time for which it was last planned, and sometimes before, never later.

    A look that is due before that is made use of, and one after it stays where it is: were looks replaced at
    each change, a long piece of work would fill the schedule with void ones. Whoever looks too early plans
    again.
    """

    __slots__ = ("_at", "_env", "_look")

    def __init__(self, env: Environment, look: Callable[[], None]) -> None:
        self._env = env
        self._look = look
        self._at: list[float] = []  # the times of the calls that are due, the next one last

    def plan(self, delay: float) -> bool:
        """See to a look in `delay` seconds at the latest; say whether the next one is at that very time."""
        at = self._env.now + delay
        if not self._at or at < self._at[-1]:
            self._env.call_later(delay, self._arrive)
            self._at.append(at)
        return at == self._at[-1]

    def _arrive(self) -> None:
        self._at.pop()
        self._look()
