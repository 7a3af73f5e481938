"""The storefront: a failing payment reaches those who only browse, unless the web tier protects itself."""

import pytest

from models.faults import DependencyOutage, FaultPlan
from models.observers import breaker_names, breaker_stays
from models.resilience import BreakerState, CountBased, resilience4j
from models.storefront import BROWSE, BUY, Storefront, StorefrontSettings
from simulator import Environment, RequestTable
from simulator.measurement import windowed_level
from simulator.randomness import Constant

FAULT_START, FAULT_END, USERS_UNTIL = 5.0, 15.0, 20.0
BREAKER = resilience4j(window=CountBased(size=10), minimum_calls=5, open_duration=2.0, trial_count=1)


def run(
    mode: str | None = "silent", *, delay: float | None = None, **settings: object
) -> tuple[Storefront, RequestTable]:
    env = Environment(seed=1)
    shop = Storefront(env, StorefrontSettings(**settings))  # type: ignore[arg-type]
    if mode is not None:
        FaultPlan(env).at(FAULT_START, DependencyOutage(shop.payment, mode, delay=delay), end=FAULT_END)
    users = shop.admit_users(until=USERS_UNTIL)
    env.run(until=USERS_UNTIL + shop.settings.patience + 1.0)
    assert users.table.in_flight == 0
    return shop, users.table


def availability(table: RequestTable, operation: str, since: float, until: float) -> float:
    return table.sample(since, until, operation=operation, by="start").availability()


@pytest.mark.slow
def test_healthy_storefront_answers_everybody() -> None:
    _, table = run(mode=None, payment_timeout=None)
    assert table.availability() == 1.0


@pytest.mark.slow
def test_without_timeout_silence_reaches_those_who_only_browse() -> None:
    _, table = run(payment_timeout=None)
    assert availability(table, BROWSE, 0.0, FAULT_START) > 0.95
    assert availability(table, BROWSE, 10.0, FAULT_END) < 0.05


@pytest.mark.slow
def test_without_timeout_browsing_does_not_come_back_when_payment_does() -> None:
    _, table = run(payment_timeout=None)
    assert availability(table, BROWSE, FAULT_END + 1.0, USERS_UNTIL) < 0.05


@pytest.mark.slow
def test_with_a_timeout_browsing_survives_and_buying_does_not() -> None:
    _, table = run(payment_timeout=0.5)
    assert availability(table, BROWSE, FAULT_START, FAULT_END) > 0.99
    assert availability(table, BUY, FAULT_START, FAULT_END) < 0.05


@pytest.mark.slow
def test_threads_held_by_silence_follow_littles_law() -> None:
    shop, _ = run(payment_timeout=1.0)
    since, until = FAULT_START + 1.0, FAULT_END
    held = windowed_level(shop.threads_on_payment.history, width=until - since, since=since, until=until)
    rate = len(shop.payment_calls.sample(since, until)) / (until - since)
    assert held.values[0] == pytest.approx(rate * 1.0, rel=0.1)
    assert shop.threads_on_payment.maximum < shop.settings.thread_count


@pytest.mark.slow
def test_breaker_saves_calls_and_threads() -> None:
    without, _ = run(payment_timeout=2.0)
    with_breaker, _ = run(payment_timeout=2.0, payment_breaker=BREAKER)
    made = len(without.payment_calls.sample(FAULT_START, FAULT_END, by="start"))
    stopped = with_breaker.payment_calls.sample(FAULT_START, FAULT_END, outcome="breaker_open", by="start")
    assert len(stopped) > 0.5 * made
    assert with_breaker.threads_on_payment.mean() < 0.7 * without.threads_on_payment.mean()


@pytest.mark.slow
def test_each_web_host_has_a_breaker_that_opens_in_the_fault_and_closes_afterwards() -> None:
    shop, _ = run(payment_timeout=0.5, payment_breaker=BREAKER)
    log = shop.env.event_log
    assert breaker_names(log, USERS_UNTIL) == sorted(breaker.name for breaker in shop.breakers)
    assert len(shop.breakers) == 3
    for breaker in shop.breakers:
        stays = breaker_stays(log, breaker.name, USERS_UNTIL)
        first = next(stay for stay in stays if stay.state is BreakerState.OPEN)
        assert FAULT_START < first.start < FAULT_END
        assert stays[-1].state is BreakerState.CLOSED
        assert stays[-1].start > FAULT_END
        assert [stay.end for stay in stays[:-1]] == [stay.start for stay in stays[1:]]


