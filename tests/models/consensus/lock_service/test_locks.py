"""Locks as clients see them: given, waited for, released, lost with their session."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from models import TimedOut
from models.consensus import LockSettings
from models.consensus.lock_service import HeldLock, LockService
from models.endpoint import FunctionEndpoint
from simulator.randomness import Uniform

from .building import ONE_WAY, SETTINGS, TTL, World


def test_lock_costs_a_session_and_a_round_through_the_log() -> None:
    world = World()
    world.elect(world.nodes[0])
    first, second = world.clients
    start = world.env.now
    held = world.lock(first)
    # To the leader and back, to a follower and back, a sync there, and two steps of the client's: twice.
    once = 4 * ONE_WAY + 0.0005 + 2 * SETTINGS.step_work
    assert world.env.now - start == pytest.approx(2 * once)
    assert held.is_held
    assert held.token == 1
    done = world.do(lambda: second.acquire("stock", waits=False))
    world.run(0.1)
    assert done.outcome is None
    assert done.ended_at is not None


def test_who_was_told_that_it_is_taken_can_ask_again() -> None:
    world = World()
    first, second = world.clients
    held = world.lock(first)
    asked = [world.do(lambda: second.acquire("stock", waits=False), second.host)]
    world.run(0.1)
    first.release(held)
    asked.append(world.do(lambda: second.acquire("stock", waits=False), second.host))
    world.run(0.1)
    assert asked[0].outcome is None
    assert asked[1].outcome.token == held.token + 1


def test_who_waits_hears_of_it_as_soon_as_it_is_released() -> None:
    world = World()
    world.elect(world.nodes[0])
    first, second = world.clients
    held = world.lock(first)
    waiting = world.do(lambda: second.acquire("stock"))
    world.run(1.5)
    assert waiting.ended_at is None
    released_at = world.env.now
    first.release(held)
    assert not held.is_held
    world.run(0.1)
    assert isinstance(waiting.outcome, HeldLock)
    assert waiting.outcome.token == 2
    assert waiting.ended_at is not None
    assert waiting.ended_at - released_at < 0.008


def test_lock_is_kept_for_as_long_as_its_holder_lives() -> None:
    world = World()
    first, second = world.clients
    held = world.lock(first)
    waiting = world.do(lambda: second.acquire("stock"))
    for _ in range(40):
        world.run(TTL / 4.0)
        assert held.is_held
    assert waiting.ended_at is None
    assert world.service.statistics().expired_count == 0


def test_holder_who_dies_blocks_nobody_for_longer_than_his_lease() -> None:
    world = World()
    world.elect()
    first, second = world.clients
    world.lock(first)
    waiting = world.do(lambda: second.acquire("stock"), world.webs[1])
    world.run(0.1)
    first.host.crash()
    died_at = world.env.now
    world.run(2.0 * TTL)
    assert isinstance(waiting.outcome, HeldLock)
    assert waiting.ended_at is not None
    assert TTL - SETTINGS.renewal_interval - 0.1 < waiting.ended_at - died_at < TTL + 0.1
    assert world.service.statistics().expired_count == 1


def test_process_that_starts_again_has_no_session_and_waits_for_its_own_old_lease() -> None:
    world = World()
    first = world.clients[0]
    old = world.lock(first)
    first.host.crash()
    first.host.restart()
    world.run(0.01)
    assert not old.is_held
    start = world.env.now
    new = world.lock(first)
    assert new.token > old.token
    assert world.env.now - start > 0.5 * TTL
    assert first.lost_count == 1


def test_client_in_the_process_of_an_endpoint_dies_with_it() -> None:
    def answer(request: Any) -> Generator[Any, Any, None]:
        yield 0.0

    world = World()
    host = world.webs[0]
    server = FunctionEndpoint(answer, host=host, name="server")
    client = world.service.client(host, server)
    held = world.lock(client)
    host.crash_process(server)
    world.run(0.5 * TTL)
    assert world.service.holder("stock") is not None
    world.run(TTL)
    assert world.service.holder("stock") is None
    host.restart_process(server)
    assert not held.is_held
    with pytest.raises(ValueError, match="whose must run on host 'web-2', got"):
        world.service.client(world.webs[1], server)


def test_what_waits_in_a_process_that_crashes_does_nothing_any_more() -> None:
    def answer(request: Any) -> Generator[Any, Any, None]:
        yield 0.0

    world = World()
    host = world.webs[0]
    server = FunctionEndpoint(answer, host=host, name="server")
    client = world.service.client(host, server)
    world.lock(world.clients[1])
    host.bind(world.env.process(client.acquire("stock")), server)
    world.run(0.1)
    host.crash_process(server)
    assert not host.running
    world.run(0.3)
    assert len(world.nodes[0].machine.owners) == 2, "its session and its place stay until its lease is over"
    world.run(TTL)
    assert len(world.nodes[0].machine.owners) == 1


def test_question_of_who_waits_ends_with_the_leadership() -> None:
    world = World()
    leader = world.elect()
    first, second = world.clients
    world.lock(first)
    world.do(lambda: second.acquire("stock"), second.host)
    world.run(0.05)
    assert len(leader._questions) == 1
    before = second._raft.statistics().attempt_count
    leader.step_down()
    assert not leader._questions
    world.run(3 * ONE_WAY)
    assert second._raft.statistics().attempt_count > before


def test_who_gives_up_waiting_loses_his_place() -> None:
    world = World(web_count=3)
    first, second, third = world.clients
    held = world.lock(first)

    def impatient() -> Generator[Any, Any, Any]:
        with world.env.fail_after(0.3):
            return (yield from second.acquire("stock"))

    impatience = world.do(impatient)
    world.run(0.05)
    waiting = world.do(lambda: third.acquire("stock"))
    world.run(0.5)
    assert isinstance(impatience.outcome, TimedOut)
    first.release(held)
    world.run(0.1)
    assert isinstance(waiting.outcome, HeldLock)
    third.release(waiting.outcome)
    world.run(0.1)
    assert world.service.holder("stock") is None


def test_release_that_is_under_way_is_not_overtaken_by_the_next_acquire() -> None:
    world = World(one_way=Uniform(0.0, 0.05))
    client = world.clients[0]
    held = world.lock(client)
    tokens = [held.token]
    for _ in range(20):
        client.release(held)
        client.release(held)  # once more does nothing
        held = world.lock(client)
        tokens.append(held.token)
    assert tokens == sorted(set(tokens))
    world.run(0.3)
    found = world.service.holder("stock")
    assert found is not None
    assert found.token == held.token


def test_second_request_of_one_client_for_one_lock_is_misuse_and_two_locks_are_not() -> None:
    world = World()
    client = world.clients[0]
    both = [world.do(lambda name=name: client.acquire(name)) for name in ("a", "b")]  # type: ignore[misc]
    world.run(1.0)
    assert sorted(done.outcome.token for done in both) == [1, 2]
    assert world.service.statistics().opened_count == 1
    with pytest.raises(RuntimeError, match="lock 'a' is held or asked for by locks client 1 already"):
        next(client.acquire("a"))


def test_closing_gives_everything_back_at_once() -> None:
    world = World()
    client = world.clients[0]
    world.lock(client, "a")
    held = world.lock(client, "b")
    world.do(client.close)
    world.run(0.1)
    assert not held.is_held
    assert world.service.holder("a") is world.service.holder("b") is None
    assert world.service.statistics().expired_count == 0
    assert client.lost_count == 0
    assert world.lock(client).token == 3


def test_session_whose_end_nobody_has_heard_of_is_over_with_its_lease() -> None:
    world = World(patience=0.2)
    client = world.clients[0]
    held = world.lock(client)
    rule = world.cut(client.host)
    closing = world.do(client.close, client.host)
    world.run(0.25)
    assert isinstance(closing.outcome, TimedOut)
    assert not held.is_held
    world.network.heal(rule)
    world.run(TTL)
    assert world.service.holder("stock") is None
    assert world.service.statistics().expired_count == 1
    assert client.lost_count == 0


def test_anybody_can_ask_who_holds_it() -> None:
    world = World()
    first, second = world.clients
    held = world.lock(first)
    asked = world.do(lambda: second.holder("stock"))
    world.run(0.1)
    assert (asked.outcome.owner, asked.outcome.token) == (first.name, held.token)


@pytest.mark.parametrize("side", ["client", "majority"])
def test_without_a_majority_there_is_no_lock_and_what_was_held_is_lost_with_its_lease(side: str) -> None:
    world = World()
    world.elect()
    first, second = world.clients
    held = world.lock(first)
    if side == "client":
        world.cut(first.host)
    else:
        for host in world.hosts[:2]:
            host.crash()
    world.run(SETTINGS.lease + 0.1)
    assert not held.is_held
    asked = world.do(lambda: second.acquire("stock", waits=False))
    world.run(3.0)
    if side == "client":
        assert isinstance(asked.outcome, HeldLock)
    else:
        assert isinstance(asked.outcome, TimedOut)  # the leader that is down may have heard of it


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: LockSettings(ttl=0.0), "ttl must be finite and > 0 s, got 0.0"),
        (lambda: LockSettings(ttl=3.0), "renewal_interval must be shorter than the lease of 2.9"),
        (lambda: LockSettings(clock_drift_bound=0.9), "clock_drift_bound must be finite and >= 1, got 0.9"),
        (lambda: LockSettings(step_work=-1.0), "step_work must be finite and >= 0 s, got -1.0"),
        (
            lambda: World(attempt_timeout=0.2),
            r"question_kept must be shorter than the clients' attempt_timeout \(0.2 s\), got 0.2",
        ),
    ],
)
def test_misuse_is_said_in_plain_words(make: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()


def test_settings_of_the_wrong_kind_are_refused() -> None:
    world = World()
    with pytest.raises(TypeError, match="settings must be a LockSettings, got 10"):
        LockService(world.env, world.network, world.hosts, settings=10)  # type: ignore[arg-type]
