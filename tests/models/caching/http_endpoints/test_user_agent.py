"""UserAgent: plain requests in, HTTP out, and the answers back in GameDay's terms."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from models import CallFailed, FunctionEndpoint, Request, Response, ServerError, Unavailable
from models.caching.http import HttpRequest, HttpResponse
from models.caching.http_endpoints import Representation, UserAgent
from models.caching.http_endpoints.exchange import answering
from simulator import Environment


def call(answer: HttpResponse, request: Request, **settings: Any) -> tuple[Any, HttpRequest]:
    """What a user is told who is answered so, and what was asked."""
    env = Environment()
    asked = []

    def handle(request: Request) -> Generator[Any, Any, Response]:
        asked.append(request)
        yield 1.0
        return answering(answer, 0.25, degraded=("stale",))

    agent = UserAgent(FunctionEndpoint(handle), **settings)

    def caller() -> Generator[Any, Any, Any]:
        try:
            return (yield from agent.call(request))
        except CallFailed as failure:
            return failure

    result = env.run(env.process(caller()))
    (sent,) = asked
    assert (sent.operation, sent.key) == (sent.value.method, sent.value.uri)
    assert (sent.priority, sent.deadline, sent.origin) == (request.priority, request.deadline, request.origin)
    assert sent.idempotency_key == request.idempotency_key
    return result, sent.value


def test_a_read_is_a_get_and_its_answer_what_the_body_says() -> None:
    page = HttpResponse(status=200, body=Representation({"price": 3}, 500))
    request = Request("read", 7, priority=2, deadline=9.0, idempotency_key="a", origin="web")
    response, message = call(page, request, headers=[("Cache-Control", "no-cache")])
    assert response == Response({"price": 3}, ("stale",), 500, None, 0.25)
    assert (message.method, message.uri, list(message.headers)) == (
        "GET",
        "/7",
        [("Cache-Control", "no-cache")],
    )


@pytest.mark.parametrize("operation", ["put", "write", "set"])
def test_a_write_is_a_put_of_its_value(operation: str) -> None:
    response, message = call(HttpResponse(status=204), Request(operation, "/stock", 5, size_bytes=40))
    assert response.value is None
    assert (message.method, message.uri, message.body) == ("PUT", "/stock", Representation(5, 40))


def test_delete_is_a_delete_and_a_404_an_answer() -> None:
    response, message = call(HttpResponse(status=404), Request("delete", "/stock"))
    assert (message.method, message.body, response.value) == ("DELETE", None, None)


@pytest.mark.parametrize(
    ("status", "kind"), [(500, ServerError), (503, ServerError), (412, ServerError), (504, Unavailable)]
)
def test_what_was_not_done_is_a_failure(status: int, kind: type[CallFailed]) -> None:
    failure, _ = call(HttpResponse(status=status), Request("get", "/"))
    assert type(failure) is kind


def test_a_change_that_timed_out_on_the_way_may_have_been_done() -> None:
    failure, _ = call(HttpResponse(status=504), Request("put", "/", 5))
    assert type(failure) is ServerError


def test_an_operation_that_http_has_no_word_for_is_misuse() -> None:
    with pytest.raises(ValueError, match="operation must be one of get, read, put"):
        call(HttpResponse(), Request("scan", "/"))
