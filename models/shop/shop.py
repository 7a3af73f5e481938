"""The shop: the chapter's e-commerce system, to be broken.

    users --(internet)--> edge balancer --> web --+--> catalogue          a page
                                                  +--> recommendations    a page
                                                  +--> cart               a page, a change of the cart
                                                  +--> checkout --+--> cart
                                                                  +--> payment --> the bank

One region; each zone has a host of every service, and the edge stands in the first zone: it is a single point
of failure, as it was in life, unless there are two. Each caller balances for itself over connections to all
instances, its own zone's and others, with what `Protection` says around that, and a switch outermost: what is
switched off is answered with a "Be Back Soon" and costs nothing. Instances that come and go later are
followed, and requests can be sent by version (`routes`), so that each service may be upgraded by any
strategy.

A page asks for catalogue, recommendations and cart at once, and is degraded by those that it can do without.
A checkout reads the cart and pays; or, where that is allowed, it accepts the order into a queue on its host,
from which it is paid as soon as payment can be reached, and is not switched off. Where orders cannot wait,
switching payment off takes them all the same, and charges nobody: a switch is an answer, and may be a wrong
one. Orders have numbers, so that `orders` can tell which of those that users were told of have been charged:
once, twice, or never. Idempotent payments go through a store of keys in front of all payment instances, on a
host of its own in the first zone: stores in the single instances would not know of each other.

Leaves out: sessions, stock, storage. Source: Newman, "Building Microservices" (1st ed. 2015),
chapter 11, "Microservices at Scale", whose shop this is.
"""

from __future__ import annotations

from collections.abc import Generator
from itertools import count
from math import inf
from typing import Any

from simulator import Environment, RequestTable

from ..balancing import Balancer
from ..balancing.health_checks import HEALTH, HealthChecker
from ..balancing.outlier_ejection import OutlierEjector
from ..deployment import Routes
from ..endpoint import Call, Endpoint, FunctionEndpoint, Wrapper
from ..failures import Unavailable
from ..infrastructure import Host
from ..naming import VirtualAddress
from ..observers import RecordedCalls
from ..request import Request
from ..resilience import Outbox, Timeout
from ..resilience.bulkheads import ConnectionPool
from ..resilience.deadlines import Deadline, HonourDeadline
from ..resilience.fallbacks import Fallback
from ..resilience.feature_switches import Switched
from ..resilience.idempotency import Effect, EffectLog, IdempotencyStore, WithIdempotencyKey
from ..services import (
    Dependency,
    Instance,
    Pause,
    Service,
    Step,
    Work,
    by_operation,
    in_parallel,
    in_sequence,
)
from ..system import System
from ..workload import OpenLoop
from .feature import Feature
from .settings import CART, CHECKOUT, FEATURES, PAGE, Deadlines, PayLater, ShopSettings

BE_BACK_SOON = "Be Back Soon"
"""What users see of a feature that is switched off."""

_PAYING_LATER = 30.0  # how long an order in the queue waits for one attempt to pay it
# How long the store of keys waits for a payment. Without a limit a key whose payment was lost in a crash
# would stay in progress for ever, and its order with it; with one, a payment of which only the answer was
# lost is made again.
_PAYMENT_TIME_MAX = 15.0
_PROBE = 0.0005


