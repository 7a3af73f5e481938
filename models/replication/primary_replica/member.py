"""A member of a primary-replica store: a node that is a primary or a replica, and has a log on its disk.

States: *replica* of a primary that it may not have heard of yet -> *primary* (promoted by the monitor) ->
*replica* (deposed by a later epoch, its lease is over, or it has handed over). Who starts again starts as a
replica, whatever it was: it says so to the monitor, which waits for no lease then. Without failover the first
member is made primary when the store is, and at each restart in an epoch of its own: what it has lost its
replicas may have, and two records of one epoch may not share a position. If its disk was destroyed it does
not know which epochs there were, and is not primary any more.

Two things are durable: the log, and the epoch that it has promised (`Ask`): from then on it obeys nobody
earlier, even after a crash. It reports for no epoch that another life of the monitor has asked for, or of
which it has a record or obeys the primary: that has been begun, or may have been. A promotion is good once,
and only for the life of the process in which it has reported what it has.

A scan is a read of many keys, and its mark is that of the table which it was answered from. What has changed
after a mark is told as far as the log goes back: after a mark that stands before it, or was overruled, a scan
is a `ServerError`. PostgreSQL, too, has removed such WAL, and a copy of it begins with a new base backup.

What was applied and never committed is on the disk of a member that starts again: with
`Visibility.RECEIVED` it is shown, as PostgreSQL does; otherwise when it is committed, or never.

Source: PostgreSQL's standbys and timelines; pg_auto_failover's monitor, to which members report their
position before one is promoted; Patroni's lease.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from math import inf
from typing import TYPE_CHECKING, Any

from simulator import PARKED, Environment

from ...failures import ServerError, Unavailable
from ...infrastructure import Host
from ...network import Network
from ...nodes import Node
from ...request import Request
from ...storage import Disk, ReplacedFile, StoredTable
from ..effects import effect_of
from ..operations import READING
from ..scans import KeySet, Scanned, items_of
from .messages import (
    Append,
    Ask,
    EpochTaken,
    HandOver,
    Install,
    InSyncAltered,
    Progressed,
    Promote,
    Renew,
    Renewed,
    Report,
    Resign,
)
from .primary import Primary
from .replica import Replica
from .requests import WHERE, Behind, Demand, Mark, NotPrimary, Reply, ScanDemand
from .settings import ReplicationFlaws, ReplicationSettings, Visibility

if TYPE_CHECKING:
    from .acknowledged import AcknowledgedWrites
    from .monitor import Monitor


Question = tuple[int, int]
"""Which epoch the monitor has asked for, and in which of its lives."""

_UNASKED: Question = (1, -1)
"""Of the first epoch it never asks."""


class Member(Node):
    """The `index`-th member of a store, on `disk`; made by `PrimaryReplicaStore`, which calls `join`.

    `epoch` is the latest that it knows of; exactly one of `primary` and `replica` is there, by what it is.
    `discarded_count` records were overruled here, `promoted_count` times it became primary.
    """

    __slots__ = (
        "_asked",
        "_control",
        "_observer",
        "_promised",
        "_promoting",
        "_reported_epoch",
        "discarded_count",
        "epoch",
        "flaws",
        "index",
        "members",
        "monitor",
        "primary",
        "promoted_count",
        "replica",
        "settings",
        "shown_position",
        "stored",
    )

    host: Host
    primary: Primary | None
    replica: Replica | None

    def __init__(
        self,
        env: Environment,
        network: Network,
        disk: Disk,
        index: int,
        settings: ReplicationSettings,
        flaws: ReplicationFlaws,
        observer: AcknowledgedWrites,
        *,
        name: str,
        **node_settings: Any,
    ) -> None:
        self.index = index
        self.settings = settings
        self.flaws = flaws
        self.members: Sequence[Member] = ()
        self.monitor: Monitor | None = None
        self.stored = StoredTable(
            self,
            disk,
            settings.durability,
            snapshot_interval=settings.snapshot_interval,
            retained_count=settings.retained_count,
        )
        self._control: ReplacedFile[Question] = ReplacedFile(disk, _UNASKED)
        self._observer = observer
        self.discarded_count = 0
        self.promoted_count = 0
        self.shown_position = 0
        super().__init__(env, disk.host, network, name=name, **node_settings)

    def join(self, members: Sequence[Member], monitor: Monitor | None) -> None:
        """Know the others, and begin: the first as primary of epoch 1, whose lease runs from now."""
        self.members = members
        self.monitor = monitor
        if self.index == 0:
            failover = self.settings.failover
            lease = 0.0 if failover is None else failover.lease
            self._become_primary(1, frozenset(range(len(members))), self.host.monotonic_clock() + lease)
        else:
            self.replica = Replica(self, 1, members[0])

    # -- life -----------------------------------------------------------------------------------------------

    def remember(self) -> None:
        """Be nothing yet, and know what to do with each message."""
        self.stored.remember()
        self.epoch = 1
        self._asked = _UNASKED
        self.primary = None
        self.replica = Replica(self, 1, None)
        self._promised = 0
        self._reported_epoch = 0
        self._promoting = 0
        self.on(Append, self._hear_append)
        self.on(Install, self._hear_install)
        self.on(Progressed, self._hear_progress)
        self.on(Ask, self._hear_ask)
        self.on(Promote, self._hear_promote)
        self.on(Renewed, self._hear_renewal)
        self.on(HandOver, self._hear_hand_over)
        self.on(InSyncAltered, self._hear_in_sync)
        self.on(Request, self._hear_unasked)

    def forget(self) -> None:
        """Note, for observers, up to where it has shown anything."""
        self.shown_position = self.stored.table.position

    def recover(self) -> Generator[Any, Any, None]:
        """Read the disk, and be a replica of nobody that it has heard of yet."""
        yield from self.stored.recover()
        stored = self.stored
        last = stored.log.last_position
        self._asked = self._control.content or _UNASKED
        self.epoch = max(self._asked[0], stored.epoch_at(last) or 1)
        if self.settings.visibility is Visibility.RECEIVED:
            stored.apply_until(last)
        self.replica = Replica(self, self.epoch, None)
        if self.settings.failover is None and self.index == 0 and self._control.content is not None:
            yield from self._control.replace((self.epoch + 1, _UNASKED[1]))

    def wake_up(self) -> None:
        """Say that it has started again; the fixed primary goes on, in a new epoch."""
        if not self.members:
            return
        if self.monitor is not None:
            self.send(self.monitor, Resign(self.epoch, self))
        elif self.index == 0 and self._control.content is not None:
            self._become_primary(self.epoch + 1, frozenset(), 0.0)

    # -- what it is -----------------------------------------------------------------------------------------

    def _become_primary(self, epoch: int, in_sync: frozenset[int], lease_end: float) -> None:
        if self.replica is not None:
            self.replica.end()
        self.replica = None
        self.epoch = epoch
        self._reported_epoch = 0
        self.promoted_count += 1
        self._observer.promoted(self)
        self.primary = Primary(self, epoch, in_sync, lease_end=lease_end)
        self.primary.begin()

    def step_down(self, primary: Member | None) -> None:
        """Be a replica of `primary` from now on, of whoever it will be where that is `None`."""
        former, self.primary = self.primary, None
        if self.replica is not None:
            self.replica.end()
        self.replica = Replica(self, self.epoch, primary)
        if former is not None:
            former.end()
            self.env.log("primary.down", self.name, epoch=former.epoch)
            if self.settings.visibility is Visibility.RECEIVED:
                self.stored.apply_until(self.stored.log.last_position)

    def _obeys(self, epoch: int, sender: Member) -> bool:
        """Say whether a primary of `epoch` is to be obeyed, and be its replica then."""
        if epoch < self.epoch and not self.flaws.no_epoch_check:
            # It is told, or it would never learn of it; what it hears acknowledges nothing.
            self.send(sender, Progressed(self.epoch, self, self.incarnation, 0, 0, 0, None))
            return False
        if self.primary is not None and self.flaws.no_fencing:
            return False
        replica = self.replica
        if replica is None or replica.epoch != epoch or replica.primary is not sender:
            self.epoch = epoch
            self._asked = max(self._asked, (epoch, -1))  # it has been begun, whoever has asked whom for it
            self.step_down(sender)
        return True

    def rewind(self, position: int) -> bool:
        """Drop what is overruled after `position`; return whether that can be done without a whole table."""
        before = self.stored.log.last_position
        try:
            self.stored.truncate(position)
        except ValueError:
            return False
        self.discarded_count += before - position
        return True

    # -- messages -------------------------------------------------------------------------------------------

    def _hear_append(self, message: Append) -> None:
        if self._obeys(message.epoch, message.sender):
            assert self.replica is not None
            self.replica.receive(message)

    def _hear_install(self, message: Install) -> None:
        if self._obeys(message.epoch, message.sender):
            assert self.replica is not None
            self.replica.install(message)

    def _hear_progress(self, message: Progressed) -> None:
        if self.primary is None:
            return
        if message.epoch > self.epoch and not self.flaws.no_fencing:
            self.epoch = message.epoch
            self.step_down(None)
        else:
            self.primary.hear(message)

    def _hear_renewal(self, message: Renewed) -> None:
        if self.primary is not None:
            self.primary.renewed(message)

    def _hear_hand_over(self, message: HandOver) -> None:
        if self.primary is not None and self.primary.epoch == message.epoch:
            self.primary.hand_over(message.heir)

    def resign(self) -> None:
        """Be the primary no more, and say so."""
        assert self.monitor is not None
        self.send(self.monitor, Resign(self.epoch, self))
        self.step_down(None)

    def _hear_in_sync(self, message: InSyncAltered) -> None:
        if self.primary is not None:
            self.primary.in_sync_altered(message)

    def _hear_ask(self, message: Ask) -> None:
        if self.primary is not None and self.flaws.no_fencing:
            return
        question = (message.epoch, message.life)
        if message.epoch < self.epoch:
            if message.life > self._asked[1]:
                self._say_taken()
            return  # or it is late, and whoever has asked it knows better by now
        if message.epoch > self.epoch:
            self.epoch = message.epoch
            self.step_down(None)
        if message.epoch > self._asked[0]:
            self._asked = question
        if question != self._asked:
            self._say_taken()
        elif self._promised >= message.epoch:
            self._report()
        else:
            self.run(self._promise(question), "promise")

    def _promise(self, question: Question) -> Generator[Any, Any, None]:
        epoch, _ = question
        content = self._control.content
        if content is None or content[0] < epoch:
            yield from self._control.replace(question)
        self._promised = max(self._promised, epoch)
        if self._promised == self.epoch:
            self._report()

    def _say_taken(self) -> None:
        """Tell a monitor that asks for an epoch which it cannot know of: its disk is not what it was."""
        assert self.monitor is not None
        self.send(self.monitor, EpochTaken(self.epoch))

    def _report(self) -> None:
        assert self.monitor is not None
        last = self.stored.log.last_position
        last_epoch = self.stored.epoch_at(last) or 0
        if last_epoch == self.epoch:
            # A late question, or the monitor's disk is not what it was: two records may not share a position.
            self._say_taken()
            return
        self._reported_epoch = self.epoch
        self.send(self.monitor, Report(self.epoch, self, last_epoch, last))

    def _hear_promote(self, message: Promote) -> None:
        stored, replay_work = self.stored, self.settings.replay_work
        unapplied_count = stored.log.last_position - stored.table.position
        if not replay_work or not unapplied_count:
            self._promote(message)
        elif self._promoting != message.epoch:
            self._promoting = message.epoch
            self.run(self._promote_after(unapplied_count * replay_work, message), "promotion")

    def _promote_after(self, work: float, message: Promote) -> Generator[Any, Any, None]:
        self._renew_while_promoting(message.epoch)
        yield from self.work(work)
        if self._promoting == message.epoch:
            self._promoting = 0
        self._promote(message)

    def _renew_while_promoting(self, epoch: int) -> None:
        """Tell the monitor that it is on its way: without it the next choice would begin all anew."""
        failover = self.settings.failover
        if self._promoting == self.epoch == epoch and failover is not None and self.monitor is not None:
            last = self.stored.log.last_position
            self.send(self.monitor, Renew(epoch, self, self.host.monotonic_clock(), last))
            self.after(failover.renewal_interval, self._renew_while_promoting, epoch)

    def _promote(self, message: Promote) -> None:
        if message.epoch == self.epoch == self._reported_epoch and self.primary is None:
            # Its lease begins when it is first renewed.
            self._become_primary(message.epoch, message.in_sync, 0.0)

    def _hear_unasked(self, request: Request) -> None:
        if self.settings.request_work:
            self.run(self._work_unasked(request), "write")
        else:
            self._do_unasked(request)

    def _work_unasked(self, request: Request) -> Generator[Any, Any, None]:
        yield from self.work(self.settings.request_work)
        self._do_unasked(request)

    def _do_unasked(self, request: Request) -> None:
        """Do a write whose client waits for nothing."""
        if self.primary is not None and self.primary.may_serve() and not self.primary.is_handing_over:
            try:
                effect = effect_of(request, self.stored.latest(request.key))
            except ServerError:
                return  # nobody is there to be told
            if effect.changes:
                self.primary.append(request.key, effect.value)

    # -- calls ----------------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Generator[Any, Any, Reply | NotPrimary | Behind]:
        """Answer a client of the store."""
        if request.operation == WHERE:
            return self._not_primary()
        if self.settings.request_work:
            yield from self.work(self.settings.request_work)
        if request.operation not in READING:
            return (yield from self._write(request))
        demand: Demand = request.value
        if demand.of_primary:
            return (yield from self._read_as_primary(request.key, demand))
        if not demand.waits and not self.has_applied(demand.mark):
            return Behind()
        yield from self._wait_for(demand)
        return self._shown(request.key, demand)

    def _not_primary(self) -> NotPrimary:
        known: Member | None = self
        if self.replica is not None:
            known = self.replica.primary
        return NotPrimary(self.epoch, None if known is None else known.index)

    def _write(self, request: Request) -> Generator[Any, Any, Reply | NotPrimary]:
        primary = self.primary
        if primary is None or not primary.may_serve():
            return self._not_primary()
        if primary.is_handing_over:
            raise Unavailable(f"{self.name} is handing over")
        if primary.has_too_few_in_sync():
            raise Unavailable(f"{self.name}: fewer replicas are in sync than a write needs")
        effect = effect_of(request, self.stored.latest(request.key))
        position = self.stored.log.last_position
        if effect.changes:
            position = primary.append(request.key, effect.value)
        try:
            yield from primary.wait_told(position)
        except BaseException as end:
            if effect.changes and not isinstance(end, GeneratorExit):
                primary.show(position)
            raise
        if effect.changes:
            self._observer.acknowledged(self, primary.epoch, position)
        elif not primary.may_serve():
            return self._not_primary()  # it was no more than a read
        return Reply(effect.answer, (primary.epoch, position))

    def _read_as_primary(self, key: Any, demand: Demand) -> Generator[Any, Any, Reply | NotPrimary]:
        primary = self.primary
        if primary is None or primary.epoch < demand.mark[0]:
            return self._not_primary()
        if self.settings.visibility is Visibility.COMMITTED:
            # What its predecessors have committed it knows when it has committed something itself.
            yield from primary.wait_for(primary.start_position)
        yield from self._wait_for(demand)
        if self.primary is not primary or not (primary.may_serve() or self.flaws.reads_without_lease):
            return self._not_primary()
        return self._shown(key, demand)

    def _wait_for(self, demand: Demand) -> Generator[Any, Any, None]:
        """Wait until a read can be answered. Raises `Unavailable` if that takes too long."""
        if self._can_answer(demand):
            return
        if demand.wait_max == inf:
            yield from self._wait_until_it_can(demand)
        else:
            with self.env.move_on_after(demand.wait_max / self.host.clock_rate):
                yield from self._wait_until_it_can(demand)
        if not self._can_answer(demand):
            raise Unavailable(f"{self.name} has not come as far as the read asks for")

    def _can_answer(self, demand: Demand) -> bool:
        """Say whether it shows what a read has to see, or that one is the primary's, which it is not."""
        return self.has_applied(demand.mark) or (demand.of_primary and self.primary is None)

    def _wait_until_it_can(self, demand: Demand) -> Generator[Any, Any, None]:
        process: Any = self.env.active_process
        while not self._can_answer(demand):
            if self.primary is not None:
                yield from self.primary.wait_to_show(demand.mark)
                continue
            replica = self.replica
            assert replica is not None
            replica.wait(demand.mark, process)
            try:
                yield PARKED
            finally:
                replica.leave(process)

    def has_applied(self, mark: Mark) -> bool:
        """Say whether it shows what was written up to `mark`.

        One who shows a record of a later epoch does, wherever that stands: what it has not of the epoch of
        `mark` was overruled, and will never be there.
        """
        table = self.stored.table
        return (table.epoch, table.position) >= mark

    def _shown(self, key: Any, demand: Demand) -> Reply:
        table = self.stored.table
        mark = (table.epoch, table.position)
        if isinstance(demand, ScanDemand):
            return Reply(Scanned(self._scanned(key, demand.after), mark), mark)
        return Reply(table.value(key), mark)

    def _scanned(self, keys: KeySet, after: Mark | None) -> tuple[tuple[Any, Any], ...]:
        if after is None:
            return items_of(self.stored, keys)
        epoch, position = after
        if position > self.stored.table.position or self.stored.epoch_at(position) != epoch:
            raise ServerError(f"{self.name} does not know what has changed after {after}")
        return items_of(self.stored, keys, position)
