"""Evidence: what one window of a run has to say about requirements.

Requests belong to the window in which they were *sent*, and each of them counts: those that ended as they
did, those that still hang (`in_flight_count`) as never answered. A monitor that looks at answers only takes
silence for good service; here silence is failure.

So that no request is called hung that was merely asked a moment ago, judge when it has had its time: let the
run go on after the window's end for as long as users have patience. Whoever is in flight even then hangs.
Nobody records what the hung ones asked for, so they count against the objectives of every operation.

Leaves out: which requests hang, and weights; a request is a request. Pure data: nothing here runs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite

import numpy as np
import numpy.typing as npt

from simulator import RequestTable
from simulator.measurement import RequestSample

from ..validation import require_count, require_positive


def _nothing() -> npt.NDArray[np.float64]:
    return np.empty(0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evidence:
    """What was seen in the window [`start`, `end`) of a run, in simulated seconds.

    - `requests`: those sent in the window that have ended, or None where nobody looked; their own window must
      be this one. `in_flight_count` more have been sent and not answered.
    - `arrival_rate`: how many requests per second were to come, where that is known; None: as counted.
    - `acknowledged_count` writes were acknowledged, of which `lost_count` do not exist any more; None: nobody
      looked.
    - `staleness`: of each read, by how many seconds (>= 0, may be infinite) its value was out of date, shape
      (reads,).

    Example::

        users = shop.admit_users(until=60.0)
        env.run(until=75.0)
        evidence = Evidence.of_table(users.table, start=10.0, end=60.0)
    """

    start: float
    end: float
    requests: RequestSample | None = None
    in_flight_count: int = 0
    arrival_rate: float | None = None
    acknowledged_count: int | None = None
    lost_count: int | None = None
    staleness: npt.NDArray[np.float64] = field(default_factory=_nothing)

    def __post_init__(self) -> None:
        """Check that the parts are possible, and of one window."""
        if not (isfinite(self.start) and isfinite(self.end) and self.start < self.end):
            raise ValueError(f"end must be finite and > start = {self.start} s, got {self.end!r}")
        if self.requests is not None and (self.requests.since, self.requests.until) != (self.start, self.end):
            raise ValueError(
                f"requests must be of the window [{self.start}, {self.end}) s, "
                f"got [{self.requests.since}, {self.requests.until})"
            )
        require_count("in_flight_count", self.in_flight_count, lowest=0)
        if self.arrival_rate is not None:
            require_positive("arrival_rate", self.arrival_rate, "per s")
        self._require_writes()
        staleness = np.array(self.staleness, dtype=np.float64)
        if staleness.ndim != 1 or not np.all(staleness >= 0.0):
            raise ValueError(f"staleness must be a list of times >= 0 s, got {self.staleness!r}")
        object.__setattr__(self, "staleness", staleness)

    def _require_writes(self) -> None:
        if (self.acknowledged_count is None) != (self.lost_count is None):
            raise ValueError(
                "acknowledged_count and lost_count must be given together, "
                f"got {self.acknowledged_count!r} and {self.lost_count!r}"
            )
        if self.acknowledged_count is not None and self.lost_count is not None:
            require_count("acknowledged_count", self.acknowledged_count, lowest=0)
            require_count("lost_count", self.lost_count, lowest=0)
            if self.lost_count > self.acknowledged_count:
                raise ValueError(
                    f"lost_count must be <= acknowledged_count = {self.acknowledged_count}, "
                    f"got {self.lost_count}"
                )

    @classmethod
    def of_table(
        cls,
        table: RequestTable,
        *,
        start: float,
        end: float,
        in_flight_count: int | None = None,
        arrival_rate: float | None = None,
    ) -> Evidence:
        """Return what `table` knows by now about the requests sent in [start, end) s.

        By default all that are in flight now, whenever they were sent, are taken to hang and to be the
        window's: nothing is made to look better than it was. Where others have been sent since, or the
        window is one of several, say in `in_flight_count` how many of this window's have not ended.
        """
        return cls(
            start=start,
            end=end,
            requests=table.sample(start, end, by="start"),
            in_flight_count=table.in_flight if in_flight_count is None else in_flight_count,
            arrival_rate=arrival_rate,
        )

    @property
    def duration(self) -> float:
        """The length of the window in seconds."""
        return self.end - self.start

    @property
    def load(self) -> float | None:
        """Requests per second that were sent: as known, else as counted; None where nobody looked."""
        if self.arrival_rate is not None:
            return self.arrival_rate
        if self.requests is None:
            return None
        return (len(self.requests) + self.in_flight_count) / self.duration
