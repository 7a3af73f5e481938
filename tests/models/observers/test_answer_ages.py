"""Ages of answers, and what they have to do with staleness: exact times, and nothing changed by looking."""

from __future__ import annotations

from math import isnan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import Endpoint, FunctionEndpoint, Host, Network, Request, Response, ServerError
from models.caching.eviction import Lru
from models.caching.patterns import Cache
from models.caching.proxies import ReverseProxy
from models.caching.stores import CacheStore
from models.consistency import HistoryRecorder, staleness_of_reads
from models.observers import AgeSummary, AnswerAges
from models.replication import SingleNodeStore
from simulator import Environment
from tests.models.caching.patterns.origin import ask

WAY = 1 / 64


class World:
    """Two clients of one store, 1/64 s away, with a cache of 4 s each, and the ages of what they read."""

    def __init__(self, *, watched: bool = True, trace: bool = False) -> None:
        self.env = Environment(seed=1, trace=trace)
        self.network = Network(self.env, latencies=WAY)
        self.server = Host(self.env, "server")
        self.store = SingleNodeStore(self.env, self.network, self.server, name="store")
        self.ages = AnswerAges(self.env)
        self.recorder = HistoryRecorder(self.env)
        self.clients = [self._client(name, watched) for name in ("one", "two")]

    def _client(self, name: str, watched: bool) -> Endpoint:
        store = CacheStore(self.env, Lru(10), ttl=4.0, name=name)
        cache: Endpoint = Cache(self.env, self.store.client(Host(self.env, name)), store, name=name)
        if watched:
            cache = self.ages.around(self.recorder.around(cache))
        return cache

    def read(self, *times: float) -> None:
        for time in times:
            ask(self.env, self.clients[0], time, "read")

    def write(self, time: float, value: Any) -> None:
        ask(self.env, self.clients[1], time, "write", "a", value)


def test_an_answer_is_as_old_as_the_time_since_the_origin_was_asked() -> None:
    world = World()
    world.write(0.0, "first")
    world.read(1.0, 2.0, 4.5, 5.5)
    world.env.run(until=10.0)
    assert world.ages.ages().tolist() == [0.0, 1.0, 3.5, 0.0]
    assert world.ages.times()[1:3].tolist() == [2.0, 4.5]
    summary = world.ages.summary()
    assert summary == AgeSummary(
        answer_count=4, cached_count=2, age_mean=1.125, age_max=3.5, cached_age_mean=2.25
    )
    assert summary.cached_ratio == 0.5
    assert world.ages.summary(start=2.0, end=4.5).answer_count == 1
    assert world.ages.summary(start=2.0, end=4.625).answer_count == 2
    assert world.ages.percentile(50.0) == 0.5
    assert world.ages.percentile(100.0, start=2.0, end=4.5) == 1.0


def test_the_way_back_from_a_cache_elsewhere_makes_an_answer_older() -> None:
    env = Environment()
    ages = AnswerAges(env)
    server, client = Host(env, "server"), Host(env, "client")

    def answer(request: Request) -> Any:
        yield 0.0
        return Response("cached", as_of=0.5)

    way = Network(env, latencies=WAY).connect(client, FunctionEndpoint(answer, host=server))
    ask(env, ages.around(way), 1.0)
    env.run()
    assert ages.ages().tolist() == [0.5 + 2 * WAY]


def test_without_answers_there_is_no_age() -> None:
    env = Environment()
    ages = AnswerAges(env)

    def fail(request: Request) -> Any:
        yield 0.0
        raise ServerError

    for operation in ("get", "write"):
        ask(env, ages.around(FunctionEndpoint(fail)), 0.0, operation)
    env.run()
    summary = ages.summary()
    assert (summary.answer_count, summary.cached_count) == (0, 0)
    for nothing in (summary.age_mean, summary.age_max, summary.cached_age_mean, summary.cached_ratio):
        assert isnan(nothing)
    assert isnan(ages.percentile(99.0))


