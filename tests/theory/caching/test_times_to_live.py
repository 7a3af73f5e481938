"""The checks of entries that expire hold, and each differs where the cache or the theory is another."""

from __future__ import annotations

import pytest

from experiments.validation import TheoryCheck
from experiments.validation.caching.times_to_live import (
    CHECKS,
    FACTOR,
    LOAD_TIME,
    RATE,
    TTL,
)
from models.caching.patterns import LoadOnMiss, RefreshAhead
from tests.in_one_test import in_one_test
from tests.theory import running
from tests.theory.running import changed, expecting, is_found_out, remembered, verdicts


def the(beginning: str) -> TheoryCheck:
    return running.the(beginning, CHECKS)


QUICK = RATE * TTL / (1.0 + RATE * TTL)
# What theory says of a neighbour, which the runs of a check must refuse: a life that no hit prolongs; a load
# that takes no time; a refresh at the end of a life; and changes that all hits see.
NEIGHBOURS: dict[str, tuple[float, ...]] = {
    "time to live, begun anew": (QUICK, 1.0 - QUICK),
    "time to live, origin slow": (QUICK, 1.0 - QUICK),
    "time to live, refreshed ahead": (QUICK, 1.0 - QUICK),
    "stale hits, 0.6": (0.6 / 2.0,),
}


@pytest.mark.slow
@in_one_test("check", CHECKS, ids=lambda check: check.name)
def test_check_holds(check: TheoryCheck) -> None:
    once = remembered(check)
    assert set(verdicts(once, 0.1).values()) == {"holds"}
    for beginning, numbers in NEIGHBOURS.items():
        if check.name.startswith(beginning):
            assert "differs" in verdicts(expecting(once, *numbers), 0.1).values()


@pytest.mark.slow
@in_one_test(
    "beginning, setup",
    [
        ("time to live, origin quick", {"ttl": 1.1 * TTL}),
        ("time to live, origin quick", {"rate": 0.9 * RATE}),
        ("time to live, begun anew", {"slides": False}),
        ("time to live, origin slow", {"on_miss": LoadOnMiss()}),
        ("time to live, origin slow", {"load_time": 1.2 * LOAD_TIME}),
        ("time to live, refreshed ahead", {"renewal": RefreshAhead(FACTOR + 0.2)}),
        ("time to live, refreshed ahead", {"renewal": None}),
        ("stale hits, 0.6", {"change_rate": 0.5}),
        ("stale hits, 6", {"ttl": 0.7 * TTL}),
    ],
)
def test_another_cache_differs(beginning: str, setup: dict[str, object]) -> None:
    assert is_found_out(changed(the(beginning), **setup), 0.3)
