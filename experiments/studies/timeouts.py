"""Timeouts: how long a web thread should wait for a payment that may never come.

Too short, and healthy payments are cut off. Too long, and the threads run out while payment is slow or
silent: then the failure reaches those who only browse. Without any timeout the shop does not come back even
when payment does. Between the two lies the value that one would set; the study says from its own log where.

Sources: Nygard, "Release It!" (2nd ed. 2018), chapters 4 and 5; Little's law for the upper end.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from models.storefront import BROWSE, BUY

from ..design import Grid
from ..study import Measure, Run, study
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

HEAD_ROOM = 1.5
"""The recommended timeout is so many times the 99th percentile of healthy payments."""

MEASURES = {
    "browse_available": Measure(description="share answered of the browse requests sent during the fault"),
    "buy_available": Measure(description="share answered of the buy requests sent during the fault"),
    "buy_healthy": Measure(description="share answered of the buy requests sent before the fault"),
    "cut_off": Measure(description="share of healthy payments that timed out before the fault (event log)"),
    "threads_waiting": Measure(description="web threads that waited for payment, mean during the fault"),
    "wasted_work": Measure(description="share of payment's work done for callers that had gone"),
    "recover_time": Measure(description="from the heal until users are served again; inf: never", unit="s"),
    "browse_p50": Measure(
        description="median time to an answer, browse requests of the fault; inf: never", unit="s"
    ),
    "browse_p95": Measure(description="95th percentile of the same", unit="s"),
    "browse_p99": Measure(description="99th percentile of the same", unit="s"),
    "recommended": Measure(description="timeout one would set: 1.5 x p99 of healthy payments", unit="s"),
    "ceiling": Measure(description="timeout from which silence takes all threads (Little's law)", unit="s"),
}


def _figures_of_run(run: Run) -> "Mapping[str, Figure]":
    from .figures.storefront import figures_of_run

    return figures_of_run(run)


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from .figures.timeouts import figures_of_sweep

    return figures_of_sweep(result)


@study(
    name="timeouts",
    question="How long should a caller wait for a dependency that may be slow or silent?",
    measures=MEASURES,
    sweep=Grid({"fault": ["slow", "silent"], "timeout": [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, None]}),
    check=require_load,
    figures_of_run=_figures_of_run,
    figures_of_sweep=_figures_of_sweep,
)
def timeouts(
    *,
    seed: int,
    timeout: Timeout = 1.0,
    fault: Fault = "silent",
    threads: Threads = 16,
    rate: Rate = None,
    buy_share: BuyShare = 0.2,
    duration: Duration = None,
    trace: Trace = None,
    speed_up: SpeedUp = None,
) -> Run:
    """Run the storefront with one payment timeout and no breaker."""
    load = Load(rate=rate, buy_share=buy_share, duration=duration, trace=trace, speed_up=speed_up)
    run = run_storefront(seed, load, fault=fault, timeout=timeout, threads=threads)
    measures = {
        "browse_available": run.during(BROWSE).availability(),
        "buy_available": run.during(BUY).availability(),
        "buy_healthy": run.before(BUY).availability(),
        "cut_off": cut_off_share(run),
        "threads_waiting": run.threads_on_payment,
        "wasted_work": wasted_work_share(run),
        "recover_time": run.time_to_recover,
        **browse_latencies(run),
        "recommended": recommended_timeout(run),
        "ceiling": timeout_ceiling(run),
    }
    return Run(measures=measures, detail=run)


def cut_off_share(run: StorefrontRun) -> float:
    """Return how many payments of the healthy time timed out, as a share, from the log of timeouts."""
    expired = sum(record.time < run.start for record in run.log.of_kind("timeout"))
    ended = len(run.shop.payment_calls.sample(0.0, run.start))
    return expired / ended if ended else float("nan")


def wasted_work_share(run: StorefrontRun) -> float:
    """Return the share of the work that payment finished which was for callers that had gone.

    Both are sojourn times at payment, with what a fault adds: to whoever has given up it is all one why the
    answer took so long. What is never finished, as in silence, is no work, nor is what a crash has cut short;
    the threads that wait for it are counted elsewhere.
    """
    wasted = sum(connection.statistics().wasted_time for connection in run.shop.payment_connections)
    calls = run.shop.payment_work
    worked = float(calls.latencies().sum() - calls.latencies("cancelled").sum())
    return wasted / worked if worked else float("nan")


def recommended_timeout(run: StorefrontRun) -> float:
    """Return `HEAD_ROOM` times the 99th percentile of healthy payments, in seconds.

    Taken at payment itself, where a caller that gives up early does not cut the measurement short; the way
    through the network, some milliseconds, is in the head room.
    """
    healthy = run.shop.payment_work.sample(0.0, run.start)
    return HEAD_ROOM * float(healthy.percentiles([99.0])[0])


def timeout_ceiling(run: StorefrontRun) -> float:
    """Return the timeout, in seconds, at which payments in silence would hold every web thread.

    Little's law: threads held = payments per second x timeout. A bound from above, since browsing needs
    threads as well.
    """
    payments = len(run.shop.payment_calls.sample(0.0, run.start, by="start"))
    rate = payments / run.start
    return run.shop.settings.thread_count / rate if rate else float("inf")
