"""Both sides of a benchmark are the same system: exactly, where they can be fed alike, or in distribution."""

import random
from functools import partial

import numpy as np
import pytest
from scipy import stats

from experiments.benchmark.reference_path import RATE, TIMEOUT, instance_on, reference_path_in_gameday
from experiments.benchmark.reference_path_in_simpy import reference_path_in_simpy
from experiments.benchmark.single_server import (
    ARRIVAL_RATE,
    SERVICE_TIME_MEAN,
    single_server_in_gameday,
    single_server_in_simpy,
)
from experiments.benchmark.sleeps import PROCESS_COUNT, sleep_count, sleeps_in_gameday, sleeps_in_simpy
from simulator import Environment
from simulator.randomness import Exponential

SEEDS = range(30)
DURATION = 5_000 / RATE


def test_sleepers_wake_up_at_the_same_times_in_both():
    ends = sleeps_in_gameday(20.0)
    assert ends == sleeps_in_simpy(20.0)
    assert len(ends) == PROCESS_COUNT
    assert sleep_count(20.0) > 10 * PROCESS_COUNT


class SameDraws(random.Random):
    """Gives the plain script the numbers that GameDay's streams of `seed` give."""

    def __init__(self, seed):
        super().__init__(seed)
        env = Environment(seed=seed)
        self._draws = {
            ARRIVAL_RATE: env.sampler("customers/arrivals", Exponential(1.0 / ARRIVAL_RATE)),
            1.0 / SERVICE_TIME_MEAN: env.sampler("station/work", Exponential(SERVICE_TIME_MEAN)),
        }

    def expovariate(self, lambd):
        return self._draws[lambd]()


def test_customers_of_the_single_server_spend_the_same_times_given_the_same_draws():
    recorded = single_server_in_gameday(10_000.0, seed=3)
    sojourn_times = single_server_in_simpy(10_000.0, SameDraws(3))
    assert len(recorded) == len(sojourn_times) > 7_500
    np.testing.assert_allclose(recorded.latencies(), sojourn_times, rtol=0.0, atol=1e-6)
    assert recorded.availability() == 1.0


@pytest.mark.slow
def test_plain_single_server_is_mm1():
    mean = np.mean([np.mean(single_server_in_simpy(5_000.0, random.Random(seed))) for seed in SEEDS])
    assert mean == pytest.approx(1.0 / (1.0 / SERVICE_TIME_MEAN - ARRIVAL_RATE), rel=0.05)


def of_gameday(seed, **changes):
    return reference_path_in_gameday(DURATION, seed, **changes).latencies("ok")


def of_simpy(seed):
    return np.array(reference_path_in_simpy(DURATION, random.Random(seed)))


def interval(first, second):
    """The 99 % interval for the difference of means, relative to the mean of `second` (Welch)."""
    found = stats.ttest_ind(first, second, equal_var=False).confidence_interval(0.99)
    return found.low / np.mean(second), found.high / np.mean(second)


@pytest.fixture(scope="module")
def latencies_in_gameday():
    return [of_gameday(seed) for seed in SEEDS]


@pytest.fixture(scope="module")
def latencies_in_simpy():
    return [of_simpy(seed) for seed in SEEDS]


@pytest.mark.slow
@pytest.mark.parametrize(
    "statistic", [np.mean, partial(np.quantile, q=0.95)], ids=["mean", "95th percentile"]
)
def test_reference_path_has_the_same_latencies_in_both(statistic, latencies_in_gameday, latencies_in_simpy):
    ours, theirs = (list(map(statistic, runs)) for runs in (latencies_in_gameday, latencies_in_simpy))
    low, high = interval(ours, theirs)
    assert low < 0.0 < high
    assert high - low < 0.06


@pytest.mark.slow
def test_a_twentieth_more_work_would_have_been_noticed(latencies_in_simpy):
    # What a third of the runs tells, all would.
    ours = [np.mean(of_gameday(seed, work_mean=0.0525)) for seed in SEEDS[:10]]
    low, _ = interval(ours, list(map(np.mean, latencies_in_simpy)))
    assert low > 0.0


@pytest.mark.slow
def test_attempts_of_the_reference_path_time_out_in_both_alike(latencies_in_gameday, latencies_in_simpy):
    # Whoever waits longer than a timeout has been through one.
    ours, theirs = (
        sum(int(np.sum(latencies > TIMEOUT)) for latencies in runs)
        for runs in (latencies_in_gameday, latencies_in_simpy)
    )
    assert min(ours, theirs) >= 5
    assert stats.binomtest(ours, ours + theirs).pvalue > 0.01


@pytest.mark.slow
def test_instances_with_more_threads_than_requests_are_stations():
    through_instances = reference_path_in_gameday(100.0, seed=1, make_server=instance_on)
    through_stations = reference_path_in_gameday(100.0, seed=1)
    assert len(through_instances) == len(through_stations)
    mean, other_mean = (table.latencies().mean() for table in (through_instances, through_stations))
    assert mean == pytest.approx(other_mean, rel=0.05)


def test_every_request_of_the_reference_path_is_recorded_and_answered_at_last():
    table = reference_path_in_gameday(20.0, seed=1)
    assert table.in_flight == 0
    assert table.counts()["ok"] == len(table) > 3_000
