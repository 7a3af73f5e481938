"""False ejections: how many outliers there are among targets that are all alike.

Detection by success rate finds those that are more than c standard deviations below the mean of all, whatever
that deviation is. So among n targets that fail as much as each other it finds chance itself. How far one of n
normal values is from their mean, in units of their own standard deviation (that of the population), is
Thompson's tau; and

    t = tau sqrt(n - 2) / sqrt(n - 1 - tau^2)

has Student's distribution with n - 2 degrees of freedom. The mean number of outliers at a sweep is n times
the chance that t is below its value at tau = -c: at Envoy's c = 1.9 there are 0.033 of 5 targets, 0.25 of 10
and 0.55 of 20. Targets that never fail are none of that: without any deviation nobody is below the mean.

Success rates are normal where there are many calls in an interval and about as many fail as not. Where few
fail the distribution is skewed, and there are more.

Source: W. R. Thompson, "On a criterion for the rejection of observations", Annals of Mathematical Statistics
6 (1935); the rule is Envoy's.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from functools import partial
from math import inf, sqrt
from typing import Any

from scipy.stats import t as student

from models import FunctionEndpoint, Request, ServerError
from models.balancing import Balancer, RoundRobin
from models.balancing.outlier_ejection import OutlierEjector, OutlierSettings
from simulator import Environment
from simulator.randomness import Uniform

from ..experiment import Claim, TheoryCheck

_INTERVAL = 10.0
_REQUEST = Request()


def false_ejections(
    seed: int,
    effort: float = 1.0,
    *,
    targets_count: int,
    calls_count: int,
    stdev_factor: float,
    sweeps_count: int,
) -> tuple[float]:
    """Return how many outliers there are at a sweep, of targets that get `calls_count` calls before each.

    Half of the calls fail. What is found is not ejected, or there would be fewer at the next sweep.
    """
    env = Environment(seed=seed)
    draw = env.sampler("failures", Uniform(0.0, 1.0))

    def answer(request: Request) -> Generator[Any, Any, None]:
        yield from ()
        if draw() < 0.5:
            raise ServerError("no")

    targets = [FunctionEndpoint(answer, name=f"target {number}") for number in range(targets_count)]
    balancer = Balancer(env, targets, policy=RoundRobin())
    settings = OutlierSettings(
        interval=_INTERVAL,
        success_rate_stdev_factor=stdev_factor,
        success_rate_request_volume=calls_count,
        enforcing_success_rate=0.0,
        enforcing_consecutive_5xx=0.0,
    )
    ejector = OutlierEjector(env, balancer, settings)

    def call_all() -> Generator[Any, Any, None]:
        yield _INTERVAL / 2.0
        while True:
            for _ in range(targets_count * calls_count):
                with suppress(ServerError):
                    yield from balancer.call(_REQUEST)
            yield _INTERVAL

    env.process(call_all())
    sweeps = max(1, round(effort * sweeps_count))
    env.run(until=(sweeps + 0.25) * _INTERVAL)
    return (ejector.statistics().found_counts.get("success_rate", 0) / sweeps,)


def outliers_among_equals(targets_count: int, stdev_factor: float) -> float:
    """Return the mean number of outliers at a sweep, of so many targets (> 2) that are all alike."""
    n, c = targets_count, stdev_factor
    farthest = n - 1.0  # squared: one of n cannot be farther from the mean of all
    t = c * sqrt(n - 2.0) / sqrt(farthest - c**2) if c**2 < farthest else inf
    return float(n * student(n - 2).sf(t))


def _check(targets_count: int, stdev_factor: float, sweeps_count: int) -> TheoryCheck:
    calls_count = 20
    outliers = outliers_among_equals(targets_count, stdev_factor)
    return TheoryCheck(
        name=f"outliers among {targets_count} equals, beyond {stdev_factor:g} deviations",
        group="availability",
        source="Thompson 1935",
        claims=(
            Claim(
                "outliers at a sweep",
                outliers,
                bias=0.025 * outliers,
                note=f"success rates are fractions of {calls_count}",
                precision=0.1,
            ),
        ),
        simulate=partial(
            false_ejections,
            targets_count=targets_count,
            calls_count=calls_count,
            stdev_factor=stdev_factor,
            sweeps_count=sweeps_count,
        ),
    )


CHECKS = (_check(20, 1.9, 60),)
"""Envoy's factor, for twenty targets."""
