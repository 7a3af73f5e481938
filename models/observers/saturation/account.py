"""What was seen of each resource in a window of time: levels by looks, counts by differences."""

from __future__ import annotations

from dataclasses import dataclass, field

from .resource import Reading, Resource


@dataclass(slots=True)
class Account:
    """What was seen of one `resource`: sums over looks of its levels, and its counts.

    Counts are those of the window: what had been counted before it is in `before`. Of a resource that came
    later nothing had.
    """

    resource: Resource
    before: Reading | None
    capacity: float = 0.0
    used: float = 0.0
    waiting: float = 0.0
    last: Reading = field(init=False)

    def __post_init__(self) -> None:
        """Read what there is to begin with."""
        self.last = self.resource.read() if self.before is None else self.before

    def look(self) -> None:
        """Add what is to be seen now."""
        self.last = reading = self.resource.read()
        self.capacity += reading.capacity
        self.used += reading.used
        self.waiting += reading.waiting

    @property
    def served_count(self) -> int:
        """How many calls got what they wanted."""
        return self.last.served_count - (self.before.served_count if self.before else 0)

    @property
    def turned_away_count(self) -> int:
        """How many calls did not."""
        return self.last.turned_away_count - (self.before.turned_away_count if self.before else 0)

    @property
    def busy_time(self) -> float | None:
        """How long it was busy, in unit-seconds, if it counts that itself."""
        if self.last.busy_time is None:
            return None
        return self.last.busy_time - ((self.before.busy_time or 0.0) if self.before else 0.0)
