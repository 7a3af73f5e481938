"""The balancing policies that a plan may name, the simplest first."""

from __future__ import annotations

from models.balancing import (
    ConsistentHash,
    JumpHash,
    LeastOutstanding,
    Maglev,
    Policy,
    PowerOfTwoChoices,
    Random,
    ReportedLoad,
    RoundRobin,
    SlowStart,
    Weighted,
    WeightedLeastRequest,
)

POLICIES: dict[str, Policy] = {
    "round_robin": RoundRobin(),
    "random": Random(),
    "weighted": Weighted(),
    "weighted_with_slow_start": Weighted(slow_start=SlowStart(window=5.0)),
    "least_outstanding": LeastOutstanding(),
    "two_choices": PowerOfTwoChoices(),
    "three_choices": PowerOfTwoChoices(choices_count=3),
    "two_choices_with_replacement": PowerOfTwoChoices(replacement=True),
    "weighted_least_request": WeightedLeastRequest(),
    "consistent_hash": ConsistentHash(),
    "consistent_hash_with_a_bound": ConsistentHash(balance_factor=1.25),
    "jump_hash": JumpHash(),
    "maglev": Maglev(table_size=251),
    # Nobody reports: what is tried is that the balancer's own count stands in.
    "reported_load": ReportedLoad(LeastOutstanding()),
}
"""By name; with a policy that uses weights, the n-th instance has weight n."""
