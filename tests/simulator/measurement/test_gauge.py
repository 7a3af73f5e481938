"""The gauge: areas under steps, on a clock that the test moves by hand."""

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.measurement import Gauge, GaugeStatistics


def test_the_mean_weighs_each_level_by_how_long_it_lasted() -> None:
    clock = SimpleNamespace(now=10.0)
    gauge = Gauge(clock, 2)
    clock.now = 11.0
    gauge.set(6)
    clock.now = 14.0

    assert gauge.mean() == (2 * 1 + 6 * 3) / 4


def test_adding_changes_the_level_by_a_difference() -> None:
    clock = SimpleNamespace(now=0.0)
    gauge = Gauge(clock)
    gauge.add(3)
    clock.now = 1.0
    gauge.add(-2)
    clock.now = 2.0

    assert (gauge.value, gauge.maximum, gauge.mean()) == (1, 3, 2.0)


def test_the_maximum_includes_a_level_that_lasted_no_time() -> None:
    gauge = Gauge(SimpleNamespace(now=0.0))
    gauge.add(5)
    gauge.add(-5)

    assert (gauge.maximum, gauge.mean()) == (5, 0)


def test_over_no_time_the_mean_is_the_level() -> None:
    assert Gauge(SimpleNamespace(now=3.0), 7).mean() == 7


def test_a_restart_forgets_the_warm_up() -> None:
    clock = SimpleNamespace(now=0.0)
    gauge = Gauge(clock, 100, keep_history=True)
    clock.now = 5.0
    gauge.set(1)
    gauge.restart()
    clock.now = 7.0

    assert gauge.statistics() == GaugeStatistics(since=5.0, until=7.0, value=1, mean=1.0, maximum=1)
    assert gauge.history.times.tolist() == [5.0]


def test_the_history_has_one_level_per_instant() -> None:
    clock = SimpleNamespace(now=0.0)
    gauge = Gauge(clock, keep_history=True)
    gauge.set(4)
    clock.now = 1.0
    gauge.add(1)
    gauge.add(1)
    clock.now = 3.0

    assert gauge.history.times.tolist() == [0.0, 1.0]
    assert gauge.history.values.tolist() == [4.0, 6.0]
    assert gauge.history.until == 3.0


def test_with_history_the_mean_can_look_back_to_any_time() -> None:
    clock = SimpleNamespace(now=0.0)
    gauge = Gauge(clock, 10, keep_history=True)
    clock.now = 4.0
    gauge.set(0)
    clock.now = 5.0

    assert gauge.mean(since=3.0) == 5.0
    assert gauge.mean(since=0.0) == gauge.mean() == 8.0


def test_without_history_there_is_no_looking_back() -> None:
    clock = SimpleNamespace(now=0.0)
    gauge = Gauge(clock, 10)
    clock.now = 4.0

    assert gauge.mean(since=0.0) == 10.0
    with pytest.raises(ValueError, match="keep_history=True"):
        gauge.mean(since=1.0)


@pytest.mark.slow
@settings(max_examples=60)
@given(st.lists(st.tuples(st.floats(0.0, 10.0), st.integers(-5, 5)), max_size=30))
def test_area_kept_and_area_of_the_history_are_the_same(steps: list[tuple[float, int]]) -> None:
    clock = SimpleNamespace(now=0.0)
    gauge = Gauge(clock, keep_history=True)
    for pause, delta in steps:
        clock.now += pause
        gauge.add(delta)

    assert gauge.mean() == pytest.approx(gauge.history.mean(), abs=1e-9)
    assert gauge.maximum >= np.max(gauge.history.values)


@pytest.fixture
def queue_trace() -> Callable[[bool], list[tuple[float, int]]]:
    """A run of a queue that tells what happened when, watched by a gauge or not."""

    def run(is_watched: bool) -> list[tuple[float, int]]:
        environment = simpy.Environment()
        clerk = simpy.Resource(environment)
        gauge = Gauge(environment, keep_history=True)
        trace = []

        def customer(number: int) -> simpy.events.ProcessGenerator:
            yield environment.timeout(number * 0.7)
            with clerk.request() as turn:
                if is_watched:
                    gauge.add(1)
                yield turn
                yield environment.timeout(1.0)
            if is_watched:
                gauge.add(-1)
            trace.append((environment.now, number))

        for number in range(20):
            environment.process(customer(number))
        environment.run()
        return trace

    return run


def test_watching_changes_nothing(queue_trace: Callable[[bool], list[tuple[float, int]]]) -> None:
    assert queue_trace(True) == queue_trace(False)
