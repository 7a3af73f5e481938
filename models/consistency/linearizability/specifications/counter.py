"""A counter: add changes it by an amount, read tells the sum, 0 before. Source: Jepsen's counter workload."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import ClassVar

from ...intervals import Interval
from .specification import ILLEGAL, Specification


@dataclass(frozen=True, slots=True)
class Counter(Specification):
    """Read and add of a number; what an add tells is not looked at."""

    name: ClassVar[str] = "counter"
    kinds: ClassVar[tuple[str, ...]] = ("read", "add")

    @property
    def initial(self) -> Hashable:
        """Nothing was added: 0."""
        return 0

    def step(self, state: Hashable, interval: Interval) -> object:
        """A read tells the sum, an add changes it."""
        assert isinstance(state, int | float)
        if interval.operation.kind == "read":
            return state if (interval.result or 0) == state else ILLEGAL
        return state + interval.value
