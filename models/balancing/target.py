"""What a balancer knows of the endpoints behind it: its targets, and which of them may be chosen now.

A target is *available* while it is healthy (as active health checks see it) and not ejected (as outlier
detection does); nobody who is not told otherwise doubts it. Of the members of a balancer those may be chosen
that are available, unless these are too few: then the balancer panics, and chooses among all of them, or
among none (see `balancer`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..endpoint import Endpoint

if TYPE_CHECKING:
    from ..infrastructure import Host, Zone


class Target:
    """One of the endpoints behind a balancer.

    `outstanding` calls to it are under way, `call_count` were begun so far, `weight` (> 0) is its share for
    policies that use weights, `added_at` the time in seconds since when the balancer has known it.
    `reported_load` is what it has last said of itself, `None` if it has not. `zone` is where the other end
    stands, `None` if nowhere. `is_member` is false for one that was removed. `credit` belongs to the policy.
    """

    __slots__ = (
        "added_at",
        "call_count",
        "credit",
        "endpoint",
        "is_ejected",
        "is_healthy",
        "is_member",
        "outstanding",
        "reported_load",
        "weight",
        "zone",
    )

    def __init__(self, endpoint: Endpoint, weight: float = 1.0, added_at: float = 0.0) -> None:
        self.endpoint = endpoint
        self.weight = weight
        self.added_at = added_at
        self.outstanding = 0
        self.call_count = 0
        self.credit = 0.0
        self.reported_load: float | None = None
        self.is_healthy = True
        self.is_ejected = False
        self.is_member = True
        host = far_host(endpoint)
        self.zone: Zone | None = None if host is None else host.zone

    def __repr__(self) -> str:
        return f"Target({self.endpoint.name!r})"

    @property
    def is_available(self) -> bool:
        """Whether it is healthy and not ejected, as far as the balancer knows."""
        return self.is_healthy and not self.is_ejected

    def come_back(self, weight: float, now: float) -> None:
        """Be a target again that has been one, to which calls may be under way still."""
        self.weight = weight
        self.added_at = now
        self.credit = 0.0
        self.reported_load = None
        self.is_healthy = True
        self.is_ejected = False
        self.is_member = True

    def fresh(self, now: float) -> Target:
        """Return the same target as one knows it who has just started: only `call_count` is no memory."""
        target = Target(self.endpoint, self.weight, now)
        target.call_count = self.call_count
        target.is_member = self.is_member
        return target


class Targets(list[Target]):
    """The targets that may be chosen now; `members` are all that there are, available or not.

    `version` is another number after each change of either, or of a weight; `is_panicking` says that too few
    members are available.
    """

    __slots__ = ("is_panicking", "members", "version")

    def __init__(self) -> None:
        super().__init__()
        self.members: list[Target] = []
        self.version = 0
        self.is_panicking = False

    def append_member(self, target: Target, *, panic_threshold: float, fails_in_panic: bool) -> None:
        """Add a member: in no time where all are available, as while a large system is built."""
        everybody = len(self) == len(self.members)
        self.members.append(target)
        if everybody and target.is_available and not self.is_panicking:
            self.append(target)
            self.version += 1
        else:
            self.choose_from_members(panic_threshold=panic_threshold, fails_in_panic=fails_in_panic)

    def choose_from_members(self, *, panic_threshold: float, fails_in_panic: bool) -> None:
        """Find out again which of the members may be chosen."""
        available = [target for target in self.members if target.is_available]
        self.is_panicking = len(available) < panic_threshold * len(self.members)
        if not self.is_panicking:
            self[:] = available
        elif fails_in_panic:
            self.clear()
        else:
            self[:] = self.members
        self.version += 1


def far_host(endpoint: Endpoint) -> Host | None:
    """Return the host at the other end of an endpoint: behind its wrappers, and across the network."""
    inner = getattr(endpoint, "target", None)
    while isinstance(inner, Endpoint):
        endpoint, inner = inner, getattr(inner, "target", None)
    return endpoint.host
