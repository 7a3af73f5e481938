"""What ejection remembers of targets that come and go, and of nobody after a restart of the balancer."""

from __future__ import annotations

from typing import Any

import pytest

from models import FunctionEndpoint, Host
from models.balancing import Balancer
from models.balancing.outlier_ejection import OutlierEjector, envoy_outlier
from models.failures import ServerError
from simulator import Environment
from tests.models.balancing.outlier_ejection.building import World
from tests.models.services.building import call

ERROR = ServerError("500")


def test_one_that_was_removed_while_ejected_is_new_when_it_comes_back() -> None:
    world = World()
    world.send(0, *[ERROR] * 5)
    world.balancer.remove(world.targets[0])
    world.send(1, *[ERROR] * 5)  # there is room again
    world.balancer.add(world.targets[0])
    assert world.out() == ["t1"]
    world.send(0, *[ERROR] * 4)
    world.env.run(until=100.0)
    assert [(kind, who) for _, kind, who in world.log()] == [
        ("ejection", "t0"),
        ("ejection", "t1"),
        ("readmission", "t1"),
    ]


def test_what_was_known_of_one_before_it_was_removed_is_forgotten() -> None:
    world = World()
    world.send(0, *[ERROR] * 4)
    world.balancer.remove(world.targets[0])
    world.env.run(until=1.0)
    world.balancer.add(world.targets[0])
    world.send(0, *[ERROR] * 4)
    assert world.out() == []


def test_a_call_from_before_its_target_was_removed_counts_for_nothing() -> None:
    env = Environment()

    def fail(request: Any) -> Any:
        yield 2.0
        raise ServerError("no")

    target = FunctionEndpoint(fail, name="slow")
    balancer = Balancer(env, [target])
    ejector = OutlierEjector(env, balancer, envoy_outlier())
    for _ in range(5):
        call(env, balancer)
    env.call_later(1.0, balancer.remove, target)
    env.call_later(1.5, balancer.add, target)
    env.run(until=5.0)
    assert ejector.statistics().found_counts == {}
    for _ in range(5):
        call(env, balancer)
    env.run(until=8.0)
    assert ejector.statistics().found_counts == {"consecutive_5xx": 1}


def test_a_draining_target_is_neither_ejected_nor_counted() -> None:
    env = Environment()

    def fail(request: Any) -> Any:
        yield 2.0
        raise ServerError("no")

    targets = [FunctionEndpoint(fail, name=name) for name in "ab"]
    balancer = Balancer(env, targets)
    ejector = OutlierEjector(env, balancer, envoy_outlier())
    for _ in range(20):
        call(env, balancer)
    env.call_later(1.0, balancer.remove, targets[0])
    env.run(until=5.0)
    assert ejector.statistics().ejected == ("b",)
    assert [record.subject for record in env.event_log.of_kind("ejection")] == ["b"]


def die(host: Host, balancer: Balancer, how: str) -> None:
    if how == "host":
        host.crash()
        host.restart()
    else:
        host.crash_process(balancer)
        host.restart_process(balancer)


@pytest.mark.parametrize("how", ["host", "process"])
def test_nothing_is_known_after_a_restart_of_the_balancer(how: str) -> None:
    world = World(host=True)
    assert world.host is not None
    world.send(0, *[ERROR] * 5)
    world.send(1, *[ERROR] * 4)
    world.env.run(until=15.0)
    die(world.host, world.balancer, how)
    world.env.run(until=15.5)
    assert world.out() == []
    world.send(1, *[ERROR] * 4)
    assert world.out() == []
    world.send(1, ERROR)
    # The first ejection is not counted any more either, and sweeps are every 10 s from the restart on.
    world.env.run(until=100.0)
    assert world.log()[1:] == [(15.5, "ejection", "t1"), (55.0, "readmission", "t1")]


def test_calls_from_before_a_restart_count_for_nothing_after_it() -> None:
    env = Environment()
    host = Host(env, "proxy")

    def fail(request: Any) -> Any:
        yield 2.0
        raise ServerError("no")

    balancer = Balancer(env, [FunctionEndpoint(fail, name="slow")], host=host)
    ejector = OutlierEjector(env, balancer, envoy_outlier())
    for _ in range(5):
        call(env, balancer)
    env.call_later(1.0, die, host, balancer, "host")
    env.run(until=5.0)
    assert ejector.statistics().found_counts == {}


@pytest.mark.parametrize("host", [False, True])
def test_who_is_stopped_ejects_and_readmits_nobody(host: bool) -> None:
    world = World(host=host)
    world.send(0, *[ERROR] * 5)
    world.ejector.stop()
    world.send(1, *[ERROR] * 5)
    world.env.run(until=100.0)
    assert world.out() == list(world.ejector.statistics().ejected) == ["t0"]
    assert not world.env.processes


def test_who_was_stopped_does_not_begin_again_with_the_balancer() -> None:
    world = World(host=True)
    world.ejector.stop()
    assert world.host is not None
    world.host.crash()
    world.host.restart()
    world.env.run(until=100.0)
    assert not world.env.processes
