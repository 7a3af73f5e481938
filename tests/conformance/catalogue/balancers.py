"""Balancers, by their policies."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from models import Endpoint, FunctionEndpoint, Request, Zone
from models.balancing import (
    Balancer,
    ConsistentHash,
    JumpHash,
    LeastOutstanding,
    Maglev,
    Policy,
    PowerOfTwoChoices,
    Random,
    ReportedLoad,
    RoundRobin,
    Weighted,
    WeightedLeastRequest,
)
from models.balancing.localities import LocalityWeighted, Priorities, ZoneAware

from ..expectation import Spare, TurnsModel
from ..world import World
from .wrapper import SPARE, Wrapper

_ZONE = Zone("somewhere else")


def _balancer(policy: Policy) -> Wrapper:
    # Of one target, since nobody can foresee what a policy that draws would choose.
    return Wrapper(
        name=type(policy).__name__,
        build=lambda world, inner: Balancer(
            world.env, [inner], policy=policy, name=f"balancer {len(world.endpoints)}"
        ),
        model=lambda clock, inner, host: TurnsModel(clock, [inner], [0]),
    )


def _balancer_in_turns(policy: Policy, weights: list[float], turns: list[int]) -> Wrapper:
    def build(world: World, inner: Endpoint) -> Endpoint:
        def answer(request: Request) -> Generator[Any, Any, str]:
            yield SPARE
            return "from the spare one"

        spare = FunctionEndpoint(answer, name="spare")
        return Balancer(world.env, [inner, spare], policy=policy, weights=weights, host=world.here)

    return Wrapper(
        name=type(policy).__name__,
        build=build,
        model=lambda clock, inner, host: TurnsModel(clock, [inner, Spare(clock, SPARE)], turns, host.here),
    )


WRAPPERS = (
    _balancer_in_turns(RoundRobin(), [1.0, 1.0], [0, 1]),
    _balancer_in_turns(Weighted(), [2.0, 1.0], [0, 1, 0]),
    _balancer_in_turns(WeightedLeastRequest(bias=0.0), [2.0, 1.0], [0, 1, 0]),
    _balancer_in_turns(ReportedLoad(RoundRobin()), [1.0, 1.0], [0, 1]),
    _balancer(Random()),
    _balancer(LeastOutstanding()),
    _balancer(PowerOfTwoChoices()),
    _balancer(ConsistentHash(virtual_nodes=3, balance_factor=1.25)),
    _balancer(JumpHash()),
    _balancer(Maglev(table_size=3)),
    _balancer(ZoneAware(own=_ZONE, callers=(_ZONE,))),
    _balancer(LocalityWeighted(weights=((_ZONE, 1.0),))),
    _balancer(Priorities(levels=((_ZONE,),))),
)
