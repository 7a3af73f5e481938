"""The agent on a host: does there what a deployment's controller has ordered, and says how it stands.

An order is a number: of an instance that is to run, or to stop. The controller sends all its orders for the
host again and again; the agent does what is new about them, whatever it was that got lost before, the order
or the answer. An order to stop that comes before the one to start it is kept, so that a message that was
long on its way starts nothing any more.

What an agent knows (which number is which instance, and which have to stop) is on the host's disk: instances
come up again with their host, and are the same ones. Nothing else about it takes time or fails but the way
to it. Source: Kubernetes' kubelet, which likewise brings its node to what it was told last.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from ..endpoint import Call, Endpoint
from ..infrastructure import DoesNotFit, Host
from ..request import Request, Response
from ..services import Instance, Service
from ..validation import require_delay, require_time
from .version import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Draining:
    """How an instance is taken out: it accepts for `linger` s more, and is killed after `grace` s in all.

    `linger` should be longer than the news of it needs to reach the balancers, and what they have sent by
    then to arrive: who is refused has been lost. `Draining(linger=0.0, grace=0.0)` is none: whatever is under
    way is cut off. Kubernetes has no linger unless a `preStop` hook sleeps, and a grace of 30 s.
    """

    linger: float = 5.0
    grace: float = 30.0

    def __post_init__(self) -> None:
        """Check the times."""
        require_delay("linger", self.linger)
        require_time("grace", self.grace)
        if self.linger > self.grace:
            raise ValueError(
                f"linger must be at most grace = {self.grace!r} s, which includes it, got {self.linger!r}"
            )


class Orders(NamedTuple):
    """What is to be on one host: numbers to run, each with its version, and numbers to stop."""

    run: tuple[tuple[int, Version], ...]
    stop: tuple[int, ...]


class Report(NamedTuple):
    """How it stands with an instance: ready since a time (s; None: not ready), or stopped for good."""

    instance: Instance | None
    ready_since: float | None
    has_stopped: bool


class Agent(Endpoint):
    """Carries out orders on `host` for the instances of `service`, and reports; called over the network.

    `register(number, instance)` is told of each that it starts.
    """

    def __init__(
        self,
        service: Service,
        host: Host,
        draining: Draining,
        register: Callable[[int, Instance], object],
    ) -> None:
        self.name = f"agent of {service.name} on {host.name}"
        self.host: Host = host
        self._service = service
        self._draining = draining
        self._register = register
        self._instances: dict[int, Instance] = {}
        self._ready_since: dict[int, float] = {}
        self._told_to_stop: set[int] = set()

    def know(self, number: int, instance: Instance) -> None:
        """Look after an instance that is there, by its number."""
        self._instances[number] = instance
        self._ready_since[number] = instance.env.now
        instance.on_ready(lambda: self._ready_since.__setitem__(number, instance.env.now))

    def call(self, request: Request) -> Call:
        """Do what is ordered by `request.value`, and answer with a report for each number."""
        yield from ()
        orders: Orders = request.value
        for number in orders.stop:
            self._stop(number)
        for number, version in orders.run:
            if number not in self._instances and number not in self._told_to_stop:
                self._start(number, version)
        numbers = (*orders.stop, *(number for number, _ in orders.run))
        return Response({number: self._report(number) for number in numbers})

    def _start(self, number: int, version: Version) -> None:
        try:
            instance = version.start(self._service, self.host)
        except DoesNotFit:
            return  # perhaps when another one has gone: the order comes again
        self.know(number, instance)
        self._register(number, instance)

    def _stop(self, number: int) -> None:
        if number in self._told_to_stop:
            return
        self._told_to_stop.add(number)
        instance = self._instances.get(number)
        if instance is None:
            return
        if instance in self._service.instances:
            self._service.remove_instance(instance)
        try:
            instance.stop(linger=self._draining.linger, grace=self._draining.grace)
        except RuntimeError:  # somebody else has told it to, an autoscaler for one
            return

    def _report(self, number: int) -> Report:
        instance = self._instances.get(number)
        if instance is None:
            return Report(None, None, number in self._told_to_stop)
        ready_since = self._ready_since[number] if instance.is_ready else None
        return Report(instance, ready_since, instance.has_stopped)
