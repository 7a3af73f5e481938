"""What deciding alone helps, and what it costs: heuristic decisions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from models.transactions import Ending, run
from models.transactions.two_phase_commit import HeuristicDecision, TwoPhaseSettings

from ..shop import HOP, MONEY, NAMES, STOCK, SYNC_TIME, TWO_PHASE, TwoPhaseShop, order_changes

VOTED = 2 * HOP + SYNC_TIME
DOWN_FOR = 10.0


def asked(shop: TwoPhaseShop) -> Any:
    return shop.ask(run(1, order_changes(1)))


def heuristic(*, is_commit: bool) -> TwoPhaseSettings:
    return replace(TWO_PHASE, heuristic=HeuristicDecision(after=1.0, is_commit=is_commit))


@pytest.mark.parametrize("is_commit", [True, False])
@pytest.mark.parametrize("is_decided", [True, False])
def test_who_decides_alone_frees_its_locks_and_may_be_wrong(is_decided: bool, is_commit: bool) -> None:
    shop = TwoPhaseShop(settings=heuristic(is_commit=is_commit))
    asked(shop)
    if is_decided:  # the commit reaches nobody but orders, for a while
        others = [shop.hosts["stock"], shop.hosts["payment"]]
        rules: list[Any] = []
        shop.at(
            VOTED + 1.5 * HOP,
            lambda: rules.append(shop.network.partition(shop.hosts["coordinator"], others)),
        )
        shop.at(DOWN_FOR, lambda: shop.network.heal(rules[0]))
    else:
        shop.crash("coordinator", VOTED + 0.5 * HOP, DOWN_FOR)
    alone = 2 if is_decided else 3
    shop.env.run(until=2.0)
    assert shop.observer.heuristic_count == alone
    assert shop.observer.open_count == 0
    shop.env.run(until=DOWN_FOR + 5.0)
    assert shop.nodes["coordinator"].store["committed"] == {}  # nobody is told again for ever
    # A coordinator that knows nothing would run it again for a client who asks again.
    damage = 0 if is_decided == is_commit else alone
    assert shop.observer.damage_count == damage
    assert shop.data("stock") == {"book": STOCK - 1 if is_commit else STOCK}
    if is_decided and damage:
        assert shop.totals == (STOCK + 1, 2 * MONEY)  # an order without its book
    assert shop.observer.unfinished() == []
    shop.crash("stock", DOWN_FOR + 5.0, 0.1)
    shop.env.run(until=DOWN_FOR + 6.0)
    assert (shop.observer.heuristic_count, shop.observer.damage_count) == (alone, damage)


def test_who_starts_again_in_doubt_decides_alone_after_the_whole_time() -> None:
    shop = TwoPhaseShop(settings=heuristic(is_commit=False))
    asked(shop)
    shop.crash("coordinator", VOTED + 0.5 * HOP, DOWN_FOR)
    shop.crash("stock", 0.5, 0.1)
    shop.env.run(until=0.5 + 0.1 + 1.0)
    assert shop.observer.open_count == 1
    shop.env.run(until=0.5 + 0.1 + 1.0 + 2.0 * SYNC_TIME)
    assert shop.observer.open_count == 0
    assert shop.observer.heuristic_count == 3


def test_what_was_decided_alone_is_told_to_nobody() -> None:
    """Stock has decided, wrongly; payment, whose time has begun anew, asks it, and waits for the truth."""
    shop = TwoPhaseShop(settings=replace(heuristic(is_commit=False), asks_peers=True))
    told = asked(shop)
    halves = [[shop.hosts[name] for name in names] for names in (("coordinator", "orders"), NAMES[1:])]
    rules: list[Any] = []
    shop.at(VOTED + 1.5 * HOP, lambda: rules.append(shop.network.partition(*halves)))
    shop.crash("payment", 0.5, 0.2)
    shop.env.run(until=1.5)
    assert [stay.end for stay in shop.observer.stays if stay.participant == "stock"] == ["heuristic abort"]
    assert shop.nodes["payment"].store["prepared"]
    shop.network.heal(rules[0])
    shop.env.run(until=3.0)
    assert told.end == Ending(is_done=True)
    assert shop.data("payment")["shop"] == 10
    assert (shop.observer.heuristic_count, shop.observer.damage_count) == (1, 1)
