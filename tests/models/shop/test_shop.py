"""The shop: what a feature in trouble does to those who need it, and to those who never did."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any

import pytest

from models import Endpoint, Request, ServerError
from models.balancing import RoundRobin
from models.balancing.health_checks import haproxy
from models.balancing.outlier_ejection import OutlierSettings
from models.faults import ErrorBurst
from models.resilience import Timeout
from models.resilience.bulkheads import ConnectionPool
from models.shop import (
    CART,
    CHECKOUT,
    PAGE,
    Deadlines,
    PayLater,
    Protection,
    ServiceSize,
    Shop,
    ShopSettings,
    bare_shop,
    careful_shop,
)
from simulator import Environment, RequestTable
from simulator.randomness import Constant

UNTIL = 7.0


def run(settings: ShopSettings, *break_it: Any, until: float = UNTIL) -> tuple[Shop, RequestTable]:
    """Run a shop in which something is done before the users come."""
    env = Environment(seed=3)
    shop = Shop(env, replace(settings, rate=60.0))
    for each in break_it:
        each(shop)
    users = shop.admit_users(until=until)
    env.run(until=until + shop.settings.patience + 1.0)
    return shop, users.table


def crash(service: str) -> Any:
    return lambda shop: [instance.crash() for instance in shop.system.service(service).instances]


def share(table: RequestTable, operation: str, outcome: str) -> float:
    return table.sample(operation=operation).shares()[outcome]


@pytest.mark.slow
@pytest.mark.parametrize("settings", [bare_shop(), careful_shop()], ids=["bare", "careful"])
def test_healthy_shop_answers_everybody_and_charges_each_order_once(settings: ShopSettings) -> None:
    shop, table = run(settings)
    assert table.availability() == 1.0
    assert set(table.operations) >= {PAGE, CART, CHECKOUT}
    checkouts = len(table.sample(operation=CHECKOUT))
    assert checkouts > 20
    orders = shop.orders.statistics()
    assert (orders.applied_count, orders.acknowledged_count) == (checkouts, checkouts)
    assert orders.applied_more_than_once_count == orders.lost_count == 0
    assert shop.lost_orders_count == 0


@pytest.mark.slow
def test_bare_page_fails_without_recommendations_and_a_careful_one_is_degraded() -> None:
    _, bare = run(bare_shop(), crash("recommendations"))
    _, careful = run(careful_shop(), crash("recommendations"))
    assert share(bare, PAGE, "server_error") == 1.0
    assert share(careful, PAGE, "degraded") == 1.0
    for table in (bare, careful):
        assert share(table, CART, "ok") == 1.0
        assert table.sample(operation=CHECKOUT).availability() == 1.0


@pytest.mark.slow
def test_cart_is_optional_on_a_page_and_nowhere_else() -> None:
    _, table = run(careful_shop(), crash("cart"))
    assert share(table, PAGE, "degraded") == 1.0
    assert share(table, CART, "server_error") == share(table, CHECKOUT, "server_error") == 1.0


@pytest.mark.slow
def test_feature_that_is_switched_off_is_answered_at_once_and_never_called() -> None:
    shop, table = run(
        bare_shop(), crash("recommendations"), lambda shop: shop.features["recommendations"].switch.turn_off()
    )
    assert share(table, PAGE, "degraded") == 1.0
    assert all(
        not connection.statistics().call_count
        for connection in shop.system.connections
        if "recommendations" in connection.name
    )
    calls = shop.features["recommendations"].calls
    assert calls.counts()["degraded"] == len(calls) > 50


@pytest.mark.slow
def test_checkout_that_is_switched_off_accepts_no_order() -> None:
    shop, table = run(careful_shop(), lambda shop: shop.features["checkout"].switch.turn_off())
    assert share(table, CHECKOUT, "degraded") == 1.0
    assert shop.orders.acknowledged_count == shop.orders.applied_count == 0


@pytest.mark.slow
def test_order_is_accepted_while_payment_is_down_and_charged_when_it_is_back() -> None:
    env = Environment(seed=3)
    shop = Shop(env, careful_shop())
    crash("payment")(shop)
    users = shop.admit_users(until=UNTIL)
    env.run(until=UNTIL + 11.0)
    accepted = len(users.table.sample(operation=CHECKOUT))
    assert share(users.table, CHECKOUT, "degraded") == 1.0
    assert shop.orders.acknowledged_count == shop.waiting_orders_count == accepted
    assert shop.orders.applied_count == shop.lost_orders_count == 0
    for instance in shop.system.service("payment").instances:
        instance.restart()
    env.run(until=UNTIL + 200.0)
    assert shop.orders.applied_count == accepted
    assert shop.orders.lost_count == shop.waiting_orders_count == 0


@pytest.mark.slow
@pytest.mark.parametrize("is_durable", [True, False])
def test_crash_of_a_checkout_host_loses_orders_that_wait_in_memory(is_durable: bool) -> None:
    env = Environment(seed=3)
    settings = replace(careful_shop(), pay_later=PayLater.ALWAYS, orders_are_durable=is_durable)
    shop = Shop(env, settings)
    crash("payment")(shop)
    shop.admit_users(until=UNTIL)
    env.run(until=UNTIL)
    host = shop.system.host("checkout in zone-a")
    waiting = int(shop.outboxes[0].statistics().backlog.value)
    assert waiting > 10
    host.crash()
    host.restart()
    for instance in shop.system.service("payment").instances:
        instance.restart()
    env.run(until=UNTIL + 200.0)
    assert shop.lost_orders_count == (0 if is_durable else waiting)


@pytest.mark.slow
def test_payment_that_is_repeated_charges_twice_unless_it_is_idempotent() -> None:
    settings = replace(
        bare_shop(), protections={"payment": Protection(timeout=0.1, attempts=3)}, checkout_share=0.5
    )
    twice, _ = run(settings)
    once, _ = run(replace(settings, payments_are_idempotent=True))
    assert twice.orders.applied_more_than_once_count > 30
    assert once.orders.applied_more_than_once_count == 0
    assert once.orders.distinct_count > 100


@pytest.mark.slow
@pytest.mark.parametrize("is_idempotent", [False, True])
def test_checkout_that_is_repeated_charges_twice_unless_orders_have_keys(is_idempotent: bool) -> None:
    # The bank takes longer than the web host waits for the checkout, and less than the user for both.
    settings = replace(
        bare_shop(),
        bank_time=Constant(1.5),
        checkout_share=0.5,
        protections={"checkout": Protection(timeout=1.0, attempts=3)},
        payments_are_idempotent=is_idempotent,
    )
    shop, table = run(settings)
    orders = shop.orders.statistics()
    assert orders.distinct_count == len(table.sample(operation=CHECKOUT)) > 100
    if is_idempotent:
        assert orders.applied_count == orders.distinct_count
        assert share(table, CHECKOUT, "ok") == 1.0  # the second attempt meets the first one's answer
    else:
        assert orders.applied_more_than_once_count == orders.distinct_count


@pytest.mark.slow
@pytest.mark.parametrize("deadlines", Deadlines)
@pytest.mark.parametrize("pay_later", [PayLater.ON_FAILURE, PayLater.ALWAYS])
def test_order_that_waits_outlives_the_patience_of_its_user(
    pay_later: PayLater, deadlines: Deadlines
) -> None:
    env = Environment(seed=3)
    shop = Shop(env, replace(careful_shop(), pay_later=pay_later, deadlines=deadlines))
    crash("payment")(shop)
    shop.admit_users(until=UNTIL)
    env.run(until=UNTIL + shop.settings.patience + 1.0)
    taken = shop.orders.acknowledged_count
    for instance in shop.system.service("payment").instances:
        instance.restart()
    env.run(until=UNTIL + 300.0)
    assert shop.orders.applied_count == taken > 50
    assert shop.waiting_orders_count == shop.lost_orders_count == 0


@pytest.mark.slow
@pytest.mark.parametrize("pay_later", [PayLater.ON_FAILURE, PayLater.ALWAYS])
def test_orders_wait_while_payment_is_switched_off(pay_later: PayLater) -> None:
    env = Environment(seed=3)
    shop = Shop(env, replace(careful_shop(), pay_later=pay_later))
    switch = shop.features["payment"].switch
    switch.turn_off()
    users = shop.admit_users(until=UNTIL)
    env.run(until=100.0)
    accepted = len(users.table.sample(operation=CHECKOUT))
    assert (shop.orders.acknowledged_count, shop.waiting_orders_count) == (accepted, accepted)
    assert shop.orders.applied_count == 0
    switch.turn_on()
    env.run(until=200.0)
    assert shop.orders.applied_count == accepted


@pytest.mark.slow
def test_where_no_order_can_wait_payment_that_is_switched_off_gives_the_goods_away() -> None:
    shop, table = run(bare_shop(), lambda shop: shop.features["payment"].switch.turn_off())
    assert share(table, CHECKOUT, "degraded") == 1.0
    assert shop.lost_orders_count == shop.orders.acknowledged_count > 20


@pytest.mark.slow
def test_order_counts_as_lost_however_many_others_wait_that_nobody_was_told_of() -> None:
    env = Environment(seed=3)
    settings = replace(careful_shop(), pay_later=PayLater.ALWAYS, orders_are_durable=False)
    shop = Shop(env, settings)
    crash("payment")(shop)
    shop.admit_users(until=UNTIL)
    env.run(until=UNTIL + 1.0)
    told = shop.orders.acknowledged_count
    lost = len(shop.outboxes[0].undelivered)
    shop.system.host("checkout in zone-a").crash()
    for number in range(1000):
        env.process(shop.outboxes[1].call(Request(CHECKOUT, -number)))
    # The same order twice is one order.
    env.process(shop.outboxes[2].call(Request(CHECKOUT, 0)))
    env.run(until=UNTIL + 2.0)
    assert shop.lost_orders_count == lost > 10
    assert shop.waiting_orders_count == told - lost + 1000


@pytest.mark.slow
def test_shared_pool_lets_one_slow_feature_starve_the_others() -> None:
    slow = {"recommendations": ServiceSize(threads=200, work=Constant(30.0))}
    own = {name: Protection(bulkhead=10) for name in ("catalogue", "recommendations", "cart", "checkout")}
    _, shared = run(replace(careful_shop(), sizes=slow, protections={}, shared_pool=40))
    _, apart = run(replace(careful_shop(), sizes=slow, protections=own))
    assert share(shared, CART, "ok") < 0.5
    assert share(apart, CART, "ok") > 0.99


@pytest.mark.slow
def test_deadlines_that_are_honoured_stop_work_for_users_who_have_left() -> None:
    sizes = {"catalogue": ServiceSize(cores=1, threads=1, queue_size_max=1000, work=Constant(0.1))}
    served = {}
    for deadlines in Deadlines:
        shop, _ = run(replace(bare_shop(), sizes=sizes, patience=1.0, deadlines=deadlines))
        hosts = shop.system.service("catalogue").instances
        served[deadlines] = sum(instance.host.statistics().busy_time for instance in hosts)
    assert served[Deadlines.KEPT] > 1.05 * served[Deadlines.HONOURED]
    assert served[Deadlines.HONOURED] == pytest.approx(served[Deadlines.CANCELLING], rel=0.1)


@pytest.mark.slow
def test_deadlines_with_messages_also_stop_work_for_attempts_that_were_given_up() -> None:
    sizes = {"catalogue": ServiceSize(cores=1, threads=1, queue_size_max=1000, work=Constant(0.1))}
    impatient = {"catalogue": Protection(timeout=0.15)}
    served = {}
    for deadlines in (Deadlines.HONOURED, Deadlines.CANCELLING):
        shop, _ = run(replace(bare_shop(), sizes=sizes, protections=impatient, deadlines=deadlines))
        hosts = shop.system.service("catalogue").instances
        served[deadlines] = sum(instance.host.statistics().busy_time for instance in hosts)
    # The user still waits: for the rest of the page, by whose deadline the catalogue works on.
    assert served[Deadlines.HONOURED] > 1.5 * served[Deadlines.CANCELLING]


@pytest.mark.parametrize("feature", ["catalogue", "cart", "recommendations"])
def test_page_does_without_what_is_optional_and_says_what_it_lacks(feature: str) -> None:
    for optional in ((feature,), ()):
        env = Environment(seed=3)
        shop = Shop(env, replace(bare_shop(), optional=optional))
        crash(feature)(shop)
        seen: list[Any] = []
        env.process(_look_at_a_page(shop, seen))
        env.run()
        [end] = seen
        assert end.degraded == (feature,) if optional else isinstance(end, ServerError)


def _look_at_a_page(shop: Shop, seen: list[Any]) -> Generator[Any, Any, None]:
    try:
        seen.append((yield from shop.entrance.call(Request(PAGE))))
    except ServerError as error:
        seen.append(error)


@pytest.mark.slow
def test_front_stands_before_every_instance() -> None:
    limit = {"catalogue": lambda env, instance: Timeout(env, instance, 1e-6)}
    _, table = run(replace(bare_shop(), fronts=limit))
    assert share(table, PAGE, "server_error") == 1.0


def test_bulkheads_have_names() -> None:
    shop = Shop(Environment(seed=1), careful_shop())
    pool = shop.system.part("web in zone-a to recommendations", ConnectionPool)
    assert pool.size == 8
    assert [outbox.name for outbox in shop.outboxes] == [
        f"orders on checkout in {zone}" for zone in shop.settings.zones
    ]


def test_one_zone_is_enough() -> None:
    _, table = run(replace(careful_shop(), zones=("here",)))
    assert table.sample().availability() > 0.99


def _front(env: Environment, instance: Endpoint) -> Endpoint:
    return instance


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"rate": 0.0}, "rate must be finite and > 0 per s, got 0.0"),
        ({"patience": -1.0}, "patience must be finite and > 0 s, got -1.0"),
        ({"cart_share": 0.6, "checkout_share": 0.4}, "together < 1"),
        ({"cart_share": -0.1}, "must be >= 0"),
        ({"zones": ("a", "a")}, "zones must be distinct names"),
        ({"zones": ()}, "at least one"),
        ({"sizes": {"bank": ServiceSize()}}, "sizes must be of web, catalogue"),
        ({"protections": {"web": Protection()}}, "protections must be of catalogue"),
        ({"optional": ("checkout",)}, "optional must be of catalogue"),
        ({"fronts": {"edge": _front}}, "fronts must be of web"),
        ({"shared_pool": 0}, "shared_pool must be >= 1 or None, got 0"),
        ({"orders_are_durable": False}, "orders_are_durable must be True where no order waits"),
    ],
)
def test_settings_that_make_no_shop_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ShopSettings(**wrong)


def answered_late(shop: Shop, table: RequestTable, since: float) -> float:
    return table.sample(since, UNTIL + 20.0, by="start").availability()


@pytest.mark.slow
def test_a_dead_web_host_is_left_alone_once_health_checks_have_found_out() -> None:
    # In turn: two choices would see that the calls to it never end.
    settings = replace(bare_shop(), patience=2.0, policy=RoundRobin())
    checks = replace(haproxy(), interval=0.5, timeout=0.25)
    found_out = 3.5
    shares = {}
    for name, health_checks in (("unchecked", None), ("checked", checks)):
        shop, table = run(
            replace(settings, health_checks=health_checks),
            lambda shop: shop.env.call_later(1.0, shop.system.host("web in zone-b").crash),
        )
        shares[name] = answered_late(shop, table, found_out)
        assert table.sample(1.0, found_out, by="start").availability() < 0.95
    assert shares["unchecked"] < 0.75
    assert shares["checked"] == 1.0


@pytest.mark.slow
def test_an_instance_that_errs_is_ejected_by_those_who_call_it() -> None:
    shop, table = run(
        replace(bare_shop(), outlier_ejection=OutlierSettings()),
        lambda shop: ErrorBurst(shop.system.instance("web-2"), 1.0).inject(),
    )
    ejected = [record.subject for record in shop.env.event_log if record.kind == "ejection"]
    assert ejected == ["edge->web-2"]
    assert answered_late(shop, table, 2.0) == 1.0
    assert table.availability() < 1.0


@pytest.mark.parametrize(("has_second_edge", "share"), [(False, 0.0), (True, 1.0)])
def test_a_second_edge_takes_over_from_the_first(has_second_edge: bool, share: float) -> None:
    shop, table = run(
        replace(bare_shop(), patience=2.0, has_second_edge=has_second_edge),
        lambda shop: shop.env.call_later(1.0, shop.system.host("edge").crash),
    )
    # Three missed advertisements, of which the last was up to one second old, and the skew.
    assert table.sample(1.0, 1.5, by="start").availability() == 0.0
    assert answered_late(shop, table, 4.0) == share


@pytest.mark.slow
def test_instances_that_come_later_on_a_host_that_has_one_are_as_good_as_the_first() -> None:
    def replace_web(shop: Shop) -> None:
        web = shop.system.service("web")
        for instance in web.instances:
            web.add_instance(instance.host)
            web.retire(instance, linger=0.5)

    shop, table = run(careful_shop(), lambda shop: shop.env.call_later(2.0, replace_web, shop))
    assert table.availability() == 1.0
    assert "web in zone-a to cart #2" in shop.system.parts


def test_whoever_calls_a_service_follows_its_routes() -> None:
    shop = Shop(Environment(seed=1), replace(careful_shop(), has_second_edge=True))
    callers = {
        name: {balancer.host.name.partition(" in ")[0] for balancer in routes.balancers if balancer.host}
        for name, routes in shop.routes.items()
    }
    assert callers == {
        "web": {"edge", "second edge"},
        "catalogue": {"web"},
        "recommendations": {"web"},
        "cart": {"web", "checkout"},
        "checkout": {"web"},
        "payment": {"payment front"},
    }
    assert len(shop.routes["cart"].balancers) == 6


def test_a_second_edge_needs_a_second_zone() -> None:
    with pytest.raises(ValueError, match="zones must be at least two for a second edge, got"):
        ShopSettings(zones=("only",), has_second_edge=True)
