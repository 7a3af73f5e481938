"""The study of hot keys: what bounds them, what helps in which case, and what that costs."""

from __future__ import annotations

from typing import Any

import pytest

from experiments import Misuse
from experiments.studies.scaling_data.hot_key_shards import Case
from experiments.studies.scaling_data.hot_key_users import Judged, key_of
from experiments.studies.scaling_data.hot_keys import (
    ADD_SHARES,
    CROWD,
    EXPONENTS,
    REMEDIES,
    SALTED,
    SALTS,
    SCENES,
    SHARDS,
    bound_by_theory,
    hot_keys,
    share_of_hottest,
)
from tests.experiments.studies.what_is_said import Measures, means, percent, runs_of, what_to_see

ONE_CAN = 50.0
"""Requests per second that one database takes."""

NO_SPECIAL: dict[str, Any] = {
    "scene": "counters",
    "exponent": 0.0,
    "hot_share": 0.4,
    "add_share": 0.5,
    "partitioning": "hashes",
    "shards": 4,
    "salt": 1,
    "replicas": 0,
    "users": 10_000,
}


def spread(exponent: float, shards: int) -> dict[str, Any]:
    return {"partitioning": "hashes", "users": CROWD, "exponent": exponent, "shards": shards}


def at(scene: str, remedy: str) -> Measures:
    return means(hot_keys, **{**SCENES[scene], **REMEDIES[remedy]})


def answered(scene: str) -> list[float]:
    return [at(scene, remedy)["answered"] for remedy in REMEDIES]


# -- theory


@pytest.mark.slow
def test_no_run_answers_more_than_theory_allows() -> None:
    """The share of the hot key in 15 s is not just what it is in the long run."""
    for point in hot_keys.points():
        for measures in runs_of(hot_keys, **point):
            assert measures["answered"] < 1.08 * measures["bound"]


@pytest.mark.parametrize("exponent", [exponent for exponent in EXPONENTS if exponent])
def test_speed_up_ends_at_the_inverse_of_the_hottest_keys_share(exponent: float) -> None:
    one, many = (means(hot_keys, **spread(exponent, shards)) for shards in (SHARDS[0], SHARDS[-1]))
    limit = 1.0 / share_of_hottest(exponent, 0.0)
    assert 0.8 * limit < many["answered"] / one["answered"] < 1.02 * limit
    assert many["hottest"] > 0.99


def test_busiest_shard_has_at_least_the_share_of_the_hottest_key() -> None:
    for exponent in EXPONENTS[1:]:
        for shards in SHARDS:
            found = means(hot_keys, **spread(exponent, shards))
            assert found["hottest_ratio"] / shards > 0.95 * share_of_hottest(exponent, 0.0)


def test_bound_is_what_theory_says_it_is() -> None:
    assert share_of_hottest(0.0, 0.0) == pytest.approx(1.0 / 400.0)
    share = share_of_hottest(0.0, 0.4)
    assert share == pytest.approx(0.4 + 0.6 / 400.0)
    assert bound_by_theory(Case(**NO_SPECIAL)) == pytest.approx(ONE_CAN / share)
    assert bound_by_theory(Case(**{**NO_SPECIAL, "shards": 64})) == pytest.approx(ONE_CAN / share)
    assert bound_by_theory(Case(**{**NO_SPECIAL, "shards": 2})) == pytest.approx(2.0 * ONE_CAN)
    assert bound_by_theory(Case(**{**NO_SPECIAL, "users": 6})) == pytest.approx(6.0 / 0.12)
    adding = {**NO_SPECIAL, "add_share": 1.0}
    assert bound_by_theory(Case(**{**adding, "salt": 2})) == pytest.approx(min(4.0, 2.0 / share) * ONE_CAN)
    reading = {**NO_SPECIAL, "add_share": 0.0}
    assert bound_by_theory(Case(**{**reading, "salt": 4})) == pytest.approx(ONE_CAN / share)
    assert bound_by_theory(Case(**{**reading, "replicas": 1})) == pytest.approx(2.0 * ONE_CAN / share)


