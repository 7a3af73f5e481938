"""Keys: one for each call, the same for all attempts of it, and nobody else's."""

from __future__ import annotations

import pytest

from models.endpoint import Call, Endpoint
from models.failures import ServerError
from models.request import Request, Response
from models.resilience import ConstantBackoff, Retry
from models.resilience.idempotency import WithIdempotencyKey
from simulator import Environment
from tests.models.resilience.idempotency.ordering import order, send


class Notes(Endpoint):
    """Writes down what it is asked, and fails so many times."""

    def __init__(self, failures_count: int = 0) -> None:
        self.requests: list[Request] = []
        self.failures_count = failures_count

    @property
    def keys(self) -> list[str | None]:
        return [request.idempotency_key for request in self.requests]

    def call(self, request: Request) -> Call:
        self.requests.append(request)
        yield 0.5
        if len(self.requests) <= self.failures_count:
            raise ServerError
        return Response("answer")


def test_each_call_has_a_key_of_its_own() -> None:
    env, notes = Environment(), Notes()
    keyed = WithIdempotencyKey(env, notes, name="payment")
    seen = [send(env, keyed, 0.0, Request()) for _ in range(3)]
    env.run()
    assert notes.keys == ["payment 1", "payment 2", "payment 3"]
    assert seen == [(0.5, "answer")] * 3
    statistics = keyed.statistics()
    assert (statistics.call_count, statistics.keyed_count) == (3, 3)


@pytest.mark.parametrize("is_outside", [True, False])
def test_all_attempts_of_a_call_have_its_key_if_it_is_given_outside_the_retry(is_outside: bool) -> None:
    env, notes = Environment(), Notes(failures_count=2)
    once = ConstantBackoff(delay=0.25)
    target: Endpoint = (
        WithIdempotencyKey(env, Retry(env, notes, 3, backoff=once))
        if is_outside
        else Retry(env, WithIdempotencyKey(env, notes), 3, backoff=once)
    )
    send(env, target, 0.0, Request())
    env.run()
    assert notes.keys == (["key 1"] * 3 if is_outside else ["key 1", "key 2", "key 3"])


def test_a_request_that_has_a_key_keeps_it() -> None:
    env, notes = Environment(), Notes()
    keyed = WithIdempotencyKey(env, WithIdempotencyKey(env, notes, name="inner"), name="outer")
    own = order("its own")
    send(env, keyed, 0.0, own)
    send(env, keyed, 1.0, Request())
    env.run()
    assert notes.keys == ["its own", "outer 1"]
    assert notes.requests[0] is own
    statistics = keyed.statistics()
    assert (statistics.call_count, statistics.keyed_count) == (2, 1)


def test_the_key_is_on_a_copy_that_is_the_same_in_all_else() -> None:
    env, notes = Environment(), Notes()
    request = Request("pay", 7, "ten", 99, priority=3, deadline=5.0, origin="web")
    send(env, WithIdempotencyKey(env, notes), 0.0, request)
    env.run()
    assert request.idempotency_key is None
    assert notes.requests == [
        Request("pay", 7, "ten", 99, priority=3, deadline=5.0, idempotency_key="key 1", origin="web")
    ]


def test_two_of_one_name_give_different_keys_and_another_environment_begins_anew() -> None:
    for _ in range(2):
        env, notes = Environment(), Notes()
        for name in ("key", "key", "other", "key"):
            send(env, WithIdempotencyKey(env, notes, name=name), 0.0, Request())
        env.run()
        assert notes.keys == ["key 1", "key#2 1", "other 1", "key#3 1"]


def test_it_needs_a_target() -> None:
    with pytest.raises(TypeError, match="target must be an Endpoint, got None"):
        WithIdempotencyKey(Environment(), None)  # type: ignore[arg-type]
