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
    caches,
    caches_aside,
    caches_placed,
    cores,
    deadlines,
    early_caches,
    fallbacks,
    health,
    hedges,
    http_caches,
    idempotency,
    links,
    naming,
    outboxes,
    rate_limits,
    remedies,
    retries,
    services,
    sessions,
    shedding,
    stock,
    timeouts,
    written_behind,
)
from .wrapper import Wrapper

__all__ = ["WRAPPERS", "Wrapper", "build_chain", "model_chain", "name_of", "named", "scheduling_of"]

WRAPPERS: tuple[Wrapper, ...] = (
    *timeouts.WRAPPERS,
    *retries.WRAPPERS,
    *breakers.WRAPPERS,
    *bulkheads.WRAPPERS,
    *deadlines.WRAPPERS,
    *hedges.WRAPPERS,
    *fallbacks.WRAPPERS,
    *caches.WRAPPERS,
    *caches_aside.WRAPPERS,
    *caches_placed.WRAPPERS,
    *early_caches.WRAPPERS,
    *http_caches.WRAPPERS,
    *written_behind.WRAPPERS,
    *outboxes.WRAPPERS,
    *idempotency.WRAPPERS,
    *links.WRAPPERS,
    *naming.WRAPPERS,
    *rate_limits.WRAPPERS,
    *services.WRAPPERS,
    *sessions.WRAPPERS,
    *remedies.WRAPPERS,
    *stock.WRAPPERS,
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
    world.schedule_proxy(scheduling_of(wrappers))
    *places, innermost = _leading_to_the_proxy(wrappers)
    world.here = world.proxy if innermost else world.web
    endpoint = target.build(world)
    for wrapper, is_at_the_proxy in zip(reversed(wrappers), reversed(places), strict=True):
        world.here = world.proxy if is_at_the_proxy else world.web
        endpoint = wrapper.build(world, endpoint)
        world.endpoints.append(endpoint)
    return endpoint


def model_chain(
    clock: Clock, target: BadTarget, wrappers: tuple[Wrapper, ...], proxy: HostModel
) -> tuple[Target, list[Node]]:
    """The same with the oracle's nodes: the target, and the wrappers, the innermost first."""
    proxy.cores = CoresModel(clock, scheduling_of(wrappers))
    proxy.on_restart.append(proxy.cores.boot)
    *places, innermost = _leading_to_the_proxy(wrappers)
    proxy.here = proxy if innermost else proxy.web
    bottom = Target(clock, target, HostModel() if target.is_local else proxy.here)
    nodes: list[Node] = [bottom]
    for wrapper, is_at_the_proxy in zip(reversed(wrappers), reversed(places), strict=True):
        proxy.here = proxy if is_at_the_proxy else proxy.web
        nodes.append(wrapper.model(clock, nodes[-1], proxy))
    return bottom, nodes[1:]


def _leading_to_the_proxy(wrappers: tuple[Wrapper, ...]) -> list[bool]:
    """Say of each wrapper, and of the target, whether one outside of it leads to the proxy."""
    leading = [False]
    for wrapper in wrappers:
        leading.append(leading[-1] or wrapper.leads_to_the_proxy)
    return leading


def scheduling_of(wrappers: tuple[Wrapper, ...]) -> str:
    """Return how the proxy shares its cores out: as the outermost says that says anything about it."""
    for wrapper in wrappers:
        if wrapper.scheduling is not None:
            return wrapper.scheduling
    return "first-come"


def name_of(wrappers: tuple[Wrapper, ...]) -> str:
    """Return a chain's name: "Retry > Hystrix"."""
    return " > ".join(wrapper.name for wrapper in wrappers)
