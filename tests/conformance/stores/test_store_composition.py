"""Stores in the company of others: wrappers around clients, callers who give up, runs that are made again."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from experiments.swarm.bookkeeping import books_of, statistics_of
from experiments.swarm.invariants import _check_rules
from models import Endpoint
from models.consistency import divergence
from models.replication import UniqueWrites, read, write
from models.resilience import Retry, Timeout
from models.resilience.circuit_breaker import CircuitBreaker, resilience4j
from models.resilience.hedging import Hedge
from tests.in_one_test import in_one_test

from .catalogue import STORES, StoreKind
from .store_world import HOP, StoreWorld, Told

Wrap = Callable[[StoreWorld, Endpoint], Endpoint]

BREAKER = resilience4j(minimum_calls=3, open_duration=1.0, trial_count=1)

WRAPPERS: dict[str, Wrap] = {
    "timeout": lambda world, client: Timeout(world.env, client, 0.5),
    "retry": lambda world, client: Retry(world.env, client, attempts=3),
    "breaker": lambda world, client: CircuitBreaker(world.env, client, BREAKER),
    "hedge": lambda world, client: Hedge(world.env, client, after=0.2),
    "unique writes": lambda world, client: UniqueWrites(client, count(1)),
    "all of them": lambda world, client: CircuitBreaker(
        world.env,
        UniqueWrites(
            Retry(world.env, Timeout(world.env, Hedge(world.env, client, after=0.2), 0.5), attempts=3),
            count(1),
        ),
        BREAKER,
    ),
}


def digest(kind: StoreKind, seed: int) -> str:
    """What happens in a run with a crash and a cut, as one text."""
    world = StoreWorld(kind, seed=seed, trace=True)
    for number in range(30):
        world.ask(write(number % 3, number), after=0.1 * number, patience=1.0)
        world.ask(read(number % 3), after=0.1 * number + 0.05, patience=1.0)
    world.at(3.0, world.hosts[0].crash)
    world.at(4.0, world.hosts[0].restart)
    world.at(5.0, world.isolate, world.hosts[-1].name)
    world.env.run(until=12.0)
    return f"{world.env.trace_digest()} {world.store.contents()}"


@pytest.mark.parametrize("kind", STORES, ids=str)
def test_same_seed_is_the_same_run_event_for_event(kind: StoreKind) -> None:
    assert digest(kind, 1) == digest(kind, 1)


@pytest.mark.parametrize("kind", STORES, ids=str)
@in_one_test("name", WRAPPERS)
def test_wrapped_client_answers_as_the_client_does_and_as_soon(kind: StoreKind, name: str) -> None:
    times = []
    for wrap in (lambda world, client: client, WRAPPERS[name]):
        world = StoreWorld(kind)
        client = wrap(world, world.client)
        wrote = world.ask(write("k", "value"), client=client)
        world.env.run(until=world.env.now + 1.0)
        saw = world.ask(read("k"), client=client)
        world.env.run(until=world.env.now + 1.0)
        assert (wrote.end, saw.end) == (None, "value")
        times.append((wrote.time, saw.time))
    assert times[0] == times[1]


@pytest.mark.parametrize("kind", STORES, ids=str)
@pytest.mark.parametrize("name", WRAPPERS)
def test_wrapped_client_of_a_store_that_nobody_reaches_fails_and_holds_nothing(
    kind: StoreKind, name: str
) -> None:
    world = StoreWorld(kind)
    client = WRAPPERS[name](world, world.client)
    before = world.life()
    healing = world.isolate("web")
    ends = [
        world.ask(request, client=client, after=0.5 * number, patience=4.0)
        for number in range(10)
        for request in (write("k", number), read("k"))
    ]
    world.env.run(until=world.env.now + 30.0)
    assert {told.end for told in ends} <= {"silence", "TimedOut", "Unavailable", "BreakerOpen"}
    assert set(world.held("k")) == {None}
    part: Any = client
    while part is not world.client:
        _check_rules(part, statistics_of(part), books_of(part).idle, world.env.now)
        part = part.target
    world.network.heal(healing)
    world.env.run(until=world.env.now + 30.0)
    assert world.life() == before


@pytest.mark.parametrize("kind", STORES, ids=str)
@pytest.mark.parametrize("patience", [0.5 * HOP, 1.5 * HOP, 2.05 * HOP, 3.0 * HOP])
def test_callers_who_give_up_leave_nothing_behind(kind: StoreKind, patience: float) -> None:
    """On the way there, at the node, while it waits for others, on the way back."""
    world = StoreWorld(kind)
    before = world.life()
    for number in range(50):
        request = read("k") if number % 2 else write("k", number)
        world.ask(request, after=0.01 * number, patience=patience)
    world.env.run(until=world.env.now + 20.0)
    assert world.life() == before
    for node in world.store.nodes:
        statistics = node.statistics()
        assert (statistics.in_service_count, statistics.waiting_count) == (0, 0)
    assert world.now(write("k", "last")) is None
    assert world.now(read("k")) == "last"


@pytest.mark.parametrize("kind", STORES, ids=str)
def test_callers_who_are_killed_leave_nothing_behind(kind: StoreKind) -> None:
    world = StoreWorld(kind)
    before = world.life()
    healing = [world.isolate(host.name) for host in world.hosts[1:]]
    told = [Told() for _ in range(20)]
    calls = [world.begin(write("k", number), told[number], world.client, 30.0) for number in range(20)]
    world.env.run(until=world.env.now + 0.3)
    for call in calls:
        call.kill()
    for rule in healing:
        world.network.heal(rule)
    world.env.run(until=world.env.now + 30.0)
    assert world.life() == before
    assert not divergence(world.store.contents())


@pytest.mark.slow
@pytest.mark.parametrize("kind", STORES, ids=str)
def test_when_all_is_healed_and_quiet_only_timers_are_left_and_all_nodes_agree(kind: StoreKind) -> None:
    world = StoreWorld(kind)
    world.env.run(until=10.0)
    before = world.life()
    for number in range(60):
        world.ask(write(number % 5, number), after=0.1 * number, patience=1.0)
    world.at(11.0, world.hosts[0].crash)
    world.at(13.0, world.hosts[0].restart)
    last = world.hosts[-1]
    world.at(13.5, world.store.nodes[-1].crash)
    world.at(14.0, world.store.nodes[-1].restart)
    rules: list[Any] = []
    world.at(14.5, lambda: rules.append(world.isolate(last.name)))
    world.at(17.0, lambda: world.network.heal(rules.pop()))
    world.env.run(until=60.0)
    assert world.life() == before
    assert divergence(world.store.contents()) == {}
    sizes = []
    for _ in range(3):
        world.env.run(until=world.env.now + 60.0)
        sizes.append(len(world.env._queue))
    # What is due at one time or another differs by a few timers, and does not grow.
    assert max(sizes) - min(sizes) <= 10
    assert max(sizes) <= 40, sizes
