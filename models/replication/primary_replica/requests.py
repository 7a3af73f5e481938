"""What a client of a primary-replica store and a member say to each other within their calls.

A position is named with the epoch of its record: (epoch, position). Of two histories that have parted, the
one with the later epoch is the one that goes on, and so the two compare as such pairs do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

WHERE = "where is the primary"
"""The operation by which a client asks any member who the primary is."""

SWITCH_OVER = "switch over"
"""The operation by which an operator asks the monitor to make the member with index `key` the primary."""

Mark = tuple[int, int]
"""An epoch, and the position of a record written in it."""

START: Mark = (0, 0)
"""Before all records."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What comes with a read: who must answer it, the primary or anybody, and the `mark` it has to see.

    A member that has not come so far lets it wait for up to `wait_max` seconds, or says so (`Behind`).
    """

    of_primary: bool
    mark: Mark
    waits: bool
    wait_max: float


@dataclass(frozen=True, slots=True)
class ScanDemand(Demand):
    """What comes with a scan: besides, `after` which mark it asks for changes, if after one."""

    after: Mark | None


@dataclass(frozen=True, slots=True)
class Reply:
    """What a member has done, and the `mark` of what it has seen or written for it."""

    value: Any
    mark: Mark


@dataclass(frozen=True, slots=True)
class NotPrimary:
    """It has done nothing, as it is not the primary; the one of `epoch` is `primary`, as far as it knows."""

    epoch: int
    primary: int | None


@dataclass(frozen=True, slots=True)
class Behind:
    """It has not answered a read, as it has not come so far."""
