"""A virtual address: one that several hosts share, of which one holds it, and another when that one dies.

Two balancers behind one address are a pair with failover: clients know the address and nothing else. Who
holds it is settled among its routers (`vrrp`, `virtual_router`). Where a client's messages go is settled by
the switches on their way, which learn: the frames of the virtual router have its own hardware address as
their source, and go to where the last of them came from. So each client's way leads to the router whose last
advertisement arrived at its host; that table is the network's, and a restart of the client does not empty it.

When the routers cannot hear each other (a partition of the pair), both hold the address: *split brain*.
Clients that reach both go back and forth with each advertisement and are served by either; what is wrong then
is wrong behind the address, if only one may be active there. When the partition heals the better one says so
and the other gives way, and what that one had under way is never answered.

Source: RFC 9568, sections 7.3 (the virtual router's hardware address, in the frames of advertisements) and
8.1.2. Leaves out: address resolution (a client knows the hardware address from the start).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simulator import Environment

from ..endpoint import Call, Endpoint, require_endpoint
from ..infrastructure import Host
from ..network import Connection, Network
from ..request import Request
from .virtual_router import VirtualRouter
from .vrrp import VrrpSettings, require_priority


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualAddressStatistics:
    """Of the routers in order: how often each has taken the address, and who holds it now, by host.

    `unanswered_count` calls reached one that did not hold it, or no longer when it would have answered.
    """

    hosts: tuple[str, ...]
    taken_counts: tuple[int, ...]
    active_hosts: tuple[str, ...]
    unanswered_count: int


class VirtualAddress:
    """An address that leads to one of `targets`, each on a host of its own.

    `priorities` (1 to 255; as many as the targets) say who is preferred; by default 200 for the first, and
    then less. In the beginning the best has the address, as if the pair had been running.

    Example::

        address = VirtualAddress(env, network, [balancer_a, balancer_b], name="shop")
        shop = Timeout(env, address.connect(client), 1.0)
    """

    def __init__(
        self,
        env: Environment,
        network: Network,
        targets: Iterable[Endpoint],
        *,
        priorities: Sequence[int] | None = None,
        settings: VrrpSettings | None = None,
        name: str = "address",
    ) -> None:
        """Start the routers."""
        endpoints = list(targets)
        if priorities is None:
            priorities = [max(1, 200 - 100 * rank) for rank in range(len(endpoints))]
        _require_routers(endpoints, priorities)
        self.name = name
        self._network = network
        self.routers = tuple(
            VirtualRouter(
                env,
                network,
                endpoint,
                address=name,
                priority=priority,
                rank=rank,
                settings=settings or VrrpSettings(),
            )
            for rank, (endpoint, priority) in enumerate(zip(endpoints, priorities, strict=True))
        )
        # Of equals the first: `max` takes it, and so does the election.
        self._first = max(self.routers, key=lambda router: router.priority)
        for router in self.routers:
            peers = [peer for peer in self.routers if peer is not router]
            router.start(peers, is_active=router is self._first)

    def __repr__(self) -> str:
        return f"VirtualAddress({self.name!r})"

    def connect(self, source: Host, **connecting: Any) -> Endpoint:
        """Return an endpoint that calls the address from `source`; `connecting` is for `Network.connect`."""
        ways = {router: self._network.connect(source, router, **connecting) for router in self.routers}
        active = [router for router in self.routers if router.is_active]
        way = _VirtualWay(ways, active[0] if active else self._first, host=source, name=self.name)
        for router in self.routers:
            router.let_learn(source, way.learn)
        return way

    def statistics(self) -> VirtualAddressStatistics:
        """Return what has happened so far."""
        return VirtualAddressStatistics(
            hosts=tuple(router.host.name for router in self.routers),
            taken_counts=tuple(router.taken_count for router in self.routers),
            active_hosts=tuple(router.host.name for router in self.routers if router.is_active),
            unanswered_count=sum(router.unanswered_count for router in self.routers),
        )


class _VirtualWay(Endpoint):
    """From one host to whoever has last been heard there."""

    def __init__(
        self, ways: Mapping[VirtualRouter, Connection], towards: VirtualRouter, *, host: Host, name: str
    ) -> None:
        self.host = host
        self.name = f"{host.name}->{name}"
        self._ways = ways
        self._towards = ways[towards]

    def learn(self, router: VirtualRouter) -> None:
        """Send what is sent from now on to `router`."""
        self._towards = self._ways[router]

    def call(self, request: Request) -> Call:
        """Answer as the router does that is on the way now."""
        return self._towards.call(request)


def _require_routers(targets: Sequence[Endpoint], priorities: Sequence[int]) -> None:
    if not targets:
        raise ValueError("targets must be at least one, got none")
    if len(priorities) != len(targets):
        raise ValueError(f"priorities must be as many as targets ({len(targets)}), got {len(priorities)}")
    hosts: set[Host] = set()
    for target in targets:
        require_endpoint("target", target)
        if target.host is None:
            raise ValueError(f"target must stand on a host to share an address, got {target.name!r} on none")
        if target.host in hosts:
            raise ValueError(f"targets must stand on hosts of their own, got two on {target.host.name!r}")
        hosts.add(target.host)
    for priority in priorities:
        require_priority(priority)
