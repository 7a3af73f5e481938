"""A shop that begins on one host, and the designs that it grows through: each removes one bottleneck.

    users --(uplink)-- edge --> web --+--> catalogue                                   a page
                                      +--> orders --> pool of connections --> bank     an order

A page costs 16 ms of a core at web and 24 ms at catalogue, and weighs 80 kB on the way to its user. An
order, every fifth request, costs 16 ms at web and 20 ms at orders, and holds a connection to the bank for
0.3 s, which costs no core of ours. The edge, with the balancer and the uplink behind it, is the provider's;
of the bank we have as many connections as the pool has.

Leaves out: sessions, storage, failures; that a larger host may cost more per core.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import inf
from types import MappingProxyType

from models import Call, Endpoint, Host, Request, System, Wrapper
from models.resilience import Outbox, Timeout
from models.resilience.bulkheads import Bulkhead, ConnectionPool
from models.services import (
    Dependency,
    Instance,
    Pause,
    Service,
    Step,
    Work,
    by_operation,
    in_sequence,
)
from models.workload import OpenLoop, Operation, OperationMix
from simulator import Environment
from simulator.randomness import Exponential, LogNormal

PAGE, ORDER = "page", "order"
PATIENCE = 5.0
"""Seconds after which a user is gone."""

_MIX = OperationMix(Operation(name=PAGE, weight=0.8), Operation(name=ORDER, weight=0.2))
_PAGE_BYTES = 80_000
_BANK_TIME = LogNormal.from_percentiles(p50=0.27, p99=0.75)
_WORK = {"web": 0.016, "catalogue": 0.024, "orders": 0.020}
_THREADS = {"web": 16, "catalogue": 16, "orders": 64}
_QUEUE = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthDesign:
    """What the shop stands on.

    `hosts_each` (>= 1) hosts of `cores` cores for each service, or, unless `has_own_hosts`, for all of them.
    A service with a host of its own has all its memory, and twice the threads.
    Each host that takes orders has a `pool` of connections to the bank. The uplink carries `bandwidth` bytes
    per second. With `pays_later` orders are accepted at once, and paid by workers, one per connection.
    """

    cores: int = 2
    hosts_each: int = 1
    has_own_hosts: bool = False
    pool: int = 4
    bandwidth: float = 8e6
    pays_later: bool = False

    @property
    def host_count(self) -> int:
        """How many hosts there are, without the provider's."""
        return self.hosts_each * (len(_WORK) if self.has_own_hosts else 1)

    @property
    def core_count(self) -> int:
        """How many cores they have together."""
        return self.cores * self.host_count


_ONE_HOST = GrowthDesign()
_BIGGER_HOST = replace(_ONE_HOST, cores=8)
_LARGER_POOL = replace(_BIGGER_HOST, pool=30)
_WIDER_LINK = replace(_LARGER_POOL, bandwidth=125e6)
_PAY_LATER = replace(_WIDER_LINK, pays_later=True)
_OWN_HOSTS = replace(_PAY_LATER, has_own_hosts=True)
_MORE_HOSTS = replace(_OWN_HOSTS, hosts_each=3)

DESIGNS: Mapping[str, GrowthDesign] = MappingProxyType(
    {
        "one host": _ONE_HOST,
        "bigger host": _BIGGER_HOST,
        "larger pool": _LARGER_POOL,
        "wider link": _WIDER_LINK,
        "pay later": _PAY_LATER,
        "own hosts": _OWN_HOSTS,
        "more hosts": _MORE_HOSTS,
    }
)
"""The ladder, each step on top of those before."""


class GrowingShop:
    """The shop on a `design`, in an environment with a seed; nobody uses it before `admit_users`.

    `system` has its hosts, services and, by name, the pools; `outboxes` are the queues of orders that are to
    be paid, where they are paid later.

    Example::

        shop = GrowingShop(Environment(seed=1), DESIGNS["bigger host"])
        users = shop.admit_users(rate=100.0, until=20.0)
    """

    def __init__(self, env: Environment, design: GrowthDesign) -> None:
        """Build everything."""
        self.env = env
        self.design = design
        self.system = system = System(env)
        self.outboxes: list[Outbox] = []
        zone = system.add_zone("zone", system.add_region("region"))
        self._bank = Instance(
            env,
            system.add_host("bank", zone),
            Pause(_BANK_TIME),
            threads=1_000_000,  # how many it serves is none of our business
            name="bank",
        )
        edge = system.add_host("edge", zone)
        users = system.add_host("users")
        system.network.override(edge, users, bandwidth=design.bandwidth, one_way=True)
        shared = [] if design.has_own_hosts else self._hosts("shop")
        for name in ("catalogue", "orders", "web"):
            self._add_service(name, shared or self._hosts(name))
        way = system.network.connect(users, system.balanced(edge, system.service("web")))
        self.entrance = Timeout(env, way, PATIENCE, name="patience")

    def admit_users(self, *, rate: float, until: float) -> OpenLoop:
        """Let the public in at a `rate` (> 0 per second) until `until` (s); returns the workload."""
        return OpenLoop(self.env, self.entrance, rate=rate, mix=_MIX, until=until, name="users")

    @property
    def unpaid_count(self) -> int:
        """How many orders were accepted and have not been paid yet."""
        return sum(len(outbox.undelivered) for outbox in self.outboxes)

    def _hosts(self, name: str) -> list[Host]:
        zone, design = self.system.zone("zone"), self.design
        return [
            self.system.add_host(f"{name} host {number}", zone, cores=design.cores)
            for number in range(1, design.hosts_each + 1)
        ]

    def _add_service(self, name: str, hosts: list[Host]) -> Service:
        return self.system.add_service(
            name,
            hosts,
            lambda host: in_sequence(Work(Exponential(_WORK[name])), *self._more(name, host)),
            front=(lambda instance: _Weighing(instance, name=instance.name)) if name == "web" else None,
            threads=_THREADS[name] * (2 if self.design.has_own_hosts else 1),
            queue_size_max=_QUEUE,
        )

    def _more(self, service: str, host: Host) -> list[Step]:
        """Return what a service does after its work."""
        if service == "orders":
            return [Dependency(self._bank_of(host), name="bank")]
        if service == "web":
            page = Dependency(self._ask(host, "catalogue"), name="catalogue")
            order = Dependency(self._ask(host, "orders"), name="orders")
            return [by_operation({PAGE: page, ORDER: order})]
        return []

    def _ask(self, host: Host, service: str) -> Endpoint:
        return self.system.balanced(host, self.system.service(service))

    def _bank_of(self, host: Host) -> Endpoint:
        """Return how orders on a host are paid: now, or later."""
        design, name = self.design, f"{host.name} to bank"
        pool = ConnectionPool(self.env, design.pool, waiting_max=inf, name=name)
        way = Bulkhead(self.env, self.system.network.connect(host, self._bank), pool, name=name)
        self.system.add_part(name, way)
        if not design.pays_later:
            return way
        outbox = Outbox(
            self.env,
            way,
            host=host,
            in_order=False,
            capacity=inf,
            workers=design.pool,
            name=f"unpaid orders on {host.name}",
        )
        self.outboxes.append(outbox)
        return outbox


class _Weighing(Wrapper):
    """Answers as `target` does, and gives each page its weight."""

    def call(self, request: Request) -> Call:
        response = yield from self.target.call(request)
        if request.operation == PAGE:
            response = replace(response, size_bytes=_PAGE_BYTES)
        return response
