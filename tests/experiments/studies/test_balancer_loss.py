"""The study of a balancer that dies: what is lost with which arrangement, and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt

from experiments import InProcess, Misuse, Run, sweep
from experiments.design import Points
from experiments.studies.balancer_loss import CHECKS, balancer_loss

from .figure_checks import assert_complete, texts
from .what_is_said import means, percent, what_to_see

mpl.use("Agg")


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


@lru_cache
def ran(**parameters: Any) -> Run:
    return balancer_loss(seed=1, outage=60.0, rate=10.0, **parameters)


@pytest.mark.slow
def test_a_single_balancer_is_a_single_point_of_failure() -> None:
    measures = ran().measures
    assert measures["lost"] == 1.0
    assert measures["recover_time"] == 60.0


@pytest.mark.slow
def test_a_pair_is_back_within_three_advertisements_and_a_skew() -> None:
    measures = ran(arrangement="pair").measures
    # The last advertisement is up to 1 s old: from 2.6 to 3.6 s, and whole seconds are looked at.
    assert 2.0 <= measures["lost_time"] <= 4.5
    assert 2.0 <= measures["recover_time"] <= 4.0
    # Taken by the second, and back by the first.
    assert measures["takeovers"] == 2


@pytest.mark.slow
def test_names_are_as_slow_as_checks_and_caches() -> None:
    short = ran(arrangement="names", ttl=1.0).measures
    found_out = CHECKS.unhealthy_threshold * CHECKS.interval + CHECKS.timeout
    assert found_out - 2 * CHECKS.interval <= short["recover_time"] <= found_out + 1.0
    assert 0.0 < short["lost"] < 0.5


@pytest.mark.slow
def test_who_asks_the_next_address_loses_nothing_and_waits_a_little() -> None:
    measures = ran(arrangement="names, next address", ttl=60.0).measures
    assert measures["lost"] == 0.0
    assert 0.0 < measures["slow"] < 0.05


def test_a_balancer_in_each_client_takes_one_client_with_it() -> None:
    assert 0.05 < ran(arrangement="in each client").measures["lost"] < 0.15


@pytest.mark.slow
def test_the_address_stays_where_only_the_process_dies_unless_it_is_tracked() -> None:
    untracked, tracked = (ran(arrangement="pair", loss="process", tracking=each) for each in (False, True))
    assert (untracked.measures["lost"], untracked.measures["takeovers"]) == (1.0, 0.0)
    assert tracked.measures["lost_time"] < 2.5


@pytest.mark.slow
def test_a_split_brain_of_balancers_serves_everybody() -> None:
    measures = ran(arrangement="pair", loss="cut apart").measures
    assert measures["lost"] < 0.005
    assert measures["takeovers"] == 1


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"arrangement": "names"}, "ttl must be a number of seconds with arrangement names, got none"),
        ({"ttl": 5.0}, "ttl must be none with arrangement one balancer"),
        ({"tracking": True}, "tracking must be false with arrangement one balancer"),
        ({"loss": "cut apart"}, "loss must be host or process with arrangement one balancer"),
    ],
)
def test_what_does_not_act_is_refused(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(Misuse, match=message):
        balancer_loss(**parameters)


@pytest.mark.slow
def test_a_sweep_has_its_figures() -> None:
    points = [
        {"arrangement": "one balancer"},
        {"arrangement": "pair"},
        {"arrangement": "pair", "loss": "process"},
    ]
    result = sweep(
        balancer_loss,
        Points(points),
        fixed={"outage": 30.0, "rate": 5.0},
        replications=2,
        executor=InProcess(),
    )
    assert balancer_loss.figures_of_sweep is not None
    figures = dict(balancer_loss.figures_of_sweep(result))
    assert list(figures) == ["lost", "over_time"]
    assert_complete(figures)
    assert "pair: process dies" in texts(figures["lost"])
    assert "host lost" in texts(figures["over_time"])


def test_what_it_says_is_to_be_seen_is_what_the_sweep_shows() -> None:
    said = what_to_see(balancer_loss)
    one, pair, own = (
        means(balancer_loss, arrangement=name) for name in ("one balancer", "pair", "in each client")
    )
    names = [means(balancer_loss, arrangement="names", ttl=ttl) for ttl in (1.0, 15.0, 60.0)]
    asking = means(balancer_loss, arrangement="names, next address", ttl=60.0)
    dead, tracked = (
        means(balancer_loss, arrangement="pair", loss="process", tracking=each) for each in (False, True)
    )
    apart = means(balancer_loss, arrangement="pair", loss="cut apart")
    assert one["lost"] == dead["lost"] == 1.0
    assert (
        f"come in {pair['lost_time']:.1f} s, and serves all again after {pair['recover_time']:.1f} s" in said
    )
    first, second, third = (f"{each['lost_time']:.1f}" for each in names)
    assert f"come in {first}, {second} and {third} s" in said
    first, second, third = (f"{each['recover_time']:.0f}" for each in names)
    assert f"serve all again after {first}, {second} and {third} s" in said
    assert asking["lost"] == 0.0
    assert f"loses none, and {percent(asking['slow'], 1)} of the requests take longer" in said
    assert f"each client it is {own['lost_time']:.1f} s" in said
    assert f"one that tracks it loses {tracked['lost_time']:.1f} s" in said
    assert f"worth counting ({apart['lost_time']:.1f} s)" in said
