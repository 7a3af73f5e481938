"""What the tests of outlier ejection are built from: a balancer over endpoints that answer as told."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from typing import Any

from models import CallFailed, FunctionEndpoint, Host, Request
from models.balancing import Balancer, Choose, Policy, Target, Targets
from models.balancing.outlier_ejection import OutlierEjector, OutlierSettings
from simulator import Environment


class ByKey(Policy):
    """Chooses the target that a request names, ejected or not."""

    def chooser(self, env: Environment, targets: Any, name: str) -> Choose:
        def choose(request: Request) -> Target:
            assert isinstance(targets, Targets)
            return next(each for each in targets.members if each.endpoint.name == request.key)

        return choose


class World:
    """A balancer over targets "t0", "t1" and so on, each asked by name, which answer as a request says."""

    def __init__(
        self, count: int = 10, *, seed: int | None = None, host: bool = False, **settings: Any
    ) -> None:
        self.env = Environment(seed=seed)
        self.targets = [FunctionEndpoint(_as_told, name=f"t{number}") for number in range(count)]
        self.host = Host(self.env, "proxy") if host else None
        self.balancer = Balancer(self.env, self.targets, policy=ByKey(), host=self.host, name="shop")
        self.ejector = OutlierEjector(self.env, self.balancer, OutlierSettings(**settings))

    def send(self, number: int, *ends: Any) -> None:
        """Let calls to a target end like that, one after the other, now."""

        def call_all() -> Generator[Any, Any, None]:
            for end in ends:
                with suppress(CallFailed):
                    yield from self.balancer.call(Request(key=f"t{number}", value=end))

        self.env.run(until=self.env.process(call_all()))

    def out(self) -> list[str]:
        """The names of the ejected."""
        return [each.name for each in self.balancer.statistics().targets if each.is_ejected]

    def log(self) -> list[tuple[float, str, str]]:
        """What was logged: when, what, who."""
        return [
            (record.time, record.kind, record.subject)
            for record in self.env.event_log.of_kind("ejection", "readmission")
        ]


def _as_told(request: Request) -> Generator[Any, Any, str]:
    yield from ()
    if isinstance(request.value, CallFailed):
        raise request.value
    return "fine"
