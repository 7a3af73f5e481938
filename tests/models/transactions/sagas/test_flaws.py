"""Each planted bug is seen by what is asserted of correct sagas."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from models.network import AddedDelay
from models.transactions import run
from models.transactions.sagas import SagaFlaws

from ..shop import HOP, MONEY, SETTINGS, STOCK, SYNC_TIME, SagaShop, order_saga

STEP = 2 * HOP + SYNC_TIME
Trouble = Callable[[SagaShop], object]


def slow_way_to(name: str, until: float = SETTINGS.patience) -> Trouble:
    """Let requests to a service be under way for a second, at first."""

    def make(shop: SagaShop) -> None:
        rule = AddedDelay(
            shop.env, shop.hosts["orchestrator"], shop.hosts[name], 1.0, name="slow", one_way=True
        )
        shop.network.install(rule)
        shop.at(until, shop.network.heal, rule)

    return make


def silent(name: str) -> Trouble:
    """Let nobody hear a service for two seconds."""

    def make(shop: SagaShop) -> None:
        cut = shop.network.partition(shop.hosts[name], shop.hosts["orchestrator"], one_way=True)
        shop.at(2.0, shop.network.heal, cut)

    return make


def refused_late(shop: SagaShop) -> None:
    """Let payment refuse, and a copy of the request come again when there is money."""
    slow_way_to("payment", until=0.04)(shop)
    shop.ask(run("gift", order_saga("gift", "alice", 0)), at=0.5)
    # A gift for who was poor, between the refusal and the copy.
    shop.at(0.5, lambda: shop.nodes["payment"].store.write({("data", "poor"): 10}))


def crash_on_the_way_back(shop: SagaShop) -> None:
    """Let stock be slow until its compensation is on the way, and the orchestrator forget that it turned."""
    slow_way_to("stock", until=0.36)(shop)
    shop.crash("orchestrator", 0.36, 0.1)


def forgotten_and_given_up(shop: SagaShop) -> None:
    """Let the orchestrator forget that stock was asked, and find orders down when it begins again."""
    shop.crash("orchestrator", HOP + SYNC_TIME + 2 * STEP, 0.01)
    shop.crash("orders", HOP + SYNC_TIME + 2 * STEP, 1.0)


TROUBLES: dict[str, tuple[str, Trouble]] = {
    "begins_unlogged": ("alice", lambda shop: shop.crash("orchestrator", HOP + SYNC_TIME, 0.1)),
    "turns_back_unlogged": ("alice", crash_on_the_way_back),
    "leaves_unknown_step": ("alice", silent("stock")),
    "trusts_silent_pivot": ("alice", silent("payment")),
    "trusts_memory": ("alice", forgotten_and_given_up),
    "gives_up_undoing": ("poor", lambda shop: shop.crash("stock", HOP + SYNC_TIME + 2 * STEP + 0.001, 1.0)),
    "repeats_steps": ("alice", silent("stock")),
    "forgets_undone": ("alice", slow_way_to("stock")),
    "forgets_refusals": ("poor", refused_late),
}


def is_whole(flaw: str, *, is_planted: bool) -> bool:
    account, trouble = TROUBLES[flaw]
    shop = SagaShop(flaws=SagaFlaws(**{flaw: is_planted}))
    shop.ask(run(1, order_saga(1, account)), patience=3.0)
    trouble(shop)
    shop.env.run(until=6.0)
    books, money = shop.totals
    gift = 10 if flaw == "forgets_refusals" else 0
    return shop.half_done() == [] and (books, money) == (STOCK, 2 * MONEY + gift)


def test_there_is_a_trouble_for_each_flaw() -> None:
    assert set(TROUBLES) == set(SagaFlaws.__dataclass_fields__)


@pytest.mark.parametrize("flaw", TROUBLES)
def test_planted_flaw_is_seen_and_without_it_all_is_whole(flaw: str) -> None:
    assert is_whole(flaw, is_planted=False)
    assert not is_whole(flaw, is_planted=True)
