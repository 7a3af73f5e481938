"""A window before a limit, rule by rule, as in Netflix's `WindowedLimit.java`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest

from models.resilience.shedding import ConcurrencyLimit, FixedLimit, VegasLimit, WindowedLimit
from models.resilience.shedding.limits import LimitEstimator
from simulator import Environment

from .fed import Fed


@dataclass(frozen=True)
class Told(ConcurrencyLimit):
    """Raises its limit by one with each sample, and keeps the samples."""

    samples: list[tuple[float, int, bool]] = field(default_factory=list)

    def estimator(
        self, env: Environment, uniform: Callable[[], float], changed: Callable[[int], None]
    ) -> LimitEstimator:
        samples = self.samples

        class Told(LimitEstimator):
            def sample(self, start: float, duration: float, in_flight: int, did_drop: bool) -> None:
                samples.append((duration, in_flight, did_drop))
                self._set(self.limit + 1)

        return Told(1, changed)


def windowed(**settings: Any) -> tuple[Fed, list[tuple[float, int, bool]]]:
    told = Told()
    return Fed(WindowedLimit(told, **settings)), told.samples


def feed_at(fed: Fed, times: list[float], duration: float = 0.01, **sample: Any) -> None:
    for time in times:
        if time > fed.env.now:
            fed.env.run(until=time)
        fed.feed(duration, **sample)


def test_a_window_is_closed_by_the_first_sample_after_its_end() -> None:
    fed, samples = windowed(sample_count_min=2)
    # The very first sample closes a window of itself, of which too little is known to say anything.
    feed_at(fed, [0.5, 1.0, 1.25, 1.5])
    assert samples == []
    feed_at(fed, [1.75])
    assert len(samples) == 1
    assert (fed.limit, fed.changes) == (2, [2])


def test_it_tells_the_mean_duration_the_most_in_flight_and_any_drop() -> None:
    fed, samples = windowed(sample_count_min=3)
    feed_at(fed, [0.5])
    feed_at(fed, [0.75], 0.1, in_flight=7)
    feed_at(fed, [1.0], 0.2, in_flight=2, drop=True)
    feed_at(fed, [2.0], 0.6, in_flight=3)
    assert samples == [(pytest.approx(0.3), 7, True)]
    feed_at(fed, [2.25, 2.5, 3.25], 0.25, in_flight=1)
    assert samples[1:] == [(0.25, 1, False)]


def test_a_window_of_too_few_samples_is_thrown_away() -> None:
    fed, samples = windowed(sample_count_min=3)
    feed_at(fed, [0.5, 0.75, 1.75, 2.0, 2.25, 3.0])
    # Two up to 1.75, and they are gone; three up to 3.0.
    assert len(samples) == 1


def test_short_samples_do_not_count() -> None:
    fed, samples = windowed(sample_count_min=1, duration_min=0.5)
    feed_at(fed, [0.5, 1.0, 5.0], 0.4)
    assert samples == []
    feed_at(fed, [6.0], 0.5)
    assert samples == [(0.5, 1, False)]


def test_a_window_lasts_twice_the_shortest_duration_within_its_bounds() -> None:
    fed, samples = windowed(window_min=0.125, window_max=0.5, sample_count_min=1)

    def closings(duration: float) -> list[float]:
        start, before = fed.env.now, len(samples)
        ends = []
        for step in range(1, 65):
            fed.env.run(until=start + step / 32)
            fed.feed(duration)
            if len(samples) > before:
                before = len(samples)
                ends.append(step / 32)
        return [later - earlier for earlier, later in pairwise(ends)][1:]

    a_step = 1 / 32
    assert set(closings(0.125)) == {0.25 + a_step}
    assert set(closings(0.001)) == {0.125 + a_step}
    assert set(closings(3.0)) == {0.5 + a_step}


def test_it_is_as_random_as_what_is_inside() -> None:
    assert WindowedLimit(VegasLimit()).is_random
    assert not WindowedLimit(FixedLimit(1)).is_random


def test_what_is_no_limit_is_refused() -> None:
    with pytest.raises(TypeError, match=r"limit must be a ConcurrencyLimit, such as VegasLimit\(\), got 5"):
        WindowedLimit(5)  # type: ignore[arg-type]
