"""The warehouse: orders that find nothing, deliveries that nobody hears of, and counts."""

from __future__ import annotations

from collections.abc import Generator
from math import inf
from typing import Any

import pytest

from models import FunctionEndpoint, Host, Network, Refused, Request
from models.faults import NetworkPartition
from models.replication import SingleNodeStore
from models.resilience import ConstantBackoff, Retry, Timeout
from models.services import DependencyFailed
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
        self.is_refunding = True
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
        if not self.is_refunding:
            raise Refused("nobody gives money back")
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
    world = World(units=3)
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


def test_no_substitute_is_taken_that_is_promised_to_another() -> None:
    world = World(substitute_probability=1.0)
    ask(world.env, world.stock, take(order(9, item=8)), at=0.5)
    told = ask(world.env, world.way, ship(order(1)), ship(order(2)), ship(order(9, item=8)), at=1.0)
    world.env.run()
    assert told == [Fate.SHIPPED, Fate.REFUNDED, Fate.SHIPPED]


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


def test_delivery_that_could_not_be_told_is_not_overtaken_by_the_next_of_its_item() -> None:
    """The cut heals between the attempt at the first one and what would be that at the second."""
    world = World(delivery_interval=10.0)
    cut = NetworkPartition(world.network, world.host, world.far)
    cut.inject()
    world.env.call_later(11.1, cut.heal)  # 0.2 s for each item and 0.5 s of pause: round 13 began at 10.8
    world.env.run(until=14.0)
    assert (world.record(7), world.record(8)) == (StockRecord(2, 2), StockRecord(2, 2))


def test_crash_in_the_middle_of_telling_and_counting_ends_neither_for_ever() -> None:
    world = World(units=5, count_interval=5.0)
    cut = NetworkPartition(world.network, world.host, world.far)
    cut.inject()
    world.env.call_later(5.1, world.host.crash)
    world.env.call_later(6.0, world.host.restart)
    world.env.call_later(7.0, cut.heal)
    world.env.run(until=8.0)
    assert world.record() == StockRecord(5, 1)
    assert world.shelf.pick(7)  # by a thief
    world.env.run(until=11.5)
    assert world.record() == StockRecord(4, 1)


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


def test_order_that_was_refunded_has_no_unit_any_more_when_it_was_counted() -> None:
    world = World(count_interval=10.0)
    assert world.shelf.pick(7)  # by a thief
    ask(world.env, world.stock, take(order(1)), at=1.0)
    told = ask(world.env, world.way, ship(order(1)), at=2.0)
    world.env.run(until=12.0)
    assert told == [Fate.REFUNDED]
    assert world.record() == StockRecord(0, 1)


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


def test_count_that_has_to_be_repeated_is_not_overtaken_by_the_next_one() -> None:
    """It would say that three units are on the shelf which have been shipped since."""
    world = World(units=10, count_interval=1.0)
    patient = Timeout(world.env, AgreedStock(world.store.client(world.host)), 0.5)
    world.warehouse._stock = Retry(world.env, patient, attempts=3, backoff=ConstantBackoff(delay=0.8))
    cut = NetworkPartition(world.network, world.host, world.far)
    world.env.call_later(2.9, cut.inject)
    world.env.call_later(3.9, cut.heal)
    for number in range(3):
        ask(world.env, world.stock, take(order(number)), at=1.0)
        ask(world.env, world.way, ship(order(number)), at=3.6)
    for step in range(20):  # the count of 3.0 is told again at 4.3; the next one is due at 4.0
        world.env.run(until=3.9 + 0.05 * step)
        assert world.record().available == world.shelf.present(7) == 7
    assert world.warehouse.count_failed_count == 0


@pytest.mark.parametrize("count_interval", [inf, 5.0])
def test_unit_of_a_substitute_whose_taking_nobody_answered_is_free_after_the_next_count(
    count_interval: float,
) -> None:
    world = World(substitute_probability=1.0, count_interval=count_interval)
    lost = NetworkPartition(world.network, world.far, world.host, one_way=True)
    world.env.call_later(2.035, lost.inject)  # the record has been read, and is being set
    world.env.call_later(3.0, lost.heal)
    told = ask(world.env, world.way, ship(order(1)), ship(order(2)), at=1.98)
    world.env.run(until=9.0)
    assert told == [Fate.SHIPPED, Fate.REFUNDED]
    assert world.shelf.present(8) == 1
    assert world.record(8).available == (0 if count_interval == inf else 1)


def test_money_that_could_not_be_given_back_is_when_the_order_comes_again() -> None:
    world = World()
    world.is_refunding = False
    told = ask(world.env, world.way, ship(order(1)), ship(order(2)), at=1.0)
    world.env.call_later(2.0, setattr, world, "is_refunding", True)
    again = ask(world.env, world.way, ship(order(2)), ship(order(2)), at=3.0)
    world.env.run(until=5.0)
    assert told == [Fate.SHIPPED, DependencyFailed]
    assert again == [Fate.REFUNDED, Fate.REFUNDED]
    assert world.refunded == ["2"]


@pytest.mark.parametrize(("of_side", "of_warehouse"), [(-30.0, 0.0), (0.0, 30.0)])
def test_order_of_a_side_whose_clock_is_behind_the_warehouse_s_is_taken_for_one_that_never_came(
    of_side: float, of_warehouse: float
) -> None:
    world = World(units=5, count_interval=10.0, reservation_time=15.0)
    world.web.skew_clock("test", of_side)
    world.host.skew_clock("test", of_warehouse)
    world.env.run(until=9.0)
    ask(world.env, world.stock, take(order(1, placed_at=world.web.clock())), at=9.0)
    world.env.run(until=9.5)
    assert world.record().available == 4
    world.env.run(until=11.0)
    assert world.record().available == 5, "it may yet come, and its unit be sold again"


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
    ("changes", "message"),
    [
        ({"shelf": 3}, "shelf must be a Shelf, got 3"),
        ({"stock": 3}, "stock must be an Endpoint, got 3"),
        ({"items": 3}, "items must be a list, each an? int, got 3 alone"),
        ({"settings": None}, "settings must be a WarehouseSettings, got None"),
        ({"refund": FunctionEndpoint(lambda request: iter(()))}, "refund must be on Host.'warehouse'. as"),
    ],
)
def test_warehouse_is_made_of_parts_on_its_own_host(changes: dict[str, Any], message: str) -> None:
    world = World()
    given = {
        "shelf": world.shelf,
        "stock": world.warehouse._stock,
        "refund": world.warehouse._refund,
        "items": [7],
        "settings": WarehouseSettings(),
    }
    with pytest.raises((TypeError, ValueError), match=message):
        Warehouse(world.env, world.host, world.network, **{**given, **changes})


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
