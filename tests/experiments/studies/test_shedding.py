"""The study of load shedding: goodput under overload."""

from __future__ import annotations

from functools import lru_cache

import pytest

from experiments import Run
from experiments.studies.shedding import CAPACITY, SHEDDINGS, shedding

pytestmark = pytest.mark.slow


@lru_cache
def ran(rule: str, offered: float) -> Run:
    return shedding(seed=1, shedding=rule, offered=offered, duration=25.0)


def test_without_a_limit_goodput_collapses_under_overload() -> None:
    measures = ran("none", 1.5).measures
    assert measures["goodput_ratio"] < 0.1
    assert measures["utilisation"] > 0.99
    assert measures["wasted"] > 0.9


@pytest.mark.parametrize("rule", [name for name in SHEDDINGS if name not in ("none", "throttle")])
def test_rule_keeps_the_goodput_under_overload(rule: str) -> None:
    measures = ran(rule, 2.0).measures
    # Vegas takes the shortest call for one without load, and so sheds more where calls differ in length.
    assert measures["goodput_ratio"] > (0.6 if rule == "vegas" else 0.8)
    assert measures["goodput"] < 1.1 * CAPACITY


@pytest.mark.parametrize("rule", SHEDDINGS)
def test_nobody_is_turned_away_while_there_is_room(rule: str) -> None:
    measures = ran(rule, 0.5).measures
    # A limit that is found by trying turns some away all the same.
    assert measures["rejected"] < (0.2 if rule == "vegas" else 0.02)
    assert measures["goodput_ratio"] == pytest.approx(1.0 - measures["rejected"], abs=0.08)


def test_priority_answers_the_important_ones() -> None:
    measures = ran("priority", 2.0).measures
    assert measures["important_answered"] > 0.99
    assert measures["usual_answered"] < 0.6
    blind = ran("queue length", 2.0).measures
    assert blind["important_answered"] == pytest.approx(blind["usual_answered"], abs=0.05)


def test_throttled_clients_send_about_twice_what_is_accepted() -> None:
    run = ran("throttle", 3.0)
    assert run.measures["goodput_ratio"] > 0.8
    assert run.measures["rejected"] > 0.5
