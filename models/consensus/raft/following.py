"""Following: what a node does with what the leader of its term sends.

1. A message of an older term is answered with the node's own term, and has no other effect.
2. Entries are taken where the node's log has the leader's at the one before; otherwise the node says where
   the term that it has there begins. Of entries that it has already, only those that contradict the leader's
   go, and all after them: a message that is late must not cut off what came after it.
3. What is known to match up to an index is committed as far as the leader has committed.
4. It is acknowledged when it is on disk, by what the node is then: one that has gone to a higher term
   meanwhile says nothing.
5. A snapshot is taken when it is ahead of what is committed here; entries after it that fit are kept.

Source: Ongaro and Ousterhout 2014, figure 2 and section 7; the back-up by terms is that of section 5.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .entries import Snapshot
from .messages import AppendEntries, AppendReply, InstallSnapshot
from .role import Role

if TYPE_CHECKING:
    from .node import RaftNode


class Following:
    """How `node` follows."""

    __slots__ = ("_node",)

    def __init__(self, node: RaftNode) -> None:
        self._node = node

    def _follows(self, message: AppendEntries | InstallSnapshot) -> bool:
        """Take the sender for the leader, or tell it that its term is over."""
        node = self._node
        term = message.term
        if term != node.durable.term:
            if term < node.durable.term:
                reply = AppendReply(node, node.durable.term, 0, 0, 0, message.sent_at, True)
                node.send(message.sender, reply)
                return False
            node.follow_higher_term(term)
        node.role = Role.FOLLOWER
        node.leader = message.sender
        now = node.host.monotonic_clock()
        elections = node.elections
        elections.heard_at = now
        elections.timer.hear(now)
        return True

    def on_append(self, message: AppendEntries) -> None:
        """Take entries, or a heartbeat."""
        if not self._follows(message):
            return
        node = self._node
        durable = node.durable
        previous = message.previous_index
        if previous > durable.last_index:
            self._refuse(message, durable.last_index + 1, 0)
            return
        # What is committed here is in every later leader's log.
        if previous > node.commit_index and durable.term_at(previous) != message.previous_term:
            start = durable.start_of_term(previous)
            self._refuse(message, start, durable.entries[start].term)
            return
        entries = message.entries
        match = previous + len(entries)
        if entries:
            self._take(message)
        if message.commit_index > node.commit_index:
            node.commit_to(min(message.commit_index, match))
        durable.when_durable(match, self._acknowledge, message, match, message.is_heartbeat)

    def _take(self, message: AppendEntries) -> None:
        node = self._node
        durable = node.durable
        invariants = node.invariants
        index = message.previous_index
        for entry in message.entries:
            index += 1
            if index <= durable.last_index:
                known = durable.term_at(index)
                if known == entry.term or known is None:  # or in a snapshot
                    continue
                invariants.truncated(node, index - 1)
                durable.truncate(index - 1)
            previous_term = durable.last_term
            durable.append(entry)
            invariants.appended(node, index, entry, previous_term)

    def _refuse(self, message: AppendEntries, index: int, term: int) -> None:
        node = self._node
        node.send(
            message.sender,
            AppendReply(node, message.term, 0, index, term, message.sent_at, message.is_heartbeat),
        )

    def _acknowledge(self, message: AppendEntries | InstallSnapshot, match: int, is_heartbeat: bool) -> None:
        node = self._node
        if node.durable.term == message.term:
            node.send(
                message.sender,
                AppendReply(node, message.term, match, 0, 0, message.sent_at, is_heartbeat),
            )

    # -- snapshots ------------------------------------------------------------------------------------------

    def on_snapshot(self, message: InstallSnapshot) -> None:
        """Take a snapshot in place of entries."""
        if not self._follows(message):
            return
        node = self._node
        snapshot = message.snapshot
        if snapshot.index <= node.commit_index:
            node.durable.when_durable(node.commit_index, self._acknowledge, message, node.commit_index, False)
        elif not node.durable.is_saving:
            node.durable.save(snapshot, self._install, message)

    def _install(self, snapshot: Snapshot, message: InstallSnapshot) -> None:
        node = self._node
        if snapshot.index > node.commit_index:
            node.install(snapshot)
        node.durable.when_durable(snapshot.index, self._acknowledge, message, snapshot.index, False)
