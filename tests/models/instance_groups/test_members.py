"""What becomes of members: taken out, told to stop, crashed, replaced, and where there is no host."""

from __future__ import annotations

import pytest

from models import Host
from models.instance_groups import ExistingHosts, InstanceGroup, Replacement
from models.services import Pause, Service
from simulator import Environment
from simulator.randomness import Constant, Exponential

from .fleet import BOOT, START, Fleet

# -- one in particular


def test_takes_this_very_instance_away_and_wants_one_fewer() -> None:
    fleet = Fleet(3)
    gone = fleet.group.remove(fleet.group.instances[0])
    assert fleet.names() == ["shop-2", "shop-3"]
    assert fleet.group.desired_count == 2
    fleet.env.run(until=gone)
    assert fleet.seen() == (2, 2, 2)


def test_an_instance_that_others_take_out_is_theirs_and_another_is_started() -> None:
    fleet = Fleet(2)
    taken = fleet.group.instances[0]
    fleet.service.remove_instance(taken)
    fleet.env.run(until=100.0)
    assert fleet.names() == ["shop-2", "shop-3"]
    assert taken.is_ready
    assert taken.host in fleet.pool.hosts
    with pytest.raises(ValueError, match="instance must be a member of the group 'shop'"):
        fleet.group.remove(taken)


def test_an_instance_that_others_take_out_while_it_starts_is_never_counted() -> None:
    fleet = Fleet(0, boot=0.0)
    fleet.at(1.0, fleet.group.scale_to, 1)
    fleet.at(2.0, lambda: fleet.service.remove_instance(fleet.group.instances[0]))
    fleet.env.run(until=50.0)
    assert (fleet.group.ready_count, fleet.group.ready.value) == (1, 1)
    assert fleet.group.ready.maximum == 1


def test_ready_is_one_less_as_soon_as_one_is_taken_away() -> None:
    fleet = Fleet(2)
    fleet.group.remove(fleet.group.instances[0])
    assert fleet.group.ready.value == 1


def test_a_host_that_its_source_has_not_given_stops_the_run_when_it_is_to_go_back() -> None:
    env = Environment(seed=1)
    hosts = [Host(env, "a")]
    service = Service(env, "shop", hosts, lambda host: Pause(Constant(1.0)))
    InstanceGroup(env, service, ExistingHosts(hosts), 1).scale_to(0)
    with pytest.raises(ValueError, match="host must have an instance of this source's, got Host"):
        env.run(until=1.0)


def test_an_instance_that_others_tell_to_stop_is_a_member_until_it_has_and_gives_its_host_back() -> None:
    fleet = Fleet(2)
    fleet.at(10.0, fleet.call, fleet.group.instances[1])
    fleet.at(12.0, fleet.group.instances[1].stop)
    fleet.env.run(until=14.9)
    assert (fleet.names(), fleet.seen()) == (["shop-1", "shop-2"], (2, 2, 1))
    fleet.env.run(until=15.1)
    assert (fleet.names(), fleet.ends) == (["shop-1", "shop-3"], [(15.0, "ok")])
    assert [host.name for host in fleet.pool.hosts] == ["host-1", "host-3"]


@pytest.mark.parametrize("way", ["scale", "remove", "replace"])
def test_shrinking_by_one_that_others_told_to_stop_waits_for_that(way: str) -> None:
    fleet = Fleet(2, replacement=Replacement(check_interval=1.0, strikes=1) if way == "replace" else None)
    first = fleet.group.instances[0]
    fleet.at(10.0, fleet.call, first)
    fleet.at(10.5, first.stop)
    if way == "scale":
        fleet.at(12.5, fleet.group.scale_to, 1)
    elif way == "remove":
        fleet.at(12.5, fleet.group.remove, first)
    fleet.env.run(until=14.9)
    assert "shop-1" not in fleet.names()
    assert fleet.group.statistics().draining_count == 1
    fleet.env.run(until=15.1)
    assert fleet.ends == [(15.0, "ok")]
    assert fleet.group.statistics().draining_count == 0
    assert "host-1" not in [host.name for host in fleet.pool.hosts]


