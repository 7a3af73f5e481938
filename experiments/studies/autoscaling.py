"""Autoscaling: how many hosts, who decides, and what it costs to decide late.

Users come as on a day (an hour here, from 2 to 18 requests a second), or a crowd comes all at once (4, then
20 a second for ten minutes). A host does 4 a second; it takes a minute to boot, and the metrics are ten
seconds old. A fleet of a fixed size is too small or too dear. Rules that follow a metric are late by the
time that a host boots, the age of the metric, and their own caution; a schedule is never late, and knows of
no crowd. A rule with nothing that steadies it follows its metric up and down again; and the older the metric,
the longer it goes the wrong way before it turns. And what is scaled must be what is short: behind a slow
database more hosts do nothing, and a metric of the hosts may not even say so.

What to see (the default sweep): on the usual day a fleet for the peak costs 8.0 host-hours, and one for the
mean makes 36 % of the requests late. Kubernetes' rule costs 4.6 and makes 0.04 % late, a schedule 4.7 and as
few; target tracking, which must see three bad minutes first, makes 1.6 % late. In the flash crowd 20 % are
late with kubernetes' rule, 40 % with target tracking and 73 % with the schedule; with hosts that boot at once
it were 8 % of the first, with hosts that boot for four minutes 60 %. With metrics that are two minutes old
and no window 4.9 % are late on the usual day, and the rule turns round 15 times; with a window of 300 s it
does so once, and 1.2 % are late. Without the window fresh metrics do not help against turning: at ten seconds
it turns 22 times, by 1.7 hosts each, at four minutes 10 times by 2.3, and 15 % are late then. A target of 0.9
costs 3.0 host-hours and makes 9 % late, one of 0.3 costs 8.6. A rule that waits for a queue has one: 12 % are
late on the usual day, for 5.4 host-hours. And behind the database it buys 5.8 host-hours in the crowd, where
a small fleet costs 2.0, only to have 32 % of the requests answered at all instead of 64 %: more hosts queue
more at the database, for users who have gone by then.

Sources: kubernetes/website, "Horizontal Pod Autoscaling"; Application Auto Scaling user guide, "Target
tracking"; Newman, "Building Microservices", chapter "Microservices at Scale", "Autoscaling".
"""

from collections.abc import Mapping
from math import pi, sin
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from models.workload import ConstantRate, FlashCrowd, RateFunction, RateShape
from simulator import Environment

from ..design import Points
from ..misuse import Misuse
from ..parameters import Unit
from ..study import Measure, Run, study
from .scaled_service import DATABASE_CAPACITY, IN_TIME, ScaledRun, ScaledService, hosts_for
from .scaling_rules import COUNT_MAX, POLICIES, Policy, rule_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..result import SweepResult

Load = Literal["day", "flash crowd"]
LOADS: tuple[Load, ...] = ("day", "flash crowd")

DAY = 3_600.0
_DURATIONS = {"day": DAY, "flash crowd": 1_800.0}
_DELAY, _WINDOW = 10.0, 300.0
_LOOKS = 5.0
"""How often it is asked whether there were enough hosts (s)."""

_FIXED = ("small fleet", "large fleet")
_HAS_WINDOW = ("kubernetes", "queue depth")

DELAYS = (10.0, 60.0, 120.0, 240.0)
BOOT_TIMES = (0.0, 60.0, 120.0, 240.0)
TARGETS = (0.3, 0.6, 0.75, 0.9)

MEASURES = {
    "late": Measure(description=f"share of requests that were not answered within {IN_TIME:g} s"),
    "answered": Measure(description="share of requests that were answered at all"),
    "p95": Measure(description="95th percentile of the time to an answer, of those answered", unit="s"),
    "host_hours": Measure(description="hours of hosts paid for, boots and drains included", unit="h"),
    "used": Measure(description="share of the core hours paid for in which a core worked"),
    "short_time": Measure(description="time in which fewer hosts were ready than the load took", unit="s"),
    "churn": Measure(description="hosts that were added or taken away"),
    "reversals": Measure(description="how often it was changed the other way than the time before"),
    "highest": Measure(description="most hosts wanted at a time"),
}


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from .figures.autoscaling import figures_of_sweep

    return figures_of_sweep(result)


def _figures_of_run(run: Run) -> "Mapping[str, Figure]":
    from .figures.autoscaling import figures_of_run

    return figures_of_run(run)


def require_act(*, policy: str, metric_delay: float, stabilisation: float, **_others: object) -> None:
    """Raise Misuse for a delay or a window where the policy has none."""
    if policy in (*_FIXED, "schedule") and metric_delay != _DELAY:
        raise Misuse(f"metric_delay must be left out with policy {policy}, which has no metric")
    if policy not in _HAS_WINDOW and stabilisation != _WINDOW:
        raise Misuse(f"stabilisation must be left out with policy {policy}, which has no such window")


