"""CacheAside: what it answers and when, the stale set, and what leases do about it."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from models import FunctionEndpoint, Host, Network, Refused, Request, Response, ServerError, TimedOut
from models.caching.aside import CacheAside, Leasing
from models.caching.eviction import Lru
from models.caching.patterns import Cache
from models.caching.servers import Ejection
from models.caching.stores import CacheStore
from models.replication import scan
from models.replication.scans import AllKeys
from models.resilience import ConstantBackoff, Retry, Timeout
from models.services import Dependency, Instance
from simulator import Environment

from ..patterns.origin import ask
from ..servers.cached import ROUND_TRIP, TIMEOUT
from .aside import Aside

LEASING = Leasing(wait=0.1, waits_max=20)


# -- reads --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("leasing", [None, LEASING])
def test_a_miss_costs_the_cache_and_the_origin_and_a_hit_the_cache_alone(leasing: Leasing | None) -> None:
    shop = Aside(aside_settings={"leasing": leasing})
    missed, hit = shop.read(0.0), shop.read(5.0)
    shop.env.run()
    assert missed == [1.0 + ROUND_TRIP, "old", None]
    assert hit == [5.0 + ROUND_TRIP, "old", ROUND_TRIP]  # as of when the origin was asked
    statistics = shop.aside.statistics()
    assert (statistics.hit_count, statistics.load_count, statistics.loaded_count) == (1, 1, 1)


@pytest.mark.parametrize("leasing", [None, LEASING])
def test_a_cache_that_is_silent_costs_its_timeout_and_the_origin_answers(leasing: Leasing | None) -> None:
    shop = Aside(aside_settings={"leasing": leasing})
    shop.servers[0].host.crash()
    told = [shop.read(0.0), shop.write(5.0)]
    shop.env.run(until=10.0)
    assert told[0] == [1.0 + TIMEOUT, "old", None]
    assert told[1] == [6.0 + TIMEOUT, None, None]
    assert shop.client.statistics().failed_delete_count == 1


def test_an_answer_that_was_old_already_is_kept_as_old_as_it_was() -> None:
    shop = Aside()

    def from_another_cache(request: Request) -> Generator[Any, Any, Response]:
        yield 0.5
        return Response("old", as_of=-7.0)

    around = CacheAside(shop.env, FunctionEndpoint(from_another_cache), shop.client)
    told = [shop.read(0.0, aside=around), shop.read(1.0, aside=around)]
    shop.env.run()
    assert told == [[0.52, "old", -7.0], [1.02, "old", -7.0]]


def test_a_degraded_answer_is_not_kept() -> None:
    shop = Aside()
    shop.origin.degraded = ("stock",)
    told = shop.read(0.0)
    shop.env.run()
    assert told[1] == "old"
    assert shop.cached_values == [{}]


def test_a_failure_of_the_origin_is_the_answer_and_is_not_kept() -> None:
    shop = Aside()
    shop.origin.fails = [ServerError()]
    told = shop.read(0.0)
    shop.env.run()
    assert told == [1.0 + ROUND_TRIP, ServerError, None]
    assert shop.cached_values == [{}]


def test_that_there_is_nothing_is_kept_too() -> None:
    shop = Aside()
    told = [shop.read(0.0, "unknown"), shop.read(5.0, "unknown")]
    shop.env.run()
    assert [time for time, _, _ in told] == [1.0 + ROUND_TRIP, 5.0 + ROUND_TRIP]
    assert len(shop.origin.read_times) == 1


def test_a_scan_passes_untouched() -> None:
    shop = Aside()
    told = shop.ask_aside(0.0, scan(AllKeys()))
    shop.env.run()
    assert told[0] == 1.0
    assert shop.client.statistics().read_count == 0


def test_what_is_kept_has_the_time_to_live_that_was_said() -> None:
    shop = Aside(aside_settings={"ttl": 3.0})
    told = [shop.read(time) for time in (0.0, 4.0, 4.05)]
    shop.env.run()
    assert [time for time, _, _ in told] == [1.02, 4.02, 5.07]  # from 1.03 s on


# -- writes -------------------------------------------------------------------------------------------------


def test_a_write_is_over_when_the_origin_has_done_it_and_the_cache_has_let_go() -> None:
    shop = Aside()
    shop.read(0.0)
    written, read = shop.write(2.0), shop.read(4.0)
    shop.env.run()
    assert written[0] == 3.0 + ROUND_TRIP
    assert read == [5.0 + ROUND_TRIP, "new", None]


def test_a_write_may_set_what_it_has_written() -> None:
    shop = Aside(aside_settings={"on_write": "set"})
    shop.read(0.0)
    written, read = shop.write(2.0), shop.read(4.0)
    shop.env.run()
    assert written[0] == 3.0 + ROUND_TRIP
    assert read == [4.0 + ROUND_TRIP, "new", 2.0]
    assert shop.client.statistics().delete_count == 0
    kept = shop.servers[0].store.stale("k")
    assert kept is not None
    assert kept.response.size_bytes == 200


def test_what_a_write_sets_has_the_origin_s_version_and_the_time_to_live_that_was_said() -> None:
    shop = Aside()

    def done(request: Request) -> Generator[Any, Any, Response]:
        yield 0.5
        return Response(version=7)

    aside = CacheAside(shop.env, FunctionEndpoint(done), shop.client, on_write="set", ttl=3.0)
    shop.write(0.0, aside=aside)
    shop.env.run(until=1.0)
    kept = shop.servers[0].store.stale("k")
    assert kept is not None
    assert (kept.response.value, kept.response.version) == ("new", 7)
    assert kept.expires_at == pytest.approx(0.5 + ROUND_TRIP / 2 + 3.0)


def test_a_write_whose_answer_is_degraded_deletes() -> None:
    shop = Aside(aside_settings={"on_write": "set"})
    shop.read(0.0)
    shop.env.run(until=2.0)
    shop.origin.degraded = ("stock",)
    shop.write(2.0)
    shop.env.run()
    assert shop.origin.values == {"k": "new"}
    assert shop.cached_values == [{}]


def test_what_does_not_say_the_whole_value_deletes() -> None:
    shop = Aside(aside_settings={"on_write": "set"})
    shop.origin.values["k"] = 1
    shop.read(0.0)
    shop.ask_aside(2.0, Request("add", "k", 2))
    shop.env.run()
    assert shop.cached_values == [{}]


def test_a_set_that_fails_is_followed_by_a_delete() -> None:
    shop = Aside(aside_settings={"on_write": "set"})
    shop.read(0.0)
    shop.env.run(until=2.5)
    cut = shop.network.partition(shop.servers[0].host, shop.web, one_way=True)  # no acknowledgement
    written = shop.write(2.5)
    shop.do(3.55, lambda: shop.network.heal(cut))
    shop.env.run()
    assert written[0] == pytest.approx(3.5 + TIMEOUT + ROUND_TRIP)
    assert shop.cached_values == [{}]


def test_a_set_that_fails_is_followed_by_a_delete_though_its_writer_has_left() -> None:
    shop = Aside(aside_settings={"on_write": "set"})
    shop.read(0.0)
    shop.env.run(until=2.5)
    cut = shop.network.partition(shop.web, shop.servers[0].host)
    hasty = Timeout(shop.env, shop.aside, 1.05)
    written = shop.at(2.5, lambda _: hasty.call(Request("write", "k", "new")))
    shop.do(3.55, lambda: shop.network.heal(cut))
    shop.env.run()
    assert written == [3.55, TimedOut]
    assert shop.origin.values == {"k": "new"}
    assert shop.cached_values == [{}]
    statistics = shop.client.statistics()
    assert (statistics.failed_set_count, statistics.delete_count, statistics.failed_delete_count) == (1, 1, 0)


def test_a_write_that_was_not_done_deletes_nothing() -> None:
    shop = Aside()
    shop.read(0.0)
    shop.origin.fails = []
    shop.env.run(until=2.0)
    shop.origin.fails = [Refused()]
    told = shop.write(2.0)
    shop.env.run()
    assert told[1] is Refused
    assert shop.cached_values == [{"k": "old"}]


def test_a_write_that_was_asked_again_deletes_whatever_it_has_failed_of_last() -> None:
    shop = Aside()
    retry = Retry(shop.env, shop.origin, 2, backoff=ConstantBackoff(delay=0.1))
    aside = CacheAside(shop.env, retry, shop.client)
    shop.read(0.0, aside=aside)
    shop.env.run(until=2.0)
    # The first attempt has done it, though nobody knows.
    shop.origin.fails = [TimedOut(), Refused()]
    told = shop.write(2.0, aside=aside)
    shop.env.run()
    assert told[1] is Refused
    assert shop.cached_values == [{}]


@pytest.mark.parametrize("failure", [ServerError, TimedOut])
def test_a_write_of_which_nobody_knows_deletes_and_nobody_waits_for_that(failure: Any) -> None:
    shop = Aside()
    shop.read(0.0)
    shop.env.run(until=2.0)
    shop.origin.fails = [failure()]
    told = shop.write(2.0)
    shop.env.run()
    assert told == [3.0, failure, None]
    assert shop.cached_values == [{}]


def test_a_write_that_is_given_up_deletes_too() -> None:
    shop = Aside()
    shop.read(0.0)
    hasty = Timeout(shop.env, shop.aside, 0.75)
    told: list[Any] = []

    def write() -> Generator[Any, Any, None]:
        try:
            yield from hasty.call(Request("write", "k", "new"))
        except TimedOut:
            told.append(shop.env.now)

    shop.do(2.0, lambda: shop.web.start(write()))
    read = shop.read(4.0)
    shop.env.run()
    assert told == [2.75]
    assert read[1] == "new"  # it was done half-way


def test_a_writer_that_dies_between_the_two_deletes_nothing_and_that_is_counted() -> None:
    shop = Aside()
    shop.read(0.0)
    shop.write(2.0)
    shop.do(2.75, shop.web.crash)
    shop.do(3.0, shop.web.restart)
    read = shop.read(4.0)
    shop.env.run()
    assert read == [4.0 + ROUND_TRIP, "old", ROUND_TRIP]
    assert shop.aside.statistics().undeleted_count == 1


# -- the stale set ------------------------------------------------------------------------------------------
# The read is worked on from 0.02 to 1.02 s and sees the value at 0.52 s; the write takes effect after that
# and is acknowledged before the read is.


def slow_read_and_quick_write(shop: Aside) -> list[Any]:
    """A read of the old value whose set comes after a write's delete; what a later read says."""
    shop.origin.write_time = 0.2
    shop.read(0.0)
    written = shop.write(0.6)
    later = shop.read(2.0)
    shop.env.run()
    assert written[0] == pytest.approx(0.8 + ROUND_TRIP)
    return later


