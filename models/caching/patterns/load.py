"""A load: a question to the target that is under way for the sake of an entry, and who waits for it besides.

States: *under way* -> *ended*: answered, failed, or lost, when the process that asked was cancelled or
killed; and on the way perhaps *void*, once its answer is not to be kept and nobody is to join it any more.
"""

from __future__ import annotations

from collections.abc import Generator, Hashable
from dataclasses import dataclass, field
from typing import Any

from simulator import PARKED, CallFailed, Environment, Process

from ...request import Response

Result = Response | CallFailed | None
"""How a load has ended: with an answer, with a failure, or not at all (`None`): it was lost."""


@dataclass(slots=True, eq=False)
class Load:
    """A question about `key`, begun at `begun_at` s; void once its answer is not to be kept."""

    key: Hashable
    begun_at: float
    is_void: bool = False
    _waiters: dict[Process, None] = field(default_factory=dict)

    def wait(self, env: Environment) -> Generator[Any, Any, Result]:
        """Wait for its end; whoever leaves before leaves it as it is."""
        process: Any = env.active_process
        self._waiters[process] = None
        try:
            result: Result = yield PARKED
        except BaseException:
            self._waiters.pop(process, None)
            raise
        return result

    def tell(self, env: Environment, result: Result) -> None:
        """Tell those who wait how it has ended."""
        waiters, self._waiters = self._waiters, {}
        for process in waiters:
            env.wake(process, result)