def test_bound_of_new_keys_is_one_shard_unless_they_are_scattered() -> None:
    new = {**NO_SPECIAL, "scene": "timeline", "hot_share": 0.0, "partitioning": "ranges", "add_share": 1.0}
    assert bound_by_theory(Case(**{**new, "shards": 64})) == pytest.approx(ONE_CAN)
    assert bound_by_theory(Case(**{**new, "salt": 3})) == pytest.approx(3.0 * ONE_CAN)
    assert bound_by_theory(Case(**{**new, "partitioning": "hashes"})) == pytest.approx(4.0 * ONE_CAN)
    pages = {**new, "partitioning": "hashes", "add_share": 0.0}
    assert bound_by_theory(Case(**pages)) == pytest.approx(ONE_CAN)  # each page is asked of all


# -- what helps


def test_a_hot_range_is_helped_by_splits_and_by_hashes() -> None:
    nothing, more, balanced, hashed, salted, copied = answered("hot range")
    assert balanced > 2.0 * nothing
    assert hashed > 1.8 * nothing
    assert salted < 1.15 * nothing
    assert max(more, copied) < min(balanced, hashed)


@pytest.mark.parametrize("scene", ["hot key, adds", "hot key, reads"])
def test_one_hot_key_is_not_helped_by_other_places(scene: str) -> None:
    nothing, more, balanced, hashed, _, _ = answered(scene)
    assert hashed == pytest.approx(nothing, rel=0.05)
    limit = ONE_CAN / share_of_hottest(0.0, 0.4)
    assert max(more, balanced) < 1.04 * limit
    assert balanced == pytest.approx(limit, rel=0.04)  # nothing else is left at its shard


def test_salt_helps_those_who_add_and_replicas_those_who_read() -> None:
    nothing, _, _, _, salted, copied = answered("hot key, adds")
    assert salted > 1.7 * nothing
    assert copied < 1.2 * nothing
    nothing, _, _, _, salted, copied = answered("hot key, reads")
    assert copied > 2.2 * nothing
    assert salted < 1.2 * nothing


def test_keys_in_order_of_time_all_come_to_one_shard_however_often_its_range_is_split() -> None:
    for remedy in ("nothing", "three times the shards"):
        found = at("keys by time", remedy)
        assert found["answered"] == pytest.approx(ONE_CAN, rel=0.01)
        assert found["hottest_ratio"] == pytest.approx(found["hosts"], rel=0.01)
    found = at("keys by time", "split and move by load")
    assert 0.95 * ONE_CAN < found["answered"] < ONE_CAN  # copies are read from the one that is full
    assert found["hottest_ratio"] > 0.95 * found["hosts"]
    assert found["splits"] > 20
    assert found["moves"] < 4


@pytest.mark.parametrize("add_share", ADD_SHARES)
def test_salted_reads_ask_more_databases_the_more_sub_keys_there_are(add_share: float) -> None:
    points = [{**SALTED, "add_share": add_share, "salt": salt} for salt in SALTS]
    for salt, found in zip(SALTS, (means(hot_keys, **point) for point in points), strict=True):
        share = share_of_hottest(0.0, 0.4)
        assert found["asked"] == pytest.approx(1.0 + share * (salt - 1), rel=0.05)


# -- what it costs


def test_pages_of_scattered_keys_are_asked_of_every_shard() -> None:
    assert at("keys by time", "nothing")["asked"] == pytest.approx(1.0)
    for remedy in ("hashes", "salt 4"):
        assert at("keys by time", remedy)["asked"] == pytest.approx(4.0, rel=0.01)


def test_only_replicas_tell_less_than_was_acknowledged() -> None:
    for scene in SCENES:
        for remedy in REMEDIES:
            stale = at(scene, remedy)["stale"]
            assert stale > 0.05 if remedy == "two replicas each" else stale == 0.0


def test_replicas_repeat_every_write() -> None:
    work = at("hot key, adds", "two replicas each")["work"]
    assert work == pytest.approx(0.02 * (0.9 * 3.0 + 0.1), rel=0.03)


# -- its parts, and what cannot go together


def test_keys_of_a_bucket_stand_together_in_the_order_of_numbers() -> None:
    keys = [key_of(bucket, number) for bucket in range(3) for number in (0, 1, 10**9 - 1)]
    assert keys == sorted(set(keys))


