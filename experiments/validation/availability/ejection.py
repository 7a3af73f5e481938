"""Ejection: how long a target stays in that fails now and then, and for how long it is out.

Calls come at random (Poisson, rate l), each fails with probability p by itself, and k failures in a row eject
the target. A row of k takes

    E = (1 - p^k) / (p^k (1 - p))

calls on average, which are E / l seconds. It is out for D seconds, and then until the next sweep, of which
there is one every s seconds: s / 2 on average where D is a multiple of s, since it was ejected at no
particular moment between two. Then all begins anew, so the share of time, and by that of calls, in which it
is out is

    (D + s / 2) / (E / l + D + s / 2)

Here the longest ejection is the base, so that one in a row is as long as the last.

Source: Feller, "An Introduction to Probability Theory and Its Applications", volume 1, XIII.7, runs of
successes; renewal rewards; the rules are Envoy's.
"""

from __future__ import annotations

from functools import partial

from models.balancing import Balancer
from models.balancing.outlier_ejection import OutlierEjector, OutlierSettings
from models.workload import OpenLoop
from simulator import Environment

from ..experiment import Claim, TheoryCheck
from .flaky_target import flaky_target

_CYCLES = 300.0
_SWEEP = 1.0  # s: so much shorter than a stay that an ejection may come at any moment between two


def ejection(
    seed: int,
    effort: float = 1.0,
    *,
    rate: float,
    failure_probability: float,
    threshold: int,
    ejection_time: float,
    duration: float,
) -> tuple[float, float]:
    """Return the calls per ejection, and the share of calls that find the only target out."""
    env = Environment(seed=seed)
    balancer = Balancer(env, [flaky_target(env, failure_probability)], panic_threshold=0.0)
    settings = OutlierSettings(
        interval=_SWEEP,
        base_ejection_time=ejection_time,
        max_ejection_time=ejection_time,
        consecutive_5xx=threshold,
    )
    ejector = OutlierEjector(env, balancer, settings)
    until = effort * duration
    users = OpenLoop(env, balancer, rate=rate, until=until, name="users")
    env.run(until=until)
    statistics = balancer.statistics()
    ejections_count = ejector.statistics().ejected_counts.get("consecutive_5xx", 0)
    calls_count = statistics.targets[0].call_count
    return calls_count / max(1, ejections_count), statistics.refused_count / len(users.table)


def calls_per_ejection(failure_probability: float, threshold: int) -> float:
    """Return the mean number of calls until so many in a row have failed."""
    p = failure_probability
    return float((1.0 - p**threshold) / (p**threshold * (1.0 - p)))


def share_ejected(
    rate: float, failure_probability: float, threshold: int, ejection_time: float, sweep: float = _SWEEP
) -> float:
    """Return the share of time for which the target is out; `ejection_time` is a multiple of `sweep` (s)."""
    out = ejection_time + sweep / 2.0
    return out / (calls_per_ejection(failure_probability, threshold) / rate + out)


def _check(rate: float, failure_probability: float, threshold: int, ejection_time: float) -> TheoryCheck:
    # Of the last ejection, and of the last row, a part is cut off by the end.
    note = "the run ends in the middle of a cycle"
    calls = calls_per_ejection(failure_probability, threshold)
    share = share_ejected(rate, failure_probability, threshold, ejection_time)
    cycle = calls / rate + ejection_time + _SWEEP / 2.0
    duration = _CYCLES * cycle
    return TheoryCheck(
        name=f"ejection after {threshold} failures of probability {failure_probability:g}",
        group="availability",
        source="Feller, runs of successes; renewal",
        claims=(
            Claim("calls per ejection", calls, bias=calls / _CYCLES, note=note),
            Claim("share of time out", share, bias=share / _CYCLES, note=note),
        ),
        simulate=partial(
            ejection,
            rate=rate,
            failure_probability=failure_probability,
            threshold=threshold,
            ejection_time=ejection_time,
            duration=duration,
        ),
    )


CHECKS = (_check(5.0, 0.5, 5, 10.0), _check(2.0, 0.7, 3, 10.0))
"""Envoy's threshold for a target that fails half of its calls, and a worse one."""
