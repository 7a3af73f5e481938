"""Place: choose a host for each of some instances, or say why that is impossible.

What is placed is all alike and asks for the same. Nothing is taken from the hosts: that is done by whoever
starts the instances there. All are placed or none.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ..host import Host
from ..resources import NOTHING_ASKED, DoesNotFit, Resources
from .candidates import Candidates
from .policy import PlacementPolicy
from .spread import Spread

_SPREAD = Spread()


def place(
    count: int,
    hosts: Iterable[Host],
    policy: PlacementPolicy = _SPREAD,
    *,
    resources: Resources = NOTHING_ASKED,
    beside: Iterable[Host] = (),
) -> list[Host]:
    """Return a host of `hosts` for each of `count` instances, in the order in which they are placed.

    `resources` is what each asks for. `beside` names the hosts of those of the same kind that run already,
    once for each: they count for the policy. Raises `DoesNotFit` where one of them can stand nowhere: by the
    rule, for want of room, or as there is no host; hosts that are gone are no choice.

    Example::

        new = place(2, hosts, Spread("zone"), beside=[instance.host for instance in service.instances])
    """
    if type(count) is not int or count < 0:
        raise ValueError(f"count must be a whole number >= 0, got {count!r}")
    if not isinstance(policy, PlacementPolicy):
        raise TypeError(f"policy must be a placement policy, such as Spread(), got {policy!r}")
    if not isinstance(resources, Resources):
        raise TypeError(f"resources must be Resources, got {resources!r}")
    candidates = Candidates(hosts, beside, count, resources)
    placed: list[Host] = []
    while candidates.remaining:
        index = _choose(candidates, policy)
        if index is None:
            raise DoesNotFit(_why(candidates, policy, count, len(placed)))
        placed.append(candidates.take(index))
    return placed


def _choose(candidates: Candidates, policy: PlacementPolicy) -> int | None:
    """Return the index of the host that the next one goes to, if there is one."""
    if not candidates.is_choice.any():
        return None
    able = candidates.is_choice & candidates.has_cores() & candidates.has_memory() & policy.allows(candidates)
    left: NDArray[np.intp] = np.flatnonzero(able)
    if not len(left):
        return None
    for preference in policy.preferences(candidates):
        values = preference[left]
        left = left[values == values.min()]
    return int(left[0])


def _why(candidates: Candidates, policy: PlacementPolicy, count: int, placed_count: int) -> str:
    """Say what was asked, what exists, and which rule failed."""
    asked = f"{count} instance{'s' * (count > 1)} of {candidates.resources} cannot be placed by {policy!r}"
    choices = int(candidates.is_choice.sum())
    if not choices:
        return f"{asked}: there is no host"
    lacks_cores = candidates.is_choice & ~candidates.has_cores()
    lacks_memory = candidates.is_choice & ~candidates.has_memory() & ~lacks_cores
    forbidden = candidates.is_choice & candidates.has_cores() & candidates.has_memory()
    reasons = [
        f"{number} {text}"
        for number, text in (
            (int(lacks_cores.sum()), f"have too few cores ({_most(candidates.cores_free, candidates)})"),
            (
                int(lacks_memory.sum()),
                f"have too little memory (GiB: {_most(candidates.memory_gib_free, candidates)})",
            ),
            (int(forbidden.sum()), "have room and are forbidden by the policy"),
        )
        if number
    ]
    return f"{asked}: none of {choices} hosts can take number {placed_count + 1}: {', '.join(reasons)}"


def _most(free: NDArray[np.float64], candidates: Candidates) -> str:
    return f"at most {max(0.0, float(free[candidates.is_choice].max())):g} free"
