"""One entry of the catalogue, and the lengths that its entries use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from models import Call, Endpoint, Request
from models import Wrapper as EndpointAround
from models.services import Instance

from ..expectation import Clock, Node
from ..host_expectation import HostModel
from ..world import World

# Lengths that no sum of others equals, so that nothing ties by accident: ties have tests of their own.
SHORT, LONG = 0.71083, 3.17129
BACKOFF = 0.37047
SPARE, DETOUR, BEFORE, AFTER, LATER = 0.13729, 0.02311, 0.05323, 0.03137, 0.04519
OPEN = 5.03079


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapper:
    """One entry: `build(world, inner)` for the real one, `model(clock, inner, host)` for the oracle's.

    `host` is the one between client and server, on which instances and the far ends of links stand.
    """

    name: str
    build: Callable[[World, Endpoint], Endpoint]
    model: Callable[[Clock, Node, HostModel], Node]

    def __repr__(self) -> str:
        return self.name


class Nowhere(EndpointAround):
    """Says that it stands on no host: what remembers something around it forgets it at nobody's restart.

    Where that would be depends on the chain, and the oracle does not know; tests of the models do.
    """

    def __init__(self, target: Endpoint) -> None:
        super().__init__(target, name="nowhere")
        self.host = None

    def call(self, request: Request) -> Call:
        return self.target.call(request)


def in_a_process_or_nowhere(inner: Endpoint) -> Endpoint:
    """Return `inner` as it is where it is served by an instance; else let it stand nowhere."""
    return inner if isinstance(inner.serving, Instance) else Nowhere(inner)
