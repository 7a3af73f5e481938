"""Breakers: when a caller should stop asking a dependency that fails, and for how long.

A low threshold opens soon, and also on a healthy dependency, whose heavy tail makes a timeout now and then. A
high one opens late or never. A breaker judges results, so how soon it sees the trouble hangs on the timeout
inside it: with none, silence gives it nothing to judge. While it is open nobody waits: that is what keeps the
web threads for those who browse.

The breaker is resilience4j's, over the last calls of each web host. Source: Nygard, "Release It!" (2007).
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from models.resilience import CircuitBreakerSettings, CountBased, resilience4j
from models.storefront import BROWSE, BUY

from ..design import Grid
from ..parameters import Unit
from ..study import Measure, Run, study
from .breaker_history import false_opening_rate, time_to_close, time_to_open
from .storefront_run import (
    BuyShare,
    Duration,
    Fault,
    Load,
    Rate,
    SpeedUp,
    StorefrontRun,
    Threads,
    Timeout,
    Trace,
    browse_latencies,
    require_load,
    run_storefront,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..result import SweepResult

MEASURES = {
    "browse_available": Measure(description="share answered of the browse requests sent during the fault"),
    "buy_healthy": Measure(description="share answered of the buy requests sent before the fault"),
    "buy_after": Measure(description="share answered of the buy requests sent after the fault"),
    "open_delay": Measure(description="from the fault to a breaker's first opening, mean of three", unit="s"),
    "calls_saved": Measure(description="payments not asked for during the fault, because a breaker was open"),
    "saved_ratio": Measure(description="the same, as a share of the payments wanted during the fault"),
    "false_openings": Measure(description="openings on a healthy payment, per breaker", unit="1/min"),
    "close_delay": Measure(description="from the heal to a breaker's first closing, mean of three", unit="s"),
    "recover_time": Measure(description="from the heal until users are served again; inf: never", unit="s"),
    "threads_waiting": Measure(description="web threads that waited for payment, mean during the fault"),
    "browse_p50": Measure(
        description="median time to an answer, browse requests of the fault; inf: never", unit="s"
    ),
    "browse_p95": Measure(description="95th percentile of the same", unit="s"),
    "browse_p99": Measure(description="99th percentile of the same", unit="s"),
}


def _figures_of_run(run: Run) -> "Mapping[str, Figure]":
    from .figures.storefront import figures_of_run

    return figures_of_run(run)


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from .figures.breakers import figures_of_sweep

    return figures_of_sweep(result)


@study(
    name="breakers",
    question="When should a caller stop asking a dependency that fails for a while?",
    measures=MEASURES,
    sweep=Grid({"timeout": [0.25, 0.5, 1.0, 4.0, 8.0, None], "threshold": [0.05, 0.2, 0.5, 0.8, None]}),
    check=require_load,
    figures_of_run=_figures_of_run,
    figures_of_sweep=_figures_of_sweep,
)
def breakers(
    *,
    seed: int,
    timeout: Timeout = 1.0,
    threshold: Annotated[
        float | None,
        Field(gt=0, le=1, description="share of failures that opens a breaker; none: no breaker"),
    ] = 0.5,
    open_time: Annotated[
        float, Field(gt=0, allow_inf_nan=False, description="how long a breaker stays open"), Unit("s")
    ] = 5.0,
    window: Annotated[int, Field(ge=1, description="how many of the last calls a breaker judges")] = 20,
    trials: Annotated[int, Field(ge=1, description="calls let through half-open")] = 3,
    fault: Fault = "silent",
    threads: Threads = 16,
    rate: Rate = None,
    buy_share: BuyShare = 0.2,
    duration: Duration = None,
    trace: Trace = None,
    speed_up: SpeedUp = None,
) -> Run:
    """Run the storefront with one payment timeout and one breaker around it on each web host."""
    load = Load(rate=rate, buy_share=buy_share, duration=duration, trace=trace, speed_up=speed_up)
    settings = None if threshold is None else _settings(threshold, open_time, window, trials)
    run = run_storefront(seed, load, fault=fault, timeout=timeout, threads=threads, breaker=settings)
    saved, wanted = _saved(run)
    measures = {
        "browse_available": run.during(BROWSE).availability(),
        "buy_healthy": run.before(BUY).availability(),
        "buy_after": run.after(BUY).availability(),
        "open_delay": time_to_open(run),
        "calls_saved": saved,
        "saved_ratio": saved / wanted if wanted else float("nan"),
        "false_openings": false_opening_rate(run),
        "close_delay": time_to_close(run),
        "recover_time": run.time_to_recover,
        "threads_waiting": run.threads_on_payment,
        **browse_latencies(run),
    }
    return Run(measures=measures, detail=run)


def _settings(threshold: float, open_time: float, window: int, trials: int) -> CircuitBreakerSettings:
    # Half a window is enough to judge: waiting for all of it would cost seconds at these rates.
    return resilience4j(
        failure_rate_threshold=threshold,
        window=CountBased(size=window),
        minimum_calls=max(1, window // 2),
        open_duration=open_time,
        trial_count=trials,
    )


def _saved(run: StorefrontRun) -> tuple[int, int]:
    """Return how many payments a breaker stopped during the fault, and how many were wanted."""
    wanted = run.shop.payment_calls.sample(run.start, run.end, by="start")
    # Calls that hang to this day have no row yet; they were made.
    hanging = run.shop.payment_calls.in_flight
    return wanted.counts()["breaker_open"], len(wanted) + hanging
