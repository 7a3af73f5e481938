"""What is in a Raft log and on a Raft node's disk: entries with commands, ballots, snapshots.

They are written once and never changed, so that nodes may share them: what travels in a message is what
stands in the sender's log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...request import Request


@dataclass(slots=True)
class Command:
    """A client's `request`, with its session: who asks, and the how manieth time.

    `client` is the client's number (`None`: no session, applied as often as it comes); `sequence` numbers its
    commands from 1. All of them below `floor` have ended for the client, which will not ask for them again,
    and so have, of those above, the ones that were `given_up` before this one was sent.
    """

    client: int | None
    sequence: int
    floor: int
    request: Request
    given_up: tuple[int, ...] = ()


@dataclass(slots=True)
class Entry:
    """An entry of a log, from the leader of `term`; `command` is `None` for the one that begins a term."""

    term: int
    command: Command | None
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Ballot:
    """A term that a node has reached, and for whom it has voted in it, by name."""

    term: int
    vote: str | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that follows from the entries up to `index`, the last of which is of `term`.

    `state` is the state machine's, `sessions` the clients': for each the floor, and the answers from there.
    """

    index: int
    term: int
    state: Any
    sessions: dict[int, tuple[int, dict[int, Any]]]
    size_bytes: int
