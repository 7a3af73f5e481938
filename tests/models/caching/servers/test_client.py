"""CacheClient: no answer is a miss; what is told to copies, and what becomes of deletes."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from models import Request
from models.caching.servers import Busy, CacheClient, Ejection, Lease, Token, operations
from models.resilience import ConstantBackoff
from models.services import Instance
from simulator import Process

from .cached import ONE_WAY, ROUND_TRIP, TIMEOUT, Cached, page


def test_a_hit_and_a_miss_take_a_round_trip() -> None:
    cached = Cached()
    told = [cached.set(0.0, "k"), cached.get(1.0, "k"), cached.get(2.0, "other")]
    cached.env.run()
    assert told == [[ROUND_TRIP, True], [1.02, "page"], [2.02, None]]


def test_an_answer_from_a_cache_is_as_old_as_it_was_there() -> None:
    cached = Cached()
    cached.at(0.0, lambda client: client.set("k", page(as_of=-3.0)))
    found: list[Any] = []

    def read(client: CacheClient) -> Generator[Any, Any, None]:
        found.append((yield from client.get("k")))

    cached.at(1.0, read)
    cached.env.run()
    assert (found[0].value, found[0].as_of) == ("page", -3.0)


def test_a_time_to_live_may_be_said_for_one_value() -> None:
    cached = Cached()
    cached.set(0.0, "k", ttl=2.0)
    told = [cached.get(1.9, "k"), cached.get(2.1, "k")]
    cached.env.run()
    assert [value for _, value in told] == ["page", None]


def test_add_keeps_only_where_there_is_nothing() -> None:
    cached = Cached()
    first = cached.at(0.0, lambda client: client.add("k", page("first")))
    second = cached.at(1.0, lambda client: client.add("k", page("second")))
    read = cached.get(2.0, "k")
    cached.env.run()
    assert (first[1], second[1], read[1]) == (True, False, "first")


@pytest.mark.parametrize("trouble", ["down", "partition", "lossy", "slow"])
def test_a_cache_that_does_not_answer_in_time_is_a_miss(trouble: str) -> None:
    cached = Cached(server_settings={"request_work": 0.01})
    server = cached.servers[0]
    cached.set(0.0, "k")
    cached.env.run(until=1.0)
    if trouble == "down":
        server.host.crash()
    elif trouble == "partition":
        cached.network.partition(cached.web, server.host)
    elif trouble == "lossy":
        cached.network.override(cached.web, server.host, loss_probability=1.0)
    else:
        server.host.slow_down("test", 0.01)
    told = cached.get(1.0, "k")
    cached.env.run(until=20.0)
    assert told == [1.0 + TIMEOUT, None]
    assert cached.client.statistics().unanswered_count == 1


def test_a_cache_whose_process_is_down_is_a_miss_after_a_round_trip() -> None:
    cached = Cached()
    cached.do(0.5, cached.servers[0].crash)
    told = cached.get(1.0, "k")
    cached.env.run()
    assert told == [1.0 + ROUND_TRIP, None]


def test_a_cache_whose_queue_is_full_is_a_miss() -> None:
    cached = Cached(server_settings={"request_work": 0.01, "threads": 1, "queue_size_max": 0})
    told = [cached.get(0.0, "k"), cached.get(0.0, "k")]
    cached.env.run()
    assert [value for _, value in told] == [None, None]
    assert cached.client.statistics().unanswered_count == 1


def test_a_delete_that_fails_leaves_the_old_value_until_its_time_is_over() -> None:
    cached = Cached(server_settings={"ttl": 50.0})
    cached.set(0.0, "k", "old")
    cached.env.run(until=1.0)
    cut = cached.network.partition(cached.web, cached.servers[0].host)
    deleted = cached.delete(1.0, "k")
    cached.do(2.0, lambda: cached.network.heal(cut))
    told = [cached.get(time, "k") for time in (3.0, 49.9, 50.1)]
    cached.env.run()
    assert deleted == [1.0 + TIMEOUT, False]
    assert [value for _, value in told] == ["old", "old", None]
    assert cached.client.statistics().failed_delete_count == 1


def test_a_delete_whose_acknowledgement_is_lost_is_done_and_counts_as_failed() -> None:
    cached = Cached()
    cached.set(0.0, "k", "old")
    cached.env.run(until=1.0)
    cut = cached.network.partition(cached.servers[0].host, cached.web, one_way=True)
    deleted = cached.delete(1.0, "k")
    cached.do(2.0, lambda: cached.network.heal(cut))
    told = cached.get(3.0, "k")
    cached.env.run()
    assert (deleted, told[1]) == ([1.0 + TIMEOUT, False], None)
    assert cached.client.statistics().failed_delete_count == 1


def test_a_failed_delete_is_repeated_until_it_arrives() -> None:
    cached = Cached(delete_backoff=ConstantBackoff(delay=1.0))
    cached.set(0.0, "k", "old")
    cached.env.run(until=1.0)
    cut = cached.network.partition(cached.web, cached.servers[0].host)
    deleted = cached.delete(1.0, "k")
    cached.do(4.0, lambda: cached.network.heal(cut))
    # Tried at 1.0, 1.1, 2.2, 3.3 s, and at 4.4 s with success.
    told = [cached.get(time, "k") for time in (4.395, 4.405)]
    cached.env.run()
    assert deleted == [1.1, False]
    assert [value for _, value in told] == ["old", None]
    statistics = cached.client.statistics()
    assert (statistics.failed_delete_count, statistics.repeated_count) == (1, 1)


@pytest.mark.slow
def test_the_log_has_room_for_all_deletes_that_fail() -> None:
    cached = Cached(delete_backoff=ConstantBackoff(delay=1.0))
    cut = cached.network.partition(cached.web, cached.servers[0].host)
    for number in range(1_001):
        cached.client.start_delete(str(number))
    cached.do(0.5, lambda: cached.network.heal(cut))
    cached.env.run()
    assert cached.client.statistics().repeated_count == 1_001


def test_deletes_in_the_log_survive_a_crash_of_the_client_s_host() -> None:
    cached = Cached(delete_backoff=ConstantBackoff(delay=1.0))
    cached.set(0.0, "k", "old")
    cached.env.run(until=1.0)
    cut = cached.network.partition(cached.web, cached.servers[0].host)
    cached.delete(1.0, "k")
    cached.do(1.5, cached.web.crash)
    cached.do(2.0, lambda: cached.network.heal(cut))
    cached.do(3.0, cached.web.restart)
    cached.env.run(until=4.0)
    assert cached.held(cached.servers[0]) == {}


# -- who is cancelled, and who dies -------------------------------------------------------------------------


def test_a_delete_goes_on_when_who_asked_for_it_is_cancelled() -> None:
    cached = Cached()
    cached.set(0.0, "k", "old")
    callers: list[Process] = []

    def delete() -> Generator[Any, Any, None]:
        yield from cached.client.delete("k")

    cached.do(1.0, lambda: callers.append(cached.web.start(delete())))
    cached.do(1.0 + ONE_WAY / 2, lambda: [caller.cancel() for caller in callers])
    cached.env.run()
    assert cached.held(cached.servers[0]) == {}
    assert cached.client.statistics().failed_delete_count == 0


def test_a_timeout_around_a_read_ends_it_and_is_no_failure_of_the_server() -> None:
    cached = Cached()

    def read(client: CacheClient) -> Generator[Any, Any, str]:
        with cached.env.move_on_after(0.005):
            yield from client.get("k")
        return "given up"

    told = cached.at(0.0, read)
    cached.env.run()
    assert told == [0.005, "given up"]
    assert cached.client.statistics().unanswered_count == 0


def test_what_is_told_to_servers_dies_with_the_process_of_who_tells_it() -> None:
    cached = Cached(server_settings={"request_work": 0.01}, delete_backoff=ConstantBackoff(delay=1.0))

    def handle(instance: Instance, request: Any) -> Generator[Any, Any, bool]:
        return (yield from cached.client.delete("k"))

    application = Instance(cached.env, cached.web, handle, name="application")
    cached.network.partition(cached.web, cached.servers[0].host)
    cached.at(0.0, lambda _: application.call(Request("write", "k")))
    cached.do(0.05, application.crash)
    cached.env.run(until=10.0)
    statistics = cached.client.statistics()
    assert (statistics.failed_delete_count, statistics.repeated_count) == (1, 0)
    assert not cached.web.running


# -- copies -------------------------------------------------------------------------------------------------


def test_copies_are_set_and_deleted_at_the_same_time() -> None:
    cached = Cached(3, replicas=2)
    told = [cached.set(0.0, "k"), cached.delete(1.0, "k")]
    cached.env.run(until=0.5)
    assert sum("k" in server.store for server in cached.servers) == 2
    cached.env.run()
    assert told == [[ROUND_TRIP, True], [1.0 + ROUND_TRIP, True]]
    assert sum("k" in server.store for server in cached.servers) == 0


def test_the_second_copy_is_read_when_the_first_owner_is_silent_and_when_it_is_cold() -> None:
    cached = Cached(2, replicas=2)
    (key,) = cached.keys_of(0)
    cached.set(0.0, key)
    cached.do(1.0, cached.servers[0].host.crash)
    silent = cached.get(2.0, key)
    cached.do(3.0, cached.servers[0].host.restart)
    cold = cached.get(4.0, key)
    cached.env.run()
    assert silent == [2.0 + TIMEOUT + ROUND_TRIP, "page"]
    assert cold == [4.0 + 2 * ROUND_TRIP, "page"]
    assert cached.held(cached.servers[0]) == {}


def test_what_no_copy_has_costs_a_round_trip_for_each() -> None:
    cached = Cached(3, replicas=3)
    told = cached.get(0.0, "k")
    cached.env.run()
    assert told == [pytest.approx(3 * ROUND_TRIP), None]


def test_an_old_copy_whose_delete_failed_comes_back_when_the_first_is_lost() -> None:
    cached = Cached(2, replicas=2)
    (key,) = cached.keys_of(0)
    cached.set(0.0, key, "old")
    cached.env.run(until=1.0)
    cut = cached.network.partition(cached.web, cached.servers[1].host)
    deleted = cached.delete(1.0, key)
    cached.do(2.0, lambda: cached.network.heal(cut))
    told = cached.get(3.0, key)
    cached.env.run()
    assert (deleted[1], told[1]) == (False, "old")


# -- leases -------------------------------------------------------------------------------------------------


def lease_of(cached: Cached, time: float, key: str) -> list[Any]:
    return cached.at(time, lambda client: client.lease(key))


def test_a_lease_is_given_once_and_what_is_set_with_it_is_found() -> None:
    cached = Cached()
    first, second = lease_of(cached, 0.0, "k"), lease_of(cached, 1.0, "k")
    cached.env.run()
    assert isinstance(first[1], Lease)
    assert second == [1.0 + ROUND_TRIP, Busy()]
    cached.do(2.0, lambda: cached.client.start_set("k", page("new"), lease=first[1]))
    third = lease_of(cached, 3.0, "k")
    cached.env.run()
    assert third == [3.0 + ROUND_TRIP, "new"]


def test_a_lease_of_two_copies_has_a_token_of_each_and_sets_both() -> None:
    cached = Cached(2, replicas=2)
    lease = lease_of(cached, 0.0, "k")
    cached.env.run(until=1.0)
    cached.do(1.0, lambda: cached.client.start_set("k", page("new"), lease=lease[1]))
    cached.env.run(until=2.0)
    assert [cached.held(server) for server in cached.servers] == [{"k": "new"}] * 2


def test_a_delete_at_one_copy_alone_makes_its_token_void_and_not_the_other() -> None:
    cached = Cached(2, replicas=2)
    lease = lease_of(cached, 0.0, "k")
    cached.env.run(until=1.0)
    cached.network.partition(cached.web, cached.servers[0].host)
    cached.delete(1.0, "k")
    cached.env.run(until=2.0)
    for way, token in lease[1].tokens:
        server = way.connection.target
        assert server.leases.redeem("k", token) is (server is cached.servers[0])


def test_who_nobody_answers_gets_no_lease() -> None:
    cached = Cached(2, replicas=2)
    for server in cached.servers:
        server.host.crash()
    told = lease_of(cached, 0.0, "k")
    cached.env.run(until=5.0)
    assert told == [2 * TIMEOUT, None]


def test_a_client_begins_to_wait_and_set_where_it_runs_and_leaves_nothing_behind() -> None:
    cached = Cached(2, replicas=2)
    cached.do(0.0, lambda: cached.client.start_set("k", page()))
    cached.do(0.0, lambda: cached.client.start_delete("other"))
    cached.env.run()
    assert not cached.web.running
    statistics = cached.client.statistics()
    assert (statistics.set_count, statistics.failed_set_count, statistics.delete_count) == (2, 0, 2)


def test_a_value_that_comes_with_a_token_of_a_server_that_is_out_by_now_is_not_sent_there() -> None:
    cached = Cached(ejection=Ejection(failures_max=1, retry_time=10.0))
    lease = lease_of(cached, 0.0, "k")
    cached.env.run(until=1.0)
    cut = cached.network.partition(cached.web, cached.servers[0].host)
    cached.get(1.0, "k")
    cached.do(2.0, lambda: cached.network.heal(cut))
    cached.do(3.0, lambda: cached.client.start_set("k", page("new"), lease=lease[1]))
    cached.env.run()
    assert cached.held(cached.servers[0]) == {}
    assert cached.client.statistics().failed_set_count == 1


def test_of_two_copies_that_are_busy_the_one_counts_that_has_a_stale_value() -> None:
    cached = Cached(2, replicas=2, server_settings={"stale_time": 5.0})
    (key,) = cached.keys_of(0)
    cached.ask(0.0, operations.put(key, page("old")), server=1)
    cached.delete(1.0, key)
    lease_of(cached, 2.0, key)
    told = lease_of(cached, 3.0, key)
    cached.env.run()
    assert told[1].stale.value == "old"


def test_tokens_are_given_back_where_another_copy_has_the_value() -> None:
    cached = Cached(2, replicas=2)
    (key,) = cached.keys_of(0)
    cached.ask(0.0, operations.put(key, page("there")), server=1)
    told = lease_of(cached, 1.0, key)
    again = cached.ask(2.0, operations.lease_get(key), server=0)
    cached.env.run()
    assert told == [1.0 + 2 * ROUND_TRIP, "there"]
    assert isinstance(again[0].value, Token)


def test_who_is_cancelled_while_asking_gives_back_what_he_has_got_so_far() -> None:
    cached = Cached(2, replicas=2)
    (key,) = cached.keys_of(0)

    def ask(client: CacheClient) -> Generator[Any, Any, None]:
        with cached.env.move_on_after(1.5 * ROUND_TRIP):
            yield from client.lease(key)

    cached.at(0.0, ask)
    told = [cached.ask(1.0, operations.lease_get(key), server=server) for server in (0, 1)]
    cached.env.run()
    # The second had given one that never came.
    assert [type(answer.value) for (answer,) in told] == [Token, Busy]


def test_who_dies_while_asking_gives_nothing_back() -> None:
    cached = Cached(2, replicas=2)
    (key,) = cached.keys_of(0)
    cached.at(0.0, lambda client: client.lease(key))
    cached.do(1.5 * ROUND_TRIP, cached.web.crash)
    cached.do(0.5, cached.web.restart)
    told = [cached.ask(1.0, operations.lease_get(key), server=server) for server in (0, 1)]
    cached.env.run()
    assert [type(answer.value) for (answer,) in told] == [Busy, Busy]


def test_a_lease_of_two_copies_is_given_back_at_both() -> None:
    cached = Cached(2, replicas=2)
    first = lease_of(cached, 0.0, "k")
    cached.do(1.0, lambda: cached.client.start_release("k", first[1]))
    second = lease_of(cached, 2.0, "k")
    cached.env.run()
    assert len(second[1].tokens) == 2


def test_a_server_that_is_out_by_now_is_not_told_of_a_lease_s_end() -> None:
    cached = Cached(ejection=Ejection(failures_max=1, retry_time=10.0))
    lease = lease_of(cached, 0.0, "k")
    cached.env.run(until=1.0)
    cut = cached.network.partition(cached.web, cached.servers[0].host)
    cached.get(1.0, "k")
    cached.do(2.0, lambda: cached.network.heal(cut))
    cached.do(3.0, lambda: cached.client.start_release("k", lease[1]))
    cached.env.run()
    assert cached.servers[0].leases.out_count == 1
