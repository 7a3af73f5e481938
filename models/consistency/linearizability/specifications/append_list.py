"""A list by key: append puts an item at its end, read tells all of it, as in Jepsen's list-append workload.

What was never appended to is the empty list, which a read may tell as None too.

Compiled, a state is how much of the longest list that was ever read has been appended. A list only grows, so
each list on the way there is a beginning of that one; what is longer than it no read tells, so that the order
of the rest is nobody's business. Two reads of which neither is a beginning of the other agree with no order.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ...intervals import Interval
from .specification import ILLEGAL, Compiled, Specification, Step


@dataclass(frozen=True, slots=True)
class AppendList(Specification):
    """Read and append of a list."""

    name: ClassVar[str] = "list-append"
    kinds: ClassVar[tuple[str, ...]] = ("read", "append")

    @property
    def initial(self) -> Hashable:
        """The empty list."""
        return ()

    def step(self, state: Hashable, interval: Interval) -> object:
        """A read tells all of the list, an append adds an item to its end."""
        assert isinstance(state, tuple)
        if interval.operation.kind == "read":
            return state if _listed(interval) == state else ILLEGAL
        return (*state, interval.value)

    def compiled(self, intervals: Sequence[Interval]) -> Compiled:
        """Steps on the length of what was appended, one more than the longest read for all beyond it."""
        lists = [_listed(each) for each in intervals if each.operation.kind == "read"]
        longest = max(lists, key=len, default=())
        steps = [_step_of(each, longest) for each in intervals]
        return Compiled(0, steps, absorbing=len(longest) + 1)


def _listed(interval: Interval) -> tuple[Any, ...]:
    told = interval.result
    if told is None:
        return ()
    if not isinstance(told, tuple):
        operation = interval.operation
        raise ValueError(
            f"a read of the model list-append must tell a list, got {told!r} by process "
            f"{operation.process} at {operation.invoked_at:.9g} s"
        )
    return told


def _step_of(interval: Interval, longest: tuple[Any, ...]) -> Step:
    end = len(longest)
    if interval.operation.kind == "read":
        told = _listed(interval)
        length = len(told) if told == longest[: len(told)] else -1
        return lambda state: state if state == length else ILLEGAL
    item = interval.value

    def append(state: Hashable) -> object:
        assert isinstance(state, int)
        if state >= end:
            return end + 1
        return state + 1 if longest[state] == item else ILLEGAL

    return append
