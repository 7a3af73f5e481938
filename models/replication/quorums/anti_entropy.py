"""Anti-entropy: two replicas compare what they have of the keys that both keep, and give each other the rest.

Every `interval` each node begins a session with the next of those that it shares keys with, in turn. Rules:

1. Each of the two makes a Merkle tree of the keys that both are replicas of, as they are at the first message
   of the session that it sees: tombstones too, while their grace lasts.
2. The beginner sends the root. Who finds that nodes differ sends their children, by turns, down to the
   leaves.
3. Who finds that leaves differ sends its entries in them; the other takes what is news to it, and sends back
   what is news to the first. Each entry is written as any write is.
4. Nothing is waited for: a message that is lost ends the session, and the next one begins from the root.

Two that agree exchange one message. Source: DeCandia et al., "Dynamo" (SOSP 2007), section 4.7; Demers et
al., "Epidemic Algorithms for Replicated Database Maintenance" (PODC 1987). Cassandra sends whole trees, and
lets an operator say when; there a node without a schedule repairs nothing, as here by default.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...validation import require_count, require_finite_duration
from .merkle_tree import MerkleTree

if TYPE_CHECKING:
    from ..versions import Cell, Siblings
    from .replica import QuorumNode

NODE_BYTES = 12
"""A node of a tree on the wire: its place, and a digest of 8 bytes."""
_LEAVES_MAX = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class AntiEntropy:
    """A session of each node every `interval` seconds (> 0), over trees of a `degree` and a `depth`.

    `degree` is a power of two (>= 2), `depth` >= 1; there are degree ** depth leaves.
    """

    interval: float = 60.0
    degree: int = 16
    depth: int = 3

    def __post_init__(self) -> None:
        """Check the numbers."""
        require_finite_duration("interval", self.interval)
        require_count("degree", self.degree, 2)
        require_count("depth", self.depth)
        if self.degree & (self.degree - 1):
            raise ValueError(f"degree must be a power of two, got {self.degree!r}")
        if self.degree**self.depth > _LEAVES_MAX:
            raise ValueError(
                f"degree ** depth must be at most {_LEAVES_MAX} leaves, got {self.degree!r} ** {self.depth!r}"
            )


@dataclass(slots=True, eq=False)
class TreeNodes:
    """Nodes of a level of the sender's tree, with their digests; level 0 begins a session."""

    sender: QuorumNode
    session: tuple[str, int]
    level: int
    digests: list[tuple[int, int]]


Entries = list[tuple[Any, "Cell | Siblings"]]


@dataclass(slots=True, eq=False)
class LeafEntries:
    """All entries of the sender in some leaves; with `is_answer`, those alone that were news to the other."""

    sender: QuorumNode
    session: tuple[str, int]
    leaves: list[int]
    entries: Entries
    is_answer: bool


class AntiEntropySessions:
    """The sessions of `owner`, at most one with each peer at a time; made anew at each restart."""

    def __init__(self, owner: QuorumNode, settings: AntiEntropy) -> None:
        self._owner = owner
        self._settings = settings
        self._turn = 0
        # By peer and beginner: two may begin a session with each other at the same time.
        self._trees: dict[tuple[QuorumNode, str], tuple[tuple[str, int], MerkleTree]] = {}

    def begin_in_turn(self) -> None:
        """Begin a session with the next peer that shares keys, and do so again after the interval."""
        peers = self._sharing()
        if peers:
            self.begin(peers[self._turn % len(peers)])
            self._turn += 1
        self._owner.after(self._settings.interval, self.begin_in_turn)

    def _sharing(self) -> list[QuorumNode]:
        owner, cluster = self._owner, self._owner.cluster
        lists = {cluster.preference(key): None for key in owner.table}
        shared = {replica for preference in lists for replica in preference.replicas}
        return [node for node in cluster.nodes if node in shared and node is not owner]

    def begin(self, peer: QuorumNode) -> None:
        """Begin a session with `peer`."""
        owner = self._owner
        session = (owner.name, owner.next_number())
        tree = self._tree(peer, session)
        owner.cluster.counts.sessions += 1
        self._send_nodes(peer, session, 0, [(0, tree.digest(0, 0))])

    def _tree(self, peer: QuorumNode, session: tuple[str, int]) -> MerkleTree:
        known = self._trees.get((peer, session[0]))
        if known is not None and known[0] == session:
            return known[1]
        table, cluster = self._owner.table, self._owner.cluster
        tree = MerkleTree(
            (table.fingerprint(key) for key in table if peer in cluster.replicas_of(key)),
            degree=self._settings.degree,
            depth=self._settings.depth,
        )
        self._trees[peer, session[0]] = (session, tree)
        return tree

    def compare(self, message: TreeNodes) -> None:
        """Look which nodes differ, and say more about those."""
        peer, session, level = message.sender, message.session, message.level
        tree = self._tree(peer, session)
        differing = tree.differing(level, message.digests)
        if differing and level < tree.depth:
            self._send_nodes(peer, session, level + 1, tree.children(level, differing))
            return
        del self._trees[peer, session[0]]
        if differing:
            self._send_entries(
                peer, session, differing, self._entries(peer, tree, differing), is_answer=False
            )

    def take(self, message: LeafEntries) -> None:
        """Take the entries that are news, and answer with those that are news to the sender."""
        peer, session = message.sender, message.session
        known = self._trees.pop((peer, session[0]), None)
        for key, version in message.entries:
            self._owner.take_repair(key, version)
        if message.is_answer or known is None or known[0] != session:
            return
        theirs: dict[Any, Any] = dict(message.entries)
        news = [
            (key, mine)
            for key, mine in self._entries(peer, known[1], message.leaves)
            if key not in theirs or theirs[key].merged(mine) is not theirs[key]
        ]
        if news:
            self._send_entries(peer, session, message.leaves, news, is_answer=True)

    def _entries(self, peer: QuorumNode, tree: MerkleTree, leaves: Iterable[int]) -> Entries:
        table, cluster = self._owner.table, self._owner.cluster
        wanted = set(leaves)
        return [
            (key, table[key])
            for key in table
            if tree.leaf_of(table.fingerprint(key)[0]) in wanted and peer in cluster.replicas_of(key)
        ]

    def _send_nodes(
        self, peer: QuorumNode, session: tuple[str, int], level: int, digests: list[tuple[int, int]]
    ) -> None:
        size_bytes = NODE_BYTES * len(digests)
        message = TreeNodes(self._owner, session, level, digests)
        self._send(peer, message, size_bytes)

    def _send_entries(
        self,
        peer: QuorumNode,
        session: tuple[str, int],
        leaves: list[int],
        entries: Entries,
        *,
        is_answer: bool,
    ) -> None:
        size_bytes = 4 * len(leaves) + sum(version.weight() for _, version in entries)
        self._owner.cluster.counts.entries_exchanged += len(entries)
        self._send(peer, LeafEntries(self._owner, session, leaves, entries, is_answer), size_bytes)

    def _send(self, peer: QuorumNode, message: TreeNodes | LeafEntries, size_bytes: int) -> None:
        counts = self._owner.cluster.counts
        counts.anti_entropy_messages += 1
        counts.anti_entropy_bytes += size_bytes
        self._owner.send(peer, message, size_bytes=size_bytes)
