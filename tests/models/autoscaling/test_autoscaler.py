"""An autoscaler in simulated time: what it sees, when it acts, and what a crash leaves of it."""

from __future__ import annotations

from typing import Any

import pytest

from models import Host
from models.autoscaling import (
    Autoscaler,
    BacklogPerInstance,
    MetricPipeline,
    ScalingRule,
    ScheduledCount,
    ScheduledScaling,
    TargetTracking,
    Utilisation,
)
from models.autoscaling.kubernetes import CpuMetric, HorizontalPodAutoscaler, TotalMetric
from models.infrastructure import HostPool, HostType
from models.instance_groups import InstanceGroup
from models.services import Pause, Service
from simulator import Environment
from simulator.randomness import Constant


class Counted:
    """Something that can be scaled, and is there at once."""

    def __init__(self, count: int = 1) -> None:
        self.name = "things"
        self.desired_count = count
        self.asked: list[int] = []

    def scale_to(self, count: int) -> None:
        self.asked.append(count)
        self.desired_count = count


class World:
    """Counted things, a backlog that is set by hand, and an autoscaler."""

    def __init__(
        self, rule: ScalingRule, *, count: int = 1, host: Host | None = None, env: Any = None
    ) -> None:
        self.env = env or Environment(seed=1)
        self.backlog: float | None = 0.0
        self.things = Counted(count)
        self.pipeline = MetricPipeline(
            self.env, totals={"backlog": lambda: self.backlog}, scrape_interval=5.0
        )
        self.autoscaler = Autoscaler(self.env, self.things, rule, self.pipeline, host=host, name="scaler")

    def set_at(self, time: float, backlog: float | None) -> None:
        self.env.call_later(time, setattr, self, "backlog", backlog)

    def log(self) -> list[tuple[float, object, object, object]]:
        return [
            (record.time, record.detail["before"], record.detail["after"], record.detail["reason"])
            for record in self.env.event_log.of_kind("scaling")
        ]


def by_backlog(**settings: Any) -> BacklogPerInstance:
    return BacklogPerInstance(**{"acceptable": 10.0, "stabilisation_window": 0.0, **settings})


def test_decides_at_each_interval_and_logs_what_it_changes() -> None:
    world = World(by_backlog())
    world.set_at(12.0, 35.0)
    world.set_at(40.0, 25.0)
    world.set_at(50.0, 15.0)
    world.env.run(until=76.0)
    assert world.log() == [
        (30.0, 1, 4, "backlog of 35"),
        (45.0, 4, 3, "backlog of 25"),
        (60.0, 3, 2, "backlog of 15"),
    ]
    statistics = world.autoscaler.statistics()
    assert (statistics.decision_count, statistics.out_count, statistics.in_count) == (5, 1, 2)
    assert statistics.reversal_count == 1


def test_its_rule_hears_of_what_was_done() -> None:
    """Four more every fifteen seconds, for who decides every five."""
    rule = HorizontalPodAutoscaler(
        count_max=99, interval=5.0, metrics=(TotalMetric(name="backlog", target=10.0),)
    )
    world = World(rule)
    world.backlog = 900.0
    world.env.run(until=36.0)
    assert [(time, after) for time, _, after, _ in world.log()] == [(5.0, 5), (20.0, 10), (35.0, 20)]


def test_with_all_metrics_missing_nothing_is_scaled() -> None:
    world = World(by_backlog(), count=4)
    world.backlog = None
    world.env.run(until=600.0)
    assert world.things.asked == []
    assert world.autoscaler.statistics().decision_count == 39


def test_what_somebody_else_has_set_is_where_it_goes_on() -> None:
    world = World(by_backlog(), count=1)
    world.env.call_later(20.0, world.things.scale_to, 30)
    world.env.run(until=31.0)
    assert world.things.asked == [30, 10]  # the maximum


# -- the controller's host


def test_while_its_host_is_down_nothing_is_scaled_and_then_it_begins_anew() -> None:
    env = Environment(seed=1)
    host = Host(env, "control", boot_time=10.0)
    rule = ScheduledScaling(
        count_max=9, period=1_000.0, times=(ScheduledCount(0.0, 1), ScheduledCount(50.0, 5))
    )
    world = World(rule, host=host, env=env)
    env.call_later(40.0, host.crash)
    env.call_later(72.0, host.restart)  # up at 82 s
    env.run(until=200.0)
    assert world.log() == [(97.0, 1, 5, "scheduled")]


def test_a_host_that_is_down_at_the_beginning_begins_when_it_is_up() -> None:
    env = Environment(seed=1)
    host = Host(env, "control")
    host.crash()
    world = World(by_backlog(), host=host, env=env)
    world.backlog = 30.0
    env.call_later(100.0, host.restart)
    env.run(until=200.0)
    assert world.log() == [(115.0, 1, 3, "backlog of 30")]


