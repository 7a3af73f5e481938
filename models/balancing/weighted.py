"""Weighted: in turn, each target in proportion to its weight, and as evenly spread as can be.

The smooth weighted round robin of nginx: at each choice every target earns its weight, the richest is chosen,
and pays the sum of all weights. With weights 5, 1, 1 the order is a a b a c a a, where plain weighted round
robin would send a five in a row. Whole weights give each target exactly its share in every round. Nothing is
drawn.

Source: nginx, `ngx_http_upstream_round_robin.c` (I. Sysoev's upstream, since 1.3.1).
"""

from __future__ import annotations

from dataclasses import dataclass

from simulator import Environment

from ..request import Request
from .policy import Choose, Policy
from .slow_start import SlowStart, require_slow_start
from .target import Target, Targets


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighted(Policy):
    """Chooses in proportion to weights, by smooth weighted round robin; equal weights make it round robin.

    With a `slow_start` new targets have less than their weight. Costs a pass over all targets.
    """

    slow_start: SlowStart | None = None

    uses_weights = True

    def __post_init__(self) -> None:
        """Check the slow start."""
        require_slow_start(self.slow_start)

    def chooser(self, env: Environment, targets: Targets, name: str) -> Choose:
        """Return a function that chooses by credit."""
        slow_start = self.slow_start

        def choose(request: Request) -> Target:
            weights_sum = 0.0
            richest = targets[0]
            credit_max = -1.0e300
            for target in targets:
                weight = target.weight
                if slow_start is not None:
                    weight *= slow_start.share(env.now - target.healthy_since)
                weights_sum += weight
                target.credit = credit = target.credit + weight
                # Of equals the first, as in nginx.
                if credit > credit_max:
                    richest, credit_max = target, credit
            richest.credit -= weights_sum
            return richest

        return choose
