"""What became of the writes that were acknowledged: an observer, who sees all members at once.

A write is lost when the member that was promoted last does not have its record: at its promotion, or when a
primary that is not the last one acknowledges (split brain). Should a later primary have it after all, it is
found again. Positions and epochs say which record is which, as an epoch has one primary and never two records
at a position.

Where the last primary has dropped its log it has its own records, all that stand after those that it has
inherited; of those before, what was not lost when its predecessor was promoted it is taken to have.

It changes nothing, draws no number and schedules no event. Leaves out: a compare-and-set that has changed
nothing is no write.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .requests import Mark

if TYPE_CHECKING:
    from .member import Member


class AcknowledgedWrites:
    """Counts what was acknowledged, and what of it the last primary does not have."""

    __slots__ = ("_epoch", "_inherited", "_marks", "_primary", "lost", "split_brain_count")

    def __init__(self) -> None:
        self._marks: list[Mark] = []
        self._primary: Member | None = None
        self._epoch = self._inherited = 0  # of the last primary: its epoch, and where that begins
        self.lost: set[Mark] = set()
        self.split_brain_count = 0

    @property
    def count(self) -> int:
        """How many writes were acknowledged."""
        return len(self._marks)

    @property
    def primary(self) -> Member | None:
        """The member that was promoted last."""
        return self._primary

    def acknowledged(self, member: Member, epoch: int, position: int) -> None:
        """Note that `member` has told a client that the record at `position` is done."""
        mark = (epoch, position)
        self._marks.append(mark)
        if member is not self._primary:
            self.split_brain_count += 1
        if not self._has(mark):
            self.lost.add(mark)

    def promoted(self, member: Member) -> None:
        """Note that `member` is a primary now, before it has written anything."""
        self._primary = member
        self._epoch, self._inherited = member.epoch, member.stored.log.last_position
        self.lost = {mark for mark in self._marks if not self._has(mark)}

    def _has(self, mark: Mark) -> bool:
        assert self._primary is not None
        epoch, position = mark
        stored = self._primary.stored
        if position >= stored.log.dropped_count:
            return stored.epoch_at(position) == epoch
        return epoch == self._epoch if position > self._inherited else mark not in self.lost
