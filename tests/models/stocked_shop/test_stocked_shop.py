"""The stocked shop as a whole: what each choice does across a cut, and what no crash may take."""

from __future__ import annotations

from typing import Any

import pytest

from models import Request
from models.faults import FaultPlan, HostCrash, NetworkPartition, ProcessCrash
from models.replication.quorums import Level, Versioning
from models.resilience import Timeout, resilience4j
from models.shop import Protection
from models.stocked_shop import (
    ORDER,
    PAGE,
    Consistency,
    Costs,
    Fate,
    Order,
    Shown,
    StockCount,
    StockedShop,
    StockedShopSettings,
    WarehouseSettings,
    all_ap,
    all_cp,
    mixed,
)
from models.stocked_shop.books import Books, Entry
from models.stocked_shop.side import CONFIRMED, NOT_LISTED, SOLD_OUT, Edit, Visit
from simulator import Environment

from .building import ask

SMALL: dict[str, Any] = {
    "items": 2,
    "page_rate": 1.0,
    "order_rate": 1.0,
    "warehouse": WarehouseSettings(units=20),
}


def shop_of(make: Any = mixed, *, seed: int = 1, **changes: Any) -> StockedShop:
    return StockedShop(Environment(seed=seed), make(**{**SMALL, **changes}))


def entrance(shop: StockedShop, zone: str = "zone-b") -> Any:
    service = shop.system.service(f"shop in {zone}")
    return shop.system.network.connect(
        shop.system.add_host(f"customer {len(shop.system.hosts)}", shop.system.zone(zone)),
        service.instances[0],
    )


def order(number: int, item: int = 0) -> Request:
    return Request(ORDER, Visit(str(number), item))


def page(item: int = 0) -> Request:
    return Request(PAGE, Visit("", item))


def edit(number: int, *, price: float = 20.0, is_listed: bool = True, item: int = 0) -> Request:
    return Request("edit", Edit(item, Entry(number, price, is_listed)))


def cut(shop: StockedShop, start: float, duration: float) -> None:
    partition = NetworkPartition(shop.system.network, shop.zones[0], shop.zones[1:])
    FaultPlan(shop.env).at(start, partition, duration=duration)


def payments(shop: StockedShop, kind: str) -> set[str]:
    """The numbers of all orders of which some node knows a payment, or a refund."""
    contents = shop.stores["payments"].contents().values()
    return {key[1] for held in contents for key in held if key[0] == kind}


# -- an order


@pytest.mark.parametrize("make", [all_cp, all_ap, mixed])
def test_order_is_confirmed_paid_shipped_and_at_last_sold_out(make: Any) -> None:
    shop = shop_of(make, warehouse=WarehouseSettings(units=2))
    told = ask(shop.env, entrance(shop), page(), *(order(number) for number in range(3)), at=5.0)
    shop.env.run(until=10.0)
    assert [told[0].price, *told[1:]] == [20.0, CONFIRMED, CONFIRMED, SOLD_OUT]
    assert list(shop.warehouse.fates.values()) == [Fate.SHIPPED, Fate.SHIPPED]
    assert payments(shop, "payment") == {"0", "1"}
    assert payments(shop, "refund") == set()


def test_order_is_charged_the_price_of_the_newest_entry_and_none_is_taken_of_what_is_withdrawn() -> None:
    shop = shop_of()
    told = ask(
        shop.env,
        entrance(shop),
        edit(1, price=17.0),
        order(1),
        edit(2, is_listed=False),
        order(2),
        at=5.0,
    )
    shop.env.run(until=10.0)
    assert told == [None, CONFIRMED, None, NOT_LISTED]
    assert [sale.amount for sale in shop.books.sales.values()] == [17.0]


