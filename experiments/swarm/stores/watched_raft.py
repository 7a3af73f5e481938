"""A Raft node that is held to its word: what it has said it stands by, crashes or not.

`RaftInvariants` sees what comes of a broken promise: two leaders in a term, a committed entry that is gone.
Between the one and the other may be a row of faults that few plans have: a node forgets a term in a crash,
and nothing comes of that unless the leader before is still there, and reaches it, and then another node must
be elected. So this observer looks at the promise itself. Whoever has voted, asked for votes, or acknowledged
entries up to an index, in a term,

1. is in that term or a later one, whenever it starts again or sends anything;
2. has a log that goes as far as it has acknowledged, as long as it is in the term in which it did: only the
   leader of a later one overrules anything.

Source: Ongaro and Ousterhout 2014, figure 2: term, vote and log are on stable storage before an RPC is
answered. It changes nothing: runs are the same with it and without.
"""

from __future__ import annotations

from typing import Any

from models.consensus import RaftNode
from models.nodes import Node


class WatchedRaftNode(RaftNode):
    """A node whose promises an observer remembers: they outlive its process, its host and its disk."""

    __slots__ = ("_acknowledged", "_promised_term")

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        self._promised_term = 0
        self._acknowledged = (0, 0)  # the latest term, and the index up to which it has acknowledged there
        super().__init__(*arguments, **settings)

    def wake_up(self) -> None:
        """Start again, with all that was promised."""
        self._stand_by_it()
        super().wake_up()

    def send(self, peer: Node, message: object, *, size_bytes: int = 0) -> None:
        """Send `message`, and remember what it promises."""
        self._stand_by_it()
        said: Any = message  # known by what it carries: what nodes send each other is the package's own
        if getattr(said, "match_index", 0):
            self._acknowledged = max(self._acknowledged, (said.term, said.match_index))
            self._promised_term = max(self._promised_term, said.term)
        elif not getattr(said, "is_pre_vote", True) and getattr(said, "is_granted", True):
            self._promised_term = max(self._promised_term, said.term)
        super().send(peer, message, size_bytes=size_bytes)

    def _stand_by_it(self) -> None:
        term, index = self._acknowledged
        if self.durable.term < self._promised_term:
            what = f"is in term {self.durable.term}, and has promised something in {self._promised_term}"
        elif term == self.durable.term and index > self.durable.last_index:
            what = f"has {self.durable.last_index} entries, and in term {term} has acknowledged {index}"
        else:
            return
        raise AssertionError(f"the word of a node is broken at {self.env.now:.6f} s: {self.name} {what}")
