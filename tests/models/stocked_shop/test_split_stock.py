"""Stock that each side counts for itself: what it knows, and what it sells twice."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from models import FunctionEndpoint, Host, Network, Request, ServerError, TimedOut
from models.faults import NetworkPartition
from models.network import AddedDelay
from models.replication import MultiPrimaryStore, QuorumStore
from models.replication.quorums import QuorumSettings, Versioning
from models.replication.sessions import Session
from models.resilience import Timeout
from models.stocked_shop import Count, Delivery, SplitStock
from models.stocked_shop.split_stock import WAREHOUSE
from models.stocked_shop.stock_record import counted, delivered, give_back, look, take
from models.storage import GroupCommit
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


@pytest.mark.parametrize(
    ("versioning", "left"), [(Versioning.CLIENT_CLOCK, 3), (Versioning.COORDINATOR_CLOCK, 4)]
)
def test_write_that_was_given_up_and_comes_late_takes_back_what_was_sold_since_unless_clients_tell_the_time(
    versioning: Versioning, left: int
) -> None:
    env = Environment(seed=1)
    network = Network(env, latencies=0.01)
    node, web = Host(env, "node"), Host(env, "web")
    store = QuorumStore(
        env,
        network,
        [node],
        settings=QuorumSettings(
            replicas=1, read_level=1, write_level=1, durability=GroupCommit(), versioning=versioning
        ),
    )

    def stock(side: str) -> SplitStock:
        session = Session(env, [Timeout(env, store.client(web), 0.4)])
        return SplitStock(env, session, side=side, sides=SIDES[:1])

    sold = stock(SIDES[0])
    ask(env, stock(WAREHOUSE), delivered(7, Delivery(1, 5)))
    slow = AddedDelay(env, web, node, 2.0, name="slow", one_way=True)
    # Three pages are read from 1.0 to 1.06; then the page is written.
    env.call_later(1.055, network.install, slow)
    env.call_later(1.065, network.heal, slow)
    given_up = ask(env, sold, take(order(1)), at=1.0)
    told = ask(env, sold, take(order(2)), take(order(3)), at=1.6)
    looked = ask(env, sold, look(7), at=6.0)
    env.run(until=7.0)
    assert (given_up, told) == ([TimedOut], [True, True])
    assert looked == [left]


def test_delivery_that_is_told_again_has_come_once_and_leaves_what_a_count_has_said() -> None:
    """Of orders: 1 is handled, 2 was placed too long ago, 3 stands."""
    world = Stocks(5)
    placed = [take(order(number, placed_at=1.0 * number)) for number in (1, 2, 3)]
    ask(world.env, world.stocks[0], *placed, at=1.0)
    again = delivered(7, Delivery(2, 5))
    ask(
        world.env,
        world.warehouse,
        counted(7, Count(4, 1, frozenset({order(1)}), placed_before=3.0)),
        again,
        again,
        at=2.0,
    )
    looked = ask(world.env, world.stocks[1], look(7), at=3.0)
    world.env.run(until=5.0)
    assert looked == [4 + 5 - 1]


def test_orders_of_different_items_do_not_wait_for_each_other() -> None:
    ended_at: list[float] = []
    for items in ((7, 7), (7, 8)):
        env = Environment()

        def page(request: Request) -> Generator[Any, Any, None]:
            yield 1.0

        stock = SplitStock(env, FunctionEndpoint(page), side=SIDES[0], sides=SIDES)
        for number, item in enumerate(items):
            ask(env, stock, take(order(number, item=item)))
        env.run()
        ended_at.append(env.now)
    assert ended_at == [8.0, 4.0]  # four pages are read to find that there is none


def test_side_does_not_write_on_the_page_of_the_warehouse() -> None:
    world = Stocks(5)
    told = ask(world.env, world.stocks[0], delivered(7, Delivery(2, 5)), at=1.0)
    world.env.run(until=5.0)
    assert told == [ServerError]


def test_side_must_be_one_of_the_sides() -> None:
    world = TwoSides()
    with pytest.raises(ValueError, match="side must be 'warehouse' or one of sides"):
        SplitStock(world.env, world.client(0), side="zone-c", sides=SIDES)
    with pytest.raises(TypeError, match="sides must be a list, each a str, got 'zone-a' alone"):
        SplitStock(world.env, world.client(0), side="zone-a", sides="zone-a")
