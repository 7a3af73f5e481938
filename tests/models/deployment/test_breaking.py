"""Trying to break a deployment: whatever happens to it on the way, it comes to where it was sent.

The invariants of `arrives` hold in all of this: as many instances as are wanted, all of one version; nothing
left over that still runs, in the registry or behind a balancer; the books of the fleet add up.
"""

from __future__ import annotations

import pytest

from models.autoscaling import Scalable
from models.deployment import BlueGreen, Bounds, ByObjective, Canary, RollingUpgrade, Strategy
from models.faults import HostCrash, LinkLoss, NetworkPartition
from models.requirements import AvailabilityObjective

from .building import Town, erring, version

STRATEGIES = {
    "rolling": RollingUpgrade(),
    "in place": RollingUpgrade(bounds=Bounds(max_surge=0, max_unavailable=1)),
    "blue-green": BlueGreen(keep=4.0),
    "canary": Canary(shares=(0.25, 0.5), pause=3.0),
    "canary by count": Canary(shares=(0.25, 0.5), pause=3.0, by_weight=False),
}
EACH = pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES)
TIMES = [pytest.param(10.005 + 2.6 * step, marks=[pytest.mark.slow] if step % 2 else []) for step in range(7)]
GAP = 0.2  # between requests


def arrives(town: Town, name: str, count: int) -> None:
    """Check that all is over, and that nothing but what is wanted is there."""
    deployment, shop = town.deployment, town.shop
    assert deployment.rollout is None
    assert town.versions == [name] * count
    assert (deployment.desired_count, deployment.version.name, shop.version) == (count, name, name)
    assert len(town.balancer.targets) == count
    assert len({target.name for target in town.balancer.targets}) == count or count > len(town.hosts)
    assert all(instance.is_ready for instance in shop.instances)
    entries = deployment.fleet.entries
    assert [entry.is_leaving for entry in entries] == [False] * count
    assert {entry.instance for entry in entries} == set(shop.instances)
    assert deployment.fleet.running.history.values[-1] == count
    assert town.routes is None or town.routes.split is None
    # All that is bound to the hosts is idle, or another call would be under way: nothing old lives on.
    assert not any(host.running for host in town.hosts)


def run_with(town: Town, strategy: Strategy, *, until: float = 400.0) -> None:
    town.at(10.0, town.deployment.upgrade, version(), strategy)
    town.env.run(until=until)


@EACH
def test_without_trouble_it_arrives_and_loses_nobody(strategy: Strategy) -> None:
    town = Town(4, is_routed=True)
    town.users_come(until=60.0, gap=GAP)
    run_with(town, strategy)
    arrives(town, "2", 4)
    assert town.lost_count == 0


@EACH
@pytest.mark.parametrize("at", TIMES)
@pytest.mark.parametrize("lasts", [0.5, 20.0])
def test_crash_of_any_host_at_any_step(strategy: Strategy, at: float, lasts: float) -> None:
    town = Town(4, is_routed=True)
    for number, host in enumerate((town.hosts[0], town.hosts[3])):
        fault = HostCrash(host)
        town.at(at + 0.3 * number, fault.inject)
        town.at(at + 0.3 * number + lasts, fault.heal)
    run_with(town, strategy)
    arrives(town, "2", 4)


@EACH
@pytest.mark.parametrize("at", TIMES)
def test_crash_of_the_controller_at_any_step(strategy: Strategy, at: float) -> None:
    town = Town(4, is_routed=True)
    town.users_come(until=60.0, gap=GAP)
    fault = HostCrash(town.controller)
    town.at(at, fault.inject)
    town.at(at + 7.0, fault.heal)
    run_with(town, strategy)
    arrives(town, "2", 4)
    assert town.lost_count == 0


def test_controller_that_starts_again_watches_the_step_anew() -> None:
    town = Town(4, is_routed=True)
    town.at(10.0, town.deployment.upgrade, version(), Canary(shares=(0.25,), pause=30.0))
    town.at(30.0, town.controller.crash)
    town.at(35.0, town.controller.restart)
    town.env.run()
    arrives(town, "2", 4)
    assert [said for _, said in town.logged()] == [
        "begin",
        "canary 0.25",
        "canary 0.25",
        "promote",
        "complete",
    ]
    (_, _), (_, _), (again, _), (promoted, _), _ = town.logged()
    assert 35.0 <= again <= 36.0
    assert promoted >= again + 30.0


