"""What can be scaled: whatever knows how many there should be, and can be told another number.

And what can be measured meanwhile: whatever knows its members, such as an instance group or a deployment.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from ..instance_groups import Member
from ..services import Instance


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


class Measurable(Protocol):
    """A number of instances with records of their states."""

    @property
    def name(self) -> str:
        """What it is called in observations."""

    @property
    def instances(self) -> Collection[Instance]:
        """The instances that it has, without those on their way out."""

    @property
    def members(self) -> Collection[Member]:
        """Their records."""

    @property
    def pending_count(self) -> int:
        """How many are wanted and on their way that have no instance yet."""