@pytest.mark.parametrize("make", [all_cp, all_ap])
def test_buffer_is_kept_back_on_all_sides(make: Any) -> None:
    shop = shop_of(make, buffer=1, warehouse=WarehouseSettings(units=2))
    told = ask(shop.env, entrance(shop), order(1), order(2), at=5.0)
    elsewhere = ask(shop.env, entrance(shop, "zone-a"), order(3), at=7.0)
    shop.env.run(until=10.0)
    assert (told, elsewhere) == ([CONFIRMED, SOLD_OUT], [SOLD_OUT])


def test_count_that_is_wrong_makes_the_record_wrong() -> None:
    shop = shop_of(miscount_probability=1.0, warehouse=WarehouseSettings(units=20, count_interval=5.0))
    shop.env.run(until=8.0)
    record = next(iter(shop.stores["stock"].contents().values()))["stock", 0]
    assert record.available in (19, 21)
    assert shop.shelf.present(0) == 20


@pytest.mark.slow
def test_popular_items_are_wanted_more_often() -> None:
    shop = shop_of(items=4, popularity=3.0, order_rate=10.0, warehouse=WarehouseSettings(units=500))
    shop.admit_users(since=3.0, until=9.0)
    shop.env.run(until=12.0)
    wanted = [each.item for each in shop.books.sales]
    assert wanted.count(0) > 0.7 * len(wanted) > 50


def test_order_that_is_asked_for_again_is_the_same_order() -> None:
    shop = shop_of()
    told = ask(shop.env, entrance(shop), order(1), order(1), at=5.0)
    both = [ask(shop.env, entrance(shop), order(2), at=6.0) for _ in range(2)]
    shop.env.run(until=10.0)
    assert (told, both) == ([CONFIRMED] * 2, [[CONFIRMED]] * 2)
    assert shop.shelf.statistics().picked_count == 2


@pytest.mark.slow
def test_what_cannot_be_paid_is_given_back_and_stays_cancelled() -> None:
    """Stock on an AP store, payments on a CP one: the side that is cut off takes a unit and cannot charge."""
    shop = shop_of(stock=StockCount.SPLIT, order_level=1)
    cut(shop, 5.0, 10.0)
    told = ask(shop.env, entrance(shop, "zone-a"), order(1), at=7.0)
    again = ask(shop.env, entrance(shop, "zone-a"), order(1), at=20.0)
    shop.env.run(until=60.0)
    assert [each.__name__ for each in (*told, *again)] == ["DependencyFailed", "ServerError"]
    assert payments(shop, "refund") == {"1"}
    assert [held["sold", 0, "zone-a"] for held in shop.stores["stock"].contents().values()] == [()] * 3
    assert [side.open_count for side in shop.sides.values()] == [0, 0, 0]
    assert [side for _, side in shop.books.cancelled] == ["zone-a"]


def test_crash_in_the_middle_of_an_order_cancels_it_at_the_restart() -> None:
    shop = shop_of()
    host = shop.system.host("shop in zone-b")
    seen: list[int] = []

    def crash() -> None:
        seen.append(shop.sides["zone-b"].open_count)
        host.crash()

    ask(shop.env, entrance(shop), order(1), at=5.0)
    shop.env.call_later(5.008, crash)
    shop.env.call_later(8.0, host.restart)
    shop.env.run(until=30.0)
    assert seen == [1]
    assert shop.warehouse.fates == {}
    assert payments(shop, "refund") == {"1"}
    record = next(iter(shop.stores["stock"].contents().values()))["stock", 0]
    assert record.available == 20


def test_second_crash_before_the_outbox_has_it_does_not_forget_what_is_to_be_undone() -> None:
    shop = shop_of()
    side, host = shop.sides["zone-b"], shop.system.host("shop in zone-b")
    instance = shop.system.service("shop in zone-b").instances[0]
    ask(shop.env, entrance(shop), order(1), at=5.0)
    # The outbox is down when the instance has started again, and then that crashes once more.
    shop.env.call_later(5.007, host.crash_process, side.outbox)
    for down, up in ((5.008, 5.5), (5.55, 7.0)):
        shop.env.call_later(down, instance.crash)
        shop.env.call_later(up, instance.restart)
    shop.env.call_later(8.0, host.restart_process, side.outbox)
    shop.env.run(until=5.6)
    assert (side.open_count, payments(shop, "refund")) == (1, set())
    shop.env.run(until=30.0)
    assert (side.open_count, payments(shop, "refund")) == (0, {"1"})


