"""Siblings: the values of a key of which none has seen the other, and all that has been seen.

A writer (a node that takes writes for the key) gives each write a *dot*: its own name and the next number. A
client says with a write what it has read (its context, a version vector): what the context knows is replaced,
what it does not know stays beside the new value. Rules:

1. Of a set of siblings the `context` knows every dot that was ever in it. A dot that is known and not there
   was replaced.
2. Merging two sets keeps a value that is in both, and one that is in one of them if the other's context does
   not know its dot.
3. A write keeps those values whose dots the client's context does not know, adds the new value with the next
   dot of the writer, and knows what both know.

A writer must apply its own writes to its own set, and send that set, so that its dots in it have no gaps; and
one that may have forgotten some (a crash) must take another name. Source: Preguica et al., "Dotted Version
Vectors" (2010), and Almeida et al., "Scalable and Accurate Causality Tracking for Eventually Consistent
Stores" (DAIS 2014), which Riak uses. Dynamo (SOSP 2007) has a plain vector for each value: there, of two
clients that write through one node from one context, the second overwrites the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .cell import Cell
from .version_vector import VersionVector

Dot = tuple[str, int]
"""A write by its writer's name and number."""


@dataclass(slots=True, eq=False)
class Siblings:
    """The values of a key, as cells by their dots, and the `context` that a reader has then seen.

    Treat it as immutable. The timestamps of the cells decide nothing; they say when a tombstone was written.
    """

    cells: dict[Dot, Cell]
    context: VersionVector

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return (
            isinstance(other, Siblings)
            and self.context == other.context
            and self.cells.keys() == other.cells.keys()
        )

    __hash__ = None  # type: ignore[assignment] # a value need not have a hash

    @classmethod
    def none(cls) -> Siblings:
        """Return the siblings of a key that was never written."""
        return cls({}, VersionVector())

    def merged(self, other: Siblings) -> Siblings:
        """Return what both know; this very set where the other knows nothing new."""
        # What is there follows from what is known: those dots that no other known one has replaced.
        if self.context.covers(other.context):
            return self
        mine = {dot: cell for dot, cell in self.cells.items() if _stays(dot, other)}
        theirs = {
            dot: cell for dot, cell in other.cells.items() if dot not in self.cells and _stays(dot, self)
        }
        return Siblings(mine | theirs, self.context.merged(other.context))

    def written(self, writer: str, cell: Cell, seen: VersionVector) -> Siblings:
        """Return what is there after `writer` has taken a write of a client that had `seen` so much."""
        known = self.context.merged(seen)
        context = known.advanced(writer)
        kept = {dot: old for dot, old in self.cells.items() if seen[dot[0]] < dot[1]}
        return Siblings({**kept, (writer, context[writer]): cell}, context)

    def shown(self) -> Any:
        """Return what a read gives: `None`, the value, or of several values a tuple in the order of dots."""
        values = [self.cells[dot].value for dot in sorted(self.cells) if not self.cells[dot].is_deleted]
        if not values:
            return None
        return values[0] if len(values) == 1 else tuple(values)

    def is_dead_since(self) -> float | None:
        """Return when the last tombstone was written where there is nothing else; `None` otherwise."""
        if not all(cell.is_deleted for cell in self.cells.values()):
            return None
        return max((cell.timestamp for cell in self.cells.values()), default=None)

    def weight(self) -> int:
        """Return the bytes that it weighs on the wire: its values, and 16 for each entry of its context."""
        return sum(cell.size_bytes for cell in self.cells.values()) + 16 * len(self.context)

    def identity(self) -> str:
        """Return a text that two sets share if they are equal, to make digests of."""
        return repr((sorted(self.cells), sorted(self.context.items())))


def _stays(dot: Dot, other: Siblings) -> bool:
    return dot in other.cells or other.context[dot[0]] < dot[1]
