"""The study of scatter-gather: the slowest of many, deadlines, one shard in trouble, load, a read store."""

from __future__ import annotations

from math import exp, inf
from statistics import fmean
from typing import Any

import pytest

from experiments import Misuse
from experiments.studies.scaling_data.scatter_gather import (
    CAPACITIES,
    COUNTS,
    DEADLINE,
    DEADLINES,
    FAN_OUTS,
    FEED_INTERVALS,
    LOADED,
    WAYS,
    scatter_gather,
    stale_by_law,
)
from experiments.studies.scaling_data.scatter_gather_users import Offers
from tests.experiments.studies.stores.numbers_in_words import listed
from tests.experiments.studies.what_is_said import means, percent, runs_of, what_to_see

PARTIAL = WAYS["what has come by a deadline"]
BY_DEADLINE = WAYS["all by a deadline, or fail"]
STORE = WAYS["ask the read store"]
TROUBLES = ("slow shard", "dead shard")


# -- the slowest of many


@pytest.mark.parametrize("shards", FAN_OUTS)
def test_latency_is_that_of_the_slowest_of_all_shards(shards: int) -> None:
    found = means(scatter_gather, shards=shards)
    assert found["p50"] == pytest.approx(found["p50_law"], rel=0.03)
    assert found["p95"] == pytest.approx(found["p95_law"], rel=0.1)
    assert found["late"] == pytest.approx(found["late_law"], abs=0.011)
    assert found["complete"] == 1.0


def test_law_of_late_answers_is_that_of_the_largest_of_many() -> None:
    for shards in FAN_OUTS:
        assert means(scatter_gather, shards=shards)["late_law"] == pytest.approx(1.0 - 0.99**shards)


@pytest.mark.parametrize("shards", FAN_OUTS)
def test_a_read_store_is_as_fast_as_one_shard_of_however_many(shards: int) -> None:
    found = means(scatter_gather, shards=shards, way="read store")
    assert found["p50"] == pytest.approx(found["p50_law"], rel=0.03)
    assert found["p50_law"] == means(scatter_gather, shards=1)["p50_law"]
    assert found["complete"] == 1.0


# -- deadlines, and trouble


@pytest.mark.parametrize("deadline", DEADLINES)
def test_what_is_complete_by_a_deadline_is_what_all_shards_tell_by_then(deadline: float) -> None:
    found = means(scatter_gather, deadline=deadline, partial=True)
    assert found["complete"] == pytest.approx(found["complete_law"], abs=0.03)
    for measures in runs_of(scatter_gather, deadline=deadline, partial=True):
        assert measures["p99"] == pytest.approx(deadline)
        assert measures["named"] == 1.0


def test_fewer_offers_are_missing_the_longer_is_waited() -> None:
    missing = [means(scatter_gather, deadline=each, partial=True)["missing"] for each in DEADLINES]
    assert missing == sorted(missing, reverse=True)


@pytest.mark.parametrize("trouble", TROUBLES)
def test_one_shard_in_trouble_leaves_no_answer_complete_by_the_deadline(trouble: str) -> None:
    for measures in runs_of(scatter_gather, trouble=trouble, **BY_DEADLINE):
        assert measures["answered_share"] == 0.0
    for measures in runs_of(scatter_gather, trouble=trouble, **PARTIAL):
        assert measures["complete"] == 0.0
        assert measures["answered_share"] == measures["named"] == 1.0
        assert measures["p50"] == pytest.approx(DEADLINE)
        assert 1.0 / 16.0 < measures["missing"] < 1.0 / 16.0 + 0.02  # a few of the others are late


def test_whoever_waits_for_a_dead_shard_waits_for_ever() -> None:
    for measures in runs_of(scatter_gather, trouble="dead shard"):
        assert measures["answered_share"] == 0.0
        assert measures["p50"] == inf


def test_a_deadline_lets_a_slow_shard_work_for_nobody() -> None:
    waiting, leaving = (means(scatter_gather, trouble="slow shard", **way) for way in ({}, PARTIAL))
    assert leaving["shard_busy"] > 1.1 * waiting["shard_busy"]


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_read_store_answers_as_before_when_a_shard_is_in_trouble(trouble: str) -> None:
    well, ill = (means(scatter_gather, trouble=each, **STORE) for each in ("none", trouble))
    assert ill["complete"] == 1.0
    assert ill["p50"] == pytest.approx(well["p50"], rel=0.02)


# -- load


@pytest.mark.parametrize("place", range(len(COUNTS)))
def test_shards_do_not_add_up_where_all_are_needed_and_copies_do(place: int) -> None:
    """What is worked on when the measuring begins is counted when it ends: one more in 20 s for each."""
    one_can = 1.0 / LOADED["work"] + 1.0 / 20.0
    of_all, of_one, of_copies = (
        means(scatter_gather, **LOADED, **line[place])["answered"] for line in CAPACITIES.values()
    )
    assert 0.97 * one_can < of_all <= one_can
    assert 0.85 * COUNTS[place] * one_can < of_one <= COUNTS[place] * one_can
    assert 0.97 * COUNTS[place] * one_can < of_copies <= COUNTS[place] * one_can


# -- what is out of date


