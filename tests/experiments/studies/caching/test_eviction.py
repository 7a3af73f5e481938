"""The study of eviction: what each policy's bet is worth, on which requests, and what it does about sizes."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from numpy.typing import NDArray

from experiments import Misuse
from experiments.studies.caching.eviction import (
    CAPACITIES,
    EXPONENT,
    LIFETIME,
    LOOP_LENGTH,
    OBJECTS,
    ORIGIN_TIME,
    POLICY_NAMES,
    RATE,
    SCAN_INTERVAL,
    SIZES,
    WORKLOADS,
    Policy,
    eviction,
    size_of,
)
from models.caching.eviction import POLICIES
from models.workload import ZipfKeys
from simulator import Environment

from ..figure_checks import assert_complete, texts
from ..what_is_said import kept_runs, kept_sweep, key_of, means, percent, runs_of, what_to_see

mpl.use("Agg")

BY_COUNT: tuple[Policy, ...] = ("lfu", "sieve", "s3-fifo", "arc", "w-tinylfu")
"""The policies that see to it that what was asked for once does not push out what is asked for often."""

SMALL = (0.01, 0.03, 0.1)
"""The sizes of a cache that does not hold the loop."""


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


def hits(**point: Any) -> float:
    runs = kept_runs("eviction")[key_of(eviction.space.values(point))]
    return fmean(measures["hit_ratio"] for measures in runs)


def popularity() -> NDArray[np.float64]:
    return np.array(ZipfKeys(Environment(seed=0), OBJECTS, exponent=EXPONENT).probabilities)


def test_policies_are_those_that_there_are() -> None:
    assert sorted(POLICY_NAMES) == sorted(POLICIES)


# -- what must be so -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", POLICY_NAMES)
def test_no_policy_beats_one_that_knows_how_popular_each_object_is(policy: str) -> None:
    """Where each request is drawn anew the most popular are the best to hold, and nothing else matters."""
    for capacity in CAPACITIES:
        best = float(popularity()[: round(capacity * OBJECTS)].sum())
        # The mean of three runs of 8,000 requests has a standard error of 0.003.
        assert hits(policy=policy, capacity=capacity) < best + 0.01


@pytest.mark.parametrize("policy", POLICY_NAMES)
def test_no_policy_hits_what_has_never_been_asked_for(policy: str) -> None:
    rates = RATE * popularity()
    best = float((rates / RATE * rates / (rates + 1.0 / LIFETIME)).sum())
    assert hits(policy=policy, workload="churn", capacity=0.3) < best + 0.01


@pytest.mark.parametrize("policy", POLICY_NAMES)
def test_loop_hits_nothing_but_what_a_policy_leaves_alone_until_it_fits(policy: str) -> None:
    for capacity in SMALL:
        share = capacity * OBJECTS / LOOP_LENGTH
        found = hits(policy=policy, workload="loop", capacity=capacity)
        if policy == "s3-fifo":
            assert found == pytest.approx(0.9 * share, abs=0.01)  # its main queue, as it was filled
        elif policy in ("random", "w-tinylfu"):
            assert 0.0 <= found < share
        else:
            assert found == 0.0
    assert hits(policy=policy, workload="loop", capacity=0.3) == 1.0


@pytest.mark.slow
@pytest.mark.parametrize("workload", WORKLOADS)
def test_what_hits_is_not_asked_of_the_origin_and_takes_no_time(workload: str) -> None:
    for policy in POLICY_NAMES:
        for measures in runs_of(eviction, workload=workload, policy=policy):
            missed = 1.0 - measures["hit_ratio"]
            assert measures["origin_rate"] == pytest.approx(RATE * missed, rel=0.06, abs=0.5)
            assert measures["latency_mean"] == pytest.approx(ORIGIN_TIME * missed, rel=0.01, abs=1e-4)
            assert measures["byte_hit_ratio"] == pytest.approx(measures["hit_ratio"], abs=0.002)


@pytest.mark.slow
def test_measures_are_those_of_the_requests_after_the_warm_up() -> None:
    run = eviction(seed=1, workload="loop", capacity=0.3, duration=12.0)
    assert run.measures["hit_ratio"] == run.measures["byte_hit_ratio"] == 1.0
    assert run.measures["origin_rate"] == run.measures["latency_mean"] == 0.0
    assert (run.detail.sample().latency > 0.0).sum() == LOOP_LENGTH


# -- what the bets are worth ---------------------------------------------------------------------------------


@pytest.mark.parametrize("workload", ["zipf", "scans"])
@pytest.mark.parametrize("capacity", CAPACITIES)
def test_who_counts_beats_who_looks_at_what_was_last_and_that_beats_who_bets_on_nothing(
    workload: str, capacity: float
) -> None:
    found = {name: hits(policy=name, workload=workload, capacity=capacity) for name in POLICY_NAMES}
    assert min(found[name] for name in BY_COUNT) > found["clock"]
    assert found["clock"] > found["lru"] > max(found["fifo"], found["random"])


@pytest.mark.parametrize("capacity", [0.01, 0.03])
def test_where_popularity_drifts_a_count_that_never_fades_is_worse_than_no_bet(capacity: float) -> None:
    drift = {name: hits(policy=name, workload="drift", capacity=capacity) for name in POLICY_NAMES}
    assert drift["lfu"] < 0.75 * min(share for name, share in drift.items() if name != "lfu")
    for name in ("sieve", "s3-fifo", "arc", "w-tinylfu"):
        assert drift[name] > 0.95 * hits(policy=name, capacity=capacity)


@pytest.mark.slow
def test_where_sizes_differ_who_admits_small_ones_only_hits_more_requests_and_fewer_bytes() -> None:
    for capacity in (0.01, 0.03):
        found = {
            name: means(eviction, sizes="mixed", policy=name, capacity=capacity) for name in POLICY_NAMES
        }
        s3_fifo = found.pop("s3-fifo")
        assert s3_fifo["hit_ratio"] > max(each["hit_ratio"] for each in found.values())
        assert s3_fifo["byte_hit_ratio"] < found["w-tinylfu"]["byte_hit_ratio"] - 0.05
    large = means(eviction, sizes="mixed", policy="s3-fifo", capacity=0.1)
    assert large["byte_hit_ratio"] > 0.9 * large["hit_ratio"]  # its small queue holds large ones, too


def test_small_queue_of_s3_fifo_has_room_for_a_large_object_from_a_tenth_of_the_bytes_on() -> None:
    total = sum(size_of("mixed", key) for key in range(OBJECTS))
    has_room = [capacity * total / 10.0 > max(SIZES["mixed"]) for capacity in CAPACITIES]
    assert has_room == [False, False, True, True]


def test_sizes_are_in_bytes_and_every_tenth_is_large() -> None:
    assert {size_of("equal", key) for key in range(OBJECTS)} == {10_000}
    assert [key for key in range(30) if size_of("mixed", key) == 60_000] == [5, 15, 25]
    assert np.mean([size_of("mixed", key) for key in range(OBJECTS)]) == 9_600.0


def test_nonsense_is_refused() -> None:
    for nonsense in ({"policy": "prayer"}, {"workload": "none"}, {"capacity": 0.0}, {"sizes": "huge"}):
        with pytest.raises(Misuse, match=next(iter(nonsense))):
            eviction(seed=1, **nonsense)


# -- what it says --------------------------------------------------------------------------------------------


def test_what_it_says_of_popularity_is_what_the_sweep_shows() -> None:
    said = what_to_see(eviction)
    fifo, lru, clock = (percent(hits(policy=name, capacity=0.03)) for name in ("fifo", "lru", "clock"))
    assert f"FIFO hits {fifo} of the requests, LRU {lru} and CLOCK {clock}" in said
    five = [hits(policy=name, capacity=0.03) for name in BY_COUNT]
    best = popularity()[: round(0.03 * OBJECTS)].sum()
    assert f"{100 * min(five):.0f} to {percent(max(five))}, of {percent(best)} that who knew" in said
    all_of_them = [hits(policy=name, capacity=0.3) for name in POLICY_NAMES]
    assert f"from {100 * min(all_of_them):.0f} to {percent(max(all_of_them))}. LFU" in said
    lfu, more, none = (
        hits(policy=name, workload="drift", capacity=capacity)
        for name, capacity in (("lfu", 0.01), ("lfu", 0.03), ("fifo", 0.01))
    )
    assert f"it hits {percent(lfu)} with 1 % of the bytes" in said
    assert none == pytest.approx(2.0 * lfu, rel=0.05)
    assert f"and {percent(more)} with 3 %" in said


def test_what_it_says_of_churn_scans_and_loops_is_what_the_sweep_shows() -> None:
    said = what_to_see(eviction)
    churn = {name: percent(hits(policy=name, workload="churn")) for name in POLICY_NAMES}
    assert churn["s3-fifo"] == churn["arc"] == churn["w-tinylfu"]
    assert f"({churn['sieve']}; S3-FIFO, ARC and W-TinyLFU {churn['arc']})" in said
    scans = {name: hits(policy=name, workload="scans", capacity=0.03) for name in POLICY_NAMES}
    five = [scans[name] for name in BY_COUNT]
    assert f"LRU hits {percent(scans['lru'])}, the five {100 * min(five):.0f} to {percent(max(five))}" in said
    duration = eviction.space.values({})["duration"]
    begins, ends = SCAN_INTERVAL, SCAN_INTERVAL + 2.0 * OBJECTS / RATE  # half of the requests are its own
    assert duration / 3.0 < begins < ends < duration <= 2.0 * SCAN_INTERVAL  # one, and all of it counts
    assert OBJECTS / (RATE * duration * 2.0 / 3.0) == pytest.approx(0.25)
    assert "With one scan among the users, a quarter of the requests that count, LRU" in said
    loop = {name: percent(hits(policy=name, workload="loop")) for name in POLICY_NAMES}
    assert (
        f"random hits {loop['random']}, S3-FIFO {loop['s3-fifo']} and W-TinyLFU {loop['w-tinylfu']}" in said
    )
    assert hits(policy="w-tinylfu", workload="loop", capacity=0.01) == 0.0


def test_what_it_says_of_sizes_and_of_the_whole_is_what_the_sweep_shows() -> None:
    said = what_to_see(eviction)
    s3_fifo, w_tiny_lfu, lru = (
        means(eviction, sizes="mixed", policy=name, capacity=0.03) for name in ("s3-fifo", "w-tinylfu", "lru")
    )
    assert f"{percent(s3_fifo['hit_ratio'])}, and {percent(s3_fifo['byte_hit_ratio'])} of what is" in said
    assert f"W-TinyLFU {percent(w_tiny_lfu['hit_ratio'])} and {percent(w_tiny_lfu['byte_hit_ratio'])}" in said
    assert f"LRU {percent(lru['hit_ratio'])} and {percent(lru['byte_hit_ratio'])}. With 10 %" in said
    fits = means(eviction, sizes="mixed", policy="s3-fifo", capacity=0.1)
    assert f"it hits {percent(fits['hit_ratio'])} and {percent(fits['byte_hit_ratio'])}" in said
    behind = {name: 100.0 * most_behind(name) for name in POLICY_NAMES}
    assert (
        f"{behind.pop('s3-fifo'):.1f} points from the best, W-TinyLFU {behind.pop('w-tinylfu'):.1f}" in said
    )
    assert min(behind.values()) > 20.0


def most_behind(policy: str) -> float:
    """Return by how much a policy's share of requests that hit is behind the best, where that is the most."""
    scenes = [{"workload": each["workload"], "sizes": each["sizes"]} for each in eviction.points()]
    return max(
        max(hits(policy=name, capacity=capacity, **scene) for name in POLICY_NAMES)
        - hits(policy=policy, capacity=capacity, **scene)
        for scene in scenes[:: len(POLICY_NAMES) * len(CAPACITIES)]
        for capacity in CAPACITIES
    )


# -- figures -------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_figures_of_the_default_sweep_are_complete_and_say_what_it_shows() -> None:
    assert eviction.figures_of_sweep is not None
    figures = dict(eviction.figures_of_sweep(kept_sweep(eviction)))
    assert list(figures) == ["hit_ratio", "sizes"]
    assert_complete(figures)
    lru, drifting = hits(policy="lru", capacity=0.03), hits(policy="lfu", workload="drift", capacity=0.03)
    assert f"LRU hits {lru:.0%}" in texts(figures["hit_ratio"])
    assert f"where popularity drifts LFU hits {drifting:.0%}" in texts(figures["hit_ratio"])
    s3_fifo = means(eviction, sizes="mixed", policy="s3-fifo", capacity=0.03)
    assert f"it hits {s3_fifo['hit_ratio']:.0%} of the requests" in texts(figures["sizes"])
    assert f"but {s3_fifo['byte_hit_ratio']:.0%} of the bytes" in texts(figures["sizes"])


@pytest.mark.slow
def test_part_of_a_sweep_has_no_figures() -> None:
    assert eviction.figures_of_sweep is not None
    points = [{"policy": policy} for policy in POLICY_NAMES]
    assert eviction.figures_of_sweep(kept_sweep(eviction, points)) == {}
