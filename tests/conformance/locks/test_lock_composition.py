"""Locks in the company of others: callers who give up, wrappers around it all, runs that are made again."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import pytest

from models import CallFailed, Endpoint, Request, TimedOut
from models.consensus import LockClient
from models.consensus.lock_service import HeldLock
from models.network import AddedDelay, Rule
from models.network.rules import CUT, PASS, Verdict
from models.resilience import Retry, Timeout
from models.resilience.circuit_breaker import CircuitBreaker, resilience4j
from simulator.randomness import LogNormal
from tests.models.consensus.lock_service.building import ONE_WAY, TTL, Done

from .lock_world import LOCK, SETTLED, LockWorld

BREAKER = resilience4j(minimum_calls=3, open_duration=1.0, trial_count=1)

WRAPPERS: dict[str, Callable[[LockWorld, Endpoint], Endpoint]] = {
    "timeout": lambda world, section: Timeout(world.env, section, 0.5),
    "retry": lambda world, section: Retry(world.env, section, attempts=3),
    "breaker": lambda world, section: CircuitBreaker(world.env, section, BREAKER),
    "all of them": lambda world, section: CircuitBreaker(
        world.env, Retry(world.env, Timeout(world.env, section, 0.5), attempts=3), BREAKER
    ),
}


def ask(world: LockWorld, endpoint: Endpoint, value: Any) -> Done:
    """Let a client's process call an endpoint on its host."""
    return world.do(lambda: endpoint.call(Request("section", value=value)), endpoint.host)


# -- giving up ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_taken", [False, True])
@pytest.mark.parametrize("patience", [0.5, 1.5, 2.1, 3.0, 4.2, 4.6, 6.0, 9.2, 10.0, 100.0])
def test_callers_who_give_up_leave_nothing_behind(patience: float, is_taken: bool) -> None:
    """On the way there, in the log, on the way back, in the queue; opening a session, or with one."""
    world = LockWorld()
    holder, impatient = world.clients
    held = world.lock(holder, LOCK) if is_taken else None
    before = world.life()
    for _ in range(6):
        world.use(impatient, patience=patience * ONE_WAY)
        world.watch(0.15)
    world.watch(SETTLED)
    if held is not None:
        for node in world.nodes:
            assert list(node.machine._locks[LOCK].waiting) == []
        holder.release(held)
        world.watch(0.1)
    keeps_alive = impatient._session is not None and f"{impatient.name} keeps session"
    assert [name for name in world.life() if not keeps_alive or not name.startswith(keeps_alive)] == before
    world.assert_nothing_is_left()
    world.everybody_can_have_it()


@pytest.mark.parametrize("moment", [0.5, 1.5, 2.1, 3.0, 4.2, 4.6, 6.0, 9.2, 10.0, 11.0, 100.0])
def test_callers_who_are_killed_leave_nothing_behind(moment: float) -> None:
    world = LockWorld()
    first, second = world.clients
    world.use(first)
    world.watch(0.2)
    before = world.life()
    for _ in range(4):
        done = world.use(first)
        world.run(moment * ONE_WAY)
        done.process.kill()
        world.watch(0.15)
    assert world.life() == before
    world.assert_nothing_is_left(first)
    other = world.use(second)
    world.watch(0.2)
    assert isinstance(other.outcome, int)
    world.everybody_can_have_it()


class NextAnswerLost(Rule):
    """The next message from one host to another is lost."""

    def __init__(self, world: LockWorld, client: LockClient) -> None:
        assert world.leader is not None
        self.between: Any = (world.leader.host, client.host)

    def judge(self, source: Any, target: Any) -> Verdict:
        if (source, target) != self.between:
            return PASS
        self.between = None
        return CUT


def test_question_that_was_given_up_and_is_late_takes_no_lock_that_nobody_knows_of() -> None:
    """It arrives after its release has, while another question of the same client is still open."""
    world = LockWorld(attempt_timeout=1.0)
    client, other = world.clients
    world.use(client)
    world.watch(0.2)
    world.network.install(NextAnswerLost(world, client))
    earlier = world.do(lambda: client.acquire("another"), client.host)
    world.watch(0.02)
    slow = AddedDelay(world.env, client.host, world.hosts, 0.2, name="slow", one_way=True)
    world.network.install(slow)
    given_up = world.use(client, patience=0.05)
    world.watch(0.04)
    world.network.heal(slow)
    world.watch(0.5)
    assert isinstance(given_up.outcome, TimedOut)
    assert earlier.ended_at is None
    assert world.service.holder(LOCK) is None
    asked = world.use(other)
    world.watch(0.1)
    assert isinstance(asked.outcome, int)


