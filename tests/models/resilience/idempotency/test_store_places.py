"""Where a store stands decides which retries meet it."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from models.balancing import Balancer
from models.endpoint import Endpoint
from models.failures import (
    TimedOut,
)
from models.infrastructure import Host
from models.network import Network
from models.resilience import ConstantBackoff, Retry, Timeout
from models.resilience.idempotency import Effect, EffectLog, IdempotencyStore
from models.services import Dependency, Instance, Pause, in_sequence
from simulator import Environment
from simulator.randomness import Constant
from tests.models.resilience.idempotency.ordering import ONE_WAY, Bank, send, send_at


@pytest.mark.parametrize(
    ("place", "wanted", "applied_count"),
    [
        ("at each instance", (2.75, TimedOut), 2),
        # The answer to the attempt that was given up is there at 1.375, a moment before the next attempt.
        ("in front of the balancer", (1.75, "done"), 1),
        ("around the database", (2.25, "done"), 1),
    ],
)
def test_a_retry_that_goes_to_another_instance_meets_another_store(
    place: str, wanted: object, applied_count: int
) -> None:
    env, orders = Environment(), EffectLog()
    network = Network(env, latencies=ONE_WAY)
    web, gateway, *hosts = (Host(env, name) for name in ("web", "gateway", "a", "b"))
    write = in_sequence(Pause(Constant(1.0)), Effect(orders), lambda instance, request: done())
    database = IdempotencyStore(env, Instance(env, Host(env, "database"), write, name="database"))

    def instance_on(host: Host) -> Endpoint:
        if place == "around the database":
            # Who passes the request on passes its key on.
            return Instance(env, host, Dependency(network.connect(host, database)), name=host.name)
        instance = Instance(env, host, write, name=host.name)
        return IdempotencyStore(env, instance) if place == "at each instance" else instance

    links = [network.connect(gateway, instance_on(host)) for host in hosts]
    balancer: Endpoint = Balancer(env, links, host=gateway)
    if place == "in front of the balancer":
        balancer = IdempotencyStore(env, balancer)
    # Four hops, or six, and a second of work are 1.5 s at least: the first attempt is given up.
    attempt = Timeout(env, network.connect(web, balancer), 1.25)
    seen = send(env, Retry(env, attempt, 2, backoff=ConstantBackoff(delay=0.25)), 0.0)
    env.run()
    assert seen == wanted
    assert orders.applications(1) == applied_count


def done() -> Generator[Any, Any, str]:
    yield from ()
    return "done"


def test_on_the_callers_side_it_forgets_with_the_callers_host_and_what_the_caller_gave_up() -> None:
    bank = Bank()
    store = IdempotencyStore(bank.env, bank.network.connect(bank.web, bank.instance))
    assert store.host is bank.web
    given_up = send(bank.env, Timeout(bank.env, store, 0.5), 0.0)
    seen = send_at(bank.env, store, 1.0, 3.0, 5.0)
    bank.env.call_later(4.0, bank.web.crash)
    bank.env.call_later(4.5, bank.web.restart)
    bank.env.run()
    assert given_up == (0.5, TimedOut)
    assert seen == [(2.25, "answer of 2.125"), (3.0, "answer of 2.125"), (6.25, "answer of 6.125")]
    assert bank.orders.applications(1) == 3
