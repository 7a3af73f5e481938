"""The replica's part: it takes the primary's records in order, and says how far it has come.

Rules, for each message of a primary of the present epoch:

1. Records that follow one that is missing are kept until that one has come (as TCP does). The second
   heartbeat in a row that finds it missing asks for it, and the primary sends all from there again; the first
   one may have overtaken it.
2. The record before must be of the epoch that the primary says. If it is, all up to there is the same in both
   logs: an epoch has one primary, and each record only ever followed the one that it was sent with. If it is
   not, the two look for the end of the latest epoch that both have: the replica in its own log where that is
   of a later epoch, otherwise the primary in its (`AfterEpoch`).
3. A record that is there already is passed over. One of another epoch at its position is overruled, and all
   after it: the log is *rewound*, as PostgreSQL's `pg_rewind` and Kafka's followers do. Where a snapshot
   holds what is overruled, a whole table is asked for. One that was not asked for, or was sent before, takes
   the place of a log that does not have its last record; a log that has it is kept, with what follows (Raft's
   rule for snapshots): it may be late, and what was acknowledged since may not go.
4. It acknowledges nothing beyond what it has found to be the primary's (`matched`): what it has besides may
   be overruled yet.
5. It applies what it may show (`Visibility`), in order: all that is committed, or all that it has flushed.
   Where that is work, one process does it, record by record, however many cores there are: a replica can fall
   behind a primary that is not even busy. Who is promoted has to do the rest first.

Source: PostgreSQL's walreceiver (replies with written, flushed and applied positions; replays what is
flushed); the check of the record before is Raft's (Ongaro and Ousterhout, 2014, section 5.3; that for tables
in figure 13 of its extended version), the search for where two logs part Kafka's (KIP-101 and KIP-279: the
follower asks for the end of an epoch).
"""

from __future__ import annotations

from collections.abc import Generator
from math import inf
from typing import TYPE_CHECKING, Any

from ...storage import PeriodicSync, Snapshot
from .commit_rules import Progress
from .messages import AfterEpoch, Append, Install, Progressed
from .requests import Mark
from .settings import Visibility

if TYPE_CHECKING:
    from simulator import Process

    from .member import Member


