"""What the systems under test are built of, beside GameDay's own parts, and how they are measured.

A run starts empty; what happens before `warm_up` is left out. Requests count where they *end* within the
rest: in steady state these are a fair sample, and none is missing because it is still under way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import isclose

import numpy as np
import numpy.typing as npt

from models import Call, Endpoint, Host, Request, Response
from models.workload import request_table
from simulator import Distribution, Environment, Gauge, RequestTable
from simulator.measurement import RequestSample

from .controls import Arrivals

WAITED = 1e-9
"""Waits (s) above this are waits: an end less a service time is the start only up to rounding."""


class Station(Endpoint):
    """Work of random demand for the cores of `host`; `waits` records from when to when each request waited.

    The demands come from `law`, on the stream "<name>/service"; `arrivals` counts them.
    """

    def __init__(self, env: Environment, host: Host, law: Distribution, name: str = "station") -> None:
        """Begin with nothing to do."""
        self.host: Host = host
        self.name = name
        self.waits = request_table()
        self.arrivals = Arrivals()
        self._env = env
        self._draw = env.sampler(f"{name}/service", law)

    def call(self, request: Request) -> Call:
        """Work for `request`, and record how long it had to wait for a core."""
        env = self._env
        start = env.now
        demand = self._draw()
        self.arrivals.add(demand)
        yield from self.host.work(demand)
        self.waits.record(start, max(start, env.now - demand), 0)
        return Response()


class Watched(Endpoint):
    """Answers as `target` does; `gauge` shows how many requests are inside."""

    def __init__(self, env: Environment, target: Endpoint) -> None:
        """Begin with nobody inside."""
        self.name = f"watched {target.name}"
        self.gauge = Gauge(env)
        self._target = target

    def call(self, request: Request) -> Call:
        """Answer `request`, and count it while it is inside."""
        self.gauge.add(1)
        try:
            return (yield from self._target.call(request))
        finally:
            self.gauge.add(-1)


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a run that counts, in simulated seconds: from `warm_up` on, for `duration`.

    However little effort, `duration_min` remains, for systems so slow that the mean of a shorter run is far
    from normally distributed, and its interval from what it claims.
    """

    warm_up: float
    duration: float
    duration_min: float = 0.0

    def shortened(self, effort: float) -> Window:
        """Return the window with a duration `effort` (> 0) times as long; the warm-up stays as it is."""
        return replace(self, duration=max(self.duration_min, self.duration * effort))

    @property
    def end(self) -> float:
        """When the run is over."""
        return self.warm_up + self.duration

    def run(self, env: Environment, *at_start: Callable[[], object]) -> None:
        """Run to the end; call each of `at_start` when the window opens."""
        env.run(until=self.warm_up)
        for function in at_start:
            function()
        env.run(until=self.end)

    def sample(self, table: RequestTable, outcome: str | None = None) -> RequestSample:
        """Return the requests that ended within the window, all of them or those of one outcome."""
        return table.sample(self.warm_up, self.end, outcome=outcome)


def share_above(values: npt.NDArray[np.float64], limit: float) -> float:
    """Return the share of `values` that exceed `limit`."""
    return float(np.mean(values > limit))


def little_ratio(watched: Watched, sample: RequestSample) -> float:
    """Return L / (lambda W), by Little's law 1: the gauge's mean, the table's throughput and mean latency."""
    flow = sample.throughput * float(sample.latency.mean())
    assert not isclose(flow, 0.0), "nothing has ended within the window"
    return watched.gauge.mean() / flow
