"""A register: a read tells what was written last, None before; with compare-and-set too in its second form.

A compare-and-set tells True where it found what it expected, and set it, and False where it found another
value. One whose ending is unknown has done either. Source: the register and the cas-register of Knossos.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import ClassVar

from ...intervals import Interval
from .specification import ILLEGAL, Specification


@dataclass(frozen=True, slots=True)
class Register(Specification):
    """Read and write of one value."""

    name: ClassVar[str] = "register"
    kinds: ClassVar[tuple[str, ...]] = ("read", "write")

    @property
    def initial(self) -> Hashable:
        """Nothing was written: None."""
        return None

    def step(self, state: Hashable, interval: Interval) -> object:
        """A read tells the state, a write is the next one."""
        if interval.operation.kind == "read":
            return state if interval.result == state else ILLEGAL
        return interval.value


@dataclass(frozen=True, slots=True)
class CasRegister(Register):
    """Read, write and compare-and-set of one value."""

    name: ClassVar[str] = "cas-register"
    kinds: ClassVar[tuple[str, ...]] = ("read", "write", "compare-and-set")

    def step(self, state: Hashable, interval: Interval) -> object:
        """As a register; a compare-and-set tells whether it found what it expected."""
        if interval.operation.kind != "compare-and-set":
            return Register.step(self, state, interval)
        expected, value = interval.value
        is_found = state == expected
        if interval.is_known and bool(interval.result) != is_found:
            return ILLEGAL
        return value if is_found else state

    def only_observes(self, interval: Interval) -> bool:
        """A read, and a compare-and-set that is known to have found another value."""
        if interval.operation.kind == "compare-and-set":
            return interval.is_known and not interval.result
        return Register.only_observes(self, interval)
