"""Keys whose popularity moves, scans, loops, keys of a trace, and sizes of keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator
from math import exp, inf, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from models.caching.eviction import Fifo, Lru
from models.caching.traces import TraceBlock, replay
from models.hashing import hash_of
from models.workload import UniformKeys, ZipfKeys, load_trace
from models.workload.keys import (
    ChurningKeys,
    DriftingKeys,
    KeySizes,
    LoopingKeys,
    ScanningKeys,
    TraceKeys,
)
from simulator import Environment
from simulator.randomness import Constant, Exponential, LogNormal


def drawn(env: Environment, keys: Callable[[], Any], times: list[float]) -> list[Any]:
    """The keys that are asked for at these times."""
    found = []

    def ask() -> Generator[Any, Any, None]:
        for time in times:
            if time > env.now:
                yield time - env.now
            found.append(keys())

    env.process(ask())
    env.run()
    return found


def poisson(seed: int, rate: float, count: int) -> list[float]:
    return np.cumsum(np.random.default_rng(seed).exponential(1.0 / rate, count)).tolist()


class Ranks:
    """Always the same rank."""

    def __init__(self, count: int, rank: int = 0) -> None:
        self.count = count
        self.rank = rank

    def __call__(self) -> int:
        return self.rank


# -- drift ---------------------------------------------------------------------------------------------------


def test_least_popular_key_becomes_the_most_popular_after_each_interval() -> None:
    env = Environment(seed=1)
    keys = DriftingKeys(env, Ranks(4), interval=10.0)
    assert drawn(env, keys, [0.0, 9.0, 10.0, 25.0, 30.0, 40.0, 50.0]) == [0, 0, 3, 2, 1, 0, 3]


def test_all_other_keys_fall_by_one_rank() -> None:
    env = Environment(seed=1)
    keys = DriftingKeys(env, Ranks(4), interval=10.0)
    assert [keys.rank_of(key) for key in range(4)] == [0, 1, 2, 3]
    env.run(until=10.0)
    assert [keys.rank_of(key) for key in range(4)] == [1, 2, 3, 0]


def test_popularity_of_drifting_keys_is_at_each_instant_that_of_their_ranks() -> None:
    env = Environment(seed=1)
    ranks = ZipfKeys(env, 10, exponent=1.0)
    keys = DriftingKeys(env, ranks, interval=1.0)
    env.run(until=7.5)
    counts = Counter(keys() for _ in range(20_000))
    expected = [20_000 * ranks.probabilities[keys.rank_of(key)] for key in range(10)]
    assert keys.shift == 7
    assert stats.chisquare([counts[key] for key in range(10)], expected).pvalue > 0.001


def test_drift_begins_when_it_is_made() -> None:
    env = Environment(seed=1)
    env.run(until=95.0)
    keys = DriftingKeys(env, Ranks(4), interval=10.0)
    assert drawn(env, keys, [95.0, 104.0, 105.0]) == [0, 0, 3]


# -- churn ---------------------------------------------------------------------------------------------------


def test_keys_live_for_exponential_times() -> None:
    """Asked for every second, a rank gives a new key with probability 1 - exp(-1 / mean) each time."""
    env = Environment(seed=3)
    keys = ChurningKeys(env, Ranks(1), lifetime_mean=5.0)
    found = drawn(env, keys, [float(time) for time in range(1, 5_001)])
    changes = sum(earlier != later for earlier, later in zip([0, *found], found, strict=False))
    expected = 1.0 - exp(-1.0 / 5.0)
    assert changes / 5_000 == pytest.approx(expected, abs=4.0 * sqrt(expected * (1.0 - expected) / 5_000))


def test_new_keys_are_numbered_in_the_order_in_which_they_are_first_asked_for() -> None:
    env = Environment(seed=3)
    keys = ChurningKeys(env, Ranks(3, rank=2), lifetime_mean=1.0)
    found = drawn(env, keys, [100.0 * time for time in range(5)])
    assert found == [2, 3, 4, 5, 6]
    assert keys.keys_count == 7


def test_key_does_not_change_within_an_instant() -> None:
    env = Environment(seed=3)
    keys = ChurningKeys(env, Ranks(1), lifetime_mean=1e-9)
    assert len(set(drawn(env, keys, [5.0] * 100))) == 1


def test_popularity_of_churning_keys_is_at_each_instant_that_of_their_ranks() -> None:
    env = Environment(seed=1)
    ranks = ZipfKeys(env, 10, exponent=1.0)
    keys = ChurningKeys(env, ranks, lifetime_mean=1.0)
    env.run(until=50.0)
    counts = Counter(keys() for _ in range(20_000)).values()
    assert len(counts) == 10
    expected = 20_000 * ranks.probabilities
    assert stats.chisquare(sorted(counts, reverse=True), expected).pvalue > 0.001


@pytest.mark.slow
def test_share_of_requests_for_keys_seen_before_is_that_of_the_closed_form() -> None:
    """The bound on any cache that the docstring gives; the start, when all is new, is left out."""
    env = Environment(seed=5)
    ranks = ZipfKeys(env, 200, exponent=0.8)
    keys = ChurningKeys(env, ranks, lifetime_mean=10.0)
    rate, count = 100.0, 60_000
    found = drawn(env, keys, poisson(5, rate, count))
    seen: set[int] = set()
    again = []
    for key in found:
        again.append(key in seen)
        seen.add(key)
    per_key = rate * ranks.probabilities
    expected = float((ranks.probabilities * per_key / (per_key + 0.1)).sum())
    parts = np.array(again[count // 3 :]).reshape(20, -1).mean(axis=1)
    error = float(parts.std(ddof=1)) / sqrt(20)
    assert float(parts.mean()) == pytest.approx(expected, abs=4.0 * error)
    assert error < 0.003


@pytest.mark.slow
def test_lru_under_churn_hits_as_the_approximation_of_che_says() -> None:
    """With l the rate of a key, m that of deaths and C the time a key stays unasked for in the cache.

    A request hits if the one before it, within C, was for the same life: l / (l + m) * (1 - exp(-(l + m) C)).
    The distinct keys of a time C fill the cache: of each rank, 1 - exp(-l C) and those that died in between.
    """
    env = Environment(seed=6)
    ranks = ZipfKeys(env, 500, exponent=0.8)
    keys = ChurningKeys(env, ranks, lifetime_mean=20.0)
    rate, capacity = 100.0, 100
    found = drawn(env, keys, poisson(6, rate, 60_000))
    policy = Lru(capacity)
    replay(policy, [TraceBlock(found[:10_000], [1] * 10_000, None)])
    simulated = replay(policy, [TraceBlock(found[10_000:], [1] * 50_000, None)]).hit_ratio
    per_key, death = rate * ranks.probabilities, 1.0 / 20.0

    def hits(time: float) -> np.ndarray[Any, np.dtype[np.float64]]:
        return per_key / (per_key + death) * (1.0 - np.exp(-(per_key + death) * time))

    def distinct(time: float) -> float:
        steps = np.linspace(0.0, time, 201)
        misses = [float((per_key * (1.0 - hits(step))).sum()) for step in steps]
        return float(np.trapezoid(misses, steps))

    low, high = 0.0, 100.0
    for _ in range(40):
        middle = (low + high) / 2.0
        low, high = (middle, high) if distinct(middle) < capacity else (low, middle)
    assert simulated == pytest.approx(float((ranks.probabilities * hits(low)).sum()), abs=0.01)


# -- scans ---------------------------------------------------------------------------------------------------


def test_scan_begins_every_interval_and_goes_through_its_keys_in_order() -> None:
    env = Environment(seed=1)
    keys = ScanningKeys(env, lambda: "u", ["a", "b", "c"], interval=10.0, share=1.0)
    found = drawn(env, keys, [float(time) for time in range(25)])
    assert "".join(found) == "u" * 10 + "abc" + "u" * 7 + "abc" + "uu"
    assert keys.scans_count == 2


def test_scan_takes_its_share_of_the_requests_while_it_lasts() -> None:
    env = Environment(seed=1)
    keys = ScanningKeys(env, lambda: None, range(2_000), interval=10.0, share=0.25)
    found = drawn(env, keys, [10.0] * 8_000)
    assert [key for key in found if key is not None] == list(range(len(found) - found.count(None)))
    assert 1.0 - found.count(None) / 8_000 == pytest.approx(0.25, abs=4.0 * sqrt(0.25 * 0.75 / 8_000))


def test_scan_that_is_due_while_another_lasts_is_left_out() -> None:
    env = Environment(seed=1)
    keys = ScanningKeys(env, lambda: "u", "abcde", interval=10.0, share=1.0)
    found = drawn(env, keys, [10.0, 12.0, 25.0, 26.0, 27.0, 28.0, 29.0, 30.0])
    assert "".join(found) == "abcdeuua"


def test_scans_that_nobody_was_there_to_make_do_not_pile_up() -> None:
    env = Environment(seed=1)
    keys = ScanningKeys(env, lambda: "u", "a", interval=10.0, share=1.0)
    assert "".join(drawn(env, keys, [95.0, 96.0, 97.0, 100.0, 101.0])) == "auuau"
    assert keys.scans_count == 2


# -- loops ---------------------------------------------------------------------------------------------------


def test_loop_asks_for_all_keys_in_turn() -> None:
    keys = LoopingKeys(3)
    assert [keys() for _ in range(7)] == [0, 1, 2, 0, 1, 2, 0]


@pytest.mark.parametrize("policy", [Lru, Fifo])
def test_loop_longer_than_the_cache_never_hits(policy: type[Lru] | type[Fifo]) -> None:
    keys = LoopingKeys(11)
    block = TraceBlock([keys() for _ in range(110)], [1] * 110, None)
    assert replay(policy(10), [block]).misses == 110
    assert replay(policy(11), [block]).misses == 11


# -- keys of a trace -----------------------------------------------------------------------------------------


def trace_keys(folder: Path, rows: str) -> TraceKeys:
    (folder / "t.csv").write_text(f"time,operation,key,size\n{rows}", encoding="utf-8")
    return TraceKeys(load_trace(folder / "t.csv"))


def test_keys_of_a_trace_come_in_its_order_and_begin_again(tmp_path: Path) -> None:
    keys = trace_keys(tmp_path, "5,get,b,1\n1,get,a,1\n6,get,b,1\n")
    assert [keys() for _ in range(3)] == ["a", "b", "b"]
    assert keys.laps == 0
    assert [keys() for _ in range(5)] == ["a", "b", "b", "a", "b"]
    assert keys.laps == 2


def test_size_of_a_key_is_that_of_its_latest_request(tmp_path: Path) -> None:
    keys = trace_keys(tmp_path, "1,get,a,10\n2,get,b,20\n3,get,a,30\n")
    with pytest.raises(KeyError):
        keys.size_bytes("a")
    sizes = [keys.size_bytes(keys()) for _ in range(4)]  # type: ignore[arg-type]  # each request here has a key
    assert sizes == [10, 20, 30, 10]


def test_requests_without_a_key_are_passed_over(tmp_path: Path) -> None:
    keys = trace_keys(tmp_path, "1,get,,10\n2,get,b,20\n3,get,,30\n")
    assert [keys(), keys(), keys.laps] == ["b", "b", 1]
    with pytest.raises(ValueError, match=r"trace must have a request with a key, got none in .*t\.csv"):
        trace_keys(tmp_path, "1,get,,10\n")


# -- sizes ---------------------------------------------------------------------------------------------------


def test_key_has_one_size_whatever_was_asked_for_before() -> None:
    law = LogNormal(mean=1_000.0, standard_deviation=2_000.0)
    forwards, backwards = (KeySizes(Environment(seed=1), law) for _ in range(2))
    keys = ["a", 7, ("a", 7), b"a"]
    assert [forwards(key) for key in keys] == [backwards(key) for key in reversed(keys)][::-1]
    assert [forwards(key) for key in keys] == [forwards(key) for key in keys]


def test_sizes_follow_the_distribution_and_are_whole_numbers() -> None:
    law = LogNormal(mean=100_000.0, standard_deviation=50_000.0)
    sizes = KeySizes(Environment(seed=1), law)
    found = [sizes(key) for key in range(2_000)]
    assert all(type(size) is int for size in found)
    assert stats.kstest(found, law.cdf).pvalue > 0.001


def test_sizes_are_at_least_one_byte() -> None:
    sizes = KeySizes(Environment(seed=1), Exponential(mean=0.01))
    assert {sizes(key) for key in range(50)} == {1}


def test_sizes_depend_on_seed_and_name_and_not_on_the_place_of_a_key() -> None:
    law = Exponential(mean=1e6)

    def sizes(seed: int, name: str) -> list[int]:
        of = KeySizes(Environment(seed=seed), law, name=name)
        return [of(key) for key in range(400)]

    assert sizes(1, "a") == sizes(1, "a")
    assert sizes(1, "a") != sizes(2, "a")
    assert sizes(1, "a") != sizes(1, "b")
    places = [hash_of(key) for key in range(400)]
    correlation = stats.spearmanr(places, sizes(1, "a")).statistic
    assert abs(correlation) < 4.0 / sqrt(400)


# -- all -----------------------------------------------------------------------------------------------------

Make = Callable[[Environment], Callable[[], Any]]
MAKERS: dict[str, Make] = {
    "drift": lambda env: DriftingKeys(env, ZipfKeys(env, 50), interval=1.0),
    "churn": lambda env: ChurningKeys(env, ZipfKeys(env, 50), lifetime_mean=2.0),
    "scans": lambda env: ScanningKeys(env, UniformKeys(env, 9), range(20), interval=3.0, share=0.5),
    "nested": lambda env: ScanningKeys(
        env, DriftingKeys(env, ZipfKeys(env, 50), interval=1.0), range(20), interval=3.0, share=0.5
    ),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())
def test_same_seed_gives_the_same_keys_and_another_others(make: Make) -> None:
    times = poisson(1, 10.0, 200)
    runs = []
    for seed in (1, 1, 2):
        env = Environment(seed=seed)
        runs.append(drawn(env, make(env), times))
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_churn_and_scans_leave_the_draws_of_what_they_are_made_of_alone() -> None:
    """So that scenarios with and without them share their users' wishes."""
    env = Environment(seed=1)
    alone = ZipfKeys(env, 50)
    plain = [alone() for _ in range(300)]
    env = Environment(seed=1)
    lasting = ChurningKeys(env, ZipfKeys(env, 50), lifetime_mean=1e12)
    assert drawn(env, lasting, poisson(1, 10.0, 300)) == plain
    env = Environment(seed=1)
    scanning = ScanningKeys(env, ZipfKeys(env, 50), ["scan"] * 20, interval=5.0, share=0.5)
    found = drawn(env, scanning, poisson(1, 10.0, 300))
    usual = [key for key in found if key != "scan"]
    assert 50 < found.count("scan") < 150
    assert usual == plain[: len(usual)]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda env: DriftingKeys(env, Ranks(4), interval=0.0), "interval must be finite and > 0 s, got 0.0"),
        (lambda env: DriftingKeys(env, Ranks(4), interval=inf), "interval must be finite and > 0 s, got inf"),
        (
            lambda env: ChurningKeys(env, Ranks(4), lifetime_mean=-1.0),
            "lifetime_mean must be finite and > 0 s",
        ),
        (
            lambda env: ScanningKeys(env, Ranks(4), [], interval=1.0, share=1.0),
            "scanned must hold at least one",
        ),
        (
            lambda env: ScanningKeys(env, Ranks(4), [1], interval=0.0, share=1.0),
            "interval must be finite and > 0 s",
        ),
        (
            lambda env: ScanningKeys(env, Ranks(4), [1], interval=1.0, share=0.0),
            r"share must lie in \(0, 1\], got 0\.0",
        ),
        (
            lambda env: ScanningKeys(env, Ranks(4), [1], interval=1.0, share=1.5),
            r"share must lie in \(0, 1\], got 1\.5",
        ),
        (lambda env: LoopingKeys(0), "count must be a whole number >= 1, got 0"),
    ],
)
def test_misuse_is_an_error_on_construction(make: Make, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(Environment(seed=1))


def test_what_is_no_distribution_has_no_sizes() -> None:
    with pytest.raises(TypeError, match=r"distribution must be a Distribution of bytes, got 5"):
        KeySizes(Environment(seed=1), 5)  # type: ignore[arg-type]
    assert KeySizes(Environment(seed=1), Constant(5.0))("a") == 5
