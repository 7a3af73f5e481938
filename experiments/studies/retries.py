"""Retries: what they cost a server that is down, and whether they let it come back.

Many clients each hold a long request (a subscription, a long poll) at one server, through some layers of
services of which each retries. The server's process crashes: all connections are reset at one instant, and
everybody tries again, by the same rule. Three things are to be seen.

- Layers multiply: with r + 1 attempts in each of L layers a request costs a server that refuses (r + 1)^L
  attempts. A budget bounds that, whatever the layers do.
- Backoff without jitter keeps in step those who were cut off in step: the herd comes back at the same
  instants, a burst each time, of which the server's queue takes its length and rejects the rest. Jitter
  spreads it.
- Who gives up too early is not there when the server is: attempts at once are used up in milliseconds.

What to see (the default sweep): a request to a dead server costs it 27 attempts over three layers of three
attempts; with a budget 1.0 (token bucket, gRPC), 1.3 (SRE) or 2.0 (Envoy). When it is back, 500 clients make
3,495 attempts per second without backoff, 1,558 with an exponential one, 125 with full jitter. Of the
requests that were cut off all, 51 % and 11 % are given up, and it takes 5, 26 and 8 s until the connections
are held again.

Sources: Brooker, "Exponential Backoff and Jitter" (AWS architecture blog, 2015); "Site Reliability
Engineering" (2016), chapter 22, for layers and budgets; gRPC proposal A6.
"""

from collections import Counter
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Field

from models import Call, Endpoint, Host, Network, Rejected, Request, Wrapper
from models.observers import RecordedCalls
from models.resilience import (
    Backoff,
    ConstantBackoff,
    DecorrelatedJitter,
    EnvoyRetryBudget,
    EqualJitter,
    ExponentialBackoff,
    FullJitter,
    GrpcRetryThrottle,
    Retry,
    RetryBudget,
    SreRetryRatio,
    TokenBucketBudget,
)
from models.services import Dependency, Instance
from models.workload import ClosedLoop, request_table
from simulator import Environment, EventLog, RequestTable
from simulator.measurement import Gauge, WindowedSeries, windowed_rate
from simulator.randomness import Exponential

from ..design import Points
from ..parameters import Unit
from ..study import Measure, Run, study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..result import SweepResult

BackoffName = Literal["none", "constant", "exponential", "equal jitter", "full jitter", "decorrelated jitter"]
BudgetName = Literal["none", "token bucket", "grpc", "envoy", "sre"]

_BASE, _CAP = 0.1, 10.0
BACKOFFS: Mapping[str, Backoff] = {
    "none": ConstantBackoff(delay=0.0),
    "constant": ConstantBackoff(delay=1.0),
    "exponential": ExponentialBackoff(base=_BASE, cap=_CAP),
    "equal jitter": EqualJitter(base=_BASE, cap=_CAP),
    "full jitter": FullJitter(base=_BASE, cap=_CAP),
    "decorrelated jitter": DecorrelatedJitter(base=_BASE, cap=_CAP),
}
BUDGETS: Mapping[str, Callable[[Environment], RetryBudget | None]] = {
    "none": lambda env: None,
    "token bucket": lambda env: TokenBucketBudget(),
    "grpc": lambda env: GrpcRetryThrottle(),
    "envoy": lambda env: EnvoyRetryBudget(),
    "sre": SreRetryRatio,
}

MEASURES = {
    "attempts_per_request": Measure(
        description="attempts at the server for a request that began and ended while it was down"
    ),
    "peak_down": Measure(description="most attempts in a quarter of a second while it was down", unit="1/s"),
    "peak_back": Measure(description="most attempts in a quarter of a second since it was back", unit="1/s"),
    "herd_lost": Measure(description="share that gave up of the requests that the crash cut off"),
    "back_time": Measure(
        description="from the restart until 95 % of the connections are held again; inf: not in this run",
        unit="s",
    ),
    "attempts_failed": Measure(description="share of all attempts at the server that failed"),
    "available": Measure(description="share answered of all requests that have ended"),
}

_HOLD, _THINK, _ACCEPT = 20.0, 1.0, 0.010
_ACCEPT_QUEUE = 50
_RETURNED_SHARE = 0.95

