"""Recent count: exact within the window's sixtieths, and bounded."""

from __future__ import annotations

from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.resilience.recent_count import RecentCount


@pytest.mark.slow
@given(st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=80))
def test_it_counts_what_lies_in_the_last_sixty_slices(steps: list[tuple[int, bool]]) -> None:
    recent, now = RecentCount(60.0), 0.0
    events: list[float] = []
    for gap, is_event in steps:
        now += gap / 4
        if is_event:
            recent.add(now)
            events.append(now)
        assert recent.total(now) == sum(floor(now) - floor(time) < 60 for time in events)


def test_who_looks_changes_nothing() -> None:
    one, other = RecentCount(60.0), RecentCount(60.0)
    for number in range(500):
        one.add(number / 4)
        other.add(number / 4)
        other.total(number / 4)
    assert one.total(124.75) == other.total(124.75) == 240


def test_memory_is_bounded_even_if_nobody_asks() -> None:
    recent = RecentCount(60.0)
    for number in range(10_000):
        recent.add(number / 7)
    assert len(recent._slices) <= 61
