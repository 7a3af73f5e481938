"""Step functions: levels, areas and means at and between the changes."""

import numpy as np
import pytest

from simulator.measurement import StepFunction


@pytest.fixture
def steps() -> StepFunction:
    """Level 1 on [10, 12), 5 on [12, 13), 0 on [13, 20]."""
    return StepFunction(times=np.array([10.0, 12.0, 13.0]), values=np.array([1.0, 5.0, 0.0]), until=20.0)


def test_at_a_change_the_level_is_the_new_one(steps: StepFunction) -> None:
    assert steps.at([10.0, 11.9, 12.0, 12.5, 13.0, 20.0]).tolist() == [1.0, 1.0, 5.0, 5.0, 0.0, 0.0]


def test_the_area_grows_with_the_level(steps: StepFunction) -> None:
    assert steps.area([10.0, 11.0, 12.0, 12.5, 13.0, 20.0]).tolist() == [0.0, 1.0, 2.0, 4.5, 7.0, 7.0]


def test_means_are_areas_by_time(steps: StepFunction) -> None:
    assert steps.mean() == 0.7
    assert steps.mean(11.0, 13.0) == 3.0
    assert steps.mean(since=12.0) == 5.0 / 8.0
    assert steps.mean(12.0, 12.0) == 5.0


def test_nothing_is_known_outside(steps: StepFunction) -> None:
    with pytest.raises(ValueError, match=r"times must be in \[10.0, 20.0\] s"):
        steps.at(9.0)
    with pytest.raises(ValueError, match=r"times must be in \[10.0, 20.0\] s"):
        steps.mean(until=21.0)
    with pytest.raises(ValueError, match=r"since must be <= until = 11.0 s, got 12.0"):
        steps.mean(12.0, 11.0)


@pytest.mark.parametrize("times", [[], [0.0, 1.0]])
def test_steps_have_as_many_times_as_levels(times: list[float]) -> None:
    with pytest.raises(ValueError, match="steps need as many times as values"):
        StepFunction(times=np.array(times), values=np.array([1.0]), until=2.0)


def test_steps_do_not_end_before_the_last_change() -> None:
    with pytest.raises(ValueError, match=r"times must increase and end by until = 0.5 s"):
        StepFunction(times=np.array([0.0, 1.0]), values=np.array([1.0, 2.0]), until=0.5)


def test_two_levels_at_one_time_are_no_function() -> None:
    with pytest.raises(ValueError, match="times must increase"):
        StepFunction(times=np.array([1.0, 1.0]), values=np.array([1.0, 2.0]), until=2.0)
