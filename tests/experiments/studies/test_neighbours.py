"""The study of neighbours: who gets the cores, and what a quota costs where cores are idle."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pytest

from experiments import Misuse, Run
from experiments.studies.neighbours import CORES, neighbours

from .what_is_said import means, percent, what_to_see


@lru_cache
def ran(**parameters: Any) -> Run:
    return neighbours(seed=1, duration=15.0, **parameters)


@pytest.mark.slow
def test_each_way_of_sharing_protects_better_than_the_one_before() -> None:
    hows = ({"sharing": "first-come"}, {"sharing": "processor sharing"}, {}, {"weight": 4.0})
    p99 = [ran(**how).measures["p99"] for how in hows]
    assert p99 == sorted(p99, reverse=True)
    assert p99[-1] < 1.5 * ran(neighbour_jobs=0).measures["p99"]


@pytest.mark.slow
@pytest.mark.parametrize("sharing", ["first-come", "processor sharing", "shares"])
def test_without_quotas_no_core_is_idle_beside_a_noisy_neighbour(sharing: str) -> None:
    measures = ran(sharing=sharing).measures
    assert measures["idle_cores"] == pytest.approx(0.0, abs=1e-9)
    assert measures["cores"] + measures["neighbour_cores"] == pytest.approx(CORES)


@pytest.mark.slow
def test_a_weight_that_is_too_small_starves_the_service() -> None:
    measures = ran(weight=0.25).measures
    assert measures["cores"] == pytest.approx(0.8)
    assert measures["answered"] < 0.9


@pytest.mark.slow
def test_a_quota_for_the_neighbour_leaves_cores_idle() -> None:
    measures = ran(neighbour_quota=2.0).measures
    assert measures["neighbour_cores"] == pytest.approx(2.0)
    assert measures["idle_cores"] == pytest.approx(2.0 - measures["cores"])


@pytest.mark.slow
def test_a_tight_quota_throttles_although_cores_are_idle() -> None:
    free, tight = ran(neighbour_jobs=0).measures, ran(neighbour_jobs=0, quota=1.25).measures
    assert tight["p99"] > 2.0 * free["p99"]
    assert tight["throttled_periods"] > 0.2
    assert tight["idle_cores"] > 2.5
    assert free["throttled_periods"] == 0.0


@pytest.mark.slow
def test_a_shorter_period_of_the_same_quota_evens_less_out() -> None:
    long, short = (ran(neighbour_jobs=0, quota=1.25, period=period).measures["p99"] for period in (0.1, 0.01))
    assert short > 1.2 * long


def test_weights_and_quotas_go_with_shares_only() -> None:
    for how in ({"weight": 2.0}, {"quota": 1.0}, {"neighbour_quota": 1.0}):
        with pytest.raises(Misuse, match="weight must be 1 and quotas none with sharing first-come"):
            neighbours(sharing="first-come", **how)
    with pytest.raises(Misuse, match="neighbour_quota must be none with neighbour_jobs 0, got 2"):
        neighbours(neighbour_jobs=0, neighbour_quota=2.0)
    with pytest.raises(Misuse, match="weight must be 1 with neighbour_jobs 0, where nobody shares"):
        neighbours(neighbour_jobs=0, weight=2.0)


def test_what_it_says_is_to_be_seen_is_what_the_sweep_shows() -> None:
    said = what_to_see(neighbours)

    def p99(**point: Any) -> str:
        return f"{1000 * means(neighbours, **point)['p99']:,.0f} ms"

    assert f"alone on the host the p99 is {p99(sharing='first-come', neighbour_jobs=0)}" in said
    noisy: dict[str, Any] = {"neighbour_jobs": 16}
    assert f"it is {p99(sharing='first-come', **noisy)} first-come" in said
    assert f"{p99(sharing='processor sharing', **noisy)} under processor sharing" in said
    assert f"{p99(sharing='shares', **noisy)} with equal shares" in said
    assert f"{p99(sharing='shares', weight=4.0, **noisy)} with a weight of 4" in said
    starved = means(neighbours, sharing="shares", weight=0.25, **noisy)
    needed = means(neighbours, sharing="shares", **noisy)["cores"]
    assert f"gets {starved['cores']:.1f} cores where it needs {needed:.1f}" in said
    assert f"{percent(starved['answered'])} of its requests are answered" in said
    limited = means(neighbours, sharing="shares", neighbour_quota=2.0, **noisy)
    assert f"makes it {1000 * limited['p99']:.0f} ms, and {limited['idle_cores']:.2f} cores idle" in said
    alone = {quota: means(neighbours, neighbour_jobs=0, quota=quota) for quota in (1.1, 1.25, 1.5, 2.0, None)}
    assert f"with {alone[None]['idle_cores']:.0f} cores idle on average" in said
    assert f"leaves the p99 at {1000 * alone[2.0]['p99']:.0f} ms" in said
    assert f"one of 1.5 makes it {1000 * alone[1.5]['p99']:.0f} ms" in said
    assert f"one of 1.25 {1000 * alone[1.25]['p99']:.0f} ms" in said
    assert f"one of 1.1 {1000 * alone[1.1]['p99']:.0f} ms" in said
    assert f"throttled in {percent(alone[1.1]['throttled_periods'])} of all periods" in said