@pytest.mark.parametrize(("keeps_sessions", "shown"), [(True, 20.0), (False, None)])
def test_session_asks_another_node_where_the_one_at_hand_is_silent(keeps_sessions: bool, shown: Any) -> None:
    shop = shop_of(keeps_sessions=keeps_sessions)
    shop.env.call_later(4.0, shop.system.host("catalogue in zone-b").crash)
    told = ask(shop.env, Timeout(shop.env, entrance(shop), 3.0), page(), at=5.0)
    shop.env.run(until=10.0)
    assert [getattr(each, "price", None) for each in told] == [shown]


@pytest.mark.parametrize(
    ("levels", "shown", "charged"),
    [
        ({}, 20.0, 17.0),
        ({"page_level": Level.QUORUM}, 17.0, 17.0),
        ({"order_level": Level.ONE}, 20.0, 20.0),
    ],
)
def test_level_of_each_operation_says_how_old_a_price_it_goes_by(
    levels: dict[str, Any], shown: float, charged: float
) -> None:
    """The node at hand has not heard of the new price, though a quorum has."""
    shop = shop_of(**levels)
    near = shop.system.host("catalogue in zone-b")
    others = [shop.system.host(f"catalogue in {zone}") for zone in ("zone-a", "zone-c")]
    missed = NetworkPartition(shop.system.network, others, near)
    shop.env.call_later(4.0, missed.inject)
    shop.env.call_later(6.0, missed.heal)
    edited = ask(shop.env, entrance(shop, "zone-c"), edit(1, price=17.0), at=5.0)
    told = ask(shop.env, entrance(shop), page(), order(1), at=6.1)
    shop.env.run(until=8.0)
    assert edited == [None]
    assert (told[0].price, told[1]) == (shown, CONFIRMED)
    assert [sale.amount for sale in shop.books.sales.values()] == [charged]


def test_of_two_writes_of_one_client_the_one_that_was_sent_later_wins_in_every_store_that_is_ap() -> None:
    """See `split_stock`, rule 1: what was given up and comes late takes nothing back."""
    stores = shop_of(all_ap).stores.values()
    assert {store.settings.versioning for store in stores} == {Versioning.CLIENT_CLOCK}


# -- a cut


def answered(make: Any) -> tuple[StockedShop, dict[tuple[str, str], float]]:
    shop = shop_of(make, page_rate=4.0, order_rate=2.0, warehouse=WarehouseSettings(units=30))
    tables = shop.admit_users(since=5.0, until=50.0)
    cut(shop, 15.0, 25.0)
    shop.env.run(until=90.0)
    return shop, {
        (zone, operation): table.sample(15.0, 36.0, operation=operation, by="start").availability()
        for zone, table in tables.items()
        for operation in (PAGE, ORDER)
    }


@pytest.mark.slow
def test_mixed_shop_shows_pages_where_it_is_cut_off_and_takes_no_orders() -> None:
    shop, shares = answered(mixed)
    assert shares["zone-a", PAGE] == shares["zone-b", PAGE] == shares["zone-c", ORDER] == 1.0
    assert shares["zone-a", ORDER] == 0.0
    assert set(shop.warehouse.fates.values()) == {Fate.SHIPPED}
    assert {what for _, side, what in shop.books.pages if side != "zone-a"} == {Shown.RIGHT}


@pytest.mark.slow
def test_all_cp_shop_shows_and_sells_nothing_where_it_is_cut_off() -> None:
    shop, shares = answered(all_cp)
    assert shares["zone-a", PAGE] == shares["zone-a", ORDER] == 0.0
    assert shares["zone-b", ORDER] > 0.95
    assert set(shop.warehouse.fates.values()) == {Fate.SHIPPED}
    assert {what for *_, what in shop.books.pages} == {Shown.RIGHT}