@study(
    name="autoscaling",
    question="How many hosts, who decides, and what does it cost to decide late?",
    measures=MEASURES,
    sweep=Points(
        [
            *({"policy": policy, "load": load} for load in LOADS for policy in POLICIES),
            *(
                {"metric_delay": delay, "stabilisation": window}
                for window in (_WINDOW, 0.0)
                for delay in DELAYS
            ),
            *({"load": "flash crowd", "boot_time": boot_time} for boot_time in BOOT_TIMES),
            *({"target": target} for target in TARGETS),
            *(
                {"policy": policy, "load": "flash crowd", "bottleneck": "database"}
                for policy in ("small fleet", "large fleet", "kubernetes", "queue depth")
            ),
        ]
    ),
    replications=5,
    check=require_act,
    figures_of_run=_figures_of_run,
    figures_of_sweep=_figures_of_sweep,
)
def autoscaling(
    *,
    seed: int,
    policy: Annotated[Policy, Field(description="who decides how many hosts there are")] = "kubernetes",
    load: Annotated[Load, Field(description="how users come")] = "day",
    target: Annotated[
        float, Field(gt=0, lt=1, description="utilisation that hosts should have; fleets are sized by it")
    ] = 0.6,
    metric_delay: Annotated[
        float, Field(ge=0, le=3_600, description="how old metrics are when they are known"), Unit("s")
    ] = _DELAY,
    boot_time: Annotated[
        float,
        Field(ge=0, le=3_600, description="how long a host boots; the process takes 5 s more"),
        Unit("s"),
    ] = 60.0,
    stabilisation: Annotated[
        float,
        Field(ge=0, le=3_600, description="the highest recommendation of so long counts when shrinking"),
        Unit("s"),
    ] = _WINDOW,
    bottleneck: Annotated[
        Literal["own cores", "database"],
        Field(description=f"what is short: a database does {DATABASE_CAPACITY:g} requests/s, and no more"),
    ] = "own cores",
) -> Run:
    """Let users come, and scale."""
    rate, duration = _rate(load), _DURATIONS[load]
    usual = rate if load == "day" else ConstantRate(rate=rate(0.0))
    service = ScaledService(
        Environment(seed=seed),
        rate=rate,
        duration=duration,
        count=_first_count(policy, rate, duration, target),
        boot_time=boot_time,
        needs_database=bottleneck == "database",
    )
    rule = rule_of(
        policy, target=target, stabilisation=stabilisation, usual=usual, period=DAY, boot_time=boot_time
    )
    if rule is not None:
        service.scale_by(rule, metric_delay=metric_delay)
    run = service.run(target)
    return Run(measures=_measures(run), detail=run)


def _rate(load: str) -> RateShape:
    if load == "day":
        return RateFunction(lambda time: 2.0 + 16.0 * sin(pi * time / DAY) ** 4, rate_max=18.0)
    return FlashCrowd(base_rate=4.0, peak_rate=20.0, start=600.0, rise=30.0, hold=600.0, fall=30.0)


def _first_count(policy: str, rate: RateShape, duration: float, target: float) -> int:
    """Return how many hosts are there at the beginning: for the mean, the peak, or what comes first."""
    rates = [rate(time) for time in np.arange(0.0, duration, _LOOKS).tolist()]
    if policy == "small fleet":
        return hosts_for(float(np.mean(rates)), target)
    if policy == "large fleet":
        return min(COUNT_MAX, hosts_for(max(rates), target))
    return min(COUNT_MAX, hosts_for(rates[0], target))


def _measures(run: ScaledRun) -> dict[str, float]:
    users = run.requests.sample(0.0, run.duration, by="start")
    looks = np.arange(0.0, run.duration, _LOOKS)
    # What the load takes is what keeps the hosts just busy; the target is more, for the sake of latency.
    enough = np.array([run.needed(time) * run.target for time in looks.tolist()])
    ready = run.ready.at(looks)
    statistics = run.statistics
    return {
        "late": 1.0 - users.availability(within=IN_TIME),
        "answered": users.availability(),
        "p95": float(users.where(users.succeeded).percentiles([95.0])[0]),
        "host_hours": run.host_hours,
        "used": run.used,
        "short_time": float(np.count_nonzero(ready < enough)) * _LOOKS,
        "churn": float(np.abs(np.diff(run.desired.values)).sum()),
        "reversals": float(statistics.reversal_count) if statistics else 0.0,
        "highest": float(run.desired.values.max()),
    }
