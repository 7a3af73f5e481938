"""Any policy in a balancer whose targets come, go, fall ill, are ejected and forgotten between two calls."""

from typing import Any

import numpy as np
import pytest

from models import Host, Request
from models.balancing import (
    Balancer,
    ConsistentHash,
    LeastOutstanding,
    Policy,
    ReportedLoad,
    SlowStart,
    WeightedLeastRequest,
)
from models.balancing.localities import LocalityWeighted, Priorities, ZoneAware
from models.endpoint import FunctionEndpoint
from models.failures import Refused
from models.infrastructure import Zone
from simulator import Environment

from .test_policy_contract import POLICIES

A, B, C = Zone("a"), Zone("b"), Zone("c")

NESTED: list[Policy] = [
    ZoneAware(own=A, callers=(A, A, B, C), size_min=2, policy=ReportedLoad(LeastOutstanding())),
    ReportedLoad(ZoneAware(own=A, callers=(A, B, C), size_min=2)),
    LocalityWeighted(weights=((A, 1.0), (B, 2.0)), policy=ConsistentHash(balance_factor=1.1)),
    Priorities(
        levels=((A,), (B, C)),
        panic_threshold=0.0,
        policy=WeightedLeastRequest(slow_start=SlowStart(window=50.0), bias=2.0),
    ),
    LocalityWeighted(weights=((A, 1.0),), policy=Priorities(levels=((A,), (B,)), panic_threshold=0.0)),
]
"""Levels that panic on their own would ask who is ill while the balancer does not panic."""


class Changing:
    """Ten servers in three zones and in none, of which a balancer has some."""

    def __init__(self, policy: Policy, seed: int) -> None:
        self.env = Environment(seed=seed)
        self.random = np.random.default_rng(seed)
        self.edge = Host(self.env, "edge")
        self.last: str | None = None
        self.servers = [self._server(number) for number in range(10)]
        self.balancer = Balancer(self.env, self.servers[:5], policy=policy, host=self.edge)

    def _server(self, number: int) -> FunctionEndpoint:
        name = f"server {number}"

        def answer(request: Request) -> Any:
            self.last = name
            yield float(self.random.exponential(3.0))

        host = Host(self.env, f"host {number}", zone=(A, B, C, None)[number % 4])
        return FunctionEndpoint(answer, host=host, name=name)

    def change(self) -> None:
        server = self.servers[self.random.integers(10)]
        if server not in self.balancer.targets:
            self.balancer.add(server)
            return
        match self.random.integers(7):
            case 0:
                self.balancer.remove(server)
            case 1 | 2:
                self.balancer.set_healthy(server, bool(self.random.random() < 0.6))
            case 3:
                self.balancer.eject(server)
            case 4:
                self.balancer.readmit(server)
            case 5:
                self.balancer.report_load(server, float(self.random.integers(9)))
            case 6 if self.balancer.policy.uses_weights:
                self.balancer.set_weight(server, float(self.random.choice([0.01, 1.0, 3.0, 10.0])))

    def call(self) -> None:
        """Call now, and check that who was asked could be, or that there was nobody to ask."""
        key = None if self.random.random() < 0.2 else int(self.random.integers(50))
        allowed = [
            endpoint.name
            for endpoint in (self.balancer.targets if self.balancer.is_panicking else self.balancer.available)
        ]
        self.last, refused = None, False

        def caller() -> Any:
            nonlocal refused
            try:
                yield from self.balancer.call(Request(key=key))
            except Refused:
                refused = True

        self.env.process(caller())
        self.env.run(until=self.env.now + 0.1)
        assert refused == (not allowed)
        assert refused or self.last in allowed


@pytest.mark.slow
@pytest.mark.parametrize("policy", [*POLICIES, *NESTED], ids=repr)
def test_it_asks_only_who_may_be_asked_whatever_happens(policy: Policy) -> None:
    world = Changing(policy, seed=7)
    for step in range(250):
        world.change()
        world.call()
        if step % 60 == 59:
            world.edge.crash()
            world.edge.restart()
            world.env.run(until=world.env.now + 0.1)
    world.env.run()
    assert all(not target.outstanding_count for target in world.balancer.statistics().targets)


@pytest.mark.parametrize("policy", NESTED, ids=repr)
def test_nested_policies_choose_the_same_with_the_same_seed(policy: Policy) -> None:
    counts = []
    for _ in range(2):
        world = Changing(policy, seed=3)
        for _ in range(100):
            world.change()
            world.call()
        counts.append([target.call_count for target in world.balancer.statistics().targets])
    assert counts[0] == counts[1]