PEAK_WIDTH = 0.25
"""In windows of so many seconds attempts are counted: short against the pauses that matter."""

_LAYERS = [
    {"layers": layers, "attempts": 3, "backoff": backoff, "budget": budget, "clients": 100}
    for backoff, budget in (("none", "none"), *(("full jitter", budget) for budget in BUDGETS))
    for layers in (1, 2, 3)
]
_HERD = [
    {"layers": 1, "attempts": 10, "backoff": backoff}
    for backoff in ("none", "constant", "exponential", "equal jitter", "full jitter", "decorrelated jitter")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetriesRun:
    """A run that is over: the users' `requests`, the `log`, all `attempts` at the server, and who was `held`.

    `attempt_times` are when attempts were begun (s). The server was down from `down_at` to `back_at`.
    """

    requests: RequestTable
    log: EventLog
    attempts: RequestTable
    held: Gauge
    duration: float
    down_at: float
    back_at: float

    def attempt_rate(self, since: float = 0.0, until: float | None = None) -> WindowedSeries:
        """Attempts at the server per second, by when they were begun, in windows of `PEAK_WIDTH` s."""
        return windowed_rate(
            self.attempts.sample(by="start").start,
            width=PEAK_WIDTH,
            since=since,
            until=self.duration if until is None else until,
        )


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from .figures.retries import figures_of_sweep

    return figures_of_sweep(result)


def _figures_of_run(run: Run) -> "Mapping[str, Figure]":
    from .figures.retries import figures_of_run

    return figures_of_run(run)


@study(
    name="retries",
    question="What do retries cost a server that is down, and do they let it come back?",
    measures=MEASURES,
    sweep=Points([*_LAYERS, *_HERD]),
    figures_of_run=_figures_of_run,
    figures_of_sweep=_figures_of_sweep,
)
def retries(
    *,
    seed: int,
    attempts: Annotated[
        int, Field(ge=1, le=20, description="attempts of each layer, the first included")
    ] = 10,
    backoff: Annotated[
        BackoffName, Field(description="the pause before a retry; all but constant grow from 0.1 s to 10 s")
    ] = "full jitter",
    budget: Annotated[BudgetName, Field(description="what limits the retries of a layer over time")] = "none",
    layers: Annotated[int, Field(ge=1, le=4, description="layers that retry, the clients' included")] = 1,
    clients: Annotated[int, Field(ge=1, le=20_000, description="clients, each with one long request")] = 500,
    outage: Annotated[
        float, Field(ge=1, le=300, allow_inf_nan=False, description="how long the server is down"), Unit("s")
    ] = 10.0,
) -> Run:
    """Crash a server with many long requests in it, and restart it after the outage."""
    down_at, back_at = 30.0, 30.0 + outage
    duration = back_at + 30.0
    system = _System(seed, attempts=attempts, backoff=backoff, budget=budget, layers=layers, clients=clients)
    env = system.env
    env.run(until=down_at)
    held_before = system.held.mean(since=down_at / 2)
    herd = system.calls.under_way
    system.server.crash()
    env.log("fault.start", "server", mode="down")
    env.run(until=back_at)
    env.log("fault.end", "server", mode="down")
    system.server.restart()
    env.run(until=duration)
    detail = RetriesRun(
        requests=system.users.table,
        log=env.event_log,
        attempts=system.attempts,
        held=system.held,
        duration=duration,
        down_at=down_at,
        back_at=back_at,
    )
    attempts_ended = system.attempts.sample()
    measures = {
        "attempts_per_request": system.calls.attempts_per_request(down_at, back_at),
        "peak_down": float(detail.attempt_rate(down_at, back_at).values.max()),
        "peak_back": float(detail.attempt_rate(back_at).values.max()),
        "herd_lost": system.calls.lost_share(herd),
        "back_time": _back_time(detail, held_before),
        "attempts_failed": 1.0 - attempts_ended.availability(),
        "available": system.users.table.availability(),
    }
    return Run(measures=measures, detail=detail)


class _System:
    """Clients, the layers between, and the server."""

    def __init__(
        self, seed: int, *, attempts: int, backoff: str, budget: str, layers: int, clients: int
    ) -> None:
        self.env = env = Environment(seed=seed)
        self.network = Network(env)
        self.attempts = request_table()
        self.calls = _Calls(env)
        self.held = Gauge(env, keep_history=True)
        self._hold = env.sampler("hold", Exponential(_HOLD))
        self.server = Instance(env, Host(env, "server"), self._serve, threads=clients + 1, name="server")

        def retried(target: Endpoint, name: str) -> Endpoint:
            return Retry(
                env, target, attempts, backoff=BACKOFFS[backoff], budget=BUDGETS[budget](env), name=name
            )

        host = Host(env, "clients" if layers == 1 else "layer 1")
        way: Endpoint = self.calls.at_the_server(self.network.connect(host, self.server))
        way = retried(RecordedCalls(env, way, self.attempts), host.name)
        for number in range(2, layers + 1):
            # Threads for all: what is to be seen is what retries do, not what a full pool does.
            layer = Instance(env, host, Dependency(way), threads=clients + 1, name=host.name)
            host = Host(env, "clients" if number == layers else f"layer {number}")
            way = retried(self.network.connect(host, layer), host.name)
        self.users = ClosedLoop(
            env,
            self.calls.outside(way),
            users_count=clients,
            think_time=Exponential(_THINK),
            keys=self.calls.next_key,
            name="users",
        )

    def _serve(self, instance: Instance, request: Request) -> Generator[Any, Any, None]:
        """Accept a connection, which costs a core, and hold it."""
        if instance.host.statistics().waiting_count >= _ACCEPT_QUEUE:
            raise Rejected(instance.name, "accept queue full")
        yield from instance.host.work(_ACCEPT)
        self.held.add(1)
        try:
            yield self._hold()
        finally:
            self.held.add(-1)


class _Calls:
    """An observer: what became of each request, by its key, and how many attempts at the server it cost."""

    def __init__(self, env: Environment) -> None:
        self.env = env
        self.next_key = count().__next__
        self.begun: dict[int, float] = {}
        self.ended: dict[int, tuple[float, bool]] = {}
        self.attempt_counts: Counter[int] = Counter()

    def outside(self, target: Endpoint) -> Endpoint:
        """Return an endpoint around all layers."""
        return _Outside(self, target)

    def at_the_server(self, target: Endpoint) -> Endpoint:
        """Return an endpoint around the last way to the server."""
        return _AtTheServer(self, target)

    @property
    def under_way(self) -> frozenset[int]:
        """The keys of the requests that have no end yet."""
        return frozenset(self.begun.keys() - self.ended.keys())

    def attempts_per_request(self, since: float, until: float) -> float:
        """Return the mean attempts of the requests that began and ended in an interval; nan for none."""
        counts = [
            self.attempt_counts[key]
            for key, (end, _) in self.ended.items()
            if self.begun[key] >= since and end < until
        ]
        return float(np.mean(counts)) if counts else float("nan")

    def lost_share(self, keys: frozenset[int]) -> float:
        """Return how many of some requests have failed, as a share; those still under way have not."""
        failed = sum(key in self.ended and not self.ended[key][1] for key in keys)
        return failed / len(keys) if keys else float("nan")


class _Outside(Wrapper):
    def __init__(self, calls: _Calls, target: Endpoint) -> None:
        super().__init__(target, name="outside")
        self.calls = calls

    def call(self, request: Request) -> Call:
        calls = self.calls
        calls.begun[request.key] = calls.env.now
        is_answered = False
        try:
            response = yield from self.target.call(request)
            is_answered = True
            return response
        finally:
            calls.ended[request.key] = calls.env.now, is_answered


class _AtTheServer(Wrapper):
    def __init__(self, calls: _Calls, target: Endpoint) -> None:
        super().__init__(target, name="at the server")
        self.calls = calls

    def call(self, request: Request) -> Call:
        self.calls.attempt_counts[request.key] += 1
        return self.target.call(request)


def _back_time(run: RetriesRun, held_before: float) -> float:
    """Return when the connections that are held reach their usual number again, after the restart, in s."""
    history = run.held.history
    is_back = (history.times >= run.back_at) & (history.values >= _RETURNED_SHARE * held_before)
    return float(history.times[is_back.argmax()] - run.back_at) if is_back.any() else float("inf")
