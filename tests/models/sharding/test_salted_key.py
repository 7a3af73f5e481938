"""A hot counter in several parts: adds are spread, and a read tells their sum."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any

import pytest

from models import FunctionEndpoint, Request
from models.hashing import ModuloBuckets
from models.replication import SCAN, add, append, compare_and_set, delete, read, write
from models.replication.scans import Scanned
from models.sharding import SaltedKey, hash_table

from .building import World, as_old_as

HASHED = hash_table(ModuloBuckets(["one", "two"]), range_count=64)


def spread(world: World, count: int) -> Generator[Any, Any, None]:
    counter = salted(world)
    for _ in range(count):
        yield from counter.call(add("hot", 1))


def salted(world: World, **settings: Any) -> SaltedKey:
    return SaltedKey(world.env, world.client, "hot", **settings)


def test_adds_are_spread_over_shards_and_read_as_one_sum() -> None:
    world = World(table=HASHED)
    assert world.now(read("hot"), client=salted(world)) is None
    for _ in range(4):
        world.env.process(spread(world, 100))
    world.run(60.0)
    assert world.now(read("hot"), client=salted(world)) == 400
    counts = [count for contents in world.store.contents().values() for count in contents.values()]
    assert len(counts) == 8
    assert all(20 < count < 80 for count in counts), counts  # 50 each, with a deviation of 6.6
    assert len(world.store.statistics().served_by_shard) == 2
    assert world.now(read("hot")) is None  # the key itself nobody has


def test_sum_is_as_old_as_the_oldest_part() -> None:
    world = World(table=HASHED)
    as_old_as(world, "one", 0.5)
    told = world.ask(read("hot"), client=salted(world))
    world.run(1.0)
    assert told.as_of == 0.5


def test_amounts_add_up_and_other_keys_are_as_they_were() -> None:
    world = World(table=HASHED)
    counter = salted(world, salt_count=3)
    for amount in (1, -2, 2.5):
        assert world.now(add("hot", amount), client=counter) is None
    assert world.now(read("hot"), client=counter) == 1.5
    assert world.now(write("cold", "text"), client=counter) is None
    assert world.now(read("cold"), client=counter) == "text"


def test_add_that_is_repeated_goes_where_it_went_before() -> None:
    """Only there can it be known again; others are spread over all sub-keys, as adds without a name are."""
    world = World(table=HASHED)
    counters = [salted(world, name=name) for name in ("web-1", "web-2")]
    asked: list[Request] = []

    def note(request: Request) -> Generator[Any, Any, Scanned]:
        asked.append(request)
        yield from ()
        return Scanned(())

    for counter in counters:
        counter.target = FunctionEndpoint(note)
    for number in range(200):
        for counter in counters:
            world.now(replace(add("hot", 1), idempotency_key=f"like {number}"), client=counter)
    places = [request.key for request in asked]
    assert places[0::2] == places[1::2]
    assert all(10 < places[0::2].count(sub_key) < 45 for sub_key in counters[0].sub_keys)  # 25 +- 4.7
    assert [request.idempotency_key for request in asked[:3]] == ["like 0", "like 0", "like 1"]
    world.now(replace(read("hot"), priority=3, deadline=1000.0), client=counters[0])
    assert (asked[-1].operation, asked[-1].priority, asked[-1].deadline) == (SCAN, 3, 1000.0)


@pytest.mark.parametrize(
    "asked", [write("hot", 1), append("hot", 1), delete("hot"), compare_and_set("hot", None, 1)]
)
def test_what_is_no_counters_is_an_error_and_does_nothing(asked: Any) -> None:
    world = World(table=HASHED)
    assert world.now(asked, client=salted(world)) == "ServerError"
    assert set(map(len, world.store.contents().values())) == {0}


def test_sub_keys_are_called_as_one_likes_where_keys_are_of_one_kind() -> None:
    world = World()
    counter = salted(world, sub_key=lambda key, number: f"{chr(ord('a') + 5 * number)} {key}", salt_count=4)
    for _ in range(40):
        world.now(add("hot", 1), client=counter)
    assert world.now(read("hot"), client=counter) == 40
    assert [len(contents) for contents in world.store.contents().values()] == [3, 1]
    assert world.now(add("hot", 1), client=salted(world)) == "ServerError"  # a pair is no text


def test_sub_key_in_which_somebody_has_put_a_text_is_an_error_of_whoever_reads() -> None:
    world = World(table=HASHED)
    counter = salted(world)
    world.now(write(("hot", 3), "text"))
    assert world.now(read("hot"), client=counter) == "ServerError"
    world.now(delete(("hot", 3)))
    world.now(add("hot", 1), client=counter)
    assert world.now(read("hot"), client=counter) == 1


def test_shard_that_is_down_takes_the_adds_of_its_sub_keys_with_it_and_all_reads() -> None:
    world = World(table=HASHED)
    world.store.servers_of("two")[0].crash()
    told = {world.now(add("hot", 1), client=salted(world, name=f"salted {number}")) for number in range(20)}
    assert told == {None, "Refused"}
    assert world.now(read("hot"), client=salted(world)) == "Refused"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"salt_count": 1}, "salt_count"),
        ({"salt_count": 2.5}, "salt_count"),
        ({"salt_count": 10**30}, "salt_count must be at most 10000, got"),
        ({"sub_key": "hot-1"}, "sub_key must be a function of a key and a number, got 'hot-1'"),
        ({"sub_key": lambda key, number: key}, "sub_key"),
        ({"name": ""}, "name"),
        ({"target": "a client"}, "target"),
    ],
)
def test_nonsense_is_one_clear_line(given: dict[str, Any], says: str) -> None:
    world = World()
    with pytest.raises((ValueError, TypeError), match=says):
        SaltedKey(**{"env": world.env, "target": world.client, "key": "hot", **given})
