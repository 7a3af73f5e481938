"""Elections: the program without events against one with events and an integral; checks that can fail."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from experiments.validation import TheoryCheck
from experiments.validation.replication import election_odds, split_probability
from experiments.validation.replication.elections import CHECKS, elections
from tests.models.consensus.raft import availsim
from tests.theory.running import changed, expecting, is_found_out, remembered, verdicts

FIVE = {"node_count": 5, "failed_count": 0}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("nodes", "latency", "timeout"),
    [
        ((5, 0), (0.002, 0.005), (0.15, 0.16)),
        ((5, 2), (0.002, 0.005), (0.15, 0.2)),
        ((9, 4), (0.002, 0.005), (0.15, 0.17)),
        ((4, 0), (0.001, 0.03), (0.15, 0.2)),
    ],
)
def test_terms_without_events_are_what_events_give(
    nodes: tuple[int, int], latency: tuple[float, float], timeout: tuple[float, float]
) -> None:
    """The model of `availsim` has a queue of events; the two share no line."""
    odds = election_odds(node_count=nodes[0], failed_count=nodes[1], latency=latency, timeout=timeout)
    chance = np.random.default_rng(3)
    runs = [availsim.Model(chance, *nodes, latency, timeout).run() for _ in range(1_000)]
    times = np.array([time for time, _ in runs])
    split = np.mean([term > 1 for _, term in runs])
    assert times.mean() == pytest.approx(odds.time_mean, abs=3.5 * times.std() / len(runs) ** 0.5)
    assert split == pytest.approx(odds.split, abs=3.5 * (odds.split * (1 - odds.split) / len(runs)) ** 0.5)


@pytest.mark.slow
@pytest.mark.parametrize(("node_count", "failed_count"), [(3, 0), (3, 1), (5, 0), (5, 2), (6, 1)])
def test_split_votes_with_equal_latencies_are_the_integral(node_count: int, failed_count: int) -> None:
    setup = {"node_count": node_count, "failed_count": failed_count, "timeout": (0.15, 0.165)}
    odds = election_odds(**setup, latency=(0.005, 0.005))  # type: ignore[arg-type]
    exact = split_probability(**setup, latency=0.005)  # type: ignore[arg-type]
    assert odds.split == pytest.approx(exact, abs=3.5 * odds.split_error)
    assert 0.05 < exact < 0.75


def test_with_two_of_three_up_a_vote_is_split_when_both_ask_within_a_latency() -> None:
    """Of two uniform numbers the distance is below d with the probability 1 - (1 - d)^2."""
    found = split_probability(node_count=3, failed_count=1, latency=0.003, timeout=(0.15, 0.2))
    assert found == pytest.approx(1.0 - (1.0 - 0.06) ** 2)


def test_spread_of_nothing_splits_for_ever_and_a_large_one_hardly_ever() -> None:
    odds = election_odds(**FIVE, latency=(0.0001, 0.0001), timeout=(1.0, 9.0), trials_count=2_000)
    assert odds.split < 0.002
    # The first of five uniform numbers, and two messages.
    assert odds.time_mean == pytest.approx(1.0 + 8.0 / 6.0, rel=0.05)
    assert split_probability(**FIVE, latency=0.01, timeout=(0.15, 0.1500001)) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("setup", "said"),
    [
        (
            {"timeout": (0.01, 0.2)},
            r"timeout must begin above three latencies \(0.015 s\), got \(0.01, 0.2\)",
        ),
        ({"node_count": 2}, "node_count must be >= 3, got 2"),
    ],
)
def test_what_the_program_cannot_do_is_refused(setup: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        election_odds(**{**FIVE, "latency": (0.002, 0.005), "timeout": (0.15, 0.3), **setup})  # type: ignore[arg-type]


def of_a_neighbour(check: TheoryCheck) -> list[float]:
    """What is expected where messages take twice as long."""
    assert isinstance(check.simulate, partial)
    setup = {
        name: check.simulate.keywords[name] for name in ("node_count", "failed_count", "latency", "timeout")
    }
    low, high = setup["latency"]
    odds = election_odds(**{**setup, "latency": (2.0 * low, 2.0 * high)})
    return [odds.time_mean, odds.split][: len(check.claims)]


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_theory_and_simulation_agree_and_that_of_slightly_another_system_does_not(check: TheoryCheck) -> None:
    once = remembered(check)
    assert set(verdicts(once, 0.25).values()) == {"holds"}
    assert "differs" in verdicts(expecting(once, *of_a_neighbour(check)), 0.25).values()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("place", "setup"),
    [
        (0, {"failed_count": 2}),
        (1, {"failed_count": 1}),
        (2, {"timeout": (0.15, 0.17)}),
        (4, {"node_count": 4}),
    ],
)
def test_slightly_another_system_differs(place: int, setup: dict[str, object]) -> None:
    assert is_found_out(changed(CHECKS[place], **setup), 0.25)


def test_one_election_is_one_of_the_nodes() -> None:
    time, split = elections(1, 0.02, **FIVE, latency=(0.002, 0.005), timeout=(0.15, 0.3), trials_count=50)
    assert 0.154 < time < 0.32
    assert split in (0.0, 1.0)
