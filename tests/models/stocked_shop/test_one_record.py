"""One record for all: what compare-and-set keeps right, and what overwriting does not."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any

import pytest

from models import FunctionEndpoint, Host, Network, Rejected, Request
from models.consensus import RaftStore
from models.faults import NetworkPartition
from models.replication import READ, SingleNodeStore
from models.resilience import CircuitBreaker, ConstantBackoff, Retry, Timeout, consecutive_failures
from models.resilience.bulkheads import Bulkhead, BulkheadPool
from models.resilience.idempotency import WithIdempotencyKey
from models.stocked_shop import AgreedStock, Delivery, OverwrittenStock, SplitStock, StockRecord
from models.stocked_shop.split_stock import WAREHOUSE
from models.stocked_shop.stock_record import delivered, look, take
from simulator import Environment

from .building import SIDES, TwoSides, ask, order


class Shop:
    """A host with clients of a store of one process on another."""

    def __init__(self) -> None:
        self.env = Environment(seed=1)
        self.network = Network(self.env, latencies=0.01)
        self.web, self.far = Host(self.env, "web"), Host(self.env, "store")
        self.store = SingleNodeStore(self.env, self.network, self.far)

    def stock(self, kind: Any = AgreedStock, **settings: Any) -> Any:
        return kind(self.store.client(self.web), **settings)


def test_two_orders_at_a_time_take_two_units_where_they_are_agreed_on() -> None:
    shop = Shop()
    ask(shop.env, shop.stock(), delivered(7, Delivery(1, 1)))
    stocks = [shop.stock(), shop.stock()]
    ends = [ask(shop.env, stock, take(order(n)), at=1.0) for n, stock in enumerate(stocks)]
    shop.env.run()
    assert sorted(end[0] for end in ends) == [False, True]
    assert sum(stock.contended_count for stock in stocks) == 1


def test_two_orders_at_a_time_both_take_the_last_unit_where_it_is_overwritten() -> None:
    shop = Shop()
    ask(shop.env, shop.stock(), delivered(7, Delivery(1, 1)))
    ends = [ask(shop.env, shop.stock(OverwrittenStock), take(order(number)), at=1.0) for number in (1, 2)]
    left = ask(shop.env, shop.stock(), look(7), at=2.0)
    shop.env.run()
    assert [end[0] for end in ends] == [True, True]
    assert left == [0]  # one of the two has never been


def test_order_that_was_taken_and_never_told_so_is_not_taken_twice() -> None:
    """The answer to the compare-and-set is lost: a retry finds its own order in the record."""
    shop = Shop()
    stock = shop.stock()
    patient = Retry(shop.env, Timeout(shop.env, stock, 0.2), attempts=5, backoff=ConstantBackoff(delay=0.1))
    keyed = WithIdempotencyKey(shop.env, patient)
    ask(shop.env, stock, delivered(7, Delivery(1, 5)))
    # After the first read has been answered (at 1.02), and until long after the write.
    cut = NetworkPartition(shop.network, shop.far, shop.web, one_way=True)
    shop.env.call_later(1.025, cut.inject)
    shop.env.call_later(1.5, cut.heal)
    ended = ask(shop.env, keyed, take(order(1)), at=1.0)
    left = ask(shop.env, stock, look(7), at=5.0)
    shop.env.run(until=6.0)
    assert ended == [True]
    assert left == [4]


def test_order_without_a_name_is_sold_twice_by_the_same_retry() -> None:
    """What the name is for: two numbers, one order."""
    shop = Shop()
    ask(shop.env, shop.stock(), delivered(7, Delivery(1, 5)))
    ask(shop.env, shop.stock(), take(order(1)), take(order(2)), at=1.0)
    left = ask(shop.env, shop.stock(), look(7), at=2.0)
    shop.env.run()
    assert left == [3]


def test_who_is_always_slower_is_rejected_and_has_done_nothing() -> None:
    shop = Shop()
    ask(shop.env, shop.stock(), delivered(7, Delivery(1, 100)))
    ends = [ask(shop.env, shop.stock(attempts=1), take(order(number)), at=1.0) for number in range(3)]
    left = ask(shop.env, shop.stock(), look(7), at=2.0)
    shop.env.run()
    assert sorted(str(end[0]) for end in ends) == [str(Rejected), str(Rejected), "True"]
    assert left == [99]


def test_agreed_stock_needs_a_store_that_has_compare_and_set() -> None:
    sides = TwoSides()
    ended = ask(sides.env, AgreedStock(sides.client(0)), delivered(7, Delivery(1, 1)))
    sides.env.run(until=1.0)
    assert [each.__name__ for each in ended] == ["ServerError"]


def test_nothing_is_sold_twice_through_everything_that_protects_a_caller_while_leaders_crash() -> None:
    env = Environment(seed=3)
    network = Network(env, latencies=0.002)
    hosts = [Host(env, f"raft {number}") for number in range(3)]
    store = RaftStore(env, network, hosts)
    web = Host(env, "web")

    def way() -> Any:
        inner = Timeout(env, AgreedStock(store.client(web)), 0.15)
        pool = BulkheadPool(env, 4, waiting_max=100)
        breaker = CircuitBreaker(env, inner, consecutive_failures(5, open_duration=0.5))
        return Bulkhead(env, Retry(env, breaker, attempts=4), pool)

    ways = [way() for _ in range(3)]
    ask(env, AgreedStock(store.client(web)), delivered(7, Delivery(1, 20)), at=1.0)
    ends = {
        number: ask(env, ways[number % 3], take(order(number)), take(order(number)), at=2.0 + 0.1 * number)
        for number in range(60)
    }
    for number, host in enumerate(hosts * 2):
        env.call_later(2.2 + number, host.crash)
        env.call_later(2.9 + number, host.restart)
    env.run(until=30.0)
    record = next(iter(store.contents().values()))["stock", 7]
    told = {number for number, end in ends.items() if True in end}
    assert told <= {int(each.number) for each in record.orders}
    assert len(set(record.orders)) == len(record.orders) == 20
    assert len(told) >= 10


def test_record_that_stays_as_it_is_is_not_put_back() -> None:
    env = Environment()
    asked: list[str] = []

    def store(request: Request) -> Generator[Any, Any, Any]:
        asked.append(request.operation)
        yield from ()
        return StockRecord(units=1, orders=(order(1),))

    stock = AgreedStock(FunctionEndpoint(store))
    told = ask(env, stock, look(7), take(order(1)), take(order(2)))
    env.run()
    assert told == [0, True, False]
    assert asked == [READ] * 3


def test_buffer_and_attempts_are_checked() -> None:
    shop = Shop()
    with pytest.raises(ValueError, match="buffer must be a whole number >= 0, got -1"):
        shop.stock(buffer=-1)
    with pytest.raises(ValueError, match="attempts must be a whole number >= 1, got 0"):
        shop.stock(attempts=0)


def test_deadline_and_priority_of_a_request_go_with_all_that_is_asked_for_it() -> None:
    env = Environment()
    asked: list[Request] = []

    def store(request: Request) -> Generator[Any, Any, Any]:
        asked.append(request)
        yield from ()
        return None if request.operation == READ else True

    target = FunctionEndpoint(store)
    split = SplitStock(env, target, side=WAREHOUSE, sides=SIDES)
    for stock in (AgreedStock(target), OverwrittenStock(target), split):
        ask(env, stock, replace(delivered(7, Delivery(1, 5)), deadline=3.0, priority=2))
    env.run()
    assert len(asked) == 2 + 2 + 2
    assert {(each.deadline, each.priority) for each in asked} == {(3.0, 2)}
