"""What coordinator and participants say to each other. All may be lost, late, out of order or doubled."""

from __future__ import annotations

from dataclasses import dataclass

from ...nodes import Node
from ..changes import Changes

Name = tuple[str, int, int]
"""A transaction: the coordinator's name, which of its lives, and its number in that."""


@dataclass(frozen=True, slots=True)
class Prepare:
    """Do `changes`, hold them back, and vote; `peers` are the other participants."""

    name: Name
    coordinator: Node
    peers: tuple[Node, ...]
    changes: Changes


@dataclass(frozen=True, slots=True)
class Vote:
    """A participant's vote: yes is a promise to do either; no has aborted here, for a `reason`."""

    name: Name
    sender: Node
    is_yes: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided; `coordinator` says so itself, or else another participant that knows."""

    name: Name
    is_commit: bool
    coordinator: Node | None


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """A participant has the commit on its disk: the coordinator may forget that it asked."""

    name: Name
    sender: Node


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A participant in doubt asks the coordinator, or another participant, what was decided."""

    name: Name
    sender: Node


@dataclass(frozen=True, slots=True)
class Undecided:
    """The coordinator's answer to who asks while it waits for votes: it lives, and no other need be asked."""

    name: Name
