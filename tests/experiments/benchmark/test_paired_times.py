"""Ratios, their intervals, and in which order the sides are timed."""

import gc
import math
import time

import pytest

from experiments.benchmark import Effort, Measurement, PairedTimes, time_pairs
from experiments.benchmark.paired_times import side_by_side


def times(simpy):
    return PairedTimes(gameday=(1.0,) * len(simpy), simpy=tuple(simpy))


def test_verdict_is_on_the_smallest_time_of_each_side_whatever_its_pair():
    found = PairedTimes(gameday=(1.0, 4.0, 2.0), simpy=(9.0, 6.0, 6.0))
    assert found.ratio_of_minima == 6.0
    assert found.ratios == (9.0, 1.5, 3.0)
    assert found.median_ratio == 3.0


@pytest.mark.parametrize(
    "pairs, low, high, coverage",
    [
        (1, 1.0, 1.0, 0.0),
        (3, 1.0, 3.0, 0.75),
        (5, 1.0, 5.0, 0.9375),
        (6, 1.0, 6.0, 1 - 2 / 64),
        (9, 2.0, 8.0, 1 - 2 * 10 / 512),
        (20, 6.0, 15.0, 1 - 2 * 21_700 / 2**20),
    ],
)
def test_interval_is_of_order_statistics(pairs, low, high, coverage):
    # David and Nagaraja, section 7.1: P(X_(r) < median < X_(n-r+1)) = 1 - 2 P(Bin(n, 1/2) <= r - 1).
    found = times(range(pairs, 0, -1)).interval()
    assert found == pytest.approx((low, high, coverage))


class Clock:
    """CPU time that passes only where a side says so."""

    def __init__(self, monkeypatch):
        self.now = 0.0
        self.cleaned = 0
        monkeypatch.setattr(time, "process_time", lambda: self.now)
        monkeypatch.setattr(gc, "collect", self._clean)

    def _clean(self):
        self.cleaned += 1
        self.now += 1_000.0  # must not show


def test_sides_take_turns_with_equal_seeds_after_a_short_warm_up(monkeypatch):
    clock, calls = Clock(monkeypatch), []

    def side(name, cost):
        def work(size, seed):
            calls.append((name, size, seed))
            clock.now += cost * size
            return size

        return work

    found = time_pairs(side("ours", 1.0), side("theirs", 3.0), size=100, pairs=3)
    warm_up, timed = calls[:2], calls[2:]
    assert [(name, size) for name, size, _ in warm_up] == [("ours", 10), ("theirs", 10)]
    assert timed == [
        ("ours", 100, 0),
        ("theirs", 100, 0),
        ("theirs", 100, 1),
        ("ours", 100, 1),
        ("ours", 100, 2),
        ("theirs", 100, 2),
    ]
    assert clock.cleaned == 6
    assert found.gameday == pytest.approx((1.0,) * 3)
    assert found.ratio_of_minima == pytest.approx(3.0)


def test_time_is_per_unit_of_work_that_was_done(monkeypatch):
    clock = Clock(monkeypatch)

    def lucky(size, seed):  # as many requests as came
        clock.now += 2.0 * (size + seed)
        return size + seed

    found = time_pairs(lucky, lucky, size=50, pairs=4)
    assert found.gameday == pytest.approx((2.0,) * 4)
    assert found.ratio_of_minima == pytest.approx(1.0)


def test_effort_decides_size_and_number_of_pairs(monkeypatch):
    clock, sizes = Clock(monkeypatch), []

    def side(size, seed):
        sizes.append(size)
        clock.now += size
        return size

    measure = side_by_side(side, side, noun="things", size=1_000, quick_size=100)
    for effort, size, pairs in [
        (Effort(), 1_000, 9),
        (Effort(is_quick=True), 100, 3),
        (Effort(is_quick=True, pairs=5), 100, 5),
        (Effort(pairs=1), 1_000, 1),
    ]:
        sizes.clear()
        found = measure(effort)
        assert isinstance(found, Measurement)
        assert sizes.count(size) == 2 * pairs
        assert found.detail["pairs"] == pairs
        assert all(math.isfinite(value) for value in found.detail.values())
        assert "things per CPU second" in found.text
