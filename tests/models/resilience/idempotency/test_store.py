"""The idempotency store: work once, replay the answer while it is kept, let duplicates wait."""

from __future__ import annotations

from typing import Any

import pytest

from models.failures import (
    Rejected,
    ServerError,
)
from models.request import Request
from models.resilience.idempotency import IdempotencyStore
from simulator import Environment
from tests.models.resilience.idempotency.ordering import Bank, order, send, send_at
from tests.models.resilience.scripted import Scripted

FIRST = "answer of 1.125"  # one way, and a second of work


def test_a_retry_after_the_end_is_given_the_first_answer_and_nothing_is_done() -> None:
    bank = Bank()
    seen = send_at(bank.env, bank.connection(), 0.0, 2.0, 3.0)
    bank.env.run()
    assert seen == [(1.25, FIRST), (2.25, FIRST), (3.25, FIRST)]
    assert bank.orders.applied_count == 1
    assert (bank.counts.worked_count, bank.counts.recorded_count, bank.counts.replayed_count) == (1, 1, 2)


def test_a_concurrent_duplicate_waits_for_the_first_and_gets_its_answer() -> None:
    bank = Bank()
    seen = send_at(bank.env, bank.connection(), 0.0, 0.25, 0.5)
    bank.env.run(until=0.75)
    assert (bank.counts.in_progress_count, bank.counts.waiting_count) == (1, 2)
    bank.env.run()
    assert seen == [(1.25, FIRST)] * 3
    assert bank.orders.applied_count == 1
    assert (bank.counts.worked_count, bank.counts.replayed_count, bank.counts.waiting_count) == (1, 2, 0)


def test_those_who_wait_take_no_thread_of_the_instance() -> None:
    bank = Bank(threads=1)
    same = send_at(bank.env, bank.connection(), 0.0, 0.0, 0.0, 0.0)
    other = send(bank.env, bank.connection(), 0.5, order("other", 2))
    bank.env.run()
    assert same == [(1.25, FIRST)] * 4
    assert other == (2.25, "answer of 2.125")


def test_a_duplicate_of_one_in_progress_may_be_rejected_instead() -> None:
    bank = Bank(duplicates="reject")
    seen = send_at(bank.env, bank.connection(), 0.0, 0.25, 2.0)
    bank.env.run()
    assert seen == [(1.25, FIRST), (0.5, Rejected), (2.25, FIRST)]
    assert (bank.counts.rejected_count, bank.orders.applied_count) == (1, 1)


def test_requests_without_a_key_pass_untouched() -> None:
    bank = Bank()
    seen = [send(bank.env, bank.connection(), time, order(None)) for time in (0.0, 0.0, 2.0)]
    bank.env.run()
    assert seen == [(1.25, FIRST), (1.25, FIRST), (3.25, "answer of 3.125")]
    assert (bank.orders.applied_count, bank.counts.passed_count, bank.counts.worked_count) == (3, 3, 0)


def test_other_keys_are_other_requests() -> None:
    bank = Bank()
    for key in ("one", "two"):
        send(bank.env, bank.connection(), 0.0, order(key))
    bank.env.run()
    assert (bank.orders.applied_count, bank.counts.kept_count) == (2, 2)


@pytest.mark.parametrize("when", [0.25, 2.0], ids=["in progress", "answered"])
@pytest.mark.parametrize(
    "other",
    [order(number=2), order(operation="refund"), order(value="more")],
    ids=["key", "operation", "value"],
)
def test_another_request_under_a_key_in_use_is_misuse(other: Request, when: float) -> None:
    bank = Bank()
    first = send(bank.env, bank.connection(), 0.0)
    seen = send(bank.env, bank.connection(), when, other)
    bank.env.run()
    assert first == (1.25, FIRST)
    assert seen == (when + 0.25, ServerError)
    assert (bank.counts.mismatched_count, bank.orders.applied_count) == (1, 1)


def test_a_retry_may_differ_in_all_that_is_not_asked() -> None:
    bank = Bank()
    send(bank.env, bank.connection(), 0.0)
    retry = Request("pay", 1, None, 9, priority=3, deadline=9.0, idempotency_key="key", origin="web")
    seen = send(bank.env, bank.connection(), 2.0, retry)
    bank.env.run()
    assert seen == (2.25, FIRST)


def test_an_answer_is_replayed_until_it_is_so_old_and_replaying_makes_it_no_younger() -> None:
    bank = Bank(ttl=2.0)
    seen = send_at(bank.env, bank.connection(), 0.0, 2.0, 2.875, 3.0)  # recorded at 1.125; too old at 3.125
    bank.env.run()
    assert seen == [(1.25, FIRST), (2.25, FIRST), (3.125, FIRST), (4.25, "answer of 4.125")]
    assert (bank.orders.applied_count, bank.counts.expired_count, bank.counts.kept_count) == (2, 1, 1)


