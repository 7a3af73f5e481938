"""Working hours: when they are, and how working time passes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from models.faults.chaos import WorkingHours

HOUR, DAY = 3_600.0, 86_400.0
WEEK = 7 * DAY
SHORT = WorkingHours(start=9.0, end=15.0, days=(0, 2), monday=-24.0, day=24.0)


@pytest.mark.parametrize(
    ("time", "is_open"),
    [
        (0.0, False),
        (9 * HOUR - 1.0, False),
        (9 * HOUR, True),
        (15 * HOUR - 1.0, True),
        (15 * HOUR, False),
        (4 * DAY + 12 * HOUR, True),  # Friday
        (5 * DAY + 12 * HOUR, False),
        (6 * DAY + 12 * HOUR, False),
        (WEEK + 12 * HOUR, True),
        (-3 * DAY + 12 * HOUR, True),  # the Friday before
        (-DAY + 12 * HOUR, False),
    ],
)
def test_from_nine_to_fifteen_monday_to_friday(time: float, is_open: bool) -> None:
    assert WorkingHours().is_open(time) is is_open


@pytest.mark.parametrize(
    ("start", "worked", "end"),
    [
        (0.0, 0.0, 9 * HOUR),
        (0.0, HOUR, 10 * HOUR),
        (14 * HOUR, 2 * HOUR, DAY + 10 * HOUR),
        (20 * HOUR, 0.0, DAY + 9 * HOUR),
        (14 * HOUR, HOUR, DAY + 9 * HOUR),  # the end of a day is the beginning of the next
        (4 * DAY + 14 * HOUR, 2 * HOUR, WEEK + 10 * HOUR),  # Friday to Monday
        (5 * DAY, HOUR, WEEK + 10 * HOUR),
        (0.0, 30 * HOUR, WEEK + 9 * HOUR),
        (10 * HOUR, 300 * HOUR, 10 * WEEK + 10 * HOUR),
        (-3 * DAY + 14 * HOUR, 2 * HOUR, 10 * HOUR),
    ],
)
def test_working_time_passes_in_working_hours_only(start: float, worked: float, end: float) -> None:
    assert WorkingHours().after(start, worked) == end


def test_days_hours_and_length_of_a_day_can_be_others() -> None:
    assert SHORT.length == 6.0
    assert [SHORT.is_open(time) for time in (-15.0, -10.0, 10.0, 34.0, 40.0)] == [
        True,
        True,
        False,
        True,
        False,
    ]
    assert SHORT.after(-10.0, 2.0) == 34.0
    assert SHORT.after(34.0, 6.0) == 168.0 - 24.0 + 10.0
    assert SHORT.opening(0) == -15.0
    assert [SHORT.work_day(time) for time in (-24.0, -10.0, 0.0, 34.0, 50.0, 200.0)] == [0, 0, 1, 1, 2, 3]
    around_the_clock = WorkingHours(start=0.0, end=DAY, days=(0, 1, 2, 3, 4, 5, 6))
    assert around_the_clock.after(5.0, 1e6) == 1_000_005.0
    assert around_the_clock.is_open(6.5 * DAY)


@pytest.mark.slow
@given(
    hours=st.builds(
        lambda start, length, days, monday: WorkingHours(
            start=float(start),
            end=float(start + length),
            days=tuple(sorted(days)),
            monday=float(monday),
            day=24.0,
        ),
        st.integers(0, 17),
        st.integers(1, 7),
        st.sets(st.integers(0, 6), min_size=1),
        st.integers(-200, 200),
    ),
    time=st.integers(-5_000, 5_000).map(lambda number: number / 8),
    worked=st.integers(0, 2_000).map(lambda number: number / 8),
)
def test_what_has_been_worked_is_the_time_spent_in_working_hours(
    hours: WorkingHours, time: float, worked: float
) -> None:
    end = hours.after(time, worked)
    assert end >= time
    assert hours.is_open(end)
    assert hours.worked(end) - hours.worked(time) == worked
    # By counting eighths of an hour, each of which lies inside or outside as a whole.
    steps = int((end - time) * 8)
    assert sum(hours.is_open(time + step / 8) for step in range(steps)) / 8 == worked


@pytest.mark.slow
@settings(max_examples=300)
@given(
    ends=st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 1.0)).filter(lambda two: abs(two[0] - two[1]) > 0.01),
    day=st.floats(0.5, 100_000.0),
    days=st.sets(st.integers(0, 6), min_size=1),
    time=st.floats(0.0, 1e6),
    count=st.integers(0, 9),
)
def test_whole_days_of_work_lead_to_the_same_moment_of_another_day_whatever_the_rounding(
    ends: tuple[float, float], day: float, days: set[int], time: float, count: int
) -> None:
    """And never into the past: the beginning of a day is not the end of the one before."""
    hours = WorkingHours(start=min(ends) * day, end=max(ends) * day, day=day, days=tuple(sorted(days)))
    end = hours.after(time, count * hours.length)
    number = hours.work_day(time) + count
    into = max(0.0, time - hours.opening(hours.work_day(time)))
    assert end >= time
    assume(into < (1.0 - 1e-6) * hours.length)  # the last moment of a day is as good as its end
    assert end == pytest.approx(hours.opening(number) + into, abs=1e-6 * day)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"start": 15.0 * HOUR},
            "start and end must be 0 <= start < end <= 86400.0 s, got 54000.0 and 54000.0",
        ),
        ({"end": 25.0 * HOUR}, "start and end must be 0 <= start < end <= 86400.0 s"),
        ({"start": -1.0}, "start and end must be 0 <= start < end"),
        ({"day": 0.0}, "day must be finite and > 0 s, got 0.0"),
        ({"days": ()}, r"days must be some of 0 \(Monday\) to 6 \(Sunday\), got \(\)"),
        ({"days": (7,)}, r"days must be some of 0 \(Monday\) to 6 \(Sunday\), got \(7,\)"),
        ({"days": (1, 0)}, r"days must be in order and each once, got \(1, 0\)"),
        ({"days": (1, 1)}, r"days must be in order and each once, got \(1, 1\)"),
        ({"monday": float("inf")}, "monday must be finite, got inf"),
    ],
)
def test_hours_that_make_no_sense_are_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        WorkingHours(**settings)
