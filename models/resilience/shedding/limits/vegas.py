"""Vegas: the limit that keeps a few calls queueing, by how much longer calls take than without load.

Rules, per sample, with rtt its duration, rtt_noload the shortest seen since the last probe, and lg the whole
part of log10(limit), at least 1 (so 1 below a limit of 100, 2 from there):

1. Each sample counts. When `probe_multiplier` x limit x jitter have come, jitter uniform in [0.5, 1) and
   drawn anew each time, this one is a probe: it becomes rtt_noload, and nothing else happens.
2. A sample shorter than rtt_noload, and the first, becomes rtt_noload, and nothing else happens.
3. A drop: limit - lg.
4. If 2 x in flight at its start < limit: nothing.
5. The queue is estimated as ceil(limit (1 - rtt_noload / rtt)). Up to lg: limit + 6 lg. Below 3 lg: limit +
   lg. Above 6 lg: limit - lg. Else nothing.
6. Always within [1, `limit_max`], and moved only by the share `smoothing` of the way.

For c equal cores, equal work and enough load the limit belongs between c + 3 lg and c + 6 lg. Measured at
twice the capacity (`tests/theory/resilience/test_shedding.py`): behind a `WindowedLimit` that has seen light
load before, it comes down to c + 6 and stays: 10 for 4 cores, 22 for 16. Told of each call it learns of a
queue too late and hunts: 9 to 45 for 16 cores, 24 in the mean, with a tenth of the capacity lost. And where
the work varies the shortest call is next to nothing, so that all work looks like a queue: for exponential
work it falls to 6, whatever c is.

A probe under load takes the queue for part of the work: rtt_noload rises, and the limit after it. Drops take
rules 1 and 2 as well, so that a quick rejection further in becomes rtt_noload and pulls the limit down; so it
is in the source. A duration of 0, which the source refuses, is left out of rules 1 and 2, and is no sign of a
queue.

Sources: Netflix concurrency-limits, `VegasLimit.java` and `Log10RootIntFunction.java`; after Brakmo and
Peterson, "TCP Vegas" (1995). Leaves out the source's replaceable functions for alpha, beta, threshold and the
steps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, log10

from simulator import Environment

from ....validation import require_count, require_share
from .limit import Changed, ConcurrencyLimit, LimitEstimator, require_limits, within


@dataclass(frozen=True, slots=True, kw_only=True)
class VegasLimit(ConcurrencyLimit):
    """Keeps 3 to 6 (from a limit of 100 on 6 to 12) calls queueing at the target, by their durations.

    The limit starts at `limit_initial` (20) and stays within 1 and `limit_max` (1000). About every
    `probe_multiplier` (30) x limit samples the duration without load is measured anew, at random moments:
    needs an environment with a seed. `smoothing` (1; in (0, 1]) is the share of each step that is taken.
    """

    limit_initial: int = 20
    limit_max: int = 1000
    smoothing: float = 1.0
    probe_multiplier: int = 30

    def __post_init__(self) -> None:
        """Check the parameters."""
        require_limits(self.limit_initial, 1, self.limit_max)
        require_share("smoothing", self.smoothing)
        require_count("probe_multiplier", self.probe_multiplier)

    @property
    def is_random(self) -> bool:
        """Always: the probes."""
        return True

    def estimator(self, env: Environment, uniform: Callable[[], float], changed: Changed) -> LimitEstimator:
        """Return one that starts at `limit_initial`."""
        return _Vegas(self, uniform, changed)


class _Vegas(LimitEstimator):
    __slots__ = ("_estimate", "_jitter", "_policy", "_rtt_noload", "_since_probe", "_uniform")

    def __init__(self, policy: VegasLimit, uniform: Callable[[], float], changed: Changed) -> None:
        super().__init__(policy.limit_initial, changed)
        self._policy = policy
        self._uniform = uniform
        self._estimate = float(policy.limit_initial)
        self._rtt_noload = 0.0  # none yet
        self._since_probe = 0
        self._jitter = self._draw_jitter()

    def _draw_jitter(self) -> float:
        return 0.5 + 0.5 * self._uniform()

    def sample(self, start: float, duration: float, in_flight: int, did_drop: bool) -> None:
        if duration > 0 and self._is_new_noload(duration):
            self._rtt_noload = duration
            return
        estimate = self._target(duration, in_flight, did_drop)
        if estimate != self._estimate:
            policy = self._policy
            estimate = within(1, estimate, policy.limit_max)
            self._estimate = (1.0 - policy.smoothing) * self._estimate + policy.smoothing * estimate
            self._set(int(self._estimate))

    def _is_new_noload(self, rtt: float) -> bool:
        self._since_probe += 1
        if self._jitter * self._policy.probe_multiplier * self._estimate <= self._since_probe:
            self._jitter = self._draw_jitter()
            self._since_probe = 0
            return True
        return self._rtt_noload == 0.0 or rtt < self._rtt_noload

    def _target(self, rtt: float, in_flight: int, did_drop: bool) -> float:
        """Return where the estimate should go."""
        estimate = self._estimate
        step = max(1, int(log10(int(estimate))))
        if did_drop:
            return estimate - step
        if in_flight * 2 < estimate:
            return estimate
        queue = ceil(estimate * (1.0 - self._rtt_noload / rtt)) if rtt > 0 else 0
        if queue <= step:
            return estimate + 6 * step
        if queue < 3 * step:
            return estimate + step
        if queue > 6 * step:
            return estimate - step
        return estimate
