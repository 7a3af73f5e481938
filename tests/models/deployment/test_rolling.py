"""Rolling upgrades, to the millisecond: when each instance comes and goes, and what users notice."""

from __future__ import annotations

import pytest

from models import Host, System
from models.deployment import Bounds, Deployment, RollingUpgrade, Rollout, Strategy, Version
from models.faults import ProcessCrash
from models.infrastructure import HostPool, HostType, Resources
from models.services import Instance
from simulator import Environment

from .building import Town, good, version


def upgraded(
    town: Town, *, to: Version | None = None, by: Strategy | None = None, until: float | None = None
) -> Rollout:
    """Upgrade at 10 s, and run."""
    town.at(10.0, town.deployment.upgrade, to or version(), by or RollingUpgrade())
    town.env.run(until=until)
    return town.deployment.rollouts[0]


# A round of one: 0.02 s for the order and its answer, looks a second later each until the instance, ready
# 2.01 s after the order, is heard of after 2.06 s; 0.02 s for the order to the old one to stop.
@pytest.mark.parametrize(
    ("count", "ended_at"), [(1, 12.10), (2, 10 + 2 * 2.08 + 0.02), (3, 10 + 3 * 2.08 + 0.02), (4, 14.20)]
)
def test_all_instances_are_replaced_and_nobody_is_lost(count: int, ended_at: float) -> None:
    town = Town(count)
    town.users_come(until=40.0)
    rollout = upgraded(town)
    assert rollout.outcome == "complete"
    assert rollout.ended_at == pytest.approx(ended_at)
    assert town.versions == ["2"] * count
    assert town.lost_count == 0
    assert [instance.host for instance in town.shop.instances] == town.hosts


def test_log_tells_when_it_began_and_ended() -> None:
    town = Town(3)
    upgraded(town)
    assert town.logged() == [(10.0, "begin"), (16.26, "roll"), (16.26, "complete")]
    [first, *_] = town.env.event_log.of_kind("deploy")
    assert (first.subject, first.detail["version"], first.detail["old"]) == ("shop", "2", "1")


def watched_counts(town: Town) -> tuple[int, int]:
    """The most instances at a time that had not been told to stop, and the fewest that were ready."""
    instances: dict[Instance, None] = dict.fromkeys(town.shop.instances)
    town.shop.on_added(instances.setdefault)
    most, fewest = 0, 10**9
    while town.env.peek() < 60.0:
        town.env.step()
        ready = sum(instance.is_ready for instance in instances)
        most = max(most, len(town.shop.instances))
        fewest = min(fewest, ready)
    return most, fewest


@pytest.mark.parametrize(
    ("bounds", "most", "fewest"),
    [
        (Bounds(), 5, 3),
        (Bounds(max_surge=1, max_unavailable=0), 5, 4),
        (Bounds(max_surge=0, max_unavailable=1), 4, 3),
        (Bounds(max_surge=0, max_unavailable=4), 4, 0),
        (Bounds(max_surge=1.0, max_unavailable=0), 8, 4),
    ],
)
def test_never_more_and_never_fewer_than_the_bounds_allow(bounds: Bounds, most: int, fewest: int) -> None:
    town = Town(4)
    town.at(10.0, town.deployment.upgrade, version(), RollingUpgrade(bounds=bounds))
    assert watched_counts(town) == (most, fewest)
    assert town.versions == ["2"] * 4


def test_new_instances_that_are_ready_for_too_short_a_time_do_not_count() -> None:
    town = Town(1)
    town.users_come(until=40.0)
    rollout = upgraded(town, by=RollingUpgrade(min_ready_time=5.0))
    # Ready since 12.01; looks at 10.04, 11.06 and so on: the one at 17.18 hears of more than five seconds.
    assert rollout.ended_at == pytest.approx(17.20)
    assert town.lost_count == 0


