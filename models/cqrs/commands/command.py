"""A command: what somebody wants to be done, and what he is answered.

A command says what is meant, "reserve 2 of item 7 for order 31", and not what is to be written, "set the
stock of 7 to 3": so it can be judged by what is true when it is carried out, and turned down for a reason. To
be turned down is an answer of the business, `Declined`, and no failure: nothing is broken, and asking again
is no use. Source: Young, "CQRS Documents" (2010), on task-based commands; Fowler, "CQRS" (2011).

    command    carried out, and answered then: `Accepted` or `Declined`
    submit     taken on, and answered at once: `Submitted`; or `Declined` where it can never be carried out
    fate       what became of a command: any of these, or `UNHEARD_OF`
    read       of a stream: its state, computed from the log
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Final

from ...request import Request
from ...validation import require_kind
from ..log import Commit

COMMAND = "command"
SUBMIT = "submit"
FATE = "fate"


@dataclass(frozen=True, slots=True)
class Command:
    """What is wanted of `stream`: an `intent` of any class. Repeated, it has the same `id`."""

    id: Hashable
    stream: Hashable
    intent: Any


@dataclass(frozen=True, slots=True)
class Accepted:
    """The command has been carried out, by the commit at `position`; its `stream` has this `version` then.

    `events` is what has happened.
    """

    command: Hashable
    stream: Hashable
    position: int
    version: int
    events: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Declined:
    """The command has been turned down for a `reason`.

    `position` is that of the commit that says so for ever, `None` where nothing does.
    """

    command: Hashable
    reason: str
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Submitted:
    """The command has been taken on; what becomes of it can be asked later."""

    command: Hashable


UNHEARD_OF: Final = "unheard of"
"""The fate of a command that neither this handler nor the log knows: it never came, or was lost.

Or it has not come yet: it may wait with another handler, or be on its way to the log still. Who does not want
it to be carried out twice gives it again with the id that it had.
"""

Answer = Accepted | Declined


def carry_out(command: Command) -> Request:
    """Return the request to carry out `command`, and to answer when that is done."""
    require_kind("command", command, Command)
    return Request(COMMAND, command.stream, command)


def submit(command: Command) -> Request:
    """Return the request to take `command` on, and to answer at once."""
    require_kind("command", command, Command)
    return Request(SUBMIT, command.stream, command)


def ask_fate(command: Hashable) -> Request:
    """Return the request that asks what became of the command with that id."""
    return Request(FATE, command)


def answer_of(commit: Commit) -> Answer:
    """Return what whoever gave the command is told of its commit."""
    if commit.rejection is not None:
        return Declined(commit.command, commit.rejection, commit.position)
    return Accepted(commit.command, commit.stream, commit.position, commit.version, commit.events)
