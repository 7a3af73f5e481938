"""An instance: exact times, a bounded queue, and threads that come back whatever happens."""

from collections.abc import Generator
from typing import Any

import pytest

from models.failures import ConnectionLost, Refused, Rejected, ServerError, TimedOut, Unavailable
from models.infrastructure import Host
from models.request import Request, Response
from models.resilience import ConstantBackoff, Retry, Timeout
from models.services import DependencyFailed, Handler, Instance, Work
from models.workload import Client
from simulator import Environment
from simulator.randomness import Constant, Exponential, Uniform
from tests.models.services.building import WAY, Probe, World, assert_idle, call, pause


@pytest.fixture(params=["direct", "remote"])
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def reached(world: World, instance: Instance, way: str) -> Any:
    return instance if way == "direct" else world.remote(instance)


def both_ways(way: str) -> float:
    return 0.0 if way == "direct" else 2 * WAY


def test_work_takes_its_demand_on_a_core(way: str) -> None:
    world = World()
    instance = world.instance(Work(1.0))
    seen = call(world.env, reached(world, instance, way))
    world.env.run()
    assert seen.at == 1.0 + both_ways(way)
    assert seen.outcome == Response()
    assert world.server.statistics().work_done == 1.0
    assert_idle(instance)


def test_calls_beyond_the_threads_wait_and_beyond_the_queue_are_rejected(way: str) -> None:
    world = World()
    instance = world.instance(pause, threads=1, queue_size_max=2)
    seen = [call(world.env, reached(world, instance, way)) for _ in range(5)]
    world.env.run(until=0.5)
    assert instance.statistics().in_service_count == 1
    assert instance.statistics().waiting_count == 2
    world.env.run()
    assert [one.at for one in seen] == [time + both_ways(way) for time in (1.0, 2.0, 3.0, 0.0, 0.0)]
    rejection = seen[4].outcome
    assert isinstance(rejection, Rejected)
    assert (rejection.by, rejection.reason) == ("server-1", "queue full")
    statistics = instance.statistics()
    assert (statistics.call_count, statistics.completed_count, statistics.rejected_count) == (5, 3, 2)
    assert (statistics.waited_count, statistics.waiting_time) == (2, 3.0)
    assert_idle(instance)


def test_what_is_at_an_instance_now_can_be_asked_without_the_rest_of_its_statistics() -> None:
    world = World()
    instance = world.instance(pause, threads=2)
    for _ in range(5):
        call(world.env, instance)
    seen = []
    for time in (0.5, 1.5, 2.5, 3.5):
        world.env.run(until=time)
        statistics = instance.statistics()
        assert (statistics.in_service_count, statistics.waiting_count) == (
            instance.in_service_count,
            instance.waiting_count,
        )
        seen.append((instance.in_service_count, instance.waiting_count))
    assert seen == [(2, 3), (2, 1), (1, 0), (0, 0)]
    assert instance.thread_count == 2


@pytest.mark.parametrize("outside", [False, True], ids=["the call", "the whole caller"])
def test_what_is_given_up_gives_its_thread_back(outside: bool) -> None:
    world = World()
    instance = world.instance(pause, threads=1, queue_size_max=1)
    if outside:
        first, queued = call(world.env, instance), call(world.env, instance)
        world.env.call_later(0.25, queued.process.cancel)
        world.env.call_later(0.5, first.process.cancel)
    else:
        first, queued = call(world.env, instance, timeout=0.5), call(world.env, instance, timeout=0.25)
    world.env.run(until=0.75)
    assert_idle(instance)
    assert instance.statistics().aborted_count == 2
    again = call(world.env, instance)
    world.env.run()
    assert again.at == 1.75
    assert first.outcome is None or isinstance(first.outcome, TimedOut)


def test_a_killed_caller_takes_its_call_with_it_at_once() -> None:
    world = World()
    instance = world.instance(pause, threads=1, queue_size_max=1)
    seen = [call(world.env, instance), call(world.env, instance)]
    world.env.run(until=0.5)
    for one in seen:
        one.process.kill()
    assert_idle(instance)