@pytest.mark.slow
def test_slow_payment_works_for_callers_that_have_gone() -> None:
    shop, _ = run("slow", payment_timeout=0.5)
    statistics = [connection.statistics() for connection in shop.payment_connections]
    assert sum(one.wasted_count for one in statistics) > 50
    assert sum(one.wasted_time for one in statistics) > 100.0


@pytest.mark.slow
def test_time_at_payment_is_that_of_the_bank_and_what_a_fault_adds() -> None:
    shop, _ = run("slow", delay=3.0, payment_time=Constant(0.25), payment_timeout=None)
    healthy = shop.payment_work.sample(0.0, FAULT_START, by="start").latency
    slow = shop.payment_work.sample(FAULT_START, FAULT_END, by="start").latency
    assert len(healthy) > 50
    assert len(slow) > 10
    assert healthy == pytest.approx(0.25)
    assert slow == pytest.approx(3.25)


@pytest.mark.slow
def test_where_every_caller_has_gone_all_the_time_at_payment_is_wasted() -> None:
    shop, _ = run("slow", delay=3.0, payment_time=Constant(0.25), payment_timeout=0.1)
    statistics = [connection.statistics() for connection in shop.payment_connections]
    assert sum(one.wasted_count for one in statistics) == len(shop.payment_work) > 100
    assert sum(one.wasted_time for one in statistics) == pytest.approx(shop.payment_work.latencies().sum())


@pytest.mark.slow
def test_silent_calls_stay_at_payment_for_ever() -> None:
    shop, _ = run(payment_timeout=0.5)
    taken = sum(instance.statistics().in_service_count for instance in shop.payment.instances)
    assert shop.payment_work.in_flight == taken > 50


@pytest.mark.slow
def test_refusals_are_fast_and_never_reach_payment() -> None:
    shop, table = run("refused", payment_time=Constant(0.5), payment_timeout=None)
    assert availability(table, BROWSE, FAULT_START, FAULT_END) > 0.99
    assert availability(table, BUY, FAULT_START, FAULT_END - 1.0) == 0.0
    assert availability(table, BUY, FAULT_END, USERS_UNTIL) > 0.95
    counts = shop.payment_calls.counts()
    assert counts["refused"] > 100
    assert len(shop.payment_work) == len(shop.payment_calls) - counts["refused"]
    # Those that the crash cut short: payment never finished them, and their callers do not know.
    assert shop.payment_work.counts()["cancelled"] == counts["unknown"] > 0


@pytest.mark.slow
def test_errors_are_fast_and_cost_no_threads() -> None:
    shop, table = run("errors", payment_timeout=None)
    assert availability(table, BROWSE, FAULT_START, FAULT_END) > 0.99
    # Who sets out just before the end of the fault arrives after it.
    assert availability(table, BUY, FAULT_START, FAULT_END - 1.0) == 0.0
    assert shop.payment_calls.counts()["server_error"] > 100


@pytest.mark.slow
def test_retries_multiply_the_calls_to_a_failing_payment() -> None:
    once, _ = run("errors", payment_timeout=0.5)
    thrice, _ = run("errors", payment_timeout=0.5, payment_attempts=3)
    errors = [shop.payment_work.counts()["server_error"] for shop in (once, thrice)]
    assert errors[1] == pytest.approx(3 * errors[0], rel=0.1)


@pytest.mark.slow
def test_fault_is_in_the_event_log() -> None:
    shop, _ = run()
    records = shop.env.event_log.of_kind("fault.start", "fault.end")
    assert [(record.time, record.kind, record.subject) for record in records] == [
        (FAULT_START, "fault.start", "payment"),
        (FAULT_END, "fault.end", "payment"),
    ]


@pytest.mark.slow
def test_same_seed_same_trace_digest() -> None:
    def digest() -> str:
        env = Environment(seed=4, trace=True)
        shop = Storefront(env, StorefrontSettings(payment_breaker=BREAKER))
        FaultPlan(env).at(1.0, DependencyOutage(shop.payment, "slow"), end=3.0)
        shop.admit_users(until=4.0)
        env.run(until=6.0)
        return env.trace_digest()

    assert digest() == digest()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rate": 0.0}, "rate must be finite and > 0 per s, got 0.0"),
        ({"buy_share": 1.0}, "buy_share must be >= 0 and < 1, got 1.0"),
        ({"patience": -1.0}, "patience must be finite and > 0 s, got -1.0"),
        ({"zones": ()}, "zones must be distinct names, at least one, got ()"),
        ({"payment_timeout": 0.0}, "payment_timeout must be > 0 s or None, got 0.0"),
    ],
)
def test_settings_say_what_is_wrong(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match="must be") as raised:
        StorefrontSettings(**settings)  # type: ignore[arg-type]
    assert str(raised.value) == message
