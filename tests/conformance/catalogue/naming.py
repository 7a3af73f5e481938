"""What is found by address or by name: for a call that is all, links to where the proxy stands.

The address has one router, its owner, which holds it whenever its host is up; the name is asked for in the
caller's own process, and the answer never gets old.
"""

from __future__ import annotations

from math import inf
from typing import Any

from models import Endpoint, Host, Network, Request
from models.endpoint import Call
from models.endpoint import Wrapper as AnyWrapper
from models.naming import ByName, NameServer, VirtualAddress

from ..host_expectation import HopModel
from ..world import World
from .wrapper import Wrapper

_TO_THE_ADDRESS, _TO_THE_NAME = 0.0117, 0.0139  # s, one way: of lengths of their own, see `links`


class _Standing(AnyWrapper):
    """The same endpoint, said to stand on a host: what is called by address or name must stand somewhere."""

    def __init__(self, target: Endpoint, host: Host) -> None:
        super().__init__(target, name=f"{target.name} there")
        self.host = host

    def call(self, request: Request) -> Call:
        return self.target.call(request)


def _by_address(world: World, inner: Endpoint) -> Endpoint:
    network = Network(world.env, latencies=_TO_THE_ADDRESS)
    address = VirtualAddress(world.env, network, [_Standing(inner, world.proxy)], priorities=[255])
    return address.connect(world.here)


def _by_name(world: World, inner: Endpoint) -> Endpoint:
    network = Network(world.env, latencies=_TO_THE_NAME)
    names = NameServer(world.env, "service", [_Standing(inner, world.proxy)], ttl=inf)
    return ByName(world.env, network, world.here, names, "service")


class _CountsCalls(HopModel):
    """A link that counts what is asked of it, and no more."""

    def counts(self) -> dict[str, Any]:
        return {"call_count": self.call_count, "unresolved_count": 0, "next_count": 0}


class _CountsNothing(HopModel):
    """A link that leaves counting to its far end."""

    def counts(self) -> dict[str, Any]:
        return {}


WRAPPERS = (
    Wrapper(
        name="virtual address",
        build=_by_address,
        leads_to_the_proxy=True,
        model=lambda clock, inner, host: _CountsNothing(clock, inner, host, one_way=_TO_THE_ADDRESS),
    ),
    Wrapper(
        name="name",
        build=_by_name,
        leads_to_the_proxy=True,
        model=lambda clock, inner, host: _CountsCalls(clock, inner, host, one_way=_TO_THE_NAME),
    ),
)
