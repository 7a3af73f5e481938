"""Orders at odd moments: to a controller that is down, over one that is not done, and for another count."""

from __future__ import annotations

import pytest

from models.deployment import BlueGreen, Bounds, Canary, Moves, RollingUpgrade
from models.deployment.moves import proportional_moves
from models.faults import HostCrash
from models.services import Instance

from .building import Town, erring, version


def seen_between(town: Town, since: float, until: float) -> set[str]:
    return {
        name for name in town.seen.versions if len(town.seen.table(name).sample(since, until, by="start"))
    }


# -- a controller that is down


def test_way_back_that_is_ordered_while_the_controller_is_down_is_gone_when_it_is_up_again() -> None:
    """The balancers are told by the controller, and it tells nobody anything while it is down."""
    town = Town(3, is_routed=True)
    town.users_come(until=60.0)
    town.at(10.0, town.deployment.upgrade, version(), BlueGreen(keep=60.0))
    fault = HostCrash(town.controller)
    town.at(20.0, fault.inject)
    town.at(25.0, town.deployment.roll_back)
    town.at(40.0, fault.heal)
    town.env.run()
    assert seen_between(town, 13.0, 40.0) == {"2"}
    assert seen_between(town, 40.1, 60.0) == {"1"}
    [rollout] = town.deployment.rollouts
    assert (rollout.outcome, rollout.reason) == ("rolled back", "by hand")
    assert town.versions == ["1"] * 3


def test_whether_the_old_set_is_whole_is_asked_anew_before_all_requests_are_sent_there() -> None:
    town = Town(4, is_routed=True)
    town.users_come(until=60.0)
    canary = Canary(shares=(0.5,), pause=300.0, bounds=Bounds(max_surge=1, max_unavailable=0))
    town.at(10.0, town.deployment.upgrade, version(), canary)
    controller = HostCrash(town.controller)
    town.at(20.0, controller.inject)
    town.at(22.0, town.deployment.roll_back)
    for number in (2, 3):  # two of the old ones; the canaries stand with the other two
        fault = HostCrash(town.hosts[number])
        town.at(21.0, fault.inject)
        town.at(35.0, fault.heal)
    town.at(30.0, controller.heal)
    town.env.run(until=34.0)
    assert town.routes is not None
    assert town.routes.split is None, "two of four are no whole set: all that are there get their part"
    town.env.run()
    assert town.versions == ["1"] * 4


def test_second_order_to_go_back_is_told_that_there_is_one_also_while_the_controller_is_down() -> None:
    town = Town(3)
    town.at(10.0, town.deployment.upgrade, version())
    town.at(11.0, town.controller.crash)
    said: list[bool] = []
    town.at(12.0, lambda: said.append(town.deployment.roll_back()))
    town.at(13.0, lambda: said.append(town.deployment.roll_back("again")))
    town.at(20.0, town.controller.restart)
    town.env.run()
    assert said == [True, False]
    assert (town.deployment.rollouts[0].outcome, town.versions) == ("rolled back", ["1"] * 3)


def test_of_two_orders_to_a_controller_that_is_down_the_last_one_holds() -> None:
    town = Town(3, is_routed=True)
    town.users_come(until=60.0)
    town.at(10.0, town.deployment.upgrade, version(), BlueGreen(keep=10.0))
    town.at(11.0, town.controller.crash)
    town.at(12.0, town.deployment.roll_back)
    town.at(13.0, town.deployment.upgrade, version("3"), BlueGreen(keep=10.0))
    town.at(20.0, town.controller.restart)
    town.env.run()
    assert [rollout.outcome for rollout in town.deployment.rollouts] == ["superseded", "complete"]
    assert town.versions == ["3"] * 3
    assert town.seen.versions == ("1", "3")
    assert town.lost_count == 0


# -- one over another


@pytest.mark.slow
@pytest.mark.parametrize("strategy", [Canary(shares=(0.25,), pause=20.0), BlueGreen(keep=20.0)])
@pytest.mark.parametrize("at", [15.0, 30.0])
def test_bad_canary_that_is_superseded_goes_before_any_of_the_version_that_is_known(
    strategy: Canary | BlueGreen, at: float
) -> None:
    """Else it would be one of the old ones to which the next is compared, and get their requests."""
    town = Town(4, is_routed=True)
    town.users_come(until=60.0)
    bad = Canary(shares=(0.25, 0.5), pause=10.0)
    town.at(10.0, town.deployment.upgrade, version(handle=erring), bad)
    town.at(at, town.deployment.upgrade, version("3"), strategy)
    town.env.run(until=at + 2.0)
    assert town.versions.count("2") == 0
    assert town.versions.count("1") == 4
    town.env.run()
    assert town.versions == ["3"] * 4
    assert "2" not in seen_between(town, at + 2.0, 60.0)


