"""Neighbours: a noisy service on the same host, and what keeps it from taking the others' cores.

A host of four cores runs a service whose users wait (10 ms of work, one core in all) and batch jobs that take
all they get. What the users feel is decided by how the cores are shared:

- *first-come*: a request waits for a core behind whole jobs;
- *processor sharing*: it proceeds at once, at the share of one among all; the more jobs the neighbour runs,
  the less that is;
- *shares*: each service has its share by weight, however many jobs it runs, and what one leaves the other
  takes: nothing is idle. A weight that is too small for what is needed starves the service all the same;
- a *quota* for the neighbour: the same with a limit on top, and cores that are idle while there is work.

A quota on the service that one wants to protect is another thing. It protects nobody from anything while
cores are idle: each 100 ms the service may use so much time on cores, and several requests that run at once
use it up in a fraction of that; then all stand still, with their answers nearly ready, until the next period.
Mean use far below the quota does not help: what counts is the use of the worst 100 ms.

What to see (the default sweep): alone on the host the p99 is 47 ms. With a neighbour that runs 16 jobs of 0.2
s it is 1,067 ms first-come, 262 ms under processor sharing, 69 ms with equal shares and 48 ms with a weight
of 4. With a weight of 0.25 the service gets 0.8 cores where it needs 1.0, and 47 % of its requests are
answered. A quota of 2 cores for the neighbour makes it 62 ms, and 0.99 cores idle. Without a neighbour, with
3 cores idle on average, a quota of 2 cores for the service leaves the p99 at 48 ms; one of 1.5 makes it 68
ms, one of 1.25 149 ms, and one of 1.1 470 ms, with the service throttled in 71 % of all periods.

Sources: kernel documentation, "CFS Bandwidth Control" and "Control Group v2", `cpu.weight`, `cpu.max`;
Kubernetes documentation, "Resource Management for Pods and Containers"; Newman, "Building Microservices"
(2015), "Multiple Services Per Host".
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from models import Host, Network, Request
from models.infrastructure import CpuQuota, Resources
from models.resilience import Timeout
from models.services import Instance, Work
from models.workload import ClosedLoop, OpenLoop
from simulator import Environment, RequestTable
from simulator.measurement import RequestSample
from simulator.randomness import Constant, Exponential

from ..design import Points
from ..misuse import Misuse
from ..parameters import Unit
from ..study import Measure, Run, study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..result import SweepResult

Sharing = Literal["first-come", "processor sharing", "shares"]
_SCHEDULING = {
    "first-come": "first-come",
    "processor sharing": "processor-sharing",
    "shares": "fair-share",
}

CORES = 4
WORK = 0.01
"""Seconds on a core of one request, on average; exponential."""

JOB = 0.2
"""Seconds on a core of one job of the neighbour."""

PATIENCE = 5.0
WARM_UP = 5.0

MEASURES = {
    "p50": Measure(description="median time until a user has an answer or gives up, after 5 s", unit="s"),
    "p99": Measure(description="99th percentile of the same", unit="s"),
    "answered": Measure(description="share of the requests that are answered"),
    "cores": Measure(description="cores that work for the requests, mean"),
    "neighbour_cores": Measure(description="cores that work for the neighbour, mean"),
    "idle_cores": Measure(description="cores that have nothing to do, mean"),
    "throttled_periods": Measure(description="share of the periods in which the service is throttled"),
    "throttled": Measure(description="share of the time in which it has work, and no quota left"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NeighboursRun:
    """A run that is over: the users' `requests`, and for how long they came."""

    requests: RequestTable
    duration: float


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from .figures.neighbours import figures_of_sweep

    return figures_of_sweep(result)


def require_act(
    *,
    sharing: str,
    weight: float,
    quota: float | None,
    neighbour_jobs: int,
    neighbour_quota: float | None,
    **_others: object,
) -> None:
    """Raise Misuse for a weight or quota that nothing would heed."""
    if sharing != "shares" and (weight != 1.0 or quota is not None or neighbour_quota is not None):
        raise Misuse(f"weight must be 1 and quotas none with sharing {sharing}, which heeds neither")
    if neighbour_jobs == 0 and neighbour_quota is not None:
        raise Misuse(f"neighbour_quota must be none with neighbour_jobs 0, got {neighbour_quota:g}")
    if neighbour_jobs == 0 and weight != 1.0:
        raise Misuse(f"weight must be 1 with neighbour_jobs 0, where nobody shares the cores, got {weight:g}")


NOISY: tuple[Mapping[str, Any], ...] = (
    {"sharing": "first-come"},
    {"sharing": "processor sharing"},
    {"sharing": "shares", "weight": 0.25},
    {"sharing": "shares"},
    {"sharing": "shares", "weight": 4.0},
    {"sharing": "shares", "neighbour_quota": 2.0},
)
QUOTAS = (1.1, 1.25, 1.5, 2.0, 3.0, None)


