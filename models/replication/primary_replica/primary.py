"""The primary's part: it decides the order of writes, ships them, and counts who has them.

A write goes this way: judged by the newest value, appended, durable here by the policy, shipped, acknowledged
by replicas, committed when the rule is satisfied, applied, told. Rules:

1. An epoch begins with a record that changes nothing. Nothing is committed before that one is: the records of
   earlier epochs are committed with it, and not by being counted alone, since a member that has more of a
   later epoch could still overrule them (Raft's rule, section 5.4.2 of Ongaro and Ousterhout 2014; PostgreSQL
   writes an end-of-recovery record, Kafka's leaders must commit one record of their epoch).
2. A replica is sent what it was not sent yet, at once and without waiting for its acknowledgements; what was
   lost it asks for again (see `replica`). Where the log has been dropped it is sent a whole table. It is sent
   nothing again that may be on its way: who asks says which message made it ask, and if that is older than
   what was sent again last, it has not seen that yet.
3. While it has a lease (`Fencing.LEASE`) it serves; when that is over it is a replica again, at that instant
   of its own clock. It is too when it hears of a later epoch.
4. Those who wait for a commit when it stops being primary are told that nobody knows (`TimedOut`).
5. Who is asked to hand over takes no more writes, and goes on with what it has. When all is committed, and
   the heir has done with all of it what a commit asks of replicas, it resigns; if that is not so after a
   renewal interval, it takes writes again.
6. With `InSync` who is in sync is in the monitor's book: the primary asks for a change, and counts by the
   stricter of the two until it is answered.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from simulator import PARKED, Process, TimedOut

from ...storage import NO_KEY, PeriodicSync, Record
from .commit_rules import InSync
from .follower import Follower
from .messages import AfterEpoch, AlterInSync, Append, Install, InSyncAltered, Progressed, Renew, Renewed
from .requests import Mark
from .settings import Fencing, Told, Visibility

if TYPE_CHECKING:
    from .member import Member

Waiting = deque[tuple[int, Process]]
"""Positions of records, and who waits for each."""

_SLACK = 1e-9  # s: a timer that rings a rounding error early need not ring twice


class Primary:
    """What `member` does as the primary of `epoch`; `in_sync` are those that the monitor's book has.

    `start_position` is that of the epoch's first record, `commit_position` that of the last committed.
    """

    __slots__ = (
        "_book_version",
        "_gives_up_at",
        "_heir",
        "_in_sync",
        "_in_sync_version",
        "_lease_end",
        "_local_position",
        "_member",
        "_waiting",
        "_waiting_locally",
        "commit_position",
        "epoch",
        "followers",
        "start_position",
    )

    def __init__(self, member: Member, epoch: int, in_sync: frozenset[int], *, lease_end: float) -> None:
        self._member = member
        self.epoch = epoch
        self._in_sync = in_sync  # what the book says, or will when it has heard
        self._in_sync_version = self._book_version = 0
        self._lease_end = lease_end
        self._waiting: Waiting = deque()
        self._waiting_locally: Waiting = deque()
        self._local_position = 0
        self._heir: Follower | None = None
        self.commit_position = member.stored.table.position
        now = member.host.monotonic_clock()
        failover = member.settings.failover
        self._gives_up_at = now + (0.0 if failover is None else failover.lease)
        self.start_position = member.stored.log.last_position + 1
        self.followers = [
            Follower(peer, self.start_position, now, is_in_sync=peer.index in in_sync)
            for peer in member.members
            if peer is not member
        ]

    def begin(self) -> None:
        """Write the epoch's first record, and start to send signs of life."""
        member = self._member
        if member.settings.visibility is Visibility.RECEIVED:
            member.stored.apply_until(member.stored.log.last_position)
        if member.flaws.commits_older_epochs:
            self.start_position -= 1
            self._locally_done(self.start_position)
        else:
            self.append(NO_KEY, None)
        self._beat()
        if member.settings.failover is not None:
            self._renew()
            self._watch_lease()
        if isinstance(member.settings.commit_rule, InSync):
            self._review_in_sync()

    @property
    def _is_over(self) -> bool:
        return self._member.primary is not self

    # -- writing --------------------------------------------------------------------------------------------

    def append(self, key: Any, value: Any) -> int:
        """Append a record, ship it when it may be, and return its position."""
        member = self._member
        settings, log = member.settings, member.stored.log
        position = member.stored.append(Record(key, value, self.epoch, member.env.now))
        if settings.ships_unsynced:
            self._ship()
        elif isinstance(settings.durability, PeriodicSync):
            log.when_durable(position, self._ship_if_still)
        log.when_committed(position, self._locally_done, position)
        return position

    def _ship_if_still(self) -> None:
        if not self._is_over:
            self._ship()

    def _locally_done(self, position: int) -> None:
        if self._is_over:
            return
        self._local_position = max(self._local_position, position)
        self._wake(self._waiting_locally, position)
        self._ship()
        self._advance()

    def wait_for(self, position: int) -> Generator[Any, Any, None]:
        """Wait until the record at `position` is committed. Raises `TimedOut` if this ends before."""
        if position > self.commit_position and not (yield from self._wait(self._waiting, position)):
            raise self._ended()

    def wait_to_show(self, mark: Mark) -> Generator[Any, Any, None]:
        """Wait for the commit after which all up to `mark` may be shown here, or until this ends."""
        epoch, position = mark
        yield from self._wait(self._waiting, position if epoch == self.epoch else self.start_position)

    def wait_told(self, position: int) -> Generator[Any, Any, None]:
        """Wait until whoever wrote the record at `position` may be told. Raises `TimedOut` as `wait_for`."""
        if self._member.settings.told is Told.COMMITTED:
            yield from self.wait_for(position)
        elif position > self._local_position and not (yield from self._wait(self._waiting_locally, position)):
            raise self._ended()

    def _ended(self) -> TimedOut:
        return TimedOut(f"{self._member.name} stopped being primary before the write was done")

    def _wait(self, waiting: Waiting, position: int) -> Generator[Any, Any, bool]:
        """Wait for a record, and return whether that has come to where it is waited for."""
        process: Any = self._member.env.active_process
        entry = (position, process)
        waiting.append(entry)
        try:
            is_done: bool = yield PARKED
        except BaseException:
            if entry in waiting:
                waiting.remove(entry)
            raise
        return is_done

    def _wake(self, waiting: Waiting, position: int) -> None:
        """Let those go on who wait for a record up to `position`; they need not stand in its order."""
        for _ in range(len(waiting)):
            entry = waiting.popleft()
            if entry[0] <= position:
                self._member.env.wake(entry[1], True)
            else:
                waiting.append(entry)

    def show(self, position: int) -> None:
        """Show a write whose caller has stopped waiting: it stands in the log (PostgreSQL's rule).

        And all before it, which in PostgreSQL would still be hidden: here the log's order is that of what is
        shown.
        """
        if not self._is_over and self._member.settings.visibility is Visibility.RECEIVED:
            self._member.stored.apply_until(min(position, self._local_position))

    # -- committing -----------------------------------------------------------------------------------------

    def _advance(self) -> None:
        member = self._member
        settings = member.settings
        position: float = self._local_position
        if not member.flaws.acknowledges_before_standby:
            now = member.host.monotonic_clock()
            allowed = settings.commit_rule.position(self.followers, settings.progress, now)
            position = min(position, allowed)
        if position <= self.commit_position:
            return
        if position < self.start_position:
            return
        self.commit_position = int(position)
        member.stored.apply_until(self.commit_position)
        self._wake(self._waiting, self.commit_position)

    def has_too_few_in_sync(self) -> bool:
        """Say whether fewer are in sync than a write needs: then it is refused before anything is done."""
        rule = self._member.settings.commit_rule
        if not isinstance(rule, InSync) or self._member.settings.told is not Told.COMMITTED:
            return False
        return sum(each.is_in_sync for each in self.followers) + 1 < rule.count_min

    # -- handing over ---------------------------------------------------------------------------------------

    @property
    def is_handing_over(self) -> bool:
        """Whether it takes no more writes, since another one is to be primary."""
        return self._heir is not None

    def hand_over(self, heir: int) -> None:
        """Let the member with index `heir` have all that is here, and resign then."""
        failover = self._member.settings.failover
        follower = next((each for each in self.followers if each.member.index == heir), None)
        if self._heir is None and follower is not None and failover is not None:
            self._heir = follower
            self._member.after(failover.renewal_interval, self._keep_office)
            self._resign_if_done()

    def _keep_office(self) -> None:
        self._heir = None

    def _resign_if_done(self) -> None:
        if self._heir is None or self._is_over:
            return
        last = self._member.stored.log.last_position
        if min(self._heir.position(self._member.settings.progress), self.commit_position) >= last:
            self._member.resign()

    # -- shipping -------------------------------------------------------------------------------------------

    def _ship(self) -> None:
        for follower in self.followers:
            self._ship_to(follower)

    def _ship_to(self, follower: Follower) -> None:
        log, settings = self._member.stored.log, self._member.settings
        last = log.last_position if settings.ships_unsynced else log.durable_position
        if follower.next_position <= last:
            self._send(follower, last, is_heartbeat=False)

    def _send(self, follower: Follower, last: int, *, is_heartbeat: bool) -> None:
        member = self._member
        previous = follower.next_position - 1
        previous_epoch = member.stored.epoch_at(previous)
        if previous_epoch is None or previous < member.stored.log.dropped_count:
            self._send_table(follower)  # what follows is in the table alone
            return
        records = member.stored.log.records(follower.next_position, last)
        follower.next_position = last + 1
        follower.sent_count += 1
        member.send(
            follower.member,
            Append(
                self.epoch,
                member,
                previous,
                previous_epoch,
                records,
                self.commit_position,
                follower.sent_count,
                is_heartbeat,
            ),
            size_bytes=len(records) * member.settings.record_size_bytes,
        )

    def _send_table(self, follower: Follower) -> None:
        member = self._member
        snapshot = member.stored.table.snapshot()
        follower.next_position = snapshot.position + 1
        follower.sent_count += 1
        member.send(
            follower.member,
            Install(self.epoch, member, snapshot, follower.sent_count),
            size_bytes=snapshot.key_count * member.settings.record_size_bytes,
        )

    def hear(self, message: Progressed) -> None:
        """Take note of how far a replica is, and send it what it has missed."""
        member = self._member
        follower = next(each for each in self.followers if each.member is message.sender)
        last = member.stored.log.last_position
        if message.epoch != self.epoch or not follower.hear(message, last, member.host.monotonic_clock()):
            return
        self._take_in_sync(follower)
        if message.wants is not None and message.answered >= follower.sent_again_in:
            self._send_again(follower, message.wants)
        self._advance()
        self._resign_if_done()

    def _send_again(self, follower: Follower, wants: int | AfterEpoch) -> None:
        """Send a replica what it asks for, which what it was sent last has not given it."""
        stored = self._member.stored
        follower.sent_again_in = follower.sent_count + 1
        if isinstance(wants, AfterEpoch):
            end = stored.end_of_epoch(wants.epoch)
            wants = 0 if end is None else end + 1
        if wants == 0 or wants > stored.log.last_position + 1:
            self._send_table(follower)  # its log cannot be compared with this one
        elif wants <= follower.next_position:
            follower.next_position = wants
            self._ship_to(follower)

    def _beat(self) -> None:
        if self._is_over:
            return
        member = self._member
        for follower in self.followers:
            self._send(follower, follower.next_position - 1, is_heartbeat=True)
        if self._book_version != self._in_sync_version:
            self._ask_for_in_sync()
        member.after(member.settings.heartbeat_interval, self._beat)

    # -- in sync --------------------------------------------------------------------------------------------

    def _review_in_sync(self) -> None:
        """Ask for those to be struck off the book who were not caught up for too long."""
        if self._is_over:
            return
        member = self._member
        rule = member.settings.commit_rule
        assert isinstance(rule, InSync)
        oldest = member.host.monotonic_clock() - rule.lag_time_max
        lagging = {each.member.index for each in self.followers if each.caught_up_at < oldest}
        if lagging & self._in_sync:
            self._alter_in_sync(self._in_sync - lagging)
        member.after(rule.lag_time_max / 2.0, self._review_in_sync)

    def _take_in_sync(self, follower: Follower) -> None:
        """Ask for one to be put on the book that has all that is committed, and count it from now on."""
        member = self._member
        settings = member.settings
        if not isinstance(settings.commit_rule, InSync) or follower.member.index in self._in_sync:
            return
        if follower.position(settings.progress) >= max(self.commit_position, self.start_position):
            follower.is_in_sync = True
            self._alter_in_sync(self._in_sync | {follower.member.index})

    def _alter_in_sync(self, in_sync: frozenset[int]) -> None:
        self._in_sync = in_sync
        self._in_sync_version += 1
        self._ask_for_in_sync()

    def _ask_for_in_sync(self) -> None:
        member = self._member
        monitor = member.monitor
        assert monitor is not None
        member.send(monitor, AlterInSync(self.epoch, member, self._in_sync_version, self._in_sync))

    def in_sync_altered(self, message: InSyncAltered) -> None:
        """Count by the book, now that it says what was asked for last."""
        if message.epoch == self.epoch and message.version == self._in_sync_version:
            self._book_version = message.version
            for follower in self.followers:
                follower.is_in_sync = follower.member.index in self._in_sync
            self._advance()

    # -- the lease ------------------------------------------------------------------------------------------

    def may_serve(self) -> bool:
        """Say whether it may answer for the store now."""
        failover, flaws = self._member.settings.failover, self._member.flaws
        if failover is None or failover.fencing is not Fencing.LEASE or flaws.no_fencing:
            return True
        return self._member.host.monotonic_clock() < self._lease_end

    def _renew(self) -> None:
        member = self._member
        failover = member.settings.failover
        if self._is_over or failover is None:
            return
        assert member.monitor is not None
        now, last = member.host.monotonic_clock(), member.stored.log.last_position
        member.send(member.monitor, Renew(self.epoch, member, now, last))
        member.after(failover.renewal_interval, self._renew)

    def renewed(self, message: Renewed) -> None:
        """Count the lease from when it was asked for, which was before the monitor began to."""
        member = self._member
        failover = member.settings.failover
        if message.epoch == self.epoch and failover is not None:
            start = member.host.monotonic_clock() if member.flaws.lease_by_arrival else message.sent_at
            self._lease_end = max(self._lease_end, start + failover.lease)

    def _watch_lease(self) -> None:
        member = self._member
        failover = member.settings.failover
        if self._is_over or failover is None or failover.fencing is not Fencing.LEASE:
            return
        # One that was just promoted has none yet: it serves nobody, and waits for it as long as one lasts.
        left = max(self._lease_end, self._gives_up_at) - member.host.monotonic_clock()
        if left > _SLACK:
            member.after(left, self._watch_lease)
        elif not (member.flaws.no_fencing or member.flaws.reads_without_lease):
            member.step_down(None)

    def end(self) -> None:
        """Tell those who wait that nobody knows."""
        for waiting in (self._waiting, self._waiting_locally):
            while waiting:
                self._member.env.wake(waiting.popleft()[1], False)