def test_order_that_is_given_while_the_controller_is_down_is_carried_out_later() -> None:
    town = Town(2)
    town.at(9.0, town.controller.crash)
    town.at(30.0, town.controller.restart)
    run_with(town, RollingUpgrade())
    arrives(town, "2", 2)
    assert town.deployment.rollouts[0].ended_at > 30.0


@EACH
@pytest.mark.parametrize("at", [10.005, 14.0])
@pytest.mark.parametrize("one_way", [False, True])
def test_partition_between_controller_and_hosts(strategy: Strategy, at: float, one_way: bool) -> None:
    town = Town(4, is_routed=True)
    town.users_come(until=100.0, gap=GAP)
    fault = NetworkPartition(town.system.network, [town.hosts[1]], [town.controller], one_way=one_way)
    town.at(at, fault.inject)
    town.at(at + 40.0, fault.heal)
    run_with(town, strategy)
    arrives(town, "2", 4)
    assert town.lost_count == 0, "who is cut off from the controller serves all the same"


@EACH
def test_lost_messages_only_take_time(strategy: Strategy) -> None:
    town = Town(4, is_routed=True)
    fault = LinkLoss(town.system.network, town.hosts, [town.controller], 0.5)
    town.at(5.0, fault.inject)
    town.at(200.0, fault.heal)
    run_with(town, strategy)
    arrives(town, "2", 4)
    statistics = town.deployment.statistics()
    assert statistics.started_count - statistics.stopped_count == 0, "nothing was started twice"


@pytest.mark.parametrize("second", ["2a", "1"])
@pytest.mark.parametrize("at", TIMES[:4])
@EACH
def test_upgrade_during_an_upgrade(strategy: Strategy, at: float, second: str) -> None:
    town = Town(4, is_routed=True)
    town.users_come(until=60.0, gap=GAP)
    if second == "1":
        town.at(at, town.deployment.roll_back)
    else:
        town.at(at, town.deployment.upgrade, version(second), strategy)
    run_with(town, strategy)
    first = town.deployment.rollouts[0]
    if first.outcome == "complete":
        assert town.versions == [second] * 4  # undone by another upgrade, or followed by it
    elif second == "1":
        assert first.outcome == "rolled back"
        arrives(town, "1", 4)
    else:
        assert first.outcome == "superseded"
        arrives(town, "2a", 4)
    assert town.lost_count == 0


def test_after_two_upgrades_at_once_the_way_back_is_to_the_last_that_was_complete() -> None:
    town = Town(4)
    town.at(10.0, town.deployment.upgrade, version("2"))
    town.at(12.5, town.deployment.upgrade, version("3"))
    town.at(13.0, town.deployment.roll_back)
    town.env.run()
    arrives(town, "1", 4)


@EACH
def test_way_back_during_the_way_back_changes_nothing(strategy: Strategy) -> None:
    once, twice = Town(4, is_routed=True), Town(4, is_routed=True)
    said: list[bool] = []
    for town in (once, twice):
        town.at(13.0, lambda town=town: said.append(town.deployment.roll_back()))
    twice.at(13.5, lambda: said.append(twice.deployment.roll_back("again")))
    run_with(once, strategy)
    run_with(twice, strategy)
    assert said == [True, True, False]
    assert twice.logged() == once.logged()
    arrives(twice, "1", 4)


def test_of_nothing_done_nothing_is_undone() -> None:
    town = Town(2)
    assert town.deployment.roll_back() is False
    town.env.run()
    assert town.logged() == []


@EACH
@pytest.mark.parametrize("count", [1, 2, 6])
@pytest.mark.parametrize("at", TIMES[:4])
def test_other_count_that_is_wanted_during_an_upgrade(strategy: Strategy, at: float, count: int) -> None:
    town = Town(4, is_routed=True)
    town.users_come(until=60.0, gap=GAP)
    town.at(at, town.deployment.scale_to, count)
    run_with(town, strategy)
    arrives(town, "2", count)
    if count > 1 or strategy is not STRATEGIES["in place"]:  # where one may be away, and it is the only one
        assert town.lost_count == 0


