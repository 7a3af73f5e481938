"""Observers of calls: a row for each end, the gauge always in step, nothing changed."""

from collections.abc import Generator
from typing import Any

import pytest

from models import FunctionEndpoint, Host, Rejected, Request, Response
from models.observers import RecordedCalls, recorded
from models.services import Instance, Work, in_sequence
from models.workload import request_table
from simulator import CallFailed, Environment, Gauge


def calling(env: Environment, recorder: RecordedCalls) -> Generator[Any, Any, Any]:
    try:
        return (yield from recorder.call(Request()))
    except CallFailed as failure:
        return failure


def test_an_answer_and_a_failure_have_a_row_each_and_pass_unchanged() -> None:
    env = Environment()
    table = request_table()

    def answer(request: Request) -> Generator[Any, Any, Response]:
        yield 0.5
        return Response("hello", ("stock",))

    def reject(request: Request) -> Generator[Any, Any, Response]:
        yield 0.25
        raise Rejected("pool")

    answered = env.process(calling(env, RecordedCalls(env, FunctionEndpoint(answer), table)))
    failed = env.process(calling(env, RecordedCalls(env, FunctionEndpoint(reject), table)))
    env.run()
    assert answered.value == Response("hello", ("stock",))
    assert isinstance(failed.value, Rejected)
    assert {name: count for name, count in table.counts().items() if count} == {"degraded": 1, "rejected": 1}
    assert sorted(table.latencies().tolist()) == [0.25, 0.5]


def test_a_cancelled_call_is_recorded_and_leaves_the_gauge() -> None:
    env = Environment()
    table, under_way = request_table(), Gauge(env)

    def never(request: Request) -> Generator[Any, Any, Response]:
        yield 100.0
        return Response()

    process = env.process(
        calling(env, RecordedCalls(env, FunctionEndpoint(never), table, under_way)), "caller"
    )
    env.run(until=1.0)
    assert (under_way.value, table.in_flight) == (1, 1)
    process.cancel()
    env.run(until=2.0)
    assert (under_way.value, table.in_flight) == (0, 0)
    assert table.counts()["cancelled"] == 1


def test_a_recorded_step_keeps_its_time_apart_from_the_queue() -> None:
    env = Environment()
    host = Host(env, "web")
    table = request_table()
    instance = Instance(env, host, recorded(Work(1.0), table), threads=1)
    for _ in range(3):
        env.process(instance.call(Request()))
    env.run()
    assert table.latencies().tolist() == pytest.approx([1.0, 1.0, 1.0])
    assert table.columns()["end"].tolist() == pytest.approx([1.0, 2.0, 3.0])


def test_a_recorded_step_whose_answer_lacks_something_is_degraded() -> None:
    env = Environment()
    table = request_table()

    def handler(instance: Instance, request: Request) -> Generator[Any, Any, Response]:
        yield 1.0
        return Response("page", ("reviews",))

    instance = Instance(env, Host(env, "web"), recorded(in_sequence(handler), table))
    env.process(instance.call(Request()))
    env.run()
    assert {name: count for name, count in table.counts().items() if count} == {"degraded": 1}


def test_killed_call_ends_as_cancelled_also_inside_the_server() -> None:
    env = Environment()
    host = Host(env, "web")
    inside, outside = request_table(), request_table()
    instance = Instance(env, host, recorded(Work(10.0), inside))
    caller = env.process(calling(env, RecordedCalls(env, instance, outside)))
    env.call_later(1.0, caller.kill)
    env.run()
    assert inside.counts()["cancelled"] == outside.counts()["cancelled"] == 1
    assert list(inside.columns()["end"]) == list(outside.columns()["end"]) == [1.0]
    assert inside.in_flight == outside.in_flight == 0
