"""Each planted bug is seen by what is asserted of a correct two-phase commit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from models.network import AddedDelay
from models.transactions import run
from models.transactions.two_phase_commit import TwoPhaseFlaws, TwoPhaseSettings

from ..shop import HOP, MONEY, STOCK, SYNC_TIME, TWO_PHASE, TwoPhaseShop, order_changes

VOTED = 2 * HOP + SYNC_TIME
DECIDED = VOTED + HOP + SYNC_TIME
ASKING = replace(TWO_PHASE, asks_peers=True, vote_timeout=2.0)
Trouble = Callable[[TwoPhaseShop], object]


def cut_later(shop: TwoPhaseShop, at: float, source: str, targets: Any, until: float) -> None:
    """Cut one way between two instants."""
    rules: list[Any] = []
    ends = shop.hosts[source], [shop.hosts[name] for name in targets]
    shop.at(at, lambda: rules.append(shop.network.partition(*ends, one_way=True)))
    shop.at(until, lambda: shop.network.heal(rules[0]))


def crash_with_a_lost_record(name: str, at: float) -> Trouble:
    return lambda shop: shop.crash(name, at, 0.5)


def decided_and_lost(shop: TwoPhaseShop) -> None:
    """Let the decision reach stock, and the coordinator's host lose it before its sync has ended."""
    cut_later(shop, VOTED + 0.5 * HOP, "coordinator", ["orders", "payment"], 2.0)
    shop.crash("coordinator", VOTED + HOP + 0.5 * SYNC_TIME, 1.0)


def forgotten_and_asked(shop: TwoPhaseShop) -> None:
    """Let the coordinator forget a vote in which payment never had a part, and be asked by the others."""
    cut_later(shop, 0.0, "coordinator", ["payment"], 2.0)
    shop.crash("coordinator", VOTED + 0.5 * HOP, 0.5)


def second_order_of_the_book(shop: TwoPhaseShop) -> None:
    """Let stock start again while it is in doubt, and another coordinator sell a book there."""
    cut_later(shop, VOTED + 1.5 * HOP, "coordinator", ["stock"], 2.0)
    shop.crash("stock", 0.1, 0.1)
    shop.ask(run(2, order_changes(2, "bob")), at=0.3, target=shop.second_coordinator())


def abort_that_is_forgotten(shop: TwoPhaseShop) -> None:
    """Let payment be asked before PREPARE has come, while the coordinator is silent, and vote afterwards."""
    cut_later(shop, VOTED + 0.5 * HOP, "coordinator", ["orders", "stock"], 2.0)
    shop.network.install(
        AddedDelay(shop.env, shop.hosts["coordinator"], shop.hosts["payment"], 0.5, name="slow", one_way=True)
    )


def same_name_again(shop: TwoPhaseShop) -> None:
    """Let payment alone have heard of the first order when the second comes under the same name."""
    others = [shop.hosts["orders"], shop.hosts["stock"]]
    slow = AddedDelay(shop.env, shop.hosts["coordinator"], others, 0.3, name="slow", one_way=True)
    shop.network.install(slow)
    shop.at(0.0015, shop.network.heal, slow)
    shop.crash("coordinator", 0.002, 0.02)
    shop.ask(run(2, order_changes(2, "bob")), at=0.03)


TROUBLES: dict[str, tuple[TwoPhaseSettings, Trouble]] = {
    "votes_unlogged": (TWO_PHASE, crash_with_a_lost_record("stock", VOTED + 0.5 * HOP)),
    "decides_unlogged": (TWO_PHASE, decided_and_lost),
    "presumes_commit": (TWO_PHASE, forgotten_and_asked),
    "forgets_locks": (TWO_PHASE, second_order_of_the_book),
    "tells_unlogged_abort": (ASKING, abort_that_is_forgotten),
    "reuses_names": (TWO_PHASE, same_name_again),
}


def is_atomic(flaw: str, *, is_planted: bool) -> bool:
    settings, trouble = TROUBLES[flaw]
    shop = TwoPhaseShop(settings=settings, flaws=TwoPhaseFlaws(**{flaw: is_planted}))
    shop.ask(run(1, order_changes(1)), patience=3.0)
    trouble(shop)
    try:
        shop.env.run(until=6.0)
    except AssertionError:
        return False
    payment, orders = shop.data("payment"), shop.data("orders")
    have_paid = all(
        payment[account] == (MONEY - 10 if number in orders else MONEY)
        for number, account in ((1, "alice"), (2, "bob"))
    )
    is_whole = have_paid and shop.totals == (STOCK, 2 * MONEY)
    return is_whole and not shop.observer.unfinished() and not shop.observer.open_count


def test_there_is_a_trouble_for_each_flaw() -> None:
    assert set(TROUBLES) == set(TwoPhaseFlaws.__dataclass_fields__)


@pytest.mark.parametrize("flaw", TROUBLES)
def test_planted_flaw_is_seen_and_without_it_all_is_whole(flaw: str) -> None:
    assert is_atomic(flaw, is_planted=False)
    assert not is_atomic(flaw, is_planted=True)
