"""What the end of a probe says: an answer that is none decides under Envoy's rules, silence is counted."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from models import (
    CallFailed,
    ConnectionLost,
    FunctionEndpoint,
    Refused,
    Rejected,
    Request,
    ServerError,
    TimedOut,
    Unavailable,
)
from models.balancing.health_checks import HealthCheckSettings, HealthPort, StillWanted, envoy
from models.services import Dependency, DependencyFailed
from tests.models.balancing.health_checks.building import World, every
from tests.models.services.building import call

ENVOY = envoy(interval=5.0, timeout=1.0, unhealthy_threshold=3, healthy_threshold=2)
ANSWERS = [ServerError("500"), Rejected("shop", "full"), Unavailable("no quorum")]
SILENCE = [TimedOut("late"), Refused("nobody there"), ConnectionLost("reset"), CallFailed("somehow")]


def down_at(settings: HealthCheckSettings, end: CallFailed) -> list[float]:
    """When a target is marked down all of whose probes end so, but for the first."""
    world = World()

    def answer(request: Request) -> Generator[Any, Any, None]:
        yield from ()
        if world.env.now:
            raise end

    world.check(settings, probed=lambda way: FunctionEndpoint(answer, name=way.name))
    world.env.run(until=60.0)
    return [time for time, kind, _ in world.marks() if kind == "down"]


@pytest.mark.parametrize("end", ANSWERS, ids=repr)
def test_an_answer_that_says_no_needs_no_other_under_envoy(end: CallFailed) -> None:
    assert down_at(ENVOY, end) == [5.0]


@pytest.mark.parametrize("end", SILENCE, ids=repr)
def test_no_answer_is_counted_under_envoy(end: CallFailed) -> None:
    assert down_at(ENVOY, end) == [15.0]


@pytest.mark.parametrize("end", [*ANSWERS, *SILENCE], ids=repr)
def test_elsewhere_all_failures_are_counted_alike(end: CallFailed) -> None:
    assert down_at(every(5.0, unhealthy_threshold=2), end) == [10.0]


@pytest.mark.parametrize("end", [*ANSWERS, *SILENCE], ids=repr)
def test_a_port_answers_as_its_instance_would(end: CallFailed) -> None:
    world = World()

    def fail(request: Request) -> Generator[Any, Any, None]:
        yield from ()
        raise end

    port = HealthPort(world.instances[0], Dependency(FunctionEndpoint(fail, name="database")))
    stopping = HealthPort(world.instances[0], StillWanted())
    world.instances[0].stop(linger=10.0)
    deep, wanted = call(world.env, port), call(world.env, stopping)
    world.env.run(until=1.0)
    # What fails behind it is its own error, and that it stops is its own rejection.
    assert isinstance(deep.outcome, DependencyFailed)
    assert type(wanted.outcome) is Rejected


def test_a_balancer_whose_targets_are_all_unproven_panics_and_asks_them_all_the_same() -> None:
    world = World(2)
    world.check(ENVOY)
    assert world.balancer.available == ()
    assert world.balancer.is_panicking
    world.env.run(until=1.0)
    assert not world.balancer.is_panicking
