"""Nonsense given to any constructor of the locks is one clear line, said at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import inf, nan
from typing import Any

import pytest

from models import Host, Network
from models.consensus import FencedResource, LockService, LockSettings, RaftStore
from models.consensus.lock_service import KeyLock, LockFlaws, fenced_read, fenced_write
from simulator import Environment
from tests.models.consensus.lock_service.building import World


class Place:
    """Three hosts and a network, a lock service and a store."""

    def __init__(self) -> None:
        self.env = Environment(seed=1)
        self.network = Network(self.env, latencies=0.01)
        self.hosts = [Host(self.env, name) for name in "abc"]
        self.service = LockService(self.env, self.network, self.hosts)
        self.store = RaftStore(self.env, self.network, self.hosts)

    def make_service(self, hosts: Any = None, **given: Any) -> LockService:
        """Make a lock service on those hosts."""
        return LockService(self.env, self.network, self.hosts if hosts is None else hosts, **given)

    def make_key_lock(self, **given: Any) -> KeyLock:
        """Make a home-made lock on host a."""
        a = self.hosts[0]
        return KeyLock(**{"host": a, "client": self.store.client(a), "ttl": 1.0, "name": "a"} | given)

    def told(self, make: Callable[..., Any], **given: Any) -> str:
        """Return the one line that whoever makes it is told."""
        with pytest.raises((ValueError, TypeError)) as caught:
            make(**given)
        text = str(caught.value)
        assert text.strip()
        assert "\n" not in text
        return text


@pytest.mark.parametrize("hosts", ["none", "one twice", "a name", "not even a list", "one that is none"])
def test_hosts_are_one_or_more_each_once(hosts: str) -> None:
    place = Place()
    a, b, _ = place.hosts
    given: dict[str, Any] = {
        "none": [],
        "one twice": [a, b, a],
        "a name": ["a"],
        "not even a list": 3,
        "one that is none": [a, None],
    }
    assert "hosts" in place.told(place.make_service, hosts=given[hosts])


@pytest.mark.parametrize("name", ["settings", "flaws", "raft_settings", "raft_flaws", "client_settings"])
@pytest.mark.parametrize("value", ["text", 3, None])
def test_settings_and_flaws_are_those_of_the_service(name: str, value: Any) -> None:
    place = Place()
    text = place.told(place.make_service, **{name: value})
    assert name.removeprefix("raft_") in text
    assert repr(value) in text


@pytest.mark.parametrize("name", ["", 3, None])
def test_names_are_texts_that_are_not_empty(name: Any) -> None:
    place = Place()
    for make in (place.make_service, place.make_key_lock):
        assert "name must" in place.told(make, name=name)
    assert "name must" in place.told(FencedResource, host=place.hosts[0], name=name)


def test_clients_are_on_a_host_and_in_the_process_of_an_endpoint_there() -> None:
    place = Place()
    a, b, _ = place.hosts
    assert "host must be a Host, got 'a'" in place.told(place.service.client, host="a")
    assert "whose must be an Endpoint, got 3" in place.told(place.service.client, host=a, whose=3)
    elsewhere = FencedResource(b)
    assert "whose must run on host 'a'" in place.told(place.service.client, host=a, whose=elsewhere)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("ttl", (0.0, -1.0, inf, nan, "1", None)),
        ("renewal_interval", (0.0, -1.0, nan, "1", 9.95)),
        ("clock_drift_bound", (0.99, inf, nan, "1")),
        ("question_kept", (0.0, inf, nan, "1")),
        ("step_work", (-1.0, inf, nan, "1")),
    ],
)
def test_lock_settings_say_what_is_wrong(name: str, values: tuple[Any, ...]) -> None:
    place = Place()
    for value in values:
        text = place.told(LockSettings, **{name: value})
        assert text.startswith(name)
        assert repr(value) in text


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("lease_factor", (0.0, -1.0, nan, "1")),
        ("tokens_not_replicated", ("no", 1, None)),
        ("no_grace", ("no", 1, None)),
        ("renewals_unconfirmed", ("no", 1, None)),
    ],
)
def test_flaws_say_what_is_wrong(name: str, values: tuple[Any, ...]) -> None:
    place = Place()
    for value in values:
        assert place.told(LockFlaws, **{name: value}).startswith(name)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("host", ("a", None)),
        ("fencing", ("none", None, True)),
        ("work", (-1.0, inf, nan, "1")),
    ],
)
def test_resource_says_what_is_wrong(name: str, values: tuple[Any, ...]) -> None:
    place = Place()
    for value in values:
        assert place.told(FencedResource, **{"host": place.hosts[0], name: value}).startswith(name)


@pytest.mark.parametrize("token", ["1", True, 1.5, 0, -1, nan, [1]])
def test_token_that_no_other_could_be_compared_with_is_shown_to_no_resource(token: Any) -> None:
    place = Place()
    for make in (fenced_read, partial(fenced_write, value="x")):
        assert place.told(make, key="a", token=token) == f"token must be a whole number >= 1, got {token!r}"


@pytest.mark.parametrize("lock", [3, None, "", ["stock"]])
def test_lock_that_is_asked_for_has_a_name(lock: Any) -> None:
    place = Place()
    client = place.service.client(place.hosts[0])
    assert place.told(lambda: next(client.acquire(lock))).startswith("lock must ")


def test_lock_is_given_back_by_the_client_that_was_given_it() -> None:
    world = World()
    first, second = world.clients
    held = world.lock(first)
    for other in (None, "stock", held.token):
        with pytest.raises(TypeError, match=f"held must be a HeldLock, got {other!r}"):
            first.release(other)  # type: ignore[arg-type]
    with pytest.raises(
        ValueError, match="held must be a lock that locks client 2 was given, got 'stock' of locks client 1"
    ):
        second.release(held)
    assert held.is_held
    with pytest.raises(TypeError, match="held must be a KeyHeld, got None"):
        Place().make_key_lock().release(None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("host", ("a", None)),
        ("client", (3, None, FencedResource(Host(Environment(seed=1), "b")))),
        ("ttl", (0.0, -1.0, inf, nan, "1")),
        ("retry_pause", (0.0, inf, nan, "1")),
        ("step_work", (-1.0, inf, nan, "1")),
        ("checks_release", ("no", 1, None)),
    ],
)
def test_home_made_lock_says_what_is_wrong(name: str, values: tuple[Any, ...]) -> None:
    place = Place()
    for value in values:
        assert place.told(place.make_key_lock, **{name: value}).startswith(name)
