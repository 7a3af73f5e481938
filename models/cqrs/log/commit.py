"""Commits: what an event log consists of; one for each command.

A *commit* is what one command has made of one stream: some events, which stand or fall together, or none
where the command was rejected or had nothing to do. It has a *position* in the whole log (1, 2, 3 and so on),
the same for every reader, and the *version* of its stream after it: how many events that has then. So a
commit without events has a position and leaves the version as it was.

The log has one unit and not two: readers get a command's events together, and never half of them. Where each
event has a position of its own (EventStoreDB), a reader's batch may end within what one command has done.
That a rejection may be a commit is for the sake of those who ask again (see `commands.handler`).

Events are values that are never changed: frozen dataclasses, of any class. Source: Young, "CQRS Documents"
(2010), section on building an event storage, with its version per aggregate; NEventStore calls it a commit;
the batches of a producer in Kafka.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Commit:
    """What a `command` (its id, `None`: it has none) has made of `stream`.

    `rejection` says why it was turned down, if it was. `epoch` is that of the log when it took it, which
    tells two commits of one position from each other where a log has lost its tail. `time` (s) is when the
    log was asked: for observers only.
    """

    position: int
    stream: Hashable
    version: int
    command: Hashable | None
    events: tuple[Any, ...]
    rejection: str | None = None
    epoch: int = 0
    time: float = 0.0


@dataclass(frozen=True, slots=True)
class Conflict:
    """The answer to an append that expected another version of `stream`: nothing was done."""

    stream: Hashable
    version: int


@dataclass(frozen=True, slots=True)
class Batch:
    """The answer to a reader: `commits`, the first first, of a log whose last one is at `position`.

    `is_diverged` says that the log no longer has what the reader has read up to: it has lost it.
    """

    commits: tuple[Commit, ...]
    position: int
    is_diverged: bool = False


@dataclass(frozen=True, slots=True)
class StreamSlice:
    """The answer to whoever reads a stream: its `commits` with events after version `after`.

    That is the version that was asked for, or 0 where the log has lost what the reader has up to there. They
    lead to `version`, whose commit was of `epoch`. `position` is that of the log's last commit: what is told
    is true as of then.
    """

    after: int
    commits: tuple[Commit, ...]
    version: int
    epoch: int
    position: int
