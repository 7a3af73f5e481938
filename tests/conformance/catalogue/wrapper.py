"""One entry of the catalogue, and the lengths that its entries use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from models import Endpoint

from ..expectation import Clock, Node
from ..host_expectation import HostModel
from ..world import World

# Lengths that no sum of others equals, so that nothing ties by accident: ties have tests of their own.
SHORT, LONG = 0.71083, 3.17129
BACKOFF = 0.37047
SPARE, DETOUR, BEFORE, AFTER, LATER = 0.13729, 0.02311, 0.05323, 0.03137, 0.04519
OPEN = 5.03079
FIRST_WORK, LAST_WORK, PERIOD = 0.41203, 0.15083, 0.33191


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapper:
    """One entry: `build(world, inner)` for the real one, `model(clock, inner, host)` for the oracle's.

    `host` is the one between client and server, the proxy, on which instances and the far ends of links
    stand: what is inside of them stands there, if they say that they lead to it. `scheduling` is how the
    proxy should share its cores out, if that matters.
    """

    name: str
    build: Callable[[World, Endpoint], Endpoint]
    model: Callable[[Clock, Node, HostModel], Node]
    leads_to_the_proxy: bool = False
    scheduling: str | None = None

    def __repr__(self) -> str:
        return self.name
