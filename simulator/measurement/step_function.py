"""A level that changes in steps: how many were in flight, how many replicas ran, as a function of time.

Averages are areas under the steps divided by time, with no sampling. Left out: units and names, which are the
reader's.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StepFunction:
    """The level `values[i]` from `times[i]` until the next time; the last one lasts `until`.

    `times` (s, increasing) and `values` have the same shape (steps,), at least one step.

    >>> StepFunction(times=np.array([0.0, 1.0]), values=np.array([0.0, 3.0]), until=4.0).mean()
    2.25
    """

    times: npt.NDArray[np.float64]
    values: npt.NDArray[np.float64]
    until: float

    def __post_init__(self) -> None:
        """Raise ValueError unless this is a function of time."""
        if not len(self.times) or len(self.times) != len(self.values):
            raise ValueError(
                f"steps need as many times as values, got {len(self.times)} and {len(self.values)}"
            )
        if np.any(np.diff(self.times) <= 0.0) or not self.until >= self.times[-1]:
            raise ValueError(f"times must increase and end by until = {self.until} s")

    def at(self, times: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return the level at these times (s), each within the steps; at a change it is the new level."""
        return self.values[np.searchsorted(self.times, self._inside(times), side="right") - 1]

    def area(self, times: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return the area under the steps from the first one to each of these times (level times seconds)."""
        inside = self._inside(times)
        step = np.searchsorted(self.times, inside, side="right") - 1
        area_before = np.concatenate(([0.0], np.cumsum(self.values[:-1] * np.diff(self.times))))
        return np.asarray(area_before[step] + self.values[step] * (inside - self.times[step]))

    def mean(self, since: float | None = None, until: float | None = None) -> float:
        """Return the time-weighted mean over [since, until] (s; default: all); over no time, the level."""
        first = float(self.times[0]) if since is None else since
        last = self.until if until is None else until
        if first > last:
            raise ValueError(f"since must be <= until = {last} s, got {first}")
        if first == last:
            return float(self.at(first))
        before, after = self.area([first, last])
        return float((after - before) / (last - first))

    def _inside(self, times: npt.ArrayLike) -> npt.NDArray[np.float64]:
        asked = np.asarray(times, dtype=np.float64)
        if not np.all((asked >= self.times[0]) & (asked <= self.until)):
            raise ValueError(f"times must be in [{self.times[0]}, {self.until}] s, got {asked}")
        return asked
