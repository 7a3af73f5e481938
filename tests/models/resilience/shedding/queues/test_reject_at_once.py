"""Nobody waits."""

from __future__ import annotations

from models.resilience.shedding import RejectAtOnce
from tests.models.resilience.shedding.callers import Office


def test_whoever_comes_beyond_the_limit_is_shed_in_no_time() -> None:
    office = Office(RejectAtOnce())
    callers = office.fill("a", "b")
    office.env.run()
    assert callers["a"] == (1 / 64, "limit reached")
    assert office.limiter.statistics().full_count == 2
    assert office.served == []


def test_it_is_what_a_limiter_does_by_default() -> None:
    assert type(Office(RejectAtOnce()).limiter._queue) is RejectAtOnce
