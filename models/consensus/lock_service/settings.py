"""How a lock service is set: how long a lease lasts, by whose clock, and how long questions are kept."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from ...validation import require_delay, require_finite_duration, require_number


@dataclass(frozen=True, slots=True, kw_only=True)
class LockSettings:
    """The settings of a lock service and its clients; times in seconds.

    A session ends `ttl` (> 0) by the leader's clock after the leader heard last of it. A client counts on
    `lease`: `ttl` over `clock_drift_bound` (>= 1), the ratio of the fastest clock's rate to the slowest's. It
    renews every `renewal_interval` (> 0, below the lease) of its own clock. A question how far a waiting
    session has got is kept for up to `question_kept` (> 0). Each step that a client takes costs `step_work`
    (>= 0) on a core of its host, so that where the host stands still its client does too.

    Defaults: a lease of 10 s and a renewal each third of it, as etcd's client library has it; Chubby's
    sessions have 12 s.
    """

    ttl: float = 10.0
    renewal_interval: float = 10.0 / 3.0
    clock_drift_bound: float = 1.01
    question_kept: float = 0.3
    step_work: float = 1e-5

    def __post_init__(self) -> None:
        """Check all of it."""
        for name in ("ttl", "renewal_interval", "question_kept"):
            require_finite_duration(name, getattr(self, name))
        require_delay("step_work", self.step_work)
        if not 1.0 <= require_number("clock_drift_bound", self.clock_drift_bound) < inf:
            raise ValueError(f"clock_drift_bound must be finite and >= 1, got {self.clock_drift_bound!r}")
        if not self.renewal_interval < self.lease:
            raise ValueError(
                f"renewal_interval must be shorter than the lease of {self.lease:g} s,"
                f" got {self.renewal_interval!r}"
            )

    @property
    def lease(self) -> float:
        """How long a client may count on its session, from when it sent what the leader has answered."""
        return self.ttl / self.clock_drift_bound


DEFAULT_LOCK_SETTINGS = LockSettings()
