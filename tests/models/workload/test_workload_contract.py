"""What holds for every workload: one suite, run by each member of the family."""

import gc
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from models.endpoint import FunctionEndpoint
from models.failures import Rejected
from models.request import Request, Response
from models.workload import (
    ClosedLoop,
    ConstantRate,
    OpenLoop,
    Operation,
    OperationMix,
    TraceReplay,
    Workload,
    load_trace,
)
from simulator import Environment
from simulator.randomness import Erlang, Exponential

Make = Callable[..., Workload]


def open_loop(env: Environment, target: Any, folder: Path, **settings: Any) -> Workload:
    return OpenLoop(env, target, rate=20.0, **settings)


def renewal(env: Environment, target: Any, folder: Path, **settings: Any) -> Workload:
    return OpenLoop(env, target, interarrival=Erlang(shape=2, mean=0.05), **settings)


def thinned(env: Environment, target: Any, folder: Path, **settings: Any) -> Workload:
    return OpenLoop(env, target, rate=ConstantRate(rate=20.0), **settings)


def closed_loop(env: Environment, target: Any, folder: Path, **settings: Any) -> Workload:
    return ClosedLoop(env, target, users_count=12, think_time=Exponential(mean=0.5), **settings)


def trace_replay(env: Environment, target: Any, folder: Path, **settings: Any) -> Workload:
    file = folder / "trace.log"
    lines = (
        f'h - - [17/May/2015:10:05:{n // 20:02d} +0000] "GET /{n % 7} HTTP/1.1" 200 9\n' for n in range(600)
    )
    file.write_text("".join(lines))
    return TraceReplay(env, target, load_trace(file), **settings)


@pytest.fixture(
    params=[open_loop, renewal, thinned, closed_loop, trace_replay], ids=lambda make: make.__name__
)
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    return lambda env, target, **settings: request.param(env, target, tmp_path, **settings)


def serve(request: Request) -> Generator[Any, Any, Response]:
    yield 0.1
    return Response()


def reject(request: Request) -> Generator[Any, Any, Response]:
    raise Rejected("queue")
    yield


def test_it_starts_when_it_is_made(make: Make) -> None:
    env = Environment(seed=1)
    workload = make(env, FunctionEndpoint(serve))
    env.run(until=10.0)
    assert workload.issued > 100
    assert workload.table.counts()["ok"] > 100


def test_issued_is_recorded_plus_in_flight_at_every_instant(make: Make) -> None:
    env = Environment(seed=1)
    workload = make(env, FunctionEndpoint(serve))
    in_flight = []
    for step in range(1, 60):
        env.run(until=step * 0.15)
        assert workload.issued == workload.table.issued == len(workload.table) + workload.in_flight
        in_flight.append(workload.in_flight)
    assert max(in_flight) > 0


def test_it_issues_nothing_at_or_after_until_and_the_run_drains(make: Make) -> None:
    env = Environment(seed=1)
    workload = make(env, FunctionEndpoint(serve), until=5.0)
    env.run()
    assert workload.table.columns()["start"].max() < 5.0
    assert env.now < 5.1 + 1e-9
    assert workload.table.in_flight == workload.in_flight == 0


def test_it_is_done_when_its_last_request_has_been_issued(make: Make) -> None:
    env = Environment(seed=1)
    workload = make(env, FunctionEndpoint(serve), until=5.0)
    env.run(until=workload.done)
    issued = workload.issued
    env.run()
    assert workload.issued == issued > 50


def test_it_begins_at_the_present_time(make: Make) -> None:
    env = Environment(initial_time=100.0, seed=1)
    workload = make(env, FunctionEndpoint(serve), until=105.0)
    env.run()
    starts = workload.table.columns()["start"]
    assert 100.0 <= starts.min() < 102.0
    assert starts.max() < 105.0


def test_failures_are_recorded_and_do_not_stop_it(make: Make) -> None:
    env = Environment(seed=1)
    workload = make(env, FunctionEndpoint(reject), until=5.0)
    env.run()
    assert workload.table.counts()["rejected"] == workload.issued > 50


def test_its_operations_are_named_in_the_table(make: Make) -> None:
    env = Environment(seed=1)
    workload = make(env, FunctionEndpoint(serve), until=5.0)
    env.run()
    assert list(workload.table.sample().per_operation()) == ["get"]


def test_two_can_share_a_table(make: Make) -> None:
    env = Environment(seed=1)
    target = FunctionEndpoint(serve)
    first = make(env, target, until=3.0, name="first")
    second = make(env, target, until=3.0, name="second", table=first.table)
    env.run()
    assert first.issued + second.issued == first.table.issued == len(first.table)


def test_the_same_seed_gives_the_same_requests_and_another_seed_others(make: Make) -> None:
    def starts(seed: int) -> list[float]:
        env = Environment(seed=seed)
        workload = make(env, FunctionEndpoint(serve), until=3.0)
        env.run()
        starts: list[float] = workload.table.columns()["start"].tolist()
        return starts

    assert starts(1) == starts(1)
    assert starts(1) != starts(2)


def test_another_workload_beside_it_changes_none_of_its_requests(make: Make) -> None:
    """Each owns streams named after itself."""

    def starts(*, crowded: bool) -> list[float]:
        env = Environment(seed=1)
        workload = make(env, FunctionEndpoint(serve), until=3.0)
        if crowded:
            make(env, FunctionEndpoint(serve), until=3.0, name="another")
        env.run()
        starts: list[float] = workload.table.columns()["start"].tolist()
        return starts

    assert starts(crowded=True) == starts(crowded=False)


@pytest.mark.slow
def test_requests_in_flight_survive_a_garbage_collection(make: Make) -> None:
    env = Environment(seed=1)
    released = []

    def silent(request: Request) -> Generator[Any, Any, Response]:
        try:
            yield env.event()
        finally:
            released.append(request)
        return Response()

    workload = make(env, FunctionEndpoint(silent), until=2.0)
    env.run()
    gc.collect()
    assert workload.in_flight == workload.issued > 0
    assert not released


@pytest.mark.parametrize("until", [0.0, -1.0, float("nan")])
def test_until_must_lie_in_the_future(make: Make, until: float) -> None:
    with pytest.raises(ValueError, match="until must be > 0"):
        make(Environment(seed=1), FunctionEndpoint(serve), until=until)


@pytest.mark.parametrize("mixed", [open_loop, closed_loop], ids=lambda make: make.__name__)
def test_mix_and_keys_say_what_is_asked_for(mixed: Make, tmp_path: Path) -> None:
    env = Environment(seed=1)
    seen = []

    def watch(request: Request) -> Generator[Any, Any, Response]:
        seen.append(request)
        yield 0.01
        return Response()

    mix = OperationMix(Operation(name="get"), Operation(name="put", size_bytes=500, priority=3))
    numbers = iter(range(10_000))
    workload = mixed(env, FunctionEndpoint(watch), tmp_path, mix=mix, keys=lambda: next(numbers), until=20.0)
    env.run()
    assert [request.key for request in seen] == list(range(workload.issued))
    assert {(request.operation, request.size_bytes, request.priority) for request in seen} == {
        ("get", 0, 0),
        ("put", 500, 3),
    }
    puts = workload.table.sample(operation="put")
    assert len(puts) == sum(request.operation == "put" for request in seen)
