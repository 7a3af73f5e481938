"""How often a retried write takes effect where replies are lost: exactly what a geometric law says.

Each attempt takes effect; its reply is lost with probability p, independently; the client tries up to r + 1
times. So an order is tried, and without a key applied, (1 - p^(r+1)) / (1 - p) times on average; more than
once with probability p (if r > 0); and with probability p^(r+1) it is applied and never acknowledged.

Those that are acknowledged are so at the k-th attempt with probability (1 - p) p^(k-1) / (1 - p^(r+1)), and
were applied k times: 1 / (1 - p) - (r + 1) p^(r+1) / (1 - p^(r+1)) on average. With a key all are applied
once.

Source: elementary. The same replies are lost with a key and without, as the seed is the same.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from math import sqrt
from typing import Any

import pytest

from models import CallFailed, Endpoint, Host, Network, Request
from models.resilience import ConstantBackoff, Retry, Timeout
from models.resilience.idempotency import (
    Acknowledged,
    Effect,
    EffectLog,
    IdempotencyStore,
    WithIdempotencyKey,
)
from models.services import Instance
from simulator import Environment

ORDERS_COUNT = 2_000
# Of the standard normal law: 4 claims at each of 4 points all hold in more than 99 of 100 such experiments.
QUANTILE = 3.6


@dataclass(frozen=True, slots=True)
class Run:
    orders: EffectLog
    attempts_count: int
    applications: list[int]
    """Of each order."""
    is_acknowledged: list[bool]


def run(p: float, retries_count: int, *, has_key: bool) -> Run:
    """Send the orders one after the other, over datagrams of which those on the way back are lost."""
    env = Environment(seed=11)
    web, server = Host(env, "web"), Host(env, "server")
    network = Network(env, latencies=0.01)
    network.override(server, web, loss_probability=p, one_way=True)
    orders = EffectLog()
    store = IdempotencyStore(env, Instance(env, server, Effect(orders)))
    link = Timeout(env, network.connect(web, store, transport="datagram"), 0.1)
    retry = Retry(env, link, retries_count + 1, backoff=ConstantBackoff(delay=0.05))
    client: Endpoint = Acknowledged(WithIdempotencyKey(env, retry) if has_key else retry, orders)
    is_acknowledged: list[bool] = []

    def users() -> Generator[Any, Any, None]:
        for number in range(ORDERS_COUNT):
            try:
                yield from client.call(Request("pay", number))
            except CallFailed:
                is_acknowledged.append(False)
            else:
                is_acknowledged.append(True)

    env.process(users())
    env.run()
    applications = [orders.applications(number) for number in range(ORDERS_COUNT)]
    return Run(orders, retry.statistics().attempt_count, applications, is_acknowledged)


def assert_mean(values: list[float], wanted: float) -> None:
    """Check a mean against its law, inside the interval of the sample itself."""
    mean = sum(values) / len(values)
    variance = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
    assert abs(mean - wanted) <= QUANTILE * sqrt(variance / len(values)), (mean, wanted)


POINTS = pytest.mark.parametrize(("p", "retries_count"), [(0.05, 1), (0.3, 2), (0.5, 4), (0.8, 3)])


@pytest.mark.slow
@POINTS
def test_without_a_key_an_order_takes_effect_as_often_as_it_is_tried(p: float, retries_count: int) -> None:
    seen = run(p, retries_count, has_key=False)
    never = p ** (retries_count + 1)
    assert sum(seen.applications) == seen.attempts_count == seen.orders.applied_count
    assert_mean([float(count) for count in seen.applications], (1 - never) / (1 - p))
    assert_mean([float(count > 1) for count in seen.applications], p)
    assert_mean([float(not told) for told in seen.is_acknowledged], never)
    told = [float(count) for count, told in zip(seen.applications, seen.is_acknowledged, strict=True) if told]
    assert_mean(told, 1 / (1 - p) - (retries_count + 1) * never / (1 - never))
    now = seen.orders.statistics()
    assert (now.distinct_count, now.lost_count) == (ORDERS_COUNT, 0)
    assert now.unacknowledged_count == seen.is_acknowledged.count(False)
    assert now.applied_more_than_once_count == sum(count > 1 for count in seen.applications)


@pytest.mark.slow
@POINTS
def test_with_a_key_every_order_takes_effect_exactly_once(p: float, retries_count: int) -> None:
    without, seen = (run(p, retries_count, has_key=has_key) for has_key in (False, True))
    assert seen.applications == [1] * ORDERS_COUNT
    assert seen.orders.applied_more_than_once_count == 0
    # What users see of it is the same: a key does not save the reply.
    assert seen.is_acknowledged == without.is_acknowledged
    assert seen.attempts_count == without.attempts_count