@pytest.mark.parametrize("is_draining", [False, True])
@pytest.mark.parametrize("way", ["back to the pool", "off"])
def test_a_host_that_others_take_away_is_replaced_and_paid_for_no_longer(way: str, is_draining: bool) -> None:
    fleet = Fleet(2)
    host = fleet.group.instances[1].host
    if is_draining:
        fleet.at(9.0, fleet.call, fleet.group.instances[1])
        fleet.at(9.5, fleet.group.remove, fleet.group.instances[1])
    take = fleet.pool.release if way == "back to the pool" else Host.decommission
    fleet.at(10.0, take, host)
    fleet.env.run(until=10.1)
    assert host not in fleet.pool.hosts
    assert fleet.group.provisioned.value == len(fleet.pool.hosts) == (1 if is_draining else 2)
    assert fleet.group.statistics().draining_count == 0


# -- where there is no host


def test_where_no_host_is_left_it_waits_is_counted_and_logged_once() -> None:
    fleet = Fleet(2, host_count_max=3)
    fleet.at(1.0, fleet.group.scale_to, 5)
    fleet.env.run(until=35.0)
    assert fleet.names() == ["shop-1", "shop-2", "shop-3"]
    assert fleet.group.statistics().pending_count == 2
    assert fleet.group.statistics().no_room_count == 4  # at 1, 11, 21 and 31 s
    assert fleet.kinds("scaling.pending") == [(1.0, "scaling.pending")]
    assert fleet.env.event_log.of_kind("scaling.pending")[0].detail["count"] == 2


def test_it_asks_again_at_its_own_pace_however_often_its_number_is_set() -> None:
    fleet = Fleet(2, host_count_max=2)
    for time in (1.0, 2.0, 3.0):
        fleet.at(time, fleet.group.scale_to, 2 + int(time))
    fleet.env.run(until=35.0)
    assert fleet.group.statistics().no_room_count == 3 + 3  # three orders; at 11, 21 and 31 s


def test_it_goes_on_as_soon_as_there_is_a_host_again() -> None:
    fleet = Fleet(2, host_count_max=3)
    fleet.at(1.0, fleet.group.scale_to, 5)
    fleet.at(14.0, setattr, fleet.pool, "host_count_max", 4)
    fleet.env.run(until=22.0)
    assert len(fleet.names()) == 4
    fleet.group.scale_to(4)
    assert fleet.group.statistics().pending_count == 0
    fleet.env.run(until=200.0)
    assert fleet.group.statistics().no_room_count == 3  # at 1, 11 and 21 s: it has stopped asking
    fleet.group.scale_to(5)
    assert len(fleet.kinds("scaling.pending")) == 2  # a new shortage


def test_room_that_its_own_leaving_makes_is_used_at_once() -> None:
    fleet = Fleet(2, host_count_max=2)
    fleet.at(1.0, fleet.call, fleet.group.instances[1])
    fleet.at(2.0, fleet.group.scale_to, 1)
    fleet.at(3.0, fleet.group.scale_to, 2)  # none until the one that drains is gone
    fleet.env.run(until=6.02)
    assert fleet.names() == ["shop-1", "shop-3"]


# -- crashes


def test_a_crash_while_it_drains_gives_the_host_back_at_once() -> None:
    fleet = Fleet(2)
    leaving = fleet.group.instances[1]
    fleet.at(10.0, fleet.call, leaving)
    fleet.at(11.0, fleet.group.scale_to, 1)
    fleet.at(12.0, leaving.host.crash)
    fleet.env.run(until=12.1)
    assert fleet.seen() == (1, 1, 1)
    fleet.env.run(until=200.0)
    assert fleet.seen() == (1, 1, 1)
    assert fleet.ends == []  # silence: the host is gone


def test_a_crashed_host_stays_a_member_and_comes_back_where_nothing_replaces_it() -> None:
    fleet = Fleet(2)
    host = fleet.group.instances[0].host
    fleet.at(10.0, host.crash)
    fleet.at(100.0, host.restart)
    fleet.env.run(until=99.0)
    assert fleet.seen() == (2, 2, 1)
    fleet.env.run(until=100.0 + BOOT + START + 1.0)
    assert fleet.seen() == (2, 2, 2)
    assert fleet.names() == ["shop-1", "shop-2"]