def test_a_slow_reader_sets_what_a_writer_has_just_deleted_and_it_stays() -> None:
    shop = Aside()
    assert slow_read_and_quick_write(shop) == [2.0 + ROUND_TRIP, "old", ROUND_TRIP]
    assert shop.cached_values == [{"k": "old"}]


def test_with_a_lease_the_slow_reader_s_set_is_ignored() -> None:
    shop = Aside(aside_settings={"leasing": LEASING})
    assert slow_read_and_quick_write(shop) == [3.0 + ROUND_TRIP, "new", None]
    assert shop.servers[0].lease_statistics().void_count == 1
    assert shop.cached_values == [{"k": "new"}]


@pytest.mark.parametrize("replicas", [1, 2])
def test_leases_hold_with_copies_too(replicas: int) -> None:
    shop = Aside(2, replicas=replicas, aside_settings={"leasing": LEASING})
    assert slow_read_and_quick_write(shop)[1] == "new"


def test_leases_are_no_help_where_two_clients_differ_about_who_keeps_a_key() -> None:
    shop = Aside(2, ejection=Ejection(failures_max=1, retry_time=10.0), aside_settings={"leasing": LEASING})
    (key,) = shop.keys_of(0)
    shop.origin.values[key] = "old"
    shop.origin.write_time = 0.2
    elsewhere = Host(shop.env, "elsewhere")
    other = CacheAside(shop.env, shop.origin, shop.cluster.client(elsewhere), leasing=LEASING)
    shop.network.partition(shop.web, shop.servers[0].host)  # which only this web host takes for dead
    shop.get(0.0, key)
    shop.read(1.0, key)  # with a lease of the other server's; is told at 2.02 s what is there at 1.52 s
    written = shop.write(1.6, key=key, aside=other)
    told = [shop.read(5.0, key), shop.read(5.0, key, other)]
    shop.env.run(until=20.0)
    assert written == [1.8 + ROUND_TRIP, None, None]
    assert [value for _, value, _ in told] == ["old", "new"]
    assert [client.statistics().failed_delete_count for client in (shop.client, other.client)] == [0, 0]


