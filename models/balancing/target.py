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
    from ..infrastructure import Zone


class Target:
    """One of the endpoints behind a balancer.

    `outstanding` calls to it are under way, `call_count` were begun so far, `weight` (> 0) is its share for
    policies that use weights. The balancer has known it since `added_at` and taken it to be healthy since
    `healthy_since` (s), if it does.
    `reported_load` is what it has last said of itself, `None` if it has not. `zone` is where the other end
    stands, `None` if nowhere. `is_member` is false for one that was removed. `credit` belongs to the policy.
    """

    __slots__ = (
        "added_at",
        "call_count",
        "credit",
        "endpoint",
        "healthy_since",
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
        self.healthy_since = added_at
        self.outstanding = 0
        self.call_count = 0
        self.credit = 0.0
        self.reported_load: float | None = None
        self.is_healthy = True
        self.is_ejected = False
        self.is_member = True
        host = far_endpoint(endpoint).host
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
        self.healthy_since = now
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

    def choose_from_members(self, *, is_panicking: bool, fails_in_panic: bool) -> None:
        """Find out again which of the members may be chosen."""
        self.is_panicking = is_panicking
        if not is_panicking:
            self[:] = [target for target in self.members if target.is_available]
        elif fails_in_panic:
            self.clear()
        else:
            self[:] = self.members
        self.version += 1


def far_endpoint(endpoint: Endpoint) -> Endpoint:
    """Return what is at the other end: behind wrappers, and across the network."""
    inner = getattr(endpoint, "target", None)
    while isinstance(inner, Endpoint):
        endpoint, inner = inner, getattr(inner, "target", None)
    return endpoint
