"""CacheCluster: whose a key is, who takes over, and what comes back with a server that was out."""

from __future__ import annotations

from typing import Any

import pytest

from models import Host, Network
from models.caching.servers import CacheCluster, Ejection, Gutter
from models.hashing import HashRing, ModuloBuckets, hash_of
from models.resilience import ConstantBackoff
from simulator import Environment

from .cached import ROUND_TRIP, TIMEOUT, Cached

OUT_AT_ONCE = Ejection(failures_max=1, retry_time=10.0)


def test_a_key_is_where_the_ring_says_and_its_copies_at_the_next_on_it() -> None:
    cached = Cached(5, replicas=2)
    ring = HashRing([server.name for server in cached.servers])
    for key in map(str, range(50)):
        walk = list(ring.walk(hash_of(key)))
        assert cached.cluster.owners(hash_of(key)) == walk[:2]


def test_by_modulo_copies_are_at_the_next_in_the_list() -> None:
    cached = Cached(5, replicas=3, make_placement=ModuloBuckets)
    for key in map(str, range(50)):
        first = hash_of(key) % 5
        assert cached.cluster.owners(hash_of(key)) == [first, (first + 1) % 5, (first + 2) % 5]


# By modulo a key stays if its hash modulo 4 is that modulo 3: 3 of the 9 in 12 whose owner is still there.
@pytest.mark.parametrize(("make_placement", "stay"), [(HashRing, 1.0), (ModuloBuckets, 1 / 3)])
def test_without_one_server_a_ring_keeps_the_others_keys_and_modulo_moves_nearly_all(
    make_placement: Any, stay: float
) -> None:
    cached = Cached(4, make_placement=make_placement)
    cluster = cached.cluster
    hashes = [hash_of(str(number)) for number in range(4_000)]
    others = [hashed for hashed in hashes if cluster.owners(hashed) != [3]]
    same = sum(cluster.owners(hashed) == cluster.owners_among((0, 1, 2), hashed) for hashed in others)
    assert same / len(others) == pytest.approx(stay, abs=0.03)


def test_copies_are_as_many_as_there_are_servers_left_and_none_without_any() -> None:
    cached = Cached(3, replicas=2)
    assert len(cached.cluster.owners_among((1,), 12345)) == 1
    assert cached.cluster.owners_among((), 12345) == []


def test_without_ejection_each_read_of_a_lost_server_s_keys_waits() -> None:
    cached = Cached(2)
    lost, other = cached.keys_of(0)[0], cached.keys_of(1)[0]
    cached.do(0.5, cached.servers[0].host.crash)
    told = [cached.get(time, lost) for time in (1.0, 2.0, 3.0)] + [cached.get(4.0, other)]
    cached.env.run(until=10.0)
    assert [ended for ended, _ in told] == [1.0 + TIMEOUT, 2.0 + TIMEOUT, 3.0 + TIMEOUT, 4.0 + ROUND_TRIP]


def test_with_ejection_its_keys_go_to_another_server() -> None:
    cached = Cached(2, ejection=OUT_AT_ONCE)
    (key,) = cached.keys_of(0)
    cached.do(0.5, cached.servers[0].host.crash)
    lost, missed = cached.get(1.0, key), cached.get(2.0, key)
    cached.set(3.0, key, "new")
    found = cached.get(4.0, key)
    cached.env.run(until=5.0)
    assert (lost, missed, found) == ([1.1, None], [2.02, None], [4.02, "new"])
    assert cached.held(cached.servers[1]) == {key: "new"}


def test_with_nobody_left_everything_is_a_miss_at_once_and_nothing_is_kept() -> None:
    cached = Cached(2, ejection=OUT_AT_ONCE)
    for server in cached.servers:
        server.host.crash()
    (key,) = cached.keys_of(0)
    cached.get(0.0, key)
    cached.get(0.5, key)
    told = [
        cached.get(1.0, key),
        cached.set(2.0, key),
        cached.delete(3.0, key),
        cached.at(4.0, lambda client: client.add(key, None)),  # type: ignore[arg-type]
        cached.at(5.0, lambda client: client.lease(key)),
    ]
    cached.env.run(until=6.0)
    assert told == [[1.0, None], [2.0, False], [3.0, False], [4.0, False], [5.0, None]]


# -- what comes back ----------------------------------------------------------------------------------------


def cut_off_for(cached: Cached, start: float, end: float, server: int = 0) -> None:
    """Cut a server off for that time."""
    cuts: list[Any] = []
    host = cached.servers[server].host
    cached.do(start, lambda: cuts.append(cached.network.partition(cached.web, host)))
    cached.do(end, lambda: cached.network.heal(cuts[0]))


