"""Sagas and two-phase commit in the company of others: wrapped, alone and in pairs, interrupted, repeated."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations, product
from typing import Any

import pytest

from models import Endpoint
from models.resilience import ConstantBackoff, Retry, Timeout
from models.resilience.circuit_breaker import CircuitBreaker, resilience4j
from models.resilience.hedging import Hedge
from models.resilience.idempotency import IdempotencyStore
from models.transactions import Ending, run
from simulator import Environment
from tests.in_one_test import in_one_test
from tests.models.transactions.shop import (
    MONEY,
    NAMES,
    STOCK,
    SagaShop,
    Shop,
    TwoPhaseShop,
    order_changes,
    order_saga,
)

Wrap = Callable[[Environment, Endpoint], Endpoint]
BREAKER = resilience4j(minimum_calls=3, open_duration=0.5, trial_count=1)

WRAPPERS: dict[str, Wrap] = {
    "timeout": lambda env, target: Timeout(env, target, 0.2),
    "retry": lambda env, target: Retry(env, target, attempts=3, backoff=ConstantBackoff(delay=0.05)),
    "breaker": lambda env, target: CircuitBreaker(env, target, BREAKER),
    "hedge": lambda env, target: Hedge(env, target, after=0.05),
    "idempotency": IdempotencyStore,
}
PAIRS = [(name,) for name in WRAPPERS] + list(permutations(WRAPPERS, 2)) + [(name, name) for name in WRAPPERS]
KINDS: dict[str, tuple[Callable[..., Shop], Callable[..., Any]]] = {
    "saga": (SagaShop, order_saga),
    "saga with marks": (SagaShop, lambda *order: order_saga(*order, locks=True)),
    "two-phase commit": (TwoPhaseShop, order_changes),
}


def wrapped(names: tuple[str, ...]) -> Wrap:
    """Return what puts wrappers around an endpoint, the first outermost."""

    def wrap(env: Environment, endpoint: Endpoint) -> Endpoint:
        for name in reversed(names):
            endpoint = WRAPPERS[name](env, endpoint)
        return endpoint

    return wrap


def require_whole(shop: Shop) -> None:
    assert shop.totals == (STOCK, 2 * MONEY)
    orders = shop.data("orders")
    assert shop.data("payment")["shop"] == 10 * sum(value == "approved" for value in orders.values())
    assert shop.observer.open_count == 0  # type: ignore[attr-defined]


@in_one_test("kind", KINDS)
@pytest.mark.parametrize("names", PAIRS, ids="+".join)
def test_wrapped_client_is_told_the_same_at_the_same_time(kind: str, names: tuple[str, ...]) -> None:
    make, work = KINDS[kind]
    ends = []
    for chain in ((), names):
        shop = make()
        client = wrapped(chain)(shop.env, shop.client)
        tolds = [
            shop.ask(run(number, work(number, account)), at=0.5 * number, target=client)
            for number, account in enumerate(("alice", "poor", "bob"))
        ]
        shop.env.run(until=5.0)
        require_whole(shop)
        ends.append([(told.end, told.time) for told in tolds])
    assert ends[0] == ends[1]
    assert [end.is_done for end, _ in ends[0]] == [True, False, True]  # and a refusal opens no breaker


@in_one_test("kind", KINDS)
@pytest.mark.parametrize("names", PAIRS, ids="+".join)
def test_wrapped_client_whose_leader_crashes_leaves_all_whole(kind: str, names: tuple[str, ...]) -> None:
    """Retries and hedges of one order are one order: the id says so."""
    make, work = KINDS[kind]
    for time in (0.0015, 0.0045, 0.0075, 0.012):
        shop = make()
        client = wrapped(names)(shop.env, shop.client)
        shop.ask(run(1, work(1)), target=client, patience=5.0)
        shop.crash(shop.leader, time, 0.08, process=True)
        shop.env.run(until=10.0)
        require_whole(shop)
        assert shop.data("stock")["book"] in (STOCK, STOCK - 1)


@pytest.mark.parametrize("locks", [False, True])
@pytest.mark.parametrize("names", PAIRS, ids="+".join)
def test_wrapped_services_make_no_difference_to_how_a_saga_ends(names: tuple[str, ...], locks: bool) -> None:
    for account, crashed in product(("alice", "poor"), (None, *NAMES)):
        shop = SagaShop(wrap=wrapped(names))
        told = shop.ask(run(1, order_saga(1, account, locks=locks)))
        if crashed:
            shop.crash(crashed, 0.009, 0.1, process=True)
        shop.env.run(until=10.0)
        require_whole(shop)
        assert shop.half_done() == []
        assert isinstance(told.end, Ending)
        assert told.end.is_done <= (account == "alice")


@pytest.mark.parametrize("kind", KINDS)
def test_callers_who_give_up_or_are_killed_leave_nothing_behind(kind: str) -> None:
    make, work = KINDS[kind]
    shop = make()
    before = sorted(process.name for process in shop.env.processes)
    for number in range(40):
        shop.ask(run(number % 8, work(number % 8)), at=0.003 * number, patience=0.0004 * number)
    shop.env.run(until=20.0)
    require_whole(shop)
    assert sorted(process.name for process in shop.env.processes) == before
    for node in shop.nodes.values():
        statistics = node.statistics()
        assert (statistics.in_service_count, statistics.waiting_count) == (0, 0)


@pytest.mark.parametrize("kind", KINDS)
def test_same_seed_is_the_same_run_event_for_event(kind: str) -> None:
    make, work = KINDS[kind]

    def digest() -> str:
        shop = make(3, trace=True, loss=0.05)
        for number in range(20):
            shop.ask(run(number, work(number, "bob")), at=0.01 * number)
        shop.crash("stock", 0.05, 0.1)
        shop.crash(shop.leader, 0.1, 0.1)
        shop.env.run(until=5.0)
        return f"{shop.env.trace_digest()} {[shop.data(name) for name in NAMES]}"

    assert digest() == digest()


@pytest.mark.parametrize("kind", KINDS)
def test_when_all_is_quiet_nothing_is_due_any_more(kind: str) -> None:
    make, work = KINDS[kind]
    shop = make()
    for number in range(10):
        shop.ask(run(number, work(number)), at=0.01 * number)
    shop.crash(shop.leader, 0.05, 0.5)
    shop.env.run(until=60.0)
    require_whole(shop)
    now = shop.env.now
    assert [entry for entry in shop.env._queue if entry[0] > now] == []
