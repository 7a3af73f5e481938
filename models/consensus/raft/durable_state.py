"""What a Raft node has on its disk: its ballot (term and vote), its log, its last snapshot.

Three logs on one disk. What must be there before what is said:

- a ballot before a vote is sent or asked for: otherwise a node that crashes could vote twice in a term;
- an entry, and the ballot of the term in which it came, before it is acknowledged: otherwise a node that
  crashes could take entries of an older leader in place of one that is committed;
- a snapshot before the entries that it stands for are dropped. Until it is on disk it does not count, even
  after a crash of the process alone, which leaves in the operating system's cache what it has written: a
  file gets its name when it is synced.

Leaves out: what is to be done about a disk that is destroyed. A node that has lost any of this cannot safely
come back as itself, and a new member is to take its place (Ongaro 2014, section 3.8). Here, where membership
does not change, it comes back empty: it may vote a second time, a leader that knows what it had sends it
nothing as old, and the invariants say where that breaks a promise.

A leader sends entries before it has them on its own disk, and counts its own copy when it has (Ongaro 2014,
section 10.2.1). Entries have the positions of their log: Raft's indices.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any

from ...nodes import Node
from ...storage import Disk, GroupCommit, Log, SyncEachWrite
from .entries import Ballot, Entry, Snapshot


class DurableState:
    """The durable state of `owner` on `disk`.

    `term` and `vote` are those of the last ballot, `last_index` and `last_term` those of the last entry,
    `snapshot` the last one that is durable. `is_saving` says that another one is on its way to the disk.
    """

    __slots__ = (
        "_ballot_position",
        "_ballots",
        "_disk",
        "_snapshots",
        "entries",
        "is_saving",
        "last_index",
        "last_term",
        "snapshot",
        "term",
        "vote",
    )

    def __init__(self, owner: Node, disk: Disk, policy: SyncEachWrite | GroupCommit) -> None:
        self._disk = disk
        self._ballots: Log[Ballot] = Log(owner, disk, policy)
        self.entries: Log[Entry] = Log(owner, disk, policy)
        self._snapshots: Log[Snapshot] = Log(owner, disk, policy)
        self.snapshot: Snapshot | None = None
        self._load()

    # -- ballots --------------------------------------------------------------------------------------------

    def cast(self, term: int, vote: str | None) -> None:
        """Note that the node is in `term`, and for whom it has voted."""
        self.term = term
        self.vote = vote
        ballots = self._ballots
        self._ballot_position = ballots.append(Ballot(term, vote))
        ballots.drop_until(ballots.durable_position - 1)  # the last one that is durable stays

    def remember_vote(self, vote: str) -> None:
        """Note a vote in memory only: the planted bug."""
        self.vote = vote

    def when_cast(self, function: Callable[..., object], *arguments: Any) -> None:
        """Call `function(*arguments)` when the ballot is durable: perhaps now."""
        self._ballots.when_committed(self._ballot_position, function, *arguments)

    # -- entries --------------------------------------------------------------------------------------------

    def append(self, entry: Entry) -> int:
        """Append `entry` and return its index."""
        self.last_index = index = self.entries.append(entry)
        self.last_term = entry.term
        return index

    def truncate(self, index: int) -> None:
        """Drop the entries after `index`, which a leader overrules."""
        self.entries.truncate(index)
        self._find_end()

    def when_durable(self, index: int, function: Callable[..., object], *arguments: Any) -> None:
        """Call `function(*arguments)` when the ballot and the entries up to `index` are durable."""
        ballots = self._ballots
        if self._ballot_position <= ballots.durable_position:
            self.entries.when_committed(index, function, *arguments)
        else:
            ballots.when_committed(
                self._ballot_position, self.entries.when_committed, index, function, *arguments
            )

    def term_at(self, index: int) -> int | None:
        """Return the term of the entry at `index`, 0 before the first, `None` where it is not known."""
        if index == self.last_index:
            return self.last_term
        entries = self.entries
        if entries.dropped_count < index <= entries.last_position:
            return entries[index].term
        if index == 0:
            return 0
        snapshot = self.snapshot
        return snapshot.term if snapshot is not None and snapshot.index == index else None

    def start_of_term(self, index: int) -> int:
        """Return the index of the first entry, as far as they are there, of the term of that at `index`."""
        entries = self.entries
        term = entries[index].term
        while index > entries.first_position and entries[index - 1].term == term:
            index -= 1
        return index

    def last_of_term(self, term: int, index: int) -> int:
        """Return the index of the last entry of `term` up to `index`; 0 where none is there."""
        entries = self.entries
        while index >= entries.first_position:
            found = entries[index].term
            if found == term:
                return index
            if found < term:
                break
            index -= 1
        return 0

    # -- snapshots ------------------------------------------------------------------------------------------

    @property
    def snapshot_index(self) -> int:
        """The index of the last entry that the snapshot stands for."""
        return 0 if self.snapshot is None else self.snapshot.index

    def save(self, snapshot: Snapshot, function: Callable[..., object], *arguments: Any) -> None:
        """Write `snapshot`, and call `function(snapshot, *arguments)` when it is durable."""
        self.is_saving = True
        position = self._snapshots.append(snapshot)
        self._snapshots.when_committed(position, self._saved, position, function, snapshot, arguments)

    def _saved(
        self, position: int, function: Callable[..., object], snapshot: Snapshot, arguments: tuple[Any, ...]
    ) -> None:
        self.is_saving = False
        self.snapshot = snapshot
        self._snapshots.drop_until(position - 1)
        function(snapshot, *arguments)

    def compact(self, index: int) -> None:
        """Drop the entries up to `index`, which the snapshot stands for."""
        self.entries.drop_until(index)

    def put_snapshot_first(self) -> None:
        """Let the log begin with the snapshot, unless it goes on from there: what contradicts it goes."""
        snapshot = self.snapshot
        assert snapshot is not None
        if not self._goes_on_from(snapshot):
            self.entries.truncate(self.entries.dropped_count)
        self.entries.drop_until(snapshot.index)
        self._find_end()

    def _goes_on_from(self, snapshot: Snapshot) -> bool:
        entries = self.entries
        index = snapshot.index
        if not entries.dropped_count <= index <= entries.last_position:
            return False
        return index == entries.dropped_count or entries[index].term == snapshot.term

    # -- after a crash --------------------------------------------------------------------------------------

    def recover(self) -> Generator[Any, Any, None]:
        """Forget what a crash has taken, and return a generator that reads the rest."""
        logs: Sequence[Log[Any]] = (self._ballots, self.entries, self._snapshots)
        for log in logs:
            log.recover()
        self._snapshots.truncate(self._snapshots.durable_position)
        self._load()
        return self._disk.read(sum(log.last_position - log.dropped_count for log in logs))

    def _load(self) -> None:
        self.is_saving = False
        ballots, snapshots = self._ballots, self._snapshots
        self._ballot_position = ballots.last_position
        ballot = ballots[ballots.last_position] if ballots.records(1) else Ballot(0, None)
        self.term, self.vote = ballot.term, ballot.vote
        self.snapshot = snapshots[snapshots.last_position] if snapshots.records(1) else None
        self._find_end()
        if self.snapshot is not None and not self._goes_on_from(self.snapshot):
            self.put_snapshot_first()

    def _find_end(self) -> None:
        entries = self.entries
        self.last_index = entries.last_position
        if entries.last_position > entries.dropped_count:
            self.last_term = entries[entries.last_position].term
        else:
            self.last_term = 0 if self.snapshot is None else self.snapshot.term
