"""What a controller knows when it decides: late, sampled, and with gaps.

An observation is a value: how many instances are wanted now, which there are, what the metrics said last. A
rule that is given the same observations decides the same, so rules are tested without any simulation.

An instance is *pending* while it has no process yet (its host boots), *not ready* while its process does not
listen, and *ready* after that; these three are states of Kubernetes' pods (pending; running and not ready;
ready). One that is on its way out is no part of an observation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceView:
    """What is known of one instance.

    `values` are its metrics by name, each the mean of the `window` seconds before `sampled_at`; one that is
    not there is missing. Its process began at `started_at`, and `changed_at` is when it last became ready, or
    ceased to be.
    """

    name: str
    is_pending: bool = False
    is_ready: bool = True
    started_at: float = -inf
    changed_at: float = -inf
    values: Mapping[str, float] = field(default_factory=dict, hash=False)
    sampled_at: float = -inf
    window: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What is known at `now` (s): `current` instances are wanted, `instances` are there.

    `totals` are metrics of no one instance, such as the length of a queue; one that is not there is missing.
    """

    now: float
    current: int
    instances: tuple[InstanceView, ...] = ()
    totals: Mapping[str, float] = field(default_factory=dict, hash=False)

    def mean(self, metric: str, *, ready_for: float = 0.0) -> float | None:
        """Return the mean of `metric` over the instances that have been ready for so many seconds.

        None where no such instance has told it.
        """
        told = [
            view.values[metric]
            for view in self.instances
            if metric in view.values and is_warm(view, self.now, ready_for)
        ]
        return sum(told) / len(told) if told else None

    def warm_count(self, warm_up: float) -> int:
        """Count the instances that have been ready for `warm_up` seconds."""
        return sum(is_warm(view, self.now, warm_up) for view in self.instances)


def is_warm(view: InstanceView, now: float, warm_up: float) -> bool:
    """Whether an instance is ready at `now`, and has been for `warm_up` seconds."""
    return view.is_ready and not view.is_pending and now - view.changed_at >= warm_up
