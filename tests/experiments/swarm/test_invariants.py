"""The invariants can be asked of any system; each says what is broken, of which part, and when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from experiments.swarm import BOOKS, BrokenInvariant, check_empty, check_passed_on, check_system
from experiments.swarm.bookkeeping import Rule, books_of, sums
from experiments.swarm.invariants import check_log, reachable
from models import Endpoint, Host, Network, Request
from models.balancing import Balancer
from models.resilience import CircuitBreaker, Retry, Timeout, consecutive_failures
from models.services import Instance, Work
from models.workload import Client
from simulator import Environment, Permits, RequestTable


class Shop:
    """A system of somebody's own."""

    def __init__(self) -> None:
        self.env = env = Environment(seed=1)
        self.web, self.server = self.hosts = [Host(env, "web"), Host(env, "server")]
        self.instance = Instance(env, self.server, Work(0.1), threads=1, name="shop-1")
        self.connection = Network(env, latencies=0.01).connect(self.web, self.instance)
        self.balancer = Balancer(env, [self.connection])
        self.timeout = Timeout(env, self.balancer, 0.5, name="patience")
        self.client = Client(env, self.timeout)
        for number in range(3):
            env.call_later(1.0 + number / 10, self.client.issue, Request())

    def check(self) -> None:
        check_system(self.env, clients=[self.client], hosts=self.hosts)

    def check_empty(self) -> None:
        check_empty(self.env, clients=[self.client], hosts=self.hosts)


def test_a_system_of_ones_own_is_found_by_its_clients() -> None:
    shop = Shop()
    assert reachable([shop.timeout]) == [shop.timeout, shop.balancer, shop.connection, shop.instance]
    for time in (0.5, 1.05, 1.15, 3.0):
        shop.env.run(until=time)
        shop.check()
    shop.check_empty()


def test_a_watched_run_is_the_same_as_one_that_is_not() -> None:
    watched, alone = Shop(), Shop()
    for number in range(1, 300):
        watched.env.run(until=number / 100)
        watched.check()
    alone.env.run(until=2.99)
    assert watched.client.table.columns()["end"].tolist() == alone.client.table.columns()["end"].tolist()


