"""Ages of answers: how old what clients are told is, when they are told, and what share comes from a cache.

An answer that a cache has given, or has had a part in, says as of when it is (`Response.as_of`): the time at
which the origin was asked. Its age is the time since then, on its arrival where the observer stands, with the
way back in it. One from the origin itself has none, and counts as of age 0, from wherever it came.

An old answer need not be a stale one: nobody may have written meanwhile. Whether somebody has is what
`consistency.staleness_of_reads` says, from a history of reads and writes; a read's staleness, which ends when
it is asked for, is never more than its age.

Source: RFC 9111, section 4.2.3 (current age).
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from math import inf, nan

import numpy as np
from numpy.typing import NDArray

from simulator import Environment

from ..endpoint import Call, Endpoint, Wrapper
from ..request import Request
from ..validation import require_each, require_percentile


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeSummary:
    """Of `answer_count` answers `cached_count` had to do with a cache; ages in seconds, of all, nan if none.

    `cached_age_mean` is that of the cached ones alone.
    """

    answer_count: int
    cached_count: int
    age_mean: float
    age_max: float
    cached_age_mean: float

    @property
    def cached_ratio(self) -> float:
        """The share of answers that had to do with a cache, nan without any."""
        return self.cached_count / self.answer_count if self.answer_count else nan


class AnswerAges:
    """The ages of what is answered through the endpoints that it stands `around`.

    Only `operations` are looked at, by default what a cache takes for reads; what fails has no answer.

    Example::

        ages = AnswerAges(env)
        website = ages.around(network.connect(client, proxy))
        ...
        ages.percentile(99.0, start=10.0), ages.summary(start=10.0).cached_ratio
    """

    def __init__(self, env: Environment, *, operations: Iterable[str] = ("get", "read")) -> None:
        """Have seen nothing."""
        self._env = env
        self.operations = frozenset(require_each("operations", operations, str))
        self._times = array("d")
        self._ages = array("d")  # nan for those of the origin

    def around(self, target: Endpoint) -> Endpoint:
        """Return an endpoint that answers as `target` does, and is watched."""
        return _Watched(target, self)

    def record(self, as_of: float | None) -> None:
        """Note an answer that is there now; for the endpoints."""
        now = self._env.now
        self._times.append(now)
        self._ages.append(nan if as_of is None else now - as_of)

    def times(self, start: float = 0.0, end: float = inf) -> NDArray[np.float64]:
        """Return when the answers from `start` to before `end` (s) were there, in order."""
        times = np.array(self._times)
        return times[self._between(times, start, end)]

    def ages(self, start: float = 0.0, end: float = inf) -> NDArray[np.float64]:
        """Return the ages (s) of the answers that were there from `start` to before `end` (s), in order."""
        return np.nan_to_num(self._raw(start, end), nan=0.0)

    def percentile(self, percentile: float, start: float = 0.0, end: float = inf) -> float:
        """Return the age (s) that so many percent, in (0, 100], of the answers do not exceed; nan if none."""
        require_percentile("percentile", percentile)
        ages = self.ages(start, end)
        return float(np.percentile(ages, percentile)) if ages.size else nan

    def summary(self, start: float = 0.0, end: float = inf) -> AgeSummary:
        """Return how old the answers from `start` to before `end` (s) were."""
        raw, ages = self._raw(start, end), self.ages(start, end)
        cached = raw[~np.isnan(raw)]
        return AgeSummary(
            answer_count=raw.size,
            cached_count=cached.size,
            age_mean=float(ages.mean()) if ages.size else nan,
            age_max=float(ages.max()) if ages.size else nan,
            cached_age_mean=float(cached.mean()) if cached.size else nan,
        )

    def _raw(self, start: float, end: float) -> NDArray[np.float64]:
        return np.array(self._ages)[self._between(np.array(self._times), start, end)]

    @staticmethod
    def _between(times: NDArray[np.float64], start: float, end: float) -> slice:
        return slice(int(np.searchsorted(times, start)), int(np.searchsorted(times, end)))


class _Watched(Wrapper):
    """An endpoint whose answers are looked at."""

    def __init__(self, target: Endpoint, ages: AnswerAges) -> None:
        super().__init__(target, name=target.name)
        self._ages = ages

    def call(self, request: Request) -> Call:
        """Answer as the target does."""
        response = yield from self.target.call(request)
        if request.operation in self._ages.operations:
            self._ages.record(response.as_of)
        return response
