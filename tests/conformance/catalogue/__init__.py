"""The catalogue of wrappers: how to put each around an endpoint, and around the oracle's node."""

from __future__ import annotations

from models import Endpoint

from ..expectation import Clock, Node
from ..host_expectation import HostModel
from ..world import World
from . import (
    balancers,
    breakers,
    bulkheads,
    deadlines,
    fallbacks,
    hedges,
    idempotency,
    links,
    outboxes,
    rate_limits,
    retries,
    services,
    shedding,
    timeouts,
)
from .wrapper import Wrapper

__all__ = ["WRAPPERS", "Wrapper", "build_chain", "model_chain", "name_of", "named"]

WRAPPERS: tuple[Wrapper, ...] = (
    *timeouts.WRAPPERS,
    *retries.WRAPPERS,
    *breakers.WRAPPERS,
    *bulkheads.WRAPPERS,
    *deadlines.WRAPPERS,
    *hedges.WRAPPERS,
    *fallbacks.WRAPPERS,
    *outboxes.WRAPPERS,
    *idempotency.WRAPPERS,
    *links.WRAPPERS,
    *rate_limits.WRAPPERS,
    *services.WRAPPERS,
    *shedding.WRAPPERS,
    *balancers.WRAPPERS,
)


def named(*names: str) -> tuple[Wrapper, ...]:
    """Return the wrappers of these names, in that order."""
    by_name = {wrapper.name: wrapper for wrapper in WRAPPERS}
    return tuple(by_name[name] for name in names)


def build_chain(world: World, target: Endpoint, wrappers: tuple[Wrapper, ...]) -> Endpoint:
    """Put `wrappers`, outermost first, around `target`."""
    for wrapper in reversed(wrappers):
        target = wrapper.build(world, target)
        world.endpoints.append(target)
    return target


def model_chain(clock: Clock, target: Node, wrappers: tuple[Wrapper, ...], host: HostModel) -> list[Node]:
    """The same with the oracle's nodes; the innermost first, the target left out."""
    nodes: list[Node] = [target]
    for wrapper in reversed(wrappers):
        nodes.append(wrapper.model(clock, nodes[-1], host))
    return nodes[1:]


def name_of(wrappers: tuple[Wrapper, ...]) -> str:
    """Return a chain's name: "Retry > Hystrix"."""
    return " > ".join(wrapper.name for wrapper in wrappers)