@study(
    name="neighbours",
    question="What keeps a noisy neighbour on the same host from taking the cores?",
    measures=MEASURES,
    sweep=Points(
        [
            *({**how, "neighbour_jobs": 16} for how in NOISY),
            {"sharing": "first-come", "neighbour_jobs": 0},
            *({"sharing": "shares", "neighbour_jobs": 0, "quota": quota} for quota in QUOTAS),
        ]
    ),
    replications=5,
    check=require_act,
    figures_of_sweep=_figures_of_sweep,
)
def neighbours(
    *,
    seed: int,
    sharing: Annotated[Sharing, Field(description="how the host's cores are shared")] = "shares",
    neighbour_jobs: Annotated[
        int, Field(ge=0, le=10_000, description="jobs that the neighbour runs at a time; 0: there is none")
    ] = 16,
    weight: Annotated[
        float, Field(gt=0, allow_inf_nan=False, description="weight of the service; the neighbour's is 1")
    ] = 1.0,
    quota: Annotated[
        float | None,
        Field(gt=0, allow_inf_nan=False, description="quota of the service, in cores; none: no limit"),
    ] = None,
    neighbour_quota: Annotated[
        float | None,
        Field(gt=0, allow_inf_nan=False, description="quota of the neighbour, in cores; none: no limit"),
    ] = None,
    period: Annotated[
        float, Field(gt=0, le=10, allow_inf_nan=False, description="period of the quotas"), Unit("s")
    ] = 0.1,
    rate: Annotated[
        float, Field(gt=0, le=10_000, allow_inf_nan=False, description="requests of users"), Unit("1/s")
    ] = 100.0,
    duration: Annotated[
        float,
        Field(ge=10, le=36_000, allow_inf_nan=False, description="how long users come; 5 s are left out"),
        Unit("s"),
    ] = 65.0,
) -> Run:
    """Let users ask a service, and jobs run beside it on the same host."""
    env = Environment(seed=seed)
    network = Network(env, latencies=0.0)
    host = Host(env, "host", cores=CORES, scheduling=_SCHEDULING[sharing])
    served = _Served(env)
    service = Instance(
        env,
        host,
        served.handle,
        threads=1_000,
        resources=Resources(cpu_weight=weight, cpu_quota=_quota(quota, period)),
        name="service",
    )
    if neighbour_jobs:
        resources = Resources(cpu_quota=_quota(neighbour_quota, period))
        neighbour = Instance(
            env, host, Work(JOB), threads=neighbour_jobs, resources=resources, name="neighbour"
        )
        ClosedLoop(
            env, neighbour, users_count=neighbour_jobs, think_time=Constant(0.0), until=duration, name="jobs"
        )
    way = network.connect(Host(env, "client"), service)
    users = OpenLoop(env, Timeout(env, way, PATIENCE), rate=rate, until=duration, name="users")
    env.run(until=WARM_UP)
    before = _Use.of(host, service, served)
    env.run(until=duration)
    use = _Use.of(host, service, served).since(before)
    env.run(until=duration + 2.0 * PATIENCE)
    watched = users.table.sample(WARM_UP, duration, by="start")
    measures = _measures(watched, use, time=duration - WARM_UP, period=period)
    return Run(measures=measures, detail=NeighboursRun(requests=users.table, duration=duration))


def _measures(sample: RequestSample, use: "_Use", *, time: float, period: float) -> dict[str, float]:
    """Return the measures of what was seen and used in so much `time` (s)."""
    p50, p99 = sample.percentiles([50.0, 99.0]).tolist()
    return {
        "p50": p50,
        "p99": p99,
        "answered": sample.availability(),
        "cores": use.served / time,
        "neighbour_cores": max(0.0, use.busy - use.served) / time,
        "idle_cores": CORES - use.busy / time,
        "throttled_periods": use.throttled_count * period / time,
        "throttled": use.throttled / time,
    }


def _quota(cores: float | None, period: float) -> CpuQuota | None:
    return None if cores is None else CpuQuota(cores, period)


class _Served:
    """What the service does, with an account of it; work in progress counts at its end."""

    def __init__(self, env: Environment) -> None:
        self._demands = env.sampler("service/work", Exponential(WORK)).values
        self.work_done = 0.0

    def handle(self, instance: Instance, request: Request) -> Generator[Any, Any, None]:
        demand = next(self._demands)
        yield from instance.work(demand)
        self.work_done += demand


@dataclass(frozen=True, slots=True, kw_only=True)
class _Use:
    """Core-seconds that were `busy` and those that were `served`; seconds and periods of throttling."""

    busy: float
    served: float
    throttled: float
    throttled_count: int

    @classmethod
    def of(cls, host: Host, service: Instance, served: _Served) -> "_Use":
        use = cls(busy=host.statistics().busy_time, served=served.work_done, throttled=0.0, throttled_count=0)
        if service.cpu_share is None:
            return use
        had = service.cpu_share.statistics()
        return replace(
            use,
            served=had.busy_time,
            throttled=had.throttled_time,
            throttled_count=had.throttled_count,
        )

    def since(self, before: "_Use") -> "_Use":
        return _Use(
            busy=self.busy - before.busy,
            served=self.served - before.served,
            throttled=self.throttled - before.throttled,
            throttled_count=self.throttled_count - before.throttled_count,
        )
