"""The rule of Kubernetes' horizontal autoscaler, from calls to instances.

Each of n instances takes calls at a rate x, at moments of its own; their target is a rate y. A pipeline
counts them over ten seconds, a controller decides once, and the group starts instances or takes some away:

    ceil(n x / y), and n where x / y is within 10 % of 1

Nothing here is random but the moments, which must not matter. Source: Kubernetes documentation, "Horizontal
Pod Autoscaling", algorithm details.
"""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import Any

from models import Host, Request
from models.autoscaling import Autoscaler, MetricPipeline, RequestRate
from models.autoscaling.kubernetes import UP, Behaviour, HorizontalPodAutoscaler, InstanceMetric
from models.instance_groups import ExistingHosts, InstanceGroup
from models.services import Instance, Service
from simulator import Environment
from simulator.randomness import Uniform

from ..experiment import Claim, TheoryCheck

_WINDOW = 10.0
_COUNT_MAX = 100


def decision(seed: int, effort: float = 1.0, *, count: int, rate: float, target: float) -> tuple[float]:
    """Return how many of `count` instances there are after one decision, at a `rate` (1/s) for each."""
    env = Environment(seed=seed)
    hosts = ExistingHosts([Host(env, f"host-{number}") for number in range(_COUNT_MAX)])
    service = Service(env, "shop", [], lambda host: _answer)
    group = InstanceGroup(env, service, hosts, count)
    phase = env.sampler("phase", Uniform(0.0, 1.0 / rate))
    for instance in group.instances:
        env.process(_call(env, instance, rate, phase()))
    pipeline = MetricPipeline(env, group=group, meters=[RequestRate()], scrape_interval=_WINDOW)
    rule = HorizontalPodAutoscaler(
        count_max=_COUNT_MAX,
        interval=_WINDOW,
        metrics=(InstanceMetric(name="request_rate", target=target),),
        down=Behaviour(limits=UP.limits),
    )
    Autoscaler(env, group, rule, pipeline)
    env.run(until=1.5 * _WINDOW)
    return (float(group.ready_count),)


def _answer(instance: Instance, request: Request) -> Generator[Any, Any, None]:
    yield 0.0


def _call(env: Environment, instance: Instance, rate: float, phase: float) -> Generator[Any, Any, None]:
    yield phase
    call_count = 0
    while instance.is_ready:
        yield from instance.call(Request("get"))
        call_count += 1
        yield phase + call_count / rate - env.now


def _check(count: int, rate: float, target: float, wanted: int) -> TheoryCheck:
    return TheoryCheck(
        name=f"horizontal autoscaler: {count} at {rate:g} against {target:g}",
        group="scaling",
        source="Kubernetes documentation, Horizontal Pod Autoscaling",
        claims=(Claim("instances", wanted),),
        simulate=partial(decision, count=count, rate=rate, target=target),
        replications=2,
    )


CHECKS = (
    _check(50, 9.0, 7.5, 60),
    _check(10, 11.0, 10.0, 10),
    _check(10, 11.1, 10.0, 12),
    _check(10, 8.9, 10.0, 9),
)
"""The rows of the rule's documentation and its edges."""