@pytest.mark.parametrize("interval", FEED_INTERVALS)
def test_answers_are_out_of_date_as_often_as_the_pauses_make_them(interval: float) -> None:
    found = means(scatter_gather, way="read store", feed_interval=interval)
    assert found["stale"] == pytest.approx(found["stale_law"], abs=0.03)


def test_law_of_stale_answers_begins_at_none_and_ends_at_all() -> None:
    assert stale_by_law(1.0, 1e-6, 10) == pytest.approx(0.5e-5, rel=1e-3)
    assert stale_by_law(1.0, 1000.0, 10) == pytest.approx(1.0)
    assert stale_by_law(2.0, 0.5, 1) == pytest.approx(exp(-1.0))


def test_answers_of_the_shards_themselves_are_never_out_of_date() -> None:
    for shards in FAN_OUTS:
        assert all(measures["stale"] == 0.0 for measures in runs_of(scatter_gather, shards=shards))


def test_whoever_asks_more_often_for_changes_costs_shards_more() -> None:
    busy = [
        means(scatter_gather, way="read store", feed_interval=each)["shard_busy"] for each in FEED_INTERVALS
    ]
    assert busy == sorted(busy, reverse=True)


def test_an_answer_is_as_old_as_the_first_change_that_it_lacks() -> None:
    offers = Offers(2)
    offers.acknowledged[0] += [(1.0, 1), (2.0, 2)]
    assert offers.age({0: 0, 1: 0}, 5.0) == 4.0
    assert offers.age({0: 1, 1: 0}, 5.0) == 3.0
    assert offers.age({0: 2, 1: 0}, 5.0) == 0.0
    assert offers.age({1: 0}, 5.0) == 0.0


# -- what cannot go together, and what is said


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ({"way": "read store", "deadline": 1.0}, "deadline must be none with way read store, got 1.0"),
        ({"partial": True}, "partial must be false with deadline none, .*, got true"),
        ({"copies": 2}, "copies must be 1 with way all shards, .*, got 2"),
        (
            {"way": "one shard", "feed_interval": 1.0},
            "feed_interval must be 0.1 with way one shard, .* got 1",
        ),
    ],
)
def test_what_has_no_effect_is_refused(given: dict[str, Any], rule: str) -> None:
    with pytest.raises(Misuse, match=rule):
        scatter_gather(**given)


def test_what_it_says_is_to_be_seen_is_what_the_sweep_shows() -> None:
    said = what_to_see(scatter_gather)
    many = [means(scatter_gather, shards=shards) for shards in FAN_OUTS]
    late = listed([100.0 * each["late"] for each in many[2:]], ".0f")
    law = listed([100.0 * each["late_law"] for each in many[2:]], ".0f")
    assert f"to 4, 8, 16 and 32 shards {late} % are late (by the law {law} %)" in said
    first, last = many[0], many[-1]
    assert f"grows from {1e3 * first['p50']:.1f} to {1e3 * last['p50']:.1f} ms" in said
    assert f"percentile from {1e3 * first['p95']:.0f} to {1e3 * last['p95']:.0f} ms" in said
    store = means(scatter_gather, **STORE)
    assert f"the read store's are {1e3 * store['p50']:.1f} and {1e3 * store['p95']:.0f} ms" in said
    soon, later = (means(scatter_gather, deadline=each, partial=True) for each in (0.015, 0.05))
    assert (
        f"{percent(soon['complete'])} of the answers are complete,"
        f" and {percent(soon['missing'], 1)} of the offers missing; with one of 50 ms it is"
        f" {percent(later['complete'])} and {percent(later['missing'], 1)}" in said
    )
    slow = means(scatter_gather, trouble="slow shard")
    assert f"wait for all wait {1e3 * slow['p50']:.0f} ms in the median" in said
    lacking = fmean(means(scatter_gather, trouble=trouble, **PARTIAL)["missing"] for trouble in TROUBLES)
    assert f"takes the 50 ms and lacks {percent(lacking, 1)} of the offers" in said
    dead = means(scatter_gather, trouble="dead shard", **STORE)
    assert f"the read store answers in {1e3 * dead['p50']:.1f} ms as before" in said
    all_8, one_8, copies_8 = (
        means(scatter_gather, **LOADED, **line[-1])["answered"] for line in CAPACITIES.values()
    )
    all_1 = means(scatter_gather, **LOADED, **CAPACITIES["all shards"][0])["answered"]
    assert (
        f"8 shards answer {all_8:.0f} queries per second that need all of them, 1 shard {all_1:.0f}" in said
    )
    assert f"one shard, 8 answer {one_8:.0f}, and 8 copies of the read store {copies_8:.0f}" in said
    fed = [means(scatter_gather, way="read store", feed_interval=each) for each in FEED_INTERVALS]
    assert f"{listed([100.0 * each['stale'] for each in fed], '.0f')} % of the read store's" in said
    assert f"(by the law {listed([100.0 * each['stale_law'] for each in fed], '.0f')} %)" in said
    ages = [f"{1e3 * each['age']:.{2 * (each['age'] < 0.01)}f}" for each in fed]
    assert f"by {', '.join(ages[:-1])} and {ages[-1]} ms on average" in said
    busy = [percent(each["shard_busy"], 1) for each in (fed[0], fed[-1])]
    assert f"busy for {busy[0]} with pauses of 10 ms, for {busy[1]} with those of 1000 ms" in said
