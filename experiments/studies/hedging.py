"""Hedging: ask again before the answer is late, and take the first.

A request asks many leaves at once and waits for the slowest. If one leaf in a hundred answers late, one of
a hundred leaves is late in 63 % of all requests: 1 - 0.99^100. Nothing is wrong with any leaf; it is the
number. A second copy of what takes longer than usual, sent to another replica, cuts the tail off, and costs
as many more calls as are slower than the delay: after the 95th percentile 5 %.

The delay is the trade. Too short, and every other call is made twice; too long, and the tail is as it was.
What is left is both copies being late: of a hundred leaves 100 x 0.01^2, one request in a hundred. Hence the
99th percentile stays where late answers are, and the 95th does not.

Leaves out: replicas that get slower with the load that copies add. For that there is `budget`, which bounds
what hedging may cost when everything is slow.

What to see (the default sweep): with 100 leaves 63 % of the requests wait for a late one; with a copy after a
leaf's 95th percentile 1.4 %, for 5.3 % more calls. The 95th percentile of the whole falls from 359 ms to 20
ms. A copy after the median costs 50 % more calls and makes that 15 ms; after the 99th percentile 13 % of the
requests still wait.

Source: Dean and Barroso, "The Tail at Scale" (CACM 56, 2013).
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from models import Endpoint, FunctionEndpoint, Host, Network, Request
from models.balancing import Balancer, RoundRobin
from models.resilience import SreRetryRatio
from models.resilience.hedging import AfterPercentile, Hedge
from models.services import Dependency, Instance, in_parallel
from models.workload import OpenLoop
from simulator import Environment, EventLog, RequestTable
from simulator.randomness import LogNormal, Mixture, Shifted

from ..design import Grid
from ..misuse import Misuse
from ..study import Measure, Run, study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..result import SweepResult

USUAL = LogNormal.from_percentiles(p50=0.005, p99=0.012)
LATE = Shifted(LogNormal.from_percentiles(p50=0.1, p99=0.4), 0.1)
LATE_SHARE = 0.01
LATE_FROM = 0.1
"""An answer that takes longer (s) is late: no usual one does, and all of the others."""

_RATE, _REQUESTS = 10.0, 400
_WARM_UP = 100

MEASURES = {
    "late": Measure(description="share of the requests that waited for a leaf that was late"),
    "law": Measure(description="what 1 - (1 - p)^n says of that, without hedging"),
    "p50": Measure(description="median time to an answer", unit="s"),
    "p95": Measure(description="95th percentile of the same", unit="s"),
    "p99": Measure(description="99th percentile of the same", unit="s"),
    "extra_load": Measure(description="copies sent per call to a leaf, once it is known how long calls take"),
    "copies_won": Measure(description="share of the copies whose answer came first"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgingRun:
    """A run that is over: the users' `requests`, the `log`, and for how long they came."""

    requests: RequestTable
    log: EventLog
    duration: float


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from .figures.hedging import figures_of_sweep

    return figures_of_sweep(result)


def require_act(*, after: float | None, budget: float | None, **_others: object) -> None:
    """Raise Misuse for a budget of copies where there are none."""
    if after is None and budget is not None:
        raise Misuse(f"budget must be none with after none, where no copies are sent, got {budget}")


@study(
    name="hedging",
    question="What does a second copy of slow calls do to the tail, and what does it cost?",
    measures=MEASURES,
    sweep=Grid({"leaves": [1, 10, 100], "after": [None, 50.0, 90.0, 95.0, 99.0]}),
    replications=5,
    check=require_act,
    figures_of_sweep=_figures_of_sweep,
)
def hedging(
    *,
    seed: int,
    leaves: Annotated[
        int, Field(ge=1, le=500, description="leaves that each request asks, and waits for")
    ] = 100,
    after: Annotated[
        float | None,
        Field(
            gt=0, lt=100, description="percentile of a leaf's latency at which a copy is sent; none: no copy"
        ),
    ] = 95.0,
    late_share: Annotated[
        float, Field(gt=0, lt=1, description="share of the calls to a leaf that are late")
    ] = LATE_SHARE,
    budget: Annotated[
        float | None,
        Field(gt=0, le=1, description="copies at most so large a share of the calls; none: no limit"),
    ] = None,
) -> Run:
    """Fan out to many leaves of two replicas each, and hedge the calls to them."""
    env = Environment(seed=seed)
    network = Network(env, latencies=0.0)
    root, law = Host(env, "root"), _law(late_share)
    hedges: list[Hedge] = []

    def leaf(number: int) -> Endpoint:
        replicas = [_replica(env, network, root, f"leaf {number} {letter}", law) for letter in "ab"]
        # By turns: the copy goes to the other one.
        target: Endpoint = Balancer(env, replicas, policy=RoundRobin(), name=f"leaf {number}")
        if after is not None:
            share = None if budget is None else SreRetryRatio(env, ratio=budget)
            hedge = Hedge(env, target, after=AfterPercentile(after, calls_min=50), budget=share)
            hedges.append(hedge)
            target = hedge
        return target

    fan_out = in_parallel(*(Dependency(leaf(number), name=f"leaf {number}") for number in range(leaves)))
    server = Instance(env, root, fan_out, threads=1_000, name="root")
    duration = (_WARM_UP + _REQUESTS) / _RATE
    users = OpenLoop(env, server, rate=_RATE, until=duration, name="users")
    env.run(until=_WARM_UP / _RATE)
    before = _counts(hedges)
    env.run(until=duration + 10.0)
    calls, copies, won = (now - then for now, then in zip(_counts(hedges), before, strict=True))
    sample = users.table.sample(_WARM_UP / _RATE, duration, by="start")
    p50, p95, p99 = sample.percentiles([50.0, 95.0, 99.0]).tolist()
    measures = {
        "late": float((sample.latency > LATE_FROM).mean()),
        "law": 1.0 - (1.0 - late_share) ** leaves,
        "p50": p50,
        "p95": p95,
        "p99": p99,
        "extra_load": copies / calls if calls else 0.0,
        "copies_won": won / copies if copies else float("nan"),
    }
    return Run(
        measures=measures, detail=HedgingRun(requests=users.table, log=env.event_log, duration=duration)
    )


def _counts(hedges: Sequence[Hedge]) -> tuple[int, int, int]:
    """Return how many calls to leaves there were so far, how many copies, and how many of those won."""
    statistics = [hedge.statistics() for hedge in hedges]
    return (
        sum(each.call_count for each in statistics),
        sum(each.copy_count for each in statistics),
        sum(each.copy_won_count for each in statistics),
    )


def _law(late_share: float) -> Mixture:
    return Mixture(weights=(1.0 - late_share, late_share), components=(USUAL, LATE))


def _replica(env: Environment, network: Network, root: Host, name: str, law: Mixture) -> Endpoint:
    durations = env.sampler(f"{name}/time", law).values

    def answer(request: Request) -> Generator[Any, Any, None]:
        yield next(durations)

    return network.connect(root, FunctionEndpoint(answer, host=Host(env, name), name=name))