@pytest.mark.slow
def test_all_ap_shop_does_everything_everywhere_and_apologises() -> None:
    shop, shares = answered(all_ap)
    assert set(shares.values()) == {1.0}
    assert set(shop.warehouse.fates.values()) == {Fate.SHIPPED, Fate.REFUNDED}
    assert {what for _, side, what in shop.books.pages if side == "zone-a"} > {Shown.RIGHT}


# -- whatever crashes


def troubled(make: Any, seed: int) -> StockedShop:
    """Customers of a shop whose hosts, processes and links fail at random until they stop coming."""
    shop = shop_of(
        make,
        seed=seed,
        items=3,
        order_rate=2.0,
        warehouse=WarehouseSettings(units=30, delivery_interval=25.0),
    )
    shop.admit_users(since=5.0, until=40.0)
    plan, stream = FaultPlan(shop.env), shop.env.stream("trouble")
    names, zones, time = list(shop.system.hosts), shop.zones, 8.0
    while time < 40.0:
        duration, what = float(stream.uniform(0.1, 8.0)), stream.random()
        if what < 0.6:
            plan.at(
                time, HostCrash(shop.system.host(names[int(stream.integers(len(names)))])), duration=duration
            )
        elif what < 0.8:
            zone = zones[int(stream.integers(3))]
            others = [each for each in zones if each is not zone]
            partition = NetworkPartition(shop.system.network, zone, others, one_way=bool(stream.integers(2)))
            plan.at(time, partition, duration=duration)
        else:
            zone = zones[int(stream.integers(3))]
            instance = shop.system.service(f"shop in {zone.name}").instances[0]
            plan.at(time, ProcessCrash(instance), duration=duration)
        time += float(stream.exponential(3.0))
    shop.env.run(until=200.0)
    return shop


def careful(**changes: Any) -> StockedShopSettings:
    """A mixed shop whose sides protect themselves from its stores, and the stores from their retries."""
    breaker = resilience4j(minimum_calls=5, open_duration=1.0)
    protection = Protection(timeout=1.0, attempts=2, bulkhead=8, breaker=breaker)
    return mixed(protection=protection, **changes)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("make", [mixed, careful, all_ap])
def test_whatever_crashes_all_orders_and_all_money_are_accounted_for(make: Any, seed: int) -> None:
    shop = troubled(make, seed)
    fates, sales = shop.warehouse.fates, shop.books.sales
    confirmed = {each.number for each in sales}
    assert len(sales) > 30
    assert [side.open_count for side in shop.sides.values()] == [0, 0, 0]
    assert set(fates) == set(sales)
    paid, refunded = payments(shop, "payment"), payments(shop, "refund")
    assert confirmed <= paid
    assert paid - confirmed <= refunded
    assert confirmed & refunded == {each.number for each, fate in fates.items() if fate is Fate.REFUNDED}
    shelf = shop.shelf.statistics()
    assert shelf.picked_count == sum(fate is Fate.SHIPPED for fate in fates.values())
    if make is not all_ap:
        assert set(fates.values()) == {Fate.SHIPPED}
        for held in shop.stores["stock"].contents().values():
            for item in range(3):
                # Shipped orders stay in the record until somebody counts.
                assert held["stock", item].available == shop.shelf.present(item)


@pytest.mark.slow
def test_same_seed_gives_the_same_run() -> None:
    def digest(seed: int) -> Any:
        shop = shop_of(all_ap, seed=seed)
        shop.admit_users(since=2.0, until=8.0)
        cut(shop, 4.0, 2.0)
        shop.env.run(until=15.0)
        return shop.books.pages, list(shop.books.sales.items())

    assert digest(3) == digest(3)
    assert digest(3) != digest(4)


# -- the books