def test_two_writers_who_set_may_leave_the_older_value() -> None:
    shop = Aside(aside_settings={"on_write": "set"})
    far = Host(shop.env, "far")
    shop.network.override(far, shop.servers[0].host, latency=0.05)
    other = CacheAside(shop.env, shop.origin, shop.cluster.client(far), on_write="set")
    shop.origin.write_time = 0.2
    shop.write(0.0, "first", aside=other)  # set at 0.25 s
    shop.write(0.01, "second")  # at the origin later, and in the cache at 0.22 s
    shop.env.run()
    assert shop.origin.values == {"k": "second"}
    assert shop.cached_values == [{"k": "first"}]


# -- the herd -----------------------------------------------------------------------------------------------


def test_without_leases_all_who_miss_ask_the_origin() -> None:
    shop = Aside()
    for number in range(10):
        shop.read(0.01 * number)
    shop.env.run()
    assert len(shop.origin.read_times) == 10


def test_with_leases_one_asks_and_the_others_wait_for_it() -> None:
    shop = Aside(aside_settings={"leasing": LEASING})
    told = [shop.read(0.01 * number) for number in range(10)]
    shop.env.run()
    assert len(shop.origin.read_times) == 1
    assert told[0] == [1.02, "old", None]
    # The first set arrives at 1.03 s; who came at 0.01 s asks every 0.12 s, and finds it at 1.09 + 0.01 s.
    assert told[1] == [pytest.approx(0.01 + 9 * 0.12 + 0.02), "old", 0.02]
    statistics = shop.aside.statistics()
    assert (statistics.load_count, statistics.hit_count, statistics.leaseless_count) == (1, 9, 0)


