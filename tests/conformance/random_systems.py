"""Whole systems drawn from a seed: zones, services, wrappers of all sorts, load, and faults that heal.

Every call has a time limit on its way, so that a system whose faults are healed and whose load has stopped
must run empty by itself. Nothing here knows what should come out; the tests ask only what must hold for
anything.
"""

from __future__ import annotations

import random
from typing import Any

from models import Endpoint, Host, Network, Region, Request, Zone
from models.balancing import (
    Balancer,
    LeastOutstanding,
    Policy,
    PowerOfTwoChoices,
    Random,
    RoundRobin,
    Weighted,
)
from models.network import AddedDelay, PacketLoss
from models.resilience import (
    CircuitBreaker,
    DecorrelatedJitter,
    EnvoyRetryBudget,
    FullJitter,
    Outbox,
    PollyJitter,
    Retry,
    TimeBased,
    Timeout,
    TokenBucketBudget,
    consecutive_failures,
    hystrix,
    polly,
    resilience4j,
)
from models.services import Dependency, Instance, Service, Step, Work, in_parallel, in_sequence
from models.workload import Client
from simulator import Environment
from simulator.randomness import Constant, Exponential, LogNormal

POLICIES: tuple[Policy, ...] = (RoundRobin(), Random(), Weighted(), LeastOutstanding(), PowerOfTwoChoices())
BREAKERS = (
    resilience4j(minimum_calls=5, open_duration=1.0, trial_count=3),
    resilience4j(minimum_calls=5, window=TimeBased(seconds=5), open_duration=0.5, slow_call_duration=0.2),
    hystrix(request_volume=5, sleep_window=1.0),
    polly(minimum_throughput=5, sampling_duration=3.0, break_duration=1.0),
    consecutive_failures(3, open_duration=1.0),
)
LOAD_END = FAULTS_END = 20.0