def test_a_server_that_comes_back_from_a_partition_brings_its_old_values_back() -> None:
    cached = Cached(2, ejection=OUT_AT_ONCE)
    (key,) = cached.keys_of(0)
    cached.set(0.0, key, "old")
    cut_off_for(cached, 1.0, 5.0)
    cached.get(2.0, key)  # out from 2.1 to 12.1 s
    deleted = cached.delete(3.0, key)
    cached.set(4.0, key, "new")
    told = [cached.get(time, key) for time in (6.0, 12.0, 12.2)]
    cached.env.run()
    # Its substitute was told, and the owner was not.
    assert deleted == [3.0 + ROUND_TRIP, False]
    assert [value for _, value in told] == ["new", "new", "old"]
    statistics = cached.client.statistics()
    assert (statistics.delete_count, statistics.failed_delete_count) == (2, 1)


def test_a_server_that_comes_back_from_a_crash_has_nothing_to_bring_back() -> None:
    cached = Cached(2, ejection=OUT_AT_ONCE)
    (key,) = cached.keys_of(0)
    cached.set(0.0, key, "old")
    cached.do(1.0, cached.servers[0].host.crash)
    cached.get(2.0, key)
    cached.delete(3.0, key)
    cached.do(5.0, cached.servers[0].host.restart)
    told = cached.get(12.2, key)
    cached.env.run()
    assert told == [12.22, None]


def test_deletes_that_are_repeated_reach_the_owner_that_was_out() -> None:
    cached = Cached(2, ejection=OUT_AT_ONCE, delete_backoff=ConstantBackoff(delay=0.5))
    (key,) = cached.keys_of(0)
    cached.set(0.0, key, "old")
    cut_off_for(cached, 1.0, 5.0)
    cached.get(2.0, key)
    cached.delete(3.0, key)
    told = cached.get(12.2, key)
    cached.env.run()
    assert told == [12.22, None]


def test_what_a_substitute_kept_comes_back_the_next_time_it_is_one() -> None:
    cached = Cached(2, ejection=OUT_AT_ONCE)
    (key,) = cached.keys_of(0)
    cut_off_for(cached, 1.0, 5.0)
    cached.get(2.0, key)
    cached.set(3.0, key, "old")  # at the substitute
    deleted = cached.delete(20.0, key)  # at the owner, and all is well as far as anybody can see
    cut_off_for(cached, 21.0, 30.0)
    cached.get(22.0, key)
    told = cached.get(23.0, key)
    cached.env.run()
    assert (deleted[1], told[1]) == (True, "old")


def test_another_client_that_has_not_ejected_reads_what_a_delete_did_not_reach() -> None:
    cached = Cached(2, ejection=OUT_AT_ONCE)
    other = cached.cluster.client(Host(cached.env, "other web"))
    (key,) = cached.keys_of(0)
    cached.set(0.0, key, "old")
    cut_off_for(cached, 1.0, 5.0)  # from the web host alone
    cached.get(2.0, key)
    cached.delete(3.0, key)
    told = cached.get(4.0, key, other)
    cached.env.run()
    assert told[1] == "old"


# -- the gutter ---------------------------------------------------------------------------------------------


def test_the_gutter_takes_over_from_the_read_that_finds_a_server_out() -> None:
    cached = Cached(3, gutter=1, ejection=OUT_AT_ONCE, gutter_ttl=5.0)
    (key,) = cached.keys_of(0)
    cached.set(0.0, key, "old")
    cached.do(1.0, cached.servers[0].host.crash)
    first = cached.get(2.0, key)
    kept = cached.set(3.0, key, "new")
    told = [cached.get(time, key) for time in (4.0, 7.9, 8.1)]
    cached.env.run(until=11.0)
    assert first == [2.0 + TIMEOUT + ROUND_TRIP, None]
    assert [value for _, value in told] == ["new", "new", None]  # 5 s from 3.01 s
    assert kept[1] is False  # not by its owners
    assert cached.client.statistics().gutter_hit_count == 2
    assert [cached.held(server) for server in cached.servers[1:]] == [{}, {}]


def test_the_gutter_lets_the_keys_of_the_others_where_they_are() -> None:
    cached = Cached(3, gutter=1, ejection=OUT_AT_ONCE)
    lost, other = cached.keys_of(0)[0], cached.keys_of(1)[0]
    cached.set(0.0, other, "there")
    cached.do(1.0, cached.servers[0].host.crash)
    cached.get(2.0, lost)
    told = cached.get(3.0, other)
    cached.env.run(until=5.0)
    assert told == [3.0 + ROUND_TRIP, "there"]


def test_the_gutter_is_not_told_of_deletes_and_forgets_soon() -> None:
    cached = Cached(2, gutter=1, ejection=OUT_AT_ONCE, gutter_ttl=2.0)
    (key,) = cached.keys_of(0)
    cached.do(1.0, cached.servers[0].host.crash)
    cached.get(2.0, key)
    cached.set(3.0, key, "old")
    deleted = cached.delete(4.0, key)
    told = [cached.get(time, key) for time in (4.5, 5.1)]
    cached.env.run(until=8.0)
    assert deleted == [4.0, False]
    assert [value for _, value in told] == ["old", None]


