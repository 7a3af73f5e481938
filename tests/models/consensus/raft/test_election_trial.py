"""The time to a leader: exactly, where it can be said, and against AvailSim's model written a second time."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest

from models.consensus.raft import time_to_leader
from simulator import Environment
from simulator.randomness import Uniform
from tests.in_one_test import in_one_test

from . import availsim


def first_timeouts(seed: int, node_count: int) -> list[float]:
    """Return the first timeout that each node draws, in their order."""
    env = Environment(seed=seed)
    law = Uniform(0.15, 0.3)
    return sorted(env.sampler(f"raft/raft-{n}/election", law)() for n in range(1, node_count + 1))


@in_one_test("seed", range(1, 21))
def test_time_is_the_first_timeout_and_one_round_where_nobody_else_asks_meanwhile(seed: int) -> None:
    one_way = 0.0005
    first, second, *_ = first_timeouts(seed, 5)
    trial = time_to_leader(seed, latency=one_way)
    if second - first > one_way:
        assert trial.time == pytest.approx(first + 2 * one_way)
        assert trial.term == 1
    else:
        assert trial.time >= first + 2 * one_way


def test_nodes_that_are_down_do_not_ask_and_do_not_vote() -> None:
    env = Environment(seed=3)
    law = Uniform(0.15, 0.3)
    alive = [env.sampler(f"raft/raft-{n}/election", law)() for n in range(1, 4)]
    trial = time_to_leader(3, failed_count=2, latency=0.0001)
    assert trial.time == pytest.approx(min(alive) + 2 * 0.0001)


def test_timeouts_that_are_all_the_same_split_the_vote_for_ever() -> None:
    trial = time_to_leader(
        1, node_count=4, latency=0.001, election_timeout_min=0.1, election_timeout_max=0.1, time_max=5.0
    )
    assert trial.time == float("inf")
    assert 48 <= trial.term <= 50


@pytest.mark.slow
@pytest.mark.parametrize(
    ("node_count", "failed_count", "timeout_max"),
    [(5, 0, 0.3), (5, 2, 0.3)],
)
def test_times_and_split_votes_are_those_of_availsim_s_model(
    node_count: int, failed_count: int, timeout_max: float
) -> None:
    """With less spread, and with nine nodes, tests/theory/replication asks it of three times as many."""
    trials = [
        time_to_leader(
            seed, node_count=node_count, failed_count=failed_count, election_timeout_max=timeout_max
        )
        for seed in range(1, 201)
    ]
    chance = np.random.default_rng(1)
    model = [
        availsim.Model(chance, node_count, failed_count, (0.002, 0.005), (0.15, timeout_max)).run()
        for _ in range(2_000)
    ]
    agree([trial.time for trial in trials], [time for time, _ in model])
    agree([float(trial.term > 1) for trial in trials], [float(term > 1) for _, term in model])


def agree(some: list[float], others: list[float]) -> None:
    """Check that two samples have means within three standard errors of each other."""
    error = np.hypot(np.std(some) / len(some) ** 0.5, np.std(others) / len(others) ** 0.5)
    assert abs(np.mean(some) - np.mean(others)) < 3.0 * error + 1e-9


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: time_to_leader(1, failed_count=3), "failed_count must leave a majority of 5 nodes, got 3"),
        (lambda: time_to_leader(1, node_count=0), "node_count must be a whole number >= 1, got 0"),
        (lambda: time_to_leader(1, failed_count=-1), "failed_count must be a whole number >= 0, got -1"),
    ],
)
def test_misuse_is_said_in_plain_words(make: Callable[[], object], words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        make()