def test_a_break_begins_the_time_to_be_ready_anew() -> None:
    town = Town(1)
    town.at(10.0, town.deployment.upgrade, version(), RollingUpgrade(min_ready_time=5.0))
    town.env.run(until=15.0)
    new = town.shop.instances[1]
    new.crash()
    new.restart()
    town.env.run()
    # Ready again since 17.0, and so old enough at 22.0.
    assert 22.0 <= town.deployment.rollouts[0].ended_at <= 23.2


@pytest.mark.slow
def test_version_that_is_never_ready_stops_at_the_bounds_and_the_old_one_serves() -> None:
    town = Town(4)
    town.users_come(until=200.0)
    rollout = upgraded(
        town, to=version(start_time=1e6), by=RollingUpgrade(progress_deadline=60.0), until=220.0
    )
    assert town.versions == ["1", "1", "1", "2", "2"], "a surge of one, and one that may be unavailable"
    assert town.lost_count == 0
    assert (rollout.outcome, rollout.is_stuck, rollout.stuck_count) == ("under way", True, 1)
    [_, (stuck_at, said)] = town.logged()
    assert said == "stuck"
    assert 70.0 <= stuck_at <= 71.1


def test_one_that_is_stuck_goes_on_when_it_can() -> None:
    town = Town(2)
    slow = version(start_time=90.0)
    rollout = upgraded(town, to=slow, by=RollingUpgrade(progress_deadline=60.0))
    assert [said for _, said in town.logged()] == [
        "begin",
        "stuck",
        "goes on",
        "stuck",
        "goes on",
        "roll",
        "complete",
    ]
    assert (rollout.outcome, rollout.is_stuck, rollout.stuck_count) == ("complete", False, 2)


def test_instances_that_crash_meanwhile_are_waited_for() -> None:
    town = Town(3)
    old = town.shop.instances[2]
    fault = ProcessCrash(old)
    town.at(10.5, fault.inject)
    town.at(40.0, fault.heal)
    rollout = upgraded(town)
    # The one that is down goes first: it serves nobody. Then all is as with three that are well.
    assert rollout.ended_at == pytest.approx(16.26)
    assert old.has_stopped


def test_one_on_a_host_that_does_not_answer_goes_first() -> None:
    town = Town(3)
    town.at(10.5, town.hosts[2].crash)
    upgraded(town, until=14.5)
    assert [instance.name for instance in town.shop.instances][:2] == ["shop-1", "shop-2"]
    assert "shop-3" not in [instance.name for instance in town.shop.instances]


def test_no_new_instance_is_sent_to_a_host_that_does_not_answer() -> None:
    town = Town(3)
    town.users_come(since=6.0, until=50.0)
    town.at(5.0, town.hosts[1].crash)
    rollout = upgraded(town, until=60.0)
    assert rollout.outcome == "complete"
    assert {instance.host for instance in town.shop.instances} == {town.hosts[0], town.hosts[2]}
    assert town.versions == ["2"] * 3


def test_host_that_answers_again_gets_new_instances_again() -> None:
    town = Town(3)
    town.at(5.0, town.hosts[1].crash)
    upgraded(town, until=30.0)
    town.hosts[1].restart()
    town.at(50.0, town.deployment.upgrade, version("3"))
    town.env.run()
    assert {instance.host for instance in town.shop.instances} == set(town.hosts)


def test_an_upgrade_waits_for_a_new_instance_that_is_down() -> None:
    town = Town(3)
    town.at(10.0, town.deployment.upgrade, version())
    town.env.run(until=13.0)
    new = town.shop.instances[2]
    assert new.version == "2"
    fault = ProcessCrash(new)
    town.at(13.5, fault.inject)
    town.at(40.0, fault.heal)
    town.env.run()
    assert 44.0 < town.deployment.rollouts[0].ended_at < 48.0
    assert town.versions == ["2"] * 3


