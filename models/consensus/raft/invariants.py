"""Raft's safety, asserted while it runs: an observer that sees all nodes of a cluster.

    one vote            a node says that it votes for one candidate a term, crashes or not (what a crash has
                        taken before it was on disk, and said, is no vote)
    election safety     at most one leader is elected in a term
    log matching        an entry is known by index and term: all nodes that have it have the same one, and
                        the same before it
    leader completeness what was committed in earlier terms is in the log of each new leader, and what is
                        committed now in that of each leader of a later term
    state-machine safety
                        all nodes apply the same entry at an index, and nothing that is committed at a node is
                        overruled there

Each step of a node is checked when it is taken, with a look or two into a table: log matching by induction,
as in the proof (an entry fits if the one before it does), leader completeness at the last entry alone, which
with log matching says all. Entries are compared by identity: a log holds the very object that its leader has
made. Tables keep what is not yet in every node's snapshot. A breach is an AssertionError that names time,
node and entry. Source: the five properties of figure 3 in Ongaro and Ousterhout 2014.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from simulator import Environment

from .entries import Entry, Snapshot

if TYPE_CHECKING:
    from .node import RaftNode

_FORGOTTEN_MIN = 1_000  # entries at a time, since those that are kept move up in the list


@dataclass(frozen=True, slots=True)
class Elected:
    """A leader: elected at `time` (s) in `term`, by `name`."""

    time: float
    term: int
    name: str


class RaftInvariants:
    """The observer of one cluster. `elections` are the leaders so far, `committed_count` the entries."""

    __slots__ = (
        "_chosen",
        "_chosen_in",
        "_dropped_count",
        "_env",
        "_leaders",
        "_pending",
        "_term_max",
        "_votes",
        "elections",
        "nodes",
    )

    def __init__(self, env: Environment) -> None:
        self._env = env
        self.nodes: tuple[RaftNode, ...] = ()
        self.elections: list[Elected] = []
        self._leaders: dict[int, str] = {}
        self._term_max = 0
        self._votes: dict[tuple[str, int], str] = {}
        # Committed entries from index _dropped_count + 1 on, and in which terms they were committed first.
        self._chosen: list[Entry] = []
        self._chosen_in: list[int] = []
        self._dropped_count = 0
        # Entries that are in some log and not committed: by index and term, with the term before.
        self._pending: dict[tuple[int, int], tuple[Entry, int]] = {}

    @property
    def committed_count(self) -> int:
        """How many entries have been committed."""
        return self._dropped_count + len(self._chosen)

    # -- elections ------------------------------------------------------------------------------------------

    def voted(self, node: RaftNode, term: int, candidate: RaftNode) -> None:
        """Check a vote of `node` that is on its disk, and which it tells others."""
        before = self._votes.setdefault((node.name, term), candidate.name)
        if before != candidate.name:
            self._fail(
                "one vote a term",
                f"{node.name} votes for {candidate.name} in term {term}, after {before}",
            )

    def elected(self, node: RaftNode) -> None:
        """Check a new leader."""
        term = node.term
        before = self._leaders.setdefault(term, node.name)
        if before != node.name:
            self._fail("election safety", f"{node.name} is elected in term {term}, and {before} was")
        self.elections.append(Elected(self._env.now, term, node.name))
        self._term_max = max(self._term_max, term)
        count = bisect_left(self._chosen_in, term)
        if count:
            self._check_has(node, self._dropped_count + count)

    def _check_has(self, node: RaftNode, index: int) -> None:
        """Check that the log of the leader `node` has the committed entry at `index`."""
        entries = node.durable.entries
        if index <= node.commit_index:
            return  # it has committed it itself
        if index > entries.last_position or entries[index] is not self._chosen_at(index):
            self._fail(
                "leader completeness",
                f"{node.name} leads in term {node.term} without the committed entry {index}",
            )

    def _chosen_at(self, index: int) -> Entry | None:
        """Return the committed entry at `index`, `None` where none is (any more)."""
        place = index - self._dropped_count - 1
        return self._chosen[place] if 0 <= place < len(self._chosen) else None

    # -- logs -----------------------------------------------------------------------------------------------

    def appended(self, node: RaftNode, index: int, entry: Entry, previous_term: int) -> None:
        """Check an entry that `node` has put into its log, after one that is there of `previous_term`."""
        if index != node.durable.last_index:
            self._fail("log matching", f"{node.name} has put entry {index} at {node.durable.last_index}")
        chosen = self._chosen_at(index)
        if chosen is not None and chosen.term == entry.term:
            before = self._chosen_at(index - 1)
            fits = chosen is entry and (before is None or before.term == previous_term)
        else:
            known = self._pending.setdefault((index, entry.term), (entry, previous_term))
            fits = known[0] is entry and known[1] == previous_term
        if not fits:
            self._fail(
                "log matching",
                f"{node.name} has another entry {index} of term {entry.term}, or another before it",
            )

    def truncated(self, node: RaftNode, index: int) -> None:
        """Check that `node` may drop the entries after `index`."""
        if index < node.commit_index:
            self._fail(
                "state-machine safety",
                f"{node.name} drops the entries after {index}, of which {node.commit_index} are committed",
            )

    def committed(self, node: RaftNode, index: int, entry: Entry) -> None:
        """Check an entry that `node` commits and applies."""
        place = index - self._dropped_count - 1
        chosen = self._chosen
        if place < len(chosen):
            if chosen[place] is not entry:
                self._fail(
                    "state-machine safety",
                    f"{node.name} applies another entry {index} (term {entry.term}) than was applied before",
                )
            return
        term = node.term
        chosen.append(entry)
        self._chosen_in.append(term)
        self._pending.pop((index, entry.term), None)
        if self._term_max > term:
            for other in self.nodes:
                if other.leadership is not None and other.term > term:
                    self._check_has(other, index)

    # -- snapshots ------------------------------------------------------------------------------------------

    def restored(self, node: RaftNode, snapshot: Snapshot) -> None:
        """Check a snapshot that `node` starts from."""
        entry = self._chosen_at(snapshot.index)
        if snapshot.index > self.committed_count or (entry is not None and entry.term != snapshot.term):
            self._fail(
                "state-machine safety",
                f"{node.name} starts from a snapshot of {snapshot.index} entries that nobody has committed",
            )

    def compacted(self, node: RaftNode) -> None:
        """Forget what is in the snapshots of all nodes: `node` has a new one."""
        count = min(each.durable.snapshot_index for each in self.nodes) - self._dropped_count
        if count > _FORGOTTEN_MIN:
            del self._chosen[:count], self._chosen_in[:count]
            self._dropped_count += count
            dropped = self._dropped_count
            self._pending = {key: known for key, known in self._pending.items() if key[0] > dropped}

    def _fail(self, invariant: str, what: str) -> NoReturn:
        raise AssertionError(f"{invariant} is broken at {self._env.now:.6f} s: {what}")
