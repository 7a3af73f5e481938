"""The study of bulkheads: who suffers from a dependency that he never asked for."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pytest

from experiments import Misuse, Run
from experiments.studies.bulkheads import bulkheads

from .what_is_said import means, percent, what_to_see


@lru_cache
def ran(**parameters: Any) -> Run:
    return bulkheads(seed=1, duration=24.0, **parameters)


@pytest.mark.slow
def test_without_isolation_those_suffer_who_never_asked() -> None:
    measures = ran().measures
    assert measures["cart_answered"] < 0.8
    assert measures["checkout_answered"] < 0.8


@pytest.mark.slow
def test_own_pools_keep_the_trouble_where_it_is() -> None:
    measures = ran(isolation="own pools", size=4).measures
    assert measures["cart_answered"] == 1.0
    assert measures["page_answered"] > 0.99
    assert measures["waiting"] <= 3 * 4
    assert measures["recover_time"] == 0.0


@pytest.mark.slow
def test_shared_pool_starves_the_pages_of_what_they_cannot_do_without() -> None:
    shared = ran(isolation="shared pool", size=28).measures
    assert shared["page_answered"] < 0.5
    assert shared["page_answered"] < ran().measures["page_answered"]


@pytest.mark.slow
def test_pool_that_is_too_small_rejects_healthy_calls() -> None:
    small, large = (ran(isolation="own pools", size=size).measures for size in (1, 16))
    assert small["rejected_healthy"] > 0.1
    assert large["rejected_healthy"] == 0.0


@pytest.mark.slow
def test_timeout_bounds_how_long_a_thread_is_lost() -> None:
    assert ran(isolation="timeout").measures["cart_answered"] > ran().measures["cart_answered"]


def test_size_goes_with_pools_only() -> None:
    with pytest.raises(Misuse, match="size must be none with isolation timeout"):
        bulkheads(isolation="timeout", size=3)
    with pytest.raises(Misuse, match="size must be a whole number with isolation own pools"):
        bulkheads(isolation="own pools")


def test_what_it_says_is_to_be_seen_is_what_the_sweep_shows() -> None:
    said = what_to_see(bulkheads)
    none, timeout = (means(bulkheads, isolation=name) for name in ("none", "timeout"))
    shared = means(bulkheads, isolation="shared pool", size=28)
    one, four = (means(bulkheads, isolation="own pools", size=size) for size in (1, 4))
    assert f"{percent(none['answered'])} of all requests are answered without" in said
    assert f"{none['goodput']:.1f} of 100 per second within a second" in said
    assert f"the changes of the cart {percent(none['cart_answered'])}" in said
    assert timeout["answered"] > 0.999
    assert f"only {timeout['goodput']:.0f} per second in time" in said
    assert f"28 answers {percent(shared['cart_answered'])} of the cart's requests" in said
    assert f"and {percent(shared['page_answered'])} of the pages" in said
    assert f"until {shared['recover_time']:.0f} s after the trouble" in said
    assert f"lets {four['goodput']:.0f} per second through in time" in said
    assert f"rejects {percent(one['rejected_healthy'])} of the calls" in said
