"""A transaction of a history: its reads and writes by key, in order, each by itself a transaction too.

An operation of kind "transaction" has as `value` what was asked, parts (kind, key, value) with the kinds
read, write and append, and as `result` the same parts with what the reads told. Any other operation is one
part; a compare-and-set that was done is a read of what it expected and a write.

Two views of a transaction count for others: its external reads, the first of a key if it has not written the
key before, and its final writes, the last of a key. Source: Adya, "Weak Consistency" (1999); Kingsbury and
Alvaro, "Elle" (VLDB 2020).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..intervals import frozen
from ..operation import Ending, Operation

KINDS = ("read", "write", "append")


@dataclass(frozen=True, slots=True)
class Part:
    """One read, write or append of a transaction; `value` is what was told or written."""

    kind: str
    key: Hashable
    value: Any


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction by its `number` in the history; one without an answer has no reads."""

    number: int
    operation: Operation
    parts: tuple[Part, ...]

    @property
    def is_committed(self) -> bool:
        """Whether it is known to have taken effect."""
        return self.operation.ending is Ending.OK

    def external_reads(self) -> dict[Hashable, Any]:
        """What it read of each key before it wrote it itself."""
        told: dict[Hashable, Any] = {}
        touched: set[Hashable] = set()
        for part in self.parts:
            if part.kind == "read" and part.key not in touched:
                told[part.key] = part.value
            touched.add(part.key)
        return told

    def writes(self) -> dict[Hashable, list[Any]]:
        """What it wrote or appended to each key, in order; the last is final."""
        written: dict[Hashable, list[Any]] = {}
        for part in self.parts:
            if part.kind != "read":
                written.setdefault(part.key, []).append(part.value)
        return written


def transactions_of(history: Sequence[Operation]) -> list[Transaction]:
    """Return a transaction for each operation. Raises `ValueError` for one that is none."""
    return [Transaction(number, each, tuple(_parts(each))) for number, each in enumerate(history)]


def _parts(operation: Operation) -> Iterator[Part]:
    is_known = operation.ending is Ending.OK
    if operation.kind == "transaction":
        for kind, key, value in operation.result if is_known else operation.value:
            if kind not in KINDS:
                raise ValueError(f"parts of a transaction must be one of {', '.join(KINDS)}, got {kind!r}")
            if is_known or kind != "read":
                yield Part(kind, frozen(key), frozen(value))
    elif operation.kind == "compare-and-set":
        key, (expected, value) = frozen(operation.key), frozen(operation.value)
        if is_known and operation.result:
            yield Part("read", key, expected)
        if operation.result or not is_known:
            yield Part("write", key, value)
    elif operation.kind == "read":
        if is_known:
            yield Part("read", frozen(operation.key), frozen(operation.result))
    elif operation.kind in KINDS:
        yield Part(operation.kind, frozen(operation.key), frozen(operation.value))
    else:
        raise ValueError(
            f"operations must be one of transaction, compare-and-set, {', '.join(KINDS)}, "
            f"got {operation.kind!r}"
        )
