"""Steps: work, dependencies, in sequence and by operation; times are exact, failures keep their cause."""

from collections.abc import Generator
from typing import Any

import pytest

from models.failures import BreakerOpen, Refused, Rejected, TimedOut
from models.infrastructure import Host
from models.outcome import Outcome, outcome_of
from models.request import Request, Response
from models.resilience import Timeout
from models.services import (
    Dependency,
    DependencyFailed,
    Instance,
    Pause,
    Work,
    by_operation,
    in_parallel,
    in_sequence,
)
from simulator import Environment
from simulator.randomness import Constant, Uniform
from tests.models.services.building import Probe, World, assert_idle, call, pause


def test_in_sequence_times_add_up_and_the_last_value_is_the_answer() -> None:
    world = World()
    price = Probe(0.5, "price", name="price")
    stock = Probe(0.25, "stock")
    instance = world.instance(in_sequence(Work(1.0), Dependency(stock), Dependency(price), Work(2.0)))
    seen = call(world.env, instance)
    world.env.run()
    assert (seen.at, seen.outcome) == (3.75, Response("price"))
    assert_idle(instance)


def test_in_sequence_is_as_old_as_the_oldest_answer() -> None:
    world = World()
    young, old = Probe(0.0, Response(1, as_of=2.0)), Probe(0.0, Response(as_of=1.0))
    steps = [Dependency(each) for each in (Probe(0.0, 3), young, old, young, Probe(0.0, 4))]
    seen = [call(world.env, world.instance(in_sequence(*steps[:count]))) for count in range(1, 6)]
    world.env.run()
    assert [one.outcome.as_of for one in seen] == [None, 2.0, 1.0, 1.0, 1.0]
    assert [one.value for one in seen] == [3, 1, 1, 1, 4]


def test_sequences_and_handler_functions_nest() -> None:
    world = World()
    instance = world.instance(in_sequence(pause, in_sequence(Work(0.5), pause)))
    seen = call(world.env, instance)
    world.env.run()
    assert (seen.at, seen.value) == (2.5, "done")


def test_the_thread_is_held_while_a_dependency_is_waited_for() -> None:
    world = World()
    instance = world.instance(Dependency(Probe(1.0)), threads=1)
    seen = [call(world.env, instance) for _ in range(3)]
    world.env.run()
    assert [one.at for one in seen] == [1.0, 2.0, 3.0]


def test_a_failed_required_dependency_fails_the_request_there() -> None:
    world = World()
    never = Probe(1.0)
    slow = Timeout(world.env, Probe(9.0), 0.5)
    instance = world.instance(in_sequence(Dependency(slow, name="payment"), Dependency(never)))
    seen = call(world.env, world.remote(instance))
    world.env.run()
    failure = seen.outcome
    assert isinstance(failure, DependencyFailed)
    assert seen.at == 0.75
    assert failure.dependency == "payment"
    assert isinstance(failure.failure, TimedOut)
    assert str(failure).startswith("payment: timed out (")
    assert never.begun == 0
    assert_idle(instance)


@pytest.mark.parametrize(
    ("failure", "text"),
    [
        (TimedOut(), "stock: timed out"),
        (Refused("stock-1 is not listening"), "stock: refused (stock-1 is not listening)"),
        (BreakerOpen("stock breaker"), "stock: breaker open (stock breaker)"),
        (Rejected("stock-1", "queue full"), "stock: rejected (rejected by stock-1: queue full)"),
        (DependencyFailed("disk", TimedOut()), "stock: server error (disk: timed out)"),
    ],
)
def test_a_failure_says_what_failed_and_is_a_server_error_to_everybody(failure: Any, text: str) -> None:
    outer = DependencyFailed("stock", failure)
    assert str(outer) == text
    assert outcome_of(outer) is Outcome.SERVER_ERROR


def test_a_failed_optional_dependency_leaves_a_gap_that_is_named() -> None:
    world = World()
    reviews = Dependency(Probe(0.5, TimedOut()), name="reviews", required=False, fallback="none yet")
    adverts = Dependency(Probe(0.25, Refused()), name="adverts", required=False)
    instance = world.instance(in_sequence(Dependency(Probe(1.0, "page")), reviews, adverts))
    seen = call(world.env, instance)
    world.env.run()
    assert (seen.at, seen.outcome) == (1.75, Response("none yet", ("reviews", "adverts")))
    assert instance.statistics().degraded_count == 1
    assert_idle(instance)


def test_an_optional_dependency_that_answers_leaves_no_gap() -> None:
    world = World()
    seen = call(world.env, world.instance(Dependency(Probe(0.5, "stars"), required=False, fallback="none")))
    world.env.run()
    assert seen.outcome == Response("stars")


def test_what_a_dependency_lacks_is_lacking_here_too() -> None:
    world = World()
    partial = Probe(0.5, Response("page", ("reviews",)))
    seen = call(world.env, world.instance(in_sequence(Dependency(partial), Work(0.5))))
    world.env.run()
    assert seen.outcome == Response("page", ("reviews",))