def test_of_two_old_versions_the_oldest_goes_first_in_a_rolling_upgrade_but_for_who_does_not_serve() -> None:
    town = Town(4)
    one_by_one = RollingUpgrade(bounds=Bounds(max_surge=1, max_unavailable=0))
    gone: list[str] = []
    town.shop.on_removed(lambda instance: gone.append(instance.version))
    town.at(10.0, town.deployment.upgrade, version(), one_by_one)
    town.at(12.5, town.deployment.upgrade, version("3"), one_by_one)
    town.env.run()
    # One of version 2 has taken the place of one of 1 by then, and another one is starting.
    assert gone == ["1", "2", "1", "1", "1", "2"]
    assert town.versions == ["3"] * 4


# -- another count that is wanted, while both versions are there: Kubernetes' proportional scaling


@pytest.mark.parametrize(
    ("new", "old", "before", "after", "moves"),
    [
        # The example of Kubernetes' documentation: 10, surge 3, stuck at 5 and 8; of 5 more, 3 are old ones.
        # It allows 13 before and 18 after, so that 8 x 18 / 13 = 11.08 are old and 5 x 18 / 13 = 6.9 new.
        (5, 8, (10, 3), (15, 3), Moves(start_old=3, start_new=2)),
        # Twice as many, and a surge that is a share: from 13 to 25.
        (5, 8, (10, 3), (20, 5), Moves(start_old=7, start_new=5)),
        (5, 8, (10, 3), (5, 2), Moves(stop_old=4, stop_new=2)),
        # Equal sets: what remains over goes to the newer one on the way up, and is taken from the older one.
        (2, 2, (3, 1), (4, 1), Moves(start_new=1)),
        (2, 2, (3, 1), (2, 1), Moves(stop_old=1)),
        (5, 8, (10, 3), (0, 0), Moves(stop_old=8, stop_new=5)),
        (5, 8, (10, 3), (10, 3), Moves()),
        # There were more than there should have been: nothing is added.
        (5, 14, (10, 3), (15, 4), Moves()),
    ],
)
def test_another_count_is_shared_in_proportion(
    new: int, old: int, before: tuple[int, int], after: tuple[int, int], moves: Moves
) -> None:
    assert proportional_moves(new, old, count_max_before=sum(before), count_max=sum(after)) == moves


def hold_down(instance: Instance) -> None:
    if instance.version == "2":
        instance.host.hold_process_down(instance, "crashes on start")


def test_who_scales_up_while_a_bad_version_is_stuck_gets_more_that_serve() -> None:
    town = Town(10)
    town.users_come(until=80.0, gap=0.2)
    town.shop.on_added(hold_down)
    town.at(10.0, town.deployment.upgrade, version(), RollingUpgrade())
    town.env.run(until=30.0)
    assert (town.versions.count("1"), town.versions.count("2")) == (8, 5)
    gone: list[Instance] = []
    town.shop.on_removed(gone.append)
    town.deployment.scale_to(12)
    town.deployment.scale_to(20)  # before the controller has looked: it is from 10 to 20
    town.env.run(until=60.0)
    assert not gone, "or it was too many of one kind at first"
    assert (town.versions.count("1"), town.versions.count("2")) == (15, 10)
    assert sum(instance.is_ready for instance in town.shop.instances) == 15
    town.deployment.roll_back()
    town.env.run(until=80.0)
    assert town.versions == ["1"] * 20
    assert town.lost_count == 0


def test_canary_by_count_keeps_its_share_of_another_count() -> None:
    town = Town(4)
    added: list[str] = []
    town.at(10.0, town.deployment.upgrade, version(), Canary(shares=(0.25,), pause=60.0, by_weight=False))
    town.env.run(until=30.0)
    town.shop.on_added(lambda instance: added.append(instance.version))
    town.deployment.scale_to(8)
    town.env.run(until=40.0)
    assert sorted(added) == ["1", "1", "1", "2"]
    assert (town.versions.count("1"), town.versions.count("2")) == (6, 2)


def test_scaled_before_anything_is_new_it_is_the_old_set_that_grows() -> None:
    town = Town(4)
    added: list[str] = []
    town.shop.on_added(lambda instance: added.append(instance.version))
    town.at(10.0, town.deployment.upgrade, version())
    town.at(10.0, town.deployment.scale_to, 8)
    town.env.run()
    assert added == ["1"] * 4 + ["2"] * 8
    assert town.versions == ["2"] * 8


# -- progress


def test_instance_that_is_ready_is_progress_also_before_it_has_been_so_for_long_enough() -> None:
    """Started at 60 s, ready at 90, available at 130: no minute passes without anything."""
    town = Town(1)
    town.at(
        60.0,
        town.deployment.upgrade,
        version(start_time=30.0),
        RollingUpgrade(min_ready_time=40.0, progress_deadline=60.0),
    )
    town.env.run()
    assert [said for _, said in town.logged()] == ["begin", "roll", "complete"]
