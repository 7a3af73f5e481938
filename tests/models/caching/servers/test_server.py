"""CacheServer: what it answers, what that costs and weighs, and what a crash takes."""

from __future__ import annotations

from typing import Any

import pytest

from models import Host, Response, ServerError
from models.caching.eviction import Lru
from models.caching.servers import Busy, CacheServer, Token, operations
from models.caching.stores import CacheStore
from simulator import Environment

from .cached import ONE_WAY, ROUND_TRIP, Cached, page


def test_operations_do_what_they_say() -> None:
    cached = Cached()
    old, new = page("old"), page("new")
    asked: list[tuple[Any, Any]] = [
        (operations.get("k"), None),
        (operations.delete("k"), False),
        (operations.put("k", old), True),
        (operations.get("k"), old),
        (operations.add("k", new), False),
        (operations.put("k", new), True),
        (operations.get("k"), new),
        (operations.delete("k"), True),
        (operations.get("k"), None),
        (operations.add("k", old), True),
        (operations.get("k"), old),
    ]
    answers = [cached.ask(time, request) for time, (request, _) in enumerate(asked)]
    cached.env.run()
    assert [answer.value for (answer,) in answers] == [value for _, value in asked]


def test_what_is_found_weighs_what_it_weighs_and_nothing_else_does() -> None:
    cached = Cached()
    cached.ask(0.0, operations.put("k", page(size_bytes=5_000)))
    found = cached.ask(1.0, operations.get("k"))
    leased = cached.ask(1.0, operations.lease_get("k"))
    missed = cached.ask(1.0, operations.get("other"))
    cached.env.run()
    assert [answer.size_bytes for (answer,) in (found, leased, missed)] == [5_000, 5_000, 0]


def test_a_value_is_sent_at_the_bandwidth_of_the_wire_both_ways() -> None:
    cached = Cached()
    cached.network.override(cached.web, cached.servers[0].host, bandwidth=1_000_000.0)
    told = cached.at(0.0, lambda client: client.set("k", page(size_bytes=20_000)))
    read = cached.get(1.0, "k")
    missed = cached.get(2.0, "other")
    cached.env.run()
    assert (told[0], read[0], missed[0]) == (
        pytest.approx(0.02 + ROUND_TRIP),
        pytest.approx(1.02 + ROUND_TRIP),
        2.0 + ROUND_TRIP,
    )


def test_requests_are_worked_on_by_the_cores_one_after_the_other() -> None:
    cached = Cached(server_settings={"request_work": 0.005})
    told = [cached.get(0.0, "k") for _ in range(3)]
    cached.env.run()
    assert [time for time, _ in told] == pytest.approx([ROUND_TRIP + 0.005 * n for n in (1, 2, 3)])


def test_a_crash_of_the_process_takes_all_at_that_instant_and_it_restarts_cold() -> None:
    cached = Cached()
    server = cached.servers[0]
    cached.set(0.0, "k")
    cached.do(1.0, server.crash)
    cached.env.run(until=1.001)
    assert (len(server.store), server.lease_statistics().lost_count) == (0, 1)
    refused = cached.get(2.0, "k")
    cached.do(3.0, server.restart)
    cold = cached.get(4.0, "k")
    cached.set(5.0, "k", "new")
    warm = cached.get(6.0, "k")
    cached.env.run()
    assert (refused, cold, warm) == ([2.02, None], [4.02, None], [6.02, "new"])


def test_a_crash_of_the_host_does_the_same_and_meanwhile_there_is_silence() -> None:
    cached = Cached()
    server = cached.servers[0]
    cached.set(0.0, "k")
    cached.do(1.0, server.host.crash)
    silent = cached.get(2.0, "k")
    cached.do(3.0, server.host.restart)
    cold = cached.get(4.0, "k")
    cached.env.run()
    assert (silent, cold) == ([2.1, None], [4.02, None])
    assert server.lease_statistics().lost_count == 1


def test_tokens_from_before_a_crash_are_void() -> None:
    cached = Cached()
    server = cached.servers[0]
    (before,) = (cached.ask(0.0, operations.lease_get("k")),)
    cached.do(1.0, server.crash)
    cached.do(1.5, server.restart)
    cached.env.run(until=2.0)
    token = before[0].value
    assert isinstance(token, Token)
    late = cached.ask(2.0, operations.lease_set("k", page("old"), token.number))
    again = cached.ask(3.0, operations.lease_get("k"))
    cached.env.run()
    assert late[0].value is False
    assert isinstance(again[0].value, Token)
    assert again[0].value != token


def test_a_flush_leaves_nothing_and_makes_all_tokens_void() -> None:
    cached = Cached()
    server = cached.servers[0]
    cached.ask(0.0, operations.put("there", page()))
    before = cached.ask(0.0, operations.lease_get("k"))
    cached.do(1.0, server.invalidate_all)
    cached.env.run()
    late = cached.ask(2.0, operations.lease_set("k", page("old"), before[0].value.number))
    cached.env.run()
    assert late[0].value is False
    assert cached.held(server) == {}


