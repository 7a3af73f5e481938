"""Rejections of whatever limits what it takes on: they say who, and an instance tells them from its own."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import pytest

from models import CallFailed, Endpoint, Host, Rejected, Request
from models.resilience import Outbox, Timeout
from models.resilience.bulkheads import Bulkhead, BulkheadPool, ThreadPoolBulkhead
from models.resilience.idempotency import IdempotencyStore
from models.resilience.rate_limits import RateLimiter, TokenBucket
from models.resilience.rejection import rejection
from models.resilience.shedding import ConcurrencyLimiter, FixedLimit, LoadShedder, UtilisationShedding
from models.resilience.throttling import AdaptiveThrottle
from models.services import DependencyFailed, Instance
from simulator import Environment
from tests.models.resilience.scripted import Scripted

# Each takes one call on and rejects the next.
PARTS: dict[str, Callable[[Environment, Endpoint], Endpoint]] = {
    "bulkhead": lambda env, target: Bulkhead(env, target, BulkheadPool(env, 1), name="shop"),
    "thread pool": lambda env, target: ThreadPoolBulkhead(env, target, threads=1, name="shop"),
    "rate limiter": lambda env, target: RateLimiter(env, target, TokenBucket(1e-9, 1), name="shop"),
    "concurrency limiter": lambda env, target: ConcurrencyLimiter(env, target, FixedLimit(1), name="shop"),
    "load shedder": lambda env, target: LoadShedder(
        env, target, UtilisationShedding(lambda: env.now, {1: 0.5}), name="shop"
    ),
    # With k = 1 each call that is not accepted makes the next less likely; seed 3 rejects the second.
    "throttle": lambda env, target: AdaptiveThrottle(env, target, k=1.0, name="shop"),
    "idempotency store": lambda env, target: IdempotencyStore(env, target, duplicates="reject", name="shop"),
    "outbox": lambda env, target: Outbox(env, target, capacity=1, name="shop"),
}


@pytest.mark.parametrize("kind", PARTS)
def test_rejection_names_the_part_and_is_not_taken_for_its_own_by_an_instance_of_the_same_name(
    kind: str,
) -> None:
    env = Environment(seed=3)
    part = PARTS[kind](env, Scripted(env, (9.0, None)))
    # Between the two there may be wrappers, which hand it on as it is.
    patient = Timeout(env, part, 99.0)
    shop = Instance(env, Host(env, "web"), lambda instance, request: patient.call(request), name="shop")
    failures: list[CallFailed] = []

    def second() -> Generator[Any, Any, None]:
        try:
            yield from shop.call(Request(idempotency_key="one order"))
        except CallFailed as failure:
            failures.append(failure)

    env.process(shop.call(Request(idempotency_key="one order")))
    env.run(until=1.0)
    env.process(second())
    env.run(until=2.0)
    [failed] = failures
    assert isinstance(failed, DependencyFailed)
    rejected = failed.failure
    assert isinstance(rejected, Rejected)
    assert (rejected.by, rejected.part) == ("shop", part)
    assert (shop.statistics().failed_count, shop.statistics().rejected_count) == (1, 0)


def test_rejection_says_the_reason() -> None:
    part = Scripted(Environment())
    assert str(rejection(part, "too late")) == f"rejected by {part.name}: too late"
