"""Vertical: bigger or more? The same capacity at the same price, as one big host or as many small ones.

Three ways to grow: one host whose core is faster, one host with more cores, more hosts of one slow core each
behind a balancer. All have the same price per second of work, so that cost does not decide. Queueing theory
does, as long as nothing fails: one queue in front of one fast server is M/M/1 and answers `size` times as
fast as it did; one queue in front of many slow ones is M/M/c, whose requests hardly wait but take their time;
many queues, one in front of each, into which requests are thrown at random, are as slow as one small host
alone, for some are idle while requests wait at others. A balancer that looks at its targets makes one queue
of them, nearly.

Then a host crashes. The one big host takes everything with it. Of many, one takes its share, or less where
the balancer sends nothing where nothing comes back, and the others must carry its load: what remains is
`size - 1` of `size`, and where that is less than the load, queues grow until it is back.

What to see (the default sweep): one small host answers in 167 ms on average. Sixteen times the capacity
answers in 10 ms as one host with a faster core, in 51 ms as one with more cores, in 164 ms as sixteen hosts
to which requests go at random, and in 83 ms with two choices; theory says 10, 51 and 167 ms of the first
three. While a host is down, one big host answers nothing. Of two small ones the other answers 49 % of all
requests at random, and 76 % with two choices, which send it more than it can do: when both are back, the p99
is 1.6 s. Of sixteen, 94 % and 99.6 % are answered. A million answers cost 0.95 on the big host with more
cores, its crash included, and 0.79 on sixteen small ones with two choices.

Sources: Kleinrock, "Queueing Systems", volume 2 (1976), section 5.1, on scaling and resource sharing; Newman,
"Building Microservices" (2nd ed. 2021), "The Four Axes of Scaling": vertical scaling and horizontal
duplication.
"""

from collections.abc import Mapping
from math import nan
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from models import Network, System
from models.balancing import LeastOutstanding, Policy, PowerOfTwoChoices, Random, RoundRobin
from models.faults import FaultPlan, HostCrash
from models.infrastructure import HostPool, HostType
from models.resilience import Timeout
from models.services import Work
from models.workload import OpenLoop
from simulator import Environment
from simulator.randomness import Exponential

from ..design import Points
from ..misuse import Misuse
from ..parameters import Unit
from ..study import Measure, Run, study
from .troubled_run import TroubledRun

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..result import SweepResult

Growth = Literal["faster core", "more cores", "more hosts"]
Balancing = Literal["random", "round robin", "two choices", "least outstanding"]
POLICIES: Mapping[str, Policy] = {
    "random": Random(),
    "round robin": RoundRobin(),
    "two choices": PowerOfTwoChoices(),
    "least outstanding": LeastOutstanding(),
}

WORK = 0.05
"""Seconds that a request takes on a core at speed 1, on average; exponential."""

PATIENCE = 5.0
"""Seconds that a user waits for an answer."""

PRICE = 0.04
"""Per hour, of a host with one core at speed 1; a host of n times the capacity costs n times as much."""

_SIZES = (1, 2, 4, 8, 16)
_WARM_UP_SHARE = 0.1

MEASURES = {
    "sojourn_mean": Measure(description="mean time to an answer, while all is well", unit="s"),
    "sojourn_theory": Measure(description="the same by theory, where there is a formula", unit="s"),
    "p99": Measure(description="99th percentile of the time to an answer, while all is well", unit="s"),
    "answered": Measure(description="share answered of the requests sent while a host is down"),
    "unanswered_count": Measure(description="requests that were never answered, of the whole run"),
    "p99_after": Measure(description="99th percentile of requests sent when the host is back", unit="s"),
    "cost_per_hour": Measure(description="what the hosts cost per hour"),
    "cost_per_million": Measure(description="what a million answers cost, the crash included"),
}


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from .figures.vertical import figures_of_sweep

    return figures_of_sweep(result)


def _figures_of_run(run: Run) -> "Mapping[str, Figure]":
    from .figures.vertical import figures_of_run

    return figures_of_run(run)


def require_act(*, growth: str, balancing: str | None, **_others: object) -> None:
    """Raise Misuse for a balancer's policy where there is one host, or none where there are more."""
    if growth == "more hosts" and balancing is None:
        raise Misuse(f"balancing must be one of {', '.join(POLICIES)} with growth more hosts, got none")
    if growth != "more hosts" and balancing is not None:
        raise Misuse(f"balancing must be none with growth {growth}, which is one host, got {balancing}")