def test_what_others_add_or_remove_while_nothing_is_under_way_is_noticed() -> None:
    town = Town(2)
    town.shop.add_instance(town.system.add_host("extra"))
    town.env.run()
    assert town.deployment.desired_count == 3
    town.shop.retire(town.shop.instances[0])
    town.env.run()
    assert town.deployment.desired_count == 2


def test_an_autoscaler_may_scale_a_deployment() -> None:
    town = Town(2)
    scaled: Scalable = town.deployment
    assert (scaled.name, scaled.desired_count) == ("shop", 2)
    town.at(11.0, scaled.scale_to, 3)
    run_with(town, RollingUpgrade())
    assert scaled.desired_count == 3
    arrives(town, "2", 3)


@EACH
@pytest.mark.parametrize("at", TIMES[:4])
def test_instances_that_others_add_and_remove_meanwhile(strategy: Strategy, at: float) -> None:
    town = Town(4, is_routed=True)
    extra = town.system.add_host("extra")
    town.at(at, lambda: town.shop.add_instance(extra))
    town.at(at + 0.7, lambda: town.shop.retire(town.shop.instances[1]))
    town.at(at + 0.8, lambda: town.shop.retire(town.shop.instances[-1]))
    run_with(town, strategy)
    arrives(town, "2", 3)


@pytest.mark.parametrize("count", [1, 0])
@EACH
def test_one_instance_and_none(strategy: Strategy, count: int) -> None:
    town = Town(count, is_routed=True)
    town.users_come(until=60.0, gap=GAP)
    run_with(town, strategy)
    arrives(town, "2", count)
    if count and strategy is not STRATEGIES["in place"]:
        assert town.lost_count == 0


@EACH
@pytest.mark.parametrize("at", TIMES[:4])
def test_trouble_on_the_way_back(strategy: Strategy, at: float) -> None:
    town = Town(4, is_routed=True)
    town.at(13.0, town.deployment.roll_back)
    for host in (town.controller, town.hosts[2]):
        fault = HostCrash(host)
        town.at(at + 2.0, fault.inject)
        town.at(at + 10.0, fault.heal)
    run_with(town, strategy)
    arrives(town, "1", 4)


def test_canary_on_a_host_that_crashes_is_judged_by_what_users_see() -> None:
    """Nothing is answered, so that nothing is counted: the pause is over, and there is no verdict."""
    town = Town(4, is_routed=True)
    town.users_come(until=100.0, gap=GAP)
    judge = ByObjective(objective=AvailabilityObjective(at_least=0.99), requests_min=10)
    town.at(10.0, town.deployment.upgrade, version(), Canary(shares=(0.25,), pause=20.0, judge=judge))
    town.env.run(until=13.0)
    canary = town.shop.instances[-1]
    assert canary.version == "2"
    canary.crash()  # its process: refusals, which are counted
    town.env.run(until=200.0)
    assert town.deployment.rollouts[0].outcome == "rolled back"
    arrives(town, "1", 4)


def test_same_run_twice_is_the_same_run() -> None:
    digests = []
    for _ in range(2):
        town = Town(4, is_routed=True)
        town.users_come(until=40.0, gap=GAP)
        run_with(town, Canary(shares=(0.25, 0.5), pause=3.0))
        digests.append((town.logged(), town.client.table.columns()["end"].tolist()))
    assert digests[0] == digests[1]


def test_upgrade_to_what_is_there_is_refused() -> None:
    town = Town(2)
    with pytest.raises(ValueError, match="version must differ from the present one, got '1' again"):
        town.deployment.upgrade(version("1"))
    town.deployment.upgrade(version("2"))
    with pytest.raises(ValueError, match="version must differ from the present one, got '2' again"):
        town.deployment.upgrade(version("2", handle=erring))


@pytest.mark.parametrize("count", [-1, 1.5, True])
def test_count_that_is_none_is_refused(count: object) -> None:
    with pytest.raises(ValueError, match="count must be a whole number >= 0"):
        Town(1).deployment.scale_to(count)  # type: ignore[arg-type] # that is the point
