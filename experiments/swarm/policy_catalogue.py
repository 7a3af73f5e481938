"""The balancing policies that a plan may name, the simplest first."""

from __future__ import annotations

from models.balancing import LeastOutstanding, Policy, PowerOfTwoChoices, Random, RoundRobin, Weighted

POLICIES: dict[str, Policy] = {
    "round_robin": RoundRobin(),
    "random": Random(),
    "weighted": Weighted(),
    "least_outstanding": LeastOutstanding(),
    "two_choices": PowerOfTwoChoices(),
    "three_choices": PowerOfTwoChoices(choices_count=3),
    "two_choices_with_replacement": PowerOfTwoChoices(replacement=True),
}
"""By name; with a policy that uses weights, the n-th instance has weight n."""
