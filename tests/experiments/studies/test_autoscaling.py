"""The study of autoscaling: what a rule saves, what it costs to be late, and what it cannot help."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pytest

from experiments import Misuse, Run
from experiments.studies.autoscaling import autoscaling
from experiments.studies.scaled_service import CAPACITY, hosts_for
from experiments.studies.scaling_rules import COUNT_MAX, POLICIES, rule_of
from models.workload import RateSteps

from .what_is_said import means, percent, what_to_see


@lru_cache
def ran(**parameters: Any) -> Run:
    return autoscaling(seed=1, **parameters)


def test_hosts_for_a_load_are_at_or_below_their_target() -> None:
    assert [hosts_for(rate, 0.5) for rate in (0.0, 2.0, 2.1, 8.0)] == [1, 1, 2, 4]
    assert CAPACITY == 4.0


def test_a_schedule_has_enough_in_time_for_each_part_of_the_period() -> None:
    usual = RateSteps([(0.0, 4.0), (900.0, 8.0)])
    rule = rule_of("schedule", target=0.5, stabilisation=0.0, usual=usual, period=3_600.0, boot_time=60.0)
    assert rule is not None
    counts = [rule.count_at(time) for time in (0.0, 449.0, 450.0, 900.0, 3_599.0)]  # type: ignore[attr-defined]
    assert counts == [2, 2, 4, 4, 4]


def test_every_policy_that_scales_has_a_rule_of_the_same_bounds() -> None:
    for policy in POLICIES:
        rule = rule_of(
            policy, target=0.6, stabilisation=60.0, usual=RateSteps([(0.0, 4.0)]), period=60.0, boot_time=1.0
        )
        assert (rule is None) == policy.endswith("fleet")
        assert rule is None or rule.count_max == COUNT_MAX


@pytest.mark.slow
def test_a_fixed_fleet_is_never_changed_and_costs_its_hours() -> None:
    run = ran(policy="large fleet", load="flash crowd")
    assert run.measures["host_hours"] == pytest.approx(9 * 0.5)
    assert run.measures["churn"] == run.measures["reversals"] == 0.0
    assert run.measures["late"] < 0.01
    assert run.detail.statistics is None


@pytest.mark.slow
def test_what_boots_longer_is_late_for_longer() -> None:
    quick, slow = (ran(load="flash crowd", boot_time=time).measures for time in (0.0, 240.0))
    assert slow["late"] > 2.0 * quick["late"]
    assert slow["short_time"] > quick["short_time"]


@pytest.mark.slow
def test_more_hosts_in_front_of_a_slow_database_do_not_help() -> None:
    few, many = (
        ran(policy=policy, load="flash crowd", bottleneck="database").measures
        for policy in ("small fleet", "queue depth")
    )
    assert many["host_hours"] > 2.0 * few["host_hours"]
    assert many["late"] > 0.95 * few["late"]
    assert many["answered"] < few["answered"]


def test_a_delay_and_a_window_go_with_rules_that_have_them() -> None:
    with pytest.raises(Misuse, match="metric_delay must be left out with policy schedule"):
        autoscaling(policy="schedule", metric_delay=60.0)
    with pytest.raises(Misuse, match="stabilisation must be left out with policy target tracking"):
        autoscaling(policy="target tracking", stabilisation=60.0)


def test_what_it_says_is_to_be_seen_of_policies_is_what_the_sweep_shows() -> None:
    said = what_to_see(autoscaling)
    day = {policy: means(autoscaling, policy=policy) for policy in POLICIES if policy != "step scaling"}
    assert f"peak costs {day['large fleet']['host_hours']:.1f} host-hours" in said
    assert f"mean makes {percent(day['small fleet']['late'])} of the requests late" in said
    ruled, planned = day["kubernetes"], day["schedule"]
    assert f"costs {ruled['host_hours']:.1f} and makes {percent(ruled['late'], 2)} late" in said
    assert f"a schedule {planned['host_hours']:.1f} and as few" in said
    assert percent(planned["late"], 2) == percent(ruled["late"], 2)
    assert f"three bad minutes first, makes {percent(day['target tracking']['late'], 1)} late" in said
    queue = day["queue depth"]
    assert f"{percent(queue['late'])} are late on the usual day, for {queue['host_hours']:.1f} host" in said


def test_what_it_says_is_to_be_seen_of_a_crowd_is_what_the_sweep_shows() -> None:
    said = what_to_see(autoscaling)
    crowd = {
        policy: percent(means(autoscaling, policy=policy, load="flash crowd")["late"])
        for policy in ("kubernetes", "target tracking", "schedule")
    }
    assert f"In the flash crowd {crowd['kubernetes']} are late with kubernetes' rule" in said
    assert f"{crowd['target tracking']} with target tracking and {crowd['schedule']} with the" in said
    quick, slow = (means(autoscaling, load="flash crowd", boot_time=time)["late"] for time in (0.0, 240.0))
    assert f"it were {percent(quick)} of the first" in said
    assert f"boot for four minutes {percent(slow)}" in said
    small, queue = (
        means(autoscaling, policy=policy, load="flash crowd", bottleneck="database")
        for policy in ("small fleet", "queue depth")
    )
    assert f"it buys {queue['host_hours']:.1f} host-hours in the crowd" in said
    assert f"small fleet costs {small['host_hours']:.1f}" in said
    assert f"{percent(queue['answered'])} of the requests answered at all instead of" in said
    assert f"instead of {percent(small['answered'])}" in said


def test_what_it_says_is_to_be_seen_of_delays_and_targets_is_what_the_sweep_shows() -> None:
    said = what_to_see(autoscaling)
    nervous, steady = (
        means(autoscaling, metric_delay=120.0, stabilisation=window) for window in (0.0, 300.0)
    )
    assert f"no window {percent(nervous['late'], 1)} are late on the usual day" in said
    assert f"the rule turns round {nervous['reversals']:.0f} times" in said
    assert steady["reversals"] == 1.0
    assert f"does so once, and {percent(steady['late'], 1)} are late" in said
    fresh, oldest = (means(autoscaling, metric_delay=delay, stabilisation=0.0) for delay in (10.0, 240.0))
    turns = [f"{each['reversals']:.0f} times" for each in (fresh, oldest)]
    hosts = [f"by {each['churn'] / (each['reversals'] + 1.0):.1f}" for each in (fresh, oldest)]
    assert f"at ten seconds it turns {turns[0]}, {hosts[0]} hosts each" in said
    assert f"at four minutes {turns[1]} {hosts[1]}, and {percent(oldest['late'])} are late then" in said
    high, low = (means(autoscaling, target=target) for target in (0.9, 0.3))
    assert f"target of 0.9 costs {high['host_hours']:.1f} host-hours" in said
    assert f"makes {percent(high['late'])} late, one of 0.3 costs {low['host_hours']:.1f}" in said
