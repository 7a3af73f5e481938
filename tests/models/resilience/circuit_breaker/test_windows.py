"""Windows against a plain definition of what each of them keeps."""

from collections.abc import Callable
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.resilience.circuit_breaker.windows import (
    CountWindow,
    EmittedWindow,
    SubWindows,
    TimeWindow,
    Window,
)

Result = tuple[float, bool, bool]

RESULTS = st.lists(
    st.tuples(st.integers(0, 12).map(lambda quarter: quarter / 4), st.booleans(), st.booleans()), max_size=60
)


def timed(results: list[Result]) -> list[Result]:
    """Turn gaps into times."""
    now, out = 0.0, []
    for gap, is_failure, is_slow in results:
        now += gap
        out.append((now, is_failure, is_slow))
    return out


def counts(window: Window) -> tuple[int, int, int]:
    return window.total_count, window.failed_count, window.slow_count


def expected(kept: list[Result]) -> tuple[int, int, int]:
    return len(kept), sum(result[1] for result in kept), sum(result[2] for result in kept)


def check(window: Window, results: list[Result], keeps: Callable[[float, float], bool]) -> None:
    """Check after each result that what counts is what `keeps(time of the result, now)`."""
    for index, (now, is_failure, is_slow) in enumerate(results):
        window.record(now, is_failure, is_slow)
        assert counts(window) == expected([r for r in results[: index + 1] if keeps(r[0], now)])


@pytest.mark.slow
@given(results=RESULTS, size=st.integers(1, 10))
def test_a_count_window_keeps_the_last_results(results: list[Result], size: int) -> None:
    window = CountWindow(size)
    for index, result in enumerate(results):
        window.record(*result)
        assert counts(window) == expected(results[max(0, index + 1 - size) : index + 1])


@pytest.mark.slow
@given(results=RESULTS.map(timed), seconds=st.integers(1, 6))
def test_a_time_window_keeps_whole_aligned_seconds(results: list[Result], seconds: int) -> None:
    check(TimeWindow(seconds), results, lambda time, now: floor(time) > floor(now) - seconds)


@pytest.mark.slow
@given(results=RESULTS.map(timed), buckets=st.integers(1, 6))
def test_an_emitted_window_keeps_complete_buckets_only(results: list[Result], buckets: int) -> None:
    window = EmittedWindow(0.0, 0.5, buckets)
    check(
        window, results, lambda time, now: floor(now / 0.5) - buckets <= floor(time / 0.5) < floor(now / 0.5)
    )


@pytest.mark.slow
@given(results=RESULTS.map(timed))
def test_sub_windows_keep_between_nine_tenths_and_all_of_their_duration(results: list[Result]) -> None:
    window = SubWindows(10.0, 10)
    for index, (now, is_failure, is_slow) in enumerate(results):
        window.record(now, is_failure, is_slow)
        so_far = results[: index + 1]
        at_least = sum(now - time <= 9.0 for time, *_ in so_far)
        at_most = sum(now - time < 10.0 for time, *_ in so_far)
        assert at_least <= window.total_count <= at_most


def test_a_sub_window_starts_with_a_result_and_is_dropped_as_a_whole() -> None:
    window = SubWindows(10.0, 10)
    window.record(0.5, True, False)
    window.record(1.25, True, False)  # 0.75 s after the bucket's start: the same bucket
    window.record(10.25, False, False)
    assert counts(window) == (3, 2, 0)
    window.record(10.5, False, False)  # 10 s after 0.5: the whole first bucket goes
    assert counts(window) == (2, 0, 0)


def test_a_time_window_may_forget_a_second_old_result_at_once() -> None:
    window = TimeWindow(1)
    window.record(0.99, True, False)
    window.record(1.0, False, False)
    assert counts(window) == (1, 0, 0)


def test_what_an_emitted_window_is_filling_does_not_count() -> None:
    window = EmittedWindow(0.0, 0.5, 20)
    window.record(0.1, True, False)
    assert counts(window) == (0, 0, 0)
    assert window.has_failures
    window.emit(1)
    assert counts(window) == (1, 1, 0)
    window.emit(20)
    assert counts(window) == (1, 1, 0)
    window.emit(21)
    assert counts(window) == (0, 0, 0)
    assert not window.has_failures


def test_emitting_a_bucket_again_changes_nothing() -> None:
    window = EmittedWindow(0.0, 0.5, 20)
    window.record(0.1, True, False)
    window.emit(3)
    window.emit(3)
    window.emit(1)
    assert counts(window) == (1, 1, 0)
    assert window.next_emission() == (4, 2.0)


@pytest.mark.parametrize("start", [0.0, 0.1, 7.3])
def test_buckets_are_counted_from_the_start(start: float) -> None:
    window = EmittedWindow(start, 0.5, 20)
    assert window.next_emission() == (1, start + 0.5)
