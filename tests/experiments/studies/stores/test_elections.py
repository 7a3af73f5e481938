"""The study of elections: against another program, along the spread, under load; and its text."""

from __future__ import annotations

from functools import lru_cache
from math import isnan
from typing import Any

import pytest

from experiments import Misuse, Run
from experiments.studies.stores.elections import SPREADS, TIME_MAX, elections
from experiments.summary import estimate
from tests.experiments.studies.what_is_said import kept_runs, key_of, means, what_to_see


@lru_cache
def ran(**parameters: Any) -> Run:
    return elections(seed=1, count=20, **parameters)


@pytest.mark.slow
def test_time_without_a_leader_is_at_least_the_shortest_timeout_and_a_round() -> None:
    measures = ran(spread=0.05).measures
    assert 0.154 < measures["leaderless_p50"] <= measures["leaderless_p95"] < 1.0
    assert isnan(measures["silent_mean"])


def test_timeouts_without_a_spread_never_elect_anybody() -> None:
    measures = elections(seed=1, count=1, spread=0.0).measures
    assert (measures["leaderless_mean"], measures["split"]) == (TIME_MAX, 1.0)
    assert isnan(measures["split_law"])


@pytest.mark.slow
def test_leader_that_crashes_leaves_clients_without_an_answer_for_longer_than_the_cluster_has_none() -> None:
    run = ran(scene="leader crash")
    assert len(run.detail.leaderless) == 5
    assert all(run.detail.silent > run.detail.leaderless)
    # Since the last heartbeat the timer has run for at most an interval, and its way.
    assert min(run.detail.leaderless) > 0.15 - 0.05 - 0.006
    assert run.measures["silent_mean"] < 1.0


@pytest.mark.parametrize(
    ("setup", "said"),
    [
        ({"scene": "leader crash", "failed": 1}, "failed must be 0 with scene leader crash, got 1"),
        ({"failed": 3}, "failed must leave a majority of 5 nodes, got 3"),
    ],
)
def test_what_cannot_elect_is_refused(setup: dict[str, Any], said: str) -> None:
    with pytest.raises(Misuse, match=said):
        elections(**setup)


@pytest.mark.parametrize("failed", [0, 2])
@pytest.mark.parametrize("spread", SPREADS[1:])
def test_another_program_says_the_same_of_the_default_sweep(spread: float, failed: int) -> None:
    """Within twice the half-width of the 95 % interval of five runs; in all 24 it should never be wrong."""
    runs = kept_runs("elections")[key_of(elections.space.values({"spread": spread, "failed": failed}))]
    for measure, law, least in (("leaderless_mean", "leaderless_law", 0.0), ("split", "split_law", 0.01)):
        found = estimate([run[measure] for run in runs])
        assert abs(found.mean - runs[0][law]) < 2.0 * max(found.half_width, least)


def test_what_it_says_is_to_be_seen_is_what_the_sweep_shows() -> None:
    said = what_to_see(elections)
    for failed, words in (
        (2, "takes {:.1f} s, or would take longer|takes {:.0f} ms, and with 600 ms {:.0f} ms"),
        (0, "it is {:.2f} s|{:.0f} ms and {:.0f} ms"),
    ):
        close, middle, far = (
            means(elections, spread=spread, failed=failed)["leaderless_mean"] for spread in (0.002, 0.05, 0.6)
        )
        first, others = words.split("|")
        assert first.format(close) in said
        assert others.format(1000 * middle, 1000 * far) in said
        assert means(elections, spread=0.002, failed=failed)["split"] == 1.0
    little = [means(elections, spread=spread)["leaderless_mean"] for spread in (0.025, 0.05, 0.15)]
    assert f"spreads of 25 to 150 ms differ by {1000 * (max(little) - min(little)):.0f} ms" in said
    usual = means(elections, scene="leader crash", spread=0.15)
    short = means(elections, scene="leader crash", timeout=0.012, spread=0.012)
    assert f"without one for {1000 * usual['leaderless_mean']:.0f} ms" in said
    assert f"without an answer for {1000 * usual['silent_mean']:.0f} ms" in said
    assert f"it is {1000 * short['leaderless_mean']:.0f} ms, but {1000 * short['silent_mean']:.0f} ms" in said
    assert f"send each other {short['messages']:.0f} messages" in said
    assert f"with 150 ms there are {usual['messages']:.0f}" in said
