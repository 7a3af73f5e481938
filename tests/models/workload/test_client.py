"""The client: one row per request, however it ends; issued = recorded + in flight."""

import gc
import weakref
from collections.abc import Callable, Generator
from typing import Any

import pytest

from models.endpoint import Endpoint, FunctionEndpoint
from models.failures import (
    BreakerOpen,
    CallFailed,
    ConnectionLost,
    Refused,
    Rejected,
    ServerError,
    Unavailable,
)
from models.request import Request, Response
from models.workload import Client
from simulator import PARKED, Environment, TimedOut

Handler = Callable[[Request], Generator[Any, Any, Any]]


def answering_after(delay: float, response: Response | None = None) -> Endpoint:
    def handler(request: Request) -> Generator[Any, Any, Response]:
        yield delay
        return response or Response()

    return FunctionEndpoint(handler)


def failing_with(failure: Exception) -> Endpoint:
    def handler(request: Request) -> Generator[Any, Any, Response]:
        yield 0.5
        raise failure

    return FunctionEndpoint(handler)


def only_outcome(client: Client) -> str:
    (name,) = [name for name, count in client.table.counts().items() if count]
    return name


def test_an_answered_request_is_one_row_with_start_end_operation_and_outcome() -> None:
    env = Environment(initial_time=3.0)
    client = Client(env, answering_after(1.0))
    client.issue(Request("put"), client.table.operation("put"))
    env.run()
    sample = client.table.sample(outcome="ok", operation="put")
    assert (sample.start.tolist(), sample.end.tolist()) == ([3.0], [4.0])
    assert client.issued == client.table.issued == 1


def test_a_rejection_is_counted_by_the_part_that_rejected() -> None:
    env = Environment()
    parts = iter(["queue", "bulkhead", "queue"])

    def reject(request: Request) -> Generator[Any, Any, Response]:
        yield 0.5
        raise Rejected(next(parts))

    client = Client(env, FunctionEndpoint(reject))
    for _ in range(3):
        client.issue(Request())
    env.run()
    assert client.rejected_by == {"queue": 2, "bulkhead": 1}
    assert client.table.counts()["rejected"] == 3


def test_an_answer_with_parts_missing_is_degraded() -> None:
    env = Environment()
    client = Client(env, answering_after(1.0, Response(degraded=("reviews",))))
    client.issue(Request())
    env.run()
    assert only_outcome(client) == "degraded"
    assert client.table.availability() == 1.0


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [
        (TimedOut(), "timed_out"),
        (Refused(), "refused"),
        (Rejected("queue"), "rejected"),
        (BreakerOpen("shop"), "breaker_open"),
        (Unavailable(), "unavailable"),
        (ServerError(), "server_error"),
        (ConnectionLost(), "unknown"),
        (CallFailed(), "unknown"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_a_failed_request_is_recorded_by_how_it_failed(failure: Exception, outcome: str) -> None:
    env = Environment()
    client = Client(env, failing_with(failure))
    client.issue(Request())
    env.run()
    assert only_outcome(client) == outcome
    assert client.table.latencies().tolist() == [0.5]


def test_an_error_in_the_models_code_stops_the_run_and_is_no_outcome() -> None:
    env = Environment()
    client = Client(env, failing_with(KeyError("typo")))
    client.issue(Request())
    with pytest.raises(KeyError, match="typo"):
        env.run()
    assert (len(client.table), client.table.in_flight) == (0, 1)


@pytest.mark.parametrize("how", ["cancel", "kill"])
@pytest.mark.parametrize("at", [0.25, 0.5])
def test_a_request_cut_short_is_recorded_cancelled_exactly_once_and_at_once(how: str, at: float) -> None:
    env = Environment()
    client = Client(env, answering_after(1.0))
    process = client.issue(Request())
    env.call_later(at, getattr(process, how))
    env.run(until=at + 0.001)
    assert only_outcome(client) == "cancelled"
    assert client.table.columns()["end"].tolist() == [at]
    assert (client.table.in_flight, client.in_flight) == (0, 0)
    env.run()
    assert len(client.table) == 1


@pytest.mark.parametrize("how", ["cancel", "kill"])
def test_ending_an_answered_request_changes_nothing(how: str) -> None:
    env = Environment()
    client = Client(env, answering_after(1.0))
    process = client.issue(Request())
    env.run()
    getattr(process, how)()
    env.run()
    assert only_outcome(client) == "ok"
    assert len(client.table) == 1


def test_a_request_killed_before_it_was_sent_was_never_issued() -> None:
    env = Environment()
    client = Client(env, answering_after(1.0))
    client.issue(Request()).kill()
    env.run()
    assert (client.table.issued, len(client.table)) == (0, 0)


def test_an_outer_deadline_that_passes_cuts_the_request_short() -> None:
    env = Environment()
    client = Client(env, answering_after(1.0))

    def impatient() -> Generator[Any, Any, None]:
        with env.move_on_after(0.3):
            yield from client.send(Request())

    env.process(impatient())
    env.run()
    assert only_outcome(client) == "cancelled"
    assert client.table.latencies().tolist() == [0.3]


@pytest.mark.slow
def test_a_request_that_is_never_answered_keeps_what_it_has_taken() -> None:
    """Nobody but the client refers to it: a garbage collection must not give its permit back."""
    env = Environment()
    released: list[float] = []

    def silent(request: Request) -> Generator[Any, Any, Response]:
        try:
            yield PARKED
        finally:
            released.append(env.now)
        return Response()

    client = Client(env, FunctionEndpoint(silent))
    client.issue(Request())
    env.run()
    gc.collect()
    assert released == []
    assert client.table.in_flight == client.in_flight == 1


@pytest.mark.slow
@pytest.mark.unwatched(reason="asks that nobody holds what it makes")
def test_a_run_that_is_over_stays_as_it_was_when_it_is_thrown_away() -> None:
    env = Environment()
    client = Client(env, answering_after(10.0))
    client.issue(Request())
    env.run(until=1.0)
    table, gone = client.table, weakref.ref(env)
    del env, client
    gc.collect()
    assert gone() is None
    assert (table.issued, len(table), table.in_flight) == (1, 0, 1)


def test_clients_that_share_a_table_count_their_own_requests() -> None:
    env = Environment()
    first = Client(env, answering_after(1.0))
    second = Client(env, answering_after(1.0), table=first.table)
    first.issue(Request())
    second.issue(Request())
    second.issue(Request())
    env.run()
    assert (first.issued, second.issued, first.table.issued, len(first.table)) == (1, 2, 3, 3)
