"""Anti-affinity: at most one of ours in each domain, and none where certain others stand.

At the level of hosts, which is the default, this is *one per host*. `avoiding` keeps two services apart: of
the two, the loss of one host takes at most one down.

Source: Kubernetes documentation, "Inter-pod affinity and anti-affinity", the required kind.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..host import Host
from .candidates import Candidates, require_level
from .policy import PlacementPolicy
from .spread import Spread, require_policy


@dataclass(frozen=True, slots=True)
class AntiAffinity(PlacementPolicy):
    """At most one in each domain of a `level`, and none in a domain of one of the hosts `avoiding`.

    With `from_each_other=False` only the others are avoided. `then` decides between what is left: by default
    evenly over hosts.

    Example::

        AntiAffinity()  # one per host
        AntiAffinity("rack", avoiding=[instance.host for instance in primary.instances], then=Spread("zone"))
    """

    level: str = "host"
    avoiding: tuple[Host, ...] = field(default=(), kw_only=True)
    from_each_other: bool = field(default=True, kw_only=True)
    then: PlacementPolicy | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        """Check all."""
        require_level(self.level)
        require_policy("then", self.then)
        object.__setattr__(self, "avoiding", _hosts(self.avoiding))
        if not self.from_each_other and not self.avoiding:
            raise ValueError("avoiding must name at least one host where from_each_other is False, got none")

    def allows(self, candidates: Candidates) -> NDArray[np.bool_]:
        """Allow domains that are empty of ours and of those to be avoided."""
        allowed = np.ones(len(candidates.hosts), dtype=bool)
        if self.from_each_other:
            counts = candidates.domain_counts(self.level)
            allowed &= counts[candidates.domains(self.level)] == 0
        if self.avoiding:
            allowed &= ~candidates.shares_with(self.avoiding, self.level)
        return allowed & self._then.allows(candidates)

    def preferences(self, candidates: Candidates) -> list[NDArray[np.float64] | NDArray[np.intp]]:
        """Prefer what `then` prefers."""
        return self._then.preferences(candidates)

    @property
    def _then(self) -> PlacementPolicy:
        return self.then if self.then is not None else _EVENLY


def _hosts(hosts: Iterable[Host]) -> tuple[Host, ...]:
    if isinstance(hosts, Host):
        raise TypeError(f"avoiding must be a list of hosts, got {hosts!r} alone")
    return tuple(hosts)


_EVENLY = Spread("host", float("inf"))
