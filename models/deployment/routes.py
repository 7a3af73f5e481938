"""Routes: which version of a service gets which share of the requests, at all balancers that follow them.

Without routes a balancer takes all instances alike (`follow`, `System.balanced`), which is enough for a
rolling upgrade. Blue-green and canaries by weight have to send requests by version: to none of a set that is
there already, to a part, to all. What does so in life is a service's selector that is changed, an ingress or
a mesh.

Rules:

1. An instance can be chosen once it has been ready, until it is removed from the service, as with `follow`;
   and only while its version has a share.
2. A version's share is divided among its instances that can be chosen. Where there are none of it, the others
   get its requests, if they have a share at all: a share is a weight, not a promise. Where all requests are
   for a version of which there is none, they are refused, as with a selector that selects nothing.
3. Each balancer hears of everything (who comes, who goes, new shares) `discovery_delay` seconds later, and of
   one thing after the other in the order in which they happened. Balancers with different delays see
   different routes meanwhile. One that is made later begins with what is so then.

Leaves out: users who stay with a version (sticky sessions), as requests here have no users. Source: Argo
Rollouts, "Traffic management"; Kubernetes, Services and their selectors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator import Environment

from ..balancing import Balancer, Connect, Policy, RoundRobin
from ..endpoint import Endpoint
from ..infrastructure import Host
from ..services import Instance, Service
from ..system import System
from ..validation import require_delay

_IN_TURN = RoundRobin()


class Split:
    """A share in [0, 1] of the requests for the version called `name`, and the rest for all others."""

    __slots__ = ("name", "share")

    def __init__(self, name: str, share: float) -> None:
        self.name = name
        self.share = share

    @property
    def is_in_parts(self) -> bool:
        """Whether both get some, which takes weights."""
        return 0.0 < self.share < 1.0

    def of(self, version: str) -> float:
        """Return the share of a version, or of all that are not the one with a name."""
        return self.share if version == self.name else 1.0 - self.share


class Routes:
    """The routes to the versions of `service` in a `system`, and the balancers that follow them.

    Example::

        routes = Routes(system, shop)
        edge = routes.balanced(edge_host, policy=Weighted(), discovery_delay=0.5)
        Deployment(system, shop, host=controller, routes=routes)
    """

    def __init__(self, system: System, service: Service) -> None:
        self.service = service
        self.split: Split | None = None
        self.balancers: list[Balancer] = []
        self._system = system
        self._followers: list[_Follower] = []

    def balanced(self, source: Host, *, policy: Policy = _IN_TURN, **settings: Any) -> Balancer:
        """Return a balancer on `source` that follows these routes; `settings` as in `System.balanced`."""
        return self._system.balanced(source, self.service, policy=policy, discovery=self.follow, **settings)

    def follow(
        self, env: Environment, balancer: Balancer, service: Service, connect: Connect, *, delay: float = 0.0
    ) -> None:
        """Let `balancer` have the instances of `service` as targets by these routes, as they are now, too.

        It stands where `balancing.follow` may: `system.balanced(web, shop, discovery=routes.follow)`. Raises
        `ValueError` for another service, and as `send` does for a policy that uses no weights.
        """
        if service is not self.service:
            raise ValueError(f"service must be that of the routes, {self.service!r}, got {service!r}")
        require_delay("discovery_delay", delay)
        if self.split is not None and self.split.is_in_parts:
            _require_weights(balancer)
        follower = _Follower(env, balancer, connect, delay, self.split)
        for instance in service.instances:
            if instance.is_ready:
                follower.add(instance)
            else:
                follower.wait_for(instance, service)
        service.on_ready(lambda instance: follower.hear(follower.add, instance))
        service.on_removed(lambda instance: follower.hear(follower.remove, instance))
        self._followers.append(follower)
        self.balancers.append(balancer)

    def send(self, split: Split | None) -> None:
        """Let balancers send by `split` from now on; None: to all instances alike.

        Raises `ValueError` for a part of the requests where a balancer's policy uses no weights.
        """
        if split is not None and split.is_in_parts:
            self.require_weights()
        self.split = split
        for follower in self._followers:
            follower.hear(follower.send, split)

    def require_weights(self) -> None:
        """Raise `ValueError` where a balancer's policy uses no weights."""
        for balancer in self.balancers:
            _require_weights(balancer)


def _require_weights(balancer: Balancer) -> None:
    if not balancer.policy.uses_weights:
        raise ValueError(
            f"policy of {balancer.name!r} must use weights to send a part, got {balancer.policy!r}"
        )


class _Follower:
    """What one balancer has heard: instances that are there, and how to send."""

    def __init__(
        self, env: Environment, balancer: Balancer, connect: Connect, delay: float, split: Split | None
    ) -> None:
        self._env = env
        self._balancer = balancer
        self._connect = connect
        self._delay = delay
        self._ways: dict[Instance, Endpoint] = {}
        self._listed: dict[Instance, None] = {}  # by the order of listing, as sets have none
        self._split = split

    def hear(self, do: Callable[[Any], None], what: Any) -> None:
        """Do something about a piece of news when it arrives."""
        if self._delay:
            self._env.call_later(self._delay, do, what)
        else:
            do(what)

    def wait_for(self, instance: Instance, service: Service) -> None:
        """Add one that does not listen when the balancer is made, and will; as `balancing.follow` does."""
        instance.on_ready(lambda: self.hear(self.add, instance) if instance in service.instances else None)

    def add(self, instance: Instance) -> None:
        if instance not in self._ways:
            self._ways[instance] = self._connect(instance)
            self._refresh()

    def remove(self, instance: Instance) -> None:
        way = self._ways.pop(instance, None)
        if instance in self._listed:
            del self._listed[instance]
            assert way is not None
            self._balancer.remove(way)
        self._refresh()

    def send(self, split: Split | None) -> None:
        self._split = split
        self._refresh()

    def _refresh(self) -> None:
        """List those whose version has a share, and weigh them; where all are alike, each weighs 1."""
        balancer = self._balancer
        shares = self._shares()
        for instance, way in self._ways.items():
            share = shares[instance]
            if not share and instance in self._listed:
                del self._listed[instance]
                balancer.remove(way)
            elif share and instance not in self._listed:
                self._listed[instance] = None
                balancer.add(way)
        if balancer.policy.uses_weights:
            for instance in self._listed:
                balancer.set_weight(self._ways[instance], shares[instance])

    def _shares(self) -> dict[Instance, float]:
        split = self._split
        if split is None:
            return dict.fromkeys(self._ways, 1.0)
        named_count = sum(instance.version == split.name for instance in self._ways)
        counts = {True: named_count, False: len(self._ways) - named_count}
        return {
            instance: split.of(instance.version) * len(self._ways) / counts[instance.version == split.name]
            for instance in self._ways
        }
