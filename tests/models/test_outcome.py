"""Requests, responses, endpoints, failures and outcomes: each attempt ends in exactly one way."""

import copy
import pickle
from collections.abc import Generator
from dataclasses import replace
from typing import Any

import pytest

import models
from models import (
    OUTCOME_NAMES,
    BreakerOpen,
    CallFailed,
    ConnectionLost,
    Endpoint,
    FunctionEndpoint,
    Outcome,
    Refused,
    Rejected,
    Request,
    Response,
    ServerError,
    TimedOut,
    Unavailable,
    outcome_of,
)  # fmt: skip
from simulator import Environment

FAILURES: dict[CallFailed, Outcome] = {
    TimedOut("late"): Outcome.TIMED_OUT,
    Refused("nobody"): Outcome.REFUSED,
    Rejected("bulkhead", "full"): Outcome.REJECTED,
    BreakerOpen("breaker"): Outcome.BREAKER_OPEN,
    Unavailable("no quorum"): Outcome.UNAVAILABLE,
    ServerError("bug"): Outcome.SERVER_ERROR,
    ConnectionLost("reset"): Outcome.UNKNOWN,
    CallFailed("something"): Outcome.UNKNOWN,
}


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
def test_every_failure_has_its_outcome_and_so_have_those_derived_from_it(failure: CallFailed) -> None:
    assert outcome_of(failure) is FAILURES[failure]
    assert not outcome_of(failure).is_answer
    derived = type("Derived", (type(failure),), {})(*failure.args)
    assert outcome_of(derived) is FAILURES[failure]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
def test_failures_survive_being_copied_and_pickled(failure: CallFailed) -> None:
    for other in (copy.copy(failure), pickle.loads(pickle.dumps(failure)), type(failure)(*failure.args)):
        assert type(other) is type(failure)
        assert (other.args, str(other)) == (failure.args, str(failure))


def test_an_answer_is_ok_or_degraded() -> None:
    assert outcome_of(Response()) is Outcome.OK
    assert outcome_of(Response(None, ("recommendations",))) is Outcome.DEGRADED
    assert Outcome.OK.is_answer
    assert Outcome.DEGRADED.is_answer


def test_only_answers_are_answers() -> None:
    assert {outcome for outcome in Outcome if outcome.is_answer} == {Outcome.OK, Outcome.DEGRADED}


def test_names_are_in_the_order_of_codes() -> None:
    assert [OUTCOME_NAMES[outcome] for outcome in Outcome] == [outcome.name.lower() for outcome in Outcome]
    assert list(Outcome) == list(range(len(Outcome)))


def test_a_rejection_names_who_and_why() -> None:
    rejected = Rejected("bulkhead", "queue full")
    assert (rejected.by, rejected.reason, str(rejected)) == (
        "bulkhead", "queue full", "rejected by bulkhead: queue full"
    )  # fmt: skip
    assert Rejected("bulkhead").reason == "full"


def test_the_engines_failures_are_the_models() -> None:
    assert models.TimedOut is TimedOut
    assert issubclass(TimedOut, CallFailed)
    assert not issubclass(CallFailed, RuntimeError)


def test_requests_and_responses_have_no_room_for_misspelt_fields() -> None:
    for thing in (Request(), Response()):
        with pytest.raises(AttributeError):
            thing.priorty = 1  # type: ignore[union-attr]
    assert replace(Request(key=1), priority=2) == Request(key=1, priority=2)
    assert Request() is not Request()


def test_an_endpoint_must_say_how_it_answers() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Endpoint()  # type: ignore[abstract]


@pytest.mark.parametrize(("result", "expected"), [("text", "text"), (Response("made"), "made"), (None, None)])
def test_what_a_function_returns_is_a_response_or_made_into_one(result: Any, expected: Any) -> None:
    def function(request: Request) -> Generator[Any, Any, Any]:
        yield 1.0
        return result

    env = Environment()
    endpoint = FunctionEndpoint(function, name="hello")
    response = env.run(until=env.process(endpoint.call(Request())))
    assert isinstance(response, Response)
    assert response.value == expected
    assert (endpoint.name, endpoint.host, endpoint.is_listening) == ("hello", None, True)
