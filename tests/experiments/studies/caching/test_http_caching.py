"""The study of HTTP caching: what a lifetime buys and costs, and what validation and staleness add."""

from __future__ import annotations

from collections.abc import Iterator
from math import isnan
from typing import Any

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt

from experiments import InProcess, Misuse, Points, sweep
from experiments.studies.caching.http_caching import (
    EDIT_INTERVAL,
    GRACES,
    MAX_AGES,
    OUTAGE,
    PAGE_BYTES,
    PAGES,
    WINDOWS,
    http_caching,
)
from experiments.summary import estimate
from tests.experiments.studies.figure_checks import assert_complete, texts
from tests.experiments.studies.what_is_said import (
    Measures,
    kept_sweep,
    means,
    percent,
    runs_of,
    what_to_see,
)

mpl.use("Agg")


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


def swept(**point: Any) -> list[Measures]:
    return runs_of(http_caching, **point)


def found(**point: Any) -> Measures:
    return means(http_caching, **point)


def in_order(points: list[dict[str, Any]], measure: str) -> list[list[float]]:
    """Return the measure of each seed along the points."""
    along = [swept(**point) for point in points]
    return [[measures[measure] for measures in runs] for runs in zip(*along, strict=True)]


@pytest.mark.parametrize("etag", [True, False])
def test_the_longer_a_page_may_be_kept_the_less_is_asked_and_the_more_is_old(etag: bool) -> None:
    points = [{"max_age": age, "etag": etag} for age in MAX_AGES]
    for measure in ("at_the_edge", "old"):
        for values in in_order(points, measure):
            assert values[0] == 0.0
            assert values == sorted(values)
    for measure in ("site_requests", "site_cores", "latency_mean"):
        for values in in_order(points, measure):
            assert values == sorted(values, reverse=True)


def test_old_answers_are_no_more_than_theory_says_of_pages_that_are_always_asked_for() -> None:
    for age in MAX_AGES[1:]:
        measures = found(max_age=age)
        assert 0.3 * measures["old_theory"] < measures["old"] < measures["old_theory"]
        assert measures["old_by"] < age
    # Where few answers come from the site, the theory is near.
    assert found(max_age=60.0)["old"] == pytest.approx(found(max_age=60.0)["old_theory"], rel=0.1)


def test_what_is_old_by_its_age_is_what_was_old_on_average_and_varies_less() -> None:
    points: list[dict[str, Any]] = [
        *({"max_age": age} for age in MAX_AGES[2:]),
        *({"max_age": 5.0, "stale_while_revalidate": window} for window in WINDOWS[1:]),
        *({"max_age": 5.0, "outage": OUTAGE, "stale_if_error": grace} for grace in GRACES),
    ]
    for point in points:
        by_age, seen = ([run[name] for run in swept(**point)] for name in ("old", "old_seen"))
        assert estimate(seen).low < estimate(by_age).mean < estimate(seen).high
        assert 4.0 * estimate(by_age).half_width < estimate(seen).half_width


def test_with_a_tag_the_site_sends_each_edit_once_and_without_it_everything_that_is_asked_for() -> None:
    edits = PAGES / EDIT_INTERVAL * PAGE_BYTES / 1_000.0  # kB/s
    for age in MAX_AGES:
        with_tag, without = found(max_age=age), found(max_age=age, etag=False)
        assert with_tag["site_bytes"] < edits + 0.3 * with_tag["site_requests"]  # a 304 is some 230 bytes
        assert without["site_bytes"] == pytest.approx(
            without["site_requests"] * PAGE_BYTES / 1_000.0, rel=0.02
        )
        assert with_tag["old"] == pytest.approx(without["old"], rel=0.02)  # it is asked as often


def test_a_window_for_stale_answers_saves_waiting_and_asks_as_often() -> None:
    points: list[dict[str, Any]] = [{"max_age": 5.0, "stale_while_revalidate": window} for window in WINDOWS]
    for values in in_order(points, "latency_mean"):
        assert values == sorted(values, reverse=True)
    for values in in_order(points, "old"):
        assert values == sorted(values)
    for values in in_order(points, "site_requests"):
        assert values == pytest.approx([values[0]] * len(WINDOWS), rel=0.01)


def test_a_grace_answers_for_so_long_an_outage() -> None:
    points: list[dict[str, Any]] = [
        {"max_age": 5.0, "outage": OUTAGE, "stale_if_error": grace} for grace in GRACES
    ]
    for values in in_order(points, "answered_in_outage"):
        assert values == pytest.approx([grace / OUTAGE for grace in GRACES], abs=0.05)
    for measure in ("old", "old_by", "latency_mean"):
        for values in in_order(points, measure):
            assert values == sorted(values)