class Shop:
    """A shop of some `settings`, in an environment with a seed; nobody uses it before `admit_users`.

    - `entrance`: the endpoint that users call, patience included.
    - `system`: its regions, zones, hosts and services by name; the parts are bulkheads, "web in zone-a to
      cart", and queues of orders, "orders in zone-a". `zones` in order.
    - `features` by name: a switch, and what became of the calls to each.
    - `orders`: which have been charged, and which users were told of.
    - `outboxes`: the queues of orders that are to be paid later (none if that is not allowed).
    - `routes` by service: which version of it gets which share of the requests, for upgrades.

    Example::

        env = Environment(seed=1)
        shop = Shop(env, careful_shop())
        users = shop.admit_users(until=120.0)
        env.call_later(40.0, HostCrash(shop.system.host("cart in zone-a")).inject)
        env.run(until=140.0)
        users.table.availability(40.0, 80.0)
    """

    def __init__(self, env: Environment, settings: ShopSettings | None = None) -> None:
        """Build everything."""
        self.env = env
        self.settings = settings = ShopSettings() if settings is None else settings
        self.system = system = System(env)
        region = system.add_region("region")
        self.zones = [system.add_zone(name, region) for name in settings.zones]
        self.features = {name: Feature(env, name) for name in FEATURES}
        self.orders = EffectLog()
        self.outboxes: list[Outbox] = []
        self.routes: dict[str, Routes] = {}
        self._edges = [system.add_host("edge", self.zones[0])]
        if settings.has_second_edge:
            self._edges.append(system.add_host("second edge", self.zones[1]))
        for name in ("payment", "cart", "recommendations", "catalogue", "checkout", "web"):
            self._add_service(name)
        self.entrance = self._entrance()

    def admit_users(self, *, until: float = inf, table: RequestTable | None = None) -> OpenLoop:
        """Let the public in, at the settings' rate and mix, until `until` (s); returns the workload."""
        return OpenLoop(
            self.env,
            self.entrance,
            rate=self.settings.rate,
            mix=self.settings.mix,
            keys=count(1).__next__,
            until=until,
            table=table,
            name="users",
        )

    @property
    def waiting_orders_count(self) -> int:
        """How many orders wait in queues to be paid: accepted, and neither charged nor given up."""
        return len(self._waiting_orders())

    @property
    def lost_orders_count(self) -> int:
        """How many orders users were told of that have not been charged, and never will be."""
        waiting = self._waiting_orders()
        return sum(order not in waiting for order in self.orders.lost())

    def _waiting_orders(self) -> set[Any]:
        # By number: one may be in two queues, and in one although it has been charged, or nobody was told of
        # it.
        queued = {request.key for outbox in self.outboxes for request in outbox.undelivered}
        return {order for order in queued if not self.orders.applications(order)}

    # -- what each part does ---------------------------------------------------------------------------------

    def _step(self, service: str, host: Host) -> Step:
        step = self._own_step(service, host)
        if self.settings.health_checks is None:
            return step
        return by_operation({HEALTH: Work(_PROBE, name="probe")}, otherwise=step)

    def _own_step(self, service: str, host: Host) -> Step:
        work = Work(self.settings.size_of(service).work)
        if service == "web":
            return in_sequence(work, self._web_step(host))
        if service == "checkout":
            cart = Dependency(self._feature(host, "cart"), name="cart")
            payment = Dependency(self._payment(host), name="payment")
            return in_sequence(work, cart, payment, _order_number)
        if service == "payment":
            return in_sequence(work, Pause(self.settings.bank_time), Effect(self.orders))
        return work

    def _web_step(self, host: Host) -> Step:
        pool = None
        if self.settings.shared_pool is not None:
            pool = self._pool(self.settings.shared_pool, f"{host.name} to all")
        ways = {name: self._feature(host, name, pool) for name in FEATURES if name != "payment"}
        if self.settings.payments_are_idempotent:
            # Here, outside whatever may repeat it on the way: the key travels with the order to payment.
            ways["checkout"] = WithIdempotencyKey(self.env, ways["checkout"], name=f"orders of {host.name}")
        page = [
            Dependency(ways[name], name=name, required=name not in self.settings.optional)
            for name in ("catalogue", "recommendations", "cart")
        ]
        return by_operation(
            {
                PAGE: in_parallel(*page),
                CART: Dependency(ways["cart"], name="cart"),
                CHECKOUT: Dependency(ways["checkout"], name="checkout"),
            }
        )

    def _feature(self, host: Host, feature: str, pool: ConnectionPool | None = None) -> Endpoint:
        return self._way(host, feature, pool, instead=BE_BACK_SOON)

    def _payment(self, host: Host) -> Endpoint:
        """Return the way to pay an order, now or later."""
        settings = self.settings
        if settings.pay_later is PayLater.NEVER:
            return self._way(host, "payment", None, instead=BE_BACK_SOON)
        pay = Timeout(self.env, self._reach(host, "payment"), _PAYING_LATER, name=f"orders on {host.name}")
        outbox = Outbox(
            self.env,
            Switched(pay, self.features["payment"].switch, FunctionEndpoint(_not_now)),
            host=host,
            is_durable=settings.orders_are_durable,
            in_order=False,
            capacity=inf,
            workers=4,
            name=f"orders on {host.name}",
        )
        self.outboxes.append(self.system.add_part(outbox.name, outbox, is_numbered=True))
        if settings.pay_later is PayLater.ALWAYS:
            return outbox
        way = self._way(host, "payment", None, instead=outbox)
        return Fallback(way, outbox, name="payment")

    def _way(self, host: Host, feature: str, pool: ConnectionPool | None, *, instead: Any) -> Endpoint:
        """Return a feature's service as a host calls it: over the network, protected, with a switch."""
        env, place, part = self.env, f"{host.name} to {feature}", self.features[feature]
        protection = self.settings.protection_of(feature)
        if protection.bulkhead is not None:
            pool = self._pool(protection.bulkhead, place)
        protected = protection.around(env, self._reach(host, feature), pool=pool, name=place)
        switched = Switched(protected, part.switch, instead)
        return RecordedCalls(env, switched, part.calls, part.under_way, name=place)

    # -- who stands where ------------------------------------------------------------------------------------

    def _add_service(self, name: str) -> Service:
        system, settings = self.system, self.settings
        size = settings.size_of(name)
        hosts = [system.add_host(f"{name} in {zone.name}", zone, cores=size.cores) for zone in self.zones]
        service = system.add_service(
            name,
            hosts,
            lambda host: self._step(name, host),
            front=lambda instance: self._front(name, instance),
            threads=size.threads,
            queue_size_max=size.queue_size_max,
        )
        self.routes[name] = Routes(system, service)
        if name == "payment" and settings.payments_are_idempotent:
            front = system.add_host("payment front", self.zones[0])
            way = Timeout(self.env, self._balanced(front, "payment"), _PAYMENT_TIME_MAX, name="payment store")
            self._payment_store = IdempotencyStore(self.env, way, is_durable=True, name="payment store")
        return service

    def _front(self, name: str, instance: Instance) -> Endpoint:
        endpoint: Endpoint = instance
        make = self.settings.fronts.get(name)
        if make is not None:
            endpoint = make(self.env, endpoint)
        if self.settings.deadlines is not Deadlines.KEPT:
            endpoint = HonourDeadline(self.env, endpoint, name=instance.name)
        return endpoint

    def _pool(self, size: int, name: str) -> ConnectionPool:
        # Nobody waits for a place: a queue in front of each dependency is what a bulkhead is to prevent.
        pool = ConnectionPool(self.env, size, waiting_max=0, wait_max=inf, name=name)
        return self.system.add_part(name, pool, is_numbered=True)

    def _reach(self, host: Host, service: str) -> Endpoint:
        """Return what a host calls to reach a service."""
        if service == "payment" and self.settings.payments_are_idempotent:
            return self.system.network.connect(
                host, self._payment_store, propagate_cancellation=self._propagates
            )
        return self._balanced(host, service)

    def _balanced(self, host: Host, service: str) -> Balancer:
        env, settings = self.env, self.settings
        balancer = self.routes[service].balanced(
            host, policy=settings.policy, propagate_cancellation=self._propagates
        )
        checker = None
        if settings.health_checks is not None:
            checker = HealthChecker(env, balancer, settings.health_checks)
        if settings.outlier_ejection is not None:
            OutlierEjector(env, balancer, settings.outlier_ejection, health_checker=checker)
        return balancer

    @property
    def _propagates(self) -> bool:
        return self.settings.deadlines is Deadlines.CANCELLING

    def _entrance(self) -> Endpoint:
        """Return the way in: users are nowhere near the region."""
        env, patience = self.env, self.settings.patience
        users = self.system.add_host("users")
        edges = [self._balanced(host, "web") for host in self._edges]
        network, cancels = self.system.network, self._propagates
        way: Endpoint
        if len(edges) == 1:
            way = network.connect(users, edges[0], propagate_cancellation=cancels)
        else:
            address = VirtualAddress(env, network, edges, name="entrance")
            way = address.connect(users, propagate_cancellation=cancels)
        if self.settings.deadlines is Deadlines.KEPT:
            return _Told(Timeout(env, way, patience, name="patience"), self.orders)
        return _Told(Deadline(env, way, patience, name="patience"), self.orders)


class _Told(Wrapper):
    """Writes down of which orders users have been told that they are accepted; a "Be Back Soon" is none."""

    def __init__(self, target: Endpoint, orders: EffectLog) -> None:
        super().__init__(target, name="entrance")
        self.orders = orders

    def call(self, request: Request) -> Call:
        response = yield from self.target.call(request)
        if request.operation == CHECKOUT and response.value == request.key:
            self.orders.acknowledge(request.key)
        return response


def _not_now(request: Request) -> Generator[Any, Any, Any]:
    """Keep an order in the queue while payment is switched off."""
    yield from ()
    raise Unavailable("payment is switched off")


def _order_number(instance: Instance, request: Request) -> Generator[Any, Any, Any]:
    """Answer with the number of the order: the last step of a checkout, which has nothing else to do."""
    yield from ()
    return request.key
