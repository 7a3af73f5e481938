"""Upgrades on a game day: a service is brought to a new version while things break, and back if need be.

    [[actions]]
    at = 30.0
    upgrade = "catalogue"
    new_version = "errors"          # good, errors, slow or never ready
    strategy = { kind = "canary", pause = 10.0, judge = { availability = 0.95 } }

    [[actions]]
    at = 50.0
    roll_back = "catalogue"

It is a rolling upgrade with all defaults unless a strategy is given (see `strategies`), by a controller on a
host of its own, "controller", which may be struck like any other. The new version does what the old one does;
a bad one fails in a fifth of its answers before it does anything, takes half a second longer, or crashes on
start.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, Literal

from models import Host, Request, ServerError, System
from models.deployment import Deployment, Routes, Version
from models.services import Handler, Instance, MakeHandler, Pause, Service, Step, in_sequence
from simulator.randomness import Constant, Uniform

from .strategies import StrategyTable

NewVersion = Literal["good", "errors", "slow", "never ready"]
ERROR_SHARE, DELAY = 0.2, 0.5


class Upgrades:
    """The deployments of a system's services, each made when its service is first named.

    `routes` by service are needed by strategies that send requests by version.
    """

    def __init__(self, system: System, routes: Mapping[str, Routes]) -> None:
        self._system = system
        self._routes = routes
        self._deployments: dict[str, Deployment] = {}

    def upgrade(self, service: str, kind: NewVersion, by: StrategyTable) -> Callable[[], object]:
        """Return what orders an upgrade.

        Raises ValueError for a service that the system does not have, or that has no routes where it takes
        them.
        """
        deployment = self._deployment(service)
        strategy = by.strategy(deployment.routes)
        numbers, make_handler = count(2), deployment.service.make_handler

        def order() -> None:
            present = {rollout.version.name for rollout in deployment.rollouts} | {deployment.version.name}
            name = next(f"{number}" for number in numbers if f"{number}" not in present)
            if kind == "never ready":
                deployment.service.on_added(lambda instance: _hold_down(instance, name))
            deployment.upgrade(Version(name=name, make_handler=_made(make_handler, kind)), strategy)

        return order

    def roll_back(self, service: str) -> Callable[[], object]:
        """Return what orders the way back, if there is one then. Raises ValueError as `upgrade` does."""
        return self._deployment(service).roll_back

    def _deployment(self, name: str) -> Deployment:
        if name not in self._deployments:
            service: Service = self._system.service(name)
            host = self._system.hosts.get("controller") or self._system.add_host("controller")
            self._deployments[name] = Deployment(
                self._system, service, host=host, routes=self._routes.get(name)
            )
        return self._deployments[name]


def _hold_down(instance: Instance, version: str) -> None:
    if instance.version == version:
        instance.host.hold_process_down(instance, "crashes on start")


def _made(make_handler: MakeHandler, kind: NewVersion) -> MakeHandler:
    def make(host: Host) -> Step | Handler:
        usual = make_handler(host)
        if kind == "errors":
            return in_sequence(_Fails(ERROR_SHARE), usual)
        return in_sequence(Pause(Constant(DELAY)), usual) if kind == "slow" else usual

    return make


@dataclass(frozen=True, slots=True)
class _Fails(Step):
    probability: float

    def handler(self, instance: Instance) -> Handler:
        chance = instance.sampler("a bug", Uniform(0.0, 1.0))

        def handle(instance: Instance, request: Request) -> Generator[Any, Any, None]:
            yield from ()
            if chance() < self.probability:
                raise ServerError("a bug")

        return handle
