"""Rolling upgrade: a few new instances start, a few old ones go, and so on.

Both versions serve side by side until it is over, in proportion to their instances: the two must be able to
live with each other's data. A version that never becomes ready comes no further than the bounds allow, and
the old one serves; one that becomes ready and is bad reaches everybody, as nobody looks.

Source: Kubernetes, "Deployments", rolling update (maxSurge, maxUnavailable, minReadySeconds,
progressDeadlineSeconds, and their defaults).
"""

from __future__ import annotations

from dataclasses import dataclass

from .strategy import Step, Strategy


@dataclass(frozen=True, slots=True, kw_only=True)
class RollingUpgrade(Strategy):
    """Replaces old instances by new ones within the bounds; by default as a Deployment of Kubernetes does.

    Example: `RollingUpgrade(bounds=Bounds(max_surge=0, max_unavailable=1), min_ready_time=10.0)`.
    """

    def steps(self) -> tuple[Step, ...]:
        """One step: all of it."""
        return (Step(name="roll", share=1.0),)
