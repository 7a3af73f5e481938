"""Balancing: which instance should get the next request, and what a balancer has to know for that.

Ten hosts stand behind one balancer. Policies that know nothing (`random`, `round robin`), something that an
operator has told (`weighted`, by the speed of the hosts), or how many calls are under way to two of the
instances, or to all of them (`two choices`, `least outstanding`), in four scenes:

- *alike*: all hosts are equal, work is exponential;
- *unequal*: half of the hosts are 0.75 times as fast as usual, the others 1.25 times;
- *heavy tails*: hosts are equal, and work is hyperexponential: few requests bring most of it;
- *black hole*: one of ten instances fails each request at once. To who counts calls under way it is the
  idlest.

What the balancer counts is exact and its own. With `report_interval` it goes by what the instances report
instead, as it would have to if it were one of many; that is old when it is used. Who then goes to the idlest
of all sends everybody there until the next reports come: the herd. Two choices let chance in, and degrade
gently.

What to see (the default sweep): with equal hosts the 95th percentile is 516 ms at random, 309 ms in turn, 237
ms with two choices and 174 ms with the fewest of all. Unequal hosts make it 1.30 s in turn, 316 ms where the
speeds are known, and 277 ms with two choices, which need not be told. With heavy tails it is 4.1 s in turn,
1.5 s with two choices and 0.4 s with the fewest of all. The black hole gets 10 % of the requests in turn,
16 % with two choices and 25 % with the fewest of all. With reports every second the fewest of all is 1.65 s,
three times as bad as chance, and two choices 0.61 s; after 5 s these are 8.0 and 1.6 s.

Sources: Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing" (IEEE TPDS 2001) and "How
Useful Is Old Information?" (IEEE TPDS 2000); the black hole: Beyer et al., "Site Reliability Engineering"
(2016), chapter 20. Leaves out: health checks and ejection, which are for black holes (see `health_checks`);
several balancers.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from models import Host, Request, ServerError, System
from models.balancing import (
    LeastOutstanding,
    LoadReports,
    Policy,
    PowerOfTwoChoices,
    Random,
    ReportedLoad,
    RoundRobin,
    Weighted,
)
from models.services import Handler, Instance, Step, Work
from models.workload import OpenLoop
from simulator import Environment, RequestTable
from simulator.randomness import Exponential, Hyperexponential

from ..design import Points
from ..misuse import Misuse
from ..study import Measure, Run, study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..result import SweepResult

POLICIES: dict[str, Policy] = {
    "random": Random(),
    "round robin": RoundRobin(),
    "weighted": Weighted(),
    "two choices": PowerOfTwoChoices(),
    "least outstanding": LeastOutstanding(),
}
SCENES = ("alike", "unequal", "heavy tails", "black hole")
INTERVALS = (0.05, 0.2, 1.0, 5.0)
"""Between two reports of an instance, in seconds."""

HOSTS = 10
WORK_MEAN = 0.05
SLOW, FAST = 0.75, 1.25
_TAIL = 16.0  # squared coefficient of variation of the heavy work
_FAILS_AFTER = 0.001
_WARM_UP, _DURATION = 20.0, 120.0
_LOOK = 0.05
_PATIENCE = 60.0  # after the last request, for the answers

MEASURES = {
    "p50": Measure(description="median time to an answer, of those that were answered", unit="s"),
    "p95": Measure(description="95th percentile of the same", unit="s"),
    "p99": Measure(description="99th percentile of the same", unit="s"),
    "failed": Measure(description="share of the requests that failed"),
    "longest": Measure(description="requests at the instance that has most, mean over time"),
    "mean_load": Measure(description="requests at an instance, mean over instances and time"),
    "top_share": Measure(description="share of the requests that the most popular instance got"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BalancingRun:
    """A run that is over: the users' `requests`, and how many each instance had at hand.

    `loads` has shape (looks, instances), at the `times` of the looks in seconds.
    """

    requests: RequestTable
    times: npt.NDArray[np.float64]
    loads: npt.NDArray[np.float64]


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from .figures.balancing import figures_of_sweep

    return figures_of_sweep(result)


def require_act(*, policy: str, scene: str, report_interval: float | None, **_others: object) -> None:
    """Raise Misuse for reports that nobody goes by, and for weights that are all equal."""
    if report_interval is not None and policy not in ("two choices", "least outstanding"):
        raise Misuse(f"report_interval must be none with {policy}, which goes by no load: {report_interval}")
    if policy == "weighted" and scene != "unequal":
        raise Misuse(f"policy must not be weighted where hosts are equal, in the scene {scene!r}")


_OWN_VIEW = [
    {"scene": scene, "policy": policy}
    for scene in SCENES
    for policy in POLICIES
    if policy != "weighted" or scene == "unequal"
]
_REPORTED = [
    {"scene": "alike", "policy": policy, "report_interval": interval}
    for policy in ("two choices", "least outstanding")
    for interval in INTERVALS
]


@study(
    name="balancing",
    question="Which instance should get the next request, and what must a balancer know for that?",
    measures=MEASURES,
    sweep=Points([*_OWN_VIEW, *_REPORTED]),
    replications=5,
    check=require_act,
    figures_of_sweep=_figures_of_sweep,
)
def balancing(
    *,
    seed: int,
    scene: Annotated[
        Literal["alike", "unequal", "heavy tails", "black hole"],
        Field(description="what is the matter with hosts or work"),
    ] = "alike",
    policy: Annotated[
        Literal["random", "round robin", "weighted", "two choices", "least outstanding"],
        Field(description="how the balancer chooses"),
    ] = "two choices",
    report_interval: Annotated[
        float | None,
        Field(gt=0, le=60, description="seconds between reports of load; none: the balancer's own count"),
    ] = None,
    load: Annotated[float, Field(gt=0, lt=1, description="share of the hosts' time that work takes")] = 0.7,
) -> Run:
    """Let users come to ten instances behind a balancer."""
    env = Environment(seed=seed)
    system = System(env)
    hosts = _hosts(system, scene)
    service = system.add_service("service", hosts, lambda host: _handler(host, scene), queue_size_max=10_000)
    chosen = POLICIES[policy] if report_interval is None else ReportedLoad(POLICIES[policy])
    balancer = system.balanced(system.add_host("edge"), service, policy=chosen)
    if report_interval is not None:
        LoadReports(system.network, balancer, interval=report_interval)
    if policy == "weighted":
        for endpoint, host in zip(balancer.targets, hosts, strict=True):
            balancer.set_weight(endpoint, host.speed)
    end = _WARM_UP + _DURATION
    users = OpenLoop(env, balancer, rate=load * HOSTS / WORK_MEAN, until=end, name="users")
    times, loads = _watched(env, service.instances, end)
    env.run(until=end + _PATIENCE)
    return Run(
        measures=_measures(users.table, loads, service.instances),
        detail=BalancingRun(requests=users.table, times=np.array(times), loads=np.array(loads)),
    )


def _hosts(system: System, scene: str) -> list[Host]:
    def speed(number: int) -> float:
        if scene != "unequal":
            return 1.0
        return SLOW if number % 2 else FAST

    return [system.add_host(f"host-{number}", speed=speed(number)) for number in range(HOSTS)]


def _handler(host: Host, scene: str) -> Step | Handler:
    if scene == "black hole" and host.name == "host-0":
        return _fail_at_once
    if scene == "heavy tails":
        return Work(Hyperexponential.from_mean_and_scv(mean=WORK_MEAN, scv=_TAIL))
    return Work(Exponential(WORK_MEAN))


def _fail_at_once(instance: Instance, request: Request) -> Generator[Any, Any, None]:
    yield _FAILS_AFTER
    raise ServerError("configured wrongly")


def _watched(
    env: Environment, instances: tuple[Instance, ...], end: float
) -> tuple[list[float], list[list[int]]]:
    """Return lists that fill with times and with what each instance has then, once it is warm."""
    times: list[float] = []
    loads: list[list[int]] = []

    def look() -> Generator[Any, Any, None]:
        yield _WARM_UP
        while env.now < end:
            times.append(env.now)
            loads.append([instance.in_service_count + instance.waiting_count for instance in instances])
            yield _LOOK

    env.process(look(), "look")
    return times, loads


def _measures(
    table: RequestTable, loads: list[list[int]], instances: tuple[Instance, ...]
) -> dict[str, float]:
    sample = table.sample(_WARM_UP, _WARM_UP + _DURATION, by="start")
    p50, p95, p99 = sample.where(sample.succeeded).percentiles([50.0, 95.0, 99.0]).tolist()
    counts = np.array([instance.statistics().call_count for instance in instances])
    at_hand = np.array(loads, dtype=np.float64)
    return {
        "p50": p50,
        "p95": p95,
        "p99": p99,
        "failed": 1.0 - sample.availability(),
        "longest": float(at_hand.max(axis=1).mean()),
        "mean_load": float(at_hand.mean()),
        "top_share": float(counts.max() / counts.sum()),
    }