def test_a_key_whose_answer_has_expired_may_be_that_of_another_request() -> None:
    bank = Bank(ttl=2.0)
    link = bank.connection()
    sent = ((0.0, 1), (2.0, 2), (4.0, 2))
    seen = [send(bank.env, link, time, order(number=number)) for time, number in sent]
    bank.env.run()
    assert seen == [(1.25, "answer of 1.125"), (2.25, ServerError), (5.25, "answer of 5.125")]
    assert (bank.counts.mismatched_count, bank.orders.applied_count) == (1, 2)


def test_a_key_in_progress_does_not_expire() -> None:
    bank = Bank(before=5.0, ttl=1.0)
    seen = send_at(bank.env, bank.connection(), 0.0, 4.0)
    bank.env.run()
    assert seen == [(5.25, "answer of 5.125")] * 2


def test_an_answer_that_has_expired_is_counted_as_soon_as_anybody_looks() -> None:
    bank = Bank(ttl=2.0)
    send(bank.env, bank.connection(), 0.0)
    bank.env.run(until=3.0)
    assert (bank.counts.kept_count, bank.counts.expired_count) == (1, 0)
    bank.env.run(until=3.125)
    assert (bank.counts.kept_count, bank.counts.expired_count) == (0, 1)


def test_with_infinite_ttl_an_answer_is_replayed_for_ever() -> None:
    bank = Bank(ttl=float("inf"))
    seen = send_at(bank.env, bank.connection(), 0.0, 1e9)
    bank.env.run()
    assert seen[1].outcome == FIRST


def test_the_oldest_answer_makes_room_and_what_is_in_progress_does_not_count() -> None:
    bank = Bank(capacity=2)
    link = bank.connection()
    for time, key in ((0.0, "slow"), (0.0, "a"), (0.25, "b"), (0.5, "c"), (0.75, "d")):
        send(bank.env, link, time, order(key, key))
    bank.env.run(until=1.1)
    assert (bank.counts.in_progress_count, bank.counts.evicted_count) == (5, 0)
    bank.env.run(until=3.0)
    assert (bank.counts.kept_count, bank.counts.evicted_count) == (2, 3)
    for key in "abcd":
        send(bank.env, link, 4.0, order(key, key))
    bank.env.run()
    assert [bank.orders.applications(key) for key in "abcd"] == [2, 2, 1, 1]


def test_an_answer_that_has_expired_is_not_counted_as_evicted() -> None:
    # The first is too old at 2.625, when the second is there already, and not recorded yet.
    bank = Bank(capacity=1, ttl=1.5)
    for time, key in ((0.0, "a"), (2.0, "b")):
        send(bank.env, bank.connection(), time, order(key, key))
    bank.env.run()
    assert (bank.counts.expired_count, bank.counts.evicted_count) == (1, 0)


@pytest.mark.parametrize("key", ["key", None])
def test_looking_up_a_key_takes_its_time(key: str | None) -> None:
    bank = Bank(lookup_time=0.25)
    seen = [send(bank.env, bank.store, time, order(key)) for time in (0.0, 2.0)]
    gone = send(bank.env, bank.store, 4.0, order("gone"))
    bank.env.call_later(4.125, gone.process.cancel)
    bank.env.run(until=4.0625)
    assert bank.counts.waiting_count == 1
    bank.env.run()
    assert [each.at for each in seen] == ([1.25, 2.25] if key else [1.0, 3.0])
    assert (bank.counts.abandoned_count, bank.counts.waiting_count) == (1, 0)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"ttl": 0.0}, ValueError, r"ttl must be > 0 s, got 0\.0"),
        ({"ttl": "1 d"}, TypeError, "ttl must be a number of seconds, got '1 d'"),
        ({"capacity": 0}, ValueError, "capacity must be >= 1, got 0"),
        ({"capacity": float("nan")}, ValueError, "capacity must be >= 1, got nan"),
        ({"duplicates": "queue"}, ValueError, "duplicates must be one of wait, reject, got 'queue'"),
        ({"lookup_time": -1.0}, ValueError, r"lookup_time must be finite and >= 0 s, got -1\.0"),
        ({"lookup_time": float("inf")}, ValueError, "lookup_time must be finite and >= 0 s, got inf"),
    ],
)
def test_misuse_is_named(settings: dict[str, Any], error: type[Exception], message: str) -> None:
    env = Environment()
    with pytest.raises(error, match=message):
        IdempotencyStore(env, Scripted(env), **settings)
