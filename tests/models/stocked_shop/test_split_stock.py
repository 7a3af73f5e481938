"""Stock that each side counts for itself: what it knows, and what it sells twice."""

from __future__ import annotations

from typing import Any

import pytest

from models import Host, Network, ServerError
from models.faults import NetworkPartition
from models.replication import MultiPrimaryStore
from models.replication.sessions import Session
from models.stocked_shop import Count, Delivery, SplitStock
from models.stocked_shop.split_stock import WAREHOUSE
from models.stocked_shop.stock_record import counted, delivered, give_back, look, take
from simulator import Environment

from .building import SIDES, TwoSides, ask, order


class Stocks(TwoSides):
    """A stock on each side, and the warehouse's beside the second, with so many units."""

    def __init__(self, units: int, **settings: Any) -> None:
        super().__init__()
        self.stocks = [
            SplitStock(
                self.env, Session(self.env, [self.client(side)]), side=SIDES[side], sides=SIDES, **settings
            )
            for side in (0, 1)
        ]
        self.warehouse = SplitStock(
            self.env, Session(self.env, [self.client(1)]), side=WAREHOUSE, sides=SIDES
        )
        ask(self.env, self.warehouse, delivered(7, Delivery(1, units)))

    def cut(self, start: float, end: float) -> None:
        cut = NetworkPartition(self.network, self.hosts[0], self.hosts[1])
        self.env.call_later(start, cut.inject)
        self.env.call_later(end, cut.heal)


def test_each_side_knows_what_the_other_has_sold() -> None:
    world = Stocks(2)
    first = ask(world.env, world.stocks[0], take(order(1)), at=1.0)
    second = ask(world.env, world.stocks[1], take(order(2)), take(order(3)), at=2.0)
    world.env.run(until=5.0)
    assert (first, second) == ([True], [True, False])


def test_orders_at_the_same_moment_on_one_side_take_turns() -> None:
    world = Stocks(1)
    ends = [ask(world.env, world.stocks[0], take(order(number)), at=1.0) for number in (1, 2, 3)]
    world.env.run(until=5.0)
    assert sorted(end[0] for end in ends) == [False, False, True]


def test_across_a_cut_both_sides_sell_what_is_left_and_the_sum_says_so_afterwards() -> None:
    world = Stocks(2)
    world.cut(1.0, 10.0)
    ends = [
        ask(world.env, world.stocks[side], *(take(order(10 * side + n)) for n in range(3)), at=2.0)
        for side in (0, 1)
    ]
    looked = [ask(world.env, world.stocks[side], look(7), at=40.0) for side in (0, 1)]
    world.env.run(until=60.0)
    assert ends == [[True, True, False], [True, True, False]]
    assert looked == [[-2], [-2]]  # no order is forgotten, as it would be with one record


def test_multi_primary_store_merges_the_pages_of_two_sides_too() -> None:
    env = Environment(seed=1)
    network = Network(env, latencies=0.01)
    hosts = [Host(env, name) for name in SIDES]
    store = MultiPrimaryStore(env, network, hosts)
    stocks = [
        SplitStock(env, network.connect(hosts[side], store.nodes[side]), side=SIDES[side], sides=SIDES)
        for side in (0, 1)
    ]
    warehouse = SplitStock(env, network.connect(hosts[1], store.nodes[1]), side=WAREHOUSE, sides=SIDES)
    ask(env, warehouse, delivered(7, Delivery(1, 2)))
    cut = NetworkPartition(network, hosts[0], hosts[1])
    env.call_later(1.0, cut.inject)
    env.call_later(10.0, cut.heal)
    ends = [
        ask(env, stocks[side], *(take(order(10 * side + n)) for n in range(3)), at=2.0) for side in (0, 1)
    ]
    looked = [ask(env, stocks[side], look(7), at=40.0) for side in (0, 1)]
    env.run(until=60.0)
    assert ends == [[True, True, False]] * 2
    assert looked == [[-2], [-2]]


def test_buffer_on_both_sides_covers_what_is_sold_twice() -> None:
    world = Stocks(4, buffer=2)
    world.cut(1.0, 10.0)
    ends = [
        ask(world.env, world.stocks[side], *(take(order(10 * side + n)) for n in range(4)), at=2.0)
        for side in (0, 1)
    ]
    world.env.run(until=60.0)
    assert ends == [[True, True, False, False]] * 2


def test_repeated_order_has_one_unit_and_given_back_it_has_none() -> None:
    world = Stocks(2)
    told = ask(
        world.env,
        world.stocks[0],
        take(order(1)),
        take(order(1)),
        look(7),
        give_back(order(1)),
        give_back(order(1)),
        look(7),
        at=1.0,
    )
    world.env.run(until=5.0)
    assert told == [True, True, 1, None, None, 2]


def test_count_drops_what_is_handled_on_every_page() -> None:
    world = Stocks(5)
    ask(world.env, world.stocks[0], take(order(1)), take(order(2)), at=1.0)
    count = Count(2, 1, frozenset({order(1)}))  # two have broken, one was shipped
    told = ask(world.env, world.warehouse, counted(7, count), at=2.0)
    looked = ask(world.env, world.stocks[0], look(7), take(order(3)), look(7), at=3.0)
    world.env.run(until=5.0)
    assert told == [None]
    assert looked == [1, True, 0]
    page = world.store.contents()[world.store.nodes[0].name]["sold", 7, "zone-a"]
    assert page == (order(2), order(3))


def test_count_that_is_older_than_a_delivery_is_void() -> None:
    world = Stocks(5)
    ask(
        world.env, world.warehouse, delivered(7, Delivery(2, 5)), counted(7, Count(1, 1, frozenset())), at=1.0
    )
    looked = ask(world.env, world.warehouse, look(7), at=2.0)
    world.env.run(until=5.0)
    assert looked == [10]


def test_side_does_not_write_on_the_page_of_the_warehouse() -> None:
    world = Stocks(5)
    told = ask(world.env, world.stocks[0], delivered(7, Delivery(2, 5)), at=1.0)
    world.env.run(until=5.0)
    assert told == [ServerError]


def test_side_must_be_one_of_the_sides() -> None:
    world = TwoSides()
    with pytest.raises(ValueError, match="side must be 'warehouse' or one of sides"):
        SplitStock(world.env, world.client(0), side="zone-c", sides=SIDES)
