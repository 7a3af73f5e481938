"""The Virtual Router Redundancy Protocol: its settings, its states, and the times that follow from them.

Routers that share an address elect the one that holds it. That one, the *active* router (once called master),
says every `advertisement_interval` seconds that it is there, and with which priority; the others, *backups*,
listen. One that has heard nothing for

    3 advertisement intervals + (256 - its own priority) / 256 of one, the skew

takes the address: the best of them first, which the others then hear. So a pair with an interval of 1 s and a
backup of priority 100 is without an address for 2.6 to 3.6 s when its active router dies: as long as the last
advertisement is old.

Transitions (RFC 9568, section 6.4):

- *initialize* -> *active* at the start with priority 255, -> *backup* with any other.
- *backup* -> *active* when nothing was heard for so long. An advertisement starts that time anew, except that
  of a lower priority where the backup preempts: that one is ignored, and so the better router takes the
  address back, one active-down interval after its start. After one of priority 0 ("I resign") it waits for
  the skew alone.
- *active* -> *backup* at an advertisement of a higher priority; of two that are equal the one with the higher
  address stays, here the one that stands first among the members. To an advertisement of a lower one, or of
  0, it answers with its own, at once (RFC 5798 left a lower one unanswered), and counts its interval anew
  after one of 0.

Source: RFC 9568 (2024), which obsoletes RFC 5798 (2010); the defaults are from there: an interval of 1 s,
preemption on. `tracking_interval` is what keepalived does with `track_process` or `track_script`: the
protocol itself watches hosts, and never hears of a dead process on a host that is well. Leaves out: several
addresses per router, authentication, that a backup learns the interval from what it hears (all use one).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ..validation import require_finite_duration

PRIORITY_OWNER = 255
"""The priority of who owns the address: active from its start."""


class RouterState(Enum):
    """What a router of a virtual address is."""

    INITIALIZE = "initialize"
    BACKUP = "backup"
    ACTIVE = "active"


@dataclass(frozen=True, slots=True, kw_only=True)
class VrrpSettings:
    """Times in seconds: `advertisement_interval` > 0; `preempts` says whether the better one takes over.

    With a `tracking_interval` (> 0) a router looks so often whether what it leads to still listens, and
    resigns while it does not.
    """

    advertisement_interval: float = 1.0
    preempts: bool = True
    tracking_interval: float | None = None

    def __post_init__(self) -> None:
        """Check the times."""
        require_finite_duration("advertisement_interval", self.advertisement_interval)
        if self.tracking_interval is not None:
            require_finite_duration("tracking_interval", self.tracking_interval)

    def skew(self, priority: int) -> float:
        """Return by how many seconds a router of this priority waits longer than the best."""
        return (256 - priority) / 256 * self.advertisement_interval

    def active_down_interval(self, priority: int) -> float:
        """Return after how many seconds of silence a backup of this priority takes the address."""
        return 3.0 * self.advertisement_interval + self.skew(priority)


def require_priority(priority: object) -> None:
    """Raise `ValueError` unless `priority` is one that a router may have: a whole number from 1 to 255."""
    if not isinstance(priority, int) or isinstance(priority, bool) or not 1 <= priority <= PRIORITY_OWNER:
        raise ValueError(f"priority must be a whole number from 1 to 255, got {priority!r}")
