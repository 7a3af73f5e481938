"""Open workload: requests arrive whether or not earlier ones were answered, as from a large public.

Arrivals are a Poisson process of constant rate, one whose rate is a function of time, or a renewal process
with any distribution of the time between arrivals. This is the workload that shows overload; `ClosedLoop`
slows down with the system.

Source: varying rates by thinning, which is exact, after Lewis and Shedler, "Simulation of Nonhomogeneous
Poisson Processes by Thinning" (Naval Research Logistics Quarterly 26, 1979). Left out: batches.
"""

from __future__ import annotations

from collections.abc import Generator
from math import inf
from numbers import Real
from typing import Any

from simulator import Distribution, Environment, Process, RequestTable
from simulator.randomness import Exponential, Uniform

from ..endpoint import Endpoint
from .mix import KeySource, OperationMix, RequestSource
from .rate import RateShape
from .workload import Workload

# A rate may be 0 for long. So many candidates in a row are rejected without a sleep; then the clock is let
# move, so that a run up to a given time ends. Each sleep costs as much as some five candidates, so that its
# share is nothing.
_REJECTIONS_MAX = 1_000
_BATCH = 8  # more would make the schedule longer than what it saves


class OpenLoop(Workload):
    """Issues requests at random times.

    Give exactly one of `rate` and `interarrival`. `rate` is a number (> 0 per second: Poisson) or a
    `RateShape` (Poisson with that rate at each time); `interarrival` is a distribution of seconds with a
    positive mean. `mix` and `keys` say what is asked for (default: operation `get` without key). `until`,
    `table`, `name`: see `Workload`. Streams: `name/arrivals`, `name/thinning`, `name/operation`. A rate
    outside [0, rate_max] stops the run with a `ValueError` that names time and value.

    Example::

        rate = FlashCrowd(base_rate=40.0, peak_rate=200.0, start=60.0, hold=10.0)
        crowd = OpenLoop(env, shop, rate=rate, until=120.0)
        env.run()
        crowd.table.availability()
    """

    def __init__(
        self,
        env: Environment,
        target: Endpoint,
        *,
        rate: float | RateShape | None = None,
        interarrival: Distribution | None = None,
        mix: OperationMix | None = None,
        keys: KeySource | None = None,
        until: float = inf,
        table: RequestTable | None = None,
        name: str = "open_loop",
    ) -> None:
        """Check the arguments and begin."""
        super().__init__(env, target, until=until, table=table, name=name)
        if (rate is None) == (interarrival is None):
            raise ValueError(
                f"exactly one of rate and interarrival must be given, got {rate!r} and {interarrival!r}"
            )
        if interarrival is not None and not isinstance(interarrival, Distribution):
            raise TypeError(f"interarrival must be a Distribution, got {interarrival!r}")
        if interarrival is not None and not interarrival.mean > 0.0:
            raise ValueError(f"interarrival must have a mean > 0 s, got {interarrival!r}")
        self._shape = rate if isinstance(rate, RateShape) else None
        self._gap = env.sampler(f"{name}/arrivals", interarrival or _exponential(rate))
        if self._shape is not None:
            self.until = min(self.until, self._shape.silent_from)
            self._uniform = env.sampler(f"{name}/thinning", Uniform(0.0, 1.0))
        self._source = RequestSource(env, name, self.table, mix, keys)
        self._start()

    def _issue_all(self) -> Generator[Any, Any, None]:
        return self._arrive() if self._shape is None else self._arrive_thinned(self._shape)

    def _arrive(self) -> Generator[Any, Any, None]:
        """Put arrivals into the schedule, some at a time.

        Each request then begins its life when it arrives. Waking up for each, only to start another process,
        would cost as much as all of the client's own work.
        """
        env, until, gaps, name = self._env, self.until, self._gap.stack, self.name
        begin = self._source.sender(self.client)
        time = env.now
        while True:
            for _ in range(_BATCH):
                gap = gaps.pop()
                next_time = time + (self._gap.refill() if gap == inf else gap)
                if next_time >= until:
                    yield max(0.0, time - env.now)
                    return
                time = next_time
                delay = time - env.now
                # What `env.launch` does, without its call. Sums of gaps and of delays round differently, so
                # that a gap of next to nothing may seem to end in the past.
                Process(env, begin(), name, delay if delay > 0.0 else 0.0).callbacks = None
            yield max(0.0, time - env.now)

    def _arrive_thinned(self, shape: RateShape) -> Generator[Any, Any, None]:
        """Take candidates at the highest rate and accept each with probability rate / rate_max."""
        env, until, gaps, uniforms = self._env, self.until, self._gap.values, self._uniform.values
        rate_max: float = shape.rate_max
        begin = self._source.sender(self.client)
        time = env.now
        rejections = 0
        while True:
            time += next(gaps)
            if time >= until:
                return
            rate = shape(time)
            if not 0.0 <= rate <= rate_max:
                raise ValueError(
                    f"rate of {self.name} at {time} s must be in [0, rate_max = {rate_max}], got {rate!r}"
                )
            accepted = next(uniforms) * rate_max < rate
            rejections += 1
            if accepted or rejections == _REJECTIONS_MAX:
                yield max(0.0, time - env.now)
                time = env.now
                rejections = 0
            if accepted:
                env.launch(begin(), self.name)


def _exponential(rate: float | RateShape | None) -> Distribution:
    highest: object = rate.rate_max if isinstance(rate, RateShape) else rate
    if not isinstance(highest, Real):
        raise TypeError(f"rate must be a number per s or a RateShape, got {highest!r}")
    if not 0.0 < float(highest) < inf:
        raise ValueError(f"rate must be finite and > 0 per s, got {highest!r}")
    return Exponential(1.0 / float(highest))
