"""The contract of all disciplines, what they tell of themselves, and what limits a group of work."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

from simulator import Environment, Process

from ...validation import require_number, require_positive

if TYPE_CHECKING:
    from ...endpoint import Endpoint
    from .share import Share

Work = Callable[[float], Generator[Any, Any, None]]
"""Does so many seconds of work on cores, by `yield from`."""


@dataclass(frozen=True, slots=True)
class CpuQuota:
    """At most `cores` x `period` seconds of time on cores in each period of `period` seconds.

    When that is used up, nothing of the group runs until the next period begins, be there idle cores or not.
    The default period is the kernel's.
    """

    cores: float
    period: float = 0.1

    def __post_init__(self) -> None:
        """Check both."""
        for name, value in (("cores", self.cores), ("period", self.period)):
            require_positive(f"{name} of a quota", value)

    @property
    def time(self) -> float:
        """Seconds on cores in a period."""
        return self.cores * self.period


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreStatistics:
    """What the cores of a host have done since the start of the run.

    `completed_count` pieces of work were finished; `work_done` is their demand in seconds at speed 1, work
    given up half-way included as far as it got (and, where work shares, work in progress).
    `busy_time` is in core-seconds up to now, `utilisation` its share of all core-seconds so far.
    `running_count` pieces of work keep a core busy now and `waiting_count` more are there: waiting for one,
    or, where work shares, sharing the same cores, or throttled.
    """

    completed_count: int
    work_done: float
    busy_time: float
    utilisation: float
    running_count: int
    waiting_count: int


class Cores(ABC):
    """The contract of a discipline: `work` works, `speed` may change, `statistics` tells what was done."""

    __slots__ = ("_busy_time", "_completed_count", "_env", "_speed", "_start", "_work_done", "count")

    def __init__(self, env: Environment, count: int, speed: float) -> None:
        self._env = env
        self._start = env.now
        self.count = count
        self._speed = speed
        self._completed_count = 0
        self._work_done = 0.0
        self._busy_time = 0.0

    @property
    def speed(self) -> float:
        """How much work one core does in one second; 1 is normal, 0.1 a host with a gray failure."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        require_positive("speed", speed)
        self._change_speed(speed)

    def _change_speed(self, speed: float) -> None:
        self._speed = speed

    @abstractmethod
    def work(self, demand: float) -> Generator[Any, Any, None]:
        """Do `demand` seconds of work (finite, >= 0), waiting for a core or sharing it, by `yield from`."""

    def work_of(self, running: Mapping[Process, Endpoint | None]) -> Work:
        """Return what those who run on a host work with; `running` says in whose process each of them runs.

        It is `work` where that makes no difference.
        """
        return self.work

    def share(self, weight: float, quota: CpuQuota | None) -> Share | None:
        """Return a share of the cores for one group of work, or `None` where all work is of one group.

        Raises `ValueError` for a weight other than 1, or a quota, that the discipline would not heed.
        """
        if weight != 1.0 or quota is not None:
            raise ValueError(
                f'a weight or quota needs a host with scheduling="fair-share", got {weight!r} and {quota!r}'
            )
        return None

    def start_afresh(self) -> None:  # noqa: B027 # most have nothing to forget
        """The host has booted: forget what a kernel keeps in memory. No work is left from before."""

    @property
    @abstractmethod
    def running_count(self) -> int:
        """How many pieces of work keep a core busy now."""

    @abstractmethod
    def statistics(self) -> CoreStatistics:
        """Return what has been done so far."""

    def _statistics(
        self, running_count: int, waiting_count: int, *, busy: float, work: float = 0.0
    ) -> CoreStatistics:
        elapsed = (self._env.now - self._start) * self.count
        return CoreStatistics(
            completed_count=self._completed_count,
            work_done=self._work_done + work,
            busy_time=self._busy_time + busy,
            utilisation=(self._busy_time + busy) / elapsed if elapsed else 0.0,
            running_count=running_count,
            waiting_count=waiting_count,
        )


def require_demand(demand: object) -> None:
    """Raise unless `demand` is a piece of work: a number of seconds >= 0 that ends."""
    if not 0 <= require_number("demand", demand, "a number of seconds") < inf:
        raise ValueError(f"demand must be finite and >= 0 s, got {demand!r}")