class Replica:
    """What `member` does as a replica of the primary of an epoch (`None`: that it has not heard of yet)."""

    __slots__ = (
        "_early",
        "_installing",
        "_member",
        "_missed_after",
        "_replaying",
        "_table_asked_in",
        "_to_replay",
        "_told_flushed",
        "_waiting",
        "commit",
        "epoch",
        "matched",
        "primary",
    )

    def __init__(self, member: Member, epoch: int, primary: Member | None) -> None:
        self._member = member
        self.epoch = epoch
        self.primary = primary
        self.matched = 0
        self.commit = 0
        self._early: dict[int, Append] = {}
        self._waiting: list[tuple[Mark, Process]] = []
        self._installing: Process | None = None
        self._told_flushed = 0
        self._table_asked_in: float = inf  # the number of the message that has shown that one is needed
        self._missed_after = -1  # where the last heartbeat has found records missing
        self._replaying: Process | None = None
        self._to_replay = 0

    # -- records --------------------------------------------------------------------------------------------

    def receive(self, message: Append) -> None:
        """Take the records of a message, if it is their turn."""
        if self._installing is not None:
            return
        log = self._member.stored.log
        if message.previous > log.last_position:
            if message.is_heartbeat:
                is_missing_still = self._missed_after == log.last_position
                self._missed_after = log.last_position
                self._tell(log.last_position + 1 if is_missing_still else None, message.number)
            else:
                self._early[message.previous] = message
            return
        wants, number = self._take(message), message.number
        while wants is None and (early := self._early.pop(log.last_position, None)) is not None:
            wants, number = self._take(early), early.number
        if self._early:
            self._early = {each: early for each, early in self._early.items() if each > log.last_position}
        if isinstance(wants, int) and wants <= log.first_position:
            # For good, or since a table may be all that the primary has to compare with.
            self._table_asked_in = min(self._table_asked_in, number)
        if wants is not None or message.is_heartbeat:
            self._tell(wants, number)

    def _take(self, message: Append) -> int | AfterEpoch | None:
        """Append what is new; return from where the records are wanted instead, if they are."""
        stored = self._member.stored
        log = stored.log
        previous, records = message.previous, message.records
        if previous < log.dropped_count:
            # A snapshot holds the first of them, or more: from there on they can be compared.
            skipped = min(log.dropped_count - previous, len(records))
            if skipped == 0 or previous + skipped < log.dropped_count:
                return log.dropped_count + 1 if self.matched < log.dropped_count else None
            previous, previous_epoch = previous + skipped, records[skipped - 1].epoch
            records = records[skipped:]
        else:
            previous_epoch = message.previous_epoch
        if stored.epoch_at(previous) != previous_epoch:
            return self._where_parted(previous, previous_epoch)
        position = previous
        for position, record in enumerate(records, previous + 1):
            if position <= log.last_position:
                if log[position].epoch == record.epoch:
                    continue
                if not self._member.rewind(position - 1):
                    return 0
            stored.append(record)
        self._matches(max(position, previous), message.commit)
        return None

    def _where_parted(self, position: int, primary_epoch: int) -> int | AfterEpoch:
        """Return from where to send what is to be compared next, where the record at `position` differs."""
        stored = self._member.stored
        epoch = stored.epoch_at(position) if position > stored.log.dropped_count else None
        if epoch is None:
            return 0
        if epoch < primary_epoch:
            return AfterEpoch(epoch)
        end = stored.end_of_epoch(primary_epoch)
        return 0 if end is None else end + 1

    def _matches(self, position: int, commit: int) -> None:
        member = self._member
        settings = member.settings
        if position > self.matched:
            self.matched = position
            is_written_enough = settings.progress is Progress.WRITTEN
            if is_written_enough or member.flaws.standby_acknowledges_unflushed:
                self._tell(None)
            if not is_written_enough or self._applies_flushed:
                member.stored.log.when_durable(position, self._flushed)
        self.commit = max(self.commit, min(commit, self.matched))
        self._apply()

    def _flushed(self) -> None:
        if self._member.replica is self:
            flushed = min(self.matched, self._member.stored.log.durable_position)
            if flushed > self._told_flushed:
                self._told_flushed = flushed
                self._tell(None)
            self._apply()

    @property
    def _applies_flushed(self) -> bool:
        settings = self._member.settings
        is_synced = not isinstance(settings.durability, PeriodicSync)
        return is_synced and settings.visibility is Visibility.RECEIVED

    # -- applying -------------------------------------------------------------------------------------------

    def _apply(self) -> None:
        member = self._member
        log = member.stored.log
        if member.settings.visibility is Visibility.COMMITTED:
            position = self.commit
        else:
            limit = log.durable_position if self._applies_flushed else log.written_position
            position = min(self.matched, limit)
        if position > member.stored.table.position:
            if member.settings.apply_delay:
                member.after(member.settings.apply_delay, self._replay_until, position)
            else:
                self._replay_until(position)

    def _replay_until(self, position: int) -> None:
        member = self._member
        if not member.settings.replay_work:
            self._apply_until(position)
            return
        self._to_replay = max(self._to_replay, position)
        if self._replaying is None and member.replica is self:
            self._replaying = member.run(self._replay(), "replay")

    def _replay(self) -> Generator[Any, Any, None]:
        member = self._member
        stored = member.stored
        # What was to be replayed may have been overruled meanwhile.
        while (position := stored.table.position) < min(self._to_replay, stored.log.last_position):
            yield from member.work(member.settings.replay_work)
            self._apply_until(position + 1)
        self._replaying = None

    def _apply_until(self, position: int) -> None:
        member = self._member
        if member.replica is not self:
            return
        before = member.stored.table.position
        member.stored.apply_until(min(position, member.stored.log.last_position))
        if member.stored.table.position == before:
            return
        if member.settings.progress is Progress.APPLIED:
            self._tell(None)
        still_waiting = []
        for mark, process in self._waiting:
            if member.has_applied(mark):
                member.env.wake(process)
            else:
                still_waiting.append((mark, process))
        self._waiting = still_waiting

    def wait(self, mark: Mark, process: Process) -> None:
        """Wake `process`, which parks, when all up to `mark` is applied here."""
        self._waiting.append((mark, process))

    def leave(self, process: Process) -> None:
        """Do not wake `process` any more."""
        self._waiting = [entry for entry in self._waiting if entry[1] is not process]

    def end(self) -> None:
        """Let those who wait look again, and take no table any more: the member is something else now."""
        if self._installing is not None:
            self._installing.kill()
            self._installing = None
        if self._replaying is not None:
            self._replaying.kill()
            self._replaying = None
        waiting, self._waiting = self._waiting, []
        for _, process in waiting:
            self._member.env.wake(process)

    # -- a whole table --------------------------------------------------------------------------------------

    def install(self, message: Install) -> None:
        """Take a whole table in the place of what is here, unless that is as new and the primary's."""
        snapshot, stored = message.snapshot, self._member.stored
        position = snapshot.position
        if self._installing is not None or 0 < self.matched >= position:
            return
        was_asked = message.number > self._table_asked_in
        if not was_asked and position < stored.log.dropped_count:
            return
        if not was_asked and stored.epoch_at(position) == snapshot.epoch:
            self._matches(position, position)
            self._tell(position + 1, message.number)
            return
        self._installing = self._member.run(self._install(snapshot, message.number), "install")

    def _install(self, snapshot: Snapshot, number: int) -> Generator[Any, Any, None]:
        member = self._member
        before = member.stored.log.last_position
        yield from member.stored.install(snapshot)
        self._installing = None
        member.discarded_count += max(before - snapshot.position, 0)
        self.matched = self.commit = snapshot.position
        self._tell(snapshot.position + 1, number)

    # -- acknowledging --------------------------------------------------------------------------------------

    def _tell(self, wants: int | AfterEpoch | None, answered: int = 0) -> None:
        member, primary = self._member, self.primary
        if primary is None:
            return
        log, matched = member.stored.log, self.matched
        flushed = min(matched, log.durable_position)
        if member.flaws.standby_acknowledges_unflushed:
            flushed = matched
        member.send(
            primary,
            Progressed(
                member.epoch,
                member,
                member.incarnation,
                min(matched, log.written_position),
                flushed,
                min(matched, member.stored.table.position),
                wants,
                answered,
            ),
        )
