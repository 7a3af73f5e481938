"""What the members of a primary-replica store and their monitor say to each other, one way each.

Any of them may be lost, late, or come out of order; the rules that make up for it stand where they are
received. Each carries the *epoch* of whoever sends it (PostgreSQL's timeline, Kafka's leader epoch), by which
what is old is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...storage import Record, Snapshot

if TYPE_CHECKING:
    from .member import Member


@dataclass(slots=True)
class Append:
    """From a primary: `records` for the positions after `previous`, whose record is of `previous_epoch`.

    All up to `commit` is committed. One without records asks for an answer all the same (`is_heartbeat`). It
    is the `number`-th message from this primary to this replica.
    """

    epoch: int
    sender: Member
    previous: int
    previous_epoch: int
    records: Sequence[Record]
    commit: int
    number: int
    is_heartbeat: bool = False


@dataclass(slots=True)
class Install:
    """From a primary: a whole table, for a replica whose log cannot be mended any more.

    It is the `number`-th message from this primary to this replica.
    """

    epoch: int
    sender: Member
    snapshot: Snapshot
    number: int


@dataclass(frozen=True, slots=True)
class AfterEpoch:
    """What comes after the primary's last record of an epoch up to `epoch`, where they may have parted."""

    epoch: int


@dataclass(slots=True)
class Progressed:
    """From a replica: up to where it has what the primary of `epoch` has: written, flushed, applied.

    `wants` is the first position that it is sent again, or `AfterEpoch`, 0 for a whole table, `None` if it
    misses nothing that it knows of; it was found out from the primary's message with number `answered`. Of
    two from one `incarnation` each of the positions is at least the smaller one's.
    """

    epoch: int
    sender: Member
    incarnation: int
    written: int
    flushed: int
    applied: int
    wants: int | AfterEpoch | None
    answered: int = 0


@dataclass(slots=True)
class Renew:
    """From a primary: it wants to stay that; `sent_at` is by its own clock, for itself.

    Its log goes as far as `last_position` now.
    """

    epoch: int
    sender: Member
    sent_at: float
    last_position: int


@dataclass(slots=True)
class Renewed:
    """From the monitor: the lease of `epoch` runs anew since it got the message sent at `sent_at`."""

    epoch: int
    sent_at: float


@dataclass(slots=True)
class HandOver:
    """From the monitor: let the member with index `heir` have all that there is, and then resign."""

    epoch: int
    heir: int


@dataclass(slots=True)
class Resign:
    """From a member that has started again, or handed over: it is primary of no epoch up to `epoch`."""

    epoch: int
    sender: Member


@dataclass(slots=True)
class Ask:
    """From the monitor: promise to obey nobody of an epoch before `epoch`, and say what you have.

    `life` counts the monitor's starts: another one may not know what this one has asked for.
    """

    epoch: int
    life: int


@dataclass(slots=True)
class Report:
    """From a member that has promised `epoch`: its last record, by epoch and position."""

    epoch: int
    sender: Member
    last_epoch: int
    last_position: int


@dataclass(slots=True)
class EpochTaken:
    """From a member that was asked for a promise: some primary has begun `epoch` already, or may have."""

    epoch: int


@dataclass(slots=True)
class Promote:
    """From the monitor: be the primary of `epoch`; `in_sync` are the members that count (see `InSync`)."""

    epoch: int
    in_sync: frozenset[int]


@dataclass(slots=True)
class AlterInSync:
    """From a primary: let these be in sync, from now on. Of two of an epoch the higher `version` counts."""

    epoch: int
    sender: Member
    version: int
    in_sync: frozenset[int]


@dataclass(slots=True)
class InSyncAltered:
    """From the monitor: what was asked for as `version` is in its book."""

    epoch: int
    version: int
