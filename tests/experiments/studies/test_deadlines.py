"""The study of deadlines: whose work is wasted, and what is left for the others."""

from __future__ import annotations

from functools import lru_cache

import pytest

from experiments import Run
from experiments.studies.deadlines import TRAVELS, deadlines


@lru_cache
def ran(travels: str, offered: float) -> Run:
    return deadlines(seed=1, deadlines=travels, offered=offered, duration=25.0)


def test_patience_that_is_kept_to_oneself_wastes_the_work() -> None:
    measures = ran("kept", 1.5).measures
    assert measures["wasted"] > 0.8
    assert measures["goodput_ratio"] < 0.2


@pytest.mark.parametrize("travels", ["honoured", "cancelling"])
def test_deadline_that_travels_saves_it(travels: str) -> None:
    measures = ran(travels, 1.5).measures
    assert measures["wasted"] < 0.5 * ran("kept", 1.5).measures["wasted"]
    assert measures["goodput_ratio"] > 3 * ran("kept", 1.5).measures["goodput_ratio"]


@pytest.mark.parametrize("travels", TRAVELS)
def test_without_overload_it_makes_no_difference(travels: str) -> None:
    measures = ran(travels, 0.5).measures
    assert measures["goodput_ratio"] == pytest.approx(1.0, abs=0.1)
    assert measures["wasted"] < 0.1
