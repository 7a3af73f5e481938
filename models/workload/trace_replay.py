"""Replays a recorded trace: real popularity, real sizes, real bursts, at a chosen speed.

Open, as `OpenLoop` is: recorded users do not wait for the simulated system, and what they would have done
about a slower one is not known.

A server's log knows its times to the second only. Replayed as they stand, all requests of a second would
arrive at one instant: queues would see batches that never were, the worse the slower the replay. Three ways
to spread them within their second, none of which changes the count of any second or the order of the log:

    random   uniformly at random, as Poisson arrivals are once their number in a second is known (the default)
    even     at equal distances: the smoothest arrivals that the log allows, hence the shortest queues
    none     not at all: the burstiest, hence the longest queues

To see how much of a result hangs on what the log does not say, run `even` and `none` and compare.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from math import inf
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from simulator import Environment, RequestTable

from ..endpoint import Endpoint
from ..request import Request
from .recorded_trace import RecordedTrace
from .workload import Workload

Spread = Literal["random", "even", "none"]
_SPREADS = ("random", "even", "none")
# NumPy's numbers are slow one by one, and Python's take four times the space; so the columns become lists in
# pieces.
_BLOCK = 4_096


class TraceReplay(Workload):
    """Issues the requests of `trace`, `speed_up` (> 0) times as fast as they were recorded, beginning now.

    A request that came t seconds after the first is issued t / speed_up seconds from now; exact times
    (`trace.resolution` 0) are never spread. `spread` is said above; `random` draws on the stream
    `name/spread`, so that two replays with one seed are alike. Requests carry operation, key and size; beware
    that an access log records the size of the answer, which a handler may give back as that of its
    `Response`. `until`, `table`, `name`: see `Workload`. `arrivals` are the times of the clock, shape
    (requests,).

    Example: `TraceReplay(env, shop, load_trace("access.log.gz"), speed_up=1000.0)`.
    """

    def __init__(
        self,
        env: Environment,
        target: Endpoint,
        trace: RecordedTrace,
        *,
        speed_up: float = 1.0,
        spread: Spread = "random",
        until: float = inf,
        table: RequestTable | None = None,
        name: str = "trace_replay",
    ) -> None:
        """Check the arguments, fix all arrivals and begin."""
        super().__init__(env, target, until=until, table=table, name=name)
        if not 0.0 < speed_up < inf:
            raise ValueError(f"speed_up must be finite and > 0, got {speed_up!r}")
        if spread not in _SPREADS:
            raise ValueError(f"spread must be one of {', '.join(_SPREADS)}, got {spread!r}")
        self.trace = trace
        offsets = self._offsets(spread)
        self.arrivals: npt.NDArray[np.float64] = env.now + (trace.times + offsets) / speed_up
        self.arrivals.flags.writeable = False
        self._codes = [self.table.operation(operation) for operation in trace.operations]
        self._start()

    def _offsets(self, spread: Spread) -> npt.NDArray[np.float64]:
        """Return for each request how long after its recorded time it comes, in recorded seconds."""
        times = self.trace.times
        resolution = self.trace.resolution
        if resolution == 0.0 or spread == "none":
            return np.zeros(len(times))
        _, second, counts = np.unique(times, return_inverse=True, return_counts=True)
        if spread == "even":
            rank = np.arange(len(times)) - (np.cumsum(counts) - counts)[second]
            return resolution * (rank + 0.5) / counts[second]
        uniform = self._env.stream(f"{self.name}/spread").random(len(times))
        # Sorted within each second: which of the requests came first is known, from their order in the log.
        return resolution * uniform[np.lexsort((uniform, second))]

    def _issue_all(self) -> Generator[Any, Any, None]:
        env, trace, codes, send = self._env, self.trace, self._codes, self.client.send
        operations, keys = trace.operations, trace.keys
        for time, operation, key, size_bytes in self._rows():
            if time >= self.until:
                return
            if time > env.now:
                yield time - env.now
            request = Request(operations[operation], keys[key], None, size_bytes)
            env.launch(send(request, codes[operation]), self.name)

    def _rows(self) -> Iterator[tuple[float, int, int, int]]:
        """Return arrival, operation, key and size of each request, as Python's numbers, a block at a time."""
        trace = self.trace
        columns = (self.arrivals, trace.operation, trace.key, trace.size_bytes)
        for first in range(0, len(trace), _BLOCK):
            yield from zip(*(column[first : first + _BLOCK].tolist() for column in columns), strict=True)