def test_only_the_operations_that_are_named_are_looked_at() -> None:
    env = Environment()
    target = FunctionEndpoint(lambda request: iter(()), name="none")  # type: ignore[arg-type, return-value]  # below

    def answer(request: Request) -> Any:
        yield 0.0
        return Response(as_of=0.0)

    target.function = answer
    ages, others = AnswerAges(env), AnswerAges(env, operations=["look"])
    for watch in (ages, others):
        for operation in ("get", "read", "write", "look"):
            ask(env, watch.around(target), 1.0, operation)
    env.run()
    assert (ages.ages().size, others.ages().size) == (2, 1)
    with pytest.raises(TypeError, match="operations"):
        AnswerAges(env, operations=[1])  # type: ignore[list-item]  # that is the misuse


def test_staleness_through_caches_is_the_time_since_somebody_was_told_that_another_value_is_written() -> None:
    """`staleness_of_reads` needs to know nothing of caches: it goes by what was written and told."""
    world = World()
    world.write(0.0, "first")
    world.read(1.0, 2.0)  # the second from the cache, and fresh
    world.write(2.5, "second")
    world.read(3.0, 4.0)  # both from the cache
    world.write(4.25, "third")
    world.read(4.5, 5.5)  # the cache, and then the store again
    world.env.run(until=10.0)
    told = staleness_of_reads(world.recorder.history())
    writes = [each for each in world.recorder.history() if each.kind == "write"]
    second_at = writes[1].ended_at
    assert [(each.read.result, each.seconds, each.versions_count) for each in told] == [
        ("first", 0.0, 0),
        ("first", 0.0, 0),
        ("first", 3.0 - second_at, 1),
        ("first", 4.0 - second_at, 1),
        ("first", 4.5 - second_at, 2),
        ("third", 0.0, 0),
    ]
    ages = world.ages.ages()
    assert ages.tolist() == [0.0, 1.0, 2.0, 3.0, 3.5, 0.0]
    assert all(age >= each.seconds for age, each in zip(ages, told, strict=True))


def test_a_client_reads_its_own_write_through_its_cache() -> None:
    world = World()
    world.write(0.0, "first")
    for time in (1.0, 2.0, 4.0):
        ask(world.env, world.clients[1], time, "read")
    world.write(3.0, "second")
    world.env.run(until=10.0)
    told = staleness_of_reads(world.recorder.history())
    assert [(each.read.result, each.seconds) for each in told] == [
        ("first", 0.0),
        ("first", 0.0),
        ("second", 0.0),
    ]


@pytest.mark.slow
@given(
    st.lists(st.tuples(st.floats(0.0, 20.0), st.booleans()), min_size=1, max_size=40),
    st.floats(0.1, 8.0),
    st.booleans(),
)
def test_a_read_is_never_staler_than_its_answer_is_old(
    asked: list[tuple[float, bool]], ttl: float, by_age: bool
) -> None:
    """Through a client's cache and a proxy's, with a writer who goes past both."""
    env = Environment(seed=1)
    network, server = Network(env, latencies=WAY), Host(env, "server")
    store = SingleNodeStore(env, network, server, contents={"a": -1}, name="store")
    ages, recorder = AnswerAges(env), HistoryRecorder(env, contents={"a": -1})

    def cached(way: Endpoint, name: str) -> Cache:
        return Cache(env, way, CacheStore(env, Lru(1), ttl=ttl, by_age=by_age, name=name), name=name)

    host = Host(env, "proxy")
    proxy = ReverseProxy(env, cached(store.client(host), "proxy"), name="proxy")
    reader = ages.around(recorder.around(cached(network.connect(Host(env, "reader"), proxy), "reader")))
    writer = recorder.around(store.client(Host(env, "writer")))
    for number, (time, is_read) in enumerate(asked):
        if is_read:
            ask(env, reader, time, "read")
        else:
            ask(env, writer, time, "write", "a", number)
    env.run(until=30.0)
    reads = sorted(staleness_of_reads(recorder.history()), key=lambda each: each.read.ended_order)
    assert len(reads) == len(ages.ages()) == sum(is_read for _, is_read in asked)
    for read, age in zip(reads, ages.ages(), strict=True):
        assert read.seconds <= age
        assert age <= (1 if by_age else 2) * ttl + 4 * WAY + 1e-9


def test_who_is_watched_does_the_same() -> None:
    digests = []
    for watched in (True, False):
        world = World(watched=watched, trace=True)
        world.write(0.0, "first")
        world.read(1.0, 2.0, 5.5)
        world.env.run(until=10.0)
        digests.append(world.env.trace_digest())
    assert digests[0] == digests[1]
