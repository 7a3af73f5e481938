"""In parallel: as long as the slowest, over at the first failure, and nothing is left behind."""

from collections.abc import Callable, Generator
from typing import Any

import pytest

from models.failures import ConnectionLost, Refused, Rejected, ServerError, TimedOut
from models.infrastructure import Host
from models.request import Request, Response
from models.services import Dependency, DependencyFailed, Instance, Work, in_parallel, in_sequence
from simulator import Environment
from tests.models.services.building import WAY, Probe, Seen, World, assert_idle, call, pause


def fan_out(world: World, *probes: Probe, **settings: Any) -> Instance:
    return world.instance(in_parallel(*map(Dependency, probes)), **settings)


def test_it_takes_as_long_as_the_slowest_and_answers_in_the_order_given() -> None:
    world = World()
    instance = fan_out(world, Probe(0.5, "a"), Probe(2.0, "b"), Probe(1.0, "c"))
    seen = call(world.env, world.remote(instance))
    world.env.run()
    assert (seen.at, seen.outcome) == (2.0 + 2 * WAY, Response(("a", "b", "c")))
    assert_idle(instance)


def test_it_is_as_old_as_the_oldest_answer() -> None:
    world = World()
    young, old = Response(1, as_of=2.0), Response(2, as_of=1.0)
    seen = [
        call(world.env, fan_out(world, *[Probe(0.0, answer) for answer in answers]))
        for answers in ([3, 4], [3, young], [young, 3, old], [old, young])
    ]
    world.env.run()
    assert [one.outcome.as_of for one in seen] == [None, 2.0, 1.0, 1.0]


def test_parallel_and_sequence_nest() -> None:
    world = World()
    inner = in_sequence(Dependency(Probe(1.0, "b")), in_parallel(Work(0.5), Dependency(Probe(2.0, "c"))))
    outer = in_parallel(Dependency(Probe(1.0, "a")), inner)
    instance = world.instance(in_sequence(Work(0.25), outer, Work(0.25)))
    seen = call(world.env, instance)
    world.env.run()
    assert (seen.at, seen.value) == (3.5, ("a", (None, "c")))
    assert_idle(instance)


def test_branches_share_the_cores_of_the_host() -> None:
    env = Environment()
    instance = Instance(env, Host(env, "small", cores=2), in_parallel(*[Work(1.0)] * 4))
    seen = call(env, instance)
    env.run()
    assert seen.at == 2.0


def test_dependencies_that_take_no_time_are_fine() -> None:
    world = World()
    seen = call(world.env, fan_out(world, Probe(0.0, 1), Probe(0.0, 2)))
    world.env.run()
    assert (seen.at, seen.value) == (0.0, (1, 2))


def test_the_first_failure_fails_it_at_once_and_cancels_the_others() -> None:
    world = World()
    slow, failing = Probe(9.0), Probe(0.5, Refused(), name="stock")
    instance = fan_out(world, slow, failing, Probe(0.25))
    seen = call(world.env, instance)
    world.env.run(until=0.6)
    assert seen.at == 0.5
    assert isinstance(seen.outcome, DependencyFailed)
    assert seen.outcome.dependency == "stock"
    assert slow.under_way == 0
    assert_idle(instance)


def test_of_failures_at_one_instant_the_first_counts() -> None:
    world = World()
    instance = fan_out(world, Probe(0.5, Refused(), name="first"), Probe(0.5, Refused(), name="second"))
    seen = call(world.env, instance)
    world.env.run()
    assert seen.outcome.dependency == "first"
    assert_idle(instance)


def test_a_failed_optional_branch_is_a_gap_and_the_others_go_on() -> None:
    world = World()
    reviews = Dependency(Probe(0.5, TimedOut()), name="reviews", required=False, fallback=0)
    partial = Dependency(Probe(0.25, Response("b", ("prices",))))
    instance = world.instance(in_parallel(reviews, Dependency(Probe(2.0, "a")), partial))
    seen = call(world.env, instance)
    world.env.run()
    assert (seen.at, seen.outcome) == (2.0, Response((0, "a", "b"), ("reviews", "prices")))
    assert_idle(instance)


def test_a_failure_of_work_in_a_branch_is_a_server_error_as_anywhere() -> None:
    world = World()

    def fail(instance: Instance, request: Request) -> Generator[Any, Any, Response]:
        yield 0.5
        raise ServerError("bad disk")

    seen = call(world.env, world.instance(in_parallel(Work(1.0), fail)))
    world.env.run()
    assert (seen.at, str(seen.outcome)) == (0.5, "bad disk")


