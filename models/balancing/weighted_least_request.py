"""Weighted least request: fewer calls to whoever has many under way, in proportion to weights.

Two policies in one, as in Envoy. Where all weights are equal, the better of some that are drawn, the same
perhaps twice (`PowerOfTwoChoices` with replacement). Where they are not, turns in proportion to weight /
(calls under way + 1)^bias, the weight that a target has at its turn: with a bias of 0 plain weighted round
robin, with 1 a target with twice the calls has half the turns. Slowly, since a turn that was planned by an
old weight is waited for: it evens out what lasts, not what happens at the moment.

While any target is in its slow start weights are not equal.

Source: Envoy, "Weighted least request" and `least_request_lb.cc` (`active_request_bias` 1, `choice_count` 2).
Leaves out: turns where weights are equal, which Envoy's latest takes if a bias is set; requests that wait
for a connection.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from simulator import Environment

from ..request import Request
from ..validation import require_number
from .earliest_deadline import EarliestDeadline
from .policy import Choose, Policy
from .power_of_two_choices import PowerOfTwoChoices
from .slow_start import SlowStart, require_slow_start
from .target import Target, Targets

_BIAS_MAX = 32.0  # a billion calls to this power are a float still


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedLeastRequest(Policy):
    """Chooses by calls under way and weights.

    `choices_count` (>= 1) targets are compared where weights are equal; `bias`, in [0, 32], is the exponent
    where they are not. With a `slow_start` new targets have less than their weight. Costs log n.
    """

    choices_count: int = 2
    bias: float = 1.0
    slow_start: SlowStart | None = None

    uses_weights = True
    has_memory = True

    def __post_init__(self) -> None:
        """Check the settings."""
        PowerOfTwoChoices(choices_count=self.choices_count)
        if not 0.0 <= require_number("bias", self.bias) <= _BIAS_MAX:
            raise ValueError(f"bias must be in [0, {_BIAS_MAX:g}], got {self.bias!r}")
        require_slow_start(self.slow_start)

    def chooser(self, env: Environment, targets: Targets, name: str) -> Choose:
        """Return a function that draws and compares, or takes turns."""
        drawn = PowerOfTwoChoices(choices_count=self.choices_count, replacement=True)
        of_equals = drawn.chooser(env, targets, name)
        slow_start, bias = self.slow_start, self.bias
        version, is_even, slow_until = -1, True, -inf

        def weight_of(target: Target) -> float:
            weight: float = target.weight / (target.outstanding + 1) ** bias
            return weight if slow_start is None else weight * slow_start.share(env.now - target.healthy_since)

        turns = EarliestDeadline(weight_of)

        def choose(request: Request) -> Target:
            nonlocal version, is_even, slow_until
            if targets.version != version:
                version = targets.version
                is_even = len({target.weight for target in targets}) <= 1
                if slow_start is not None:
                    slow_until = max(target.healthy_since for target in targets) + slow_start.window
                if not is_even or env.now < slow_until:
                    turns.keep(targets)
            return of_equals(request) if is_even and env.now >= slow_until else turns.turn()

        return choose
