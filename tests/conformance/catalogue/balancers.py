"""Balancers, by their policies."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import cache
from typing import Any

from models import Endpoint, FunctionEndpoint, Host, Request, Zone
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
from models.endpoint import Call

from ..expectation import Clock, Node, Spare, TurnsModel
from ..host_expectation import HostModel
from ..world import World
from .wrapper import SPARE, Wrapper

_NEAR, _FAR = Zone("near"), Zone("far")


def _spare(world: World, zone: Zone | None = None) -> Endpoint:
    def answer(request: Request) -> Generator[Any, Any, str]:
        yield SPARE
        return "from the spare one"

    host = None if zone is None else _host(world, zone)
    return FunctionEndpoint(answer, host=host, name="spare")


def _host(world: World, zone: Zone) -> Host:
    return Host(world.env, f"{zone.name} {len(world.endpoints)}", zone=zone)


# One model for all policies that do the same here: what the oracle says of one goes for the others.


def _always_the_second(clock: Clock, inner: Node, host: HostModel) -> Node:
    return TurnsModel(clock, [Spare(clock, SPARE), inner], [1])


@cache
def _in_turns(*turns: int) -> Callable[[Clock, Node, HostModel], Node]:
    return lambda clock, inner, host: TurnsModel(clock, [inner, Spare(clock, SPARE)], turns, host.here)


def _balancer(policy: Policy) -> Wrapper:
    # Beside one that is ejected, since nobody can foresee what a policy that draws would choose; that one
    # stands far away, which zones must not mind either.
    def build(world: World, inner: Endpoint) -> Endpoint:
        spare = _spare(world, _FAR)
        name = f"balancer {len(world.endpoints)}"
        balancer = Balancer(world.env, [spare, inner], policy=policy, panic_threshold=0.0, name=name)
        balancer.eject(spare)
        return balancer

    return Wrapper(
        name=type(policy).__name__,
        build=build,
        model=_always_the_second,
    )


def _balancer_in_turns(policy: Policy, weights: list[float], turns: list[int]) -> Wrapper:
    def build(world: World, inner: Endpoint) -> Endpoint:
        return Balancer(world.env, [inner, _spare(world)], policy=policy, weights=weights, host=world.here)

    return Wrapper(
        name=type(policy).__name__,
        build=build,
        model=_in_turns(*turns),
    )


def _balancer_of_zones() -> Wrapper:
    # Twice near, then once far, as turns in proportion are.
    policy = LocalityWeighted(weights=((_NEAR, 2.0), (_FAR, 1.0)))

    def build(world: World, inner: Endpoint) -> Endpoint:
        def pass_on(request: Request) -> Call:
            return (yield from inner.call(request))

        near = FunctionEndpoint(pass_on, host=_host(world, _NEAR), name="near")
        return Balancer(world.env, [near, _spare(world, _FAR)], policy=policy, host=world.here)

    return Wrapper(
        name=type(policy).__name__,
        build=build,
        model=_in_turns(0, 1, 0),
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
    _balancer(ZoneAware(own=_FAR, callers=(_FAR, _NEAR), size_min=1)),
    _balancer_of_zones(),
    _balancer(Priorities(levels=((_FAR,),))),
)
