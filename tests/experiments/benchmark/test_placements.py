"""What the benchmarks of placements time is what they say: shares, and moves, of so many keys."""

import pytest

from experiments.benchmark import Effort, find_benchmark, placements
from experiments.benchmark.placements import SHARD_COUNT, WAYS, numbers, texts


@pytest.mark.slow
@pytest.mark.parametrize("make_keys", [numbers, texts])
@pytest.mark.parametrize("way", WAYS)
def test_shares_and_moves_are_about_those_of_theory(way, make_keys):
    largest, moved = WAYS[way](make_keys, 20_000)
    assert 1.0 / SHARD_COUNT < largest < 2.0 / SHARD_COUNT
    least = 1.0 / (SHARD_COUNT + 1)
    expected = {"modulo": 1.0 - least, "maglev": 1.6 * least}.get(way, least)
    assert moved == pytest.approx(expected, rel=0.3)


def test_keys_are_as_many_as_asked_for():
    assert list(numbers(3)) == [0, 1, 2]
    assert list(texts(2)) == ["customer 0", "customer 1"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["placements", "text-placements"])
def test_the_slowest_counts(name, monkeypatch):
    monkeypatch.setattr(placements, "_QUICK_KEY_COUNT", 10_000)
    measurement = find_benchmark(name).run(Effort(is_quick=True)).measurement
    seconds = [measurement.detail[f"seconds_{way}"] for way in WAYS]
    assert measurement.value == max(seconds) > min(seconds) > 0.0
    assert "10,000 keys" in measurement.text
