"""Anycast: one address at several places, and the network takes each client to the nearest that announces it.

How a CDN's clients come to an edge. Rules:

1. The nearest place is that to which a message takes the least time on average, of two that are as near the
   one that was named first.
2. A place that goes down, or stops taking requests, withdraws its route, and one that comes back announces
   it: the network of everybody acts on that `convergence` seconds later, and until then as before. What is
   sent meanwhile to a place that is gone meets silence, or is refused.
3. Nobody is told: a call that was on its way ends as it ends, and is not sent elsewhere. The place that the
   next one comes to has another cache.
4. Without any place that announces the address a call is `Refused`: there is no route.

It is the network that knows, and no host: the clients need no message. Leaves out: routes that change because
a cable is cut (a client whose way to the nearest place is partitioned does not come to another one), and what
makes real routes longer than need be (Calder et al. found a fifth of the clients at an edge that was not the
best). Source: RFC 4786 and 7094; Labovitz et al., "Delayed Internet Routing Convergence" (SIGCOMM 2000), for
how long routes take; Calder et al., "Analyzing the Performance of an Anycast CDN" (IMC 2015).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from simulator import Environment

from ...endpoint import Call, Endpoint
from ...failures import Refused
from ...infrastructure import Host
from ...network import Connection, Network
from ...request import Request
from ...validation import require_delay, require_each, require_kind
from .reverse_proxy import ReverseProxy


class Anycast:
    """The address of `places`, reverse proxies on hosts of their own; `client(host)` is how it is called.

    `convergence` (>= 0 s) passes until the network has heard of a change.
    """

    def __init__(
        self,
        env: Environment,
        network: Network,
        places: Iterable[ReverseProxy],
        *,
        convergence: float = 0.0,
        name: str = "anycast",
    ) -> None:
        """Have routes to all places that take requests now."""
        require_kind("network", network, Network)
        require_delay("convergence", convergence)
        self.places: tuple[ReverseProxy, ...] = require_each("places", places, ReverseProxy)
        if not self.places:
            raise ValueError("places must be at least one ReverseProxy, got none")
        self.name = name
        self.network = network
        self._env = env
        self._convergence = convergence
        self._announced: dict[ReverseProxy, bool] = {place: place.is_ready for place in self.places}
        for place in self.places:
            place.follow(partial(self._changed, place))

    @property
    def announced(self) -> tuple[ReverseProxy, ...]:
        """The places to which the network has routes now."""
        return tuple(place for place, is_announced in self._announced.items() if is_announced)

    def _changed(self, place: ReverseProxy, is_ready: bool) -> None:
        if self._convergence:
            self._env.call_later(self._convergence, self._announced.__setitem__, place, is_ready)
        else:
            self._announced[place] = is_ready

    def has_route_to(self, place: ReverseProxy) -> bool:
        """Whether the network takes anybody to `place` now."""
        return self._announced[place]

    def client(self, host: Host) -> Endpoint:
        """Return an endpoint on `host` that calls the nearest place.

        How near they are is found out now: by what the network says of latencies when the client is made.
        """
        require_kind("host", host, Host)
        return _Client(self, host)


class _Client(Endpoint):
    """Calls the nearest place that the network has a route to."""

    def __init__(self, address: Anycast, host: Host) -> None:
        self.host = host
        self.name = f"{host.name}->{address.name}"
        self._address = address
        network = address.network

        def distance(place: ReverseProxy) -> float:
            return network.path(host, place.host).latency.mean

        nearest_first = sorted(address.places, key=distance)
        self._ways: list[tuple[ReverseProxy, Connection]] = [
            (place, network.connect(host, place)) for place in nearest_first
        ]

    def call(self, request: Request) -> Call:
        """Answer as the nearest place does."""
        has_route_to = self._address.has_route_to
        for place, way in self._ways:
            if has_route_to(place):
                return (yield from way.call(request))
        raise Refused(f"{self.name}: no route")
