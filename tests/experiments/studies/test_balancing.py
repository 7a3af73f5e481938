"""The study of balancing: what policies know and what it is worth, old news, and the black hole."""

from __future__ import annotations

import pytest

from experiments import Misuse, Points, sweep
from experiments.studies.balancing import HOSTS, balancing
from experiments.workers import InProcess

from .figure_checks import assert_complete, runs_once, texts  # noqa: F401 - a fixture is found by name
from .what_is_said import means, percent, what_to_see


def p95(scene: str, policy: str, report_interval: float | None = None) -> float:
    """Return the mean of the runs of the default sweep."""
    return means(balancing, scene=scene, policy=policy, report_interval=report_interval)["p95"]


def test_the_more_a_policy_knows_the_better() -> None:
    order = [p95("alike", policy) for policy in ("least outstanding", "two choices", "round robin", "random")]
    assert order == sorted(order)


def test_unequal_hosts_hurt_who_takes_turns_and_not_who_counts() -> None:
    assert p95("unequal", "round robin") > 1.5 * p95("alike", "round robin")
    assert p95("unequal", "two choices") < 1.3 * p95("alike", "two choices")
    assert p95("unequal", "weighted") < 0.6 * p95("unequal", "round robin")


def test_black_hole_draws_more_to_whoever_counts_more() -> None:
    in_turn, two, least = (
        means(balancing, scene="black hole", policy=policy)
        for policy in ("round robin", "two choices", "least outstanding")
    )
    failed = [two["failed"], least["failed"]]
    assert in_turn["failed"] == pytest.approx(1 / HOSTS, abs=0.001)
    assert 1.4 / HOSTS < failed[0] < failed[1]
    assert failed[1] > 2 / HOSTS
    assert least["top_share"] == pytest.approx(least["failed"], abs=0.02)


def test_old_news_make_the_herd_and_leave_two_choices_standing() -> None:
    chance = p95("alike", "random")
    assert p95("alike", "least outstanding", 1.0) > 2 * chance
    assert p95("alike", "two choices", 1.0) < 1.5 * chance
    assert p95("alike", "two choices", 0.2) < chance


def test_fresh_reports_are_nearly_as_good_as_counting() -> None:
    assert p95("alike", "two choices", 0.05) < 1.3 * p95("alike", "two choices")


def test_options_that_could_not_act_are_refused() -> None:
    with pytest.raises(Misuse, match=r"report_interval must be none with round robin, which .*: 1\.0"):
        balancing(policy="round robin", report_interval=1.0)
    with pytest.raises(Misuse, match="policy must not be weighted where hosts are equal"):
        balancing(policy="weighted")


def test_what_it_says_is_to_be_seen_is_what_the_sweep_shows() -> None:
    said = what_to_see(balancing)

    def ms(scene: str, policy: str) -> str:
        return f"{1000 * means(balancing, scene=scene, policy=policy)['p95']:.0f} ms"

    def seconds(scene: str, policy: str, digits: int, interval: float | None = None) -> str:
        found = means(balancing, scene=scene, policy=policy, report_interval=interval)
        return f"{found['p95']:.{digits}f}"

    def failed(policy: str) -> str:
        return percent(means(balancing, scene="black hole", policy=policy)["failed"])

    two, least, turn = "two choices", "least outstanding", "round robin"
    assert f"{ms('alike', 'random')} at random, {ms('alike', turn)} in turn" in said
    assert f"{ms('alike', two)} with two choices and {ms('alike', least)} with the fewest" in said
    assert f"{seconds('unequal', turn, 2)} s in turn, {ms('unequal', 'weighted')} where" in said
    assert f"and {ms('unequal', two)} with two choices" in said
    assert f"{seconds('heavy tails', turn, 1)} s in turn, {seconds('heavy tails', two, 1)} s with two" in said
    assert f"and {seconds('heavy tails', least, 1)} s with the fewest" in said
    assert (
        f"{failed(turn)} of the requests in turn, {failed(two)} with two choices and {failed(least)}" in said
    )
    assert f"{seconds('alike', least, 2, 1.0)} s, three times as bad as chance" in said
    assert f"two choices {seconds('alike', two, 2, 1.0)} s" in said
    assert (
        f"after 5 s these are {seconds('alike', least, 1, 5.0)} and {seconds('alike', two, 1, 5.0)} s" in said
    )


@pytest.mark.slow
@pytest.mark.usefixtures("runs_once")
def test_figures_show_policies_old_reports_and_the_herd() -> None:
    points = [
        {"scene": scene, "policy": policy}
        for scene in ("unequal", "black hole")
        for policy in ("round robin", "least outstanding")
    ]
    points += [
        {"scene": "alike", "policy": policy, "report_interval": interval}
        for policy in ("two choices", "least outstanding")
        for interval in (None, 1.0)
    ]
    result = sweep(balancing, Points(points), fixed={"load": 0.5}, replications=1, executor=InProcess())
    assert balancing.figures_of_sweep is not None
    figures = dict(balancing.figures_of_sweep(result))
    assert set(figures) == {"policies", "old_reports", "herd"}
    assert_complete(figures)
    assert "least outstanding, reports every 1 s: the herd" in texts(figures["herd"])
    assert "draws up to" in texts(figures["policies"])
    only = result.select(lambda point: point["report_interval"] is None)
    assert set(balancing.figures_of_sweep(only)) == {"policies"}
