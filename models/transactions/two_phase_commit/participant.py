"""A participant in two-phase commit: it promises, holds its locks, and waits to be told.

States of a transaction: *unknown* -> *preparing* (waits for locks) -> *prepared* (in doubt) -> *committed* or
*aborted*; and prepared -> *heuristic*, where it is told to decide by itself.

1. PREPARE brings the work with it: locks are taken, the changes judged, and what they come to is written as
   a promise. When that is on the disk it votes yes, and from then on cannot go back by itself. It votes no
   where the business refuses or a lock is not to be had in time, and forgets the transaction.
2. Prepared, it holds its locks until it knows the decision: others wait. It asks the coordinator every so
   often. A commit is on the disk before the locks are free, and acknowledged then. An abort frees them at
   once, and is not acknowledged: if a crash takes it back, the transaction is in doubt again and the
   coordinator presumes the same.
3. A crash takes what is only preparing. What is prepared is read from the disk, and its locks are taken back
   before anybody else gets them.
4. The cooperative termination protocol: where the coordinator has not answered since it was asked last, the
   other participants are asked too, and tell what they know. Who has not voted yet, one that waits for its
   locks too, aborts, on its disk first, and says so. Who is in doubt itself cannot help: where all are, they
   wait for the coordinator. That is the case in which two-phase commit blocks, and no protocol of its kind
   does not (Skeen 1981).
5. A heuristic decision frees the locks, and stays whatever the coordinator says later: its COMMIT is
   acknowledged, so that it may forget. The time until then begins anew when the participant does.

Reads see what is committed, and wait for nobody, as under multi-version concurrency control. The state
survives as PostgreSQL's prepared transactions do (`PREPARE TRANSACTION`), locks included.

Leaves out: shared locks, reads as votes (R*'s read-only optimisation), work before PREPARE: locks are held
for as short a time as this protocol allows; a log that is cut: endings are kept for ever. Sources: Mohan,
Lindsay and Obermarck, "Transaction Management in the R* Distributed Database Management System" (TODS 1986),
presumed abort; Bernstein, Hadzilacos and Goodman, "Concurrency Control and Recovery in Database Systems"
(1987), section 7.4, for termination; Skeen, "Nonblocking Commit Protocols" (SIGMOD 1981).
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

from simulator import Environment, Process, TimedOut

from ...failures import ServerError
from ...network import Network
from ...nodes import Node
from ...request import Request
from ...storage import Disk
from ...validation import require_kind
from ..changes import TooLittle, changed
from ..ending import READ
from ..local_store import DATA
from ..storing_node import StoringNode
from .flaws import NO_FLAWS, TwoPhaseFlaws
from .locks import LockTable
from .messages import Acknowledgement, Decision, Inquiry, Name, Prepare, Undecided, Vote
from .observer import TwoPhaseObserver
from .settings import TwoPhaseSettings

PREPARED, ENDED = "prepared", "ended"
_SETTINGS = TwoPhaseSettings()


@dataclass(frozen=True, slots=True)
class Promise:
    """What a participant can do whatever happens: the `values` that it will have, if told to commit."""

    prepare: Prepare
    values: Mapping[Any, Any]


@dataclass(frozen=True, slots=True)
class End:
    """How a transaction has ended here, and whether that was decided here alone."""

    is_commit: bool
    is_heuristic: bool = False


class TwoPhaseParticipant(StoringNode):
    """A participant called `name` with `data` on `disk`; `observer` is told of all that it does.

    `node_settings` are those of `StoringNode`. Clients can `read` here; everything else comes by a
    `TwoPhaseCoordinator`.
    """

    __slots__ = ("_coordinators", "_flaws", "_observer", "_preparing", "_settings", "_unanswered", "locks")

    def __init__(
        self,
        env: Environment,
        disk: Disk,
        network: Network,
        *,
        data: Mapping[Any, Any] | None = None,
        observer: TwoPhaseObserver,
        settings: TwoPhaseSettings = _SETTINGS,
        flaws: TwoPhaseFlaws = NO_FLAWS,
        name: str,
        **node_settings: Any,
    ) -> None:
        require_kind("observer", observer, TwoPhaseObserver)
        require_kind("settings", settings, TwoPhaseSettings)
        require_kind("flaws", flaws, TwoPhaseFlaws)
        self._coordinators: dict[str, Node] = {}
        self._observer = observer
        self._settings = settings
        self._flaws = flaws
        super().__init__(env, disk, network, data=data, name=name, **node_settings)

    def introduce(self, name: str, coordinator: Node) -> None:
        """Learn of a coordinator. Raises `ValueError` where another has its name, which transactions have."""
        if self._coordinators.setdefault(name, coordinator) is not coordinator:
            raise ValueError(f"name of a coordinator must be unique among those of {self.name}, got {name!r}")

    # -- life -----------------------------------------------------------------------------------------------

    def remember(self) -> None:
        """Hold no lock, and prepare nothing."""
        super().remember()
        self.locks = LockTable(self.env)
        self._preparing: dict[Name, Process] = {}
        self._unanswered: set[Name] = set()
        self.on(Prepare, self._prepare)
        self.on(Decision, self._hear)
        self.on(Inquiry, self._inform)
        self.on(Undecided, self._be_patient)

    def wake_up(self) -> None:
        """Take the locks of what is prepared back, and ask what became of it."""
        for name, end in self.store[ENDED].items():  # a crash may have come before anybody was told
            if end.is_heuristic:
                self._observer.decided_alone(self.name, name, is_commit=end.is_commit)
            else:
                self._observer.ended(self.name, name, is_commit=end.is_commit)
        promised: dict[Name, Promise] = self.store[PREPARED]
        self._observer.restarted(self.name, {name: tuple(each.values) for name, each in promised.items()})
        for name, promise in promised.items():
            if not self._flaws.forgets_locks:
                self.locks.take(name, promise.values)
            self._decide_alone_later(name)
            self._inquire(name)

    def answer(self, request: Request) -> Generator[Any, Any, Any]:
        """Answer a read."""
        if request.operation != READ:
            raise ServerError(f"{self.name} knows no operation {request.operation!r}")
        yield from self._begin_request()
        return (yield from self.read_safely(request.key))

    # -- first phase ----------------------------------------------------------------------------------------

    def _prepare(self, prepare: Prepare) -> None:
        name = prepare.name
        end: End | None = self.store[ENDED].get(name)
        if name in self._preparing:
            return
        if name in self.store[PREPARED]:
            self._vote(prepare, is_yes=True)
        elif end is None:
            self._preparing[name] = self.run(self._promise(prepare), "prepare")
        elif not end.is_commit:
            self._vote(prepare, is_yes=False, reason="aborted already")

    def _promise(self, prepare: Prepare) -> Generator[Any, Any, None]:
        """Take the locks, judge, write the promise, vote; without a promise, give the locks back."""
        name, keys = prepare.name, tuple(change.key for change in prepare.changes)
        has_promised = False
        try:
            with self.env.fail_after(self._settings.lock_timeout / self.host.clock_rate):
                yield from self.locks.acquire(name, keys)
            self._observer.locked(self.name, name, keys)
            values = changed(self.store[DATA], prepare.changes)
            position = self.store.write({(PREPARED, name): Promise(prepare, values)})
            has_promised = True
            if not self._flaws.votes_unlogged:
                yield from self.store.safe(position)
            self._observer.prepared(self.name, name)
            self._vote(prepare, is_yes=True)
            self._decide_alone_later(name)
            self.after(self._settings.inquiry_interval, self._inquire, name)
        except TimedOut:
            self._vote(prepare, is_yes=False, reason=f"{self.name}: locked")
        except TooLittle as refusal:
            self._vote(prepare, is_yes=False, reason=str(refusal))
        finally:
            self._preparing.pop(name, None)
            if not has_promised:
                self.locks.release(name)
                self._observer.let_go(self.name, name)

    def _stop_preparing(self, name: Name) -> None:
        process = self._preparing.pop(name, None)
        if process is not None:
            process.kill()

    def _vote(self, prepare: Prepare, *, is_yes: bool, reason: str = "") -> None:
        self.send(prepare.coordinator, Vote(prepare.name, self, is_yes, reason))

    # -- second phase ---------------------------------------------------------------------------------------

    def _hear(self, decision: Decision) -> None:
        name = decision.name
        self._stop_preparing(name)
        promise: Promise | None = self.store[PREPARED].get(name)
        if promise is not None:
            position = self._end(name, promise, End(decision.is_commit))
            if decision.is_commit:
                self.store.log.when_committed(position, self._ended, decision)
            else:
                self._ended(decision)
            return
        end: End | None = self.store[ENDED].get(name)
        if end is None:
            assert not decision.is_commit, f"{self.name} has not promised {name} at {self.env.now} s"
        elif end.is_heuristic or end.is_commit:  # it has come again, or too late
            self.store.log.when_committed(self.store.log.last_position, self._acknowledge, decision)

    def _end(self, name: Name, promise: Promise, end: End) -> int:
        """Write how a transaction ends here, and what it has changed if it commits; return the position."""
        values = promise.values if end.is_commit else {}
        transaction = {(DATA, key): value for key, value in values.items()}
        return self.store.write({**transaction, (PREPARED, name): None, (ENDED, name): end})

    def _ended(self, decision: Decision) -> None:
        """Let the others at the keys: a commit is on the disk, and an abort need not be."""
        self.locks.release(decision.name)
        self._observer.ended(self.name, decision.name, is_commit=decision.is_commit)
        self._acknowledge(decision)

    def _acknowledge(self, decision: Decision) -> None:
        """Tell the coordinator that it may forget; where another participant has told, it will ask."""
        if decision.is_commit and decision.coordinator is not None:
            self.send(decision.coordinator, Acknowledgement(decision.name, self))

    # -- in doubt -------------------------------------------------------------------------------------------

    def _inquire(self, name: Name) -> None:
        """Ask the coordinator, and the others if it has not answered since it was asked last."""
        promise: Promise | None = self.store[PREPARED].get(name)
        if promise is None:
            self._unanswered.discard(name)
            return
        inquiry = Inquiry(name, self)
        self.send(promise.prepare.coordinator, inquiry)
        if self._settings.asks_peers and name in self._unanswered:
            for peer in promise.prepare.peers:
                self.send(peer, inquiry)
        self._unanswered.add(name)
        self.after(self._settings.inquiry_interval, self._inquire, name)

    def _be_patient(self, undecided: Undecided) -> None:
        self._unanswered.discard(undecided.name)

    def _inform(self, inquiry: Inquiry) -> None:
        """Tell another participant what is known here, if anything is."""
        name = inquiry.name
        end: End | None = self.store[ENDED].get(name)
        if name in self.store[PREPARED] or (end is not None and end.is_heuristic):
            return
        self._stop_preparing(name)
        log = self.store.log
        if end is None and self._flaws.tells_unlogged_abort:
            self.send(inquiry.sender, Decision(name, is_commit=False, coordinator=None))
            return
        if end is None:
            end = End(is_commit=False)
            position = self.store.write({(ENDED, name): end})
            log.when_committed(position, self._aborted, name)
        decision = Decision(name, end.is_commit, coordinator=None)
        log.when_committed(log.last_position, self.send, inquiry.sender, decision)

    def _aborted(self, name: Name) -> None:
        self._observer.ended(self.name, name, is_commit=False)

    # -- alone ----------------------------------------------------------------------------------------------

    def _decide_alone_later(self, name: Name) -> None:
        if self._settings.heuristic is not None:
            self.after(self._settings.heuristic.after, self._decide_alone, name)

    def _decide_alone(self, name: Name) -> None:
        promise: Promise | None = self.store[PREPARED].get(name)
        heuristic = self._settings.heuristic
        if promise is not None and heuristic is not None:
            position = self._end(name, promise, End(heuristic.is_commit, is_heuristic=True))
            self.store.log.when_committed(position, self._decided_alone, name, heuristic.is_commit)

    def _decided_alone(self, name: Name, is_commit: bool) -> None:
        self.locks.release(name)
        self._observer.decided_alone(self.name, name, is_commit=is_commit)
