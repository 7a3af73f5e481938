"""Versioned keys: content that is cached for ever, a pointer that is not, and the second question."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest

from models import (
    Endpoint,
    FunctionEndpoint,
    Host,
    Network,
    Request,
    Response,
    ServerError,
    TimedOut,
    Unavailable,
)
from models.caching.eviction import Lru
from models.caching.invalidation import VersionedKeys, content_key, pointer_key
from models.caching.patterns import Cache
from models.caching.stores import CacheStore
from models.replication import SingleNodeStore
from models.resilience import Timeout
from models.services import Instance, Work
from simulator import Environment
from tests.models.caching.patterns.origin import FAILED, Origin, Told, ask

WAY = 1 / 64


class World:
    """A store that answers in 1/4 s, 1/64 s away; contents are cached for ever, pointers `pointer_ttl` s."""

    def __init__(self, *, pointer_ttl: float = 0.0) -> None:
        self.env = Environment(seed=1)
        self.web, self.server = Host(self.env, "web"), Host(self.env, "server")
        self.network = Network(self.env, latencies=WAY)
        self.origin = Origin(self.env, host=self.server)
        self.origin.read_time = self.origin.write_time = 0.25
        way = self.network.connect(self.web, self.origin)
        self.forever = Cache(self.env, way, CacheStore(self.env, Lru(10), negative_ttl=0.0))
        pointers: Endpoint = way
        if pointer_ttl:
            pointers = Cache(self.env, way, CacheStore(self.env, Lru(10), ttl=pointer_ttl))
        self.pages = VersionedKeys(self.env, pointers, self.forever, name="web")
        self.editor = VersionedKeys(self.env, self.origin, self.origin, name="editor")

    def read(self, *times: float) -> list[Told]:
        return [ask(self.env, self.pages, time) for time in times]

    def write(self, time: float, value: Any) -> Told:
        return ask(self.env, self.editor, time, "put", "a", value)


def results(told: list[Told]) -> list[Any]:
    return [each.result for each in told]


def test_a_read_takes_two_questions_and_with_the_content_cached_one() -> None:
    world = World()
    world.write(0.0, "old")
    told = world.read(1.0, 2.0)
    world.env.run()
    assert told == [(1.0 + 2 * (2 * WAY + 0.25), "old"), (2.0 + 2 * WAY + 0.25, "old")]
    assert [each.response.size_bytes for each in told if each.response] == [100, 100]


def test_a_write_is_seen_at_once_though_content_is_cached_for_ever() -> None:
    world = World()
    world.write(0.0, "old")
    world.write(4.0, "new")
    told = world.read(1.0, 3.0, 5.0, 6.0)
    world.env.run()
    assert results(told) == ["old", "old", "new", "new"]
    assert world.forever.statistics().invalidated_count == 0
    assert world.forever.store.ttl == inf
    assert [each.response.as_of for each in told if each.response] == [None] * 4


def test_with_a_cached_pointer_an_answer_is_as_old_as_that() -> None:
    world = World(pointer_ttl=2.0)
    world.write(0.0, "old")
    world.write(1.5, "new")
    told = world.read(1.0, 2.5, 4.0)
    world.env.run()
    assert results(told) == ["old", "old", "new"]
    assert told[1] == (2.5, "old")  # neither question left the process
    assert [each.response.as_of for each in told if each.response] == [None, 1.0, None]


def test_content_is_written_before_the_pointer_and_nobody_sees_a_part() -> None:
    world = World()
    told = world.write(0.0, "old")
    world.env.run()
    assert told.at == 0.5
    (_, _, first), (_, _, second) = world.origin.asked
    version = world.origin.values[pointer_key("a")]
    assert (first, second) == (content_key("a", version), pointer_key("a"))
    assert world.origin.values[first] == "old"
    for time in (1.0, 1.125, 1.25, 1.375, 1.5):
        told = world.write(1.0, "new") if time == 1.0 else told
        ask(world.env, world.editor, time)
    world.env.run()
    assert set(world.origin.values.values()) >= {"old", "new"}


def test_a_write_that_fails_before_the_pointer_is_turned_has_changed_nothing_that_is_seen() -> None:
    world = World()
    world.write(0.0, "old")
    world.env.run(until=1.0)
    world.origin.fails = [FAILED]
    failed = world.write(1.0, "new")
    world.env.run(until=2.0)
    assert failed == (1.25, ServerError)
    told = world.read(2.0)
    world.env.run()
    assert results(told) == ["old"]
    statistics = world.editor.statistics()
    assert (statistics.write_count, statistics.turned_count) == (2, 1)


def test_what_was_never_written_or_is_deleted_has_no_value_in_one_question() -> None:
    world = World()
    never = world.read(0.0)
    world.write(1.0, "old")
    ask(world.env, world.editor, 2.0, "delete", "a")
    gone = world.read(3.0)
    world.env.run()
    assert [each.at for each in (*never, *gone)] == [2 * WAY + 0.25, 3.0 + 2 * WAY + 0.25]
    assert results([*never, *gone]) == [None, None]
    assert world.pages.statistics().absent_count == 2


def test_a_pointer_to_content_that_is_not_there_is_unavailable_and_not_remembered() -> None:
    world = World()
    world.origin.values[pointer_key("a")] = 7
    told = world.read(1.0, 2.0, 4.0)
    world.env.call_later(3.0, world.origin.values.__setitem__, content_key("a", 7), "at last")
    world.env.run()
    assert results(told) == [Unavailable, Unavailable, "at last"]
    assert world.pages.statistics().dangling_count == 2


@pytest.mark.parametrize("operation", ["add", "append", "compare_and_set", "scan"])
def test_what_needs_the_old_value_is_an_error(operation: str) -> None:
    world = World()
    told = ask(world.env, world.pages, 0.0, operation, "a", 1)
    world.env.run()
    assert told == (0.0, ServerError)
    assert world.origin.asked == []


def test_no_two_writes_have_one_version_but_those_that_are_the_same_write() -> None:
    world = World()
    requests: list[Request] = []
    call = world.origin.call

    def note(request: Request) -> Any:
        requests.append(request)
        return call(request)

    world.origin.call = note  # type: ignore[method-assign]  # to see what is sent
    for token in (None, None, "order 1", "order 1", "order 2"):
        world.env.process(world.editor.call(Request("put", "a", "x", size_bytes=500, idempotency_key=token)))
    world.env.run()
    contents = [request for request in requests if request.key != pointer_key("a")]
    versions = [request.key for request in contents]
    assert versions[2] == versions[3]
    assert len(set(versions)) == 4
    tokens = [None, None, "order 1/content", "order 1/content", "order 2/content"]
    assert [request.idempotency_key for request in contents] == tokens
    pointers = [request for request in requests if request.key == pointer_key("a")]
    assert [request.idempotency_key for request in pointers] == [None, None, "order 1", "order 1", "order 2"]
    assert {request.size_bytes for request in contents} == {500}
    assert {request.size_bytes for request in pointers} == {0}


def test_it_stands_on_a_store_as_on_any() -> None:
    env = Environment(seed=1)
    network, host, web = Network(env, latencies=WAY), Host(env, "server"), Host(env, "web")
    store = SingleNodeStore(env, network, host, name="store")
    client = store.client(web)
    pages = VersionedKeys(env, client, Cache(env, client, CacheStore(env, Lru(10))), reads=["read"], name="w")
    ask(env, pages, 0.0, "write", "a", "old")
    told = ask(env, pages, 1.0, "read")
    ask(env, pages, 2.0, "delete", "a")
    gone = ask(env, pages, 3.0, "read")
    env.run(until=10.0)
    assert (told.result, gone.result) == ("old", None)


@pytest.mark.parametrize("what", ["host", "process"])
def test_it_lives_where_the_pointers_do_and_a_cache_around_it_dies_with_that(what: str) -> None:
    world = World()
    instance = Instance(world.env, world.server, Work(0.25), name="pointers")
    contents = FunctionEndpoint(lambda request: iter(()), host=world.server)  # type: ignore[arg-type, return-value]  # never called
    store = CacheStore(world.env, Lru(1))
    cache = Cache(world.env, VersionedKeys(world.env, instance, contents, name="server"), store)
    assert cache.home is instance
    store.set("a", Response("old"))
    crashing = world.server if what == "host" else instance
    crashing.crash()
    crashing.restart()
    world.env.run()
    assert len(store) == 0


def test_an_answer_has_the_pointers_version_and_lacks_what_either_lacks() -> None:
    env = Environment(seed=1)

    def answering(response: Response) -> Endpoint:
        def answer(request: Request) -> Any:
            yield 0.0
            return response

        return FunctionEndpoint(answer)

    pointers = answering(Response(7, ("replica",), version="of the pointer", as_of=1.0))
    contents = answering(Response("page", ("pictures",), 9, version="of the content", as_of=0.5))
    told = ask(env, VersionedKeys(env, pointers, contents, name="web"), 2.0)
    env.run()
    assert told.response == Response("page", ("replica", "pictures"), 9, "of the pointer", 1.0)


def test_a_timeout_around_it_leaves_the_value_old_or_new() -> None:
    world = World()
    world.write(0.0, "old")
    hasty = Timeout(world.env, world.editor, 0.4375)
    cut_short = ask(world.env, hasty, 1.0, "put", "a", "new")
    told = world.read(1.5)
    world.env.run()
    assert cut_short.result is TimedOut
    assert results(told) == ["new"]  # the pointer had been turned, and nobody was told