def test_who_misses_first_gets_a_token_and_others_are_told_so_until_it_is_used() -> None:
    cached = Cached()
    first, second = cached.ask(0.0, operations.lease_get("k")), cached.ask(1.0, operations.lease_get("k"))
    cached.env.run()
    token = first[0].value
    assert isinstance(token, Token)
    assert second[0].value == Busy()
    kept = cached.ask(2.0, operations.lease_set("k", page("new"), token.number))
    third = cached.ask(3.0, operations.lease_get("k"))
    cached.env.run()
    assert kept[0].value is True
    assert third[0].value.value == "new"


@pytest.mark.parametrize("how", ["delete", "set", "add"])
def test_what_changes_the_key_makes_the_token_void(how: str) -> None:
    cached = Cached()
    first = cached.ask(0.0, operations.lease_get("k"))
    change = {
        "delete": operations.delete("k"),
        "set": operations.put("k", page("new")),
        "add": operations.add("k", page("new")),
    }
    cached.ask(1.0, change[how])
    cached.env.run()
    late = cached.ask(2.0, operations.lease_set("k", page("old"), first[0].value.number))
    read = cached.ask(3.0, operations.get("k"))
    cached.env.run()
    assert late[0].value is False
    found = read[0].value
    assert (found and found.value) == (None if how == "delete" else "new")
    assert cached.servers[0].lease_statistics().void_count == 1


def test_who_has_to_wait_may_have_what_a_delete_took_away_or_what_has_expired() -> None:
    cached = Cached(server_settings={"stale_time": 5.0, "ttl": 10.0})
    cached.servers[0].store.stale_time = 5.0
    cached.ask(0.0, operations.put("deleted", page("old", size_bytes=300)))
    cached.ask(0.0, operations.put("expired", page("older", size_bytes=400)))
    cached.ask(10.5, operations.put("deleted", page("old", size_bytes=300)))
    cached.ask(11.0, operations.delete("deleted"))
    for key in ("deleted", "expired", "never"):
        cached.ask(12.0, operations.lease_get(key))
    told = [cached.ask(13.0, operations.lease_get(key)) for key in ("deleted", "expired", "never")]
    cached.env.run()
    stale = [answer.value.stale for (answer,) in told]
    assert [each and each.value for each in stale] == ["old", "older", None]
    assert [answer.size_bytes for (answer,) in told] == [300, 400, 0]
    statistics = cached.servers[0].lease_statistics()
    assert (statistics.token_count, statistics.busy_count, statistics.stale_count) == (3, 3, 2)


def test_a_set_under_way_when_the_process_crashes_is_not_kept() -> None:
    cached = Cached(server_settings={"request_work": 1.0})
    server = cached.servers[0]
    told = cached.set(0.0, "k")
    cached.do(0.05, server.crash)
    cached.do(0.06, server.restart)
    cached.env.run()
    assert told == [pytest.approx(0.05 + ONE_WAY), False]
    assert cached.held(server) == {}


def test_an_operation_that_is_none_of_its_own_is_a_server_error() -> None:
    env = Environment()
    store = CacheStore(env, Lru(10))
    server = CacheServer(env, Host(env, "cache"), store, name="cache")
    with pytest.raises(ServerError, match=r"operation must be one of those of cache servers"):
        server.answer(operations.Request("get", "k"))


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"request_work": -1.0}, "request_work"),
        ({"lease_time": 0.0}, "lease_time"),
        ({"stale_time": -1.0}, "stale_time"),
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, Any], error: str) -> None:
    env = Environment()
    with pytest.raises(ValueError, match=error):
        CacheServer(env, Host(env, "cache"), CacheStore(env, Lru(10)), name="cache", **settings)


def test_a_store_must_be_one() -> None:
    env = Environment()
    with pytest.raises(TypeError, match="store must be a CacheStore"):
        CacheServer(env, Host(env, "cache"), Lru(10), name="cache")  # type: ignore[arg-type]


def test_a_value_that_is_not_kept_is_said_to_be_not_kept() -> None:
    env = Environment()
    store = CacheStore(env, Lru(1_000), unit="bytes")
    server = CacheServer(env, Host(env, "cache"), store, name="cache")
    assert server.answer(operations.put("k", page(size_bytes=2_000))) == Response(False)


def test_a_token_that_is_given_back_leaves_what_is_stale_for_those_who_wait_next() -> None:
    cached = Cached(server_settings={"stale_time": 50.0})
    cached.ask(0.0, operations.put("k", page("old")))
    cached.ask(1.0, operations.delete("k"))
    first = cached.ask(2.0, operations.lease_get("k"))
    cached.env.run()
    ends = [cached.ask(time, operations.lease_end("k", first[0].value.number)) for time in (3.0, 4.0)]
    second, third = (cached.ask(time, operations.lease_get("k")) for time in (5.0, 6.0))
    cached.env.run()
    assert [answer.value for (answer,) in ends] == [True, False]
    assert isinstance(second[0].value, Token)
    assert third[0].value.stale.value == "old"


def test_a_server_that_is_stopped_in_good_order_finishes_what_it_has_and_forgets_all() -> None:
    cached = Cached(server_settings={"request_work": 0.01})
    server = cached.servers[0]
    cached.set(0.0, "k")
    last = cached.get(1.0, "k")
    cached.do(1.015, server.stop)
    refused = cached.get(2.0, "k")
    cached.env.run()
    assert last == [pytest.approx(1.0 + ROUND_TRIP + 0.01), "page"]
    assert refused == [2.0 + ROUND_TRIP, None]
    assert (len(server.store), server.lease_statistics().lost_count) == (0, 1)