def test_a_remote_caller_that_gives_up_does_not_stop_the_work() -> None:
    world = World()
    instance = world.instance(pause)
    seen = call(world.env, world.remote(instance), timeout=0.5)
    world.env.run()
    assert isinstance(seen.outcome, TimedOut)
    assert seen.at == 0.5
    assert instance.statistics().completed_count == 1
    assert_idle(instance)


def test_a_propagated_cancellation_stops_the_work() -> None:
    world = World()
    instance = world.instance(pause, threads=1)
    call(world.env, world.remote(instance, propagate_cancellation=True), timeout=0.5)
    world.env.run()
    assert instance.statistics().aborted_count == 1
    assert_idle(instance)


def test_a_retry_finds_the_thread_free_that_the_timeout_has_taken_away() -> None:
    world = World(seed=1)
    instance = world.instance(pause, threads=1, queue_size_max=0)
    at_once = ConstantBackoff(delay=0.0)
    seen = call(world.env, Retry(world.env, Timeout(world.env, instance, 0.25), 3, backoff=at_once))
    world.env.run()
    assert isinstance(seen.outcome, TimedOut)
    assert seen.at == 0.75
    assert instance.statistics().rejected_count == 0
    assert_idle(instance)


# -- crashes


def test_a_crash_of_the_process_is_a_lost_connection_and_then_refused(way: str) -> None:
    world = World()
    instance = world.instance(pause, threads=1, queue_size_max=5)
    served, queued = (call(world.env, reached(world, instance, way)) for _ in range(2))
    world.env.call_later(0.5, instance.crash)
    world.env.run(until=0.75)
    late = call(world.env, reached(world, instance, way))
    world.env.run()
    for seen in (served, queued):
        assert isinstance(seen.outcome, ConnectionLost)
        assert seen.at == 0.5 + both_ways(way) / 2
    assert isinstance(late.outcome, Refused)
    assert late.at == 0.75 + both_ways(way)
    assert instance.statistics().aborted_count == 2
    assert_idle(instance)


def test_a_crash_of_the_host_is_silence_and_so_is_a_host_that_is_down(way: str) -> None:
    world = World()
    instance = world.instance(pause, threads=1, queue_size_max=5)
    seen = [call(world.env, reached(world, instance, way)) for _ in range(2)]
    world.env.call_later(0.5, world.server.crash)
    world.env.run(until=0.75)
    seen.append(call(world.env, reached(world, instance, way)))
    world.env.run(until=1.0)
    world.server.restart()
    world.env.run()
    assert [one.outcome for one in seen] == [None] * 3
    assert instance.statistics().aborted_count == 2
    assert_idle(instance)


def test_a_restarted_instance_serves_again_with_all_its_threads(way: str) -> None:
    world = World()
    instance = world.instance(pause, threads=2, queue_size_max=1)
    for _ in range(3):
        call(world.env, reached(world, instance, way))
    world.env.call_later(0.5, instance.crash)
    world.env.call_later(1.0, instance.restart)
    world.env.run(until=2.0)
    seen = [call(world.env, reached(world, instance, way)) for _ in range(2)]
    world.env.run()
    assert [one.at for one in seen] == [3.0 + both_ways(way)] * 2
    assert_idle(instance)


def test_a_timeout_gets_a_caller_out_of_the_silence_of_a_dead_host() -> None:
    world = World()
    instance = world.instance(pause)
    world.server.crash()
    seen = call(world.env, instance, timeout=0.5)
    world.env.run()
    assert isinstance(seen.outcome, TimedOut)


def test_only_the_crashed_one_of_two_instances_on_a_host_is_hurt() -> None:
    world = World()
    first = Instance(world.env, world.server, pause, name="first")
    second = Instance(world.env, world.server, pause, name="second")
    seen = [call(world.env, world.remote(one)) for one in (first, second)]
    world.env.call_later(0.5, first.crash)
    world.env.run()
    assert isinstance(seen[0].outcome, ConnectionLost)
    assert seen[1].value == "done"


def test_a_crash_reaches_what_was_called_through_a_wrapper_on_the_server() -> None:
    world = World()
    instance = world.instance(pause)
    limited = Timeout(world.env, instance, 10.0)
    seen = call(world.env, world.network.connect(world.client, limited, host=world.server))
    world.env.call_later(0.5, instance.crash)
    world.env.run()
    assert isinstance(seen.outcome, ConnectionLost)
    assert seen.at == 0.5 + WAY
    assert_idle(instance)


