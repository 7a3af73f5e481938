"""A fixed limit: so many calls in flight, whatever happens. What one has who knows the capacity.

Source: Netflix concurrency-limits, `FixedLimit`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from simulator import Environment

from ....validation import require_count
from .limit import Changed, ConcurrencyLimit, LimitEstimator


@dataclass(frozen=True, slots=True)
class FixedLimit(ConcurrencyLimit):
    """Always `limit` (>= 1) calls in flight."""

    limit: int

    def __post_init__(self) -> None:
        """Check the limit."""
        require_count("limit", self.limit)

    def estimator(self, env: Environment, uniform: Callable[[], float], changed: Changed) -> LimitEstimator:
        """Return one that learns nothing."""
        return _Fixed(self.limit, changed)


class _Fixed(LimitEstimator):
    __slots__ = ()

    def sample(self, start: float, duration: float, in_flight: int, did_drop: bool) -> None:
        return
