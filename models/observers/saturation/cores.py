"""The cores of a host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ...infrastructure import Host
from .resource import Reading, Resource


@dataclass(frozen=True, slots=True, eq=False)
class HostCores(Resource):
    """The cores of `host`: busy as they count it themselves; work waits for one, or shares it with others."""

    kind: ClassVar[str] = "cores"
    is_physical: ClassVar[bool] = True
    host: Host

    @property
    def subject(self) -> Host:
        """The host."""
        return self.host

    @property
    def name(self) -> str:
        """The host's."""
        return self.host.name

    def read(self) -> Reading:
        """Return how many cores work and how much work waits."""
        seen = self.host.statistics()
        return Reading(
            capacity=self.host.cores if self.host.is_up else 0,
            used=seen.running_count,
            waiting=seen.waiting_count,
            served_count=seen.completed_count,
            turned_away_count=0,
            busy_time=seen.busy_time,
        )
