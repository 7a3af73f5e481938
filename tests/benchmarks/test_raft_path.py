"""The Raft path is the same system in GameDay and in plain SimPy, and does what it says."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest

from experiments.benchmark import Effort, find_benchmark
from experiments.benchmark.message_costs import least_costs
from experiments.benchmark.raft_path import raft_path_in_gameday
from experiments.benchmark.raft_path_in_simpy import raft_path_in_simpy

from .both_sides import Latencies, require_alike

SEEDS = range(8)


@pytest.mark.slow
@pytest.mark.parametrize("statistic", [np.mean, lambda found: np.quantile(found, 0.95)], ids=["mean", "p95"])
def test_writes_and_reads_take_as_long_in_both(statistic: Callable[[Latencies], float]) -> None:
    ours = [raft_path_in_gameday(1_600, seed) for seed in SEEDS]
    theirs = [raft_path_in_simpy(1_600, random.Random(seed)) for seed in SEEDS]
    require_alike(statistic, [run.writes for run in ours], [writes for writes, _ in theirs])
    require_alike(statistic, [run.reads for run in ours], [reads for _, reads in theirs])


def test_every_operation_is_done_and_many_share_a_message() -> None:
    """A write alone would be four messages, two to followers and their answers, and so would a read."""
    both = raft_path_in_gameday(400, 1)
    alone = raft_path_in_gameday(100, 1, writers=1, readers=0)
    assert (len(both.writes), len(both.reads)) == (200, 200)
    assert len(alone.writes) == 100
    assert both.message_count < 2.6 * 400
    assert 4.0 * 100 < alone.message_count < 4.6 * 100


def test_costs_are_the_least_of_a_few_runs_and_are_told_by_operation_and_by_message() -> None:
    sizes: list[int] = []

    def work(size: int, seed: int) -> tuple[int, int]:
        sizes.append(size)
        return size, 4 * size

    costs = least_costs(work, 50)
    assert sizes == [50] * 3
    assert costs.per_operation == pytest.approx(4.0 * costs.per_message)
    assert set(costs.detail("write")) == {
        "writes_per_second",
        "microseconds_per_write",
        "microseconds_per_message_of_writes",
    }
    assert " writes per CPU second, " in costs.text("write")


@pytest.mark.slow
def test_the_benchmark_tells_operations_per_second_and_what_a_message_costs() -> None:
    measurement = find_benchmark("raft-path").run(Effort(pairs=1, is_quick=True)).measurement
    assert measurement is not None
    assert measurement.detail["gameday_per_second"] > 100.0
    assert measurement.detail["microseconds_per_message_of_writes"] > 0.0
    assert measurement.detail["microseconds_per_read"] < 10_000.0
    assert "reads per CPU second" in measurement.text
