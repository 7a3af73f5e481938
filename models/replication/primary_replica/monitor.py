"""The monitor: it holds the primary's lease, and chooses another primary when that is over.

It stands for what Patroni uses as its distributed configuration store together with the race of the members
for the lock in it, and does the choosing as pg_auto_failover's monitor does: all members report what they
have, and the one with most is promoted. Here it is one process on one host, and can die: then no lease is
renewed, and with `Fencing.LEASE` a healthy primary stops.

States: *leased* (the primary of `epoch` is `holder`) -> *choosing* (the lease is over, or its holder has
resigned; a new epoch was written down) -> *leased*. Rules:

1. A renewal by the holder lets the lease run anew from when it has come, and is answered. So the primary,
   who counts from when it sent it, is always first to find that it is over.
2. To choose it takes a new epoch and makes that durable, asks all members to promise it, and asks again
   until it has chosen. Where its disk was lost it does not know which are new: a member that knows says so
   (`EpochTaken`); where one report is enough, and is of somebody who has not heard of the latest, that epoch
   gets a second primary. Enough have reported when no committed write can be missing from what they have
   together (`CommitRule.members_needed`); with `InSync` when one has that is in sync by the book. Of those
   the one with the latest record is chosen, by epoch and position, the earlier member where two are equal.
3. With an `unclean_election` one that answers is enough: what others have is lost.
4. It waits for one `report_wait` in any case, so that the best may be found.
5. The choice is durable before it is told. The new primary has to renew its lease at once: if it does not,
   the monitor chooses again when the first lease would be over.
6. It starts again as if the lease had just been renewed, for it does not know better. In the middle of a
   choice it waits likewise.
7. A *switchover* is a failover that somebody asks for (`SWITCH_OVER`): the primary is told who is to be its
   heir (`HandOver`), and resigns when that one has all; then it is chosen as always, the heir first among
   those that have most. If the primary hears nothing of it, or the heir does not come so far, all is as it
   was: after as long as a resignation may take, and a lease where it is lost, there is no heir any more.

Source: Patroni documentation (`ttl`, `loop_wait`; the primary demotes itself where it cannot renew);
pg_auto_failover documentation (the monitor, the `report_lsn` state); Kafka's controller, which keeps the
in-sync replicas and bumps the leader epoch. Leaves out: that a store of configuration is itself replicated;
priorities; a watchdog or a switch for the power (STONITH) for a primary that does not stop by itself; members
who find by themselves that the primary is gone, and vote.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator import Environment
from simulator.fast_simpy import Call as Timer

from ...failures import Unavailable
from ...network import Network
from ...nodes import Node
from ...request import Request
from ...storage import Disk, ReplacedFile
from .commit_rules import CommitRule, InSync
from .messages import (
    AlterInSync,
    Ask,
    EpochTaken,
    HandOver,
    InSyncAltered,
    Promote,
    Renew,
    Renewed,
    Report,
    Resign,
)
from .requests import SWITCH_OVER, NotPrimary
from .settings import FailoverSettings

if TYPE_CHECKING:
    from .member import Member

_SLACK = 1e-9  # s, as in `primary`


@dataclass(frozen=True, slots=True)
class Book:
    """What the monitor has written down: the primary of `epoch`, `None` while it chooses, and who counts.

    Who counts was said by that primary in its `version`-th request.
    """

    epoch: int
    holder: int | None
    in_sync: frozenset[int]
    version: int = 0


class Monitor(Node):
    """The monitor of `members`, on `disk`; made by `PrimaryReplicaStore`, which calls `begin`.

    `failover_count` primaries were promoted after the first.
    """

    __slots__ = (
        "_expires_at",
        "_file",
        "_heir",
        "_heir_until",
        "_last_position",
        "_members",
        "_reports",
        "_rule",
        "_settings",
        "_timer",
        "book",
        "failover_count",
    )

    def __init__(
        self,
        env: Environment,
        network: Network,
        disk: Disk,
        settings: FailoverSettings,
        rule: CommitRule,
        member_count: int,
        *,
        name: str,
    ) -> None:
        self._settings = settings
        self._rule = rule
        self._members: Sequence[Member] = ()
        self._file: ReplacedFile[Book] = ReplacedFile(disk, Book(1, 0, frozenset(range(member_count))))
        self.failover_count = 0
        super().__init__(env, disk.host, network, name=name)

    def begin(self, members: Sequence[Member]) -> None:
        """Watch over `members`, the first of which is primary."""
        self._members = members
        self.wake_up()

    def remember(self) -> None:
        """Know what is in the book; on an empty disk, that nobody holds a lease, of an unknown epoch."""
        self.book = self._file.content or Book(0, None, frozenset())
        self._reports: dict[int, tuple[int, int]] = {}
        self._expires_at = 0.0
        self._heir: int | None = None
        self._heir_until = 0.0
        self._last_position = 0  # of the primary's log, by its last renewal
        self._timer: Timer | None = None
        self.on(Renew, self._hear_renewal)
        self.on(Resign, self._hear_resignation)
        self.on(Report, self._hear_report)
        self.on(EpochTaken, self._hear_epoch_taken)
        self.on(AlterInSync, self._hear_in_sync)

    def wake_up(self) -> None:
        """Let the lease run from now."""
        if self._members:
            self._extend()
            self._watch()

    # -- the lease ------------------------------------------------------------------------------------------

    def _extend(self) -> None:
        self._expires_at = self.host.monotonic_clock() + self._settings.ttl

    def _watch(self) -> None:
        left = self._expires_at - self.host.monotonic_clock()
        if left > _SLACK:
            self._timer = self.after(left, self._watch)
        else:
            self._choose()

    def _hear_renewal(self, message: Renew) -> None:
        book = self.book
        if message.epoch == book.epoch and message.sender.index == book.holder:
            self._extend()
            self._last_position = message.last_position
            self.send(message.sender, Renewed(book.epoch, message.sent_at))

    def _hear_resignation(self, message: Resign) -> None:
        if message.epoch >= self.book.epoch and message.sender.index == self.book.holder:
            self._choose()

    # -- choosing -------------------------------------------------------------------------------------------

    def _choose(self) -> None:
        if self._timer is not None:
            self._timer.cancel()  # there is one lease, or none: who chooses does not watch
            self._timer = None
        self.book = Book(self.book.epoch + 1, None, self.book.in_sync)
        self._reports = {}
        if self.host.monotonic_clock() > self._heir_until:
            self._heir = None
        self.env.log("failover.start", self.name, epoch=self.book.epoch)
        self.run(self._choosing(self.book), "choice")

    def _choosing(self, book: Book) -> Generator[Any, Any, None]:
        yield from self._file.replace(book)
        if self.book is book:
            self._ask(book)

    def _ask(self, book: Book) -> None:
        if self.book is not book:
            return
        chosen = self._best() if self._reports else None
        if chosen is not None:
            self._appoint(book, chosen)
            return
        for member in self._members:
            if member.index not in self._reports:
                self.send(member, Ask(book.epoch, self.incarnation))
        self.after(self._settings.report_wait, self._ask, book)

    def _hear_report(self, message: Report) -> None:
        if message.epoch == self.book.epoch and self.book.holder is None:
            self._reports[message.sender.index] = (message.last_epoch, message.last_position)

    def _hear_epoch_taken(self, message: EpochTaken) -> None:
        if message.epoch >= self.book.epoch and self.book.holder is None:
            self.book = Book(message.epoch, None, self.book.in_sync)
            self._choose()

    def _best(self) -> int | None:
        """Return who is to be promoted, `None` while too few have reported."""
        reports = self._reports
        lowest = self._last_position - self._settings.lag_max
        candidates = {index for index, (_, last_position) in reports.items() if last_position >= lowest}
        if not self._settings.unclean_election:
            if isinstance(self._rule, InSync):
                candidates &= self.book.in_sync
            elif len(reports) < self._rule.members_needed(len(self._members)):
                return None
        elif isinstance(self._rule, InSync) and candidates & self.book.in_sync:
            candidates &= self.book.in_sync
        return max(candidates, key=lambda index: (reports[index], index == self._heir, -index), default=None)

    def _appoint(self, book: Book, chosen: int) -> None:
        in_sync = book.in_sync
        if chosen not in in_sync:
            in_sync = frozenset((chosen,))  # unclean: what the others have counts no more
        else:
            in_sync &= frozenset(self._reports)  # the rest is gone, as far as is known
        self._heir = None
        self.book = appointed = Book(book.epoch, chosen, in_sync)
        self.run(self._promote(appointed), "promotion")

    def _promote(self, book: Book) -> Generator[Any, Any, None]:
        assert book.holder is not None
        yield from self._file.replace(book)
        if self.book is not book:
            return
        self.failover_count += 1
        self.env.log("failover.end", self._members[book.holder].name, epoch=book.epoch)
        self.send(self._members[book.holder], Promote(book.epoch, book.in_sync))
        self._extend()
        self._watch()

    # -- who counts -----------------------------------------------------------------------------------------

    def _hear_in_sync(self, message: AlterInSync) -> None:
        book = self.book
        is_holder = message.epoch == book.epoch and message.sender.index == book.holder
        if is_holder and message.version >= book.version:
            self.book = Book(book.epoch, book.holder, message.in_sync, message.version)
            self.run(self._alter(self.book, message.sender), "in sync")

    def _alter(self, book: Book, sender: Member) -> Generator[Any, Any, None]:
        yield from self._file.replace(book)
        self.send(sender, InSyncAltered(book.epoch, book.version))

    # -- calls ----------------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Generator[Any, Any, NotPrimary]:
        """Say who the primary is, or have it hand over: who asks for that learns whether it was told so."""
        yield from ()
        book = self.book
        if request.operation == SWITCH_OVER:
            heir = request.key
            if book.holder is None or heir == book.holder or heir not in range(len(self._members)):
                raise Unavailable(f"{self.name}: member {heir!r} cannot take over from {book.holder!r}")
            self._heir = heir
            wait = self._settings.renewal_interval + self._settings.ttl
            self._heir_until = self.host.monotonic_clock() + wait
            self.send(self._members[book.holder], HandOver(book.epoch, heir))
        return NotPrimary(book.epoch, book.holder)
