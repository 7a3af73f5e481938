"""A leadership: what a node does, and remembers, while it leads in one term.

Replication. To each follower one message with entries is under way at a time; what comes meanwhile gathers
for the next, up to `batch_max`. Pipelining would save up to a round trip under load, but our network, unlike
a TCP connection, does not keep messages in order, and a batch that overtakes another is refused. A message
without an answer is sent again with the first heartbeat after an answer was due, by the round trips measured
so far (RFC 6298); a snapshot, after the longest election timeout and when something that was sent after it
has been answered: on a slow link copies of it would stand in each other's way. A follower whose disk takes
longer than the longest election timeout is not heard in time, as where the disk holds up all that a process
does. Where logs differ, the follower names the first index of the term that it has there, and the leader goes
back by terms rather than by entries (paper, section 5.3; thesis, section 3.5).

Commitment. An entry of the leader's *own* term is committed when a majority has it on disk, and all before it
with it; entries of earlier terms are never committed by counting (section 3.6.2, figure 3.7). So that it need
not wait for a client, each term begins with an entry without a command.

Reads. Each message says when it was sent, and its answer repeats it: the latest time such that a majority has
answered something sent since then is the *quorum time*. At that time nobody else led. So a read that came
before may be answered (ReadIndex), and for `lease` seconds after it nobody else is elected. Either needs the
commit index to be that of the present: until an entry of its own term is committed, a leader does not know
it. What is committed is applied at once here, so the state read is never older than the commit index when the
read came. A quorum time that is older than the longest election timeout ends the leadership (`check_quorum`).

A write that is under way when the leadership ends may yet be committed by another: `TimedOut`. A read was
not answered: `NotLeader`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from math import inf
from typing import TYPE_CHECKING, Any

from simulator import PARKED, Process, TimedOut
from simulator.fast_simpy import Call

from .entries import Command, Entry
from .failures import NotLeader
from .messages import AppendEntries, AppendReply, InstallSnapshot
from .settings import Reads

if TYPE_CHECKING:
    from .node import RaftNode

_LOST = object()  # what those who wait are woken with when the leadership ends


class Progress:
    """What a leader knows of a follower: what it has, what it is sent next, when it answered.

    `patience` is how long the answer to entries may take (s, by the leader's clock): as TCP has it, the mean
    of the round trips and four times their deviation, both smoothed.
    """

    __slots__ = (
        "_deviation",
        "_round_trip",
        "acked_at",
        "is_snapshot",
        "is_waiting",
        "match_index",
        "next_index",
        "patience",
        "peer",
        "sent_at",
    )

    def __init__(self, peer: RaftNode, next_index: int) -> None:
        self.peer = peer
        self.next_index = next_index
        self.match_index = 0
        self.is_waiting = False
        self.is_snapshot = False
        self.sent_at = -inf
        self.acked_at = -inf
        self.patience = 0.0
        self._round_trip = self._deviation = 0.0

    def measured(self, round_trip: float) -> None:
        """Learn from how long an answer took."""
        if not self.patience:
            self._round_trip, self._deviation = round_trip, round_trip / 2.0
        else:
            self._deviation += (abs(round_trip - self._round_trip) - self._deviation) / 4.0
            self._round_trip += (round_trip - self._round_trip) / 8.0
        self.patience = self._round_trip + 4.0 * self._deviation


class Leadership:
    """The leadership of `node` in its present term. `first_index` is that of the entry that begins it."""

    __slots__ = (
        "_followers",
        "_lease",
        "_node",
        "_reads",
        "_round_at",
        "_settings",
        "_started_at",
        "_timer",
        "_writes",
        "first_index",
        "term",
    )

    def __init__(self, node: RaftNode) -> None:
        self._node = node
        self._settings = node.settings
        self._lease = node.settings.lease * node.flaws.lease_factor
        self.term = node.term
        self.first_index = node.durable.last_index + 1
        self._followers = {peer: Progress(peer, self.first_index) for peer in node.peers}
        self._writes: dict[int, Process] = {}
        self._reads: deque[tuple[float, Process]] = deque()
        self._round_at = -inf
        self._started_at = node.host.monotonic_clock()
        self._timer: Call | None = None

    def begin(self) -> None:
        """Append the entry that begins the term, and tell everybody."""
        self._timer = self._node.after(self._settings.heartbeat_interval, self._tick)
        self._append(None, 0)

    def end(self) -> None:
        """Lead no more: nobody who waits here will hear how it ends."""
        if self._timer is not None:
            self._timer.cancel()
        wake = self._node.env.wake
        for process in [*self._writes.values(), *(process for _, process in self._reads)]:
            wake(process, _LOST)
        self._writes.clear()
        self._reads.clear()

    # -- writes ---------------------------------------------------------------------------------------------

    def commit(self, command: Command) -> Generator[Any, Any, Any]:
        """Wait until `command` is committed and applied, and return its answer."""
        node = self._node
        index = self._append(command, command.request.size_bytes)
        process: Any = node.env.active_process
        self._writes[index] = process
        try:
            answer = yield PARKED
        except BaseException:
            self._writes.pop(index, None)
            raise
        if answer is _LOST:
            raise TimedOut(f"{node.name} lost its leadership of term {self.term}: nobody knows")
        return answer

    def answer(self, index: int, answer: Any) -> None:
        """Tell whoever waits that the entry at `index` has been applied."""
        process = self._writes.pop(index, None)
        if process is not None:
            self._node.env.wake(process, answer)

    def _append(self, command: Command | None, size_bytes: int) -> int:
        node = self._node
        durable = node.durable
        previous_term = durable.last_term
        entry = Entry(self.term, command, size_bytes)
        index = durable.append(entry)
        node.invariants.appended(node, index, entry, previous_term)
        durable.when_durable(index, self._advance)
        for follower in self._followers.values():
            if not follower.is_waiting:
                self._send_entries(follower)
        return index

    # -- replication ----------------------------------------------------------------------------------------

    def _send_entries(self, follower: Progress) -> None:
        node = self._node
        durable = node.durable
        next_index = follower.next_index
        previous_term = durable.term_at(next_index - 1)
        if previous_term is None or next_index <= durable.entries.dropped_count:
            self._send_snapshot(follower)
            return
        entries = durable.entries.records(next_index, next_index + self._settings.batch_max - 1)
        size_bytes = 0
        for entry in entries:
            size_bytes += entry.size_bytes
        now = node.host.monotonic_clock()
        follower.is_waiting = True
        follower.is_snapshot = False
        follower.sent_at = now
        node.send(
            follower.peer,
            AppendEntries(
                node, self.term, next_index - 1, previous_term, entries, node.commit_index, now, False
            ),
            size_bytes=size_bytes,
        )

    def _send_snapshot(self, follower: Progress) -> None:
        node = self._node
        snapshot = node.durable.snapshot
        assert snapshot is not None
        now = node.host.monotonic_clock()
        follower.is_waiting = follower.is_snapshot = True
        follower.sent_at = now
        node.send(
            follower.peer,
            InstallSnapshot(node, self.term, snapshot, now),
            size_bytes=snapshot.size_bytes,
        )

    def _send_heartbeat(self, follower: Progress, now: float) -> None:
        node = self._node
        index = follower.match_index
        previous_term = node.durable.term_at(index)
        if previous_term is None:
            index = previous_term = 0
        node.send(
            follower.peer,
            AppendEntries(node, self.term, index, previous_term, (), node.commit_index, now, True),
        )

    def _tick(self) -> None:
        node = self._node
        settings = self._settings
        now = node.host.monotonic_clock()
        silence = now - max(self.quorum_time(), self._started_at)
        if settings.check_quorum and silence > settings.election_timeout_max:
            node.step_down()
            return
        for follower in self._followers.values():
            if follower.is_waiting and self._is_overdue(follower, now):
                self._send_entries(follower)
            else:
                self._send_heartbeat(follower, now)
        self._timer = node.after(settings.heartbeat_interval, self._tick)

    def _is_overdue(self, follower: Progress, now: float) -> bool:
        """Return whether what was sent to a follower, and is not answered, is to be sent again."""
        settings = self._settings
        elapsed = now - follower.sent_at
        if follower.is_snapshot:
            return elapsed >= settings.election_timeout_max and follower.acked_at > follower.sent_at
        return elapsed >= max(settings.heartbeat_interval, follower.patience)

    def on_reply(self, reply: AppendReply) -> None:
        """Take note of what a follower has."""
        follower = self._followers[reply.sender]
        if reply.sent_at > follower.acked_at:
            follower.acked_at = reply.sent_at
        if not reply.is_heartbeat:
            if not follower.is_snapshot:  # which takes as long as it is large
                follower.measured(self._node.host.monotonic_clock() - reply.sent_at)
            # An answer that has come before, as a datagram may twice, calls for no further message: each of
            # those would have two answers again, and so on.
            if reply.sent_at == follower.sent_at or reply.match_index > follower.match_index:
                follower.is_waiting = follower.is_snapshot = False
            if reply.conflict_index:
                follower.next_index = max(follower.match_index + 1, self._go_back(reply, follower.next_index))
            elif reply.match_index > follower.match_index:
                follower.match_index = reply.match_index
                follower.next_index = max(follower.next_index, reply.match_index + 1)
                if reply.match_index > self._node.commit_index:
                    self._advance()
        if self._reads:
            self._answer_reads()
        if not follower.is_waiting and follower.next_index <= self._node.durable.last_index:
            self._send_entries(follower)

    def _go_back(self, reply: AppendReply, next_index: int) -> int:
        """Return where to go on after a follower's log was found to differ before `next_index`."""
        if reply.conflict_term:
            last = self._node.durable.last_of_term(reply.conflict_term, next_index - 1)
            if last:
                return last + 1
        return reply.conflict_index

    def _advance(self) -> None:
        """Commit what a majority has; called when a follower, or the node's own disk, has more."""
        node = self._node
        if node.leadership is not self:
            return
        durable = node.durable
        own = durable.entries.durable_position
        if node.flaws.acknowledges_alone:
            index = own
        else:
            have = [follower.match_index for follower in self._followers.values()]
            have.append(own)
            have.sort(reverse=True)
            index = have[node.majority - 1]
        if index <= node.commit_index:
            return
        if durable.term_at(index) == self.term or node.flaws.commits_older_terms:
            node.commit_to(index)
            if self._reads:
                self._answer_reads()

    # -- reads ----------------------------------------------------------------------------------------------

    def quorum_time(self) -> float:
        """Return the latest time, by the node's clock, when a majority is known to have followed it."""
        missing = self._node.majority - 1  # besides the node itself
        if not missing:
            return inf
        acked = sorted([follower.acked_at for follower in self._followers.values()], reverse=True)
        return acked[missing - 1]

    @property
    def knows_commit_index(self) -> bool:
        """Whether an entry of its own term is committed."""
        return self._node.commit_index >= self.first_index

    def confirm(self) -> Generator[Any, Any, None]:
        """Wait until a read that has come now may be answered from the node's state."""
        node = self._node
        if node.flaws.reads_unchecked:
            return
        now = node.host.monotonic_clock()
        until = self.quorum_time()  # infinite where the node is alone
        if self._settings.reads is Reads.LEASE:
            until += self._lease
        if now < until and self.knows_commit_index:
            return
        process: Any = node.env.active_process
        waiting = (now, process)
        if not self._reads:
            self._begin_round(now)
        self._reads.append(waiting)
        try:
            outcome = yield PARKED
        except BaseException:
            if waiting in self._reads:
                self._reads.remove(waiting)
            raise
        if outcome is _LOST:
            raise NotLeader(node.name)

    def _begin_round(self, now: float) -> None:
        self._round_at = now
        for follower in self._followers.values():
            self._send_heartbeat(follower, now)

    def _answer_reads(self) -> None:
        """Let those reads go on that came before the quorum time; begin another round for the others."""
        if not self.knows_commit_index:
            return
        reads = self._reads
        quorum_time = self.quorum_time()
        wake = self._node.env.wake
        while reads and reads[0][0] <= quorum_time:
            wake(reads.popleft()[1])
        if reads and quorum_time >= self._round_at:
            self._begin_round(self._node.host.monotonic_clock())
