"""The study of deadlines: whose work is wasted, and what is left for the others."""

from __future__ import annotations

from functools import lru_cache

import pytest

from experiments import Run
from experiments.studies.deadlines import TRAVELS, deadlines

from .what_is_said import means, percent, what_to_see


@lru_cache
def ran(travels: str, offered: float) -> Run:
    return deadlines(seed=1, deadlines=travels, offered=offered, duration=25.0)


@pytest.mark.slow
def test_patience_that_is_kept_to_oneself_wastes_the_work() -> None:
    measures = ran("kept", 1.5).measures
    assert measures["wasted"] > 0.8
    assert measures["goodput_ratio"] < 0.2


@pytest.mark.slow
@pytest.mark.parametrize("travels", ["honoured", "cancelling"])
def test_deadline_that_travels_saves_it(travels: str) -> None:
    measures = ran(travels, 1.5).measures
    assert measures["wasted"] < 0.5 * ran("kept", 1.5).measures["wasted"]
    assert measures["goodput_ratio"] > 3 * ran("kept", 1.5).measures["goodput_ratio"]


@pytest.mark.slow
def test_cancelling_is_heard_before_a_deadline() -> None:
    # Three of ten leave long before: without a message the catalogue works for them, too.
    honoured, cancelling = (ran(travels, 1.5).measures for travels in ("honoured", "cancelling"))
    assert cancelling["wasted"] < 0.75 * honoured["wasted"]
    assert cancelling["goodput_ratio"] > 1.2 * honoured["goodput_ratio"]


@pytest.mark.slow
def test_without_haste_messages_that_cancel_come_too_late_to_matter() -> None:
    honoured, cancelling = (
        deadlines(seed=1, deadlines=travels, offered=1.5, hasty=0.0).measures["goodput_ratio"]
        for travels in ("honoured", "cancelling")
    )
    assert cancelling == pytest.approx(honoured, rel=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("travels", TRAVELS)
def test_without_overload_it_makes_no_difference(travels: str) -> None:
    measures = ran(travels, 0.5).measures
    assert measures["goodput_ratio"] == pytest.approx(1.0, abs=0.1)
    assert measures["wasted"] < 0.1


def test_what_it_says_is_to_be_seen_is_what_the_sweep_shows() -> None:
    said = what_to_see(deadlines)
    kept, honoured, cancelling = (means(deadlines, deadlines=travels, offered=1.6) for travels in TRAVELS)
    assert kept["goodput"] == 0.0
    assert (
        f"{honoured['goodput']:.0f} where deadlines are honoured, and {cancelling['goodput']:.0f} with"
        in said
    )
    assert kept["wasted"] == 1.0
    assert f"all, {percent(honoured['wasted'])} and {percent(cancelling['wasted'])}" in said
