"""Conflict-free replicated data types: a key is a counter, a set or a register, and each merges by itself.

What a key is, its first update says: `add` makes a counter, `set_add` and `set_remove` a set, `write` and
`delete` a register. Another operation on it is a `ServerError` (of the types that Riak has, too, a key has
one). Where two nodes at once make different things of a key it is both: none is lost, a read shows the values
by the name of their kind, and each operation goes to its own.

A register is a `MULTI_VALUE` one: a write replaces what its node has, and two at once are both kept; or a
`LAST_WRITER` one, which loses one of the two as any such register does. There is no compare-and-set, and
there cannot be one: two nodes would both say yes.

What is shipped is the state of a key, whole: a set with a thousand elements travels with each. (Deltas are
smaller: Almeida, Shoker, Baquero, "Delta State Replicated Data Types", 2018.) Source: see `crdt`; Riak's data
types.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from math import isfinite
from numbers import Real
from typing import Any

from ...failures import ServerError
from ...request import Request
from ...validation import require_kind
from ..operations import ADD, DELETE, SET_ADD, SET_REMOVE, WRITE
from ..versions import Cell, Siblings
from .crdt import OrSet, PnCounter
from .last_writer_wins import LastWriterWins
from .resolution import Resolution, Writer

COUNTER, SET, REGISTER = "counter", "set", "register"

_KINDS = {ADD: COUNTER, SET_ADD: SET, SET_REMOVE: SET, WRITE: REGISTER, DELETE: REGISTER}
_LAST_WRITER_WINS = LastWriterWins()


class Register(Enum):
    """What a register does with two values that were written at once: keep both, or one."""

    MULTI_VALUE = "multi-value"
    LAST_WRITER = "last writer"


class Typed:
    """The state of a key: a counter, a set or a register by its kind; seldom more than one."""

    __slots__ = ("parts",)

    def __init__(self, parts: Mapping[str, Any]) -> None:
        self.parts = dict(parts)

    def merged(self, other: Typed) -> Typed:
        """Return what both know; this very state where the other knows nothing new."""
        parts, is_news = dict(self.parts), False
        for kind, theirs in other.parts.items():
            mine = parts.get(kind)
            part = theirs if mine is None else mine.merged(theirs)
            is_news = is_news or part is not mine
            parts[kind] = part
        return Typed(parts) if is_news else self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Typed) and self.parts == other.parts

    __hash__ = None  # type: ignore[assignment] # as of any mapping

    def shown(self) -> Any:
        """Return what a read gives: the value, or where there are several kinds, each by its name."""
        values = {kind: self.parts[kind].shown() for kind in sorted(self.parts)}
        return values if len(values) > 1 else next(iter(values.values()))

    def weight(self) -> int:
        """Return the bytes that it weighs on the wire."""
        return sum(part.weight() for part in self.parts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Crdts(Resolution):
    """Each key is a data type that merges by itself; `register` says which, of two, registers are."""

    register: Register = Register.MULTI_VALUE

    def __post_init__(self) -> None:
        """Check the kind of register."""
        require_kind("register", self.register, Register)

    @property
    def is_sequential_alone(self) -> bool:
        """Of registers by time, a clock that is set back has a single node overwrite the new with the old."""
        return self.register is Register.MULTI_VALUE

    @property
    def has_one_winner(self) -> bool:
        """Of two values of a register by time one is lost."""
        return self.register is Register.LAST_WRITER

    def winner(self, version: Any) -> Any:
        """Return the value of a register by time."""
        return version.parts.get(REGISTER) if self.has_one_winner else None

    def updated(self, request: Request, present: Any, writer: Writer) -> tuple[Any, Any]:
        """Do the operation to what there is of its kind."""
        operation, kind = request.operation, _KINDS.get(request.operation)
        parts = {} if present is None else present.parts
        if kind is None:
            raise ServerError(f"operation must be one of {', '.join(_KINDS)} or read, got {operation!r}")
        if parts and kind not in parts:
            raise ServerError(f"{operation} to {request.key!r}, which is a {' and a '.join(sorted(parts))}")
        part = parts.get(kind)
        updated: Any
        if kind == COUNTER:
            updated = _added(request, part or PnCounter(), writer.name)
        elif kind == SET:
            change = OrSet.with_added if operation == SET_ADD else OrSet.with_removed
            updated = change(part or OrSet(), writer.name, request.value)
        elif self.register is Register.LAST_WRITER:
            updated, _ = _LAST_WRITER_WINS.updated(request, part, writer)
        else:
            cell = Cell(request.value, writer.clock(), operation == DELETE, request.size_bytes)
            known = part or Siblings.none()
            updated = known.written(writer.name, cell, known.context)
        return Typed({**parts, kind: updated}), None


def _added(request: Request, counter: PnCounter, writer: str) -> PnCounter:
    amount = request.value
    if isinstance(amount, bool) or not isinstance(amount, Real) or not isfinite(amount):
        raise ServerError(f"add to {request.key!r} of {amount!r}, which is no finite number")
    return counter.added(writer, amount)  # type: ignore[arg-type] # what isfinite takes is one
