"""The reference storefront: who stands where, and who calls whom, over the network.

    users --(internet)--> edge balancer --> web instance --> catalogue     (to browse)
                                                         --> payment       (to buy, afterwards)

One region; each zone has a web, a catalogue and a payment host; the edge stands in the first zone. Inside,
each web host balances for itself over connections to all instances of a service, its own zone's and others.
Around payment stand, from the outside: a breaker, retries, a timeout, each if asked for and one per web host.
A web thread is held until the answer is complete.

Leaves out: sessions, stock, anything that is stored; deployment; what goes wrong, which is `models.faults`'s
and strikes the services, hosts and zones that are named here.
"""

from __future__ import annotations

from math import inf
from typing import Any

from simulator import Environment, Gauge, RequestTable

from ..endpoint import Endpoint
from ..infrastructure import Host
from ..network import Connection
from ..observers import RecordedCalls
from ..resilience import CircuitBreaker, Retry, Timeout
from ..services import Dependency, Instance, Pause, Service, Step, Work, by_operation, in_sequence
from ..system import System
from ..workload import OpenLoop, request_table
from .settings import BROWSE, BUY, StorefrontSettings

# A payment instance waits for a bank; it has threads for all who wait, so that its silence is not mistaken
# for a full queue.
_PAYMENT_THREADS = 10_000


class Storefront:
    """A storefront of some `settings`, in an environment with a seed; nobody uses it before `admit_users`.

    - `entrance`: the endpoint that users call, patience included.
    - `system`: its hosts, zones and services by name; `zones` in order, `edge`: the balancer's host.
    - `web`, `catalogue`, `payment`: the services.
    - `breakers`, `timeouts` around payment, one per web host (empty where there are none), and
      `payment_connections`, from each web host to each payment instance.
    - `payment_calls`: what the web tier's calls to payment came to, those that a breaker stopped included;
      `threads_on_payment`: a gauge, with history, of the web threads that wait for them.
    - `payment_work`: the sojourn time at payment of each call that got there, and how it ended, its caller
      gone or not. What a fault adds is in it, for it is taken in front of the instances, just where
      `ConnectionStatistics.wasted_time` is taken. What payment never ends, as in silence, stays in flight;
      what a process that is down refuses never got there.

    Example::

        env = Environment(seed=1)
        shop = Storefront(env, StorefrontSettings(payment_timeout=0.5))
        FaultPlan(env).at(40.0, DependencyOutage(shop.payment, "silent"), end=80.0)
        users = shop.admit_users(until=120.0)
        env.run()
        users.table.availability(40.0, 80.0)
    """

    def __init__(self, env: Environment, settings: StorefrontSettings | None = None) -> None:
        """Build everything."""
        self.env = env
        self.settings = settings = StorefrontSettings() if settings is None else settings
        self.system = system = System(env)
        region = system.add_region("region")
        self.zones = [system.add_zone(name, region) for name in settings.zones]
        self.edge = system.add_host("edge", self.zones[0])
        self.breakers: list[CircuitBreaker] = []
        self.timeouts: list[Timeout] = []
        self.payment_connections: list[Connection] = []
        self.payment_calls: RequestTable = request_table()
        self.payment_work: RequestTable = request_table()
        self.threads_on_payment = Gauge(env, keep_history=True)
        self.catalogue = self._service("catalogue", 4, self._catalogue_step)
        self.payment = self._service(
            "payment", 1, self._payment_step, threads=_PAYMENT_THREADS, front=self._recorded_payment
        )
        self.web = self._service(
            "web",
            settings.web_cores,
            self._web_step,
            threads=settings.web_threads,
            queue_size_max=settings.web_queue_size,
        )
        self.entrance = self._entrance()

    def admit_users(self, *, until: float = inf, table: RequestTable | None = None) -> OpenLoop:
        """Let the public in, at the settings' rate and mix, until `until` (s); returns the workload."""
        settings = self.settings
        return OpenLoop(
            self.env,
            self.entrance,
            rate=settings.rate,
            mix=settings.mix,
            until=until,
            table=table,
            name="users",
        )

    # -- what each part does ---------------------------------------------------------------------------------

    def _catalogue_step(self, host: Host) -> Step:
        return Work(self.settings.catalogue_work)

    def _payment_step(self, host: Host) -> Step:
        return Pause(self.settings.payment_time)  # it waits for a bank

    def _recorded_payment(self, instance: Instance) -> Endpoint:
        # Not as a step inside: faults stand around the handler, and their time would be nobody's.
        return RecordedCalls(self.env, instance, self.payment_work, name=instance.name)

    def _web_step(self, host: Host) -> Step:
        work = Work(self.settings.web_work)
        catalogue = Dependency(self.system.balanced(host, self.catalogue), name="catalogue")
        payment = Dependency(self._protected_payment(host), name="payment")
        return by_operation(
            {BROWSE: in_sequence(work, catalogue), BUY: in_sequence(work, catalogue, payment)}
        )

    def _protected_payment(self, host: Host) -> Endpoint:
        """Return payment as a web host calls it, with everything that protects the caller."""
        env, settings = self.env, self.settings
        place = f"{host.name} to payment"
        endpoint: Endpoint = self.system.balanced(host, self.payment)
        self.payment_connections += self.system.connections_between(host, self.payment)
        if settings.payment_timeout is not None:
            endpoint = Timeout(env, endpoint, settings.payment_timeout, log=True, name=place)
            self.timeouts.append(endpoint)
        if settings.payment_attempts != 1:
            endpoint = Retry(env, endpoint, settings.payment_attempts, name=place)
        if settings.payment_breaker is not None:
            endpoint = CircuitBreaker(env, endpoint, settings.payment_breaker, name=place)
            self.breakers.append(endpoint)
        return RecordedCalls(env, endpoint, self.payment_calls, self.threads_on_payment, name=place)

    # -- who stands where ------------------------------------------------------------------------------------

    def _service(self, name: str, cores: int, make_step: Any, **capacity: Any) -> Service:
        system = self.system
        hosts = [system.add_host(f"{name} in {zone.name}", zone, cores=cores) for zone in self.zones]
        return system.add_service(name, hosts, make_step, **capacity)

    def _entrance(self) -> Endpoint:
        """Return the way in: users are nowhere near the region."""
        system = self.system
        users = system.add_host("users")
        balancer = system.balanced(self.edge, self.web)
        return Timeout(
            self.env, system.network.connect(users, balancer), self.settings.patience, name="patience"
        )
