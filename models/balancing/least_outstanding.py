"""Least outstanding: the target that has the fewest calls of this balancer under way ("least connections").

With one balancer this is join-the-shortest-queue. A target that fails fast has few calls under way and draws
all the traffic: the black hole that health checks are for.

Ties are broken at random, each of the idlest being as likely. The first of them would do no harm to queues,
but at light load one target would get nearly everything, all balancers would pick the same one, and a
target's luck would depend on its place in a list. HAProxy takes turns instead, which several balancers would
do in step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from simulator import Environment
from simulator.randomness import Uniform

from ..request import Request
from .policy import Choose, Policy
from .target import Target


@dataclass(frozen=True, slots=True)
class LeastOutstanding(Policy):
    """Chooses the target with the fewest calls under way, at random among equals.

    Costs a pass over all targets.
    """

    def chooser(self, env: Environment, targets: Sequence[Target], name: str) -> Choose:
        """Return a function that chooses the idlest."""
        uniforms = env.sampler(f"balancer/{name}", Uniform(0.0, 1.0)).values

        def choose(request: Request) -> Target:
            idlest = targets[0]
            fewest = idlest.outstanding
            ties = 0
            for target in targets:
                outstanding = target.outstanding
                if outstanding < fewest:
                    idlest, fewest, ties = target, outstanding, 1
                elif outstanding == fewest:
                    ties += 1
            if ties == 1:
                return idlest
            return _tied(targets, fewest, int(next(uniforms) * ties))

        return choose


def _tied(targets: Sequence[Target], outstanding: int, rank: int) -> Target:
    """Return the target that stands in place `rank`, from 0, among those with so many calls under way."""
    for target in targets:
        if target.outstanding == outstanding:
            if rank == 0:
                return target
            rank -= 1
    raise AssertionError(f"{rank + 1} more targets with {outstanding} calls under way should be there")
