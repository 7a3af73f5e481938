"""What ejection remembers of targets that come and go, and of nobody after a restart of the balancer."""

from __future__ import annotations

from typing import Any

import pytest

from models import FunctionEndpoint, Host
from models.balancing import Balancer
from models.balancing.health_checks import HealthChecker, HealthCheckSettings
from models.balancing.outlier_ejection import OutlierEjector, OutlierSettings, envoy_outlier
from models.failures import ServerError
from simulator import Environment
from tests.models.balancing.outlier_ejection.building import World
from tests.models.services.building import call

ERROR = ServerError("500")
WELL = FunctionEndpoint(lambda request: iter(()), name="well")


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


@pytest.mark.parametrize("failures", [1, 5])
def test_a_draining_target_is_neither_ejected_nor_counted(failures: int) -> None:
    env = Environment()

    def fail(request: Any) -> Any:
        yield 2.0
        raise ServerError("no")

    targets = [FunctionEndpoint(fail, name=name) for name in "ab"]
    balancer = Balancer(env, targets)
    ejector = OutlierEjector(env, balancer, OutlierSettings(consecutive_5xx=failures))
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


def test_what_was_known_of_one_before_it_came_back_says_nothing_of_who_ejects_it_now() -> None:
    world = World()
    checks = HealthCheckSettings(interval=5.0, timeout=1.0)
    checker = HealthChecker(world.env, world.balancer, checks, probed=lambda target: WELL)
    ejector = OutlierEjector(world.env, world.balancer, envoy_outlier(), health_checker=checker)
    world.ejector.stop()
    world.send(0, *[ERROR] * 5)
    world.env.run(until=1.0)
    world.balancer.remove(world.targets[0])
    world.balancer.add(world.targets[0])
    world.balancer.eject(world.targets[0])
    assert ejector.statistics().ejected == ()
    world.env.run(until=60.0)
    # Neither its probes nor its old time, which would be over, bring it back.
    assert world.out() == ["t0"]


def test_who_is_stopped_does_not_hear_of_passed_probes() -> None:
    world = World()
    checks = HealthCheckSettings(interval=5.0, timeout=1.0)
    checker = HealthChecker(world.env, world.balancer, checks, probed=lambda target: WELL)
    ejector = OutlierEjector(world.env, world.balancer, envoy_outlier(), health_checker=checker)
    world.ejector.stop()
    world.send(0, *[ERROR] * 5)
    ejector.stop()
    world.env.run(until=60.0)
    assert world.out() == list(ejector.statistics().ejected) == ["t0"]


def test_one_that_is_made_while_the_balancers_process_is_down_starts_with_it_and_once() -> None:
    env = Environment()
    host = Host(env, "proxy")
    balancer = Balancer(env, [], host=host)
    host.crash_process(balancer)
    OutlierEjector(env, balancer, envoy_outlier(), name="ejector")
    env.run(until=15.0)
    assert not env.processes
    host.restart_process(balancer)
    env.run(until=30.0)
    assert [process.name for process in env.processes] == ["ejector: sweeps"]
