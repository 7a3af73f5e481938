"""The study of bulkheads: who suffers from a dependency that he never asked for."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pytest

from experiments import Misuse, Run
from experiments.studies.bulkheads import bulkheads


@lru_cache
def ran(**parameters: Any) -> Run:
    return bulkheads(seed=1, duration=24.0, **parameters)


def test_without_isolation_those_suffer_who_never_asked() -> None:
    measures = ran().measures
    assert measures["cart_answered"] < 0.8
    assert measures["checkout_answered"] < 0.8


def test_own_pools_keep_the_trouble_where_it_is() -> None:
    measures = ran(isolation="own pools", size=4).measures
    assert measures["cart_answered"] == 1.0
    assert measures["page_answered"] > 0.99
    assert measures["waiting"] <= 3 * 4
    assert measures["recover_time"] == 0.0


def test_shared_pool_starves_the_pages_of_what_they_cannot_do_without() -> None:
    shared = ran(isolation="shared pool", size=28).measures
    assert shared["page_answered"] < 0.5
    assert shared["page_answered"] < ran().measures["page_answered"]


def test_pool_that_is_too_small_rejects_healthy_calls() -> None:
    small, large = (ran(isolation="own pools", size=size).measures for size in (1, 16))
    assert small["rejected_healthy"] > 0.1
    assert large["rejected_healthy"] == 0.0


def test_timeout_bounds_how_long_a_thread_is_lost() -> None:
    assert ran(isolation="timeout").measures["cart_answered"] > ran().measures["cart_answered"]


def test_size_goes_with_pools_only() -> None:
    with pytest.raises(Misuse, match="size must be none with isolation timeout"):
        bulkheads(isolation="timeout", size=3)
    with pytest.raises(Misuse, match="size must be a whole number with isolation own pools"):
        bulkheads(isolation="own pools")
