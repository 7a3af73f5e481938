"""What a store forgets in a crash, what it remembers, and the gap between the two."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from models.failures import (
    ConnectionLost,
    Refused,
)
from models.infrastructure import Host
from models.resilience import ConstantBackoff, Retry, Timeout
from models.resilience.idempotency import IdempotencyStore
from simulator import Environment
from tests.in_one_test import in_one_test
from tests.models.resilience.idempotency.ordering import Bank, adds_up, send, send_at
from tests.models.resilience.scripted import OK, Scripted, Seen

FIRST = "answer of 1.125"  # one way, and a second of work


def crash_host(bank: Bank) -> None:
    bank.host.crash()


def shut_host_down(bank: Bank) -> None:
    bank.host.crash(resets=True)


def crash_process(bank: Bank) -> None:
    bank.instance.crash()


def restart(bank: Bank) -> None:
    if bank.host.is_up:
        bank.instance.restart()
    else:
        bank.host.restart()


CRASHES = in_one_test("crash", [crash_host, shut_host_down, crash_process])


def crash_at(bank: Bank, time: float, crash: Callable[[Bank], None], restart_at: float = 4.0) -> None:
    bank.env.call_later(time, crash, bank)
    bank.env.call_later(restart_at, restart, bank)


@CRASHES
@in_one_test("is_durable", [False, True], ids=["in memory", "durable"])
def test_a_crash_forgets_the_answers_that_are_in_memory_and_a_retry_is_applied_twice(
    crash: Callable[[Bank], None], is_durable: bool
) -> None:
    bank = Bank(is_durable=is_durable)
    seen = send_at(bank.env, bank.connection(), 0.0, 5.0)
    crash_at(bank, 2.0, crash)
    bank.env.run()
    assert seen[1] == ((5.25, FIRST) if is_durable else (6.25, "answer of 6.125"))
    assert bank.orders.applied_count == (1 if is_durable else 2)
    assert bank.counts.forgotten_count == (0 if is_durable else 1)


@CRASHES
@in_one_test("is_durable", [False, True], ids=["in memory", "durable"])
def test_a_crash_ends_what_is_in_progress_and_who_waits_for_it(
    crash: Callable[[Bank], None], is_durable: bool
) -> None:
    bank = Bank(is_durable=is_durable)
    seen = send_at(bank.env, bank.connection(), 0.0, 0.25, 0.375, 5.0)
    crash_at(bank, 0.625, crash)
    bank.env.run()
    lost = (None, None) if crash is crash_host else (0.75, ConnectionLost)
    assert seen == [lost, lost, lost, (6.25, "answer of 6.125")]
    counts = bank.counts
    assert (counts.worked_count, counts.cut_short_count, counts.abandoned_count) == (2, 1, 2)
    assert (counts.in_progress_count, counts.waiting_count, bank.orders.applied_count) == (0, 0, 1)
    _end(seen)
    bank.env.run()


def _end(seen: list[Seen]) -> None:
    for each in seen:
        each.process.cancel()


@CRASHES
def test_a_crash_between_the_effect_and_the_record_leaves_an_effect_that_nobody_remembers(
    crash: Callable[[Bank], None],
) -> None:
    bank = Bank(after=0.5, is_durable=True)
    retry = Retry(bank.env, Timeout(bank.env, bank.connection(), 2.0), 5, backoff=ConstantBackoff(delay=1.0))
    seen = send(bank.env, retry, 0.0)
    crash_at(bank, 1.25, crash)
    bank.env.run()
    assert seen.outcome is not None
    assert bank.orders.applications(1) == 2
    assert bank.counts.recorded_count == 1


@CRASHES
@in_one_test("time", [0.5, 1.0, 1.0625, 1.125, 1.1875, 1.25, 1.5])
def test_with_effect_and_record_in_one_transaction_no_crash_applies_twice(
    crash: Callable[[Bank], None], time: float
) -> None:
    bank = Bank(is_durable=True)
    retry = Retry(bank.env, Timeout(bank.env, bank.connection(), 2.0), 5, backoff=ConstantBackoff(delay=1.0))
    seen = send(bank.env, retry, 0.0)
    crash_at(bank, time, crash)
    bank.env.run()
    assert seen.outcome is not None
    assert bank.orders.applications(1) == 1


def test_a_durable_answer_expires_while_the_host_is_down() -> None:
    bank = Bank(is_durable=True, ttl=3.0)
    seen = send_at(bank.env, bank.connection(), 0.0, 5.0)
    crash_at(bank, 2.0, crash_host)
    bank.env.run()
    assert seen[1] == (6.25, "answer of 6.125")
    assert (bank.counts.expired_count, bank.counts.forgotten_count) == (1, 0)


@pytest.mark.parametrize(("crash", "wanted"), [(crash_process, (3.0, Refused)), (crash_host, (None, None))])
def test_a_store_whose_process_is_down_answers_nobody_from_its_memory(
    crash: Callable[[Bank], None], wanted: object
) -> None:
    bank = Bank(is_durable=True)
    # From elsewhere, not over the network, where they would not come so far.
    seen = send_at(bank.env, bank.store, 0.0, 3.0, 5.0)
    crash_at(bank, 2.0, crash)
    bank.env.run()
    assert seen == [(1.0, "answer of 1.0"), wanted, (5.0, "answer of 1.0")]
    assert bank.counts.passed_count == 1
    _end(seen)
    bank.env.run()


def test_who_waited_in_a_host_that_crashed_takes_over_nothing_after_it() -> None:
    bank = Bank()
    # From elsewhere, not over the network: these are not killed with the host.
    seen = send_at(bank.env, bank.store, 0.0, 0.25, 7.0)
    crash_at(bank, 0.5, crash_host)
    bank.env.call_later(6.0, seen[0].process.cancel)
    bank.env.run(until=6.5)
    assert bank.orders.applied_count == 0
    bank.env.run()
    assert seen == [(None, None), (None, None), (8.0, "answer of 8.0")]
    _end(seen)
    bank.env.run()
    assert (bank.counts.cut_short_count, bank.counts.abandoned_count) == (1, 1)


def test_what_ends_after_a_crash_that_it_survived_is_not_recorded_in_the_next_life() -> None:
    env = Environment()
    target = Scripted(env, (3.0, None), OK)
    target.host = Host(env, "server")
    store = IdempotencyStore(env, target)
    # A call from elsewhere to something that is no process of its own goes on across the crash.
    seen = send_at(env, store, 0.0, 2.0)
    env.call_later(1.0, target.host.crash)
    env.call_later(1.5, target.host.restart)
    env.run()
    assert seen == [(3.0, "answer"), (2.0, "answer")]
    statistics = store.statistics()
    assert (statistics.worked_count, statistics.recorded_count, statistics.cut_short_count) == (2, 1, 1)
    assert adds_up(statistics)
