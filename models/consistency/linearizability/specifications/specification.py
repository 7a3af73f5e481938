"""A specification: what an object may answer when its operations come one at a time.

A history is linearizable if its operations can be put in an order that keeps precedence and that a
specification allows (Herlihy and Wing). `step` is the definition. `compiled` may give the search something
quicker that allows the same histories, since it knows all operations beforehand, what is read above all.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Sequence, Set
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Final

from ...intervals import READ, Interval

ILLEGAL: Final = object()
"""What a step returns in place of a state if the operation cannot have been told that."""

Step = Callable[[Hashable], object]
"""From the state before one operation to that after it, or `ILLEGAL`."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A specification for given operations: an initial state and a step for each of them.

    In the `absorbing` state (`ILLEGAL`: there is none) operations at the places `absorbed` (`None`: all)
    change nothing, and whether they take effect there or later is the same to all others.
    """

    initial: Hashable
    steps: Sequence[Step]
    absorbing: object = ILLEGAL
    absorbed: Set[int] | None = None

    def absorbs(self, place: int) -> bool:
        """Return whether the operation at `place` may take effect in the absorbing state at once."""
        return self.absorbed is None or place in self.absorbed


class Specification(ABC):
    """A sequential object of some `name`; a state is immutable."""

    name: ClassVar[str]
    kinds: ClassVar[tuple[str, ...]]

    @property
    @abstractmethod
    def initial(self) -> Hashable:
        """The state where nothing was ever written."""

    @abstractmethod
    def step(self, state: Hashable, interval: Interval) -> object:
        """Return the state after an operation, or `ILLEGAL`; one that is not known may tell anything."""

    def only_observes(self, interval: Interval) -> bool:
        """Whether an operation changes no state at all: a read, unless said otherwise."""
        return interval.operation.kind == READ

    def compiled(self, intervals: Sequence[Interval]) -> Compiled:
        """Return steps that allow the same histories of these operations as `step` does."""
        return Compiled(self.initial, [partial(_step_of, self, each) for each in intervals])

    def require_kinds(self, intervals: Sequence[Interval]) -> None:
        """Raise `ValueError` for an operation that this object does not have."""
        for each in intervals:
            if each.operation.kind not in self.kinds:
                raise ValueError(
                    f"operations of the model {self.name} must be one of {', '.join(self.kinds)}, got "
                    f"{each.operation.kind!r} by process {each.operation.process} at "
                    f"{each.operation.invoked_at:.9g} s"
                )


def _step_of(specification: Specification, interval: Interval, state: Hashable) -> object:
    return specification.step(state, interval)