def test_profit_is_what_was_shipped_less_apologies_and_what_broke() -> None:
    books = Books()
    orders = [Order(str(number), 0, "zone-a", 0.0) for number in range(3)]
    for each in orders:
        books.sold(each, 1.0, 20.0)
        books.sold(each, 2.0, 99.0)  # repeated
    fates = dict(zip(orders, (Fate.SHIPPED, Fate.SUBSTITUTED, Fate.REFUNDED), strict=True))
    assert books.profit(fates, 2, Costs(unit=14.0, apology=5.0)) == 2 * 6.0 - 2 * 5.0 - 2 * 14.0


@pytest.mark.parametrize(
    ("newest", "shown", "what"),
    [
        (None, Entry(0, 20.0, True), Shown.RIGHT),
        (Entry(2, 20.0, True), Entry(2, 20.0, True), Shown.RIGHT),
        (Entry(2, 20.0, True), Entry(3, 21.0, True), Shown.RIGHT),  # newer than what was acknowledged
        (Entry(2, 20.0, True), Entry(1, 21.0, True), Shown.WRONG_PRICE),
        (Entry(2, 20.0, False), Entry(1, 20.0, True), Shown.GHOST),
        (Entry(2, 20.0, True), Entry(1, 20.0, True), Shown.RIGHT),
    ],
)
def test_page_is_judged_by_the_newest_entry_that_was_acknowledged(
    newest: Entry | None, shown: Entry, what: Shown
) -> None:
    books = Books()
    books.showed(1.0, "zone-a", newest, shown)
    assert books.pages == [(1.0, "zone-a", what)]


def test_newest_entry_is_the_last_edit_in_whatever_order_they_were_acknowledged() -> None:
    books = Books()
    for number in (1, 3, 2):
        books.edited(0, Entry(number, 20.0 + number, True))
    assert books.newest(0) == Entry(3, 23.0, True)
    assert books.newest(1) is None


# -- settings


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"zones": ()}, "zones must be distinct names, at least one, got \\(\\)"),
        ({"zones": ("a", "a")}, "zones must be distinct names, at least one, got"),
        ({"zones": ("a", "")}, "each of zones must not be empty, got ''"),
        ({"page_level": 0}, "page_level must be a whole number >= 1, got 0"),
        ({"edit_level": "ONE"}, "edit_level must be a whole number >= 1, got 'ONE'"),
        ({"items": 0}, "items must be a whole number >= 1, got 0"),
        ({"order_rate": 0.0}, "order_rate must be finite and > 0, got 0.0"),
        ({"page_rate": -1.0}, "page_rate must be finite and >= 0"),
        ({"withdrawn_share": 2.0}, "withdrawn_share must lie in"),
    ],
)
def test_settings_are_checked(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        StockedShopSettings(**settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"stock": "agreed"}, "stock must be a StockCount, got 'agreed'"),
        ({"keeps_sessions": "yes"}, "keeps_sessions must be a bool, got 'yes'"),
        ({"warehouse": None}, "warehouse must be a WarehouseSettings, got None"),
        ({"raft": 3}, "raft must be a RaftSettings, got 3"),
        ({"zones": "abc"}, "zones must be a list, each a str, got 'abc' alone"),
        ({"zones": ("a", 3)}, "each of zones must be a str, got 3"),
    ],
)
def test_settings_are_of_their_kinds(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        StockedShopSettings(**settings)


def test_users_do_not_come_before_now() -> None:
    shop = shop_of()
    shop.env.run(until=2.0)
    with pytest.raises(ValueError, match=r"since must be finite and >= 2\.0 s, which is now, got 1\.0"):
        shop.admit_users(since=1.0)
    with pytest.raises(TypeError, match="settings must be a StockedShopSettings, got 3"):
        StockedShop(Environment(seed=1), 3)  # type: ignore[arg-type]


def test_three_ways_to_choose_differ_in_what_they_say() -> None:
    assert mixed() == StockedShopSettings()
    assert all_cp().catalogue is Consistency.CP