# -- wrappers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WRAPPERS)
def test_wrapped_section_ends_as_it_does_unwrapped_and_as_soon(name: str) -> None:
    times = []
    for wrap in (lambda world, section: section, WRAPPERS[name]):
        world = LockWorld()
        section = wrap(world, world.endpoint(world.clients[0]))
        for value in ("first", "second"):
            done = ask(world, section, value)
            world.watch(0.2)
            assert world.written == value
            times.append(done.ended_at)
    assert times[:2] == times[2:]


@pytest.mark.slow
@pytest.mark.parametrize("name", WRAPPERS)
@pytest.mark.parametrize("where", ["client", "file", "nodes"])
def test_wrapped_section_that_cannot_be_done_fails_and_leaves_nothing(name: str, where: str) -> None:
    world = LockWorld(patience=1.0)
    client = world.clients[0]
    section = WRAPPERS[name](world, world.endpoint(client))
    ask(world, section, "old")
    world.watch(0.2)
    before = world.life()
    rules = [
        world.cut(host)
        for host in {"client": [client.host], "file": [world.file.host], "nodes": world.hosts}[where]
    ]
    for number in range(4):
        done = ask(world, Timeout(world.env, section, 3.0), number)
        world.watch(3.2)
        assert isinstance(done.outcome, CallFailed)
    assert world.written == "old"
    for rule in rules:
        world.network.heal(rule)
    world.watch(SETTLED)
    done = ask(world, section, "new")
    world.watch(1.0)
    assert world.written == "new"
    assert sorted(_without_numbers(world.life())) == sorted(_without_numbers(before))
    world.assert_nothing_is_left()
    world.everybody_can_have_it()


def _without_numbers(names: list[str]) -> list[str]:
    return [name.rstrip(" alive0123456789") if "keeps session" in name else name for name in names]


def test_retry_around_a_timeout_waits_for_its_own_release_and_not_for_its_lease() -> None:
    world = LockWorld()
    first, second = world.clients
    held = world.lock(first, LOCK)
    section = Retry(world.env, Timeout(world.env, world.endpoint(second), 0.2), attempts=10)
    done = ask(world, section, "new")
    world.watch(0.7)
    first.release(held)
    world.watch(0.5 * TTL)
    assert world.written == "new"
    assert done.ended_at is not None
    world.assert_nothing_is_left()


# -- runs that are made again -------------------------------------------------------------------------------


def digest(seed: int) -> str:
    """What happens in a run with crashes, a cut, and a standstill, as one text."""
    world = LockWorld(seed=seed, trace=True, patience=1.0)

    def work(client: LockClient) -> Generator[Any, Any, None]:
        for number in range(20):
            yield world.use(client, number, work=0.05, patience=0.5).process
            yield 0.1

    for client in world.clients:
        world.env.process(work(client))
    world.watch(0.3)
    world.freeze(world.webs[0], 1.2 * TTL)
    world.hosts[0].crash()
    world.watch(0.5)
    world.hosts[0].restart()
    rule = world.cut(world.hosts[1])
    world.watch(1.0)
    world.network.heal(rule)
    world.watch(3.0)
    return f"{world.env.trace_digest()} {world.ledger.tokens} {world.service.statistics()}"


@pytest.mark.slow
def test_same_seed_is_the_same_run_event_for_event_and_another_one_is_not() -> None:
    assert digest(1) == digest(1) != digest(2)


# -- everybody impatient, and messages late -----------------------------------------------------------------


def impatient(world: LockWorld, client: LockClient, lock: str, until: float) -> Generator[Any, Any, None]:
    """Get one lock over and over, with less patience than some messages take, and stop at any moment."""
    chance = world.env.stream(f"test/{client.name}/{lock}")
    while world.env.now < until:
        yield float(chance.exponential(0.02))
        done = world.do(lambda: client.acquire(lock), client.host)
        yield float(chance.exponential(0.1))
        if isinstance(done.outcome, HeldLock):
            client.release(done.outcome)
        else:
            done.process.kill()


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 20, 24, 31, 32, 50, 69])  # the latter: late questions that took it
def test_impatience_of_many_at_once_with_late_messages_leaves_nothing_behind(seed: int) -> None:
    late = LogNormal.from_percentiles(p50=0.002, p99=0.3)
    world = LockWorld(seed=seed, patience=1.0, one_way=late)
    for client in world.clients:
        for lock in ("a", "b", "c"):
            world.env.process(impatient(world, client, lock, world.env.now + 4.0))
    world.watch(4.0 + SETTLED)
    assert world.service.statistics().granted_count > 20
    for node in world.nodes:
        assert node.machine._locks == {}
    for client in world.clients:
        assert client._raft._open == {}
        assert client._session is None or not (client._session.locks or client._session.returning)
