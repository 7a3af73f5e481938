"""Probes over a network: when they are sent and what they cost, what makes them fail, and when they end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from models import FunctionEndpoint, Host, Network, Request, System
from models.balancing.health_checks import (
    HEALTH,
    HealthChecker,
    HealthCheckSettings,
    HealthPort,
    envoy,
    haproxy,
    kubernetes,
)
from models.naming import NameServer
from models.services import Instance, Pause, Work
from simulator import Environment
from simulator.randomness import Constant
from tests.models.balancing.health_checks.building import WAY, World, every
from tests.models.services.building import call


def probes(world: World, instance: int = 0) -> list[float]:
    """When probes reach the instance."""
    times: list[float] = []

    def around(handler: Any) -> Any:
        def noting(instance: Instance, request: Request) -> Any:
            if request.operation == HEALTH:
                times.append(world.env.now)
            return handler(instance, request)

        return noting

    world.instances[instance].interpose("the test", around)
    return times


# -- when


def test_a_probe_goes_out_every_interval_and_reaches_the_instance_over_the_network() -> None:
    world = World()
    times = probes(world)
    checker = world.check(every(5.0))
    world.env.run(until=21.0)
    assert times == [0.0 + WAY, 5.0 + WAY, 10.0 + WAY, 15.0 + WAY, 20.0 + WAY]
    statistics = checker.statistics()
    assert (statistics.probe_count, statistics.passed_count, statistics.failed_count) == (5, 5, 0)
    assert world.marks() == []


@pytest.mark.parametrize(
    ("counts_from", "expected"), [("start", [0.0, 5.0, 10.0]), ("end", [0.0, 7.25, 14.5])]
)
def test_the_interval_counts_from_start_or_end(counts_from: Any, expected: list[float]) -> None:
    world = World(handler=Pause(Constant(2.0)))
    times = probes(world)
    world.check(every(5.0, 4.0, counts_from=counts_from))
    world.env.run(until=15.0)
    assert times == [time + WAY for time in expected]


def test_probes_of_one_target_never_overlap() -> None:
    world = World(handler=Pause(Constant(7.0)))
    times = probes(world)
    world.check(every(2.0, 20.0))
    world.env.run(until=16.0)
    # Each takes 7.25 s with the ways; the next is late already, and goes out at once.
    assert times == [WAY, 7.25 + WAY, 14.5 + WAY]


def test_silent_probes_that_are_longer_than_the_interval_follow_one_another() -> None:
    world = World()
    world.check(every(2.0, 3.0, unhealthy_threshold=2))
    world.env.call_later(5.0, world.hosts[0].crash)
    world.env.run(until=30.0)
    # Sent at 6 s; given up at 9 s, when the next is sent, which is given up at 12 s.
    assert world.marks() == [(12.0, "down", "s0")]


def test_one_that_is_down_may_be_probed_at_another_interval() -> None:
    world = World()
    times = probes(world)
    world.check(every(4.0, 1.0, unhealthy_threshold=1, healthy_threshold=2, unhealthy_interval=2.0))
    world.env.call_later(1.0, world.instances[0].crash)
    world.env.call_later(9.0, world.instances[0].restart)
    world.env.run(until=19.0)
    # Down at 4 s; at 6 and 8 s refused; up after 10 and 12 s, and then every 4 s again.
    assert times == [WAY, 10.0 + WAY, 12.0 + WAY, 16.0 + WAY]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        # Each failure is silence of 1 s. Plain: 4 s while up, 2 s while down.
        (every(4.0, 1.0, counts_from="end", unhealthy_interval=2.0), [0, 4, 9, 14, 17, 19, 23]),
        # Envoy: by the last result. 2 s after a failure, 4 s after a success.
        (
            envoy(
                interval=4.0,
                timeout=1.0,
                unhealthy_threshold=3,
                healthy_threshold=2,
                unhealthy_interval=2.0,
            ),
            [0, 4, 7, 10, 13, 16, 20, 24],
        ),
        # HAProxy's fastinter, while a change is pending; its downinter while there is no doubt.
        (
            replace(haproxy(inter=4.0, fastinter=1.0, downinter=8.0), timeout=1.0, initial_jitter=0.0),
            [0, 4, 6, 8, 17, 18, 22, 26],
        ),
    ],
    ids=["plain", "Envoy", "HAProxy"],
)
def test_the_next_interval_is_by_the_verdict_and_by_whether_it_may_change(
    settings: HealthCheckSettings, expected: list[int]
) -> None:
    world = World()
    times: list[float] = []

    def answer(request: Request) -> Generator[Any, Any, None]:
        times.append(world.env.now)
        if 2.0 < world.env.now < 15.5:
            yield 60.0
        yield from ()

    world.check(settings, probed=lambda way: FunctionEndpoint(answer, name=way.name))
    world.env.run(until=27.0)
    assert times == expected


@pytest.mark.slow
def test_without_jitter_a_thousand_targets_are_probed_in_step_and_with_it_they_are_not() -> None:
    def busiest_tenth(settings: HealthCheckSettings) -> int:
        world = World(1000, seed=1)
        at: Counter[int] = Counter()
        world.check(settings, probed=lambda way: noting(world, at, way))
        world.env.run(until=5.0)
        return max(at.values())

    def noting(world: World, at: Counter[int], way: Any) -> FunctionEndpoint:
        def note(request: Request) -> Any:
            at[int(world.env.now * 10)] += 1
            return (yield from way.call(request))

        return FunctionEndpoint(note, name=way.name)

    assert busiest_tenth(every(5.0)) == 1000
    # Twenty expected per tenth of a second.
    assert busiest_tenth(every(5.0, initial_jitter=5.0)) < 50


def test_interval_jitter_makes_intervals_longer_by_a_share() -> None:
    world = World(seed=1)
    times = probes(world)
    world.check(every(10.0, interval_jitter=0.2))
    world.env.run(until=10_000.0)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert min(gaps) >= 10.0
    assert max(gaps) <= 12.0
    assert sum(gaps) / len(gaps) == pytest.approx(11.0, abs=0.1)


# -- detection


@pytest.mark.parametrize(("strikes", "down"), [(1, 11.0), (2, 16.0), (3, 21.0)])
def test_a_dead_host_is_found_out_after_so_many_probes(strikes: int, down: float) -> None:
    world = World()
    world.check(every(5.0, 1.0, unhealthy_threshold=strikes))
    world.env.call_later(7.5, world.hosts[0].crash)
    world.env.run(until=60.0)
    # T / 2 + (k - 1) T + o after a crash in the middle of an interval.
    assert world.marks() == [(7.5 + 2.5 + (strikes - 1) * 5.0 + 1.0, "down", "s0")] == [(down, "down", "s0")]
    assert world.healthy() == []


def test_a_dead_process_refuses_and_is_found_out_one_round_trip_after_a_probe() -> None:
    world = World()
    world.check(every(5.0, 1.0, unhealthy_threshold=2))
    world.env.call_later(7.5, world.instances[0].crash)
    world.env.run(until=60.0)
    assert world.marks() == [(15.0 + 2 * WAY, "down", "s0")]


def test_one_that_is_back_is_up_after_so_many_successes() -> None:
    world = World()
    world.check(every(5.0, 1.0, unhealthy_threshold=1, healthy_threshold=3))
    world.env.call_later(7.5, world.hosts[0].crash)
    world.env.call_later(22.0, world.hosts[0].restart)
    world.env.run(until=60.0)
    assert world.marks() == [(11.0, "down", "s0"), (35.0 + 2 * WAY, "up", "s0")]
    assert world.healthy() == ["s0"]


@pytest.mark.parametrize(("there", "probed"), [(True, 1), (False, 5)])
def test_a_one_way_partition_marks_down_whichever_way_it_is(there: bool, probed: int) -> None:
    world = World()
    times = probes(world)
    world.check(every(5.0, 1.0, unhealthy_threshold=2))
    source, target = (world.proxy, world.hosts[0]) if there else (world.hosts[0], world.proxy)
    world.env.call_later(2.0, lambda: world.network.partition(source, target, one_way=True))
    world.env.run(until=21.0)
    assert world.marks() == [(11.0, "down", "s0")]
    # With the way back cut the instance goes on doing the work of probes.
    assert len(times) == probed


def test_flapping_within_the_thresholds_changes_nothing() -> None:
    world = World()
    world.check(every(5.0, 1.0, unhealthy_threshold=3))
    # Down for two probes, up for one, and so on.
    for cycle in range(10):
        world.env.call_later(15.0 * cycle + 2.5, world.instances[0].crash)
        world.env.call_later(15.0 * cycle + 12.5, world.instances[0].restart)
    world.env.run(until=150.0)
    assert world.marks() == []


def test_the_whole_time_until_nobody_is_sent_there_any_more_is_the_detection_time() -> None:
    world = World(2)
    world.check(every(5.0, 1.0, unhealthy_threshold=2))
    world.env.call_later(7.5, world.hosts[0].crash)
    seen = []

    def ask() -> Generator[Any, Any, None]:
        while True:
            seen.append((world.env.now, call(world.env, world.balancer, timeout=0.5)))
            yield 0.5

    world.env.process(ask())
    world.env.run(until=40.0)
    lost = [time for time, one in seen if one.outcome.__class__.__name__ == "TimedOut"]
    assert (lost[0], lost[-1]) == (8.0, 15.0)


# -- beginnings and ends


def test_one_that_must_prove_itself_gets_no_call_before() -> None:
    world = World(2)
    world.check(kubernetes())
    assert world.healthy() == []
    world.env.run(until=1.0)
    assert world.healthy() == ["s0", "s1"]
    assert [kind for _, kind, _ in world.marks()] == ["up", "up"]


def test_a_target_that_is_added_is_checked_from_then_on() -> None:
    world = World()
    world.check(kubernetes())
    world.env.run(until=7.0)
    world.balancer.add(world.make_way())
    assert world.healthy() == ["s0"]
    world.env.run(until=8.0)
    assert world.healthy() == ["s0", "s1"]


def test_a_target_that_is_removed_is_not_probed_any_more_and_its_probe_comes_to_nothing() -> None:
    world = World(2, handler=Pause(Constant(0.5)))
    times = probes(world)
    checker = world.check(every(5.0, 1.0, unhealthy_threshold=1))
    world.env.call_later(10.1, world.balancer.remove, world.ways[0])
    world.env.call_later(10.2, world.hosts[0].crash)
    world.env.run(until=60.0)
    assert times == [WAY, 5.0 + WAY, 10.0 + WAY][: len(times)]
    assert world.marks() == []
    with pytest.raises(ValueError, match="target must be one of 'shop', got 's0'"):
        checker.is_healthy(world.ways[0])
    statistics = checker.statistics()
    assert statistics.probe_count == statistics.passed_count + statistics.failed_count + 1


def test_one_that_comes_back_is_known_by_nothing() -> None:
    world = World(2)
    checker = world.check(every(5.0, 1.0, unhealthy_threshold=1))
    world.env.call_later(2.0, world.hosts[0].crash)
    world.env.run(until=12.0)
    world.balancer.remove(world.ways[0])
    world.balancer.add(world.ways[0])
    assert checker.is_healthy(world.ways[0])
    assert world.healthy() == ["s1", "s0"]
    world.env.run(until=14.0)
    # The first probe goes out when it is added.
    assert world.marks()[-1] == (13.0, "down", "s0")


def test_whoever_hears_that_one_is_down_may_remove_it_on_the_spot() -> None:
    world = World(2)
    checker = world.check(every(5.0, 1.0, unhealthy_threshold=1))
    told = world.balancer.set_healthy

    def remove(endpoint: Any, is_healthy: bool) -> None:
        told(endpoint, is_healthy)
        world.balancer.remove(endpoint)

    world.balancer.set_healthy = remove  # type: ignore[method-assign]
    world.env.call_later(2.0, world.hosts[0].crash)
    world.env.run(until=60.0)
    assert world.balancer.targets == (world.ways[1],)
    assert checker.statistics().failed_count == 1


def test_who_is_removed_as_it_is_found_well_is_no_news_of_a_passed_probe() -> None:
    world = World(2)
    passed: list[str] = []
    checker = world.check(kubernetes())
    checker.on_passed(lambda target: passed.append(target.name))
    told = world.balancer.set_healthy

    def remove(endpoint: Any, is_healthy: bool) -> None:
        told(endpoint, is_healthy)
        if endpoint is world.ways[0]:
            world.balancer.remove(endpoint)

    world.balancer.set_healthy = remove  # type: ignore[method-assign]
    world.env.run(until=1.0)
    assert passed == ["s1"]


def die(world: World, how: str) -> None:
    if how == "host":
        world.proxy.crash()
    else:
        world.proxy.crash_process(world.balancer)


def revive(world: World, how: str) -> None:
    if how == "host":
        world.proxy.restart()
    else:
        world.proxy.restart_process(world.balancer)


@pytest.mark.parametrize("how", ["host", "process"])
def test_checks_die_and_begin_anew_with_the_balancer(how: str) -> None:
    world = World(handler=Pause(Constant(0.5)))
    times = probes(world)
    checker = world.check(every(5.0, 1.0, unhealthy_threshold=2))
    world.env.call_later(7.0, world.hosts[0].crash)
    # One strike at 11 s; the second is under way when the balancer dies.
    world.env.call_later(15.5, die, world, how)
    world.env.call_later(20.0, revive, world, how)
    world.env.run(until=60.0)
    assert world.marks() == [(20.0 + 5.0 + 1.0, "down", "s0")]
    assert times == [WAY, 5.0 + WAY]
    statistics = checker.statistics()
    assert statistics.probe_count == statistics.passed_count + statistics.failed_count + 1


def test_after_a_restart_those_are_unproven_again_who_must_prove_themselves() -> None:
    world = World()
    world.check(kubernetes())
    world.env.call_later(5.0, world.proxy.crash)
    world.env.call_later(6.0, world.proxy.restart)
    world.env.run(until=6.1)
    assert world.healthy() == []
    world.env.run(until=7.0)
    assert world.healthy() == ["s0"]


@pytest.mark.parametrize("how", ["host", "process"])
def test_a_target_added_while_the_balancer_is_down_is_checked_when_it_is_up(how: str) -> None:
    world = World()
    checker = world.check(every(5.0, 1.0))
    world.env.run(until=1.0)
    die(world, how)
    world.balancer.add(world.make_way())
    world.env.run(until=10.0)
    assert checker.statistics().probe_count == 1
    revive(world, how)
    world.env.run(until=16.0)
    assert checker.statistics().probe_count == 1 + 2 * 2


def test_instances_that_come_and_go_are_checked_while_they_are_targets() -> None:
    env = Environment(seed=1)
    system = System(env, network=Network(env, latencies=WAY))
    proxy, hosts = system.add_host("proxy"), [system.add_host(f"s{number}") for number in range(3)]
    shop = system.add_service("shop", hosts[:2], lambda host: Work(0.0), start_time=3.0)
    balancer = system.balanced(proxy, shop)
    checker = HealthChecker(env, balancer, kubernetes())
    env.run(until=1.0)
    assert len(balancer.available) == 2
    added = shop.add_instance(hosts[2])
    env.run(until=3.9)
    assert len(balancer.targets) == 2
    env.run(until=5.0)
    assert len(balancer.available) == 3
    shop.retire(added)
    before = checker.statistics().probe_count
    env.run(until=20.5)
    # The two that are left, at 10 and 20 s.
    assert checker.statistics().probe_count == before + 4


def test_the_network_between_balancer_and_target_is_what_is_checked_too() -> None:
    world = World()
    world.check(every(5.0, 1.0, unhealthy_threshold=2))
    user = Host(world.env, "user")
    world.env.call_later(2.0, lambda: world.network.partition(world.proxy, world.hosts[0]))
    world.env.run(until=30.0)
    fine = call(world.env, world.network.connect(user, world.instances[0]))
    world.env.run(until=31.0)
    assert world.healthy() == []
    assert fine.outcome.__class__.__name__ == "Response"


def test_a_name_server_has_its_addresses_checked_by_the_same_part() -> None:
    world = World(2)
    provider = Host(world.env, "provider")
    names = NameServer(world.env, "shop", world.instances, ttl=60.0, host=provider)
    HealthChecker(
        world.env,
        names,
        every(5.0, 1.0, unhealthy_threshold=2),
        probed=lambda address: world.network.connect(provider, address),
    )
    world.env.call_later(7.0, world.hosts[0].crash)
    world.env.run(until=30.0)
    assert world.marks() == [(16.0, "down", "s0")]
    assert names.available == (world.instances[1],)


def test_who_has_passed_is_told_to_whoever_asked() -> None:
    world = World()
    passed: list[tuple[float, str]] = []
    checker = world.check(every(5.0, 1.0, unhealthy_threshold=1, healthy_threshold=2))
    checker.on_passed(lambda target: passed.append((world.env.now, target.name)))
    world.env.call_later(2.0, world.instances[0].crash)
    world.env.call_later(8.0, world.instances[0].restart)
    world.env.run(until=21.0)
    # The success at 10 s is not enough to be taken for healthy.
    assert passed == [(time + 2 * WAY, "s0") for time in (0.0, 15.0, 20.0)]


def test_misuse_is_told() -> None:
    world = World()
    with pytest.raises(TypeError, match="settings must be HealthCheckSettings, such as haproxy"):
        world.check(haproxy)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="instance must be an Instance, got None"):
        HealthPort(None)  # type: ignore[arg-type]


def test_watching_costs_no_randomness_without_jitter() -> None:
    world = World(seed=None)
    world.check(every())
    world.env.run(until=20.0)


# -- the end


def test_one_that_is_stopped_sends_no_probe_and_leaves_marks_as_they_are() -> None:
    world = World(2)
    times = probes(world)
    checker = world.check(every(5.0, 1.0, unhealthy_threshold=1))
    world.env.call_later(2.0, world.hosts[1].crash)
    world.env.run(until=7.0)
    checker.stop()
    world.hosts[1].restart()
    world.hosts[0].crash()
    world.make_way()
    world.balancer.add(world.ways[2])
    world.env.run(until=60.0)
    assert times == [WAY, 5.0 + WAY]
    assert world.healthy() == ["s0", "s2"]
    assert not checker.is_healthy(world.ways[1])
    assert not world.env.processes


def test_a_probe_under_way_comes_to_nothing_when_the_checker_is_stopped() -> None:
    world = World(handler=Pause(Constant(0.5)))
    checker = world.check(every(5.0, 1.0))
    world.env.call_later(0.25, checker.stop)
    world.env.run(until=60.0)
    statistics = checker.statistics()
    assert (statistics.probe_count, statistics.passed_count, statistics.failed_count) == (1, 0, 0)
    assert not world.env.processes


def test_one_that_was_stopped_does_not_begin_again_with_its_host() -> None:
    world = World()
    times = probes(world)
    world.check(every(5.0, 1.0)).stop()
    world.proxy.crash()
    world.proxy.restart()
    world.env.run(until=60.0)
    assert times == []