def test_reads_are_judged_when_they_end_after_the_warm_up() -> None:
    judged = Judged(since=10.0)
    judged.begin(9.0)
    judged.end(11.0, is_stale=True)
    judged.begin(12.0)
    judged.end(13.0, is_stale=False)
    assert (judged.begun_count, judged.ended_count, judged.stale) == (1, 2, 0.5)


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ({"scene": "timeline", "hot_share": 0.1}, "hot_share must be 0 in scene timeline, .*, got 0.1"),
        ({"salt": 2, "replicas": 1}, "replicas must be 0 where keys are salted, got 1"),
    ],
)
def test_what_has_no_effect_is_refused(given: dict[str, Any], rule: str) -> None:
    with pytest.raises(Misuse, match=rule):
        hot_keys(**given)


# -- what is said


def test_what_it_says_of_shards_is_what_the_sweep_shows() -> None:
    said = what_to_see(hot_keys)
    texts = []
    for exponent in (1.5, 1.0):
        one, many = (means(hot_keys, **spread(exponent, shards)) for shards in (1, 16))
        texts.append((many["answered"] / one["answered"], many["bound"] / one["bound"]))
        assert f"{percent(share_of_hottest(exponent, 0.0))}" in said
    (first, most), (second, more) = texts
    assert f"16 shards answer {first:.1f} times as much as one, where it has 15 % {second:.1f} times" in said
    assert f"(by theory at most {most:.1f} and {more:.1f} times)" in said
    hot = means(hot_keys, **spread(1.5, 16))
    assert f"busiest of the 16 has {hot['hottest_ratio']:.1f} times the mean load" in said
    assert f"take up to {1e3 * hot['p50']:.0f} ms, and one in a hundred {hot['p99']:.1f} s" in said


@pytest.mark.slow
def test_what_it_says_of_remedies_is_what_the_sweep_shows() -> None:
    said = what_to_see(hot_keys)
    nothing, more, balanced, hashed, _, _ = answered("hot range")
    assert f"4 shards answer {nothing:.0f} requests per second, 12 shards {more:.0f}" in said
    assert f"4 with hashes {hashed:.0f}, and 4 with a balancer {balanced:.0f}" in said
    moved = at("hot range", "split and move by load")
    assert f"after {moved['moves']:.1f} moves, of which the longest" in said
    assert f"frozen a range for {moved['frozen']:.1f} s" in said
    nothing, more, balanced, hashed, salted, copied = answered("hot key, adds")
    assert [round(each) for each in answered("hot key, reads")[:4]] == pytest.approx(
        [nothing, more, balanced, hashed], abs=1.0
    )
    assert f"it is {nothing:.0f}, {more:.0f} with 12 shards, {hashed:.0f} with hashes" in said
    assert f"and {balanced:.0f} with a balancer" in said
    _, _, _, _, salted_reads, copied_reads = answered("hot key, reads")
    assert f"Salted over 4 it is {salted:.0f} where 90 % of the requests add something" in said
    assert f"{salted_reads:.0f} where 90 % read" in said
    for scene in ("hot key, adds", "hot key, reads"):
        assert f"asks {at(scene, 'salt 4')['asked']:.1f} databases on average" in said
    assert f"it is {copied:.0f} and {copied_reads:.0f}" in said
    assert f"{percent(at('hot key, reads', 'two replicas each')['stale'])} of the reads miss" in said
    new = {remedy: at("keys by time", remedy) for remedy in REMEDIES}
    assert f"both answer {new['nothing']['answered']:.0f} per second" in said
    balanced = new["split and move by load"]
    assert f"splits {balanced['splits']:.0f} times {balanced['answered']:.0f}" in said
    assert (
        f"Hashes make it {new['hashes']['answered']:.0f} and a salt of 4 makes it"
        f" {new['salt 4']['answered']:.0f}, and a page is {new['hashes']['asked']:.1f} requests and not"
        f" {new['nothing']['asked']:.1f}" in said
    )
    assert f"Two replicas make it {new['two replicas each']['answered']:.0f}" in said
    grown = []
    for add_share in ADD_SHARES:
        one, eight = (
            means(hot_keys, **{**SALTED, "add_share": add_share, "salt": salt})["answered"] for salt in (1, 8)
        )
        grown.append(eight / one)
    assert (
        "8 sub-keys take {:.1f} times as much where 90 % add, {:.1f} times where 10 % do".format(*grown)
        in said
    )
