"""Discovery: how a balancer hears of the instances of a service that come and go.

An instance that is added to the service becomes a target once it listens for the first time, one that is
removed is no target any more; each after `delay` seconds, in which the news travels: a registry is asked
every so often, watches are notified, configurations are reloaded. Meanwhile the balancer sends requests to
one that has gone, which is why an instance that stops had better linger.

A crash is no news to a registry: who has crashed stays a target, until health checks say something else; who
does not listen when the balancer begins to follow becomes one when it does. Nor can news be lost here; where
names are looked up over the network, and what was found may be old, is the subject of `models.naming`.

Source: Kubernetes, EndpointSlices: only ready pods are listed, and those that terminate are taken out.
"""

from __future__ import annotations

from collections.abc import Callable

from simulator import Environment

from ..endpoint import Endpoint
from ..services import Instance, Service
from ..validation import require_delay
from .balancer import Balancer

Connect = Callable[[Instance], Endpoint]
"""Makes the way from a balancer to an instance: a connection over the network, mostly."""


def follow(
    env: Environment,
    balancer: Balancer,
    service: Service,
    connect: Connect,
    *,
    delay: float = 0.0,
) -> None:
    """Let `balancer` have all instances of `service` as its targets: who listens at once, and who comes.

    `connect(instance)` makes the way to each, once. News is `delay` seconds (finite, >= 0) old when it
    arrives.
    """
    require_delay("delay", delay)
    ways: dict[Instance, Endpoint] = {}

    def add(instance: Instance) -> None:
        if instance not in ways:
            ways[instance] = way = connect(instance)
            balancer.add(way)

    def remove(instance: Instance) -> None:
        # One that has never been ready was never added.
        way = ways.pop(instance, None)
        if way is not None:
            balancer.remove(way)

    def later(do: Callable[[Instance], None]) -> Callable[[Instance], object]:
        return do if not delay else lambda instance: env.call_later(delay, do, instance)

    def add_when_ready(instance: Instance) -> None:
        # The service tells of those that listen for the first time, and not of one that starts again.
        instance.on_ready(lambda: later(add)(instance) if instance in service.instances else None)

    for instance in service.instances:
        if instance.is_ready:
            add(instance)
        else:
            add_when_ready(instance)
    service.on_ready(later(add))
    service.on_removed(later(remove))
