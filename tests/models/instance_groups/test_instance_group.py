"""An instance group keeps its number: growing, shrinking, draining, who goes first, and misuse."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import Host, System
from models.deployment import Deployment
from models.instance_groups import ExistingHosts, InstanceGroup, Replacement
from models.services import Instance, Pause, Service
from simulator import Environment
from simulator.randomness import Constant

from .fleet import BOOT, START, Fleet


def test_what_is_there_at_the_beginning_is_ready_then() -> None:
    fleet = Fleet(3)
    assert fleet.seen() == (3, 3, 3)
    fleet.env.run(until=100.0)
    assert fleet.seen() == (3, 3, 3)


def test_service_has_one_manager_and_another_is_refused_in_one_line() -> None:
    fleet = Fleet(2)
    assert fleet.service.managed_by is fleet.group
    text = r"service must be managed by nobody yet, got Service\('shop'\) of InstanceGroup\('shop', 2\)"
    with pytest.raises(ValueError, match=text):
        InstanceGroup(fleet.env, fleet.service, fleet.pool, 5)
    fleet.env.run(until=100.0)
    assert fleet.seen() == (2, 2, 2)


def test_group_and_deployment_do_not_manage_one_service() -> None:
    system = System(Environment(seed=1))
    hosts = [system.add_host(name) for name in ("host", "controller")]
    shop = system.add_service("shop", hosts[:1], lambda host: Pause(Constant(5.0)))
    cart = system.add_service("cart", [], lambda host: Pause(Constant(5.0)))
    Deployment(system, shop, host=hosts[1])
    with pytest.raises(ValueError, match=r"got Service\('shop'\) of Deployment\('shop'\)"):
        InstanceGroup(system.env, shop, ExistingHosts(hosts), 1)
    InstanceGroup(system.env, cart, ExistingHosts(hosts), 1)
    with pytest.raises(ValueError, match=r"got Service\('cart'\) of InstanceGroup\('cart', 1\)"):
        Deployment(system, cart, host=hosts[1])


def test_group_that_is_refused_for_its_own_settings_manages_nothing() -> None:
    fleet = Fleet(1)
    service = Service(fleet.env, "cart", [], lambda host: Pause(Constant(5.0)))
    with pytest.raises(ValueError, match="count must be"):
        InstanceGroup(fleet.env, service, fleet.pool, -1)
    assert service.managed_by is None


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


@pytest.mark.slow
@settings(max_examples=25)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=12), st.integers(0, 12), st.booleans())
def test_going_all_at_once_takes_the_same_as_going_one_by_one(
    per_host: list[int], left: int, newest: bool
) -> None:
    def names_left(counts: list[int]) -> list[str]:
        env = Environment(seed=1)
        hosts = [Host(env, f"host-{number}") for number in range(4)]
        service = Service(
            env, "shop", [hosts[number] for number in per_host], lambda host: Pause(Constant(1.0))
        )
        source = ExistingHosts(hosts, per_host=len(per_host))
        for _ in range(4 * len(per_host)):
            source.provision()
        order: Any = "newest first" if newest else "oldest first"
        group = InstanceGroup(env, service, source, len(per_host), order=order)
        for count in counts:
            group.scale_to(count)
        return [instance.name for instance in group.instances]

    left = min(left, len(per_host))
    assert names_left([left]) == names_left(list(range(len(per_host), left - 1, -1)))


def test_growing_and_shrinking_costs_as_much_for_each_however_many_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks = [0]
    look: Any = Instance.is_ready.fget  # type: ignore[attr-defined]

    def counted(instance: Instance) -> bool:
        looks[0] += 1
        return bool(look(instance))

    monkeypatch.setattr(Instance, "is_ready", property(counted))

    def looks_for(count: int) -> int:
        looks[0] = 0
        fleet = Fleet(0)
        fleet.group.scale_to(count)
        fleet.env.run(until=100.0)
        fleet.group.scale_to(0)
        fleet.env.run(until=200.0)
        assert fleet.seen() == (0, 0, 0)
        return looks[0]

    assert looks_for(80) <= 4.5 * looks_for(20)


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


# -- misuse


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"replacement": 5.0}, "replacement must be a Replacement, got 5.0"),
        ({"linger": "1"}, "linger must be a number of seconds, got '1'"),
        ({"order": "random"}, "order must be one of newest first, oldest first, got 'random'"),
        ({"linger": -1.0}, "linger must be finite and >= 0 s, got -1.0"),
        ({"linger": 5.0, "grace": 4.0}, r"grace must be >= linger \(5.0 s\), got 4.0"),
        ({"retry_interval": 0.0}, "retry_interval must be finite and > 0 s, got 0.0"),
    ],
)
def test_misuse(wrong: dict[str, Any], text: str) -> None:
    with pytest.raises((TypeError, ValueError), match=text):
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
    with pytest.raises(TypeError, match=r"hosts must be a list, each a Host, got Host\('a'\) alone"):
        ExistingHosts(Host(fleet.env, "a"))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="service must be a Service, got 'shop'"):
        InstanceGroup(fleet.env, "shop", fleet.pool, 1)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"source must be a HostSource, such as a HostPool, got \[\]"):
        InstanceGroup(fleet.env, fleet.service, [], 1)  # type: ignore[arg-type]


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
    env.run(until=1.0)
    group.scale_to(4)
    assert group.statistics().pending_count == 1  # there is room on "a", which is down
    hosts[0].restart()
    env.run(until=20.0)
    assert [instance.host.name for instance in group.instances] == ["b", "a", "b", "a"]
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


@pytest.mark.slow
@settings(max_examples=40)
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
