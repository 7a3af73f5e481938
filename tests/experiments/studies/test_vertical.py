"""The study of bigger against more: what queueing theory says, and what a crash costs."""

from __future__ import annotations

from functools import lru_cache
from math import isnan
from typing import Any

import pytest

from experiments import Misuse, Run
from experiments.studies.vertical import sojourn_by_theory, vertical
from experiments.summary import estimate

from .what_is_said import kept_runs, key_of, means, percent, what_to_see


@lru_cache
def ran(**parameters: Any) -> Run:
    return vertical(seed=1, duration=30.0, down=5.0, **parameters)


def test_theory_knows_its_own_limits() -> None:
    assert sojourn_by_theory("faster core", 1, None, 0.7) == pytest.approx(0.05 / 0.3)
    for growth, balancing in (("more cores", None), ("more hosts", "random"), ("more hosts", "two choices")):
        assert sojourn_by_theory(growth, 1, balancing, 0.7) == pytest.approx(0.05 / 0.3)
    assert sojourn_by_theory("more hosts", 9, "random", 0.7) == pytest.approx(0.05 / 0.3)
    assert sojourn_by_theory("more cores", 64, None, 0.7) == pytest.approx(0.05, rel=0.01)
    assert isnan(sojourn_by_theory("more hosts", 9, "two choices", 0.7))


@pytest.mark.slow
def test_one_big_host_takes_everything_with_it_and_one_of_many_its_share() -> None:
    assert ran(growth="more cores", size=8).measures["answered"] == 0.0
    at_random = ran(growth="more hosts", size=8, balancing="random").measures["answered"]
    assert at_random == pytest.approx(7 / 8, abs=0.05)
    assert ran(growth="more hosts", size=8, balancing="two choices").measures["answered"] > at_random


@pytest.mark.slow
def test_all_ways_to_grow_cost_the_same() -> None:
    runs = [
        ran(growth=growth, size=8, **others)
        for growth, others in (
            ("faster core", {}),
            ("more cores", {}),
            ("more hosts", {"balancing": "random"}),
        )
    ]
    assert [run.measures["cost_per_hour"] for run in runs] == pytest.approx([0.32] * 3)


def test_a_policy_goes_with_more_hosts_only() -> None:
    with pytest.raises(Misuse, match="balancing must be none with growth more cores, which is one host"):
        vertical(growth="more cores", balancing="random")
    with pytest.raises(
        Misuse, match="balancing must be one of random, round robin, two choices, least outst"
    ):
        vertical(growth="more hosts")


@pytest.mark.parametrize("point", vertical.points(), ids=key_of)
def test_theory_comes_out_in_the_default_sweep(point: dict[str, Any]) -> None:
    """Within twice the half-width of the 95 % interval of five runs, which is one of 99.5 %."""
    runs = kept_runs("vertical")[key_of(point)]
    theory = runs[0]["sojourn_theory"]
    found = estimate([run["sojourn_mean"] for run in runs])
    assert isnan(theory) or abs(found.mean - theory) < 2.0 * found.half_width


def test_what_it_says_is_to_be_seen_is_what_the_sweep_shows() -> None:
    said = what_to_see(vertical)
    one = means(vertical, growth="faster core", size=1)
    faster, cores = (means(vertical, growth=name, size=16) for name in ("faster core", "more cores"))
    random, choices = (
        means(vertical, growth="more hosts", size=16, balancing=name) for name in ("random", "two choices")
    )
    assert f"one small host answers in {1000 * one['sojourn_mean']:.0f} ms" in said
    assert f"in {1000 * faster['sojourn_mean']:.0f} ms as one host with a faster core" in said
    assert f"in {1000 * cores['sojourn_mean']:.0f} ms as one with more cores" in said
    assert (
        f"in {1000 * random['sojourn_mean']:.0f} ms as sixteen hosts to which requests go at random" in said
    )
    assert f"in {1000 * choices['sojourn_mean']:.0f} ms with two choices" in said
    theory = [1000 * each["sojourn_theory"] for each in (faster, cores, random)]
    assert "theory says {:.0f}, {:.0f} and {:.0f} ms".format(*theory) in said
    two, two_choices = (
        means(vertical, growth="more hosts", size=2, balancing=name) for name in ("random", "two choices")
    )
    assert faster["answered"] == cores["answered"] == 0.0
    assert f"answers {percent(two['answered'])} of all requests at random" in said
    assert f"{percent(two_choices['answered'])} with two choices" in said
    assert f"the p99 is {two_choices['p99_after']:.1f} s" in said
    assert f"{percent(random['answered'])} and {percent(choices['answered'], 1)} are answered" in said
    assert f"cost {cores['cost_per_million']:.2f} on the big host with more cores" in said
    assert f"{choices['cost_per_million']:.2f} on sixteen small ones" in said
