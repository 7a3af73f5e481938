"""Last writer wins: of two versions of a key the one with the later timestamp is kept, the other is gone.

The timestamp is of the clock of the host that takes the update. Rules:

1. A node does an operation to the value that it has (`effect_of`), all at once; a compare-and-set is judged
   by that value, and two nodes may both say yes.
2. The new value, whole, gets the node's time as its timestamp; those of one node always grow, by a
   microsecond at least, while it lives.
3. The later timestamp wins, everywhere, as said in `versions.cell`: ties too.

So whoever writes at two nodes at nearly the same time is told twice that it is done, and one of the two is
gone: without a partition, without a crash, without a word. "Nearly" is the time that an update takes to the
other node, and all of a partition. A clock that is behind makes it worse: a node there writes over what it
has just seen with an earlier timestamp, which loses at once, and the client is told that it is done.

`is_hybrid` mends the last: the timestamp is later than that of the version which is there, whatever the clock
says, as in a hybrid logical clock. Then what has seen the other wins over it; concurrent ones lose as before,
and a clock that is ahead wins over all that has not seen its writes, for as long as it is ahead. Timestamps
run no further ahead than the clock that does so most, but for microseconds.

Source: Cassandra, and Riak with `last_write_wins`; Kingsbury, "Jepsen: Riak" and "Jepsen: Cassandra" (2013),
on what is lost; Kulkarni et al., "Logical Physical Clocks" (OPODIS 2014).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...request import Request
from ..effects import effect_of
from ..operations import DELETE
from ..versions import Cell, next_timestamp
from .resolution import Resolution, Writer


@dataclass(frozen=True, slots=True, kw_only=True)
class LastWriterWins(Resolution):
    """The later timestamp wins; with `is_hybrid` what has seen the other version is always the later."""

    is_hybrid: bool = False

    @property
    def is_sequential_alone(self) -> bool:
        """A clock that is set back would have a single node overwrite the new with the old."""
        return self.is_hybrid

    @property
    def has_one_winner(self) -> bool:
        """Of two versions one replaces the other whole."""
        return True

    def winner(self, version: Any) -> Any:
        """The version is what has won."""
        return version

    def updated(self, request: Request, present: Any, writer: Writer) -> tuple[Any, Any]:
        """Do the operation to the present value; all that a store is asked can be done."""
        effect = effect_of(request, None if present is None else present.shown())
        if not effect.changes:
            return None, effect.answer
        timestamp = next_timestamp(writer.clock(), writer.last_timestamp)
        if self.is_hybrid and present is not None:
            timestamp = next_timestamp(timestamp, present.timestamp)
        writer.last_timestamp = timestamp
        return Cell(effect.value, timestamp, request.operation == DELETE, request.size_bytes), effect.answer
