"""Capacity: how much load the shop carries before it breaks its promises.

More load makes queues, and queues make latency, before anything is refused: of two promises, one on the 99th
percentile and one on availability, the first is broken first. What ends it here is threads, not cores: a
web thread is held while payment waits for its bank, so that all of them are taken while the cores have next
to nothing to do (Little's law: threads held = load x seconds held).

Past capacity throughput goes on rising for a while and goodput, the answers in time, does not.

What to see (the default sweep): at 260 requests/s the 99th percentile is 474 ms, of 600 ms promised, and
99.96 % are answered. At 300/s 98.3 % are, and 96.3 % within 600 ms; 97 % of the threads are held, and 12 % of
the cores work. From there to 340/s throughput rises from 301 to 341 requests/s, goodput goes from 289 to 287.

Sources: Newman, "Building Microservices" (2nd ed. 2021), "How Much Is Too Much?"; Beyer et al., "Site
Reliability Engineering" (2016), chapter 4. For a bracket at any precision use `experiments.capacity`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from models.requirements import (
    SLO,
    AvailabilityObjective,
    ErrorBudget,
    Evidence,
    Judgement,
    LatencyObjective,
)
from models.services import Handler, Instance
from models.storefront import Storefront, StorefrontSettings
from simulator import Environment, Gauge, RequestTable

from ..design import Grid
from ..parameters import Unit
from ..study import Measure, Run, study
from .storefront_run import BuyShare, Threads

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..result import SweepResult

WARM_UP = 5.0
"""Seconds at the beginning that are not judged."""

MARGINS = ("latency_margin", "availability_margin")
"""The measures that are >= 0 where an objective held: what capacity is found by."""

MEASURES = {
    "p50": Measure(description="median time to an answer; inf: never", unit="s"),
    "p95": Measure(description="95th percentile of the same", unit="s"),
    "p99": Measure(description="99th percentile of the same: what is promised", unit="s"),
    "availability": Measure(description="share of requests answered"),
    "throughput": Measure(description="requests that ended, however", unit="1/s"),
    "goodput": Measure(description="requests answered within the promised p99", unit="1/s"),
    "threads_busy": Measure(description="share of the web threads that were held, mean"),
    "cores_busy": Measure(description="share of the web cores that worked, mean"),
    "burn_rate": Measure(description="share that failed over the share that may; 1: just so"),
    "holds": Measure(description="1 where both objectives held, 0 where not"),
    "latency_margin": Measure(description="share answered within the promised p99, less 99 %"),
    "availability_margin": Measure(description="availability less the one promised"),
}

Rate = Annotated[
    float, Field(gt=0, le=10_000, allow_inf_nan=False, description="requests per second"), Unit("1/s")
]
Cores = Annotated[int, Field(ge=1, le=1_000, description="cores of each of the three web hosts")]
Duration = Annotated[
    float, Field(ge=5, le=3_600, allow_inf_nan=False, description="how long the judged window is"), Unit("s")
]
AtMost = Annotated[
    float, Field(gt=0, allow_inf_nan=False, description="the highest p99 that is promised"), Unit("s")
]
AtLeast = Annotated[float, Field(gt=0, lt=1, description="the lowest availability that is promised")]


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityRun:
    """A run that is over: the users' `requests`, and what they say about the SLO in the judged window.

    `duration` is the end of the window, in seconds from the start.
    """

    shop: Storefront
    requests: RequestTable
    evidence: Evidence
    judgement: Judgement
    duration: float


def _figures_of_run(run: Run) -> "Mapping[str, Figure]":
    from .figures.capacity import figures_of_run

    return figures_of_run(run)


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from .figures.capacity import figures_of_sweep

    return figures_of_sweep(result)


@study(
    name="capacity",
    question="How much load does the shop carry within its SLO?",
    measures=MEASURES,
    sweep=Grid({"rate": [60.0, 100.0, 140.0, 180.0, 220.0, 260.0, 300.0, 340.0]}),
    replications=10,  # so that the bracket has two ends that are sure
    figures_of_run=_figures_of_run,
    figures_of_sweep=_figures_of_sweep,
)
def capacity(
    *,
    seed: int,
    rate: Rate = 240.0,
    threads: Threads = 4,
    web_cores: Cores = 4,
    buy_share: BuyShare = 0.2,
    p99_at_most: AtMost = 0.6,
    available_at_least: AtLeast = 0.995,
    duration: Duration = 20.0,
) -> Run:
    """Run the storefront in good health at one rate, and judge it when everybody has an answer."""
    latency = LatencyObjective(percentile=99.0, at_most=p99_at_most)
    availability = AvailabilityObjective(at_least=available_at_least)
    env = Environment(seed=seed)
    settings = StorefrontSettings(rate=rate, buy_share=buy_share, web_threads=threads, web_cores=web_cores)
    shop = Storefront(env, settings)
    end = WARM_UP + duration
    users = shop.admit_users(until=end)
    busy = _Busy(env, shop)
    env.run(until=WARM_UP)
    busy.restart()
    env.run(until=end)
    shares = busy.shares()
    # Whoever is in flight after that has more patience than a user, and hangs.
    env.run(until=end + settings.patience + 1.0)
    evidence = Evidence.of_table(users.table, start=WARM_UP, end=end, arrival_rate=rate)
    judgement = SLO(name="storefront", objectives=(latency, availability)).judge(evidence)
    detail = CapacityRun(
        shop=shop, requests=users.table, evidence=evidence, judgement=judgement, duration=end
    )
    budget = ErrorBudget(objective=availability)
    return Run(measures={**_measures(detail, budget, within=p99_at_most), **shares}, detail=detail)


def _measures(run: CapacityRun, budget: ErrorBudget, *, within: float) -> dict[str, float]:
    evidence, requests = run.evidence, run.evidence.requests
    assert requests is not None
    times = {
        f"p{percentile}": LatencyObjective(percentile=percentile).measure(evidence).value
        for percentile in (50, 95, 99)
    }
    latency, availability = run.judgement.verdicts
    return {
        **times,
        "availability": availability.value,
        "throughput": run.requests.throughput(WARM_UP, run.duration),
        "goodput": requests.goodput(within=within),
        "burn_rate": budget.burn_rate(requests),
        "holds": float("nan") if run.judgement.holds is None else float(run.judgement.holds),
        "latency_margin": latency.margin,
        "availability_margin": availability.margin,
    }


class _Busy:
    """How busy the web tier is, its threads and its cores, since the last restart."""

    def __init__(self, env: Environment, shop: Storefront) -> None:
        self._env = env
        self._instances = shop.web.instances
        self._thread_count = shop.settings.thread_count
        self._threads = Gauge(env)
        for instance in self._instances:
            instance.interpose(self, self._watched)
        self.restart()

    def restart(self) -> None:
        """Begin to count."""
        self._threads.restart()
        self._since = self._env.now
        self._core_seconds_before = self._core_seconds()

    def shares(self) -> dict[str, float]:
        """Return the mean shares of threads and of cores that were busy."""
        cores = sum(instance.host.cores for instance in self._instances)
        worked = self._core_seconds() - self._core_seconds_before
        return {
            "threads_busy": self._threads.mean() / self._thread_count,
            "cores_busy": worked / (cores * (self._env.now - self._since)),
        }

    def _core_seconds(self) -> float:
        return sum(instance.host.statistics().busy_time for instance in self._instances)

    def _watched(self, handle: Handler) -> Handler:
        """Return the handler, counted as long as it runs: that is how long it holds its thread."""

        def watched(instance: Instance, request: Any) -> Any:
            self._threads.add(1)
            try:
                return (yield from handle(instance, request))
            finally:
                self._threads.add(-1)

        return watched