def test_a_controller_that_starts_again_has_forgotten_its_recommendations_but_not_the_number() -> None:
    """Kubernetes begins with the number that is there: nothing is taken away for one more window."""
    env = Environment(seed=1)
    host = Host(env, "control")
    rule = HorizontalPodAutoscaler(count_max=9, metrics=(TotalMetric(name="backlog", target=10.0),))
    world = World(rule, count=2, host=host, env=env)
    world.backlog = 60.0
    world.set_at(40.0, 20.0)
    env.call_later(200.0, host.crash)
    env.call_later(210.0, host.restart)
    env.run(until=1_000.0)
    assert [(time, after) for time, _, after, _ in world.log()] == [(15.0, 6), (525.0, 2)]


def test_a_crash_in_the_middle_of_what_it_asked_for_undoes_nothing() -> None:
    env = Environment(seed=1)
    control = Host(env, "control")
    pool = HostPool(env, "host", HostType(boot_time=100.0))
    hosts = [pool.provision(boots=False)]
    service = Service(env, "shop", hosts, lambda host: Pause(Constant(1.0)))
    group = InstanceGroup(env, service, pool, 1)
    pipeline = MetricPipeline(env, totals={"backlog": lambda: 50.0})
    Autoscaler(env, group, by_backlog(), pipeline, host=control)
    env.call_later(50.0, control.crash)  # five are wanted since 30 s, and boot
    env.run(until=300.0)
    assert (group.desired_count, group.ready_count) == (5, 5)


# -- with a group whose hosts boot


def test_a_group_under_kubernetes_rule_scales_with_what_its_cores_do() -> None:
    env = Environment(seed=1)
    pool = HostPool(env, "host", HostType(boot_time=40.0))
    hosts = [pool.provision(boots=False)]
    service = Service(env, "shop", hosts, lambda host: Pause(Constant(1.0)))
    group = InstanceGroup(env, service, pool, 1)
    pipeline = MetricPipeline(env, group=group, meters=[Utilisation()])
    rule = HorizontalPodAutoscaler(count_max=4, metrics=(CpuMetric(target=0.5),))
    Autoscaler(env, group, rule, pipeline)
    env.process(hosts[0].work(10_000.0))
    env.run(until=500.0)
    seen = [(record.time, record.detail["after"]) for record in env.event_log.of_kind("scaling")]
    # Twice as many of the one that is at 1.0; then the second is pending and counts 0; then it has no load:
    # (1.0 + 0.0) / 2 is the target.
    assert seen == [(15.0, 2)]
    assert group.ready_count == 2


def test_to_the_minimum_while_hosts_still_boot() -> None:
    env = Environment(seed=1)
    pool = HostPool(env, "host", HostType(boot_time=500.0))
    service = Service(env, "shop", [pool.provision(boots=False)], lambda host: Pause(Constant(1.0)))
    group = InstanceGroup(env, service, pool, 1)
    backlog = [80.0]
    pipeline = MetricPipeline(env, totals={"backlog": lambda: backlog[0]})
    Autoscaler(env, group, by_backlog(), pipeline)
    env.call_later(60.0, backlog.__setitem__, 0, 0.0)
    env.run(until=50.0)
    assert (group.desired_count, len(pool.hosts), group.ready_count) == (8, 8, 1)
    env.run(until=2_000.0)
    assert (group.desired_count, len(pool.hosts), group.ready_count) == (1, 1, 1)
    assert group.ready.maximum == 1  # paid for, and never of use


def test_without_a_host_to_be_had_it_asks_again_and_again_and_the_group_waits() -> None:
    env = Environment(seed=1)
    pool = HostPool(env, "host", HostType(), host_count_max=2)
    service = Service(env, "shop", [pool.provision(boots=False)], lambda host: Pause(Constant(1.0)))
    group = InstanceGroup(env, service, pool, 1)
    pipeline = MetricPipeline(env, totals={"backlog": lambda: 40.0})
    autoscaler = Autoscaler(env, group, by_backlog(), pipeline)
    env.run(until=300.0)
    assert (group.desired_count, group.ready_count) == (4, 2)
    assert autoscaler.statistics().out_count == 1
    assert len(env.event_log.of_kind("scaling.pending")) == 1


def test_the_same_seed_gives_the_same_trace() -> None:
    def digest() -> str:
        env = Environment(seed=3, trace=True)
        pool = HostPool(env, "host", HostType(boot_time=20.0))
        service = Service(env, "shop", [pool.provision(boots=False)], lambda host: Pause(Constant(1.0)))
        group = InstanceGroup(env, service, pool, 1)
        pipeline = MetricPipeline(env, group=group, meters=[Utilisation()], delay=3.0)
        rule = TargetTracking(metric="utilisation", target=0.5, interval=15.0)
        Autoscaler(env, group, rule, pipeline)
        env.process(service.instances[0].host.work(200.0))
        env.run(until=600.0)
        return env.trace_digest()

    assert digest() == digest()


def test_misuse() -> None:
    env = Environment(seed=1)
    with pytest.raises(
        TypeError, match=r"rule must be a ScalingRule, such as TargetTracking\(...\), got None"
    ):
        Autoscaler(env, Counted(), None, MetricPipeline(env))  # type: ignore[arg-type]