def test_an_optional_dependency_does_not_hide_an_error_or_a_deadline() -> None:
    world = World()
    seen = call(world.env, world.instance(Dependency(Probe(5.0), required=False)), timeout=0.5)
    world.env.run()
    assert isinstance(seen.outcome, TimedOut)

    def broken(request: Request) -> Generator[Any, Any, Response]:
        yield 0.5
        raise ZeroDivisionError

    probe = Probe(0.0)
    probe.function = broken
    call(world.env, world.instance(Dependency(probe, required=False)))
    with pytest.raises(ZeroDivisionError):
        world.env.run()


def test_a_dependency_may_be_asked_something_else() -> None:
    world = World()
    asked = []

    def note(request: Request) -> Generator[Any, Any, str]:
        asked.append(request)
        yield 0.5
        return "ok"

    probe = Probe(0.0)
    probe.function = note
    charge = Dependency(probe, ask=lambda request: Request("charge", key=request.key))
    call(world.env, world.instance(in_sequence(Dependency(probe), charge)), Request("buy", key=7))
    world.env.run()
    assert asked == [Request("buy", key=7), Request("charge", key=7)]


def test_each_operation_has_its_own_step() -> None:
    world = World()
    steps = by_operation({"buy": in_sequence(Work(1.0), Work(1.0)), "look": Work(0.5)}, otherwise=Work(0.25))
    instance = world.instance(steps)
    seen = [call(world.env, instance, Request(operation)) for operation in ("buy", "look", "GET /")]
    world.env.run()
    assert [one.at for one in seen] == [2.0, 0.5, 0.25]


def test_an_operation_without_a_step_stops_the_run() -> None:
    world = World()
    call(world.env, world.instance(by_operation({"buy": Work(1.0)})), Request("sell"))
    with pytest.raises(ValueError, match="operation must be one of buy for server-1, got 'sell'"):
        world.env.run()


def test_one_step_may_serve_several_instances() -> None:
    world = World(seed=1)
    step = in_sequence(Work(0.5), Dependency(Probe(0.5, "ok")))
    instances = [Instance(world.env, world.server, step, name=name) for name in ("one", "two")]
    seen = [call(world.env, instance) for instance in instances]
    world.env.run()
    assert [(one.at, one.value) for one in seen] == [(1.0, "ok")] * 2
    assert_idle(*instances)


@pytest.mark.parametrize("make", [in_sequence, lambda: by_operation({})], ids=["in_sequence", "by_operation"])
def test_there_must_be_a_step(make: Any) -> None:
    with pytest.raises(ValueError, match="must have at least one step, got none"):
        make()


def test_a_step_must_be_one() -> None:
    with pytest.raises(TypeError, match=r"a step of in_sequence must be a Step or .*, got 0"):
        in_sequence(Work(1.0), 0.5)  # type: ignore[arg-type]


def test_a_dependency_takes_only_what_can_act() -> None:
    with pytest.raises(ValueError, match="fallback must be None for a required dependency, got 'x'"):
        Dependency(Probe(1.0), fallback="x")
    with pytest.raises(TypeError, match="endpoint must be an Endpoint, got 'stock'"):
        Dependency("stock")  # type: ignore[arg-type]


def test_pause_holds_a_thread_and_no_core() -> None:
    env = Environment()
    host = Host(env, "host")
    instance = Instance(env, host, Pause(Constant(2.0)), threads=2)
    ends = []

    def ask() -> Generator[Any, Any, None]:
        yield from instance.call(Request())
        ends.append(env.now)

    for _ in range(3):
        env.process(ask())
    env.run()
    assert ends == [2.0, 2.0, 4.0]
    assert host.statistics().busy_time == 0.0


@pytest.mark.parametrize("duration", [1.0, Uniform(-1.0, 1.0)])
def test_pause_of_no_duration_is_refused(duration: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="duration must be"):
        Pause(duration)


def test_an_answer_weighs_what_the_last_answer_with_a_weight_weighs() -> None:
    world = World()

    def page(instance: Instance, request: Request) -> Generator[Any, Any, Response]:
        yield from ()
        return Response("page", size_bytes=40_000)

    def no_body(instance: Instance, request: Request) -> Generator[Any, Any, Response]:
        yield from ()
        return Response(size_bytes=5)

    instance = world.instance(in_sequence(Work(0.5), page, Work(0.5)))
    seen = call(world.env, instance)
    last = call(world.env, world.instance(in_sequence(page, in_sequence(no_body, Work(0.5)))))
    world.env.run()
    assert seen.outcome == Response("page", size_bytes=40_000)
    assert last.outcome == Response("page", size_bytes=5)
    both = call(world.env, world.instance(in_parallel(page, page, no_body)))
    world.env.run()
    assert both.outcome == Response(("page", "page", None), size_bytes=80_005)
