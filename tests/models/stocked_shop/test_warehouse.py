"""The warehouse: orders that find nothing, deliveries that nobody hears of, and counts."""

from __future__ import annotations

from collections.abc import Generator
from math import inf
from typing import Any

import pytest

from models import FunctionEndpoint, Host, Network, Request
from models.faults import NetworkPartition
from models.replication import SingleNodeStore
from models.resilience import Timeout
from models.stocked_shop import AgreedStock, Fate, Shelf, StockRecord, Warehouse, WarehouseSettings
from models.stocked_shop.stock_record import take
from models.stocked_shop.warehouse import ship
from simulator import Environment

from .building import ask, order


class World:
    """A warehouse of items 7 and 8, whose record is on a store of one process."""

    def __init__(self, *, breakage_rate: float = 0.0, **settings: Any) -> None:
        self.env = Environment(seed=1)
        self.network = Network(self.env, latencies=0.01)
        self.host, self.web, far = (Host(self.env, name) for name in ("warehouse", "web", "store"))
        self.far = far
        self.store = SingleNodeStore(self.env, self.network, far)
        self.shelf = Shelf(self.env, [7, 8], breakage_rate=breakage_rate)
        self.refunded: list[str] = []
        self.warehouse = Warehouse(
            self.env,
            self.host,
            self.network,
            self.shelf,
            Timeout(self.env, AgreedStock(self.store.client(self.host)), 0.2),
            FunctionEndpoint(self._refund, host=self.host),
            items=[7, 8],
            settings=WarehouseSettings(**{"units": 1, **settings}),
        )
        self.stock = AgreedStock(self.store.client(self.web))
        self.way = self.network.connect(self.web, self.warehouse)

    def _refund(self, request: Request) -> Generator[Any, Any, None]:
        yield from ()
        self.refunded.append(request.key.number)

    def record(self, item: int = 7) -> StockRecord:
        return self.store.node.stored.table.value(("stock", item))


def test_confirmed_order_is_shipped_from_the_shelf() -> None:
    world = World()
    told = ask(world.env, world.way, ship(order(1)), at=1.0)
    world.env.run()
    assert told == [Fate.SHIPPED]
    assert world.shelf.present(7) == 0


def test_order_that_comes_again_is_told_the_same_and_nothing_is_done() -> None:
    world = World()
    told = ask(world.env, world.way, ship(order(1)), ship(order(1)), at=1.0)
    both = [ask(world.env, world.way, ship(order(2, item=8)), at=2.0) for _ in range(2)]
    world.env.run()
    assert (told, both) == ([Fate.SHIPPED] * 2, [[Fate.SHIPPED]] * 2)
    assert world.shelf.statistics().picked_count == 2


def test_order_that_finds_nothing_is_refunded_once() -> None:
    world = World()
    told = ask(world.env, world.way, ship(order(1)), ship(order(2)), ship(order(2)), at=1.0)
    world.env.run()
    assert told == [Fate.SHIPPED, Fate.REFUNDED, Fate.REFUNDED]
    assert world.refunded == ["2"]


def test_substitute_is_taken_from_the_record_and_from_the_shelf() -> None:
    world = World(substitute_probability=1.0)
    told = ask(world.env, world.way, *(ship(order(number)) for number in (1, 2, 3)), at=1.0)
    world.env.run()
    assert told == [Fate.SHIPPED, Fate.SUBSTITUTED, Fate.REFUNDED]
    assert world.record(8).orders == (order(2),)
    assert world.refunded == ["3"]


def test_order_that_comes_twice_at_once_gets_one_substitute() -> None:
    world = World(substitute_probability=1.0, units=2)
    ask(world.env, world.way, ship(order(1)), ship(order(2)), at=1.0)
    told = [ask(world.env, world.way, ship(order(3)), at=2.0) for _ in range(2)]
    world.env.run()
    assert told == [[Fate.SUBSTITUTED]] * 2
    assert world.shelf.present(8) == 1


def test_delivery_is_told_until_the_record_has_it() -> None:
    world = World()
    cut = NetworkPartition(world.network, world.host, world.far)
    cut.inject()
    world.env.call_later(3.0, cut.heal)
    world.env.run(until=2.0)
    assert world.record() is None
    world.env.run(until=6.0)
    assert (world.record(7), world.record(8)) == (StockRecord(1, 1), StockRecord(1, 1))


def test_deliveries_come_while_the_warehouse_is_down_and_are_told_in_order_when_it_is_back() -> None:
    world = World(units=3, delivery_interval=10.0)
    world.env.call_later(5.0, world.host.crash)
    world.env.call_later(25.0, world.host.restart)
    world.env.run(until=24.0)
    assert (world.record().units, world.shelf.present(7)) == (3, 9)
    world.env.run(until=29.0)
    assert world.record() == StockRecord(9, 3)


def test_count_takes_what_has_broken_out_of_the_record() -> None:
    world = World(units=100, breakage_rate=0.05, count_interval=10.0)
    world.env.run(until=9.0)
    assert world.record().available == 100 > world.shelf.present(7)
    present = []
    world.env.call_later(1.0, lambda: present.append(world.shelf.present(7)))
    world.env.run(until=11.0)
    assert [world.record().available] == present


def test_count_leaves_a_unit_to_who_has_been_promised_one() -> None:
    world = World(units=5, count_interval=10.0)
    ask(world.env, world.stock, take(order(1)), take(order(2)), at=1.0)
    ask(world.env, world.way, ship(order(1)), at=2.0)
    world.env.run(until=12.0)
    assert world.record() == StockRecord(4, 1, (order(2),))


@pytest.mark.parametrize(("reservation_time", "left"), [(inf, 4), (15.0, 5)])
def test_order_that_never_comes_has_its_unit_until_the_reservation_ends(
    reservation_time: float, left: int
) -> None:
    world = World(units=5, count_interval=10.0, reservation_time=reservation_time)
    ask(world.env, world.stock, take(order(1, placed_at=1.0)), at=1.0)
    world.env.run(until=12.0)
    assert world.record().available == 4
    world.env.run(until=22.0)
    assert world.record().available == left


def test_warehouse_that_is_cut_off_cannot_say_what_it_sees() -> None:
    world = World(units=100, breakage_rate=0.05, count_interval=10.0)
    world.env.run(until=5.0)
    NetworkPartition(world.network, world.host, world.far).inject()
    world.env.run(until=12.0)
    assert world.record().available == 100
    assert world.warehouse.count_failed_count == 2


def test_crash_takes_who_is_under_way_and_no_book() -> None:
    world = World(substitute_probability=1.0)
    told = ask(world.env, world.way, ship(order(1)), ship(order(2)), at=1.0)
    # Order 2 is waiting for the record of its substitute.
    world.env.call_later(
        1.035,
        world.host.crash,
    )
    world.env.call_later(5.0, world.host.restart)
    again = ask(world.env, world.way, ship(order(1)), ship(order(2)), at=6.0)
    world.env.run(until=10.0)
    assert told == [Fate.SHIPPED]
    assert again == [Fate.SHIPPED, Fate.SUBSTITUTED]
    assert world.shelf.statistics().present_count == 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"units": 0}, "units must be a whole number >= 1, got 0"),
        ({"count_interval": 0.0}, "count_interval must be > 0 s, got 0.0"),
        ({"substitute_probability": 2.0}, r"substitute_probability must lie in \[0, 1\], got 2.0"),
        ({"retry_pause": inf}, "retry_pause must be finite and > 0 s, got inf"),
    ],
)
def test_settings_are_checked(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        WarehouseSettings(**settings)