@pytest.mark.slow
def test_new_hosts_come_from_a_pool_and_go_back_to_it() -> None:
    pools: list[HostPool] = []
    kind = HostType(boot_time=10.0)

    def make_pool(system: System) -> HostPool:
        pools.append(HostPool(system.env, "pool", kind, make_host=system.add_host))
        return pools[0]

    town = Town(2, make_hosts=make_pool)
    town.users_come(until=119.0)
    upgraded(town, until=60.0)
    assert [instance.host.name for instance in town.shop.instances] == ["pool-1", "pool-2"]
    town.deployment.upgrade(version("3"))
    town.env.run(until=120.0)
    assert [instance.host.name for instance in town.shop.instances] == ["pool-3", "pool-4"]
    statistics = pools[0].statistics()
    assert (statistics.host_count, statistics.released_count) == (2, 2)
    assert town.lost_count == 0


def test_host_of_one_that_others_retire_is_given_back_when_it_has_finished() -> None:
    pools: list[HostPool] = []

    def make_pool(system: System) -> HostPool:
        pools.append(HostPool(system.env, "pool", HostType(), make_host=system.add_host))
        return pools[0]

    town = Town(2, make_hosts=make_pool)
    upgraded(town, until=40.0)
    town.users_come(since=40.0, until=60.0)
    town.env.run(until=50.07)
    town.shop.retire(town.shop.instances[0])
    town.env.run()
    assert town.lost_count == 0
    assert town.deployment.desired_count == 1
    assert (pools[0].statistics().host_count, town.deployment.statistics().running_count) == (1, 1)


def test_host_that_goes_for_good_takes_its_instance_along() -> None:
    pools: list[HostPool] = []

    def make_pool(system: System) -> HostPool:
        pools.append(HostPool(system.env, "pool", HostType(), make_host=system.add_host))
        return pools[0]

    town = Town(2, make_hosts=make_pool)
    upgraded(town, until=40.0)
    pools[0].release(town.shop.instances[0].host)
    town.env.run()
    assert (town.deployment.desired_count, town.deployment.statistics().running_count) == (1, 1)


def test_where_the_pool_is_empty_the_upgrade_waits_and_is_stuck_at_last() -> None:
    kind = HostType()
    town = Town(2, make_hosts=lambda system: HostPool(system.env, "pool", kind, host_count_max=0))
    rollout = upgraded(town, by=RollingUpgrade(progress_deadline=30.0), until=60.0)
    assert (rollout.is_stuck, town.versions) == (True, ["1", "1"])


@pytest.mark.parametrize(
    ("bounds", "outcome"),
    [
        (Bounds(max_surge=1, max_unavailable=0), "under way"),
        (Bounds(max_surge=0, max_unavailable=1), "complete"),
        (Bounds(max_surge=1, max_unavailable=1), "complete"),
    ],
)
def test_on_hosts_that_are_full_a_new_instance_waits_for_an_old_one_to_go(
    bounds: Bounds, outcome: str
) -> None:
    env = Environment(seed=1)
    system = System(env)
    hosts = [system.add_host(f"host-{number}", memory_gib=1.5) for number in range(2)]
    shop = system.add_service("shop", hosts, lambda host: good, resources=Resources(memory_gib=1.0))
    deployment = Deployment(system, shop, host=system.add_host("controller"))
    rollout = deployment.upgrade(version(), RollingUpgrade(bounds=bounds, progress_deadline=60.0))
    env.run(until=100.0)
    assert rollout.outcome == outcome
    assert rollout.is_stuck == (outcome == "under way")
    assert all(host.room.memory_gib_free == 0.5 for host in hosts)


def test_of_no_instances_nothing_is_to_be_done_and_the_next_one_is_new() -> None:
    town = Town(0)
    rollout = upgraded(town)
    assert (rollout.outcome, rollout.ended_at) == ("complete", 10.0)
    added: Instance = town.shop.add_instance(Host(town.env, "late"))
    assert added.version == "2"
