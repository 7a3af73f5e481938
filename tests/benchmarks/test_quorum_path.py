"""The quorum path is the same system in GameDay and in plain SimPy, and does what it says."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest

from experiments.benchmark.quorum_path import quorum_path_in_gameday
from experiments.benchmark.quorum_path_in_simpy import quorum_path_in_simpy

from .both_sides import Latencies, require_alike

SEEDS = range(8)


@pytest.mark.slow
@pytest.mark.parametrize("statistic", [np.mean, lambda found: np.quantile(found, 0.95)], ids=["mean", "p95"])
def test_writes_and_reads_take_as_long_in_both(statistic: Callable[[Latencies], float]) -> None:
    ours = [quorum_path_in_gameday(1_600, seed) for seed in SEEDS]
    theirs = [quorum_path_in_simpy(1_600, random.Random(seed)) for seed in SEEDS]
    require_alike(statistic, [run.writes for run in ours], [writes for writes, _ in theirs])
    require_alike(statistic, [run.reads for run in ours], [reads for _, reads in theirs])


def test_a_write_is_four_messages_between_nodes_and_a_read_two() -> None:
    writes = quorum_path_in_gameday(400, 1, readers=0)
    reads = quorum_path_in_gameday(400, 1, writers=0)
    assert (len(writes.writes), len(writes.reads), len(reads.writes), len(reads.reads)) == (400, 0, 0, 400)
    # And a heartbeat or two.
    assert writes.statistics.message_count / 400 == pytest.approx(4.0, abs=0.05)
    assert reads.statistics.message_count / 400 == pytest.approx(2.0, abs=0.05)


def test_nothing_fails_and_hardly_anything_is_repaired() -> None:
    statistics = quorum_path_in_gameday(800, 1).statistics
    assert (statistics.write_count, statistics.read_count) == (400, 400)
    assert statistics.unavailable_count == statistics.timed_out_count == statistics.hint_count == 0
    assert statistics.mismatch_count < 20
