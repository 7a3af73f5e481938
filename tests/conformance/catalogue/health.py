"""Balancers that are told who is well: by probes, which go where the calls go, or by how the calls end."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from models import Endpoint, FunctionEndpoint, Request
from models.balancing import Balancer
from models.balancing.health_checks import HealthChecker, HealthCheckSettings
from models.balancing.outlier_ejection import OutlierEjector, OutlierSettings

from ..expectation import Spare
from ..health_expectation import CheckedModel, EjectingModel
from ..world import World
from .wrapper import SPARE, Wrapper

_SINCE, _INTERVAL, _EDGE, _PATIENCE = 0.11939, 4.31071, 2.11057, 1.70329
_SWEEP, _EJECTED = 2.61019, 3.41057
_OVER = 50.0  # s: after all that is looked at. One that goes on for ever leaves nothing to check for leaks.

_CHECKS = HealthCheckSettings(
    interval=_INTERVAL,
    timeout=_PATIENCE,
    unhealthy_threshold=2,
    healthy_threshold=2,
    unhealthy_edge_interval=_EDGE,
)
_OUTLIERS = OutlierSettings(
    interval=_SWEEP,
    base_ejection_time=_EJECTED,
    consecutive_5xx=3,
    consecutive_gateway_failure=2,
    enforcing_consecutive_gateway_failure=100.0,
    split_external_local_origin_errors=True,
    consecutive_local_origin_failure=2,
)


def _checked(world: World, inner: Endpoint) -> Endpoint:
    def answer(request: Request) -> Generator[Any, Any, str]:
        yield SPARE
        return "from the spare one"

    name = f"checked {len(world.endpoints)}"
    spare = FunctionEndpoint(answer, name="spare")
    balancer = Balancer(world.env, [inner, spare], host=world.here, name=name)

    def begin() -> None:
        # Probes ask what callers ask: what is inside takes them for no other request.
        checker = HealthChecker(world.env, balancer, _CHECKS, request=Request(), name=name)
        world.at(_OVER, checker.stop)

    world.at(_SINCE, begin)
    return balancer


def _ejecting(world: World, inner: Endpoint) -> Endpoint:
    name = f"ejecting {len(world.endpoints)}"
    balancer = Balancer(world.env, [inner], host=world.here, fails_in_panic=True, name=name)
    ejector = OutlierEjector(world.env, balancer, _OUTLIERS)
    world.at(_OVER, ejector.stop)
    return balancer


WRAPPERS = (
    Wrapper(
        name="health checks",
        build=_checked,
        model=lambda clock, inner, host: CheckedModel(
            clock,
            inner,
            Spare(clock, SPARE),
            host.here,
            since=_SINCE,
            interval=_INTERVAL,
            edge=_EDGE,
            patience=_PATIENCE,
        ),
    ),
    Wrapper(
        name="outlier ejection",
        build=_ejecting,
        model=lambda clock, inner, host: EjectingModel(
            clock, inner, host.here, interval=_SWEEP, base=_EJECTED, errors=3, gateway=2, local=2
        ),
    ),
)
