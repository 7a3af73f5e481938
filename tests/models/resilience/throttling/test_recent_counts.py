"""Recent counts: exact within the window's sixtieths, and bounded."""

from __future__ import annotations

from math import floor

from hypothesis import given, settings
from hypothesis import strategies as st

from models.resilience.throttling.recent_counts import RecentCounts


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=80))
def test_it_counts_what_lies_in_the_last_sixty_slices(events: list[tuple[int, bool]]) -> None:
    recent, now = RecentCounts(60.0), 0.0
    requests: list[float] = []
    accepts: list[float] = []
    for gap, is_accept in events:
        now += gap / 4
        if is_accept:
            recent.add_accept(now)
            accepts.append(now)
        else:
            recent.add_request(now)
            requests.append(now)
        recent.advance(now)
        wanted = [sum(floor(now) - floor(time) < 60 for time in times) for times in (requests, accepts)]
        assert [recent.requests, recent.accepts] == wanted


def test_memory_is_bounded_even_if_nobody_asks() -> None:
    recent = RecentCounts(60.0)
    for number in range(10_000):
        recent.add_request(number / 7)
    assert len(recent._slices) <= 61
