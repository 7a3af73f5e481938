"""The move of one range from shard to shard, from its first change of the table to its last.

States of the range (`routing_table`), and what is done in each:

    settled     at the source
    copying     the source serves; all is copied, then what has changed since, until that is little
    frozen      nobody serves; when that is so, what has still changed is copied
    settled     at the target; the source's copy is deleted

Rules:

1. The table is changed to *copying*. The version of that table is the epoch at the target, which no other
   attempt has. Nothing is imported before the directory has acknowledged it.
2. The target deletes what earlier attempts have left there, which shows that it and its store are there, so
   that no range is handed over to a shard that is down, not even an empty one. Then the copy is made, and
   brought up to date for some rounds (`range_copy`).
3. The table is changed to *frozen*. All servers of the source are told (`hear`); the last copy begins when
   all have answered, or when `ttl` seconds of the mover's clock have passed since the directory acknowledged
   the change, in which their leases are over.
4. When all of the last copy is acknowledged the table is changed to *settled* at the target, and the source
   is asked to delete what it has (`server_transfers`).
5. Whatever fails on the way, or takes too long (`freeze_max`), or somebody else changes, the move is given
   up: the table is changed to *settled* at the source, under the old epoch, unless it says by then that the
   range is handed over. What the target has is deleted by the next attempt (rule 2), which has another epoch,
   or the next sweep: to wait for a shard now that is perhaps down would hold up other moves.

Why no acknowledged write is lost, and histories stay linearizable where the stores, and the directory, are. A
server acknowledges, reads too, only what the store had done while the server's table gave it the range, not
frozen, and its lease lasted (`server`). Let T be when the last export is asked for. By rule 3 every server of
the source has by then a table that says frozen, or newer, or no lease on an older one: what it acknowledges
of this range under this epoch it has acknowledged before T. So whatever was acknowledged had been done in the
source's store before T, and the export, a read of each key that begins after T, by a client that sees what
was acknowledged, shows it, or what came later. All that it shows is acknowledged by the target's store before
the table says settled, and no server of the target serves before that. So the values of a key go through one
sequence: that of the source's store up to the instant at which the export has read it, then that of the
target's, from there. An operation that was acknowledged at the source took effect before that instant, one at
the target after it, each between its call and its answer.

What nobody knows may take effect late. A write at the source after the export does so under an epoch that no
table names; before it, it is in the copy, as a write that has taken effect and was not acknowledged may be.
An import of which nobody knows has ended its attempt (rule 5), and with it its epoch. A compare-and-set of
the table that is late is the change that is wanted, or fails on the version (`table_editor`). Where the move
was given up the source goes on with a store that never stopped being the range's.

A range that comes back to a shard has a new epoch there, so that nothing that is left of its first stay is
seen. What was deleted while it was copied is told by the export after a mark, or missed by comparison.

What is paid: while a range is frozen nobody reads or writes it. That takes two changes of the table, an
export and an import of what has changed lately; where a server of the source does not answer, a lease; where
the store has no marks, an export of all. If the mover dies then, it stays so until a mover is there again.

Source: Clark et al., "Live Migration of Virtual Machines" (NSDI 2005), for rounds of copying while it runs
and a short stop at the end; Rae et al., "Online, Asynchronous Schema Change in F1" (VLDB 2013), for waiting
out leases; MongoDB's documentation, "Chunk Migration Procedure". Leaves out: forwarding by the source while
it is frozen; dual writes.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from ...failures import ServerError
from ..requests import Drop
from ..routing_table import Assignment, Phase, RoutingTable, TokenRange
from .range_copy import RangeCopy
from .records import Ending, MoveRecord
from .shard_ways import ShardUnreachable
from .steps import MoveRange, place_of

if TYPE_CHECKING:
    from .mover import Mover


class GivenUp(Exception):
    """A move cannot go on, for a reason."""


class RangeMove:
    """One attempt of `mover` to do what `step` says."""

    __slots__ = ("_mover", "_source", "_step", "_stretch", "record")

    def __init__(self, mover: Mover, step: MoveRange) -> None:
        self._mover = mover
        self._step = step
        self._source: Assignment
        self._stretch: TokenRange
        self.record: MoveRecord | None = None

    def run(self) -> Generator[Any, Any, bool]:
        """Move the range, or give that up; return whether it is moved."""
        editor = self._mover.editor
        begun = yield from editor.change(self._begin)
        if begun is None:
            return False  # it is not any more as the plan has seen it
        record = self._recorded(begun)
        try:
            yield from self._copy_and_hand_over(record, begun)
        except (GivenUp, ShardUnreachable) as failure:
            record.reason = str(failure)
        given_up = yield from editor.change(self._give_up)
        is_moved = given_up is None and is_handed_over(editor.table, record)
        if is_moved:
            record.reason = ""
        self._mover.note_end(record, Ending.MOVED if is_moved else Ending.GIVEN_UP)
        if is_moved:
            yield from self._mover.drop(record.source, record.start, record.end)
        else:
            self._mover.sweep_later(record.target)
        return is_moved

    # -- the phases -----------------------------------------------------------------------------------------

    def _copy_and_hand_over(self, record: MoveRecord, begun: RoutingTable) -> Generator[Any, Any, None]:
        mover = self._mover
        settings, flaws, env = mover.settings, mover.flaws, mover.env
        leftovers = Drop(record.start, record.end, begun.version)
        try:
            yield from mover.ask_to_drop(record.target, leftovers)
        except ServerError as failure:
            raise GivenUp(f"{record.target}: {failure}") from None
        copy = RangeCopy(mover.host, mover.ways, self._stretch, self._source.epoch, record, settings, flaws)
        record.first_count = yield from copy.bring_up_to_date()
        for _ in range(settings.rounds_max):
            count = yield from copy.bring_up_to_date()
            record.again_count += count
            record.round_count += 1
            if count <= settings.batch_size:
                break
        with env.move_on_after(settings.freeze_max / mover.host.clock_rate) as scope:
            yield from self._freeze_and_hand_over(copy, record)
        if scope.expired:
            raise GivenUp(f"frozen for {settings.freeze_max:g} s, and not handed over yet")

    def _freeze_and_hand_over(self, copy: RangeCopy, record: MoveRecord) -> Generator[Any, Any, None]:
        mover = self._mover
        frozen = yield from self._change(lambda assignment: assignment.frozen(), Phase.COPYING)
        record.frozen_at = mover.env.now
        if not mover.flaws.waits_for_nobody:
            yield from self._wait_until_nobody_serves(frozen)
        if not mover.flaws.leaves_out_last_copy:
            record.frozen_count = yield from copy.bring_up_to_date()
        yield from self._change(lambda assignment: assignment.handed_over(), Phase.FROZEN)

    def _wait_until_nobody_serves(self, frozen: RoutingTable) -> Generator[Any, Any, None]:
        """Wait until no server of the source acts by a table older than `frozen`, just acknowledged."""
        mover, clock = self._mover, self._mover.host.monotonic_clock
        until = clock() + mover.ttl
        yield from mover.ways.hear(self._source.shard, frozen.version, until, mover.settings.patience)

    # -- changes of the table -------------------------------------------------------------------------------

    def _begin(self, table: RoutingTable, nonce: Any) -> RoutingTable | None:
        if not self._step.is_possible(table):
            return None
        place = table.find_token(self._step.start)
        self._stretch, self._source = table.range_at(place), table.assignments[place]
        epoch = self._source.epoch if self._mover.flaws.reuses_epochs else table.next_epoch
        return table.changed(place, self._source.copying_to(self._step.shard, epoch), nonce=nonce)

    def _recorded(self, begun: RoutingTable) -> MoveRecord:
        move = begun.assignments[begun.find_token(self._step.start)].move
        assert move is not None
        self.record = MoveRecord(
            self._stretch.start,
            self._stretch.end,
            self._source.shard,
            move.shard,
            move.epoch,
            self._mover.env.now,
        )
        self._mover.note_begin(self.record)
        return self.record

    def _change(
        self, to: Callable[[Assignment], Assignment], phase: Phase
    ) -> Generator[Any, Any, RoutingTable]:
        """Change the assignment of the range, which is in that phase. Raises `GivenUp` where it is not."""

        def edit(table: RoutingTable, nonce: Any) -> RoutingTable | None:
            place = self._place(table)
            if place is None or (move := table.assignments[place].move) is None or move.phase is not phase:
                return None
            return table.changed(place, to(table.assignments[place]), nonce=nonce)

        changed = yield from self._mover.editor.change(edit)
        if changed is None:
            raise GivenUp("somebody else has given it up")
        return changed

    def _give_up(self, table: RoutingTable, nonce: Any) -> RoutingTable | None:
        place = self._place(table)
        if place is None:
            return None
        return table.changed(place, table.assignments[place].given_up(), nonce=nonce)

    def _place(self, table: RoutingTable) -> int | None:
        """Return the place of the range, if this move of it is under way."""
        record, place = self.record, place_of(table, self._step.start)
        assert record is not None
        move = None if place is None else table.assignments[place].move
        is_this = move is not None and (move.shard, move.epoch) == (record.target, record.epoch)
        return place if is_this else None


def is_handed_over(table: RoutingTable, record: MoveRecord) -> bool:
    """Return whether by `table` a move has come to its end, and the range is where it went."""
    assignment = table.assignments[table.find_token(record.start)]
    return (assignment.shard, assignment.epoch) == (record.target, record.epoch)