def test_an_error_in_a_branch_stops_the_run() -> None:
    world = World()

    def broken(instance: Instance, request: Request) -> Generator[Any, Any, Response]:
        yield 0.5
        raise KeyError("oops")

    call(world.env, world.instance(in_parallel(Work(1.0), broken)))
    with pytest.raises(KeyError, match="oops"):
        world.env.run()


# -- nothing outlives the call


def by_timeout(world: World, instance: Instance) -> Seen:
    return call(world.env, instance, timeout=0.5)


def by_cancel(world: World, instance: Instance) -> Seen:
    seen = call(world.env, instance)
    world.env.call_later(0.5, seen.process.cancel)
    return seen


def by_kill(world: World, instance: Instance) -> Seen:
    seen = call(world.env, instance)
    world.env.call_later(0.5, seen.process.kill)
    return seen


def by_kill_before_it_begins(world: World, instance: Instance) -> Seen:
    seen = call(world.env, instance)
    world.env.run(until=world.env.timeout(0))
    seen.process.kill()
    return seen


def by_propagated_cancellation(world: World, instance: Instance) -> Seen:
    return call(world.env, world.remote(instance, propagate_cancellation=True), timeout=0.5)


def by_process_crash(world: World, instance: Instance) -> Seen:
    seen = call(world.env, world.remote(instance))
    world.env.call_later(0.5, instance.crash)
    return seen


def by_host_crash(world: World, instance: Instance) -> Seen:
    seen = call(world.env, world.remote(instance))
    world.env.call_later(0.5, world.server.crash)
    return seen


@pytest.mark.parametrize(
    "end",
    [
        by_timeout,
        by_cancel,
        by_kill,
        by_kill_before_it_begins,
        by_propagated_cancellation,
        by_process_crash,
        by_host_crash,
    ],
    ids=lambda end: end.__name__,
)
def test_no_branch_outlives_the_call(end: Callable[[World, Instance], Seen]) -> None:
    world = World()
    probes = [Probe(9.0), Probe(8.0)]
    work = Work(7.0)
    queued = in_parallel(*map(Dependency, probes), in_parallel(work, work))
    instance = world.instance(queued, threads=1)
    end(world, instance)
    world.env.run(until=1.0)
    assert [probe.under_way for probe in probes] == [0, 0]
    cores = world.server.statistics()
    assert (cores.running_count, cores.waiting_count) == (0, 0)
    assert instance.statistics().aborted_count == 1
    assert_idle(instance)


@pytest.mark.parametrize("delay", [0.0, 0.5])
def test_a_branch_may_crash_its_own_host(delay: float) -> None:
    world = World()
    probe = Probe(9.0)

    def crash(instance: Instance, request: Request) -> Generator[Any, Any, Response]:
        yield delay
        instance.host.crash()
        yield 1.0
        raise AssertionError("nothing runs on a dead host")

    instance = world.instance(in_parallel(Dependency(probe), crash), threads=1)
    seen = call(world.env, world.remote(instance))
    world.env.run()
    assert seen.outcome is None
    assert probe.under_way == 0
    assert_idle(instance)


def test_a_cancelled_branch_tells_those_that_it_has_called() -> None:
    world = World()
    back_end = Instance(world.env, Host(world.env, "back"), pause, threads=1, name="back")
    to_back_end = world.network.connect(world.server, back_end, propagate_cancellation=True)
    failing = Dependency(Probe(0.5, Refused()))
    instance = world.instance(in_parallel(Dependency(to_back_end), failing))
    seen = call(world.env, instance)
    world.env.run(until=0.7)
    assert seen.at == 0.5
    assert back_end.statistics().aborted_count == 1
    assert_idle(instance, back_end)


def test_a_process_crash_resets_the_callers_connection_once() -> None:
    world = World()
    instance = fan_out(world, Probe(9.0), Probe(8.0))
    seen = by_process_crash(world, instance)
    world.env.run()
    assert isinstance(seen.outcome, ConnectionLost)
    assert seen.at == 0.5 + WAY


def test_a_full_queue_starts_no_branches() -> None:
    world = World()
    probes = [Probe(1.0), Probe(2.0)]
    instance = fan_out(world, *probes, threads=1, queue_size_max=0)
    seen = [call(world.env, instance) for _ in range(2)]
    world.env.run()
    assert isinstance(seen[1].outcome, Rejected)
    assert [probe.begun for probe in probes] == [1, 1]
    assert_idle(instance)


def test_there_must_be_a_step() -> None:
    with pytest.raises(ValueError, match="in_parallel must have at least one step, got none"):
        in_parallel()
