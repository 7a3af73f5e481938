"""Links across the network."""

from __future__ import annotations

from typing import Any

from models import Endpoint, Network
from models.network import AddedDelay
from simulator.randomness import Constant

from ..host_expectation import HopModel
from ..world import ONE_WAY, World
from .wrapper import DETOUR, Wrapper


def _hop(name: str, *, one_way: float = ONE_WAY, detour: float = 0.0, **settings: Any) -> Wrapper:
    def build(world: World, inner: Endpoint) -> Endpoint:
        # A network of its own, whose rules and latency leave the other links alone.
        network = Network(world.env, latencies=one_way)
        if detour:
            delay = Constant(detour)
            network.install(AddedDelay(world.env, world.here, world.proxy, delay, name="detour"))
        return network.connect(world.here, inner, host=world.proxy, **settings)

    return Wrapper(
        name=name,
        build=build,
        leads_to_the_proxy=True,
        model=lambda clock, inner, host: HopModel(
            clock,
            inner,
            host,
            propagates=settings.get("propagate_cancellation", False),
            one_way=one_way + detour,
        ),
    )


WRAPPERS = (
    _hop("link"),
    # Of another length: a cancellation and an answer that meet at one instant come in an order that nobody
    # can foresee.
    _hop("cancelling link", one_way=0.013, propagate_cancellation=True),
    _hop("link by a detour", detour=DETOUR, transport="datagram"),
)
