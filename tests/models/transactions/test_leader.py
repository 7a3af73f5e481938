"""What those who lead transactions promise to clients, whether by sagas or by two-phase commit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from models.transactions import Ending, run

from .shop import SagaShop, Shop, TwoPhaseShop, order_changes, order_saga

KINDS: dict[str, tuple[Callable[..., Shop], Callable[..., Any]]] = {
    "saga": (SagaShop, order_saga),
    "two-phase commit": (TwoPhaseShop, order_changes),
}


@pytest.mark.parametrize("crashes", [False, True])
@pytest.mark.parametrize("account", ["alice", "poor"])
@pytest.mark.parametrize("kind", KINDS)
def test_copy_that_comes_after_the_end_is_told_the_same_and_runs_nothing(
    kind: str, account: str, crashes: bool
) -> None:
    """Also when there is money at last, and also if other work comes under the same id."""
    make, work = KINDS[kind]
    shop = make()
    first = shop.ask(run(1, work(1, account)))
    shop.at(0.4, lambda: shop.nodes["payment"].store.write({("data", "poor"): 50}))
    if crashes:
        shop.crash(shop.leader, 0.5, 0.1)
    copies = [shop.ask(run(1, work(1, name)), at=1.0) for name in (account, "bob")]
    shop.env.run(until=0.9)
    before = [shop.data(name) for name in ("orders", "stock")]
    shop.env.run(until=2.0)
    assert isinstance(first.end, Ending)
    assert first.end.is_done == (account == "alice")
    assert [copy.end for copy in copies] == [first.end] * 2
    assert [shop.data(name) for name in ("orders", "stock")] == before


@pytest.mark.parametrize("account", ["alice", "poor"])
@pytest.mark.parametrize("kind", KINDS)
def test_copy_that_comes_on_the_way_waits_for_the_end(kind: str, account: str) -> None:
    """At whatever time: none is told before the ending is on the disk, and none runs anything."""
    make, work = KINDS[kind]
    plain = make()
    first = plain.ask(run(1, work(1, account)))
    plain.env.run(until=1.0)
    for number in range(1, 20):
        shop = make()
        tolds = [
            shop.ask(run(1, work(1, account)), at=at) for at in (0.0, number / 20.0 * (first.time - 0.002))
        ]
        shop.env.run(until=1.0)
        assert [(told.end, told.time) for told in tolds] == [(first.end, first.time)] * 2
        assert shop.data("stock") == plain.data("stock")


@pytest.mark.parametrize("kind", KINDS)
def test_id_of_a_transaction_that_never_began_is_free(kind: str) -> None:
    """Its leader crashes before anything is on a disk: nobody was told, and who asks again is served."""
    make, work = KINDS[kind]
    shop = make()
    first = shop.ask(run(1, work(1)), patience=0.5)
    shop.crash(shop.leader, 0.0015, 0.1)
    again = shop.ask(run(1, work(1)), at=1.0)
    shop.env.run(until=2.0)
    assert (first.end, again.end) == ("silence", Ending(is_done=True))
