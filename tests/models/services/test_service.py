"""A service: one instance per host, each with its own handler, and followers that are told."""

from typing import Any

import pytest

from models.balancing import Balancer, RoundRobin
from models.infrastructure import Host
from models.services import Dependency, Instance, Service, Work
from simulator import Environment
from simulator.randomness import Exponential
from tests.models.services.building import Probe, World, assert_idle, call, pause


def hosts(env: Environment, count: int) -> list[Host]:
    return [Host(env, f"host-{number}") for number in range(1, count + 1)]


def test_there_is_one_instance_on_each_host_and_all_are_alike() -> None:
    env = Environment(seed=1)
    places = hosts(env, 3)
    service = Service(env, "shop", places, lambda host: Work(Exponential(1.0)), threads=1, version="7")
    assert [instance.name for instance in service.instances] == ["shop-1", "shop-2", "shop-3"]
    assert [instance.host for instance in service.instances] == places
    assert {instance.version for instance in service.instances} == {"7"}


def test_the_handler_is_made_for_the_host() -> None:
    env = Environment()
    probes = {host: Probe(1.0, host.name) for host in hosts(env, 2)}
    service = Service(env, "shop", probes, lambda host: Dependency(probes[host]))
    seen = [call(env, instance) for instance in service.instances]
    env.run()
    assert [one.value for one in seen] == ["host-1", "host-2"]


def test_settings_reach_the_instances() -> None:
    env = Environment()
    service = Service(
        env, "shop", hosts(env, 1), lambda host: pause, threads=1, queue_size_max=0, make_state=lambda: [7]
    )
    [instance] = service.instances
    for _ in range(2):
        call(env, instance)
    env.run()
    assert instance.statistics().rejected_count == 1
    assert instance.state == [7]


def test_an_added_instance_is_of_the_present_version_and_a_number_is_never_used_again() -> None:
    env = Environment()
    service = Service(env, "shop", hosts(env, 2), lambda host: pause)
    service.remove_instance(service.instances[1])
    service.version = "2"
    added = service.add_instance(Host(env, "host-3"))
    assert [(instance.name, instance.version) for instance in service.instances] == [
        ("shop-1", "1"),
        ("shop-3", "2"),
    ]
    assert added is service.instances[1]


def test_a_removed_instance_finishes_what_it_has() -> None:
    env = Environment()
    service = Service(env, "shop", hosts(env, 1), lambda host: pause)
    [instance] = service.instances
    seen = call(env, instance)
    env.call_later(0.5, service.remove_instance, instance)
    env.run()
    assert (seen.at, service.instances) == (1.0, ())
    assert_idle(instance)


def test_a_balancer_can_follow_a_service() -> None:
    world = World()
    service = Service(world.env, "shop", hosts(world.env, 1), lambda host: pause)
    connections: dict[Instance, Any] = {}
    balancer = Balancer(world.env, [], policy=RoundRobin())

    def add(instance: Instance) -> None:
        connections[instance] = world.remote(instance)
        balancer.add(connections[instance])

    for instance in service.instances:
        add(instance)
    service.on_added(add)
    service.on_removed(lambda instance: balancer.remove(connections[instance]))
    first = service.instances[0]
    second = service.add_instance(Host(world.env, "host-2"))
    for _ in range(4):
        call(world.env, balancer)
    world.env.run()
    service.remove_instance(first)
    for _ in range(4):
        call(world.env, balancer)
    world.env.run()
    assert [instance.statistics().completed_count for instance in (first, second)] == [2, 6]


def test_only_an_instance_of_the_service_can_be_removed() -> None:
    env = Environment()
    service = Service(env, "shop", hosts(env, 1), lambda host: pause)
    [instance] = service.instances
    service.remove_instance(instance)
    with pytest.raises(ValueError, match=r"instance must be one of shop, got Instance\('shop-1'\)"):
        service.remove_instance(instance)
