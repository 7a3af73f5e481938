"""What a probe meets at an instance: its threads, a port of its own, a dependency; and what it costs."""

from __future__ import annotations

from typing import Any

import pytest

from models import Host
from models.balancing.health_checks import HEALTH, HealthPort, StillWanted
from models.resilience import Timeout
from models.services import Dependency, Instance, Pause, Work, by_operation, in_sequence
from simulator.randomness import Constant
from tests.models.balancing.health_checks.building import WAY, World, every
from tests.models.services.building import call


def test_probes_are_work_and_a_saturated_instance_fails_them() -> None:
    world = World(handler=Work(0.0), threads=2, queue_size_max=10)
    checker = world.check(every(5.0, 1.0, unhealthy_threshold=2))
    world.env.run(until=1.0)
    hold = [Pause(Constant(60.0)).handler(world.instances[0])]
    world.instances[0].interpose("long", lambda handler: hold[0])
    for _ in range(2):
        call(world.env, world.balancer)
    world.env.run(until=12.0)
    # Two threads are held by calls; the probes wait in the queue until they are given up.
    assert world.marks() == [(11.0, "down", "s0")]
    assert checker.statistics().failed_count == 2
    assert world.instances[0].waiting_count == 2


def test_a_port_of_its_own_passes_while_all_threads_are_held() -> None:
    world = World(handler=Pause(Constant(60.0)), threads=1)
    port = HealthPort(world.instances[0], Work(0.01))
    checker = world.check(
        every(5.0, 1.0, unhealthy_threshold=1), probed=lambda way: world.network.connect(world.proxy, port)
    )
    call(world.env, world.balancer)
    world.env.run(until=12.0)
    assert world.marks() == []
    assert checker.statistics().passed_count == 3
    # Its work is the host's all the same.
    assert world.hosts[0].statistics().work_done == pytest.approx(3 * 0.01)


@pytest.mark.parametrize(("step", "marks"), [(None, []), (Work(0.0), [(6.0, "down", "s0")])])
def test_a_port_where_nothing_is_done_does_not_wait_for_cores_and_work_does(
    step: Work | None, marks: list[tuple[float, str, str]]
) -> None:
    world = World(handler=Work(60.0))
    port = HealthPort(world.instances[0], step)
    world.check(
        every(5.0, 1.0, unhealthy_threshold=1), probed=lambda way: world.network.connect(world.proxy, port)
    )
    world.env.call_later(1.0, call, world.env, world.balancer)
    world.env.run(until=12.0)
    assert world.marks() == marks


def test_a_port_dies_with_its_instance() -> None:
    world = World()
    port = HealthPort(world.instances[0])
    world.check(
        every(5.0, 1.0, unhealthy_threshold=1), probed=lambda way: world.network.connect(world.proxy, port)
    )
    world.env.call_later(7.0, world.instances[0].crash)
    world.env.run(until=12.0)
    assert world.marks() == [(10.0 + 2 * WAY, "down", "s0")]


@pytest.mark.parametrize("answers_decide", [True, False])
def test_an_answer_that_is_none_decides_at_once_where_that_is_said(answers_decide: bool) -> None:
    world = World(threads=1, queue_size_max=0, handler=Pause(Constant(0.5)))
    world.check(every(5.0, 1.0, unhealthy_threshold=3, answers_decide=answers_decide))
    world.env.run(until=4.0)
    # The threads are full, and no queue: rejected.
    world.instances[0].interpose("long", lambda handler: Pause(Constant(60.0)).handler(world.instances[0]))
    call(world.env, world.balancer)
    world.env.run(until=20.0)
    down = 5.0 if answers_decide else 15.0
    assert world.marks() == [(down + 2 * WAY, "down", "s0")]


def deep(world: World, *, checks_dependency: bool) -> Any:
    """A handler whose probes ask the one database as well, or not."""
    database = Instance(world.env, Host(world.env, "database"), Work(0.0), name="database")
    asked = Dependency(Timeout(world.env, world.network.connect(world.proxy, database), 0.5), name="database")
    health = in_sequence(Work(0.0), asked) if checks_dependency else Work(0.0)
    return database, by_operation({HEALTH: health}, otherwise=Work(0.0))


@pytest.mark.parametrize(("checks_dependency", "left"), [(True, 0), (False, 4)])
def test_a_deep_check_takes_all_out_at_once_when_what_they_share_is_ill(
    checks_dependency: bool, left: int
) -> None:
    world = World(0)
    database, world._handler = deep(world, checks_dependency=checks_dependency)
    for _ in range(4):
        world.balancer.add(world.make_way())
    world.check(every(5.0, 1.0, unhealthy_threshold=2))
    world.env.call_later(7.0, database.host.crash)
    world.env.run(until=30.0)
    assert len(world.balancer.available) == left
    # The balancer does not believe it: below half it panics, and the instances serve.
    assert world.balancer.is_panicking == checks_dependency
    served = call(world.env, world.balancer, timeout=1.0)
    world.env.run(until=32.0)
    assert served.outcome.__class__.__name__ == "Response"


def test_one_that_believes_its_checks_in_panic_refuses_everybody() -> None:
    world = World(0, balancer={"fails_in_panic": True})
    database, world._handler = deep(world, checks_dependency=True)
    for _ in range(4):
        world.balancer.add(world.make_way())
    world.check(every(5.0, 1.0, unhealthy_threshold=2))
    world.env.call_later(7.0, database.host.crash)
    world.env.run(until=30.0)
    refused = call(world.env, world.balancer)
    world.env.run(until=32.0)
    assert refused.outcome.__class__.__name__ == "Refused"


def test_a_gray_failure_that_answers_probes_is_well_for_who_checks() -> None:
    world = World(handler=by_operation({HEALTH: Work(0.0)}, otherwise=Pause(Constant(60.0))))
    world.check(every(5.0, 1.0, unhealthy_threshold=1))
    slow = call(world.env, world.balancer, timeout=5.0)
    world.env.run(until=30.0)
    assert slow.outcome.__class__.__name__ == "TimedOut"
    assert world.marks() == []


def test_one_that_was_told_to_stop_fails_its_checks_while_it_lingers() -> None:
    world = World(handler=by_operation({HEALTH: StillWanted()}, otherwise=Work(0.0)))
    world.check(every(5.0, 1.0, unhealthy_threshold=1))
    world.env.call_later(7.0, lambda: world.instances[0].stop(linger=10.0))
    world.env.run(until=12.0)
    assert world.marks() == [(10.0 + 2 * WAY, "down", "s0")]
    served = call(world.env, world.ways[0])
    world.env.run(until=13.0)
    assert served.outcome.__class__.__name__ == "Response"


def test_what_a_given_up_probe_still_costs_goes_on() -> None:
    world = World(handler=Work(3.0))
    world.check(every(5.0, 1.0))
    world.env.run(until=4.5)
    assert world.hosts[0].statistics().work_done == pytest.approx(3.0)
