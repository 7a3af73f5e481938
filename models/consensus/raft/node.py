"""A Raft node: its term, its role, what it has committed and applied, and what it answers clients.

It is put together from parts with one concern each: what is on its disk (`durable_state`), elections and
whom it votes for (`elections`), what it does with a leader's messages (`following`), what it does while it
leads (`leadership`), the state machine with its clients' sessions (`replica`).

Terms. Whoever hears of a higher term is a follower in it (rule for all servers, figure 2 of the paper). That
ends a leadership; the timer then begins anew, while a candidate's goes on (see `elections`).

Commitment moves forward only, and what is committed is applied at once. After a crash a node knows what is on
its disk: term, vote, entries, and a snapshot, from which its state machine starts; how far the entries are
committed it hears from a leader.

Leaves out: changes of membership, the transfer of leadership, reads by followers. Source: Ongaro and
Ousterhout, "In Search of an Understandable Consensus Algorithm" (USENIX ATC 2014); Ongaro, "Consensus:
Bridging Theory and Practice" (2014).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any

from simulator import Environment

from ...failures import ServerError
from ...infrastructure import Host
from ...network import Network
from ...nodes import Node
from ...request import Request
from ...storage import Disk
from ...validation import require_kind
from .durable_state import DurableState
from .elections import Elections
from .entries import Command, Snapshot
from .failures import NotLeader
from .flaws import NO_FLAWS, RaftFlaws
from .following import Following
from .invariants import RaftInvariants
from .leadership import Leadership
from .messages import AppendEntries, AppendReply, InstallSnapshot, RequestVote, Vote
from .replica import Replica
from .role import Role
from .settings import RaftSettings, Reads
from .state_machine import StateMachine

COMMAND = "raft-command"
"""The operation of a request that carries a `Command`: one of a client with a session."""


class RaftNode(Node):
    """A node on `host` with a `disk`; made by `RaftCluster`, which lets it `meet` its peers.

    `make_machine()` makes an empty state machine. `invariants` is the observer that sees all nodes of the
    cluster; `instance` settings are those of `Node`. `leader` is the node that it follows, if it knows one,
    and `leadership` is there while it leads itself.
    """

    __slots__ = (
        "_following",
        "_make_machine",
        "commit_index",
        "durable",
        "elections",
        "flaws",
        "installed_count",
        "invariants",
        "leader",
        "leadership",
        "majority",
        "peers",
        "replica",
        "role",
        "saved_count",
        "settings",
    )

    def __init__(
        self,
        env: Environment,
        host: Host,
        network: Network,
        disk: Disk,
        make_machine: Callable[[], StateMachine],
        invariants: RaftInvariants,
        *,
        settings: RaftSettings,
        flaws: RaftFlaws = NO_FLAWS,
        name: str,
        **instance: Any,
    ) -> None:
        self.env = env
        self.host = host
        self.name = name
        self.settings = settings
        self.flaws = flaws
        self.invariants = invariants
        self._make_machine = make_machine
        self.peers: tuple[RaftNode, ...] = ()
        self.majority = 1
        self.installed_count = 0
        self.saved_count = 0
        self.leadership: Leadership | None = None
        require_kind("disk", disk, Disk)
        if disk.host is not host:
            raise ValueError(f"disk of {name!r} must be one of {host.name}, got one of {disk.host.name}")
        self.durable = DurableState(self, disk, settings.durability)
        self.elections = Elections(self)
        self._following = Following(self)
        super().__init__(env, host, network, name=name, **instance)

    def meet(self, nodes: Sequence[RaftNode]) -> None:
        """Know all `nodes` of the cluster, itself included; before anything happens."""
        self.peers = tuple(node for node in nodes if node is not self)
        self.majority = len(nodes) // 2 + 1

    # -- life -----------------------------------------------------------------------------------------------

    def remember(self) -> None:
        """Begin as a follower of nobody, with an empty state machine."""
        self.role = Role.FOLLOWER
        self.leader: RaftNode | None = None
        self.leadership = None
        self.commit_index = 0
        self.replica = Replica(self._make_machine(), ignores_sessions=self.flaws.ignores_sessions)
        self.on(RequestVote, self.elections.on_request)
        self.on(Vote, self.elections.on_vote)
        self.on(AppendEntries, self._following.on_append)
        self.on(AppendReply, self._on_reply)
        self.on(InstallSnapshot, self._following.on_snapshot)

    def recover(self) -> Generator[Any, Any, None]:
        """Read what is durable."""
        reading = self.durable.recover()
        snapshot = self.durable.snapshot
        if snapshot is not None:
            self._restore(snapshot)
        return reading

    def wake_up(self) -> None:
        """Wait for a leader."""
        self.elections.wake_up()

    def forget(self) -> None:
        """End a leadership with its memory: those who wait for it die with the process."""
        self.leadership = None
        self.elections.timer.stop()

    # -- terms and roles ------------------------------------------------------------------------------------

    @property
    def term(self) -> int:
        """The term that it is in."""
        return self.durable.term

    def follow_higher_term(self, term: int) -> None:
        """Be a follower in `term`, if it is higher than its own."""
        if term > self.durable.term:
            self.durable.cast(term, None)
            self.leader = None
            self.step_down()

    def step_down(self) -> None:
        """Be a follower, of nobody yet."""
        self.role = Role.FOLLOWER
        leadership, self.leadership = self.leadership, None
        if leadership is not None:
            self.leader = None
            leadership.end()
            self.elections.timer.start()

    def lead(self) -> None:
        """Be the leader: a majority has voted for it in this term."""
        self.invariants.elected(self)
        self.role = Role.LEADER
        self.leader = self
        self.elections.timer.stop()
        self.leadership = Leadership(self)
        self.leadership.begin()

    def _on_reply(self, reply: AppendReply) -> None:
        if reply.term > self.durable.term:
            self.follow_higher_term(reply.term)
        elif self.leadership is not None and reply.term == self.durable.term:
            self.leadership.on_reply(reply)

    # -- what is committed ----------------------------------------------------------------------------------

    def commit_to(self, index: int) -> None:
        """Commit the entries up to `index`, and apply them."""
        first = self.commit_index + 1
        replica, invariants, leadership = self.replica, self.invariants, self.leadership
        for entry in self.durable.entries.records(first, index):
            self.commit_index += 1
            invariants.committed(self, self.commit_index, entry)
            answer = replica.apply(entry)
            if leadership is not None:
                leadership.answer(self.commit_index, answer)
        durable = self.durable
        is_due = self.commit_index - durable.snapshot_index >= self.settings.snapshot_after
        if is_due and not durable.is_saving:
            durable.save(replica.snapshot(), self._compact)

    def _compact(self, snapshot: Snapshot) -> None:
        self.saved_count += 1
        self.durable.compact(max(0, snapshot.index - self.settings.entries_kept))
        self.invariants.compacted(self)

    def install(self, snapshot: Snapshot) -> None:
        """Go on from a leader's `snapshot`, which is durable."""
        self.installed_count += 1
        self.durable.put_snapshot_first()
        self._restore(snapshot)

    def _restore(self, snapshot: Snapshot) -> None:
        self.replica.restore(snapshot)
        self.commit_index = snapshot.index
        self.invariants.restored(self, snapshot)

    # -- clients --------------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Generator[Any, Any, Any]:
        """Answer a client as the leader, or say who that is."""
        if self.settings.command_work:
            yield from self.work(self.settings.command_work)
        leadership = self.leadership
        if leadership is None:
            raise NotLeader(self.name, None if self.leader is None else self.leader.name)
        machine = self.replica.machine
        if request.operation == COMMAND:
            command = request.value
        elif request.operation not in machine.queries or self.settings.reads is Reads.LOG:
            command = Command(None, 0, 0, request)
        else:
            yield from leadership.confirm()
            return machine.query(request)
        operation = command.request.operation
        if operation not in machine.commands and operation not in machine.queries:
            raise ServerError(f"{self.name} does not know {operation!r}")
        answer = yield from leadership.commit(command)
        if isinstance(answer, ServerError):
            raise answer
        return answer
