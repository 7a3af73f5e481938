"""How soon a trouble was noticed: the first signal of each kind that the system itself gave.

Nobody tells a system that a fault was injected. What it can notice is a call that took too long, a breaker
that opens, a target that fails its health checks or is ejected, an address that another takes over: so the
time to detect is measured from the first injection to the first of these, and whatever was signalled before
is none. A call that began in the trouble may time out when that is over, so signals count
until "after" begins. In a system that gives signals when all is well, the first in trouble may be one of
those: how many there were before is told as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from simulator import EventLog

SIGNALS = {
    "timeout": "first timeout",
    "breaker.open": "first breaker",
    "health.down": "first health check",
    "ejection": "first ejection",
    "address.taken": "first failover",
}
"""The kinds of log records that are signals, and what a report calls them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """The first signal of a `kind`: `delay` seconds after the first fault was injected, by `subject`.

    In "before", when nothing was broken, there were `before_count` of that kind.
    """

    kind: str
    delay: float
    subject: str
    before_count: int

    def as_json(self) -> dict[str, object]:
        """Return it as JSON has it."""
        return {
            "kind": self.kind,
            "delay": self.delay,
            "subject": self.subject,
            "before_count": self.before_count,
        }


def detections(log: EventLog, *, since: float, until: float, quiet_since: float) -> tuple[Detection, ...]:
    """Return the first signal of each kind from `since`, the first injection, to `until` (s).

    From `quiet_since` on nothing was broken; `since` is nan where nothing ever was.
    """
    found = []
    for kind, name in SIGNALS.items():
        records = [record for record in log.of_kind(kind) if quiet_since <= record.time < until]
        signals = [record for record in records if record.time >= since]
        if signals:
            first = signals[0]
            found.append(
                Detection(
                    kind=name,
                    delay=first.time - since,
                    subject=first.subject,
                    before_count=len(records) - len(signals),
                )
            )
    return tuple(sorted(found, key=lambda detection: detection.delay))


def time_to_detect(found: Sequence[Detection]) -> float:
    """Return the delay of the first signal in seconds; nan if there was none."""
    return min((detection.delay for detection in found), default=float("nan"))
