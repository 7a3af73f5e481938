"""The expected numbers are the published ones, and what chains solved on the spot give."""

from __future__ import annotations

from itertools import product
from math import exp, inf

import numpy as np
import pytest
from scipy.stats import binom, norm

from experiments.validation.availability import (
    calls_per_ejection,
    detection_time_mean,
    down_probabilities,
    outliers_among_equals,
    probes_per_mark,
    share_ejected,
    share_marked,
    time_to_data_loss_mean,
    writes_lost,
    zones_availability,
)
from simulator.randomness import Constant, Exponential, LogNormal

from ..chains import birth_death, stationary


def test_published_numbers() -> None:
    assert time_to_data_loss_mean(2, 100.0, 10.0) == pytest.approx(650.0)
    assert time_to_data_loss_mean(3, 10.0, 1.0) == pytest.approx(468.33, abs=0.01)
    assert time_to_data_loss_mean(3, 10.0, 1.0, repairers=1) == pytest.approx(251.67, abs=0.01)
    assert zones_availability(3, 1, 2, 0.001, 0.01) == pytest.approx(0.9996403, abs=5e-8)
    assert zones_availability(1, 5, 3, 0.001, 0.01) == pytest.approx(0.9989902, abs=5e-8)


def test_detection_is_half_an_interval_the_other_strikes_and_a_timeout() -> None:
    assert detection_time_mean(10.0, 1, 2.0) == 7.0
    assert detection_time_mean(5.0, 3, 1.0) == 13.5
    # Probes that are longer than the interval do not overlap; the interval may count from their end.
    assert detection_time_mean(2.0, 2, 3.0) == 7.0
    assert detection_time_mean(4.0, 4, 1.0, "end") == 18.0


def test_a_row_of_failures_takes_as_many_calls_as_runs_of_heads_do() -> None:
    # Two heads in a row take 6 throws of a fair coin, five take 62.
    assert calls_per_ejection(0.5, 2) == 6.0
    assert calls_per_ejection(0.5, 5) == 62.0
    # 12.4 s in, 30 s and half a sweep out.
    assert share_ejected(5.0, 0.5, 5, 30.0, sweep=10.0) == pytest.approx(35.0 / 47.4)


def test_false_marks_go_by_turns_of_two_rows() -> None:
    # With a fair coin two failures take 6 probes, and three successes 14.
    assert probes_per_mark(0.5, 2, 3) == 20.0
    assert share_marked(0.5, 2, 3) == 0.7
    # One strike and one success: up as long as nothing fails, down as long as all does.
    assert share_marked(0.1, 1, 1) == pytest.approx(0.1)


def test_outliers_among_equals_are_those_of_a_sample_from_the_normal_distribution() -> None:
    assert outliers_among_equals(5, 1.9) == pytest.approx(0.0333, abs=5e-5)
    assert outliers_among_equals(10, 1.9) == pytest.approx(0.2466, abs=5e-5)
    assert outliers_among_equals(20, 1.9) == pytest.approx(0.5471, abs=5e-5)
    # One of four is never that far from the mean of all; of very many there are as many as of the normal law.
    assert outliers_among_equals(4, 1.9) == 0.0
    assert outliers_among_equals(100_000, 1.9) / 100_000 == pytest.approx(norm.cdf(-1.9), rel=1e-3)
    values = np.random.default_rng(1).standard_normal((50_000, 8))
    below = values < (values.mean(axis=1) - 1.5 * values.std(axis=1))[:, None]
    assert outliers_among_equals(8, 1.5) == pytest.approx(below.sum(axis=1).mean(), rel=0.02)


@pytest.mark.parametrize(("mttf", "mttr"), [(100.0, 10.0), (3.0, 2.0), (1.0, 5.0)])
def test_a_mirror_is_the_textbook_formula(mttf: float, mttr: float) -> None:
    failure, repair = 1.0 / mttf, 1.0 / mttr
    expected = (3.0 * failure + repair) / (2.0 * failure**2)
    assert time_to_data_loss_mean(2, mttf, mttr) == pytest.approx(expected)
    assert time_to_data_loss_mean(1, mttf, mttr) == pytest.approx(mttf)


@pytest.mark.parametrize("repairers", [1, 2, inf])
def test_time_to_data_loss_is_a_first_passage(repairers: float) -> None:
    count, mttf, mttr = 4, 5.0, 1.5
    generator = np.zeros((count, count))  # of the states before data loss
    for down in range(count):
        failure, repair = (count - down) / mttf, min(down, repairers) / mttr
        generator[down, down] = -(failure + repair)
        if down + 1 < count:
            generator[down, down + 1] = failure
        if down:
            generator[down, down - 1] = repair
    times = np.linalg.solve(generator, -np.ones(count))
    assert time_to_data_loss_mean(count, mttf, mttr, repairers=repairers) == pytest.approx(times[0])


def test_a_repairer_each_is_binomial() -> None:
    mttf, mttr = 4.0, 1.0
    expected = binom(5, mttr / (mttf + mttr)).pmf(range(6))
    assert down_probabilities(5, mttf, mttr) == pytest.approx(expected)


@pytest.mark.parametrize("repairers", [1, 2, 3])
def test_fewer_repairers_are_birth_and_death(repairers: int) -> None:
    chain = stationary(
        range(6),
        lambda down: [(down + 1, (5 - down) / 4.0), (down - 1, min(down, repairers) / 1.0)],
    )
    assert down_probabilities(5, 4.0, 1.0, repairers=repairers) == pytest.approx(list(chain.values()))


def test_a_limit_on_how_many_are_down_cuts_the_chain_off() -> None:
    chain = stationary(range(3), lambda down: [(down + 1, (5 - down) / 4.0), (down - 1, float(down))])
    assert down_probabilities(5, 4.0, 1.0, down_max=2) == pytest.approx([*chain.values(), 0.0, 0.0, 0.0])
    # As lines of which so many can be busy: Engset, and with very many sources Erlang B.
    many = down_probabilities(10_000, 10_000.0, 1.0, down_max=2)
    assert many[:3] == pytest.approx(list(birth_death(1.0, float, 2).values()), rel=1e-3)


def test_writes_under_way_fill_up_to_littles_law() -> None:
    """By hand, and all that Little's law has after a long time."""
    assert writes_lost(3.0, Constant(0.5), 0.5) == pytest.approx((0.75, exp(-0.75)))
    assert writes_lost(3.0, Constant(0.5), 2.0)[0] == pytest.approx(1.5)
    assert writes_lost(3.0, Exponential(0.5), 4.0)[0] == pytest.approx(1.5 * (1.0 - exp(-4.0)))
    law = LogNormal(mean=0.2, standard_deviation=0.4)
    draws = law.sample(np.random.default_rng(1), 400_000)
    assert writes_lost(6.0, law, 8.0)[0] == pytest.approx(6.0 * np.minimum(draws, 1.6).mean(), rel=0.01)
    assert writes_lost(6.0, law, 200.0)[0] == pytest.approx(1.2, rel=2e-3)


def test_zones_are_all_cases_counted() -> None:
    zone_down, host_down = 0.2, 0.3
    total = 0.0
    for zones in product((True, False), repeat=2):
        for hosts in product((True, False), repeat=4):
            up_count = sum(up and zones[number // 2] for number, up in enumerate(hosts))
            chance = np.prod([1.0 - zone_down if up else zone_down for up in zones])
            chance *= np.prod([1.0 - host_down if up else host_down for up in hosts])
            total += chance * (up_count >= 3)
    assert zones_availability(2, 2, 3, zone_down, host_down) == pytest.approx(total)
