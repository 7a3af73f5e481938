"""What an event log is asked: append, read on, read a stream, look for a command.

    append-commit   the answer is the `Commit` that was made, or was made when this command came first; or a
                    `Conflict` where the stream has another version than was expected
    read-commits    the answer is a `Batch` of what comes after a position; where nothing does, a log that can
                    lets the reader wait for it (long polling), and answers with an empty one in the end
    read-stream     the answer is a `StreamSlice`: what one stream has after a version
    find-command    the answer is the commit of a command, `None` where the log has none

Source: EventStoreDB's operations and its expected version; Kafka's `fetch` with `fetch.max.wait.ms` for long
polling, and with the reader's last epoch (KIP-320), by which it learns that what it read is gone.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any

from ...request import Request
from ...validation import require_count, require_delay

APPEND_COMMIT = "append-commit"
READ_COMMITS = "read-commits"
READ_STREAM = "read-stream"
FIND_COMMAND = "find-command"


@dataclass(frozen=True, slots=True)
class Append:
    """What is to be appended.

    `expected` is the version that the stream must have (`None`: any), by a commit of `expected_epoch`.
    """

    command: Hashable | None
    events: tuple[Any, ...]
    expected: int | None
    expected_epoch: int
    rejection: str | None
    time: float


@dataclass(frozen=True, slots=True)
class ReadOn:
    """Read at most `limit` commits after position `after`, which was of an `epoch`; wait up to `wait` s."""

    after: int
    epoch: int
    limit: int
    wait: float


def append_commit(
    stream: Hashable,
    events: Iterable[Any],
    *,
    command: Hashable | None = None,
    expected: int | None = None,
    expected_epoch: int = 0,
    rejection: str | None = None,
    time: float = 0.0,
) -> Request:
    """Return the request that appends `events` to `stream` on behalf of `command`.

    Raises `ValueError` for events with a rejection, or an expected version below 0, and `TypeError` for
    events that are no list, as a text is none.
    """
    if isinstance(events, str) or not isinstance(events, Iterable):
        raise TypeError(f"events must be a list, got {events!r}")
    listed = tuple(events)
    if rejection is not None and listed:
        raise ValueError(f"events of what is rejected must be none, got {listed!r}")
    if expected is not None:
        require_count("expected", expected, 0)
    return Request(APPEND_COMMIT, stream, Append(command, listed, expected, expected_epoch, rejection, time))


def read_commits(after: int, *, epoch: int = 0, limit: int = 100, wait: float = 0.0) -> Request:
    """Return the request that reads on after a position (0: from the beginning)."""
    require_count("after", after, 0)
    require_count("limit", limit)
    require_delay("wait", wait)
    return Request(READ_COMMITS, None, ReadOn(after, epoch, limit, wait))


def read_stream(stream: Hashable, *, after: int = 0, epoch: int = 0) -> Request:
    """Return the request that reads what `stream` has after version `after`, of a commit of an `epoch`."""
    require_count("after", after, 0)
    return Request(READ_STREAM, stream, (after, epoch))


def find_command(command: Hashable) -> Request:
    """Return the request that looks for what became of a command."""
    return Request(FIND_COMMAND, command)
