"""A value with the time of its write: of two, the last writer's wins.

Rules, of two cells of one key:

1. The larger timestamp wins. It was read from somebody's clock: where that is ahead, its owner's writes win
   over later ones, and nobody is told that these are lost.
2. At equal timestamps a tombstone wins over a value.
3. Of two values the larger wins: not for any reason, but everywhere the same.

So to merge is commutative, associative and idempotent, and all who have seen the same cells hold the same
one. Source: Cassandra's reconciliation of cells (`Cells.reconcile`; equal timestamps: CASSANDRA-14592);
Johnson and Thomas, "The Maintenance of Duplicate Databases" (RFC 677, 1975), for the rule and for tombstones.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Any


@dataclass(slots=True, eq=False)
class Cell:
    """A `value` written at `timestamp` (seconds of some clock); treat it as immutable.

    A tombstone (`is_deleted`) has no value. `size_bytes` is what it weighs on the wire.
    """

    value: Any
    timestamp: float
    is_deleted: bool = False
    size_bytes: int = 0

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return (
            isinstance(other, Cell)
            and self.timestamp == other.timestamp
            and self.is_deleted == other.is_deleted
            and bool(self.value == other.value)
        )

    __hash__ = None  # type: ignore[assignment] # a value need not have a hash

    def merged(self, other: Cell) -> Cell:
        """Return the one that wins."""
        if self.timestamp != other.timestamp:
            return self if self.timestamp > other.timestamp else other
        if self.is_deleted or other.is_deleted:
            return self if self.is_deleted else other
        return self if larger(self.value, other.value) is self.value else other

    def shown(self) -> Any:
        """Return what a read gives: the value, `None` for a tombstone."""
        return None if self.is_deleted else self.value

    def is_dead_since(self) -> float | None:
        """Return when it was deleted, by the clock that was asked; `None` while it is a value."""
        return self.timestamp if self.is_deleted else None

    def weight(self) -> int:
        """Return the bytes that it weighs on the wire."""
        return self.size_bytes

    def identity(self) -> str:
        """Return a text that two cells share if they are equal, to make digests of."""
        return _text((self.timestamp, self.is_deleted, self.value))


def larger(left: Any, right: Any) -> Any:
    """Return the larger of two values, `left` where they are equal: the same whoever asks.

    Values that Python cannot compare are ordered by the names of their types (all numbers have one), and then
    by their `repr`, which must therefore say the value. So are sets, of which Python says that one is larger
    if it has all of the other and more: of {1} and {2} neither is. Nor is any of a number and not-a-number.
    """
    try:
        if left == right:
            return left
        if not _has_set(left) and not _has_set(right):
            if left > right:
                return left
            if right > left:
                return right
    except TypeError:
        pass
    return left if _rank(left) >= _rank(right) else right


def _rank(value: Any) -> tuple[str, str]:
    # Were 1.0 a "float" and 0 an "int", {} (a "dict") would be larger than the one and less than the other.
    return "number" if isinstance(value, Real) else type(value).__name__, _text(value)


def _has_set(value: Any) -> bool:
    if isinstance(value, tuple | list):
        return any(map(_has_set, value))
    return isinstance(value, set | frozenset)


def _text(value: Any) -> str:
    """Return `repr(value)`, but of sets with their items in order: in which a set has them is chance."""
    if not _has_set(value):
        return repr(value)
    texts = map(_text, value)
    inside = ", ".join(texts if isinstance(value, tuple | list) else sorted(texts))
    return f"{type(value).__name__}({inside})"
