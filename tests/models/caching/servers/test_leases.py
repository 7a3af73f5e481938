"""Leases: one token at a time, void when the key is written, and over in time."""

from __future__ import annotations

from models.caching.servers.leases import Leases
from simulator import Environment

from .cached import page


def made(stale_time: float = 0.0) -> tuple[Environment, Leases]:
    env = Environment()
    return env, Leases(env, time=10.0, stale_time=stale_time)


def test_one_token_of_a_key_is_out_at_a_time() -> None:
    _, leases = made()
    token = leases.take("k")
    assert token is not None
    assert leases.take("k") is None
    assert leases.take("other") not in (None, token)


def test_a_token_is_good_once() -> None:
    _, leases = made()
    token = leases.take("k")
    assert token is not None
    assert leases.redeem("k", token)
    assert not leases.redeem("k", token)
    assert not leases.redeem("never asked for", token)


def test_a_void_token_is_not_good_and_the_next_one_is_another() -> None:
    _, leases = made()
    first = leases.take("k")
    assert first is not None
    leases.void_deleted("k", None)
    second = leases.take("k")
    assert second not in (None, first)
    assert second is not None
    assert not leases.redeem("k", first)
    assert leases.redeem("k", second)


def test_a_token_is_over_after_its_time_and_nobody_has_to_ask_for_it() -> None:
    env, leases = made()
    late = leases.take("k")
    assert late is not None
    env.run(until=9.999)
    assert leases.take("k") is None
    env.run(until=10.0)
    assert not leases.redeem("k", late)
    assert leases.take("k") is not None
    env.run(until=20.0)
    leases.take("other")
    assert leases.out_count == 1


def test_no_number_is_given_twice_not_after_a_restart_either() -> None:
    _, leases = made()
    first = leases.take("k")
    leases.clear()
    assert leases.take("k") not in (None, first)


def test_a_restart_forgets_what_was_deleted() -> None:
    _, leases = made(stale_time=5.0)
    leases.void_deleted("k", page("old"))
    leases.clear()
    assert leases.deleted("k") is None


def test_what_was_deleted_is_gone_when_a_token_has_brought_another_value() -> None:
    _, leases = made(stale_time=5.0)
    leases.void_deleted("k", page("old"))
    token = leases.take("k")
    assert token is not None
    assert leases.redeem("k", token)
    assert leases.deleted("k") is None


def test_what_is_deleted_twice_lives_from_the_second_time_and_others_no_longer_for_it() -> None:
    env, leases = made(stale_time=5.0)
    leases.void_deleted("k", page("old"))
    env.run(until=1.0)
    leases.void_deleted("other", page("other"))
    env.run(until=3.0)
    leases.void_deleted("k", page("newer"))
    env.run(until=6.0)
    newer = leases.deleted("k")
    assert newer is not None
    assert newer.value == "newer"
    assert leases.deleted("other") is None


def test_what_was_deleted_is_there_for_the_stale_time_and_until_something_is_set() -> None:
    env, leases = made(stale_time=5.0)
    old = page("old")
    leases.void_deleted("k", old)
    leases.void_deleted("other", old)
    env.run(until=4.999)
    assert leases.deleted("k") is old
    leases.void("k")
    assert leases.deleted("k") is None
    env.run(until=5.0)
    assert leases.deleted("other") is None


def test_a_second_delete_of_nothing_does_not_take_away_what_was_there_nor_lengthen_its_life() -> None:
    env, leases = made(stale_time=5.0)
    leases.void_deleted("k", page("old"))
    env.run(until=3.0)
    leases.void_deleted("k", None)
    assert leases.deleted("k") is not None
    env.run(until=5.0)
    assert leases.deleted("k") is None


def test_without_a_stale_time_nothing_deleted_is_kept() -> None:
    _, leases = made()
    leases.void_deleted("k", page("old"))
    assert leases.deleted("k") is None


def test_a_token_that_is_given_back_is_good_no_more_and_the_next_gets_another() -> None:
    _, leases = made(stale_time=5.0)
    leases.void_deleted("k", page("old"))
    first = leases.take("k")
    assert first is not None
    assert leases.give_back("k", first)
    assert not leases.give_back("k", first)
    assert not leases.redeem("k", first)
    second = leases.take("k")
    assert second not in (None, first)
    assert not leases.give_back("k", first)  # not that of another
    assert leases.deleted("k") is not None