@pytest.mark.slow
def test_a_run_counts_what_happens_in_it() -> None:
    run = http_caching(seed=1, duration=120.0)
    statistics, site = run.detail.edge.statistics(), run.detail.site
    assert statistics.request_count == len(run.detail.requests)
    assert statistics.forwarded_count == site.full_count + site.not_modified_count
    assert isnan(run.measures["answered_in_outage"])  # there was none
    assert min(run.measures["old"], run.measures["old_seen"]) > 0.0
    fresh = http_caching(seed=1, duration=120.0, max_age=0.0)
    assert fresh.measures["old"] == fresh.measures["old_seen"] == fresh.measures["at_the_edge"] == 0.0
    assert isnan(fresh.measures["old_by"])


def test_nonsense_is_refused() -> None:
    with pytest.raises(Misuse, match="max_age"):
        http_caching(seed=1, max_age=-1.0)
    with pytest.raises(Misuse, match="duration"):
        http_caching(seed=1, duration=60.0)


def test_what_it_says_of_max_age_is_what_the_sweep_shows() -> None:
    said = what_to_see(http_caching)
    never, short, long = (found(max_age=age) for age in (0.0, 5.0, 60.0))
    assert f"the edge answers {percent(short['at_the_edge'])} of the requests by itself" in said
    assert f"wait for {ms(short)} instead of {ms(never)} on average" in said
    assert f"{percent(short['old'], 1)} of the answers are old, by {short['old_by']:.1f} s on average" in said
    assert f"it is {percent(long['at_the_edge'])}, {ms(long)} and {percent(long['old'])}" in said
    assert f"by {long['old_by']:.0f} s. The theory says {percent(short['old_theory'], 1)}" in said
    assert f" and {percent(long['old_theory'], 1)}. With" in said
    assert f"{never['site_bytes']:.0f} kB/s with a max-age of 0 s and {long['site_bytes']:.0f} kB/s" in said
    bare, bare_long = found(max_age=0.0, etag=False), found(max_age=60.0, etag=False)
    assert f"it sends {bare['site_bytes']:.0f} kB/s with a max-age of 0 s" in said
    assert f"{bare['site_cores']:.2f} cores busy and not {never['site_cores']:.2f}" in said
    assert f"no great difference any more, {bare_long['site_bytes']:.0f} kB/s" in said


def test_what_it_says_of_stale_answers_is_what_the_sweep_shows() -> None:
    said = what_to_see(http_caching)
    stale, fresh = found(max_age=5.0, stale_while_revalidate=15.0), found(max_age=30.0)
    assert f"15 s of it come to {ms(stale, 1)} and {percent(stale['old'], 1)}" in said
    assert f"a max-age of 30 s to {ms(fresh, 1)} and {percent(fresh['old'], 1)}" in said
    longest, none = found(max_age=5.0, stale_while_revalidate=60.0), found(max_age=5.0)
    assert longest["site_requests"] == pytest.approx(none["site_requests"], rel=0.001)
    assert f"{longest['site_requests']:.1f} requests/s with 60 s of it as with none" in said
    outage = {grace: found(max_age=5.0, outage=OUTAGE, stale_if_error=grace) for grace in GRACES}
    answered = {grace: measures["answered_in_outage"] for grace, measures in outage.items()}
    assert f"down for {OUTAGE:.0f} s, {percent(answered[0.0], 1)} of the requests in that time" in said
    assert (
        f"{percent(answered[30.0])} with a stale-if-error of 30 s, and {percent(answered[60.0])} with" in said
    )
    last = outage[60.0]
    assert f"then {percent(last['old'], 1)} of all answers are old, by {last['old_by']:.0f} s" in said
    assert f"wait for {ms(last)} on average and not {ms(outage[0.0])}" in said


def ms(measures: Measures, digits: int = 0) -> str:
    return f"{1_000.0 * measures['latency_mean']:.{digits}f} ms"


@pytest.mark.slow
def test_the_figures_of_the_default_sweep() -> None:
    figures = http_caching.figures_of_sweep(kept_sweep(http_caching))
    assert sorted(figures) == ["max_age", "stale"]
    assert_complete(dict(figures))
    assert "old, by theory" in texts(figures["max_age"])
    for axes in (*figures["max_age"].axes, *figures["stale"].axes):
        assert axes.get_ylim()[0] == 0.0
    shown = [text.get_text() for text in figures["stale"].axes[2].texts]
    graces = [found(max_age=5.0, outage=OUTAGE, stale_if_error=grace) for grace in GRACES]
    assert shown == [f"{100.0 * each['answered_in_outage']:.1f}" for each in graces]


@pytest.mark.slow
def test_a_sweep_without_the_points_has_no_such_figures() -> None:
    few = sweep(
        http_caching, Points([{"max_age": 60.0, "duration": 120.0}]), replications=1, executor=InProcess()
    )
    assert http_caching.figures_of_sweep(few) == {}
