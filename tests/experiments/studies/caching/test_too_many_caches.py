"""The study of too many caches: how ages add up, what the age that came along does, and what purges leave."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt

from experiments import Misuse, Points, Run
from experiments.studies.caching.too_many_caches import (
    PURGES,
    TooManyCachesRun,
    age_by_theory,
    old_for,
    parts_of,
    too_many_caches,
)
from models.consistency import Ending, Operation, staleness_of_reads
from tests.experiments.studies.caching.replayed_chain import mean_age, reads_of
from tests.experiments.studies.figure_checks import assert_complete, texts
from tests.experiments.studies.stores.numbers_in_words import listed
from tests.experiments.studies.what_is_said import kept_sweep, means, runs_of, what_to_see

mpl.use("Agg")

COUNTS = (1, 2, 3)
TTL = 10.0
WAY_BACK = 0.02
"""What an answer that a cache gives is older when it has come: a way for each cache, and a little."""


@pytest.mark.parametrize("caches", COUNTS)
def test_worst_age_is_one_time_to_live_for_each_cache_and_nearly_reached(caches: int) -> None:
    for measures in runs_of(too_many_caches, caches=caches, counts_age=False):
        assert measures["age_worst"] <= caches * (TTL + WAY_BACK)
        assert measures["age_worst"] > (caches - 0.5) * TTL


@pytest.mark.parametrize("caches", COUNTS)
def test_where_the_age_that_came_along_counts_nothing_is_older_than_one_time_to_live(caches: int) -> None:
    for measures in runs_of(too_many_caches, caches=caches, counts_age=True):
        assert TTL - 0.1 < measures["age_worst"] <= TTL + WAY_BACK
        assert measures["old_for_worst"] <= TTL + WAY_BACK
        assert measures["age_mean"] < 0.51 * TTL


def test_age_of_one_cache_is_that_of_theory_and_of_several_less() -> None:
    """Caches do not ask at random: what they find is younger."""
    one, two, three = (means(too_many_caches, caches=caches, counts_age=False) for caches in COUNTS)
    assert one["age_mean"] == pytest.approx(one["age_theory"], rel=0.02)
    assert 0.85 * two["age_theory"] < two["age_mean"] < 0.95 * two["age_theory"]
    assert 0.75 * three["age_theory"] < three["age_mean"] < 0.9 * three["age_theory"]


@pytest.mark.parametrize("caches", COUNTS)
def test_age_that_is_passed_on_is_that_of_theory(caches: int) -> None:
    measures = means(too_many_caches, caches=caches, counts_age=True)
    assert measures["age_mean"] == pytest.approx(measures["age_theory"], rel=0.01)


@pytest.mark.slow
def test_ages_are_those_of_the_same_reads_where_nothing_is_simulated() -> None:
    """So what they are less than theory is no fault of the caches here."""
    reads = reads_of(seed=0)
    for caches in COUNTS:
        for counts_age in (False, True):
            kept = runs_of(too_many_caches, caches=caches, counts_age=counts_age)[0]
            assert mean_age(reads, caches, TTL, counts_age=counts_age) == pytest.approx(
                kept["age_mean"], rel=1e-5
            )


def test_theory_is_half_a_time_to_live_for_each_cache_that_is_asked_without_end() -> None:
    own = age_by_theory(1, TTL, counts_age=False)
    assert own == age_by_theory(1, TTL, counts_age=True) == pytest.approx(TTL / 2 * 10.0 / 11.0)
    behind = 6 * 1.0 / 11.0  # questions per second that come to a proxy
    assert age_by_theory(2, TTL, counts_age=False) - own == pytest.approx(
        TTL / 2 * behind * TTL / (1.0 + behind * TTL)
    )
    assert age_by_theory(3, TTL, counts_age=True) == pytest.approx(TTL / 2 * 240.0 / 241.0)
    assert age_by_theory(0, TTL, counts_age=False) == age_by_theory(0, TTL, counts_age=True) == 0.0


def test_what_is_told_old_ends_with_the_last_cache_that_hears_of_it() -> None:
    for measures in runs_of(too_many_caches, purge="server, then proxies"):
        assert measures["old_for_worst"] <= 1.0 + TTL + WAY_BACK  # a gap, and what readers have
    for measures in runs_of(too_many_caches, purge="server, then proxies, then readers"):
        assert measures["old_for_worst"] <= 2.0 + WAY_BACK
    for measures in runs_of(too_many_caches, purge="server"):
        assert measures["old_for_worst"] <= 2.0 * (TTL + WAY_BACK)
    for measures in runs_of(too_many_caches, purge="proxies, then server"):
        assert 1.0 + TTL + WAY_BACK < measures["old_for_worst"] <= 1.0 + 2.0 * (TTL + WAY_BACK)


def test_a_purge_of_the_server_alone_is_as_good_as_not_to_have_its_cache() -> None:
    with_it, without = means(too_many_caches, purge="server"), means(too_many_caches, caches=2)
    assert with_it["old_for_worst"] == pytest.approx(without["old_for_worst"], rel=0.02)
    assert with_it["old"] == pytest.approx(without["old"], rel=0.05)
    assert with_it["origin_reads"] < 0.3 * without["origin_reads"]


def test_a_purge_of_the_proxies_alone_is_undone() -> None:
    none, proxies = means(too_many_caches), means(too_many_caches, purge="proxies")
    assert proxies["old_for"] > 0.9 * none["old_for"]


def operation(kind: str, value: Any, start: float, end: float, order: int) -> Operation:
    return Operation(
        process=order,
        kind=kind,
        key="page",
        value=value if kind == "write" else None,
        result=value if kind == "read" else None,
        invoked_at=start,
        ended_at=end,
        ending=Ending.OK,
        invoked_order=2 * order,
        ended_order=2 * order + 1,
    )


def test_how_long_a_page_is_told_as_it_was_is_counted_for_each_write() -> None:
    history = [
        operation("write", "first", 50.0, 51.0, 0),  # before the warm-up is over
        operation("write", "second", 99.0, 100.0, 1),
        operation("read", "first", 101.0, 101.0, 2),
        operation("read", "first", 104.0, 104.5, 3),
        operation("read", "second", 106.0, 106.0, 4),
        operation("write", "third", 199.0, 200.0, 5),
        operation("read", "third", 201.0, 201.0, 6),
        operation("write", "fourth", 299.0, 300.0, 7),
        operation("read", "third", 302.0, 302.0, 8),
    ]
    reads = staleness_of_reads(history)
    assert old_for(history, reads, end=250.0) == [4.0, 0.0]
    assert old_for(history, reads, end=300.0) == [4.0, 0.0, 2.0]


@pytest.mark.parametrize(
    ("caches", "purge"), [(0, "server"), (1, "proxies"), (2, "server, then proxies"), (2, "server")]
)
def test_a_purge_of_a_cache_that_is_not_there_is_refused(caches: int, purge: str) -> None:
    with pytest.raises(Misuse, match=f"purge must be of caches that there are, with {caches} of them"):
        too_many_caches(caches=caches, purge=purge)


def test_parts_of_a_purge_are_sent_to_one_after_the_other() -> None:
    assert [len(parts_of(purge)) for purge in PURGES] == [0, 1, 1, 2, 2, 3]
    assert parts_of("proxies, then server") == ("proxies", "server")


@pytest.fixture(scope="module")
def three_caches() -> Run:
    return too_many_caches(seed=0)


@pytest.mark.slow
def test_no_cache_at_all_tells_nothing_old() -> None:
    measures = too_many_caches(caches=0).measures
    assert measures["age_worst"] == measures["old"] == measures["old_for_worst"] == 0.0
    assert measures["origin_reads"] == pytest.approx(48.0, rel=0.03)
    assert measures["questions"] == measures["answered_by_readers"] == 0.0


@pytest.mark.slow
def test_figure_of_a_run_shows_what_one_reader_is_told(three_caches: Run) -> None:
    figures = dict(too_many_caches.figures_of_run(three_caches))
    assert_complete(figures)
    detail = three_caches.detail
    assert isinstance(detail, TooManyCachesRun)
    assert "3 caches" in texts(figures["ages"])
    assert detail.ages.summary().answer_count == pytest.approx(2.0 * 660.0, rel=0.1)
    plt.close("all")


SMALL: Sequence[tuple[list[dict[str, Any]], list[str]]] = (
    ([{"caches": caches, "counts_age": counts} for caches in COUNTS for counts in (False, True)], ["layers"]),
    ([{"purge": purge} for purge in PURGES], ["purges"]),
    ([{"caches": 1}, {"caches": 2}], []),
)


@pytest.mark.slow
@pytest.mark.parametrize(("points", "names"), SMALL)
def test_figures_are_complete_and_there_for_what_was_swept(
    points: list[dict[str, Any]], names: list[str]
) -> None:
    result = kept_sweep(too_many_caches, Points(points).points(), replications=2)
    figures = dict(too_many_caches.figures_of_sweep(result))
    assert list(figures) == names
    assert_complete(figures)
    plt.close("all")


@pytest.mark.slow
def test_figures_say_what_the_sweep_shows() -> None:
    figures = dict(too_many_caches.figures_of_sweep(kept_sweep(too_many_caches)))
    worst = [means(too_many_caches, caches=3, counts_age=counts)["age_worst"] for counts in (False, True)]
    said = "what is told is up to {:.0f} s old, and {:.0f} s if age is passed on".format(*worst)
    assert said in texts(figures["layers"])
    outwards, proxies, none = (
        means(too_many_caches, purge=purge)["old_for"]
        for purge in ("server, then proxies", "proxies", "none")
    )
    said = f"old for {outwards:.0f} s; at the proxies alone {proxies:.0f} s; not at all {none:.0f} s"
    assert said in texts(figures["purges"])
    plt.close("all")


def test_what_it_says_is_to_be_seen_is_what_the_sweep_shows() -> None:
    said = what_to_see(too_many_caches)
    one, two, three = (means(too_many_caches, caches=caches, counts_age=False) for caches in COUNTS)
    assert f"alone tell what is {one['age_mean']:.1f} s old on average and at most {TTL:.0f} s" in said
    assert f"with the proxies' {two['age_mean']:.1f} and {two['age_worst']:.0f} s" in said
    assert f"the server's {three['age_mean']:.1f} and {three['age_worst']:.0f} s" in said
    at_random = listed([each["age_theory"] for each in (one, two, three)], ".1f")
    assert f"(If caches, too, asked at random, it would be {at_random} s on average.)" in said
    counted = [means(too_many_caches, caches=caches, counts_age=True) for caches in COUNTS]
    ages = listed([each["age_mean"] for each in counted], ".1f")
    assert ages == listed([each["age_theory"] for each in counted], ".1f")
    assert f"counts the age that came along it is {ages} s, as theory has it" in said
    assert f"{counted[2]['questions']:.1f} questions a second instead of {three['questions']:.1f}" in said
    assert f"the origin gets {counted[2]['origin_reads']:.2f} instead of {three['origin_reads']:.2f}" in said
    found = {purge: means(too_many_caches, purge=purge) for purge in PURGES}
    assert f"told as it was for {found['none']['old_for']:.1f} s, if no cache is told" in said
    assert f"proxies does not help ({found['proxies']['old_for']:.1f} s)" in said
    assert f"of the server little ({found['proxies, then server']['old_for']:.1f} s)" in said
    outwards = found["server, then proxies"]
    assert f"({outwards['old_for']:.1f} s, at worst {outwards['old_for_worst']:.1f} s)" in said
    assert f"after {found['server, then proxies, then readers']['old_for']:.1f} s" in said
    assert f"as good as not to have that cache ({found['server']['old_for']:.1f} s)" in said
