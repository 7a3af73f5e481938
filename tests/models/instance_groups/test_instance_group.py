"""An instance group keeps its number: growing, shrinking, draining, replacing, and where there is no host."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import Call, CallFailed, Host, Request, Response, Zone
from models.infrastructure import HostPool, HostType
from models.instance_groups import ExistingHosts, InstanceGroup, Replacement
from models.services import Instance, Pause, Service
from simulator import Environment
from simulator.randomness import Constant, Exponential

BOOT, START = 60.0, 10.0


class Fleet:
    """A group of a service whose calls take 5 s, on hosts of a pool; the first are there at the beginning."""

    def __init__(
        self,
        count: int = 2,
        *,
        host_count_max: float = inf,
        boot: Any = BOOT,
        start: float = START,
        **settings: Any,
    ) -> None:
        self.env = Environment(seed=1)
        self.zone = Zone("zone")
        self.pool = HostPool(
            self.env,
            "host",
            HostType(boot_time=boot, price=1.0),
            zones=[self.zone],
            host_count_max=host_count_max,
        )
        hosts = [self.pool.provision(boots=False) for _ in range(count)]
        self.service = Service(self.env, "shop", hosts, lambda host: Pause(Constant(5.0)), start_time=start)
        self.group = InstanceGroup(self.env, self.service, self.pool, count, **settings)
        self.ends: list[tuple[float, str]] = []

    def at(self, time: float, function: Any, *args: Any) -> None:
        self.env.call_later(time, function, *args)

    def call(self, instance: Instance) -> None:
        self.env.process(self._call(instance))

    def _call(self, instance: Instance) -> Call:
        try:
            yield from instance.call(Request("get"))
        except CallFailed as failure:
            self.ends.append((self.env.now, type(failure).__name__))
        else:
            self.ends.append((self.env.now, "ok"))
        return Response()

    def seen(self) -> tuple[int, int, int]:
        """Wanted, paid for, ready."""
        return self.group.desired_count, len(self.pool.hosts), self.group.ready_count

    def names(self) -> list[str]:
        return [instance.name for instance in self.group.instances]

    def kinds(self, *kinds: str) -> list[tuple[float, str]]:
        return [(record.time, record.kind) for record in self.env.event_log.of_kind(*kinds)]


def test_what_is_there_at_the_beginning_is_ready_then() -> None:
    fleet = Fleet(3)
    assert fleet.seen() == (3, 3, 3)
    fleet.env.run(until=100.0)
    assert fleet.seen() == (3, 3, 3)


def test_grows_as_hosts_boot_and_processes_start() -> None:
    fleet = Fleet(2)
    fleet.at(5.0, fleet.group.scale_to, 4)
    fleet.env.run(until=5.0 + BOOT + START - 0.001)
    assert fleet.seen() == (4, 4, 2)
    assert [member.state for member in fleet.group.members] == ["ready", "ready", "starting", "starting"]
    fleet.env.run(until=5.0 + BOOT + START + 0.001)
    assert fleet.seen() == (4, 4, 4)
    history = fleet.group.ready.history
    assert list(zip(history.times.tolist(), history.values.tolist(), strict=True)) == [
        (0.0, 2.0),
        (75.0, 4.0),
    ]


def test_shrinks_when_calls_under_way_are_done_and_pays_until_then() -> None:
    fleet = Fleet(2)
    fleet.at(10.0, fleet.call, fleet.group.instances[1])
    fleet.at(12.0, fleet.group.scale_to, 1)
    fleet.env.run(until=14.9)
    assert fleet.names() == ["shop-1"]
    assert fleet.seen() == (1, 2, 1)
    assert fleet.group.provisioned.value == 2
    fleet.env.run(until=15.1)
    assert fleet.ends == [(15.0, "ok")]
    assert fleet.seen() == (1, 1, 1)
    assert fleet.pool.statistics().host_hours * 3600.0 == pytest.approx(15.1 + 15.01, abs=0.011)


def test_what_is_not_done_in_time_is_killed() -> None:
    fleet = Fleet(2, grace=1.0)
    fleet.at(10.0, fleet.call, fleet.group.instances[1])
    fleet.at(11.0, fleet.group.scale_to, 1)
    fleet.env.run(until=20.0)
    assert fleet.ends == [(12.0, "ConnectionLost")]
    assert fleet.seen() == (1, 1, 1)


def test_lingers_before_it_refuses() -> None:
    fleet = Fleet(2, linger=2.0)
    leaving = fleet.group.instances[1]
    fleet.at(10.0, fleet.group.scale_to, 1)
    fleet.at(11.0, fleet.call, leaving)
    fleet.at(12.5, fleet.call, leaving)
    fleet.env.run(until=30.0)
    assert fleet.ends == [(12.5, "Refused"), (16.0, "ok")]


# -- who goes first


def test_those_that_serve_nobody_go_first() -> None:
    fleet = Fleet(2, order="oldest first")
    fleet.at(0.0, fleet.group.scale_to, 3)  # ready at 70
    fleet.at(30.0, fleet.group.scale_to, 4)  # boots until 90, starts until 100
    fleet.at(65.0, fleet.group.instances[0].crash)
    fleet.env.run(until=66.0)
    assert [member.state for member in fleet.group.members] == ["down", "ready", "starting", "pending"]
    for left in (["shop-1", "shop-2", "shop-3"], ["shop-2", "shop-3"], ["shop-2"]):
        fleet.group.scale_to(len(left))
        assert fleet.names() == left


@pytest.mark.parametrize(("order", "left"), [("newest first", "shop-1"), ("oldest first", "shop-3")])
def test_of_those_that_are_ready_the_newest_or_the_oldest(order: Any, left: str) -> None:
    fleet = Fleet(3, order=order)
    fleet.group.scale_to(1)
    assert fleet.names() == [left]


def test_on_shared_hosts_the_fullest_gives_one_up() -> None:
    env = Environment(seed=1)
    one, two = Host(env, "one"), Host(env, "two")
    source = ExistingHosts([one, two], per_host=3)
    group = InstanceGroup(
        env, Service(env, "shop", [], lambda host: Pause(Constant(1.0))), source, 4, order="oldest first"
    )
    group.remove(group.instances[2])
    assert [instance.host for instance in group.instances] == [one, two, two]
    group.scale_to(2)
    assert [instance.name for instance in group.instances] == ["shop-1", "shop-4"]


def test_a_boot_for_nobody_is_ended_at_once() -> None:
    fleet = Fleet(1)
    fleet.at(0.0, fleet.group.scale_to, 5)
    fleet.at(30.0, fleet.group.scale_to, 1)
    fleet.env.run(until=31.0)
    assert fleet.seen() == (1, 1, 1)
    fleet.env.run(until=500.0)
    assert fleet.seen() == (1, 1, 1)
    assert fleet.group.ready.maximum == 1
    assert fleet.group.statistics().started_count == fleet.group.statistics().retired_count == 4


def test_down_and_up_again_while_one_drains() -> None:
    fleet = Fleet(2)
    fleet.at(1.0, fleet.call, fleet.group.instances[1])
    fleet.at(2.0, fleet.group.scale_to, 1)
    fleet.at(3.0, fleet.group.scale_to, 2)
    fleet.env.run(until=4.0)
    assert fleet.names() == ["shop-1", "shop-3"]  # who drains does not come back
    assert fleet.seen() == (2, 3, 1)
    fleet.env.run(until=100.0)
    assert fleet.seen() == (2, 2, 2)
    assert fleet.ends == [(6.0, "ok")]


def test_to_nothing_and_back() -> None:
    fleet = Fleet(2)
    fleet.group.scale_to(0)
    fleet.env.run(until=1.0)
    assert fleet.seen() == (0, 0, 0)
    fleet.group.scale_to(1)
    fleet.env.run(until=100.0)
    assert fleet.seen() == (1, 1, 1)


def test_the_same_number_again_changes_nothing() -> None:
    fleet = Fleet(2)
    fleet.group.scale_to(2)
    assert fleet.names() == ["shop-1", "shop-2"]
    assert len(fleet.group.desired.history.times) == 1


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


# -- misuse


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"order": "random"}, "order must be one of newest first, oldest first, got 'random'"),
        ({"linger": -1.0}, "linger must be finite and >= 0 s, got -1.0"),
        ({"linger": 5.0, "grace": 4.0}, r"grace must be >= linger \(5.0 s\), got 4.0"),
        ({"retry_interval": 0.0}, "retry_interval must be finite and > 0 s, got 0.0"),
    ],
)
def test_misuse(wrong: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Fleet(1, **wrong)


def test_misuse_of_numbers() -> None:
    fleet = Fleet(1)
    with pytest.raises(ValueError, match="count must be a whole number >= 0, got -1"):
        fleet.group.scale_to(-1)
    with pytest.raises(ValueError, match="strikes must be a whole number >= 1, got 0"):
        Replacement(strikes=0)
    with pytest.raises(ValueError, match=r"check_interval must be finite and > 0 s, got 0\.0"):
        Replacement(check_interval=0.0)
    with pytest.raises(ValueError, match="per_host must be a whole number >= 1, got 0"):
        ExistingHosts([], per_host=0)
    with pytest.raises(ValueError, match="hosts must be one or more, got none"):
        ExistingHosts([])


def test_hosts_that_are_there_are_filled_evenly_and_not_beyond_their_room() -> None:
    env = Environment(seed=1)
    hosts = [Host(env, name) for name in ("a", "b")]
    group = InstanceGroup(
        env, Service(env, "shop", [], lambda host: Pause(Constant(1.0))), ExistingHosts(hosts, per_host=2), 5
    )
    assert [instance.host.name for instance in group.instances] == ["a", "b", "a", "b"]
    assert group.statistics().pending_count == 1
    hosts[0].crash()
    group.scale_to(4)
    group.remove(group.instances[0])
    group.scale_to(4)
    assert group.statistics().pending_count == 1  # there is room on "a", which is down
    with pytest.raises(ValueError, match="host must have an instance of this source's"):
        ExistingHosts(hosts).release(hosts[0])


# -- whatever happens

ACTIONS = st.one_of(
    st.tuples(st.just("scale"), st.integers(0, 8)),
    st.tuples(st.just("crash host"), st.integers(0, 7)),
    st.tuples(st.just("crash process"), st.integers(0, 7)),
    st.tuples(st.just("call"), st.integers(0, 7)),
    st.tuples(st.just("take out"), st.integers(0, 7)),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(0.0, 40.0), ACTIONS), max_size=12), st.integers(3, 8))
def test_whatever_happens_it_comes_to_its_number_and_pays_for_nobody_else(
    script: list[tuple[float, tuple[str, int]]], host_count_max: int
) -> None:
    fleet = Fleet(
        2, host_count_max=host_count_max, grace=8.0, replacement=Replacement(check_interval=5.0, strikes=2)
    )
    crashed: set[Host] = set()
    for pause, (action, number) in script:
        fleet.env.run(until=fleet.env.now + 0.001 + pause)
        members = fleet.group.members
        member = members[number % len(members)] if members else None
        if action == "scale":
            fleet.group.scale_to(number)
        elif member is not None and action == "crash host" and member.host not in crashed:
            crashed.add(member.host)
            member.host.crash()
        elif member is not None and action == "crash process" and member.state == "ready":
            member.instance.crash()
        elif member is not None and action == "call":
            fleet.call(member.instance)
        elif member is not None and action == "take out":
            fleet.group.remove(member.instance)
        statistics = fleet.group.statistics()
        assert len(fleet.names()) + statistics.pending_count == fleet.group.desired_count
        assert len(fleet.names()) + statistics.draining_count == len(fleet.pool.hosts)
        assert statistics.started_count + 2 == statistics.retired_count + len(fleet.names())
    fleet.env.run(until=fleet.env.now + 400.0)
    wanted = min(fleet.group.desired_count, host_count_max)
    assert fleet.seen() == (fleet.group.desired_count, wanted, wanted)
    assert fleet.group.ready.value == wanted
    assert fleet.group.provisioned.value == wanted
