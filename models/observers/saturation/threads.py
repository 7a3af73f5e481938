"""The threads of an instance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ...endpoint import Endpoint
from ...services import Instance
from .resource import Reading, Resource


@dataclass(frozen=True, slots=True, eq=False)
class InstanceThreads(Resource):
    """The threads of `instance`: held while the handler runs, whatever it waits for meanwhile."""

    kind: ClassVar[str] = "threads"
    is_physical: ClassVar[bool] = False
    instance: Instance

    @property
    def subject(self) -> Instance:
        """The instance."""
        return self.instance

    @property
    def name(self) -> str:
        """The instance's."""
        return self.instance.name

    @property
    def ways_on(self) -> tuple[Endpoint, ...]:
        """The instance itself, which goes on from there."""
        return (self.instance,)

    def read(self) -> Reading:
        """Return how many threads are held and how many calls wait for one."""
        instance = self.instance
        seen = instance.statistics()
        is_there = instance.is_listening and instance.host.is_up
        return Reading(
            capacity=instance.thread_count if is_there else 0,
            used=seen.in_service_count,
            waiting=seen.waiting_count,
            served_count=seen.call_count - seen.rejected_count - seen.waiting_count,
            turned_away_count=seen.rejected_count,
        )
