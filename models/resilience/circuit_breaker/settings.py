"""The settings of a circuit breaker: the policies that its state machine asks, and their numbers.

What counts as a failure? In all three libraries everything that fails, unless told otherwise, and so here: a
`Rejected` (Hystrix counts its pool's rejections; a full dependency is a failing one) and also a nested
breaker's `BreakerOpen` (what is behind it cannot answer). A breaker's own rejections are never recorded. A
failure that is neither counted nor ignored is a success: the dependency answered, if only "no such customer"
(resilience4j's and Polly's rule).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from math import inf

from ...failures import CallFailed
from ...validation import require_count, require_duration, require_finite_duration
from ..backoff import Backoff, ConstantBackoff
from .failure_rate import FailureRate
from .trip_rule import TripRule

_HALF_OF_A_HUNDRED = FailureRate()


class AbandonedTrial(Enum):
    """What a half-open breaker does when a trial ends without a result: cancelled, killed, or ignored."""

    RELEASE = auto()
    """Its permit is free again, for the next call (resilience4j)."""

    REOPEN = auto()
    """The breaker opens again, and waits its time (Hystrix)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitBreakerSettings:
    """How a breaker decides; the defaults are resilience4j's.

    - `trip_rule`: what opens it, and what closes it again.
    - `open_duration`: how long it stays open, in seconds (> 0), or a `Backoff` whose n-th delay is for the
      n-th opening in a row.
    - `is_open_duration_inclusive`: whether a call at the very end of that time is a trial already (Polly), or
      only one after it.
    - `trial_count` (>= 1): how many trials are let through when half-open.
    - `trial_duration_max` (> 0 s): after so long in half-open it opens again; infinity waits for ever for the
      trials' results.
    - `half_opens_by_itself`: a timer ends the open state, instead of the first call after it.
    - `strict_epochs`: results of calls that began before the last change of state are dropped. The libraries
      let them act on the present state, so that a slow success from before the trouble may close a half-open
      breaker.
    - `counts_as_failure`, `ignores`: classes of failures; ignored ones are not recorded, and `ignores` wins.
    - `abandoned_trial`: see `AbandonedTrial`.
    """

    trip_rule: TripRule = _HALF_OF_A_HUNDRED
    open_duration: float | Backoff = 60.0
    is_open_duration_inclusive: bool = False
    trial_count: int = 10
    trial_duration_max: float = inf
    half_opens_by_itself: bool = False
    strict_epochs: bool = False
    counts_as_failure: tuple[type[CallFailed], ...] = (CallFailed,)
    ignores: tuple[type[CallFailed], ...] = ()
    abandoned_trial: AbandonedTrial = AbandonedTrial.RELEASE

    def __post_init__(self) -> None:
        """Check the parameters."""
        if not isinstance(self.open_duration, Backoff):
            require_finite_duration("open_duration", self.open_duration)
        require_count("trial_count", self.trial_count)
        require_duration("trial_duration_max", self.trial_duration_max)

    @property
    def open_durations(self) -> Backoff:
        """The open duration as a backoff, which it is when it is a number, too."""
        duration = self.open_duration
        return duration if isinstance(duration, Backoff) else ConstantBackoff(delay=duration)
