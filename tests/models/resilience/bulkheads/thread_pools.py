"""What the tests of thread pools are built from: pools, callers on hosts, and what must add up."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from typing import Any

import pytest

from models import CallFailed, Endpoint, Host, Request
from models.resilience.bulkheads import ThreadPoolBulkhead
from models.services import Instance
from simulator import Environment, Process

BOTH = pytest.mark.parametrize("interrupts", [True, False], ids=["interrupting", "abandoning"])


def pool_of(env: Environment, target: Endpoint, threads: int = 1, **settings: Any) -> ThreadPoolBulkhead:
    return ThreadPoolBulkhead(env, target, threads=threads, name="payment", **settings)


def assert_adds_up(pool: ThreadPoolBulkhead) -> None:
    seen = pool.statistics()
    walked_away = seen.left_count + seen.interrupted_count + seen.abandoned_count
    now = seen.waiting_count + seen.in_flight_count
    assert seen.call_count == seen.answered_count + seen.rejected_count + walked_away + now
    assert seen.in_flight_count >= 0
    assert seen.waiting_count >= 0


def assert_empty(pool: ThreadPoolBulkhead) -> None:
    assert_adds_up(pool)
    seen = pool.statistics()
    assert (seen.in_flight_count, seen.busy_count, seen.waiting_count) == (0, 0, 0)


def start_on(host: Host, endpoint: Endpoint) -> Process:
    """Let a caller on this host call the endpoint."""

    def caller() -> Generator[Any, Any, None]:
        with suppress(CallFailed):
            yield from endpoint.call(Request())

    return host.start(caller())


def three_seconds(instance: Instance, request: Request) -> Generator[Any, Any, str]:
    yield 3.0
    return "done"
