"""The coordinator of two-phase commit, with presumed abort.

1. A transaction has a name that no other ever has: coordinator, life, number. A *life* is counted on the disk
   at each start, since what is numbered in memory begins anew. No two coordinators of a participant have one
   name.
2. PREPARE goes to all participants at once. All votes yes: the commit is written, and is decided when it is
   on the disk. A vote of no, or not all votes in `vote_timeout`: abort.
3. *Presumed abort*: of an abort, and of a transaction that is being voted on, nothing is on the disk. Who
   asks for one of which nothing is known is told that it was aborted; so is who votes for it. A crash before
   the commit is on the disk aborts, one after it does not.
4. COMMIT is sent when the decision is on the disk, until all participants have acknowledged it; then the
   transaction is over, which need not be on the disk at once. ABORT is sent once, and at once: who does not
   hear it asks.
5. The client is told when the ending of its id is on the disk, of an abort too (see `leader`): that is a
   promise to clients, of which participants know nothing. After a crash in the middle of a vote nothing is
   known of the id, nobody was told, and who asks again runs it again, under another name.
6. Who asks about a transaction that is being voted on is told that it is not decided yet.

While the coordinator is down, who has voted yes cannot know: see `participant`.

Leaves out: a tree of coordinators; PREPARE that is sent again (what is lost is a vote that does not come);
what participants have decided alone, which they do not report here (X/Open's heuristic mixed and hazard); a
log that is cut. Sources: Mohan, Lindsay and Obermarck, "Transaction Management in the R* Distributed Database
Management System" (TODS 1986), on presumed abort; Gray, "Notes on Data Base Operating Systems" (1978), on
two-phase commit; Gray and Lamport, "Consensus on Transaction Commit" (TODS 2006), on what it takes to do
without the one coordinator.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

from simulator import Environment
from simulator.fast_simpy import Call as Timer

from ...network import Network
from ...storage import Disk
from ...validation import require_kind
from ..changes import Changes, require_changes
from ..ending import Ending
from ..leader import TransactionLeader
from .flaws import NO_FLAWS, TwoPhaseFlaws
from .messages import Acknowledgement, Decision, Inquiry, Name, Prepare, Undecided, Vote
from .observer import TwoPhaseObserver
from .participant import TwoPhaseParticipant
from .settings import TwoPhaseSettings

LIVES, COMMITTED = "lives", "committed"
DONE = Ending(is_done=True)
_SETTINGS = TwoPhaseSettings()


@dataclass(slots=True)
class _Voting:
    """A transaction that is being voted on: what only the memory of a coordinator has."""

    key: Any
    participants: tuple[TwoPhaseParticipant, ...]
    timer: Timer
    missing: set[str] = field(default_factory=set)


class TwoPhaseCoordinator(TransactionLeader):
    """A coordinator on the host of `disk` of `participants`, by their names.

    It answers `run(id, changes_by_participant)` with an `Ending`. `observer` and `settings` are best those of
    the participants; `node_settings` are those of `StoringNode`.

    Example::

        changes = {"stock": (Add("book", -1),), "payment": (Add("alice", -30),)}
        ending = (yield from network.connect(web, coordinator).call(run("order 7", changes))).value
    """

    __slots__ = (
        "_acknowledged",
        "_flaws",
        "_life",
        "_number",
        "_observer",
        "_participants",
        "_settings",
        "_voting",
    )

    def __init__(
        self,
        env: Environment,
        disk: Disk,
        network: Network,
        participants: Mapping[str, TwoPhaseParticipant],
        *,
        observer: TwoPhaseObserver,
        settings: TwoPhaseSettings = _SETTINGS,
        flaws: TwoPhaseFlaws = NO_FLAWS,
        name: str = "coordinator",
        **node_settings: Any,
    ) -> None:
        require_kind("participants", participants, Mapping)
        for each, participant in participants.items():
            require_kind(f"participant {each!r}", participant, TwoPhaseParticipant)
        require_kind("observer", observer, TwoPhaseObserver)
        require_kind("settings", settings, TwoPhaseSettings)
        require_kind("flaws", flaws, TwoPhaseFlaws)
        for participant in participants.values():
            participant.introduce(name, self)
        self._participants = dict(participants)
        self._observer = observer
        self._settings = settings
        self._flaws = flaws
        super().__init__(env, disk, network, name=name, **node_settings)

    # -- life -----------------------------------------------------------------------------------------------

    def remember(self) -> None:
        """Know of no vote."""
        super().remember()
        self._life = 0
        self._number = 0
        self._voting: dict[Name, _Voting] = {}
        self._acknowledged: dict[Name, set[str]] = {}
        self.on(Vote, self._count)
        self.on(Acknowledgement, self._hear)
        self.on(Inquiry, self._inform)

    def recover(self) -> Generator[Any, Any, None]:
        """Read the disk, and begin another life there."""
        yield from super().recover()
        if not self._flaws.reuses_names:
            self._life = self.store[LIVES].get(self.name, 0) + 1
            self.store.write({(LIVES, self.name): self._life})
        yield from self.store.safe()

    def wake_up(self) -> None:
        """Tell of all that is committed and not acknowledged by all."""
        for name, participants in self.store[COMMITTED].items():
            self._observer.decided(name, tuple(each.name for each in participants))
            self._tell_of_commit(name)

    def _checked(self, work: object) -> dict[TwoPhaseParticipant, Changes]:
        require_kind("what is to be run", work, Mapping)
        assert isinstance(work, Mapping)
        if not work or not set(work) <= set(self._participants):
            known, got = ", ".join(self._participants), ", ".join(map(str, work)) or "none"
            raise ValueError(f"participants must be some of {known}, got {got}")
        return {
            self._participants[name]: require_changes(f"changes of {name!r}", changes)
            for name, changes in work.items()
        }

    # -- first phase ----------------------------------------------------------------------------------------

    def begin(self, key: Any, work: Any) -> None:
        """Ask all participants to prepare."""
        changes_of = self._checked(work)
        self._number += 1
        name = (self.name, self._life, self._number)
        timer = self.after(self._settings.vote_timeout, self._decide_abort, name, "no vote in time")
        participants = tuple(changes_of)
        self._voting[name] = _Voting(key, participants, timer, {each.name for each in participants})
        for each, changes in changes_of.items():
            peers = tuple(peer for peer in participants if peer is not each)
            self.send(each, Prepare(name, self, peers, changes))

    def _count(self, vote: Vote) -> None:
        voting = self._voting.get(vote.name)
        if voting is None:
            if vote.is_yes and vote.name not in self.store[COMMITTED]:
                self.send(vote.sender, Decision(vote.name, self._flaws.presumes_commit, self))
        elif not vote.is_yes:
            self._decide_abort(vote.name, vote.reason)
        else:
            voting.missing.discard(vote.sender.name)
            if not voting.missing:
                self._decide_commit(vote.name, voting)

    # -- second phase ---------------------------------------------------------------------------------------

    def _decide_abort(self, name: Name, reason: str) -> None:
        voting = self._voting.pop(name)
        voting.timer.cancel()
        for participant in voting.participants:
            self.send(participant, Decision(name, is_commit=False, coordinator=self))
        ending = Ending(is_done=False, reason=reason)
        self.store.log.when_committed(self.end(voting.key, ending, {}), self.tell, voting.key, ending)

    def _decide_commit(self, name: Name, voting: _Voting) -> None:
        del self._voting[name]
        voting.timer.cancel()
        position = self.end(voting.key, DONE, {(COMMITTED, name): voting.participants})
        if self._flaws.decides_unlogged:
            self._committed(name, voting)
        else:
            self.store.log.when_committed(position, self._committed, name, voting)

    def _committed(self, name: Name, voting: _Voting) -> None:
        self._observer.decided(name, tuple(each.name for each in voting.participants))
        self._tell_of_commit(name)
        self.tell(voting.key, DONE)

    def _tell_of_commit(self, name: Name) -> None:
        """Tell those who have not acknowledged it, now and every so often."""
        participants: tuple[TwoPhaseParticipant, ...] | None = self.store[COMMITTED].get(name)
        if participants is None:
            return
        acknowledged = self._acknowledged.setdefault(name, set())
        for participant in participants:
            if participant.name not in acknowledged:
                self.send(participant, Decision(name, is_commit=True, coordinator=self))
        self.after(self._settings.retry_interval, self._tell_of_commit, name)

    def _hear(self, acknowledgement: Acknowledgement) -> None:
        name = acknowledgement.name
        participants = self.store[COMMITTED].get(name)
        if participants is not None:
            acknowledged = self._acknowledged.setdefault(name, set())
            acknowledged.add(acknowledgement.sender.name)
            if len(acknowledged) == len(participants):
                self.store.write({(COMMITTED, name): None})
                del self._acknowledged[name]

    def _inform(self, inquiry: Inquiry) -> None:
        """Say what was decided; of what is not on the disk, and not being voted on, that it was aborted."""
        name = inquiry.name
        if name in self._voting:
            self.send(inquiry.sender, Undecided(name))
            return
        is_commit = name in self.store[COMMITTED] or self._flaws.presumes_commit
        log = self.store.log
        decision = Decision(name, is_commit, self)
        log.when_committed(log.last_position, self.send, inquiry.sender, decision)
