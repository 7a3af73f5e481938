"""Crashes at every instant at which something happens in a saga, between two of them, and in pairs."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from models.network.rules import Fate, Verdict
from models.transactions import Ending, run
from models.transactions.sagas import OrchestratorSettings, SagaFlaws

from ..shop import MONEY, NAMES, STOCK, MessageFates, SagaShop, instants, order_saga

ALL = (*NAMES, "orchestrator")
ACCOUNTS = ("alice", "poor")
"""Who can pay, and who cannot: the way forward, and the way back."""


def times_of(account: str, **settings: Any) -> list[float]:
    shop = SagaShop()
    shop.ask(run(1, order_saga(1, account, **settings)))
    return instants(shop, 0.1)


def require_whole(shop: SagaShop, context: Any) -> None:
    """Assert that order 1 is done or undone at all services, and that no book and no money is lost."""
    assert shop.half_done() == [], context
    assert shop.totals == (STOCK, 2 * MONEY), context
    assert shop.observer.open_count == 0, context
    assert shop.nodes["orchestrator"].store["sagas"] == {}, context
    assert not any(shop.nodes[name].store["marks"] for name in NAMES), context


@pytest.mark.slow
@pytest.mark.parametrize("account", ACCOUNTS)
@pytest.mark.parametrize("process", [True, False])
@pytest.mark.parametrize("name", ALL)
def test_crash_at_any_instant_leaves_a_saga_done_or_compensated(
    name: str, process: bool, account: str
) -> None:
    times = times_of(account)
    assert len(times) > 30
    endings = set()
    for time in times:
        shop = SagaShop()
        told = shop.ask(run(1, order_saga(1, account)), patience=3.0)
        shop.crash(name, time, 0.1, process=process)
        again = shop.ask(run(1, order_saga(1, account)), at=5.0)
        shop.env.run(until=8.0)
        require_whole(shop, (time, told))
        assert isinstance(again.end, Ending)
        assert again.end.is_done == (account == "alice"), time  # the service was back in time
        assert told.end in (again.end, "silence", "ConnectionLost", "Refused")
        endings.add(told.end if isinstance(told.end, str) else "told")
    assert "told" in endings
    assert (len(endings) > 1) == (name == "orchestrator")  # nobody else is seen to crash


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_service_that_is_down_for_long_turns_the_saga_back_or_holds_it_up(name: str) -> None:
    """Before the pivot it gives up; after it, and on the way back, it waits for as long as it takes."""
    endings = set()
    for time in times_of("alice"):
        shop = SagaShop()
        told = shop.ask(run(1, order_saga(1)))
        shop.crash(name, time, 3.0)
        shop.env.run(until=6.0)
        require_whole(shop, (name, time))
        assert isinstance(told.end, Ending)
        endings.add(told.end.is_done)
        if told.time < 3.0:
            assert told.time < 0.03 or not told.end.is_done
    assert endings == {True, False}


@pytest.mark.slow
@pytest.mark.parametrize("account", ACCOUNTS)
@pytest.mark.parametrize("name", NAMES)
def test_orchestrator_and_service_crash_one_after_the_other(name: str, account: str) -> None:
    times = times_of(account, locks=True)[::3]
    for first in times:
        for second in times:
            shop = SagaShop()
            shop.ask(run(1, order_saga(1, account, locks=True)), patience=3.0)
            shop.crash("orchestrator", first, 0.05, process=first < second)
            shop.crash(name, second, 0.07)
            shop.env.run(until=4.0)
            require_whole(shop, (first, second))


@pytest.mark.parametrize("account", ACCOUNTS)
def test_orchestrator_that_crashes_again_and_again_gets_there(account: str) -> None:
    shop = SagaShop()
    told = shop.ask(run(1, order_saga(1, account)), patience=9.0)
    for number in range(40):
        shop.crash("orchestrator", 0.0035 + 0.0173 * number, 0.0091)
    shop.env.run(until=10.0)
    require_whole(shop, told)
    assert told.end == "silence"
    assert shop.data("orders")[1] == ("approved" if account == "alice" else "rejected")


ONE_ATTEMPT = OrchestratorSettings(step_timeout=0.02, pause=0.005, patience=0.01)
LATE = Verdict(Fate.PASS, 0.6)
"""Seconds by which a message is late: the saga is over by then, for better or worse."""


def broken_by_late_messages(account: str, **flaws: bool) -> list[Any]:
    """Return where a saga was not whole: two messages late, and the orchestrator's host crashes, ever."""

    def shop_with(late: tuple[int, ...]) -> tuple[SagaShop, Any]:
        shop = SagaShop(settings=ONE_ATTEMPT, flaws=SagaFlaws(**flaws))
        shop.network.install(MessageFates(late, LATE))
        return shop, shop.ask(run(1, order_saga(1, account)), patience=2.0)

    found = []
    for first, more in product(range(1, 14), range(3)):  # 0 is the client's
        late = (first, first + more)
        for time in instants(shop_with(late)[0], 0.1)[::4]:
            shop, told = shop_with(late)
            shop.crash("orchestrator", time, 0.05)
            shop.env.run(until=3.0)
            ends = [*shop.nodes["orchestrator"].store["endings"].values(), told.end]
            is_done = shop.data("orders").get(1) == "approved"
            is_told = all(end.is_done == is_done for end in ends if isinstance(end, Ending))
            if shop.half_done() or shop.totals != (STOCK, 2 * MONEY) or not is_told:
                found.append((late, time))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("account", ACCOUNTS)
def test_what_comes_after_a_crash_of_the_orchestrator_undoes_nothing_that_is_done(account: str) -> None:
    assert broken_by_late_messages(account) == []


@pytest.mark.slow
def test_late_compensation_undoes_what_is_done_where_the_turn_was_not_written() -> None:
    assert broken_by_late_messages("alice", turns_back_unlogged=True)


def test_orchestrator_that_never_comes_back_stops_nobody_but_by_marks() -> None:
    for locks, is_done in ((False, True), (True, False)):
        shop = SagaShop()
        shop.ask(run(1, order_saga(1, locks=locks)), patience=1.0)
        shop.at(0.0095, shop.hosts["orchestrator"].crash)  # the book is taken, and not paid
        other = shop.second_orchestrator()
        second = shop.ask(run(2, order_saga(2, "bob", locks=True)), at=1.0, target=other)
        shop.env.run(until=100.0)
        assert shop.half_done() == [1]
        assert shop.observer.open_count == 1
        assert max(shop.observer.half_done_times()) > 99.0
        assert second.end.is_done == is_done