@pytest.mark.parametrize(
    ("harm", "entity", "rule"),
    [
        (lambda shop: shop.harm(shop.timeout, "_expired_count", 9), "Timeout 'patience'", "expired_count <="),
        (lambda shop: shop.harm(shop.timeout, "_call_count", -1), "Timeout 'patience'", "call_count >= 0"),
        (lambda shop: shop.harm(shop.connection, "_late_count", 9), "Connection", "late_count <= call_count"),
        (lambda shop: shop.harm(shop.client.table, "issued", 0), "Client 'client'", "issued <= those of its"),
        (lambda shop: shop.harm(shop.client, "_ended", 2), "Client 'client'", "0 <= in flight <= issued"),
        (lambda shop: shop.harm(shop.instance, "_failed_count", 9), "'shop-1'", "completed_count >= 0"),
        (lambda shop: shop.harm(shop.web, "is_up", False), "Host 'web'", None),
        (lambda shop: shop.harm(shop.server, "is_up", False), "'shop-1'", "that is down has no calls"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_broken_is_named_with_its_time(
    harm: Callable[[Any], None], entity: str, rule: str | None
) -> None:
    class Harmed(Shop):
        def harm(self, part: Any, name: str, value: Any) -> None:
            setattr(part, name, value)

    shop = Harmed()
    shop.env.run(until=1.05)
    harm(shop)
    if rule is None:  # nothing runs on it: it may as well be down
        shop.check()
        return
    with pytest.raises(BrokenInvariant) as caught:
        shop.check()
    broken = caught.value
    assert isinstance(broken, AssertionError)
    assert broken.time == 1.05
    assert entity in broken.entity or entity in broken.kind
    assert rule in broken.rule or rule in str(broken)
    assert str(broken).startswith("at 1.05 s, ")


def test_what_is_left_at_the_end_is_named() -> None:
    shop = Shop()
    shop.env.run(until=1.05)
    with pytest.raises(BrokenInvariant, match="no process is left") as caught:
        shop.check_empty()
    assert "client" in caught.value.entity
    shop.env.run()
    shop.check_empty()
    shop.instance._threads.free -= 1
    with pytest.raises(BrokenInvariant, match="Instance 'shop-1': in_service_count = waiting_count = 0"):
        shop.check_empty()


def test_a_call_that_gets_lost_between_two_wrappers_is_found() -> None:
    shop = Shop()
    parts = [shop.client, *reachable([shop.timeout])]
    shop.env.run()
    check_passed_on(parts, shop.env.now)
    shop.timeout._call_count += 1
    with pytest.raises(BrokenInvariant, match=r"receives what is passed on .* 3 by Client 'client', 4 rec"):
        check_passed_on(parts, shop.env.now)


def test_calls_of_callers_that_do_not_count_are_left_out() -> None:
    class Silent(Timeout):
        """Passes on what nobody knows."""

    shop = Shop()
    uncounted = Silent(shop.env, shop.balancer, 1.0)
    BOOKS[Silent] = books_of(object())
    try:
        check_passed_on([shop.client, shop.timeout, uncounted, shop.balancer], 0.0)
        shop.balancer._refused_count = 5
        check_passed_on([shop.client, shop.timeout, uncounted, shop.balancer], 0.0)
    finally:
        del BOOKS[Silent]
    with pytest.raises(BrokenInvariant):
        check_passed_on([shop.client, shop.timeout, shop.balancer], 0.0)


def test_a_table_that_was_tampered_with_is_found() -> None:
    shop = Shop()
    shop.env.run(until=1.05)
    shop.client.table.issued += 1
    shop.client.table.record(1.0, 9.0, 0)
    with pytest.raises(BrokenInvariant, match="no request has ended in the future"):
        shop.check()
    table = RequestTable(["ok"])
    table.issued = 2
    table.record(2.0, 1.0, 0)
    with pytest.raises(BrokenInvariant, match="none ends before it begins"):
        check_system(shop.env, parts=[table])
    table = RequestTable(["ok"])
    table.issued = 2
    table.record(0.0, 2.0, 0)
    table.record(0.0, 1.0, 0)
    with pytest.raises(BrokenInvariant, match="recorded in the order of time"):
        check_system(shop.env, parts=[table])


def test_steps_that_a_breaker_cannot_make_are_found() -> None:
    env = Environment()
    env.log("breaker.open", "b")
    env.log("breaker.half_open", "b")
    env.log("breaker.open", "another")
    check_log(env)
    env.log("breaker.half_open", "b")
    with pytest.raises(BrokenInvariant, match="a breaker does not go from half_open to half_open"):
        check_log(env)
    check_log(env, moved_by_hand={"b"})


def test_what_is_done_by_hand_is_no_step_that_a_breaker_cannot_make() -> None:
    env = Environment()
    for state in ("disabled", "closed", "forced_open", "half_open"):
        env.log(f"breaker.{state}", "b")
    check_log(env)


def test_a_log_that_knows_the_future_is_found() -> None:
    env = Environment()
    env.event_log.append(5.0, "fault.start", "web", {})
    with pytest.raises(BrokenInvariant, match="the event log is in order of time, up to now"):
        check_log(env)


def test_a_class_of_ones_own_is_checked_by_its_own_entry_or_that_of_a_base() -> None:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class TollStatistics:
        call_count: int
        paid_count: int
        free_count: int

    class Toll:
        name = "toll"

        def statistics(self) -> TollStatistics:
            return TollStatistics(call_count=3, paid_count=1, free_count=1)

    class DearToll(Toll):
        pass

    env = Environment()
    check_system(env, parts=[DearToll()])
    BOOKS[Toll] = type(BOOKS[Timeout])(always=(sums("call_count", "paid_count", "free_count"),))
    try:
        with pytest.raises(BrokenInvariant, match="DearToll 'toll': call_count = paid_count") as caught:
            check_system(env, parts=[DearToll()])
    finally:
        del BOOKS[Toll]
    assert caught.value.kind == "DearToll: call_count = paid_count + free_count"


def test_a_derived_wrapper_has_the_books_of_its_base() -> None:
    class Stubborn(Retry):
        pass

    assert books_of(object.__new__(Stubborn)) is BOOKS[Retry]


def test_every_rule_of_the_table_says_something_of_its_own() -> None:
    for kind, books in BOOKS.items():
        texts = [rule.text for rule in (*books.always, *books.idle)]
        assert all(texts), kind
        assert len(set(texts)) == len(texts), kind
        assert all(isinstance(rule, Rule) for rule in (*books.always, *books.idle))


def test_permits_that_are_free_while_somebody_waits_are_found() -> None:
    env = Environment()
    permits = Permits(env, 1)
    permits.waiting[env.process(iter_once())] = None
    with pytest.raises(BrokenInvariant, match="no permit is free while somebody waits"):
        check_system(env, parts=[permits])


def iter_once() -> Any:
    yield 1.0


def test_a_trial_that_is_lost_is_found_at_the_end() -> None:
    env = Environment()
    inner: Endpoint = Shop().timeout
    breaker = CircuitBreaker(env, inner, consecutive_failures(1, open_duration=1.0))
    breaker._open()
    env.run(until=2.0)
    breaker._half_open()
    breaker._free_trials = 0
    with pytest.raises(BrokenInvariant, match="no trial is lost"):
        check_empty(env, parts=[breaker])
