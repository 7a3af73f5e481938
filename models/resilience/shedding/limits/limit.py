"""The contract of concurrency limits: a policy is a frozen value, and each limiter gets an estimator from it.

An estimator is told how calls have ended and says how many may be in flight. What it is told follows the
listener of Netflix's concurrency-limits: a call that was answered is a *success*, one that was turned away
further in or ran out of time is a *drop*, and of one that says nothing about load (another failure, a caller
that has gone) it hears nothing. The duration of a sample is that from admission to end, without the wait for
admission.

Durations come from the simulated clock, so that they may be 0 where the sources have a nanosecond at least;
each member says what it makes of that. The members are in files of their own, each after one source:
`fixed`, `aimd`, `vegas`, `gradient2`, `envoy_gradient`, and `windowed`, which stands around another.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from simulator import Environment
from simulator.randomness import Uniform

from ....validation import require_count

Changed = Callable[[int], None]
"""What an estimator calls with its new limit."""


class LimitEstimator(ABC):
    """The state of one limiter's limit; `limit` (>= 1) calls may be in flight now.

    `changed(limit)` is called at each change, samples and timers alike.
    """

    __slots__ = ("_changed", "limit")

    def __init__(self, limit: int, changed: Changed) -> None:
        self.limit = limit
        self._changed = changed

    @abstractmethod
    def sample(self, start: float, duration: float, in_flight: int, did_drop: bool) -> None:
        """Learn from a call that was admitted at `start`, took `duration` (s), and ended well or by a drop.

        `in_flight` calls were in flight when it was admitted, itself included.
        """

    def stop(self) -> None:
        """Do nothing more unasked: the limiter has begun anew with another estimator."""
        return

    def _set(self, limit: int) -> None:
        if limit != self.limit:
            assert limit >= 1, f"a limit must be >= 1, got {limit!r}: with nothing in flight it never changes"
            self.limit = limit
            self._changed(limit)


class ConcurrencyLimit(ABC):
    """Makes the estimators; derive from it, as a frozen dataclass, to make your own."""

    __slots__ = ()

    @property
    def is_random(self) -> bool:
        """Whether estimators draw random numbers: then the environment needs a seed."""
        return False

    @abstractmethod
    def estimator(self, env: Environment, uniform: Callable[[], float], changed: Changed) -> LimitEstimator:
        """Return a new estimator; `uniform` gives numbers in [0, 1), and is asked only if `is_random`."""


def limit_randomness(env: Environment, limit: ConcurrencyLimit, name: str) -> Callable[[], float]:
    """Return what estimators of `limit` draw from: the stream `name`, or nothing for one that is not random.

    Raises `TypeError` for what is no limit.
    """
    if not isinstance(limit, ConcurrencyLimit):
        raise TypeError(f"limit must be a ConcurrencyLimit, such as FixedLimit(10), got {limit!r}")
    return env.sampler(name, Uniform(0.0, 1.0)) if limit.is_random else _no_number


def require_limits(initial: int, lowest: int, highest: int) -> None:
    """Raise `ValueError` unless 1 <= `lowest` <= `initial` <= `highest`, whole numbers all of them."""
    require_count("limit_min", lowest)
    require_count("limit_max", highest)
    if not highest >= lowest:
        raise ValueError(f"limit_max must be >= limit_min ({lowest!r}), got {highest!r}")
    require_count("limit_initial", initial)
    if not lowest <= initial <= highest:
        raise ValueError(f"limit_initial must lie in [{lowest!r}, {highest!r}], got {initial!r}")


def within(lowest: int, limit: float, highest: int) -> float:
    """Return `limit`, or the bound that it has passed."""
    return max(lowest, min(highest, limit))


def _no_number() -> float:
    raise AssertionError("a limit that is not random has asked for a random number")