@pytest.mark.parametrize("part", ["host", "process"])
def test_what_crashes_itself_answers_nobody(part: str, way: str) -> None:
    world = World()

    def crash(instance: Instance, request: Request) -> Generator[Any, Any, Response]:
        yield 0.5
        if part == "host":
            instance.host.crash()
        else:
            instance.crash()
        return Response("from beyond the grave")

    instance = world.instance(crash, threads=1)
    seen = call(world.env, reached(world, instance, way))
    world.env.run()
    if part == "host":
        assert seen.outcome is None
    else:
        assert isinstance(seen.outcome, ConnectionLost)
        assert seen.at == 0.5 + both_ways(way)
    assert_idle(instance)


# -- state


def visit(instance: Instance, request: Request) -> Generator[Any, Any, int]:
    yield 0.25
    visits: int = instance.state.get("visits", 0) + 1
    instance.state["visits"] = visits
    return visits


def visits(world: World, instance: Instance) -> int:
    seen = call(world.env, instance)
    world.env.run()
    value: int = seen.value
    return value


def test_state_is_kept_between_calls_and_lost_at_a_restart_of_the_process() -> None:
    world = World()
    instance = world.instance(visit)
    assert [visits(world, instance) for _ in range(2)] == [1, 2]
    instance.crash()
    instance.restart()
    assert visits(world, instance) == 1


def test_the_host_itself_may_restart_the_process() -> None:
    world = World()
    instance = world.instance(visit)
    assert visits(world, instance) == 1
    world.server.crash_process(instance)
    world.server.restart_process(instance)
    assert visits(world, instance) == 1


@pytest.mark.parametrize("process_down", [False, True])
def test_a_restart_of_the_host_resets_each_instance_once(process_down: bool) -> None:
    world = World()
    instance = world.instance(visit, make_state=lambda: {"visits": 10})
    starts = []
    instance.on_restart(lambda: starts.append((world.env.now, dict(instance.state))))
    assert visits(world, instance) == 11
    if process_down:
        instance.crash()
    world.server.crash()
    world.server.restart()
    world.env.run()
    assert starts == [(0.25, {"visits": 10})]
    assert instance.is_listening
    assert visits(world, instance) == 11


def test_crash_and_restart_come_in_pairs() -> None:
    world = World()
    instance = world.instance(pause)
    with pytest.raises(RuntimeError, match="is up already"):
        instance.restart()
    instance.crash()
    assert not instance.is_listening
    with pytest.raises(RuntimeError, match="is down already"):
        instance.crash()


# -- failures


@pytest.mark.parametrize("inner", [TimedOut("late"), Refused(), Unavailable("no quorum"), Rejected("other")])
def test_a_failure_that_leaves_a_handler_is_a_server_error_with_its_cause(inner: Any, way: str) -> None:
    world = World()
    probe = Probe(0.5, inner)

    def ask(instance: Instance, request: Request) -> Generator[Any, Any, Response]:
        return (yield from probe.call(request))

    instance = world.instance(ask)
    seen = call(world.env, reached(world, instance, way))
    world.env.run()
    failure = seen.outcome
    assert isinstance(failure, DependencyFailed)
    assert isinstance(failure, ServerError)
    assert failure.failure is failure.__cause__ is inner
    assert seen.at == 0.5 + both_ways(way)
    assert instance.statistics().failed_count == 1
    assert_idle(instance)


def test_a_server_error_and_its_own_rejection_pass_as_they_are() -> None:
    world = World()
    failures = [ServerError("disk full"), Rejected("server-1", "shed")]
    pending = iter(failures)

    def fail(instance: Instance, request: Request) -> Generator[Any, Any, Response]:
        yield 0.5
        raise next(pending)

    instance = world.instance(fail)
    seen = [call(world.env, instance) for _ in failures]
    world.env.run()
    assert [one.outcome for one in seen] == failures
    statistics = instance.statistics()
    assert (statistics.failed_count, statistics.rejected_count) == (1, 1)
    assert_idle(instance)


