"""Steps: what a mover does to the table, one at a time.

A step names what it is about by bounds, not by places in a table, which another step may change meanwhile.
One that the table does not allow any more is left out, and what is to be done is asked for anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..routing_table import RoutingTable


@dataclass(frozen=True, slots=True)
class MoveRange:
    """Move the range that begins at `start` to `shard`, all of it."""

    start: Any
    shard: str

    def is_possible(self, table: RoutingTable) -> bool:
        """Return whether there is such a range, settled elsewhere."""
        place = place_of(table, self.start)
        if place is None or not _is_settled(table, place):
            return False
        return table.assignments[place].shard != self.shard


@dataclass(frozen=True, slots=True)
class SplitRange:
    """Let a range begin at `bound`, in the middle of one; no data moves."""

    bound: Any

    def is_possible(self, table: RoutingTable) -> bool:
        """Return whether no range begins there yet, and the one around it is settled."""
        place = table.find_token(self.bound)
        return table.starts[place] != self.bound and _is_settled(table, place)


@dataclass(frozen=True, slots=True)
class MergeRanges:
    """Let the range that begins at `bound` be one with the one before; no data moves."""

    bound: Any

    def is_possible(self, table: RoutingTable) -> bool:
        """Return whether both are settled at one shard under one epoch."""
        place = place_of(table, self.bound)
        if place is None or place == 0:
            return False
        before, after = table.assignments[place - 1 : place + 1]
        return before == after and before.move is None


Step = MoveRange | SplitRange | MergeRanges


def place_of(table: RoutingTable, start: Any) -> int | None:
    """Return the place of the range that begins at `start`, if one does."""
    place = table.find_token(start)
    return place if table.starts[place] == start else None


def _is_settled(table: RoutingTable, place: int) -> bool:
    return table.assignments[place].move is None
