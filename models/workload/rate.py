"""Arrival rates as functions of simulated time, each with the bound that exact thinning needs.

A shape is called with a time in seconds and returns a rate per second in [0, `rate_max`]. Time is that of the
environment's clock, not that since the workload began. Anything not here is a `RateFunction` of your own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import cos, inf, tau
from typing import Any

DAY = 86_400.0


class RateShape(ABC):
    """A rate per second as a function of time.

    `rate_max` bounds it, `silent_from` is the time from which it is 0 for good (infinity: never).
    """

    __slots__ = ()

    rate_max: Any
    silent_from: Any = inf

    @abstractmethod
    def __call__(self, time: float) -> float:
        """Return the rate per second at `time` seconds."""


class RateFunction(RateShape):
    """Any function of time, with the bound `rate_max` (> 0 per second) that its author promises.

    A workload that finds the promise broken stops the run with an error. Example::

        RateFunction(lambda time: 50.0 + time, rate_max=150.0)
    """

    __slots__ = ("_function", "rate_max")

    def __init__(self, function: Callable[[float], float], *, rate_max: float) -> None:
        """Check the bound; the function is checked when it is asked."""
        self._function = function
        self.rate_max = _positive("rate_max", rate_max)

    def __call__(self, time: float) -> float:
        """Return what the function says for `time` seconds."""
        return self._function(time)


class RateSteps(RateShape):
    """Piecewise constant: pairs of a start in seconds and the rate per second (>= 0) from then on.

    Before the first start it is 0.
    Example, a spike of five seconds: `RateSteps([(0.0, 40.0), (60.0, 80.0), (65.0, 40.0)])`.
    Raises `ValueError` unless starts increase and some rate is positive.
    """

    __slots__ = ("_rates", "_starts", "rate_max", "silent_from")

    def __init__(self, steps: Sequence[tuple[float, float]]) -> None:
        """Check the steps and find the highest."""
        self._starts = [float(start) for start, _ in steps]
        self._rates = [0.0, *(float(rate) for _, rate in steps)]
        if any(not earlier < later for earlier, later in zip(self._starts, self._starts[1:], strict=False)):
            raise ValueError(f"the starts of rate steps must increase, got {self._starts}")
        for start, rate in zip(self._starts, self._rates[1:], strict=True):
            if not (-inf < start < inf and 0.0 <= rate < inf):
                raise ValueError(f"a rate step must be (finite start, finite rate >= 0), got {(start, rate)}")
        self.rate_max = _positive("the highest rate of the steps", max(self._rates))
        self.silent_from = self._end()

    def _end(self) -> float:
        last = max(index for index, rate in enumerate(self._rates) if rate > 0.0)
        return self._starts[last] if last < len(self._starts) else inf

    def __call__(self, time: float) -> float:
        """Return the rate per second at `time` seconds."""
        return self._rates[bisect_right(self._starts, time)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantRate(RateShape):
    """The same `rate` (> 0 per second) at all times."""

    rate: float

    def __post_init__(self) -> None:
        """Check the fields."""
        _positive("rate", self.rate)

    @property
    def rate_max(self) -> float:
        """The rate itself."""
        return self.rate

    def __call__(self, time: float) -> float:
        """Return the rate per second."""
        return self.rate


@dataclass(frozen=True, slots=True, kw_only=True)
class FlashCrowd(RateShape):
    """A crowd comes and goes: up from `base_rate` (>= 0) to `peak_rate` (> base_rate) and back, linearly.

    The rise begins at `start` and takes `rise` seconds, the peak lasts `hold`, the fall takes `fall`
    (all >= 0 s).
    """

    base_rate: float
    peak_rate: float
    start: float
    rise: float = 0.0
    hold: float
    fall: float = 0.0

    def __post_init__(self) -> None:
        """Check the fields."""
        if not 0.0 <= self.base_rate < self.peak_rate < inf:
            raise ValueError(
                f"base_rate must be in [0, peak_rate), got {self.base_rate!r}, peak_rate {self.peak_rate!r}"
            )
        for field in ("start", "rise", "hold", "fall"):
            value = getattr(self, field)
            if not 0.0 <= value < inf:
                raise ValueError(f"{field} must be finite and >= 0 s, got {value!r}")

    @property
    def rate_max(self) -> float:
        """The rate at the peak."""
        return self.peak_rate

    @property
    def silent_from(self) -> float:
        """The end of the fall, where nobody comes at other times."""
        return inf if self.base_rate else self.start + self.rise + self.hold + self.fall

    def __call__(self, time: float) -> float:
        """Return the rate per second at `time` seconds."""
        since = time - self.start
        fallen = since - self.rise - self.hold
        if since < 0.0 or fallen >= self.fall:
            return self.base_rate
        share = 1.0
        if since < self.rise:
            share = since / self.rise
        elif fallen > 0.0:
            share = 1.0 - fallen / self.fall
        # Weighted from both ends: base + (peak - base) could exceed the peak by a rounding.
        return min(self.peak_rate, (1.0 - share) * self.base_rate + share * self.peak_rate)


@dataclass(frozen=True, slots=True, kw_only=True)
class DailySine(RateShape):
    """Day and night: `mean_rate` (> 0 per second) and a sine around it.

    `amplitude_ratio` (in [0, 1]) is that of the sine to the mean; its top is at `peak_time` seconds. `period`
    (> 0 s) is a day unless a shorter one makes a shorter run.
    """

    mean_rate: float
    amplitude_ratio: float = 0.5
    peak_time: float = 0.5 * DAY
    period: float = DAY

    def __post_init__(self) -> None:
        """Check the fields."""
        _positive("mean_rate", self.mean_rate)
        _positive("period", self.period)
        if not 0.0 <= self.amplitude_ratio <= 1.0:
            raise ValueError(f"amplitude_ratio must be in [0, 1], got {self.amplitude_ratio!r}")
        if not -inf < self.peak_time < inf:
            raise ValueError(f"peak_time must be finite, got {self.peak_time!r}")

    @property
    def rate_max(self) -> float:
        """The rate at the top."""
        return self.mean_rate * (1.0 + self.amplitude_ratio)

    def __call__(self, time: float) -> float:
        """Return the rate per second at `time` seconds."""
        return self.mean_rate * (
            1.0 + self.amplitude_ratio * cos(tau * (time - self.peak_time) / self.period)
        )


def _positive(name: str, value: float) -> float:
    if not 0.0 < value < inf:
        raise ValueError(f"{name} must be finite and > 0, got {value!r}")
    return value