def test_an_error_in_a_handler_stops_the_run(way: str) -> None:
    world = World()

    def broken(instance: Instance, request: Request) -> Generator[Any, Any, Response]:
        yield 0.5
        raise KeyError("oops")

    call(world.env, reached(world, world.instance(broken), way))
    with pytest.raises(KeyError, match="oops"):
        world.env.run()


def test_any_value_becomes_a_response_and_a_degraded_one_is_counted() -> None:
    world = World()
    answers: list[Any] = ["plain", None, Response("page", ("reviews",))]
    pending = iter(answers)

    def answer(instance: Instance, request: Request) -> Generator[Any, Any, Any]:
        yield 0.5
        return next(pending)

    instance = world.instance(answer)
    seen = [call(world.env, instance) for _ in answers]
    world.env.run()
    assert [one.outcome for one in seen] == [Response("plain"), Response(), answers[2]]
    assert (instance.statistics().completed_count, instance.statistics().degraded_count) == (3, 1)


# -- draws and settings


def test_demand_is_drawn_from_the_instances_own_stream() -> None:
    def ends(*, others: int) -> float | None:
        world = World(seed=7)
        for number in range(others):
            other = Instance(world.env, world.client, Work(Exponential(1.0)), name=f"other-{number}")
            call(world.env, other)
        seen = call(world.env, world.instance(Work(Exponential(1.0))))
        world.env.run()
        return seen.at

    assert ends(others=0) == ends(others=3)


def test_a_constant_demand_needs_no_seed_and_a_random_one_does() -> None:
    world = World(seed=None)
    seen = call(world.env, world.instance(Work(Constant(1.0))))
    world.env.run()
    assert seen.at == 1.0
    with pytest.raises(ValueError, match="a random stream needs a seed"):
        world.instance(Work(Exponential(1.0)))


@pytest.mark.parametrize("demand", [-1.0, float("inf"), float("nan"), Uniform(-1.0, 1.0)])
def test_demand_must_not_be_negative(demand: Any) -> None:
    with pytest.raises(ValueError, match=r"demand must be .*>= 0 s, got"):
        Work(demand)


@pytest.mark.parametrize("threads", [0, -1, 1.5, True])
def test_threads_must_be_a_whole_number(threads: Any) -> None:
    with pytest.raises(ValueError, match="threads must be a whole number >= 1, got"):
        World().instance(pause, threads=threads)


def test_a_handler_must_be_a_step_or_a_function() -> None:
    with pytest.raises(TypeError, match="handler must be a Step or a generator function, got 7"):
        World().instance(7)


def test_host_and_instance_must_live_in_one_environment() -> None:
    with pytest.raises(ValueError, match="must belong to the same environment"):
        Instance(Environment(), Host(Environment(), "elsewhere"), pause)


def test_a_handler_that_is_no_generator_is_named() -> None:
    env = Environment()
    plain = Instance(env, Host(env, "host"), lambda instance, request: None, name="plain")  # type: ignore[arg-type,return-value]
    env.process(plain.call(Request()))
    with pytest.raises(TypeError, match="handler of 'plain' must be a generator function"):
        env.run()


def test_interposed_handlers_stand_around_the_own_one_until_withdrawn() -> None:
    env = Environment()
    host = Host(env, "host")
    instance = Instance(env, host, lambda instance, request: iter([1.0]), name="bank-1")
    client = Client(env, instance)

    def fails(handler: Handler) -> Handler:
        def handle(instance: Instance, request: Request) -> Generator[Any, Any, Any]:
            yield 0.25
            raise ServerError("burst")

        return handle

    def late(handler: Handler) -> Handler:
        def handle(instance: Instance, request: Request) -> Generator[Any, Any, Any]:
            yield 5.0
            return (yield from handler(instance, request))

        return handle

    instance.interpose("errors", fails)
    instance.interpose("delay", late)
    client.issue(Request())
    env.run(until=1.0)
    instance.withdraw("errors")
    client.issue(Request())
    env.run(until=2.0)
    instance.withdraw("delay")
    client.issue(Request())
    env.run()
    columns = client.table.columns()
    assert list(columns["end"]) == [3.0, 5.25, 7.0]
    assert client.table.counts()["server_error"] == 1
    with pytest.raises(ValueError, match="interposed by others only, not by delay"):
        instance.withdraw("delay")
