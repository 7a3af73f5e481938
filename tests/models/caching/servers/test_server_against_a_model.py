"""CacheServer against an independent model: a map with times to live, and one token of a key."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import Host, Response
from models.caching.eviction import Lru
from models.caching.servers import Busy, CacheServer, Token, operations
from models.caching.stores import CacheStore
from simulator import Environment

TTL, LEASE_TIME, STALE_TIME = 8, 5, 3


@dataclass
class Model:
    """What a server must say, step by step, in whole seconds; a token is known by when it was given."""

    values: dict[str, tuple[int, int]] = field(default_factory=dict)
    tokens: dict[str, int] = field(default_factory=dict)
    deleted: dict[str, tuple[int, int]] = field(default_factory=dict)

    def value(self, key: str, now: int) -> int | None:
        value, until = self.values.get(key, (0, 0))
        return value if now < until else None

    def has_token_out(self, key: str, now: int) -> bool:
        return key in self.tokens and now < self.tokens[key] + LEASE_TIME

    def keep(self, key: str, value: int, now: int) -> None:
        self.values[key] = (value, now + TTL)
        self.tokens.pop(key, None)
        self.deleted.pop(key, None)

    def delete(self, key: str, now: int) -> bool:
        value = self.value(key, now)
        if value is not None:
            self.deleted[key] = (value, now + STALE_TIME)
        self.values.pop(key, None)
        self.tokens.pop(key, None)
        return value is not None

    def stale(self, key: str, now: int) -> int | None:
        value, until = self.deleted.get(key, (0, 0))
        return value if now < until else None


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["get", "set", "add", "delete", "lease", "fill", "crash"]),
        st.sampled_from("ab"),
        st.integers(0, 3),
    ),
    max_size=40,
)


@pytest.mark.slow
@given(steps=STEPS)
def test_a_server_says_what_the_model_says(steps: list[tuple[str, str, int]]) -> None:
    env = Environment()
    store = CacheStore(env, Lru(10), ttl=TTL)
    server = CacheServer(
        env, Host(env, "cache"), store, lease_time=LEASE_TIME, stale_time=STALE_TIME, name="cache"
    )
    model = Model()
    given_tokens: dict[str, list[tuple[int, int, int]]] = {"a": [], "b": []}
    now = 0
    for number, (step, key, pause) in enumerate(steps):
        now += pause
        if pause:
            env.run(until=now)
        if step == "crash":
            server.crash()
            server.restart()
            model = Model()
        elif step == "lease":
            said = server.answer(operations.lease_get(key)).value
            _check_lease(model, key, now, said, number, given_tokens[key])
        elif step == "fill":
            _fill(server, model, key, now, number, given_tokens[key])
        else:
            _check(server, model, step, key, now, number)


def _check(server: CacheServer, model: Model, step: str, key: str, now: int, number: int) -> None:
    value = model.value(key, now)
    if step == "get":
        found = server.answer(operations.get(key)).value
        assert (found and found.value) == value
    elif step == "delete":
        assert server.answer(operations.delete(key)).value is model.delete(key, now)
    elif step == "set" or value is None:
        making = operations.put if step == "set" else operations.add
        assert server.answer(making(key, Response(number + 1))).value is True
        model.keep(key, number + 1, now)
    else:
        assert server.answer(operations.add(key, Response(number + 1))).value is False


def _check_lease(
    model: Model, key: str, now: int, said: Any, number: int, tokens: list[tuple[int, int, int]]
) -> None:
    value = model.value(key, now)
    if value is not None:
        assert said.value == value
    elif model.has_token_out(key, now):
        assert isinstance(said, Busy)
        assert (said.stale and said.stale.value) == model.stale(key, now)
    else:
        assert isinstance(said, Token)
        model.tokens[key] = now
        # Good as long as the model knows of no other, and of this one.
        tokens.append((said.number, now, number))
        model.tokens[key + "'s giver"] = number


def _fill(
    server: CacheServer, model: Model, key: str, now: int, number: int, tokens: list[tuple[int, int, int]]
) -> None:
    """Try all tokens that were ever given, the last first: at most that one is good, and only once."""
    for token, _, giver in reversed(tokens):
        is_good = model.has_token_out(key, now) and model.tokens.get(key + "'s giver") == giver
        assert server.answer(operations.lease_set(key, Response(number + 1), token)).value is is_good
        if is_good:
            model.keep(key, number + 1, now)
