"""The study of upgrades: what draining is worth, and which strategy sees which bad version."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt

from experiments import InProcess, Misuse, Points, Run, sweep
from experiments.studies.upgrade import LONG_PAUSE, upgrade

from .figure_checks import assert_complete, texts
from .what_is_said import means, percent, what_to_see

mpl.use("Agg")


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


@lru_cache
def ran(**parameters: Any) -> Run:
    return upgrade(seed=1, **{"duration": 80.0, **parameters})


@pytest.mark.slow
def test_planned_and_drained_loses_nobody_and_a_crash_of_the_same_instances_does() -> None:
    assert ran().measures["lost"] == 0.0
    assert ran(strategy="crash").measures["lost"] > 100


@pytest.mark.slow
def test_who_refuses_before_balancers_have_heard_of_it_loses_requests() -> None:
    lost = [ran(linger=linger).measures["lost"] for linger in (0.0, 0.5, 1.0)]
    assert lost[0] > lost[1] > lost[2] == 0.0
    assert ran(linger=0.0, discovery_delay=0.0).measures["lost"] == 0.0


@pytest.mark.slow
def test_rolling_upgrade_brings_out_whatever_becomes_ready() -> None:
    erring = ran(version="errors").measures
    assert (erring["rolled_back"], erring["met_new"] > 0.8, erring["lost"] > 200) == (0.0, True, True)
    never = ran(version="never ready").measures
    assert (never["lost"], never["met_new"], never["finish_time"]) == (0.0, 0.0, float("inf"))


@pytest.mark.slow
def test_canary_shows_a_bad_version_to_few() -> None:
    canary, switched = (ran(strategy=name, version="errors").measures for name in ("canary", "blue-green"))
    assert canary["rolled_back"] == switched["rolled_back"] == 1.0
    assert canary["met_new"] < switched["met_new"] < 0.1


@pytest.mark.slow
def test_users_who_meet_both_versions_are_those_that_an_incompatible_one_hurts() -> None:
    lost = {
        name: ran(strategy=name, version="incompatible").measures["lost"]
        for name in ("rolling", "blue-green")
    }
    assert lost["rolling"] > 0.0
    assert lost["blue-green"] == 0.0


@pytest.mark.slow
def test_second_set_costs_most() -> None:
    extra = {name: ran(strategy=name).measures["extra"] for name in ("crash", "rolling", "blue-green")}
    assert extra["crash"] == 0.0
    assert extra["blue-green"] > 3 * extra["rolling"] > 0.0


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"strategy": "crash", "version": "slow"}, "version must be good with strategy crash"),
        ({"strategy": "abrupt", "linger": 1.0}, "linger must be none with strategy abrupt"),
        ({"strategy": "rolling", "pause": 10.0}, "pause must be none with strategy rolling"),
    ],
)
def test_what_would_change_nothing_is_refused(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(Misuse, match=message):
        upgrade(**parameters)


@pytest.mark.slow
def test_sweep_has_all_figures() -> None:
    points = [
        {"strategy": name, "version": version}
        for name in ("rolling", "blue-green", "canary")
        for version in ("good", "leak")
    ]
    result = sweep(
        upgrade,
        Points([{"strategy": "crash"}, *points, {"strategy": "canary", "version": "leak", "pause": 40.0}]),
        fixed={"duration": 60.0},
        replications=2,
        executor=InProcess(),
    )
    assert upgrade.figures_of_sweep is not None
    figures = dict(upgrade.figures_of_sweep(result))
    assert list(figures) == ["versions", "draining", "bad_version"]
    assert_complete(figures)
    assert "requests are lost in crashes, none in an upgrade" in texts(figures["draining"])
    assert "canary, 40 s a step" in texts(figures["bad_version"])


@pytest.mark.slow
def test_one_strategy_alone_is_compared_with_nothing() -> None:
    result = sweep(
        upgrade,
        Points([{"strategy": "rolling", "version": "good"}, {"strategy": "rolling", "version": "errors"}]),
        fixed={"duration": 60.0},
        replications=1,
        executor=InProcess(),
    )
    assert upgrade.figures_of_sweep is not None
    assert dict(upgrade.figures_of_sweep(result)) == {}


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["crash", "canary"])
def test_a_run_is_shown_over_time(strategy: str) -> None:
    assert upgrade.figures_of_run is not None
    figures = dict(upgrade.figures_of_run(ran(strategy=strategy)))
    assert list(figures) == ["over_time"]
    assert_complete(figures)
    assert ("canary 0.05" in texts(figures["over_time"])) == (strategy == "canary")


def test_what_it_says_is_to_be_seen_is_what_the_sweep_shows() -> None:
    said = what_to_see(upgrade)

    @lru_cache
    def seen(strategy: str, version: str = "good", **more: Any) -> dict[str, float]:
        return means(upgrade, strategy=strategy, version=version, **more)

    ways = ("rolling", "blue-green", "canary")
    assert [seen(name)["lost"] for name in ways] == [0.0, 0.0, 0.0]
    refusing, half, crash = seen("rolling", linger=0.0), seen("rolling", linger=0.5), seen("crash")
    assert f"It loses {half['lost']:.0f} where they do so for half a second" in said
    assert f"{refusing['lost']:.0f} where they refuse at once, {seen('abrupt')['lost']:.0f} where" in said
    assert f"and {crash['lost']:.0f} where the same processes crash" in said
    rolling, switched, canary = (seen(name, "errors") for name in ways)
    assert f"costs {rolling['lost']:.0f} requests when it is rolled out" in said
    assert f"{switched['lost']:.0f} with blue-green, where {percent(switched['met_new'], 1)} of all" in said
    assert f"and {canary['lost']:.0f} with a canary, where {percent(canary['met_new'], 1)} did" in said
    assert f"leaves {percent(seen('rolling', 'slow')['in_time'])} of the requests answered in time" in said
    assert seen("rolling", "never ready")["in_time"] > 0.9999
    leaks = [f"{seen(name, 'leak')['lost']:.0f}" for name in ways]
    assert f"{leaks[0]}, {leaks[1]} and {leaks[2]} requests are lost by the end" in said
    watched = seen("canary", "leak", pause=LONG_PAUSE)
    assert (watched["lost"], watched["rolled_back"]) == (0.0, 1.0)
    assert f"takes {watched['finish_time']:.0f} s until everybody is back" in said
    lost = [f"{seen(name, 'incompatible')['lost']:.0f}" for name in ways]
    assert f"cost {lost[0]} requests in a rolling upgrade of {seen('rolling')['finish_time']:.0f} s" in said
    assert lost[1] == "0"
    assert f"and {lost[2]} in a canary of {seen('canary')['finish_time']:.0f} s" in said
    extra = [f"{seen(name)['extra']:.1f}" for name in ways]
    assert (
        f"blue-green costs {extra[1]} minutes of instances, the canary {extra[2]}, rolling {extra[0]}" in said
    )
