"""Who waits for a position of a log: readers of what comes next, callers of what they have appended.

In the memory of a process, and gone with it: its waiting calls die too.
"""

from __future__ import annotations

from collections.abc import Generator
from math import inf
from typing import Any

from simulator import PARKED, Environment, Process


class WaitingLine:
    """Processes that wait for positions; whoever comes to one says so (`reached`)."""

    __slots__ = ("_env", "_positions")

    def __init__(self, env: Environment) -> None:
        self._env = env
        self._positions: dict[Process, tuple[int, bool]] = {}  # and whether it sleeps, or is parked

    def wait(self, position: int, patience: float = inf) -> Generator[Any, Any, None]:
        """Wait until `position` is reached, or `patience` seconds are over."""
        process: Any = self._env.active_process
        sleeps = patience < inf
        self._positions[process] = (position, sleeps)
        try:
            yield patience if sleeps else PARKED
        finally:
            self._positions.pop(process, None)

    def reached(self, position: int) -> None:
        """Let those go on who wait for `position` or an earlier one, the first who came first."""
        env, positions = self._env, self._positions
        for process in [each for each, (wanted, _) in positions.items() if wanted <= position]:
            _, sleeps = positions.pop(process)
            if sleeps:
                env.rouse(process)
            else:
                env.wake(process)