@study(
    name="vertical",
    question="Bigger or more: what do latency, a crash and the bill say?",
    measures=MEASURES,
    sweep=Points(
        [
            *({"growth": "faster core", "size": size} for size in _SIZES),
            *({"growth": "more cores", "size": size} for size in _SIZES[1:]),
            *(
                {"growth": "more hosts", "balancing": balancing, "size": size}
                for balancing in ("random", "two choices")
                for size in _SIZES[1:]
            ),
        ]
    ),
    replications=5,
    check=require_act,
    figures_of_run=_figures_of_run,
    figures_of_sweep=_figures_of_sweep,
)
def vertical(
    *,
    seed: int,
    growth: Annotated[
        Growth, Field(description="what there is more of than in one small host")
    ] = "more hosts",
    size: Annotated[
        int, Field(ge=1, le=1_000, description="capacity, in small hosts: cores, speed or number of hosts")
    ] = 8,
    balancing: Annotated[
        Balancing | None, Field(description="how the balancer picks a host; none: there is one only")
    ] = None,
    utilisation: Annotated[
        float, Field(gt=0, lt=1, description="load, as a share of the capacity while all is well")
    ] = 0.7,
    duration: Annotated[
        float,
        Field(
            ge=15, le=36_000, allow_inf_nan=False, description="how long users come; a host crashes at 2/3"
        ),
        Unit("s"),
    ] = 120.0,
    down: Annotated[
        float, Field(gt=0, allow_inf_nan=False, description="how long the host is down"), Unit("s")
    ] = 20.0,
) -> Run:
    """Let users come to hosts of so much capacity, and let one of them crash."""
    env = Environment(seed=seed)
    system = System(env, network=Network(env, latencies=0.0))
    pool = HostPool(env, "server", _host_type(growth, size), make_host=system.add_host)
    hosts = [pool.provision(boots=False) for _ in range(size if growth == "more hosts" else 1)]
    # So many threads that requests wait for cores alone, as in the theory.
    service = system.add_service(
        "service", hosts, lambda host: Work(Exponential(WORK)), threads=100_000, queue_size_max=0
    )
    edge = system.add_host("edge")
    balancer = system.balanced(edge, service, policy=POLICIES[balancing or "round robin"])
    rate = utilisation * size / WORK
    users = OpenLoop(env, Timeout(env, balancer, PATIENCE), rate=rate, until=duration, name="users")
    start = duration * 2.0 / 3.0
    plan = FaultPlan(env)
    plan.at(start, HostCrash(hosts[0]), duration=down)
    env.run(until=duration)
    bill = pool.statistics()
    env.run(until=duration + down + 2.0 * PATIENCE)
    run = TroubledRun(
        requests=users.table, log=env.event_log, start=start, end=start + down, duration=duration
    )
    whole = users.table.sample()
    answered_count = round(whole.availability() * len(whole))
    well = users.table.sample(_WARM_UP_SHARE * duration, start - PATIENCE, by="start")
    measures = {
        "sojourn_mean": float(well.latency.mean()),
        "sojourn_theory": sojourn_by_theory(growth, size, balancing, utilisation),
        "p99": float(well.percentiles([99.0])[0]),
        "answered": run.during().availability(),
        "unanswered_count": len(whole) - answered_count,
        "p99_after": float(run.after().percentiles([99.0])[0]),
        "cost_per_hour": bill.cost / (duration / 3_600.0),
        "cost_per_million": 1e6 * bill.cost / answered_count,
    }
    return Run(measures=measures, detail=run)


def _host_type(growth: str, size: int) -> HostType:
    if growth == "faster core":
        return HostType(speed=float(size), price=PRICE * size)
    if growth == "more cores":
        return HostType(cores=size, price=PRICE * size)
    return HostType(price=PRICE)


def sojourn_by_theory(growth: str, size: int, balancing: str | None, utilisation: float) -> float:
    """Return the mean sojourn time in seconds, or nan where no formula is known.

    M/M/1 with a server `size` times as fast, M/M/c, and `size` times M/M/1: a Poisson stream that is split
    at random is as many Poisson streams.
    """
    if growth == "faster core":
        return WORK / size / (1.0 - utilisation)
    if growth == "more cores":
        # Late: SciPy's integration comes with it, and every command and every worker imports the studies.
        from ..validation.closed_forms import wait_mean

        return wait_mean(size, utilisation * size / WORK, 1.0 / WORK) + WORK
    return WORK / (1.0 - utilisation) if balancing == "random" or size == 1 else nan
