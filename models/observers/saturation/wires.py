"""The wire of a path with a bandwidth."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import ClassVar

from ...network import Path
from .resource import Reading, Resource


@dataclass(frozen=True, slots=True, eq=False)
class PathWire(Resource):
    """The wire of `path`, one direction between two hosts: one message at a time is on it.

    While the path has no bandwidth, as it may have had before, nothing can be too much for it.
    """

    kind: ClassVar[str] = "link"
    is_physical: ClassVar[bool] = True
    path: Path

    @property
    def subject(self) -> Path:
        """The path."""
        return self.path

    @property
    def name(self) -> str:
        """The path's."""
        return self.path.name

    def read(self) -> Reading:
        """Return whether a message is on the wire and how many wait for it."""
        seen = self.path.link_statistics()
        if seen is None:
            return Reading(inf, 0, 0, 0, 0, 0.0)
        return Reading(
            capacity=inf if seen.bandwidth == inf else 1 if self.path.source.is_up else 0,
            used=1 if seen.backlog_time else 0,
            waiting=seen.waiting_count,
            served_count=seen.sent_count,
            turned_away_count=0,
            busy_time=seen.busy_time,
        )
