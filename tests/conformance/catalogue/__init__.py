"""The catalogue of wrappers: how to put each around an endpoint, and around the oracle's node."""

from __future__ import annotations

from models import Endpoint

from ..bad_targets import BadTarget
from ..cores_expectation import CoresModel
from ..expectation import Clock, Node, Target
from ..host_expectation import HostModel
from ..world import World
from . import (
    balancers,
    breakers,
    bulkheads,
    cores,
    deadlines,
    fallbacks,
    health,
    hedges,
    idempotency,
    links,
    naming,
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
    *naming.WRAPPERS,
    *rate_limits.WRAPPERS,
    *services.WRAPPERS,
    *cores.WRAPPERS,
    *shedding.WRAPPERS,
    *balancers.WRAPPERS,
    *health.WRAPPERS,
)


def named(*names: str) -> tuple[Wrapper, ...]:
    """Return the wrappers of these names, in that order."""
    by_name = {wrapper.name: wrapper for wrapper in WRAPPERS}
    return tuple(by_name[name] for name in names)


def build_chain(world: World, target: BadTarget, wrappers: tuple[Wrapper, ...]) -> Endpoint:
    """Put `wrappers`, outermost first, around `target`, each where those outside of it lead to."""
    world.make_proxy(_scheduling(wrappers))
    world.here = world.proxy if _leads_to_the_proxy(wrappers) else world.web
    endpoint = target.build(world)
    for number, wrapper in _inside_out(wrappers):
        world.here = world.proxy if _leads_to_the_proxy(wrappers[:number]) else world.web
        endpoint = wrapper.build(world, endpoint)
        world.endpoints.append(endpoint)
    return endpoint


def model_chain(
    clock: Clock, target: BadTarget, wrappers: tuple[Wrapper, ...], proxy: HostModel
) -> tuple[Target, list[Node]]:
    """The same with the oracle's nodes: the target, and the wrappers, the innermost first."""
    proxy.cores = CoresModel(clock, _scheduling(wrappers))
    proxy.on_restart.append(proxy.cores.boot)
    proxy.here = proxy if _leads_to_the_proxy(wrappers) else proxy.web
    bottom = Target(clock, target, HostModel() if target.is_local else proxy.here)
    nodes: list[Node] = [bottom]
    for number, wrapper in _inside_out(wrappers):
        proxy.here = proxy if _leads_to_the_proxy(wrappers[:number]) else proxy.web
        nodes.append(wrapper.model(clock, nodes[-1], proxy))
    return bottom, nodes[1:]


def _inside_out(wrappers: tuple[Wrapper, ...]) -> list[tuple[int, Wrapper]]:
    return list(enumerate(wrappers))[::-1]


def _leads_to_the_proxy(wrappers: tuple[Wrapper, ...]) -> bool:
    return any(wrapper.leads_to_the_proxy for wrapper in wrappers)


def _scheduling(wrappers: tuple[Wrapper, ...]) -> str:
    """Return how the proxy shares its cores out: as the outermost says that says anything about it."""
    return next((each.scheduling for each in wrappers if each.scheduling is not None), "first-come")


def name_of(wrappers: tuple[Wrapper, ...]) -> str:
    """Return a chain's name: "Retry > Hystrix"."""
    return " > ".join(wrapper.name for wrapper in wrappers)
