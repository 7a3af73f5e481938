"""AIMD: one more with each good call, a tenth less with each drop, as TCP Reno has it.

Rules, per sample:

- A drop, or a call that took longer than `timeout`: the limit becomes floor(`backoff_ratio` x limit).
- Another call that found the limit at least half used (2 x in flight >= limit): the limit grows by one.
- Another one: nothing. Who does not use the limit must not raise it.
- Always within [`limit_min`, `limit_max`].

It sees loss, not delay: without timeouts further in it grows until something rejects. Meant for the caller's
side. Source: Netflix concurrency-limits, `AIMDLimit.java` (rules and defaults as of 0.4; the first versions
began at 10 and had no bounds).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from simulator import Environment

from ....validation import require_duration
from .limit import Changed, ConcurrencyLimit, LimitEstimator, require_limits, within


@dataclass(frozen=True, slots=True, kw_only=True)
class AimdLimit(ConcurrencyLimit):
    """Adds one for each good call, and multiplies by `backoff_ratio` (0.9; in [0.5, 1)) for each drop.

    A call of more than `timeout` (5 s; > 0) is a drop. The limit starts at `limit_initial` (20) and stays
    within `limit_min` (20) and `limit_max` (200). With the default minimum a small server is never protected:
    set it.
    """

    limit_initial: int = 20
    limit_min: int = 20
    limit_max: int = 200
    backoff_ratio: float = 0.9
    timeout: float = 5.0

    def __post_init__(self) -> None:
        """Check the parameters."""
        require_limits(self.limit_initial, self.limit_min, self.limit_max)
        if not 0.5 <= self.backoff_ratio < 1:
            raise ValueError(f"backoff_ratio must lie in [0.5, 1), got {self.backoff_ratio!r}")
        require_duration("timeout", self.timeout)

    def estimator(self, env: Environment, uniform: Callable[[], float], changed: Changed) -> LimitEstimator:
        """Return one that starts at `limit_initial`."""
        return _Aimd(self, changed)


class _Aimd(LimitEstimator):
    __slots__ = ("_policy",)

    def __init__(self, policy: AimdLimit, changed: Changed) -> None:
        super().__init__(policy.limit_initial, changed)
        self._policy = policy

    def sample(self, start: float, duration: float, in_flight: int, did_drop: bool) -> None:
        policy, limit = self._policy, self.limit
        if did_drop or duration > policy.timeout:
            limit = int(limit * policy.backoff_ratio)
        elif in_flight * 2 >= limit:
            limit += 1
        self._set(int(within(policy.limit_min, limit, policy.limit_max)))