def test_who_has_waited_enough_asks_the_origin_and_does_not_set() -> None:
    shop = Aside(aside_settings={"leasing": Leasing(wait=0.1, waits_max=2)})
    shop.read(0.0)
    told = shop.read(0.1)
    shop.env.run(until=1.2)
    # Asked at 0.1, 0.22 and 0.34 s; then the origin, from 0.36 s on.
    shop.env.run()
    assert told == [pytest.approx(1.36), "old", None]
    assert shop.aside.statistics().leaseless_count == 1
    assert shop.client.statistics().set_count == 1


def test_who_takes_a_stale_value_need_not_wait() -> None:
    shop = Aside(
        server_settings={"stale_time": 5.0},
        aside_settings={"leasing": Leasing(wait=0.1, waits_max=20, takes_stale=True)},
    )
    shop.origin.write_time = 0.2
    shop.read(0.0)
    shop.write(2.0)  # deleted at 2.21 s
    told = [shop.read(3.0), shop.read(3.1)]
    shop.env.run()
    assert told == [[4.02, "new", None], [3.12, "old", 0.02]]
    assert shop.aside.statistics().stale_count == 1


def test_a_stale_value_is_degraded_and_no_cache_further_out_gives_it_a_new_life() -> None:
    shop = Aside(
        server_settings={"stale_time": 5.0},
        aside_settings={"leasing": Leasing(wait=0.1, waits_max=20, takes_stale=True)},
    )
    shop.origin.write_time = 0.2
    outer = Cache(shop.env, shop.aside, CacheStore(shop.env, Lru(10)))
    shop.read(0.0)
    shop.write(2.0)  # deleted at 2.21 s
    shop.read(3.0)
    told = [ask(shop.env, outer, time, key="k") for time in (3.1, 5.0)]
    shop.env.run()
    assert [each.result for each in told] == ["old", "new"]
    assert told[0].response is not None
    assert told[0].response.degraded == ("stale",)