def test_replaces_what_was_down_at_so_many_looks_in_a_row() -> None:
    fleet = Fleet(2, replacement=Replacement(check_interval=10.0, strikes=3))
    fleet.at(12.0, fleet.group.instances[0].host.crash)
    fleet.env.run(until=39.0)
    assert fleet.names() == ["shop-1", "shop-2"]
    fleet.env.run(until=41.0)
    assert fleet.names() == ["shop-2", "shop-3"]
    assert fleet.seen() == (2, 2, 1)
    assert fleet.kinds("scaling.replaced") == [(40.0, "scaling.replaced")]
    assert fleet.group.desired_count == 2
    fleet.env.run(until=40.0 + BOOT + START + 1.0)
    assert fleet.seen() == (2, 2, 2)
    history = fleet.group.ready.history
    assert list(zip(history.times.tolist(), history.values.tolist(), strict=True)) == [
        (0.0, 2.0),
        (20.0, 1.0),  # found at the first look
        (110.0, 2.0),
    ]


def test_a_short_absence_is_no_reason_to_replace() -> None:
    fleet = Fleet(2, replacement=Replacement(check_interval=10.0, strikes=3))
    fleet.at(12.0, fleet.group.instances[0].crash)
    fleet.at(25.0, fleet.group.instances[0].restart)  # listens at 35
    fleet.env.run(until=300.0)
    assert fleet.names() == ["shop-1", "shop-2"]
    assert fleet.group.statistics().replaced_count == 0


def test_two_short_absences_with_a_moment_of_readiness_between_them_are_no_long_one() -> None:
    fleet = Fleet(1, start=0.0, replacement=Replacement(check_interval=10.0, strikes=2))
    first = fleet.group.instances[0]
    for time in (8.0, 18.0):
        fleet.at(time, first.crash)
        fleet.at(time + 4.0, first.restart)
    fleet.env.run(until=100.0)
    assert fleet.names() == ["shop-1"]


def test_a_member_says_since_when_it_is_what_it_is_as_the_looks_have_found() -> None:
    fleet = Fleet(1, boot=20.0, replacement=Replacement(check_interval=10.0, strikes=9))
    member = fleet.group.members[0]
    fleet.at(12.0, member.host.crash)
    fleet.at(41.0, member.host.restart)
    fleet.env.run(until=35.0)
    assert (member.state, member.changed_at, member.strikes) == ("down", 20.0, 2)
    fleet.env.run(until=80.0)
    assert (member.state, member.changed_at, member.strikes) == ("ready", 41.0 + 20.0 + START, 0)


def test_the_process_of_a_member_began_when_its_host_was_up_for_the_first_time() -> None:
    fleet = Fleet(0, boot=20.0)
    fleet.at(1.0, fleet.group.scale_to, 1)
    fleet.env.run(until=50.0)
    (member,) = fleet.group.members
    member.host.crash()
    fleet.at(10.0, member.host.restart)
    fleet.env.run(until=100.0)
    assert (member.state, member.started_at) == ("ready", 21.0)


def test_what_boots_and_starts_is_given_its_time() -> None:
    fleet = Fleet(1, replacement=Replacement(check_interval=5.0, strikes=1))
    fleet.group.scale_to(3)
    fleet.env.run(until=300.0)
    assert fleet.group.statistics().replaced_count == 0
    assert fleet.seen() == (3, 3, 3)


def test_a_boot_that_does_not_end_is_replaced() -> None:
    fleet = Fleet(1, replacement=Replacement(check_interval=10.0, strikes=1))
    fleet.group.scale_to(2)
    fleet.at(5.0, fleet.group.instances[1].host.crash)
    fleet.env.run(until=BOOT + START + 1.0)
    assert fleet.names() == ["shop-1", "shop-3"]


def test_random_boots_are_given_three_standard_deviations_more_than_their_mean() -> None:
    fleet = Fleet(
        1, boot=Exponential(20.0), start=0.0, replacement=Replacement(check_interval=1.0, strikes=1)
    )
    fleet.group.scale_to(2)
    fleet.group.instances[1].host.crash()
    fleet.env.run(until=79.5)
    assert fleet.names() == ["shop-1", "shop-2"]
    fleet.env.run(until=80.5)
    assert fleet.names() == ["shop-1", "shop-3"]


def test_without_power_nothing_is_ready_and_nothing_is_lost_of_the_number() -> None:
    fleet = Fleet(2, replacement=Replacement())
    fleet.at(10.0, fleet.zone.cut_power, "storm")
    fleet.env.run(until=100.0)
    assert fleet.seen() == (2, 0, 0)  # the only zone is dark: no host is to be had
    assert fleet.group.statistics().pending_count == 2
    fleet.zone.restore_power("storm")
    fleet.env.run(until=100.0 + 10.0 + BOOT + START + 1.0)
    assert fleet.seen() == (2, 2, 2)
