"""What can be scaled: whatever knows how many there should be, and can be told another number."""

from __future__ import annotations

from typing import Protocol


class Scalable(Protocol):
    """A number of alike things, such as an instance group or a pool of workers."""

    @property
    def name(self) -> str:
        """What it is called in the event log."""

    @property
    def desired_count(self) -> int:
        """How many there should be now."""

    def scale_to(self, count: int, /) -> object:
        """Want `count` (>= 0) from now on; returns before they are there."""
