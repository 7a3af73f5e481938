"""Crashes at every instant of a two-phase commit, of everybody, alone and in pairs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from models.transactions import Ending, run
from models.transactions.two_phase_commit import TwoPhaseSettings

from ..shop import MONEY, NAMES, STOCK, TWO_PHASE, TwoPhaseShop, instants, order_changes

ALL = (*NAMES, "coordinator")
ACCOUNTS = ("alice", "poor")
ASKING = replace(TWO_PHASE, asks_peers=True)


def times_of(account: str) -> list[float]:
    shop = TwoPhaseShop()
    shop.ask(run(1, order_changes(1, account)))
    return instants(shop, 0.1)


def require_atomic(shop: TwoPhaseShop, told: Any, context: Any) -> None:
    """Assert that all have done the same, that nobody waits any more, and that no client was lied to."""
    observer = shop.observer
    assert observer.unfinished() == [], context
    assert observer.open_count == 0, context
    assert sum(shop.nodes[name].locks.held_count for name in NAMES) == 0, context  # type: ignore[attr-defined]
    is_done = 1 in shop.data("orders")
    assert shop.data("stock")["book"] == (STOCK - 1 if is_done else STOCK), context
    assert shop.data("payment")["shop"] == (10 if is_done else 0), context
    assert shop.totals == (STOCK, 2 * MONEY), context
    if isinstance(told.end, Ending):
        assert told.end.is_done == is_done, context


@pytest.mark.slow
@pytest.mark.parametrize("settings", [TWO_PHASE, ASKING], ids=["alone", "asking"])
@pytest.mark.parametrize("process", [True, False])
@pytest.mark.parametrize("name", ALL)
def test_crash_at_any_instant_is_atomic(name: str, process: bool, settings: TwoPhaseSettings) -> None:
    for account in ACCOUNTS:
        times = times_of(account)
        assert len(times) > 10
        outcomes = set()
        for time in times:
            shop = TwoPhaseShop(settings=settings)
            told = shop.ask(run(1, order_changes(1, account)), patience=1.0)
            shop.crash(name, time, 1.5, process=process)
            shop.env.run(until=4.0)
            require_atomic(shop, told, (account, time, told))
            outcomes.add(1 in shop.data("orders"))
        assert outcomes == ({True, False} if account == "alice" else {False})


@pytest.mark.slow
@pytest.mark.parametrize("settings", [TWO_PHASE, ASKING], ids=["alone", "asking"])
@pytest.mark.parametrize("name", NAMES)
def test_coordinator_and_participant_crash_one_after_the_other(name: str, settings: TwoPhaseSettings) -> None:
    times = times_of("alice")
    for first in times:
        for second in times:
            shop = TwoPhaseShop(settings=settings)
            told = shop.ask(run(1, order_changes(1)), patience=1.0)
            shop.crash("coordinator", first, 0.5, process=first < second)
            shop.crash(name, second, 0.3)
            shop.env.run(until=3.0)
            require_atomic(shop, told, (first, second, told))


@pytest.mark.parametrize("process", [True, False])
def test_client_who_asks_again_after_a_crash_gets_the_order_once(process: bool) -> None:
    for time in times_of("alice"):
        shop = TwoPhaseShop()
        told = shop.ask(run(1, order_changes(1)), patience=0.5)
        shop.crash("coordinator", time, 0.6, process=process)
        again = shop.ask(run(1, order_changes(1)), at=2.0)
        shop.env.run(until=4.0)
        require_atomic(shop, told, time)
        assert again.end == Ending(is_done=True), time
        assert shop.data("stock")["book"] == STOCK - 1


def test_participant_takes_its_locks_back_before_anybody_else_gets_them() -> None:
    for time in times_of("alice"):
        shop = TwoPhaseShop()
        told = shop.ask(run(1, order_changes(1)), patience=1.0)
        shop.crash("coordinator", time, 1.0)
        shop.crash("stock", time + 0.001, 0.2)
        other = shop.second_coordinator()
        second = shop.ask(run(2, order_changes(2, "bob")), at=time + 0.2012, target=other)
        third = shop.ask(run(3, order_changes(3, "bob")), at=3.0, target=other)
        shop.env.run(until=4.0)
        assert shop.totals == (STOCK, 2 * MONEY), (time, told, second)
        sold = sum(value == "approved" for value in shop.data("orders").values())
        assert shop.data("stock")["book"] == STOCK - sold
        assert third.end.is_done


def test_recovery_takes_the_time_that_the_disk_takes() -> None:
    shop = TwoPhaseShop()
    for number in range(5):
        shop.ask(run(number, order_changes(number)), at=0.1 * number)
    shop.nodes["stock"].store._disk._read_time = iter([0.1] * 100).__next__
    shop.crash("stock", 1.0, 1.0)
    shop.env.run(until=2.9)
    assert not shop.nodes["stock"].is_awake  # ten records: five promises and five commits
    shop.env.run(until=3.1)
    assert shop.nodes["stock"].is_awake
