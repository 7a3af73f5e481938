"""A member of an instance group: one instance, and the host it was given.

States: *pending* (its host boots, and its process has never begun), *starting* (the process runs and has not
listened yet), *ready*, *down* (it was ready and is not: its process or host has crashed, or starts again).
"""

from __future__ import annotations

from math import inf
from typing import Literal

from ..infrastructure import Host
from ..services import Instance

MemberState = Literal["pending", "starting", "ready", "down"]


class Member:
    """One instance of a group, the `number`-th that it has had.

    It was wanted at `added_at`, its process began at `started_at` (infinity: not yet), and should be ready by
    `due_at`; at `changed_at` it last became ready or was found not to be. `is_counted` says whether the
    group's gauge has it among those that are ready.
    """

    __slots__ = (
        "added_at",
        "changed_at",
        "due_at",
        "host",
        "instance",
        "is_counted",
        "number",
        "started_at",
        "strikes",
        "was_ready",
    )

    def __init__(self, number: int, instance: Instance, host: Host, *, now: float, due_at: float) -> None:
        self.number = number
        self.instance = instance
        self.host = host
        self.added_at = now
        self.due_at = due_at
        self.started_at = now if host.is_up else inf
        self.changed_at = now
        self.was_ready = False
        self.is_counted = False
        self.strikes = 0

    def __repr__(self) -> str:
        return f"Member({self.instance.name!r}, {self.state})"

    @property
    def state(self) -> MemberState:
        """The state it is in now."""
        if self.instance.is_ready:
            return "ready"
        if self.was_ready:
            return "down"
        return "pending" if self.started_at == inf else "starting"
