"""Outbox: what a crash delays, and what it loses because it was in the memory of what crashed."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import pytest

from models.endpoint import Endpoint, FunctionEndpoint
from models.failures import Refused, ServerError
from models.infrastructure import Host
from models.network import Network
from models.request import Request
from models.resilience import Outbox
from models.services import Dependency, Instance
from simulator import Environment
from tests.models.resilience.outboxes import ONE_SECOND, conserves, on_a_host, send_at
from tests.models.resilience.scripted import Scripted, call_at


def crash_host(outbox: Outbox) -> None:
    assert outbox.host is not None
    outbox.host.crash()


def shut_host_down(outbox: Outbox) -> None:
    assert outbox.host is not None
    outbox.host.crash(resets=True)


def crash_process(outbox: Outbox) -> None:
    assert outbox.host is not None
    outbox.host.crash_process(outbox)


def restart(outbox: Outbox) -> None:
    assert outbox.host is not None
    if outbox.host.is_up:
        outbox.host.restart_process(outbox)
    else:
        outbox.host.restart()


CRASHES = pytest.mark.parametrize("crash", [crash_host, shut_host_down, crash_process])


@pytest.mark.parametrize("crash_at", [0.5, 1.25], ids=["in delivery", "in the backoff"])
def test_a_crash_of_the_workers_host_delays_delivery_but_loses_nothing(crash_at: float) -> None:
    env = Environment()
    target = Scripted(env, (1.0, ServerError), (1.0, None))
    host, outbox = on_a_host(target, env)
    call_at(env, outbox, 0.0, 0.0)
    env.call_later(crash_at, host.crash)
    env.run(until=5.0)
    assert outbox.statistics().delivered_count == 0
    assert target.under_way == 0
    assert conserves(outbox)
    host.restart()
    env.run()
    assert outbox.statistics().delivered_count == 2
    assert target.call_times[1] == 5.0
    assert conserves(outbox)


@pytest.mark.parametrize("how", ["crash", "stop"])
def test_what_several_workers_had_in_delivery_is_delivered_again_in_the_order_of_acceptance(how: str) -> None:
    env = Environment()
    begun: list[Any] = []

    def deliver(request: Request) -> Generator[Any, Any, None]:
        begun.append(request.key)
        yield 1.0

    host, outbox = on_a_host(FunctionEndpoint(deliver), env, workers=3)
    send_at(env, outbox, *[0.0] * 5)
    env.run(until=0.5)
    if how == "crash":
        host.crash()
        host.restart()
    else:
        outbox.stop_workers()
        env.run(until=0.75)
        outbox.start_workers()
    env.run()
    assert begun == [0, 1, 2, 0, 1, 2, 3, 4]


def test_a_crash_of_idle_workers_is_survived() -> None:
    env = Environment()
    host, outbox = on_a_host(Scripted(env), env, workers=2)
    env.call_later(1.0, host.crash)
    env.call_later(2.0, host.restart)
    call_at(env, outbox, 3.0)
    env.run()
    assert outbox.statistics().delivered_count == 1


@pytest.mark.parametrize("settings", [{}, {"is_durable": False}], ids=["durable", "in memory"])
def test_a_worker_killed_as_it_is_woken_leaves_its_entry_to_another(settings: dict[str, Any]) -> None:
    env = Environment()
    _, outbox = on_a_host(Scripted(env), env, workers=2, **settings)
    env.run(until=1.0)
    call_at(env, outbox, 1.0)
    env.call_later(0.0, outbox._running[0].kill)
    env.run()
    assert outbox.statistics().delivered_count == 1


def test_a_worker_killed_in_its_delivery_leaves_its_entry_in_memory_to_another() -> None:
    env = Environment()
    target = Scripted(env, (1.0, None))
    _, outbox = on_a_host(target, env, workers=2, is_durable=False)
    call_at(env, outbox, 0.0)
    env.call_later(0.5, outbox._running[0].kill)
    env.run()
    assert (target.call_times, outbox.statistics().lost_count) == ([0.0, 0.5], 0)
    assert outbox.statistics().delivered_count == 1


@CRASHES
@pytest.mark.parametrize("in_order", [True, False], ids=["in order", "out of order"])
def test_a_crash_loses_what_is_in_memory_whatever_its_state(
    crash: Callable[[Outbox], None], in_order: bool
) -> None:
    env = Environment()
    target = Scripted(env, (1.0, None), (1.0, ServerError), (1.0, None))
    _, outbox = on_a_host(target, env, is_durable=False, in_order=in_order)
    send_at(env, outbox, 0.0, 0.0, 0.25, 2.5)
    env.call_later(2.75, crash, outbox)
    env.run(until=4.0)
    # The first is delivered; the second waits for its next attempt, from 2 on; the others are queued behind
    # it, or else one of them is in delivery.
    assert {(lost.request.key, lost.attempt_count) for lost in outbox.lost} == {
        (1, 1),
        (2, 0 if in_order else 1),
        (3, 0),
    }
    assert {lost.lost_at for lost in outbox.lost} == {2.75}
    assert {lost.request.key: lost.accepted_at for lost in outbox.lost} == {1: 0.0, 2: 0.25, 3: 2.5}
    statistics = outbox.statistics()
    assert (statistics.delivered_count, statistics.lost_count, statistics.backlog.value) == (1, 3, 0)
    assert conserves(outbox)
    attempt_count = statistics.attempt_count
    restart(outbox)
    env.run(until=10.0)
    assert outbox.statistics().attempt_count == attempt_count, "what was lost is not tried again"
    send_at(env, outbox, 0.0)
    env.run()
    assert target.call_times[-1] == 10.0
    assert outbox.statistics().delivered_count == 2
    assert conserves(outbox)


@CRASHES
@pytest.mark.parametrize("in_order", [True, False], ids=["in order", "out of order"])
def test_a_crash_loses_nothing_that_is_durable(crash: Callable[[Outbox], None], in_order: bool) -> None:
    env = Environment()
    target = Scripted(env, (1.0, ServerError), (1.0, None))
    _, outbox = on_a_host(target, env, in_order=in_order, workers=2)
    send_at(env, outbox, 0.0, 0.25, 0.25)
    env.call_later(1.125, crash, outbox)
    env.run(until=5.0)
    assert (outbox.statistics().backlog.value, outbox.lost, target.under_way) == (3, [], 0)
    assert conserves(outbox)
    restart(outbox)
    env.run()
    assert outbox.statistics().delivered_count == 3
    assert target.call_times[:2] == [0.0, 0.25]
    assert min(target.call_times[-3:]) == 5.0
    assert conserves(outbox)


@CRASHES
def test_what_is_in_memory_is_lost_too_while_no_worker_runs(crash: Callable[[Outbox], None]) -> None:
    env = Environment()
    _, outbox = on_a_host(Scripted(env), env, is_durable=False)
    outbox.stop_workers()
    send_at(env, outbox, 0.0)
    env.call_later(1.0, crash, outbox)
    env.call_later(2.0, restart, outbox)
    env.run()
    assert (outbox.statistics().lost_count, outbox.statistics().delivered_count) == (1, 0)
    assert conserves(outbox)


def test_an_outbox_that_is_struck_before_its_workers_began_loses_what_it_had_accepted() -> None:
    env = Environment()
    host, outbox = on_a_host(Scripted(env), env, is_durable=False)
    next(outbox.call(Request()), None)
    host.crash()
    host.restart()
    env.run()
    assert (outbox.statistics().lost_count, outbox.statistics().attempt_count) == (1, 0)


def test_a_delivery_that_crashes_the_outboxs_own_host_loses_it_too() -> None:
    env = Environment()
    host = Host(env, "worker host")

    def handle(request: Request) -> Generator[Any, Any, None]:
        host.crash()
        yield 1.0

    outbox = Outbox(env, FunctionEndpoint(handle), host=host, is_durable=False, backoff=ONE_SECOND)
    send_at(env, outbox, 0.0, 0.0)
    env.run()
    assert [lost.attempt_count for lost in outbox.lost] == [1, 0]
    assert conserves(outbox)


@CRASHES
def test_while_it_is_down_it_accepts_nothing_and_it_starts_again_by_itself(
    crash: Callable[[Outbox], None],
) -> None:
    env = Environment()
    _, outbox = on_a_host(Scripted(env), env)
    seen = call_at(env, outbox, 0.0, 1.5, 3.0)
    env.call_later(1.0, crash, outbox)
    env.call_later(2.0, restart, outbox)
    env.run()
    assert seen == [(0.0, "accepted"), (1.5, Refused), (3.0, "accepted")]
    statistics = outbox.statistics()
    assert (statistics.accepted_count, statistics.rejected_count, statistics.delivered_count) == (2, 0, 2)


def test_over_the_network_a_process_that_is_down_refuses_and_a_host_that_is_down_says_nothing() -> None:
    env = Environment()
    host, outbox = on_a_host(Scripted(env), env)
    connection = Network(env, latencies=0.25).connect(Host(env, "web"), outbox)
    seen = call_at(env, connection, 0.0, 1.0, 3.0)
    env.call_later(0.5, host.crash_process, outbox)
    env.call_later(2.0, host.crash)
    env.run(until=10.0)
    assert seen == [(0.5, "accepted"), (1.5, Refused), (None, None)]
    seen[2].process.cancel()
    env.run()


def test_an_outbox_made_on_a_host_that_is_down_works_once_that_is_up() -> None:
    env = Environment()
    host = Host(env, "worker host")
    host.crash()
    outbox = Outbox(env, Scripted(env), host=host, backoff=ONE_SECOND)
    env.call_later(1.0, host.restart)
    call_at(env, outbox, 2.0)
    env.run()
    assert outbox.statistics().delivered_count == 1


def in_an_instance(env: Environment, target: Endpoint) -> tuple[Instance, Outbox]:
    host, outbox = on_a_host(target, env, is_durable=False)
    shop = Instance(env, host, Dependency(outbox), name="shop")
    outbox.live_in(shop)
    return shop, outbox


def test_a_queue_in_the_memory_of_an_instance_is_lost_with_its_process() -> None:
    env = Environment()
    target = Scripted(env, (1.0, None))
    shop, outbox = in_an_instance(env, target)
    assert outbox.serving is shop
    seen = call_at(env, shop, 0.0, 0.0, 3.0)
    env.call_later(0.5, shop.crash)
    env.call_later(2.0, shop.restart)
    env.run(until=2.5)
    assert [(lost.lost_at, lost.attempt_count) for lost in outbox.lost] == [(0.5, 1), (0.5, 0)]
    env.run()
    assert [each.outcome for each in seen] == ["accepted"] * 3
    assert (target.call_times, outbox.statistics().delivered_count) == ([0.0, 3.0], 1)
    assert conserves(outbox)


def test_a_queue_in_the_memory_of_an_instance_is_lost_with_its_host_and_waits_for_the_process() -> None:
    env = Environment()
    shop, outbox = in_an_instance(env, Scripted(env, (1.0, None)))
    seen = call_at(env, shop, 0.0, 4.0)
    direct = call_at(env, outbox, 2.5)
    env.call_later(0.5, shop.host.crash)
    env.call_later(1.0, shop.host.hold_process_down, shop, "a fault")
    env.call_later(2.0, shop.host.restart)
    env.call_later(3.0, shop.host.let_process_up, shop, "a fault")
    env.run()
    assert direct == [(2.5, Refused)]
    assert [each.outcome for each in seen] == ["accepted", "accepted"]
    assert (outbox.statistics().lost_count, outbox.statistics().delivered_count) == (1, 1)
    assert len([worker for worker in outbox._running if worker.is_alive]) == 1


def test_living_in_a_process_elsewhere_or_in_one_that_is_down_is_misuse() -> None:
    env = Environment()
    host, outbox = on_a_host(Scripted(env), env)
    with pytest.raises(ValueError, match=r"endpoint must be on the host of Outbox\('outbox'\), .* got Host"):
        outbox.live_in(Instance(env, Host(env, "other"), Dependency(outbox)))
    shop = Instance(env, host, Dependency(outbox), name="shop")
    with pytest.raises(ValueError, match=r"endpoint must be on the host of .* None, got Host"):
        Outbox(env, Scripted(env), backoff=ONE_SECOND).live_in(shop)
    shop.crash()
    with pytest.raises(ValueError, match=r"endpoint must be up .*, got Instance\('shop'\)"):
        outbox.live_in(shop)
