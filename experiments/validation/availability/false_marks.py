"""False marks: how often a target is marked down that is well, and fails a probe now and then.

Each probe fails with probability p by itself, whatever the interval; k failures in a row mark the target
down, m successes in a row up again. A row of k takes

    R(p, k) = (1 - p^k) / (p^k (1 - p))

probes on average, and so it goes on by turns: R(p, k) probes up, R(1 - p, m) probes down. There is one mark
in as many probes as both take together, and the target is out for the second's share of the time, none of
which is its fault.

Failures that come together, such as all those within one pause, follow no such law: they need fewer marks and
more patience (see the study of health checks).

Source: Feller, "An Introduction to Probability Theory and Its Applications", volume 1, XIII.7, runs of
successes; alternating renewals.
"""

from __future__ import annotations

from functools import partial

from models.balancing import Balancer
from models.balancing.health_checks import HealthChecker, HealthCheckSettings
from simulator import Environment

from ..experiment import Claim, TheoryCheck
from .ejection import calls_per_ejection
from .flaky_target import flaky_target

_CYCLES = 400.0
_INTERVAL = 1.0


def false_marks(
    seed: int,
    effort: float = 1.0,
    *,
    failure_probability: float,
    strikes: int,
    successes: int,
    probes_count: int,
) -> tuple[float, float]:
    """Return the probes per mark, and the share of time for which the only target is marked down."""
    env = Environment(seed=seed)
    balancer = Balancer(env, [flaky_target(env, failure_probability)])
    settings = HealthCheckSettings(
        interval=_INTERVAL, timeout=_INTERVAL, unhealthy_threshold=strikes, healthy_threshold=successes
    )
    checker = HealthChecker(env, balancer, settings)
    until = effort * probes_count * _INTERVAL
    env.run(until=until)
    down_time, since = 0.0, until
    for record in env.event_log.of_kind("health.down", "health.up"):
        if record.kind == "health.down":
            since = record.time
        else:
            down_time += record.time - since
            since = until
    statistics = checker.statistics()
    return statistics.probe_count / max(1, statistics.down_count), (down_time + until - since) / until


def probes_per_mark(failure_probability: float, strikes: int, successes: int) -> float:
    """Return the mean number of probes from one mark to the next."""
    p = failure_probability
    return calls_per_ejection(p, strikes) + calls_per_ejection(1.0 - p, successes)


def share_marked(failure_probability: float, strikes: int, successes: int) -> float:
    """Return the share of time for which the target is marked down."""
    p = failure_probability
    return calls_per_ejection(1.0 - p, successes) / probes_per_mark(p, strikes, successes)


def _check(failure_probability: float, strikes: int, successes: int) -> TheoryCheck:
    # Of the last cycle a part is cut off by the end.
    note = "the run ends in the middle of a cycle"
    probes = probes_per_mark(failure_probability, strikes, successes)
    share = share_marked(failure_probability, strikes, successes)
    return TheoryCheck(
        name=f"false marks by {strikes} strikes of probability {failure_probability:g}",
        group="availability",
        source="Feller, runs of successes; alternating renewals",
        claims=(
            Claim("probes per mark", probes, bias=probes / _CYCLES, note=note),
            Claim("share of time marked down", share, bias=share / _CYCLES, note=note),
        ),
        simulate=partial(
            false_marks,
            failure_probability=failure_probability,
            strikes=strikes,
            successes=successes,
            probes_count=round(_CYCLES * probes),
        ),
    )


CHECKS = (_check(0.3, 3, 2), _check(0.2, 2, 3))
"""HAProxy's and Kubernetes' three strikes, and two, for targets that fail more probes than one would like."""
