"""What answers in place of a target, or only watches it."""

from __future__ import annotations

from collections.abc import Generator
from math import inf
from typing import Any

from models import Endpoint, FunctionEndpoint, Request, Unavailable
from models.observers import RecordedCalls
from models.resilience.fallbacks import Fallback, LastGoodAnswer
from models.resilience.feature_switches import FeatureSwitch, Switched
from models.workload import request_table

from ..choices import Choice, Parameter
from .wrapper_kind import Site, WrapperKind

_PAUSE = 0.02  # seconds that an endpoint takes which stands in

_INSTEAD: dict[str, Parameter] = {"instead": Choice("value", "endpoint", "failing endpoint")}


def _instead(site: Site, kind: str) -> Any:
    if kind == "value":
        return "something else"

    def handle(request: Request) -> Generator[Any, Any, Any]:
        yield _PAUSE
        if kind == "failing endpoint":
            raise Unavailable(f"nothing to answer {site.name} with")
        return "somebody else's"

    return FunctionEndpoint(handle, host=site.host, name=f"stand-in of {site.name}")


def _build_fallback(site: Site, target: Endpoint, instead: str) -> Endpoint:
    return Fallback(target, _instead(site, instead), name=site.name)


def _build_switched(site: Site, target: Endpoint, instead: str) -> Endpoint:
    switch = site.keep("switch", FeatureSwitch(site.env, site.name))
    return Switched(target, switch, _instead(site, instead), name=site.name)


STAND_INS: dict[str, WrapperKind] = {
    "recorded": WrapperKind(
        build=lambda site, target: RecordedCalls(
            site.env, target, site.keep("table", request_table()), name=site.name
        ),
    ),
    "fallback": WrapperKind(
        parameters=_INSTEAD, build=_build_fallback, bound=lambda inner, instead: inner + _PAUSE
    ),
    "last_good_answer": WrapperKind(
        parameters={"age_max": Choice(None, 1.0), "capacity": Choice(1000, 1)},
        build=lambda site, target, age_max, capacity: LastGoodAnswer(
            site.env, target, inf if age_max is None else age_max, capacity=capacity, name=site.name
        ),
    ),
    "switched": WrapperKind(
        parameters=_INSTEAD, build=_build_switched, bound=lambda inner, instead: max(inner, _PAUSE)
    ),
}
"""By kind."""
