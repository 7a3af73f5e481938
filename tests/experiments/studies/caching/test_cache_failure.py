"""The study of a cache server that is lost: what comes through to the origin, and what comes back with it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt

from experiments import Misuse, Run, Study
from experiments.studies.caching.cache_failure import CRASHED, LEASED, cache_failure

from ..figure_checks import assert_complete, texts
from ..what_is_said import kept_sweep, means, percent, runs_of, what_to_see

mpl.use("Agg")


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


@lru_cache
def ran(**parameters: Any) -> Run:
    return cache_failure(seed=0, outage=10.0, **parameters)


@pytest.mark.slow
def test_users_who_wait_for_a_lost_server_bring_the_site_down_for_good() -> None:
    measures = ran().measures
    assert measures["load_before"] < 0.5
    assert measures["load_peak"] > 1.5
    assert measures["lost_at_last"] > 0.5


@pytest.mark.slow
def test_a_limit_at_the_origin_lets_it_come_back() -> None:
    measures = ran(limit=True).measures
    assert 0.05 < measures["lost"] < 0.3
    assert measures["lost_at_last"] < 0.01


@pytest.mark.slow
def test_two_copies_let_nothing_more_through_although_every_read_waits() -> None:
    measures = ran(copies=2).measures
    assert measures["load_peak"] < 0.7
    assert measures["lost"] < 0.001


@pytest.mark.slow
def test_a_server_that_was_cut_off_brings_old_values_back_unless_deletes_are_repeated() -> None:
    plain = ran(loss="partition", on_failure="eject")
    repeated = ran(loss="partition", on_failure="eject", repeat_deletes=True)
    assert plain.measures["stale"] > 0.002
    assert repeated.measures["stale"] < 0.1 * plain.measures["stale"]
    times, is_stale = plain.detail.judge.stale_reads()
    # During the loss its pages are elsewhere; what was there before comes back after it.
    assert is_stale[times > plain.detail.end].sum() > 10 * is_stale[times < plain.detail.end].sum()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"copies": 5}, "copies"),
        ({"on_failure": "pray"}, "on_failure"),
        ({"outage": 1.0}, "outage"),
    ],
)
def test_what_cannot_be_is_refused(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(Misuse, match=message):
        cache_failure(**parameters)


@pytest.mark.slow
def test_a_run_has_its_figure() -> None:
    figures = dict(cache_failure.figures_of_run(ran(limit=True)))
    assert list(figures) == ["over_time"]
    assert_complete(figures)
    assert "cache server down" in texts(figures["over_time"])
    assert "what the origin can do" in texts(figures["over_time"])


@pytest.mark.slow
def test_a_sweep_has_its_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [
        {"on_failure": "eject"},
        {"on_failure": "eject", "limit": True},
        {"loss": "partition", "on_failure": "eject", "limit": True},
    ]
    run_checked = Study.run_checked

    def shorter(study: Study, values: Any, seed: int) -> Run:
        return run_checked(study, {**values, "outage": 5.0}, seed)

    monkeypatch.setattr(Study, "run_checked", shorter)
    figures = dict(cache_failure.figures_of_sweep(kept_sweep(cache_failure, points, replications=1)))
    assert list(figures) == ["lost", "over_time", "over_time_limited", "stale"]
    assert_complete(figures)
    assert "eject; limit; cut off" in texts(figures["lost"])
    assert "lost are the requests of 0.0 s (eject)" in texts(figures["lost"])
    assert "cache server cut off" in texts(figures["stale"])


@pytest.mark.slow
def test_points_that_are_not_compared_over_time_are_drawn_once() -> None:
    sweep = kept_sweep(cache_failure, [LEASED, {**LEASED, "limit": True}])
    figures = dict(cache_failure.figures_of_sweep(sweep))
    assert list(figures) == ["lost"]
    assert_complete(figures)
    assert "eject, modulo, leases; limit" in texts(figures["lost"])


def test_what_it_says_is_to_be_seen_is_what_the_sweep_shows() -> None:
    said = what_to_see(cache_failure)
    wait, eject, modulo, gutter, copies, _ = (means(cache_failure, **each) for each in CRASHED)
    leased = means(cache_failure, **LEASED)
    limited = [means(cache_failure, **each, limit=True) for each in (*CRASHED, LEASED)]
    assert f"the origin is at {percent(wait['load_before'])} of what it can do" in said
    assert f"wait let {wait['load_peak']:.1f} times" in said
    assert f"{percent(wait['lost'])} of the requests are not answered while the server is down" in said
    assert f"and {percent(wait['lost_at_last'])} at the end" in said
    assert f"second with {eject['load_peak']:.1f} times as much, and nothing is lost" in said
    assert eject["lost"] < 0.0005
    assert f"by modulo it is {modulo['load_peak']:.1f} times, and {percent(modulo['lost_at_last'])}" in said
    assert f"Leases leave that at {percent(leased['lost_at_last'])}" in said
    assert f"lets {gutter['load_peak']:.1f} times through, and {percent(gutter['stale'], 1)}" in said
    assert f"With two copies it is {copies['load_peak']:.1f} times" in said
    assert percent(max(each["lost_at_last"] for each in limited), 1) == "0.1 %"
    assert f"who waits loses {percent(limited[0]['lost'])} while" in said
    by_modulo, ejected = (percent(limited[place]["lost"], 1) for place in (2, 1))
    assert f"by modulo it is {by_modulo}, and with ejection {ejected}" in said


def test_what_it_says_of_old_values_is_what_the_sweep_shows() -> None:
    said = what_to_see(cache_failure)

    def stale(**point: Any) -> str:
        return percent(means(cache_failure, limit=True, **point)["stale"], 1)

    def cut_off(**point: Any) -> str:
        return stale(loss="partition", **point)

    plain, copies = {"on_failure": "eject"}, {"on_failure": "eject", "copies": 2}
    assert f"cut off {cut_off(**plain)} of the reads are stale, with two copies {cut_off(**copies)}" in said
    repeated = [cut_off(**each, repeat_deletes=True) for each in (plain, copies)]
    assert f"repeated {repeated[0]} and {repeated[1]}" in said
    own = cut_off(on_failure="gutter", repeat_deletes=True)
    assert f"The gutter has {cut_off(on_failure='gutter')}, of which its own {own} are left" in said
    assert f"By modulo {stale(on_failure='eject', hashing='modulo')} are stale after a crash" in said


def test_without_a_limit_no_seed_comes_back_of_those_that_collapse() -> None:
    for each in (CRASHED[0], CRASHED[2], LEASED):
        assert min(run["lost_at_last"] for run in runs_of(cache_failure, **each)) > 0.5
