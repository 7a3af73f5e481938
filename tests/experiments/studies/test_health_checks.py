"""The study of health checks: how soon the dead are found, and who is taken out with them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import product
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from scipy.integrate import quad
from scipy.stats import lognorm, norm

from experiments import Misuse, Run
from experiments.studies.health_check_scenes import FLEET, PAUSE, PAUSE_GAP, QUIET, SLOW_SHARE
from experiments.studies.health_checks import health_checks
from experiments.validation.availability import probes_per_mark

from .figure_checks import assert_complete, texts
from .what_is_said import kept_runs, kept_sweep, key_of, means, percent, what_to_see

mpl.use("Agg")


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


@lru_cache
def ran(**parameters: Any) -> Run:
    return health_checks(seed=1, **parameters)


@pytest.mark.slow
@pytest.mark.parametrize("scene", ["pauses", "slow answers"])
def test_the_dead_are_found_when_the_law_says(scene: str) -> None:
    run = ran(scene=scene, interval=5.0, strikes=3)
    measures = run.measures
    assert measures["law"] == 13.5
    # Ten deaths, each at any moment of an interval of 5 s: a standard deviation of 0.46 s.
    assert measures["detect_time"] == pytest.approx(measures["law"], abs=1.4)
    assert all(10.9 <= delay <= 16.1 for delay in run.detail.delays) or scene == "slow answers"
    assert measures["probes"] == pytest.approx(720.0)


@pytest.mark.slow
def test_what_is_lost_with_a_host_is_what_it_is_sent_until_it_is_marked() -> None:
    measures = ran(scene="pauses", interval=5.0, strikes=3).measures
    # One request per second and host.
    assert measures["lost"] == pytest.approx(measures["detect_time"], rel=0.25)


@pytest.mark.slow
def test_patience_is_what_counts_with_pauses_and_strikes_with_slow_answers() -> None:
    def wrong(scene: str, interval: float, strikes: int) -> float:
        return ran(scene=scene, interval=interval, strikes=strikes).measures["false_marks"]

    # About as patient: 2 x 2 + 1 s, and 1 s and the phase.
    assert wrong("pauses", 2.0, 3) > 0.2 * wrong("pauses", 10.0, 1)
    assert wrong("slow answers", 2.0, 3) < 0.1 * wrong("slow answers", 10.0, 1)


@pytest.mark.slow
def test_checks_past_threads_and_cores_see_no_overload() -> None:
    detail = ran(scene="overload", check="port").detail
    assert not detail.log.of_kind("health.down")


@pytest.mark.slow
def test_panic_is_what_saves_who_believes_deep_checks() -> None:
    believed = ran(scene="dependency", check="deep", panic_threshold=0.0)
    doubted = ran(scene="dependency", check="deep")
    assert believed.measures["answered"] < 0.5
    assert doubted.measures["answered"] > 0.99
    # It goes on counting its targets out, and using them.
    assert doubted.detail.balancer.statistics().refused_count == 0


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"scene": "pauses", "check": "deep"},
            "check and panic_threshold must be shallow and 0.5 with scene",
        ),
        ({"scene": "pauses", "panic_threshold": 0.0}, "check and panic_threshold must be shallow and 0.5"),
        ({"scene": "overload", "check": "deep"}, "check must be shallow or port with scene overload"),
    ],
)
def test_what_does_not_act_is_refused(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(Misuse, match=message):
        health_checks(**parameters)


def marks_per_hour(scene: str, interval: float, strikes: int) -> float:
    """False marks of an instance by theory: a pause that is long enough, or a row of slow answers."""
    if scene == "slow answers":
        return 3_600.0 / interval / probes_per_mark(SLOW_SHARE, strikes, successes=2)
    pause = lognorm(np.log(15.0) / norm.ppf(0.99))  # a median of 1 s, 15 s at the 99th percentile
    patience = (strikes - 1) * interval + 1.0
    chance = quad(pause.sf, patience, patience + interval)[0] / interval
    return 3_600.0 / (PAUSE_GAP.mean + PAUSE.mean) * float(chance)


@pytest.mark.parametrize("scene", ["pauses", "slow answers"])
def test_marks_of_the_living_are_as_many_as_theory_says(scene: str) -> None:
    assert PAUSE.mean == pytest.approx(lognorm(np.log(15.0) / norm.ppf(0.99)).mean())
    hours = FLEET * QUIET / 3_600.0
    for interval, strikes in product((2.0, 5.0, 10.0), (1, 2, 3)):
        values = health_checks.space.values({"scene": scene, "interval": interval, "strikes": strikes})
        runs = kept_runs("health_checks")[key_of(values)]
        count = hours * sum(measures["false_marks"] for measures in runs)
        expected = hours * len(runs) * marks_per_hour(scene, interval, strikes)
        # Marks are rare and come one by one: as in a Poisson process, within 3.5 deviations.
        assert count == pytest.approx(expected, abs=3.5 * expected**0.5), (interval, strikes)


@pytest.mark.slow
def test_a_sweep_has_its_figures() -> None:
    patient = [
        {"scene": "pauses", "interval": interval, "strikes": strikes}
        for interval in (5.0, 10.0)
        for strikes in (1, 2)
    ]
    trouble = [{"scene": "dependency"}, {"scene": "dependency", "check": "deep", "panic_threshold": 0.0}]
    result = kept_sweep(health_checks, [*patient, *trouble], replications=2)
    assert health_checks.figures_of_sweep is not None
    figures = dict(health_checks.figures_of_sweep(result))
    assert list(figures) == ["patience", "trouble"]
    assert_complete(figures)
    assert "5 s (720)" in texts(figures["patience"])
    assert "dependency: deep, never panics" in texts(figures["trouble"])


def test_what_it_says_is_to_be_seen_is_what_the_sweep_shows() -> None:
    said = what_to_see(health_checks)

    def at(scene: str, interval: float, strikes: int) -> dict[str, float]:
        return means(health_checks, scene=scene, interval=interval, strikes=strikes)

    one, three = at("pauses", 5.0, 1), at("pauses", 5.0, 3)
    assert (one["law"], three["law"]) == (3.5, 13.5)
    assert f"{one['detect_time']:.1f} s with one strike, and {three['detect_time']:.1f} s with three" in said
    assert f"a living instance {one['false_marks']:.1f} times an hour" in said
    assert f"latter {three['false_marks']:.2f} times" in said
    often, seldom = at("pauses", 2.0, 3), at("pauses", 10.0, 1)
    assert f"({often['detect_time']:.1f} and {seldom['detect_time']:.1f} s)" in said
    assert often["probes"] == pytest.approx(5.0 * seldom["probes"], rel=0.01)
    wrong = f"wrong {often['false_marks']:.1f} and {seldom['false_marks']:.1f} times an hour"
    assert wrong in said
    often, seldom = at("slow answers", 2.0, 3), at("slow answers", 10.0, 1)
    assert f"answers {often['false_marks']:.2f} and {seldom['false_marks']:.0f} times" in said
    for scene, check in (("overload", "shallow"), ("dependency", "deep")):
        panicking = means(health_checks, scene=scene, check=check)["answered"]
        believing = means(health_checks, scene=scene, check=check, panic_threshold=0.0)["answered"]
        if scene == "overload":
            unseen = means(health_checks, scene=scene, check="port")["answered"]
            assert f"overload {percent(panicking)} of the requests are answered" in said
            assert f"answered, {percent(unseen)} where the checks do not see it" in said
            assert f"and {percent(believing)} where the balancer never panics" in said
        else:
            assert f"is down, {percent(panicking)} and {percent(believing)}" in said
