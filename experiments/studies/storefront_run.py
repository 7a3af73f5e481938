"""One run of the storefront whose payment is in trouble in the middle third: what both studies do.

Before the fault the system is healthy, afterwards it may recover; each third is as long as the others. When
the users stop coming, the run goes on until the last of them has been answered or has lost patience, so that
every request has an end.
"""

import math
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, FilePath

from models.faults import DependencyOutage, FaultPlan
from models.resilience import CircuitBreakerSettings
from models.storefront import BROWSE, Storefront, StorefrontSettings
from models.workload import RecordedTrace, TraceReplay
from simulator import Environment, RequestTable
from simulator.measurement import nearest_rank_percentiles, windowed_level

from ..misuse import Misuse, Remark
from ..parameters import Unit
from .shop_trace import load_visits
from .troubled_run import TroubledRun

Timeout = Annotated[
    float | None,
    Field(gt=0, allow_inf_nan=False, description="how long a web thread waits for payment; none: for ever"),
    Unit("s"),
]
Fault = Annotated[
    Literal["slow", "silent", "errors", "refused"],
    Field(description="how payment is out in the middle third of the run"),
]
Threads = Annotated[int, Field(ge=1, description="threads of each of the three web instances")]
BuyShare = Annotated[
    float, Field(gt=0, lt=1, description="share of requests that need payment, where no trace tells")
]
Rate = Annotated[
    float | None,
    Field(gt=0, allow_inf_nan=False, description="requests per second; none: 90, or as the trace has it"),
    Unit("1/s"),
]
Duration = Annotated[
    float | None,
    Field(ge=15, allow_inf_nan=False, description="how long users come; none: 90 s, or the whole trace"),
    Unit("s"),
]
Trace = Annotated[
    FilePath | None, Field(description="a recorded access log or CSV, replayed instead of made-up users")
]
SpeedUp = Annotated[
    float | None,
    Field(
        gt=0, allow_inf_nan=False, description="how much faster than recorded a trace is replayed; none: 1000"
    ),
]

RATE, DURATION, SPEED_UP = 90.0, 90.0, 1000.0
"""What `none` stands for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Who comes to the shop: a public at a `rate`, or the visitors of a recorded `trace`, for a `duration`.

    A parameter that would change nothing is misuse: `rate` beside a trace, `speed_up` without one.
    """

    rate: float | None = None
    buy_share: float = 0.2
    duration: float | None = None
    trace: Path | None = None
    speed_up: float | None = None

    def __post_init__(self) -> None:
        """Refuse what could not act."""
        if self.trace is not None and self.rate is not None:
            raise Misuse(f"rate must be none beside a trace, which has its own, got {self.rate}")
        if self.trace is None and self.speed_up is not None:
            raise Misuse(f"speed_up must be none without a trace, got {self.speed_up}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StorefrontRun(TroubledRun):
    """A run of the storefront that is over: the `shop`, and what a troubled run has."""

    shop: Storefront

    @property
    def threads_on_payment(self) -> float:
        """The mean number of web threads that waited for payment during the fault."""
        history = self.shop.threads_on_payment.history
        width = self.end - self.start
        return float(windowed_level(history, width=width, since=self.start, until=self.end).values[0])


def run_storefront(
    seed: int,
    load: Load,
    *,
    fault: str,
    timeout: float | None,
    threads: int,
    breaker: CircuitBreakerSettings | None = None,
) -> StorefrontRun:
    """Run a storefront of three zones under `load`, with payment in trouble for the middle third."""
    env = Environment(seed=seed)
    settings = StorefrontSettings(
        rate=RATE if load.rate is None else load.rate,
        buy_share=load.buy_share,
        web_threads=threads,
        payment_timeout=timeout,
        payment_breaker=breaker,
    )
    shop = Storefront(env, settings)
    requests, duration = _admit(env, shop, load)
    start, end = duration / 3, 2 * duration / 3
    FaultPlan(env).at(start, DependencyOutage(shop.payment, fault), end=end)
    env.run(until=duration + settings.patience + 1.0)
    return StorefrontRun(
        shop=shop, requests=requests, log=env.event_log, start=start, end=end, duration=duration
    )


def _admit(env: Environment, shop: Storefront, load: Load) -> tuple[RequestTable, float]:
    """Let the users in; return their table and for how long they come."""
    if load.trace is None:
        duration = DURATION if load.duration is None else load.duration
        return shop.admit_users(until=duration).table, duration
    trace = load_visits(load.trace, load.buy_share)
    speed_up = SPEED_UP if load.speed_up is None else load.speed_up
    duration = _replayed_duration(load, trace, speed_up)
    until = math.inf if load.duration is None else duration
    replay = TraceReplay(env, shop.entrance, trace, speed_up=speed_up, until=until, name="users")
    return replay.table, duration


def _replayed_duration(load: Load, trace: RecordedTrace, speed_up: float) -> float:
    # The last request of a log came within the second that it names.
    recorded = (trace.duration + trace.resolution) / speed_up
    duration = recorded if load.duration is None else load.duration
    if not 0.0 < duration <= recorded:
        raise Misuse(f"duration must be > 0 and at most the trace's {recorded:.6g} s, got {duration}")
    return duration


def require_load(
    *,
    rate: float | None,
    buy_share: float,
    duration: float | None,
    trace: Path | None,
    speed_up: float | None,
    **_others: object,
) -> None:
    """Raise Misuse, before anything is run, for a load that no run could have or a trace that is none.

    Of a trace with lines that could not be used it says which, as a `Remark`.
    """
    load = Load(rate=rate, buy_share=buy_share, duration=duration, trace=trace, speed_up=speed_up)
    if trace is not None:
        visits = load_visits(trace, buy_share)
        _replayed_duration(load, visits, SPEED_UP if speed_up is None else speed_up)
        if visits.malformed_count:
            text = f"malformed lines left out: {visits.malformed_count:,}, beside {len(visits):,} requests"
            warnings.warn(Remark(f"{text}{visits.summary().malformed_text()}"), stacklevel=2)


def browse_latencies(run: StorefrontRun) -> dict[str, float]:
    """Return p50, p95 and p99 of the time to an answer, for browse requests sent during the fault.

    A request that failed is never answered: its time is infinite. Otherwise the fast refusals of a full queue
    would pass for good service.
    """
    sample = run.during(BROWSE)
    times = np.where(sample.succeeded, sample.latency, np.inf)
    names = ("browse_p50", "browse_p95", "browse_p99")
    return dict(zip(names, nearest_rank_percentiles(times, [50.0, 95.0, 99.0]).tolist(), strict=True))
