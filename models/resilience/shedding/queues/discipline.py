"""The contract of queue disciplines: who may wait beyond the limit, how long, and who is next.

A discipline is a frozen value, and each limiter gets a waiting room from it. The limiter parks and wakes the
waiters; the room only keeps them in order. A newcomer is told on arrival how long it may wait, and is shed
when that time is over, at that very moment and not only when its turn would have come: its caller learns of
it while it is still of use, and the places of those who have no chance are free for others. A newcomer that
finds the room full is shed itself, or another one in its favour.

The members are in files of their own: `reject_at_once`, `fifo`, `lifo`, `by_priority`, and `codel`, which
stands around another.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import inf

from simulator import Process

from ....validation import require_count, require_duration


class Waiter:
    """A call that waits: its `process`, and the `priority` of its request (higher is more important)."""

    __slots__ = ("priority", "process")

    def __init__(self, process: Process, priority: int) -> None:
        self.process = process
        self.priority = priority


class WaitingRoom(ABC):
    """Those who wait at one limiter; `len` is their number.

    `full` is the reason that a newcomer is given for whom there is no place.
    """

    __slots__ = ()

    full: str = "queue full"

    @abstractmethod
    def patience(self, now: float) -> float:
        """Return how long whoever comes at `now` may wait (s; may be infinite); asked before `enter`."""

    @abstractmethod
    def enter(self, newcomer: Waiter, now: float) -> Waiter | None:
        """Let somebody in; return who must go for that: nobody, another one, or the newcomer itself.

        Who must go is not in the room any more.
        """

    @abstractmethod
    def next(self) -> Waiter:
        """Remove and return who is next; the room is not empty."""

    @abstractmethod
    def leave(self, waiter: Waiter) -> None:
        """Remove one that waits no longer."""

    @abstractmethod
    def __len__(self) -> int:
        """Count those who wait."""


class QueueDiscipline(ABC):
    """Makes waiting rooms; derive from it, as a frozen dataclass, to make your own."""

    __slots__ = ()

    @abstractmethod
    def room(self) -> WaitingRoom:
        """Return an empty waiting room."""


@dataclass(frozen=True, slots=True)
class Bounded(QueueDiscipline):
    """What the waiting rooms have in common: a number of places, and how long anybody may wait.

    At most `size_max` (>= 1, may be infinite) wait, each for `age_max` seconds (> 0, may be infinite).
    """

    size_max: float = inf
    age_max: float = inf

    def __post_init__(self) -> None:
        """Check the parameters."""
        if self.size_max != inf:
            require_count("size_max", self.size_max)
        require_duration("age_max", self.age_max)
