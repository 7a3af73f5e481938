"""Streams of commits in memory: what an append does, and what is read, in no time and without a network.

The rules, the same on a disk of one host and on Raft, since both have one order:

1. A command that is known (by its id, in any stream) is answered with its first commit, and nothing is done.
2. Else, where a version is expected and the stream has another, nothing is done: `Conflict`.
3. Else there is one more commit.

The first comes before the second: whoever asks again expects the version that he himself has changed.
EventStoreDB keeps ids only as far back as what it has in its memory, and then relies on the version; here the
ids of all commits are kept, as they stand in the log anyway.

Source: Young, "CQRS Documents" (2010), on the version of an aggregate and optimistic concurrency; Kleppmann,
"Designing Data-Intensive Applications" (2017), chapter 11, on ids of requests.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterable

from .commit import Batch, Commit, Conflict, StreamSlice
from .requests import Append, ReadOn


class Streams:
    """Commits in their order, found by position, stream and command; those of `commits`, if any."""

    __slots__ = ("_by_command", "_by_stream", "commits")

    def __init__(self, commits: Iterable[Commit] = ()) -> None:
        self.commits: list[Commit] = []
        self._by_stream: dict[Hashable, list[Commit]] = {}
        self._by_command: dict[Hashable, Commit] = {}
        for commit in commits:
            self.add(commit)

    @property
    def position(self) -> int:
        """The position of the last commit; 0 where there is none."""
        return len(self.commits)

    def _last(self, stream: Hashable) -> tuple[int, int]:
        """Return the version of `stream`, and the epoch in which it was reached."""
        own = self._by_stream.get(stream)
        return (own[-1].version, own[-1].epoch) if own else (0, 0)

    def append(self, stream: Hashable, asked: Append, *, epoch: int = 0) -> Commit | Conflict:
        """Do what is asked; return the commit that was made now, or when the command came first."""
        first = self.find(asked.command)
        if first is not None:
            return first
        version, last_epoch = self._last(stream)
        expected = (asked.expected, asked.expected_epoch)
        if asked.expected is not None and expected != (version, last_epoch):
            return Conflict(stream, version)
        commit = Commit(
            position=self.position + 1,
            stream=stream,
            version=version + len(asked.events),
            command=asked.command,
            events=asked.events,
            rejection=asked.rejection,
            epoch=epoch,
            time=asked.time,
        )
        self.add(commit)
        return commit

    def add(self, commit: Commit) -> None:
        """Have one more commit, the next one."""
        assert commit.position == self.position + 1, f"commit {commit.position} after {self.position}"
        self.commits.append(commit)
        if commit.events:
            self._by_stream.setdefault(commit.stream, []).append(commit)
        if commit.command is not None:
            self._by_command[commit.command] = commit

    def find(self, command: Hashable | None) -> Commit | None:
        """Return the commit of a command, if there is one."""
        return None if command is None else self._by_command.get(command)

    def slice(self, stream: Hashable, after: int, epoch: int) -> StreamSlice:
        """Return what `stream` has after version `after`, all of it where that was of another `epoch`."""
        own = self._by_stream.get(stream, [])
        start = bisect_right(own, after, key=_version)
        if start and (own[start - 1].version, own[start - 1].epoch) != (after, epoch):
            start = 0
        return StreamSlice(after if start else 0, tuple(own[start:]), *self._last(stream), self.position)

    def read(self, asked: ReadOn, last: int) -> Batch:
        """Return what comes after a position, up to position `last`."""
        after = asked.after
        if after > last or (after > 0 and self.commits[after - 1].epoch != asked.epoch):
            return Batch((), last, is_diverged=True)
        return Batch(tuple(self.commits[after : min(after + asked.limit, last)]), last)


def _version(commit: Commit) -> int:
    return commit.version
