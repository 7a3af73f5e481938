"""The recorder writes down what clients ask and are told, and changes nothing."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from functools import partial
from math import inf
from typing import Any

import pytest

from models import (
    BreakerOpen,
    CallFailed,
    ConnectionLost,
    Endpoint,
    FunctionEndpoint,
    Refused,
    Rejected,
    Request,
    Response,
    ServerError,
    TimedOut,
    Unavailable,
)
from models.consistency import Ending, HistoryRecorder
from models.replication import append, read, write
from models.resilience import Retry, Timeout
from models.resilience.hedging import Hedge
from simulator import Environment


def answering(delay: float, value: Any = None, failure: type[CallFailed] | None = None) -> Endpoint:
    def call(request: Request) -> Generator[float, None, Response]:
        yield delay
        if failure is not None:
            raise failure("store")
        return Response(value)

    return FunctionEndpoint(call)


def asking(client: Endpoint, *requests: Request) -> Generator[Any, Any, None]:
    for request in requests:
        with suppress(CallFailed):
            yield from client.call(request)


def test_operation_has_what_was_asked_and_told_and_when() -> None:
    env = Environment(seed=1)
    recorder = HistoryRecorder(env)
    client = recorder.around(answering(2.0, 7), site="zone-a")
    env.process(asking(client, read("x")))
    env.run(until=5)
    (operation,) = recorder.history()
    assert (operation.kind, operation.key, operation.value, operation.result) == ("read", "x", None, 7)
    assert (operation.invoked_at, operation.ended_at, operation.ending) == (0.0, 2.0, Ending.OK)
    assert (operation.site, operation.process, operation.session) == ("zone-a", 0, 0)


@pytest.mark.parametrize(
    ("request_", "failure", "ending"),
    [
        (write("x", 1), Unavailable, Ending.FAILED),
        (write("x", 1), Refused, Ending.FAILED),
        (write("x", 1), Rejected, Ending.FAILED),
        (write("x", 1), BreakerOpen, Ending.FAILED),
        (write("x", 1), TimedOut, Ending.UNKNOWN),
        (write("x", 1), ConnectionLost, Ending.UNKNOWN),
        (write("x", 1), ServerError, Ending.UNKNOWN),
        (read("x"), TimedOut, Ending.FAILED),
    ],
)
def test_ending_is_what_a_client_may_conclude(
    request_: Request, failure: type[CallFailed], ending: Ending
) -> None:
    env = Environment(seed=1)
    recorder = HistoryRecorder(env)
    env.process(asking(recorder.around(answering(1.0, failure=failure)), request_))
    env.run(until=5)
    (operation,) = recorder.history()
    assert operation.ending is ending
    assert operation.ended_at == (inf if ending is Ending.UNKNOWN else 1.0)


def test_process_of_unknown_ending_is_not_used_again_and_others_are() -> None:
    env = Environment(seed=1)
    recorder = HistoryRecorder(env)
    env.process(asking(recorder.around(answering(1.0, failure=TimedOut)), write("x", 1), write("x", 2)))
    env.run(until=5)
    assert [each.process for each in recorder.history()] == [0, 1]
    assert {each.session for each in recorder.history()} == {0}


def test_call_that_is_cut_short_has_an_ending_too() -> None:
    env = Environment(seed=1)
    recorder = HistoryRecorder(env)
    client = recorder.around(answering(10.0))

    def impatient() -> Generator[Any, Any, None]:
        for request in (read("x"), write("x", 1)):
            with env.move_on_after(1.0):
                yield from client.call(request)

    env.process(impatient())
    env.run(until=5)
    assert [(each.process, each.ending) for each in recorder.history()] == [
        (0, Ending.FAILED),
        (0, Ending.UNKNOWN),
    ]


def test_clients_share_no_process() -> None:
    """A process that one client has left is not taken by another, who has not seen the same."""
    env = Environment(seed=1)
    recorder = HistoryRecorder(env)
    first, second = recorder.around(answering(1.0)), recorder.around(answering(1.0))

    def one_after_the_other() -> Generator[Any, Any, None]:
        yield from asking(first, write("x", 1))
        yield from asking(second, read("x"))
        yield from asking(first, read("x"))

    env.process(one_after_the_other())
    env.run(until=9)
    assert [(each.process, each.session) for each in recorder.history()] == [(0, 0), (1, 1), (0, 0)]


def test_what_happens_at_one_instant_has_an_order() -> None:
    env = Environment(seed=1)
    recorder = HistoryRecorder(env)
    env.process(asking(recorder.around(answering(1.0)), write("x", 1), read("x")))
    env.run(until=9)
    first, second = recorder.history()
    assert first.ended_at == second.invoked_at == 1.0
    assert first.invoked_order < first.ended_order < second.invoked_order < second.ended_order


def test_operation_under_way_is_unknown() -> None:
    env = Environment(seed=1)
    recorder = HistoryRecorder(env)
    env.process(asking(recorder.around(answering(10.0)), append("x", 1)))
    env.run(until=5)
    (operation,) = recorder.history()
    assert (operation.ending, operation.ended_at) == (Ending.UNKNOWN, inf)


def test_list_is_written_down_as_it_was_told() -> None:
    env = Environment(seed=1)
    recorder = HistoryRecorder(env)
    held = [1]
    env.process(asking(recorder.around(answering(1.0, held)), read("x")))
    env.run(until=5)
    held.append(2)
    assert recorder.history()[0].result == (1,)


@pytest.mark.parametrize("outermost", [Retry, partial(Hedge, after=0.1)])
def test_refusal_says_nothing_of_the_attempts_before_it(outermost: Any) -> None:
    env = Environment(seed=1)
    failures = iter([TimedOut, Unavailable, Unavailable])

    def call(request: Request) -> Generator[float, None, Response]:
        yield 0.5
        raise next(failures)("store")

    recorder = HistoryRecorder(env)
    again = outermost(env, Timeout(env, FunctionEndpoint(call), 1.0))
    env.process(asking(recorder.around(Timeout(env, again, 9.0)), write("x", 1)))
    env.run()
    (operation,) = recorder.history()
    assert operation.ending is Ending.UNKNOWN


def test_retry_around_the_recorder_makes_an_operation_of_each_attempt() -> None:
    env = Environment(seed=1)
    recorder = HistoryRecorder(env)
    client = Retry(env, recorder.around(answering(1.0, failure=Unavailable)), 2)
    env.process(asking(client, write("x", 1)))
    env.run()
    assert [each.ending for each in recorder.history()] == [Ending.FAILED, Ending.FAILED]
