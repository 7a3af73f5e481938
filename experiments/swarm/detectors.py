"""Who watches the targets of a way: health checks, over connections of their own, and outlier ejection.

Probes pass no wrapper of the way and no guard of the instance. At an instance they come in by a `ProbePort`,
which counts them: so they are told from the calls of clients, and what a checker thinks of an instance can be
held against how that has answered (see `detection`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from models import Call, Endpoint, Request, Wrapper
from models.balancing import Balancer
from models.balancing.health_checks import HealthChecker, HealthCheckSettings
from models.balancing.outlier_ejection import OutlierEjector, OutlierSettings
from models.network import Connection
from models.services import Instance
from simulator import Environment

from .plan import WayPlan

PROBE_WORK = 0.001
"""What an instance works for a probe (s)."""

OUTLIERS = OutlierSettings(
    interval=1.0,
    base_ejection_time=1.0,
    max_ejection_time=4.0,
    max_ejection_percent=50.0,
    consecutive_5xx=3,
    consecutive_gateway_failure=2,
    enforcing_consecutive_gateway_failure=100.0,
    success_rate_minimum_hosts=2,
    success_rate_request_volume=3,
    enforcing_failure_percentage=100.0,
    failure_percentage_minimum_hosts=2,
    failure_percentage_request_volume=3,
)
"""Envoy's rules with numbers that tell in runs of ten seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbePortStatistics:
    """Of `call_count` probes, `answered_count` were answered well."""

    call_count: int
    answered_count: int


class ProbePort(Wrapper):
    """Answers the probes of one checker as `target` does, an instance in whose process it is.

    `opened_at` is since when it is there (s). The last `row` probes were answered well within `limit` seconds
    each, and the last good answer of all was at `answered_at`.
    """

    def __init__(self, env: Environment, target: Instance, limit: float, *, name: str) -> None:
        super().__init__(target, name=name)
        self.instance = target
        self.opened_at = self.answered_at = env.now
        self.row = 0
        self._env = env
        self._limit = limit
        self._call_count = 0
        self._answered_count = 0

    def call(self, request: Request) -> Call:
        """Answer a probe."""
        self._call_count += 1
        start = self._env.now
        is_well = False
        try:
            answer = yield from self.target.call(request)
            self._answered_count += 1
            self.answered_at = self._env.now
            is_well = self.answered_at - start < self._limit
            return answer
        finally:
            self.row = self.row + 1 if is_well else 0

    def statistics(self) -> ProbePortStatistics:
        """Return what has happened so far."""
        return ProbePortStatistics(call_count=self._call_count, answered_count=self._answered_count)


@dataclass(slots=True)
class Detection:
    """Who watches the targets of `balancer`, as `plan` says; `ports` and `connections` are for probes."""

    plan: WayPlan
    balancer: Balancer
    checker: HealthChecker | None = None
    ejector: OutlierEjector | None = None
    ports: dict[Endpoint, ProbePort] = field(default_factory=dict)
    connections: list[Connection] = field(default_factory=list)

    @property
    def parts(self) -> list[HealthChecker | OutlierEjector]:
        """Those that watch."""
        return [each for each in (self.checker, self.ejector) if each is not None]

    @property
    def is_over(self) -> bool:
        """Whether nobody watches any more, as the host of the balancer is gone for good."""
        return self.balancer.host is not None and self.balancer.host.is_gone


def detect(
    env: Environment,
    plan: WayPlan,
    balancer: Balancer,
    *,
    connect: Callable[[Endpoint], Connection],
    instance_of: Callable[[Endpoint], Instance],
    latency: float,
) -> Detection:
    """Let the targets of `balancer` be watched as `plan` says.

    `connect(endpoint)` makes a connection from where the balancer stands, `instance_of(target)` tells who
    is at the end of a target, and messages take `latency` seconds (infinity: nobody knows).
    """
    detection = Detection(plan, balancer)
    if (checks := plan.health_checks) is not None:

        def probed(target: Endpoint) -> Endpoint:
            # One for each target, however often checks begin anew.
            if target not in detection.ports:
                instance = instance_of(target)
                name = f"port of {instance.name} for {balancer.name}"
                port = ProbePort(env, instance, checks.timeout - 2 * latency, name=name)
                detection.ports[target] = port
                detection.connections.append(connect(port))
                ways[target] = detection.connections[-1]
            return ways[target]

        ways: dict[Endpoint, Connection] = {}
        settings = HealthCheckSettings(
            interval=checks.interval,
            timeout=checks.timeout,
            unhealthy_threshold=checks.strikes,
            healthy_threshold=checks.strikes,
        )
        detection.checker = HealthChecker(env, balancer, settings, probed=probed)
    if plan.ejects_outliers:
        detection.ejector = OutlierEjector(env, balancer, OUTLIERS, health_checker=detection.checker)
    return detection
