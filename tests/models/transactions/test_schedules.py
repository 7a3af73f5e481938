"""Random orders under random crashes, losses, doubles and delays: whole in the end, whatever happens."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from models.transactions import Ending, run
from models.transactions.sagas import OrchestratorSettings
from models.transactions.two_phase_commit import HeuristicDecision, TwoPhaseSettings
from simulator.randomness import Exponential

from .shop import MONEY, NAMES, STOCK, SagaShop, Shop, Told, TwoPhaseShop, order_changes, order_saga

ORDERS, QUIET_AT, END = 30, 10.0, 60.0
BAD = {"loss": 0.1, "duplicates": 0.2, "latencies": Exponential(mean=0.004)}
HASTY = OrchestratorSettings(step_timeout=0.02, pause=0.01, patience=0.1)
TIMES = {"vote_timeout": 0.1, "retry_interval": 0.05, "lock_timeout": 0.05, "inquiry_interval": 0.05}


def play(shop: Shop, rng: Random, work: Any) -> list[tuple[int, Ending]]:
    """Ask for orders, some twice, amid crashes and cuts, then leave it in peace; return who was told what."""
    accounts = ["alice", "bob", "poor"]
    tolds: list[tuple[int, Told]] = []
    for number in range(ORDERS):
        account, at = rng.choice(accounts), rng.uniform(0.0, QUIET_AT - 2.0)
        for later in rng.choice([(0.0,), (0.0,), (0.0, 0.1), (0.0, 5.0)]):
            told = shop.ask(run(number, work(number, account)), at=at + later, patience=1.0)
            tolds.append((number, told))
    for name, host in shop.hosts.items():
        at = rng.uniform(0.0, 2.0)
        while at < QUIET_AT - 1.0:
            down_for = rng.uniform(0.01, 1.0)
            shop.crash(name, at, down_for, process=rng.random() < 0.5)
            at += down_for + rng.uniform(0.0, 2.0)
        others = [other for other in shop.hosts.values() if other is not host]
        cut: list[Any] = []
        shop.at(
            at / 2, lambda host=host, others=others, cut=cut: cut.append(shop.network.partition(host, others))
        )
        shop.at(at / 2 + 1.0, lambda cut=cut: shop.network.heal(cut[0]))
    shop.env.run(until=END)
    return [(number, told.end) for number, told in tolds if isinstance(told.end, Ending)]


@pytest.mark.parametrize("locks", [False, True])
@pytest.mark.parametrize("seed", range(12))
def test_sagas_are_done_or_compensated_in_the_end(seed: int, locks: bool) -> None:
    shop = SagaShop(seed, settings=HASTY, **BAD)
    ends = play(shop, Random(seed), lambda number, account: order_saga(number, account, locks=locks))
    orders = shop.data("orders")
    assert shop.half_done() == []
    assert shop.totals == (STOCK, 2 * MONEY)
    assert shop.observer.open_count == 0
    assert set(orders.values()) <= {"approved", "rejected"}
    assert shop.data("payment")["shop"] == 10 * sum(value == "approved" for value in orders.values())
    assert not any(shop.nodes[name].store["marks"] for name in NAMES)
    anomalies = shop.observer.anomalies()
    assert not locks or anomalies.dirty_read_count == 0
    assert ends
    assert all(end.is_done == (orders.get(number) == "approved") for number, end in ends)
    assert anomalies.undone_read_count <= anomalies.dirty_read_count


@pytest.mark.parametrize("asks_peers", [False, True])
@pytest.mark.parametrize("seed", range(12))
def test_two_phase_commit_is_atomic_whatever_happens(seed: int, asks_peers: bool) -> None:
    settings = TwoPhaseSettings(**TIMES, asks_peers=asks_peers)
    shop = TwoPhaseShop(seed, settings=settings, transport="datagram", **BAD)
    ends = play(shop, Random(seed), order_changes)
    orders = shop.data("orders")
    assert shop.observer.unfinished() == []
    assert shop.observer.open_count == 0
    assert shop.totals == (STOCK, 2 * MONEY)
    assert shop.data("payment")["shop"] == 10 * len(orders)
    assert ends
    assert all(end.is_done == (number in orders) for number, end in ends)


@pytest.mark.parametrize("seed", range(6))
def test_heuristic_decisions_break_atomicity_and_are_counted(seed: int) -> None:
    """What is not whole is only what was decided alone, and wrongly."""
    heuristic = HeuristicDecision(after=0.1)
    shop = TwoPhaseShop(
        seed, settings=TwoPhaseSettings(**TIMES, heuristic=heuristic), transport="datagram", **BAD
    )
    play(shop, Random(seed), order_changes)
    observer = shop.observer
    assert observer.unfinished() == []
    assert observer.open_count == 0
    assert observer.heuristic_count >= observer.damage_count
    books, money = shop.totals
    is_whole = (books, money) == (STOCK, 2 * MONEY) and shop.data("payment")["shop"] == 10 * len(
        shop.data("orders")
    )
    assert is_whole or observer.damage_count > 0