def test_a_shorter_time_to_live_is_kept_in_the_gutter_too() -> None:
    cached = Cached(2, gutter=1, ejection=OUT_AT_ONCE, gutter_ttl=5.0)
    (key,) = cached.keys_of(0)
    cached.do(1.0, cached.servers[0].host.crash)
    cached.get(2.0, key)
    cached.set(3.0, key, "new", ttl=1.0)
    told = cached.get(4.1, key)
    cached.env.run(until=8.0)
    assert told[1] is None


@pytest.mark.parametrize(("value", "ttl", "life"), [(None, 1.0, 1.0), ("page", 3.0, 3.0), ("page", 7.0, 5.0)])
def test_the_gutter_keeps_nothing_for_longer_than_its_servers_do(value: Any, ttl: float, life: float) -> None:
    cached = Cached(2, gutter=1, ejection=OUT_AT_ONCE, gutter_ttl=5.0, server_settings={"ttl": ttl})
    cached.gutter[0].store.negative_ttl = 1.0
    (key,) = cached.keys_of(0)
    cached.do(1.0, cached.servers[0].host.crash)
    cached.get(2.0, key)
    cached.set(3.0, key, value)  # kept from 3.01 s on
    cached.env.run(until=3.0 + life)
    assert len(cached.gutter[0].store) == 1
    assert key in cached.gutter[0].store
    cached.env.run(until=3.02 + life)
    assert key not in cached.gutter[0].store


def test_the_gutter_is_asked_last_and_once_when_one_of_two_copies_goes_out() -> None:
    cached = Cached(3, replicas=2, gutter=1, ejection=OUT_AT_ONCE)
    (key,) = cached.keys_of(0)
    first, second = (cached.servers[place] for place in cached.cluster.owners(hash_of(key)))
    second.host.crash()
    cached.get(0.0, key)  # finds the second out
    cached.do(1.0, first.host.crash)
    told = cached.get(2.0, key)  # and now the first
    cached.env.run(until=5.0)
    assert told == [pytest.approx(2.0 + TIMEOUT + ROUND_TRIP), None]
    assert cached.gutter[0].store.statistics().lookup_count == 2


def test_a_copy_that_is_there_is_asked_before_the_gutter() -> None:
    cached = Cached(3, replicas=2, gutter=1, ejection=OUT_AT_ONCE)
    (key,) = cached.keys_of(0)
    cached.set(0.0, key, "there")
    cached.do(1.0, cached.servers[0].host.crash)
    told = cached.get(2.0, key)
    cached.env.run(until=5.0)
    assert told == [2.0 + TIMEOUT + ROUND_TRIP, "there"]
    assert cached.gutter[0].store.statistics().lookup_count == 0


def test_a_gutter_that_is_down_too_is_let_be() -> None:
    cached = Cached(2, gutter=1, ejection=OUT_AT_ONCE)
    (key,) = cached.keys_of(0)
    cached.do(1.0, cached.servers[0].host.crash)
    cached.do(1.0, cached.gutter[0].host.crash)
    told = [cached.get(2.0, key), cached.get(3.0, key), cached.set(4.0, key)]
    cached.env.run(until=5.0)
    assert told == [[2.0 + 2 * TIMEOUT, None], [3.0, None], [4.0, False]]


def test_two_copies_out_are_one_in_the_gutter() -> None:
    cached = Cached(3, replicas=2, gutter=1, ejection=OUT_AT_ONCE)
    for server in cached.servers:
        server.host.crash()
    cached.get(0.0, "k")
    cached.set(2.0, "k", "new")
    told = cached.get(3.0, "k")
    cached.env.run(until=5.0)
    assert told == [3.0 + ROUND_TRIP, "new"]
    assert cached.client.statistics().set_count == 1


# -- settings -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"replicas": 3}, r"replicas must be at most the 2 servers, got 3"),
        ({"replicas": 0}, "replicas must be a whole number"),
        ({"timeout": 0.0}, "timeout must be > 0"),
        ({"gutter": 1}, "gutter needs ejection"),
    ],
)
def test_wrong_settings_are_refused(settings: Any, error: str) -> None:
    with pytest.raises(ValueError, match=error):
        Cached(2, **settings)


def test_servers_must_be_some_of_different_names() -> None:
    cached = Cached(1)
    with pytest.raises(ValueError, match="names of nodes must differ"):
        CacheCluster(cached.env, cached.network, cached.servers * 2)
    with pytest.raises(ValueError, match="servers must be at least one CacheServer, got none"):
        CacheCluster(cached.env, cached.network, [])
    with pytest.raises(ValueError, match="servers of a gutter must be at least one"):
        Gutter(servers=[])


def test_parts_must_be_of_their_kind() -> None:
    env = Environment()
    with pytest.raises(TypeError, match="each of servers must be a CacheServer"):
        CacheCluster(env, Network(env), ["cache-1"])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="ejection must be an Ejection"):
        Cached(1, ejection=3)
