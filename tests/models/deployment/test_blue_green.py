"""Blue-green: nobody sees the new version before the switch, nobody the old one after it."""

from __future__ import annotations

import pytest

from models.deployment import AgainstOld, BlueGreen, ByObjective
from models.requirements import AvailabilityObjective
from models.services import Instance

from .building import Town, erring, version

GOOD = AvailabilityObjective(at_least=0.99)


def test_all_users_see_one_version_and_then_the_other() -> None:
    town = Town(3, is_routed=True)
    town.users_come(until=60.0)
    town.at(10.0, town.deployment.upgrade, version(), BlueGreen(keep=20.0))
    town.env.run()
    assert town.logged() == [
        (10.0, "begin"),
        (12.08, "build"),
        (12.1, "switch"),
        (32.54, "clear"),
        (32.54, "complete"),
    ]
    old, new = (town.seen.table(name).sample(by="start") for name in ("1", "2"))
    assert old.start.max() < 12.1 <= new.start.min()
    assert town.lost_count == 0
    assert town.versions == ["2"] * 3


def test_second_set_costs_as_many_instances_again_until_the_old_one_has_gone() -> None:
    town = Town(3, is_routed=True)
    town.at(10.0, town.deployment.upgrade, version(), BlueGreen(keep=20.0))
    town.env.run()
    running = town.deployment.fleet.running.history
    assert running.values.tolist() == [3.0, 6.0, 3.0]
    assert running.times.tolist() == pytest.approx([0.0, 10.02, 37.66])


def test_nobody_sees_a_new_one_while_the_others_are_not_ready() -> None:
    town = Town(3, is_routed=True)
    town.users_come(until=60.0)
    held: list[Instance] = []

    def hold_the_third(instance: Instance) -> None:
        if instance.name == "shop-6":
            instance.host.hold_process_down(instance, "slow to start")
            held.append(instance)

    town.shop.on_added(hold_the_third)
    town.at(30.0, lambda: held[0].host.let_process_up(held[0], "slow to start"))
    town.at(10.0, town.deployment.upgrade, version(), BlueGreen(keep=5.0))
    town.env.run(until=30.0)
    assert sum(instance.is_ready for instance in town.shop.instances) == 5
    assert town.seen.versions == ("1",)
    town.env.run()
    assert town.versions == ["2"] * 3
    assert town.lost_count == 0


def test_each_balancer_switches_when_it_hears_of_it() -> None:
    town = Town(3, is_routed=True, discovery_delay=2.0)
    town.users_come(until=60.0)
    town.at(10.0, town.deployment.upgrade, version(), BlueGreen(keep=20.0))
    town.env.run()
    old, new = (town.seen.table(name).sample(by="start") for name in ("1", "2"))
    assert old.start.max() < 14.1 <= new.start.min()
    assert town.lost_count == 0


@pytest.mark.slow
def test_judge_sends_everybody_back_at_once() -> None:
    town = Town(3, is_routed=True)
    town.users_come(until=60.0)
    judge = ByObjective(objective=GOOD, requests_min=10)
    town.at(10.0, town.deployment.upgrade, version(handle=erring), BlueGreen(keep=20.0, judge=judge))
    town.env.run()
    [rollout] = town.deployment.rollouts
    assert (rollout.outcome, rollout.reason) == ("rolled back", "verdict")
    assert town.versions == ["1"] * 3
    # 20 requests a second for one look: the judge has ten at the second.
    assert town.logged()[3] == (13.14, "roll back")
    assert town.lost_count == 21
    assert len(town.seen.table("2")) == 21


def test_without_a_judge_a_version_that_errs_is_the_only_one_in_the_end() -> None:
    town = Town(3, is_routed=True)
    town.users_come(until=60.0)
    town.at(10.0, town.deployment.upgrade, version(handle=erring), BlueGreen(keep=20.0))
    town.env.run()
    assert town.deployment.rollouts[0].outcome == "complete"
    assert town.seen.table("2").availability() == 0.0


@pytest.mark.slow
def test_one_that_is_never_ready_is_never_switched_to() -> None:
    town = Town(3, is_routed=True)
    town.users_come(until=60.0)
    town.at(10.0, town.deployment.upgrade, version(start_time=1e6), BlueGreen())
    town.env.run(until=700.0)
    assert (town.lost_count, town.seen.versions) == (0, ("1",))
    assert town.deployment.rollouts[0].is_stuck


@pytest.mark.slow
def test_an_operator_goes_back_while_the_old_set_is_kept_and_after_that_by_rolling() -> None:
    town = Town(3, is_routed=True)
    town.users_come(until=90.0)
    town.at(10.0, town.deployment.upgrade, version(), BlueGreen(keep=20.0))
    town.at(20.0, town.deployment.roll_back)
    town.env.run(until=22.0)
    assert town.versions == ["1"] * 3
    town.at(30.0, town.deployment.upgrade, version("3"), BlueGreen(keep=5.0))
    town.at(60.0, town.deployment.roll_back)
    town.env.run()
    assert [rollout.outcome for rollout in town.deployment.rollouts] == [
        "rolled back",
        "complete",
        "complete",
    ]
    assert town.versions == ["1"] * 3
    assert town.lost_count == 0


def test_judge_who_compares_has_nobody_to_compare_with() -> None:
    with pytest.raises(ValueError, match="judge must not compare, as no old instance serves beside"):
        BlueGreen(judge=AgainstOld(objective=GOOD))


def test_without_routes_there_is_no_switch() -> None:
    town = Town(3)
    with pytest.raises(ValueError, match="routes must be given to send requests by version"):
        town.deployment.upgrade(version(), BlueGreen())
