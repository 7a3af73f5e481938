"""The log of effects: what was applied, how often, and who was told."""

from __future__ import annotations

from collections.abc import Hashable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.failures import ServerError
from models.infrastructure import Host
from models.network import Network
from models.request import Request
from models.resilience import ConstantBackoff, Outbox, Timeout
from models.resilience.idempotency import Acknowledged, Effect, EffectLog
from models.services import Instance, Pause, in_sequence
from simulator import Environment
from simulator.randomness import Constant
from tests.models.resilience.idempotency.ordering import ERROR, Bank, order, send
from tests.models.resilience.scripted import Scripted


def adds_up(log: EffectLog) -> bool:
    now = log.statistics()
    return now.acknowledged_count + now.unacknowledged_count == now.distinct_count + now.lost_count


def test_effects_are_counted_by_order() -> None:
    log = EffectLog()
    for number in ("a", "b", "a", "c", "a", "b"):
        log.apply(number)
    assert (log.applied_count, log.distinct_count, log.applied_more_than_once_count) == (6, 3, 2)
    assert [log.applications(number) for number in "abcd"] == [3, 2, 1, 0]
    assert (log.acknowledged_count, log.lost_count, log.unacknowledged_count) == (0, 0, 3)
    assert adds_up(log)


def test_what_was_acknowledged_and_never_applied_is_lost_until_it_is_applied() -> None:
    log = EffectLog()
    for number in ("a", "b", "a"):
        log.acknowledge(number)
    log.apply("c")
    assert (log.acknowledged_count, log.lost_count, log.unacknowledged_count) == (2, 2, 1)
    assert log.lost() == ["a", "b"]
    log.apply("b")
    log.apply("b")
    assert (log.lost_count, log.lost(), log.applied_more_than_once_count) == (1, ["a"], 1)
    assert adds_up(log)


@pytest.mark.slow
@settings(max_examples=200)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4))))
def test_counts_are_those_of_the_sets(history: list[tuple[bool, Hashable]]) -> None:
    log = EffectLog()
    for is_effect, number in history:
        (log.apply if is_effect else log.acknowledge)(number)
    applied = [number for is_effect, number in history if is_effect]
    told = {number for is_effect, number in history if not is_effect}
    now = log.statistics()
    assert now.applied_count == len(applied)
    assert now.distinct_count == len(set(applied))
    assert now.applied_more_than_once_count == sum(applied.count(number) > 1 for number in set(applied))
    assert now.acknowledged_count == len(told)
    assert now.lost_count == len(log.lost()) == len(told - set(applied))
    assert now.unacknowledged_count == len(set(applied) - told)
    assert adds_up(log)


def test_an_effect_takes_place_at_its_instant_among_the_steps_and_takes_no_time() -> None:
    bank = Bank(before=1.0, after=1.0)
    seen = send(bank.env, bank.instance, 0.0, order(None))
    bank.env.run(until=1.0)
    assert bank.orders.applied_count == 0
    bank.env.run(until=1.25)
    assert bank.orders.applied_count == 1
    bank.env.run()
    assert seen.at == 2.0


@pytest.mark.parametrize(("time", "applied_count"), [(0.5, 0), (1.5, 1)])
def test_a_crash_takes_back_no_effect_and_prevents_one_that_has_not_taken_place(
    time: float, applied_count: int
) -> None:
    bank = Bank(before=1.0, after=1.0)
    send(bank.env, bank.connection(), 0.0, order(None))
    bank.env.call_later(time, bank.instance.crash)
    bank.env.run()
    assert bank.orders.applied_count == applied_count


def test_instances_may_share_a_log() -> None:
    env, orders = Environment(), EffectLog()
    for name in ("a", "b"):
        send(env, Instance(env, Host(env, name), Effect(orders), name=name), 0.0, order(None, 7))
    env.run()
    assert orders.applications(7) == 2


def test_an_answer_is_an_acknowledgement_and_a_failure_is_none() -> None:
    bank = Bank(failures=(ERROR, None))
    client = Acknowledged(bank.connection(), bank.orders)
    seen = [send(bank.env, client, time, order(None, number)) for time, number in ((0.0, "a"), (2.0, "b"))]
    bank.env.run()
    assert [each.outcome for each in seen] == [ServerError, "answer of 3.125"]
    assert bank.orders.acknowledged_count == 1
    assert (bank.orders.unacknowledged_count, bank.orders.lost_count) == (1, 0)
    assert adds_up(bank.orders)


def test_a_caller_who_gives_up_is_told_nothing_though_it_takes_effect() -> None:
    bank = Bank()
    send(bank.env, Acknowledged(Timeout(bank.env, bank.connection(), 0.5), bank.orders), 0.0)
    bank.env.run()
    assert (bank.orders.distinct_count, bank.orders.unacknowledged_count) == (1, 1)


def test_orders_that_an_outbox_had_accepted_and_lost_are_lost_orders() -> None:
    env, orders = Environment(), EffectLog()
    web = Host(env, "web")
    bank = Instance(env, Host(env, "bank"), in_sequence(Pause(Constant(1.0)), Effect(orders)))
    link = Network(env, latencies=0.125).connect(web, bank)
    outbox = Outbox(env, link, host=web, is_durable=False, backoff=ConstantBackoff(delay=1.0))
    for number in range(3):
        send(env, Acknowledged(outbox, orders), 0.0, order(None, number))
    # The second is under way: the outbox counts it as lost, and it arrives all the same.
    env.call_later(1.5, web.crash)
    env.call_later(2.0, web.restart)
    env.run()
    assert [lost.request.key for lost in outbox.lost] == [1, 2]
    assert orders.lost() == [2]
    assert (orders.acknowledged_count, orders.distinct_count) == (3, 2)


@pytest.mark.parametrize("kind", ["effect", "acknowledged"])
def test_a_request_that_is_no_order_stops_the_run(kind: str) -> None:
    env, orders = Environment(), EffectLog()
    target = (
        Instance(env, Host(env, "bank"), Effect(orders), name="bank")
        if kind == "effect"
        else Acknowledged(Scripted(env), orders, name="bank")
    )
    send(env, target, 0.0, Request())
    message = "key of a request must say which order it is, for 'bank', got None"
    with pytest.raises(ValueError, match=message):
        env.run()


def test_a_log_that_is_none_is_named() -> None:
    with pytest.raises(TypeError, match="log must be an EffectLog, got None"):
        Effect(None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="log must be an EffectLog, got 'log'"):
        Acknowledged(Scripted(Environment()), "log")  # type: ignore[arg-type]
