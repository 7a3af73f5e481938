"""How soon a trouble was noticed: the first signal of each kind that the system itself gave.

Nobody tells a system that a fault was injected. What it can notice is a call that took too long, or a breaker
that opens: so the time to detect is measured from the beginning of the trouble to the first of these, and
whatever was signalled before is none.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from simulator import EventLog

SIGNALS = {"timeout": "first timeout", "breaker.open": "first breaker", "ejection": "first ejection"}
"""The kinds of log records that are signals, and what a report calls them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """The first signal of a `kind`: `delay` seconds after the trouble began, by `subject`."""

    kind: str
    delay: float
    subject: str

    def as_json(self) -> dict[str, object]:
        """Return it as JSON has it."""
        return {"kind": self.kind, "delay": self.delay, "subject": self.subject}


def detections(log: EventLog, since: float, until: float) -> tuple[Detection, ...]:
    """Return the first signal of each kind from `since`, the beginning of the trouble, to `until` (s)."""
    found = []
    for kind, name in SIGNALS.items():
        records = [record for record in log.of_kind(kind) if since <= record.time < until]
        if records:
            found.append(Detection(kind=name, delay=records[0].time - since, subject=records[0].subject))
    return tuple(sorted(found, key=lambda detection: detection.delay))


def time_to_detect(found: Sequence[Detection]) -> float:
    """Return the delay of the first signal in seconds; nan if there was none."""
    return min((detection.delay for detection in found), default=float("nan"))
