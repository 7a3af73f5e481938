"""The coordinator of two-phase commit, with presumed abort.

1. A transaction has a name that no other ever has: coordinator, life, number. A *life* is counted on the disk
   at each start, since what is numbered in memory begins anew.
2. PREPARE goes to all participants at once. All votes yes: the commit is written, and is decided when it is
   on the disk. A vote of no, or not all votes in `vote_timeout`: abort.
3. *Presumed abort*: of an abort, and of a transaction that is being voted on, nothing is on the disk. Who
   asks for one of which nothing is known is told that it was aborted; so is who votes for it. A crash before
   the commit is on the disk aborts, one after it does not.
4. The client is told when it is decided. COMMIT is sent until all participants have acknowledged it; then the
   transaction is over, which need not be on the disk at once.
5. A client that asks again with the same id waits for the one under way, or is told that it is committed. One
   that was aborted is run again, under another name.

While the coordinator is down, who has voted yes cannot know: see `participant`.

Leaves out: a tree of coordinators; a log that is cut: the ids of what has committed are kept for ever.
Source: Mohan, Lindsay and Obermarck, "Transaction Management in the R* Distributed Database Management
System" (TODS 1986), on presumed abort; Gray, "Notes on Data Base Operating Systems" (1978), on two-phase
commit.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

from simpy import Event

from simulator import Environment
from simulator.fast_simpy import Call as Timer

from ...failures import ServerError
from ...network import Network
from ...nodes import Node
from ...request import Request
from ...storage import Disk
from ...validation import require_kind
from ..changes import Changes, require_changes
from ..ending import RUN, Ending
from ..storing_node import StoringNode
from .flaws import NO_FLAWS, TwoPhaseFlaws
from .messages import Acknowledgement, Decision, Inquiry, Name, Prepare, Vote
from .observer import TwoPhaseObserver
from .participant import TwoPhaseParticipant
from .settings import TwoPhaseSettings

LIVES, COMMITTED, DONE_IDS = "lives", "committed", "done ids"
_SETTINGS = TwoPhaseSettings()


@dataclass(slots=True)
class _Voting:
    """A transaction that is being voted on: what only the memory of a coordinator has."""

    key: Any
    participants: tuple[TwoPhaseParticipant, ...]
    timer: Timer
    missing: set[str] = field(default_factory=set)


class TwoPhaseCoordinator(StoringNode):
    """A coordinator on the host of `disk` of `participants`, by their names.

    It answers `run(id, changes_by_participant)` with an `Ending`. `observer` and `settings` are best those of
    the participants; `node_settings` are those of `StoringNode`.

    Example::

        changes = {"stock": (Add("book", -1),), "payment": (Add("alice", -30),)}
        ending = (yield from network.connect(web, coordinator).call(run("order 7", changes))).value
    """

    __slots__ = (
        "_acknowledged",
        "_endings",
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
        self._endings: dict[Any, Event] = {}
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

    # -- clients --------------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Generator[Any, Any, Ending]:
        """Run a transaction, or wait for the one of that id; say how it has ended."""
        if request.operation != RUN:
            raise ServerError(f"{self.name} knows no operation {request.operation!r}")
        yield from self._begin_request()
        key = request.key
        if key not in self._endings:
            if key in self.store[DONE_IDS]:
                return Ending(is_done=True)
            self._begin(key, self._checked(request.value))
        ending: Ending = yield self._endings[key]
        return ending

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

    def _begin(self, key: Any, work: Mapping[TwoPhaseParticipant, Changes]) -> None:
        self._number += 1
        name = (self.name, self._life, self._number)
        timer = self.after(self._settings.vote_timeout, self._decide_abort, name, "no vote in time")
        participants = tuple(work)
        self._voting[name] = _Voting(key, participants, timer, {each.name for each in participants})
        self._endings[key] = self.env.event()
        for each, changes in work.items():
            peers = tuple(peer for peer in participants if peer is not each)
            self.send(each, Prepare(name, self, peers, changes))

    def _count(self, vote: Vote) -> None:
        voting = self._voting.get(vote.name)
        if voting is None:
            if vote.is_yes and vote.name not in self.store[COMMITTED]:
                self._tell(vote.sender, Decision(vote.name, self._flaws.presumes_commit, self))
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
            self._tell(participant, Decision(name, is_commit=False, coordinator=self))
        self._endings.pop(voting.key).succeed(Ending(is_done=False, reason=reason))

    def _decide_commit(self, name: Name, voting: _Voting) -> None:
        del self._voting[name]
        voting.timer.cancel()
        position = self.store.write({(COMMITTED, name): voting.participants, (DONE_IDS, voting.key): name})
        if self._flaws.decides_unlogged:
            self._committed(name, voting)
        else:
            self.store.log.when_committed(position, self._committed, name, voting)

    def _committed(self, name: Name, voting: _Voting) -> None:
        self._observer.decided(name, tuple(each.name for each in voting.participants))
        self._tell_of_commit(name)
        self._endings.pop(voting.key).succeed(Ending(is_done=True))

    def _tell_of_commit(self, name: Name) -> None:
        """Tell those who have not acknowledged it, now and every so often."""
        participants: tuple[TwoPhaseParticipant, ...] | None = self.store[COMMITTED].get(name)
        if participants is None:
            return
        acknowledged = self._acknowledged.setdefault(name, set())
        for participant in participants:
            if participant.name not in acknowledged:
                self._tell(participant, Decision(name, is_commit=True, coordinator=self))
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
            return
        is_commit = name in self.store[COMMITTED] or self._flaws.presumes_commit
        log = self.store.log
        decision = Decision(name, is_commit, self)
        log.when_committed(log.last_position, self._tell, inquiry.sender, decision)

    def _tell(self, participant: Node, decision: Decision) -> None:
        self.send(participant, decision)
