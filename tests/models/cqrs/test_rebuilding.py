"""A read model that is made again beside the one that answers."""

from __future__ import annotations

from typing import Any

import pytest

from models.cqrs import Projection, ProjectionSettings, has_converged
from models.cqrs.items import Cancelled, OrdersPerCustomer, Reserved, StockPerItem
from models.cqrs.log import append_commit
from models.cqrs.projections import PoisonEvent, Rows, at_least
from models.replication import read

from .cqrs_plant import SYNC, CqrsPlant, sell


def rebuilding_plant(**settings: Any) -> tuple[CqrsPlant, Projection]:
    plant = CqrsPlant()
    stock = plant.add_projection(settings=ProjectionSettings(batch_max=5, **settings))
    sell(plant, 51)
    plant.env.run(until=1.0)
    assert stock.position == 51
    return plant, stock


class Doubled(StockPerItem):
    """Another read model of the same: pairs."""

    __slots__ = ()

    def apply(self, event: Any, rows: Rows) -> None:
        rows[event.item] = rows.get(event.item, 0) + 2 * event.units


def test_rebuild_serves_the_old_rows_until_the_new_ones_have_come_as_far_and_nobody_goes_back() -> None:
    plant, stock = rebuilding_plant()
    sell(plant, 100, start=1.0, every=0.005)
    stock.rebuild(Doubled())
    versions, values = [], []
    while plant.env.now < 3.0:
        told = plant.told(plant.way(stock), read(0))
        versions.append(told.version)
        values.append(told.end / -(-told.version // 3))
    assert versions == sorted(versions)
    assert versions[0] >= 51
    assert (values[0], values[-1]) == (1.0, 2.0)
    assert sorted(set(values)) == [1.0, 2.0]
    assert values == sorted(values)
    assert (stock.rebuilt_count, stock.is_rebuilding) == (1, False)
    assert has_converged(stock, plant.commits())


@pytest.mark.slow
@pytest.mark.parametrize("crashed", ["host", "process"])
def test_crash_at_any_step_of_a_rebuild_continues_it_or_leaves_the_old_rows(crashed: str) -> None:
    ends = set()
    for step in range(20):
        plant, stock = rebuilding_plant()
        stock.rebuild(Doubled())
        victim: Any = stock.host if crashed == "host" else stock
        plant.at(1.0005 + 0.0043 * step, victim.crash)
        plant.at(1.2, victim.restart)
        plant.env.run(until=1.25)
        assert stock.position == 51  # never less is served
        plant.env.run(until=3.0)
        assert has_converged(stock, plant.commits())
        assert not stock.is_rebuilding
        ends.add(type(stock.model).__name__)
    assert ends == {"StockPerItem", "Doubled"}  # before the beginning was on the disk, and after


@pytest.mark.parametrize(("after", "model"), [(SYNC / 2.0, StockPerItem), (3.0 * SYNC, Doubled)])
def test_order_to_rebuild_outlives_a_crash_once_it_is_on_the_disk(after: float, model: type) -> None:
    plant, stock = rebuilding_plant()
    stock.rebuild(Doubled())
    plant.run_on(after)
    assert stock.is_rebuilding
    stock.host.crash()
    stock.host.restart()
    plant.run_on(1.0)
    assert type(stock.model) is model


def test_view_that_answers_is_the_one_that_a_crash_leaves() -> None:
    plant, stock = rebuilding_plant()
    stock.rebuild(Doubled())
    while type(stock.model) is StockPerItem:
        plant.run_on(0.0001)
    plant.run_on(SYNC / 2.0)  # it is written down before it is shown, and not after
    stock.host.crash()
    stock.host.restart()
    plant.run_on(0.1)
    assert type(stock.model) is Doubled


def test_projection_is_rebuilt_once_at_a_time_and_awake() -> None:
    plant, stock = rebuilding_plant()
    stock.rebuild()
    with pytest.raises(RuntimeError, match="stock must not be rebuilding, but is"):
        stock.rebuild()
    plant.run_on(1.0)
    stock.crash()
    with pytest.raises(RuntimeError, match="stock must be awake to be rebuilt, but is not"):
        stock.rebuild()


# -- out of poison ------------------------------------------------------------------------------------------


class Mended(OrdersPerCustomer):
    """One that knows what to do with a cancellation of nothing: nothing."""

    __slots__ = ()

    def apply(self, event: Any, rows: Rows) -> None:
        try:
            super().apply(event, rows)
        except PoisonEvent:
            return


def stopped_at_poison() -> tuple[CqrsPlant, Projection]:
    """A projection of three commits, of which it cannot apply the second."""
    plant = CqrsPlant()
    orders = plant.add_projection(OrdersPerCustomer(), "orders")
    log = plant.log.client(plant.web)
    events = [Reserved(7, "o1", "ann", 1), Cancelled(7, "o9", "bob", 1), Reserved(7, "o2", "ann", 1)]
    for event in events:
        plant.now(log, append_commit(7, [event]))
    plant.run_on(1.0)
    assert (orders.is_stopped, orders.position) == (True, 1)
    return plant, orders


def test_mended_read_model_takes_over_from_one_that_has_stopped() -> None:
    plant, orders = stopped_at_poison()
    start = plant.env.now
    waiting = plant.ask(plant.way(orders), at_least(read("ann"), 3, wait=0.5), at=start)
    orders.rebuild(Mended())
    plant.run_on(1.0)
    assert (orders.is_stopped, orders.position, orders.rebuilt_count) == (False, 3, 1)
    assert (waiting.version, waiting.time < start + 0.1) == (3, True)
    assert plant.now(plant.way(orders), read("ann")) == (("o1", 7, 1), ("o2", 7, 1))


def test_second_view_that_stops_never_takes_over_and_another_may_be_built_in_its_place() -> None:
    plant, orders = stopped_at_poison()
    orders.rebuild()  # by the same read model, which comes to the same place
    plant.run_on(1.0)
    assert (orders.is_rebuilding, orders.rebuilt_count, orders.position) == (False, 0, 1)
    orders.crash()
    orders.restart()
    plant.run_on(1.0)
    assert not orders.is_rebuilding  # it has tried again
    orders.rebuild(Mended())
    assert orders.is_rebuilding
    plant.run_on(1.0)
    assert (orders.is_stopped, orders.position, orders.rebuilt_count) == (False, 3, 1)
    orders.host.crash()
    orders.host.restart()
    plant.run_on(1.0)
    assert has_converged(orders, plant.commits())
    assert isinstance(orders.model, Mended)
