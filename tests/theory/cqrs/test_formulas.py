"""What a read model is behind by: the formulas, their limits, and reads that are laid out without a model."""

from __future__ import annotations

from bisect import bisect_right
from math import exp

import numpy as np
import pytest

from experiments.validation.closed_forms.read_models import (
    behind_probability_by_polling,
    behind_probability_by_waiting,
    catching_up_time,
    showing_time_by_polling,
    showing_time_by_waiting,
)

GAPS = {"idle": 0.21, "busy": 0.02, "showing": 0.015}


def test_where_hardly_anything_comes_half_an_interval_is_waited() -> None:
    assert showing_time_by_polling(1e-6, **GAPS) == pytest.approx(0.21 / 2.0 + 0.015, rel=1e-5)
    assert showing_time_by_waiting(1e-6, busy=0.02, showing=0.015) == pytest.approx(0.015, rel=1e-5)
    assert behind_probability_by_waiting(1e-6, busy=0.02, showing=0.015) < 1e-7


def test_where_very_much_comes_reads_are_busy_all_the_time() -> None:
    for shown_after in (
        showing_time_by_polling(1e4, **GAPS),
        showing_time_by_waiting(1e4, busy=0.02, showing=0.015),
    ):
        assert shown_after == pytest.approx(0.02 / 2.0 + 0.015, rel=1e-5)
    assert behind_probability_by_polling(1e4, **GAPS) == pytest.approx(1.0, abs=0.01)
    assert behind_probability_by_waiting(1e4, busy=0.02, showing=0.015) == pytest.approx(1.0, abs=0.01)


def test_reader_that_polls_without_end_is_one_that_waits() -> None:
    often = {**GAPS, "idle": 1e-6}
    at_the_log = {"busy": 0.02, "showing": 0.015}
    assert showing_time_by_polling(10.0, **often) == pytest.approx(
        showing_time_by_waiting(10.0, **at_the_log), rel=1e-4
    )
    assert behind_probability_by_polling(10.0, **often) == pytest.approx(
        behind_probability_by_waiting(10.0, **at_the_log), rel=1e-4
    )


@pytest.mark.slow
@pytest.mark.parametrize("rate", [2.0, 10.0, 60.0])
def test_reads_that_are_laid_out_one_by_one_say_the_same(rate: float) -> None:
    random = np.random.default_rng(3)
    come = np.cumsum(random.exponential(1.0 / rate, 40_000)).tolist()
    now, known, delays, behind = 0.0, 0, 0.0, 0.0
    while now < come[-1]:
        taken = bisect_right(come, now)
        delays += sum(now + GAPS["showing"] - time for time in come[known:taken])
        gap = GAPS["busy"] if taken > known else GAPS["idle"]
        lacks_until = GAPS["showing"] if taken > known else 0.0
        next_one = (come[taken] if taken < len(come) else come[-1]) - now
        behind += lacks_until + max(0.0, gap - max(next_one, lacks_until))
        now, known = now + gap, taken
    assert delays / known == pytest.approx(showing_time_by_polling(rate, **GAPS), rel=0.02)
    assert behind / now == pytest.approx(behind_probability_by_polling(rate, **GAPS), rel=0.02)


def test_catching_up_takes_the_backlog_by_what_is_left_of_the_capacity() -> None:
    assert catching_up_time(30.0, missing=60.0, service_time=1 / 50) == pytest.approx(60.0 / (50.0 - 30.0))
    with pytest.raises(ValueError, match=r"utilisation must be > 0 and < 1, got 1\.2"):
        catching_up_time(60.0, missing=60.0, service_time=1 / 50)


def test_share_of_time_behind_is_that_of_the_gap_in_which_something_has_come() -> None:
    at_once = behind_probability_by_polling(1.0, idle=1.0, busy=1.0, showing=0.0)
    assert at_once == pytest.approx(exp(-1.0))
    with pytest.raises(ValueError, match="rate must be finite and > 0, got 0"):
        behind_probability_by_polling(0.0, **GAPS)
