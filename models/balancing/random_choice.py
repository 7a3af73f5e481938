"""Random: any target, each as likely as the others.

Needs no memory and no agreement between balancers; the price is that some targets have bad luck. n requests
on n targets put about log n / log log n on the unluckiest.
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
class Random(Policy):
    """Chooses each time at random, independently, with equal probabilities."""

    def chooser(self, env: Environment, targets: Sequence[Target], name: str) -> Choose:
        """Return a function that chooses at random."""
        uniforms = env.sampler(f"balancer/{name}", Uniform(0.0, 1.0)).values

        def choose(request: Request) -> Target:
            return targets[int(next(uniforms) * len(targets))]

        return choose
