"""Two participants and a coordinator: each crashes at each instant, each of the messages is lost or late.

Crashes alone, and in pairs, are in `test_crashes`, and chance is in `test_schedules`. Here nothing is left to
chance: it is what a model checker would do, as far as one message and one crash go.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from models.network.rules import CUT, Fate, Verdict
from models.transactions import Ending, run
from models.transactions.two_phase_commit import TwoPhaseFlaws, TwoPhaseSettings

from ..shop import MONEY, STOCK, TWO_PHASE, MessageFates, Told, TwoPhaseShop, instants, order_changes

PARTICIPANTS = ("stock", "payment")
PARTIES = (*PARTICIPANTS, "coordinator")
MESSAGES = range(12)
"""PREPARE, votes, COMMIT and acknowledgements of both, the client's request and answer; two to spare."""

FATES = {"lost": CUT, "late": Verdict(Fate.PASS, 0.03), "too late": Verdict(Fate.PASS, 0.7)}
"""Late: after the sync that it would have met. Too late: when all have given up, asked, and been told."""

ALONE = replace(TWO_PHASE, lock_timeout=0.05)
SETTINGS = {"alone": ALONE, "asking": replace(ALONE, asks_peers=True)}


def world(fate: Verdict, number: int, settings: TwoPhaseSettings, **flaws: bool) -> tuple[TwoPhaseShop, Told]:
    shop = TwoPhaseShop(settings=settings, flaws=TwoPhaseFlaws(**flaws))
    shop.network.install(MessageFates([number], fate))
    changes = {name: order_changes(1)[name] for name in PARTICIPANTS}
    return shop, shop.ask(run(1, changes), patience=2.0)


def is_atomic(shop: TwoPhaseShop, told: Told) -> bool:
    """Say whether all have done the same, were told so, and hold nothing any more."""
    nodes = {name: shop.nodes[name] for name in PARTICIPANTS}
    book, paid = shop.data("stock")["book"], shop.data("payment")["shop"]
    is_idle = shop.observer.open_count == 0 and not any(
        node.locks.held_count or node.store["prepared"]  # type: ignore[attr-defined]
        for node in nodes.values()
    )
    is_forgotten = not shop.nodes["coordinator"].store["committed"] and not shop.observer.unfinished()
    is_told = not isinstance(told.end, Ending) or told.end.is_done == (book < STOCK)
    whole = {(STOCK, 0), (STOCK - 1, 10)}
    return is_idle and is_forgotten and is_told and (book, paid) in whole and shop.totals[1] == 2 * MONEY


def broken(fate: Verdict, settings: TwoPhaseSettings, **flaws: bool) -> Iterator[Any]:
    """Yield which message and whose crash left it not atomic; what never ends is not, either."""
    times = instants(world(fate, -1, settings)[0], 0.1)
    for number in MESSAGES:
        for party in PARTIES:
            for time in times:
                shop, told = world(fate, number, settings, **flaws)
                shop.crash(party, time, 0.25)
                try:
                    shop.env.run(until=3.0)
                except AssertionError:
                    yield number, party, time
                else:
                    if not is_atomic(shop, told):
                        yield number, party, time


@pytest.mark.slow
@pytest.mark.parametrize("fate", FATES)
@pytest.mark.parametrize("settings", SETTINGS)
def test_one_crash_and_one_message_leave_it_atomic(settings: str, fate: str) -> None:
    assert list(broken(FATES[fate], SETTINGS[settings])) == []


@pytest.mark.slow
@pytest.mark.parametrize("flaw", ["decides_unlogged", "presumes_commit", "votes_unlogged"])
def test_same_search_finds_what_a_crash_and_a_message_can_show_of_a_flaw(flaw: str) -> None:
    assert next(broken(CUT, ALONE, **{flaw: True}), None)