@pytest.mark.parametrize("replicas", [1, 2])
def test_whose_load_fails_gives_the_lease_back(replicas: int) -> None:
    shop = Aside(2, replicas=replicas, aside_settings={"leasing": LEASING})
    shop.origin.fails = [ServerError()]
    shop.read(0.0)
    told = shop.read(1.5)
    shop.env.run()
    assert told == [pytest.approx(2.5 + replicas * ROUND_TRIP), "old", None]
    assert shop.aside.statistics().wait_count == 0


def test_who_is_given_a_degraded_answer_gives_the_lease_back() -> None:
    shop = Aside(aside_settings={"leasing": LEASING})
    shop.origin.degraded = ("stock",)
    shop.read(0.0)
    told = shop.read(1.5)
    shop.env.run()
    assert told[0] == 2.5 + ROUND_TRIP


def test_who_gives_up_gives_the_lease_back() -> None:
    shop = Aside(aside_settings={"leasing": LEASING})
    hasty = Timeout(shop.env, shop.aside, 0.5)
    shop.at(0.0, lambda _: hasty.call(Request("read", "k")))
    told = shop.read(0.7)
    shop.env.run()
    assert told == [pytest.approx(1.7 + ROUND_TRIP), "old", None]


def test_a_holder_that_dies_keeps_a_key_out_for_no_longer_than_its_lease() -> None:
    shop = Aside(server_settings={"lease_time": 2.0}, aside_settings={"leasing": LEASING})
    app = Instance(shop.env, shop.web, Dependency(shop.aside), name="app")
    shop.at(0.0, lambda _: app.call(Request("read", "k")))
    shop.do(0.5, app.crash)
    told = shop.read(1.0)
    shop.env.run()
    # It asks every 0.12 s from 1.0 s on; the lease of 0.01 s is over at 2.01 s.
    assert told == [pytest.approx(1.0 + 9 * 0.12 + 0.02 + 1.0), "old", None]
    assert shop.cached_values == [{"k": "old"}]


# -- where it is, and what it is made of --------------------------------------------------------------------


def test_a_read_whose_deadline_has_passed_is_the_origins_to_refuse_and_a_hit_is_given() -> None:
    shop = Aside()
    shop.read(0.0)
    told = shop.ask_aside(2.0, Request("read", "k", deadline=1.0))
    shop.env.run()
    assert told[1] == "old"


def test_a_call_that_is_cancelled_leaves_nothing_behind() -> None:
    shop = Aside(aside_settings={"leasing": LEASING})
    hasty = Timeout(shop.env, shop.aside, 0.05)
    told = [shop.at(time, lambda _: hasty.call(Request("read", "k"))) for time in (0.0, 0.01)]
    shop.env.run()
    assert [each[1] for each in told] == [TimedOut, TimedOut]
    assert not shop.web.running


def test_it_stands_where_the_origin_is_asked() -> None:
    shop = Aside()
    elsewhere = Host(shop.env, "elsewhere")
    target = shop.network.connect(elsewhere, Instance(shop.env, elsewhere, Dependency(shop.origin), name="i"))
    with pytest.raises(ValueError, match="client must be on the host of the target"):
        CacheAside(shop.env, target, shop.client)


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"on_write": "nothing"}, "on_write must be one of delete, set"),
        ({"ttl": 0.0}, "ttl must be > 0"),
        ({"leasing": Leasing(takes_stale=True)}, "takes_stale needs a server that keeps what is stale"),
    ],
)
def test_wrong_settings_are_refused(settings: Any, error: str) -> None:
    with pytest.raises(ValueError, match=error):
        Aside(aside_settings=settings)


def test_parts_must_be_of_their_kind() -> None:
    env = Environment()
    with pytest.raises(TypeError, match="client must be a CacheClient"):
        CacheAside(env, Aside().origin, Network(env))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="leasing must be a Leasing"):
        Aside(aside_settings={"leasing": True})