class System:
    """One system; `run` plays its load and faults until both are over."""

    def __init__(self, seed: int, *, trace: bool = False) -> None:
        # The shape is drawn here, what happens in it by the environment's own streams.
        self.shape = random.Random(seed)
        self.env = Environment(seed=seed, trace=trace)
        self.network = Network(self.env, latencies=LogNormal.from_percentiles(p50=0.002, p99=0.01))
        region = Region("region")
        self.zones = [Zone(f"zone {number}", region) for number in range(self.shape.randint(1, 3))]
        self.hosts: list[Host] = []
        self.endpoints: list[Endpoint] = []
        self.services: list[Service] = []
        self.clients: list[Client] = []
        self.host_faults: set[Host] = set()
        for number in range(self.shape.randint(1, 3)):
            self._add_service(f"service {number}")
        for number in range(self.shape.randint(1, 2)):
            self._add_client(f"client {number}")
        self._plan_load()
        for _ in range(self.shape.randint(1, 6)):
            self._plan_fault()

    def _host(self, name: str) -> Host:
        shape = self.shape
        host = Host(
            self.env,
            name,
            zone=shape.choice(self.zones),
            cores=shape.randint(1, 3),
            scheduling=shape.choice(["first-come", "processor-sharing"]),
            boot_time=shape.choice([0.0, 0.5]),
        )
        self.hosts.append(host)
        return host

    def _add_service(self, name: str) -> None:
        """A service may need those that are there already."""
        shape = self.shape
        needed = [service for service in self.services if shape.random() < 0.7]
        hosts = [self._host(f"{name} host {number}") for number in range(shape.randint(1, 3))]
        together, demand = shape.choice([in_sequence, in_parallel]), shape.choice([0.01, 0.05, 0.2])
        required = [shape.random() < 0.6 for _ in needed]

        def make_handler(host: Host) -> Step:
            steps: list[Any] = [
                Dependency(self._way(host, service), required=is_required, name=service.name)
                for service, is_required in zip(needed, required, strict=True)
            ]
            return together(Work(Exponential(demand)), *steps)

        service = Service(
            self.env,
            name,
            hosts,
            make_handler,
            threads=shape.randint(1, 8),
            queue_size_max=shape.choice([0, 3, 20]),
        )
        self.services.append(service)
        self.endpoints += service.instances

    def _way(self, host: Host, service: Service) -> Endpoint:
        """A balancer over links to the instances, in some wrappers, with a time limit somewhere."""
        shape, env = self.shape, self.env
        links: list[Endpoint] = [
            self.network.connect(host, instance, propagate_cancellation=shape.random() < 0.5)
            for instance in service.instances
        ]
        self.endpoints += links
        target: Endpoint = Balancer(env, links, policy=shape.choice(POLICIES), name=self._name("balancer"))
        self.endpoints.append(target)
        for kind in ["timeout", *shape.sample(["retry", "breaker", "timeout", "retry"], shape.randint(0, 3))]:
            target = self._wrap(kind, target)
            self.endpoints.append(target)
        return target

    def _wrap(self, kind: str, target: Endpoint) -> Endpoint:
        shape, env, name = self.shape, self.env, self._name(kind)
        if kind == "timeout":
            return Timeout(env, target, shape.choice([0.05, 0.2, 0.5, 2.0]), name=name)
        if kind == "breaker":
            return CircuitBreaker(env, target, shape.choice(BREAKERS), name=name)
        backoff = shape.choice(
            [FullJitter(base=0.05), DecorrelatedJitter(base=0.05, cap=1.0), PollyJitter(base=0.05, cap=1.0)]
        )
        budget = shape.choice([None, TokenBucketBudget(), EnvoyRetryBudget()])
        return Retry(env, target, shape.randint(1, 4), backoff=backoff, budget=budget, name=name)

    def _name(self, kind: str) -> str:
        return f"{kind} {len(self.endpoints)}"

    def _add_client(self, name: str) -> None:
        target = self._way(self._host(name), self.services[-1])
        if self.shape.random() < 0.3:
            target = Outbox(self.env, target, attempts_max=5, workers=2, name=self._name("outbox"))
            self.endpoints.append(target)
        self.clients.append(Client(self.env, target, name=name))

    def _plan_load(self) -> None:
        for client in self.clients:
            draw = self.env.sampler(f"load/{client.name}", Exponential(self.shape.choice([0.02, 0.1, 0.5])))
            time = draw()
            while time < LOAD_END:
                self.env.call_later(time, self._issue, client)
                time += draw()

    def _issue(self, client: Client) -> None:
        process = client.issue(Request())
        if self.shape.random() < 0.05:
            self.env.call_later(
                self.shape.choice([0.0, 0.01, 0.1]), self.shape.choice([process.cancel, process.kill])
            )

    # -- faults
    # ---------------------------------------------------------------------------------------------------

    def _plan_fault(self) -> None:
        shape, start = self.shape, self.shape.uniform(0.0, FAULTS_END - 2.0)
        end = shape.uniform(start, FAULTS_END)
        inject, heal = shape.choice(
            [self._host_crash, self._process_crash, self._mischief, self._slow_host]
        )()
        self.env.call_later(start, inject)
        self.env.call_later(end, heal)

    def _host_crash(self) -> tuple[Any, Any]:
        host = self.shape.choice(self.hosts)
        return (
            lambda: host.crash() if host.is_up else None,
            lambda: host.restart() if not host.is_up else None,
        )

    def _process_crash(self) -> tuple[Any, Any]:
        instance: Instance = self.shape.choice(
            [each for service in self.services for each in service.instances]
        )
        return (
            lambda: instance.crash() if instance.is_listening else None,
            lambda: instance.restart() if instance.host.is_up and not instance.is_listening else None,
        )

    def _slow_host(self) -> tuple[Any, Any]:
        host = self.shape.choice(self.hosts)
        return lambda: setattr(host, "speed", 0.1), lambda: setattr(host, "speed", 1.0)

    def _mischief(self) -> tuple[Any, Any]:
        places = [*self.hosts, *(zone for zone in self.zones if zone.hosts)]
        source, target = self.shape.choice(self.hosts), self.shape.choice(places)
        kind, one_way = self.shape.choice(["cut", "loss", "delay"]), self.shape.random() < 0.5
        rules: list[Any] = []

        def inject() -> None:
            if kind == "cut":
                rules.append(self.network.partition(source, target, one_way=one_way))
                return
            name = f"{kind} at {self.env.now}"
            if kind == "loss":
                rules.append(PacketLoss(self.env, source, target, 0.5, name=name, one_way=one_way))
            else:
                rules.append(AddedDelay(self.env, source, target, Constant(0.3), name=name, one_way=one_way))
            self.network.install(rules[-1])

        return inject, lambda: self.network.heal(rules.pop())

    # -- running
    # --------------------------------------------------------------------------------------------------

    def run(self, until: float = LOAD_END) -> System:
        """Play it until a time, by default to the end of load and faults, and return it."""
        self.env.run(until=until)
        return self

    def digest(self) -> str:
        """What has happened, as one text: the trace, and what the users saw."""
        return f"{self.env.trace_digest()} {[sum(table.values()) for table, *_ in self.seen()]}"

    def seen(self) -> list[tuple[dict[str, int], list[float]]]:
        """What each client has seen: its outcomes, and all times at which calls ended."""
        return [(client.table.counts(), list(client.table.columns()["end"])) for client in self.clients]
