"""Whoever crashes, alone or with his host: one holder at a time, writes in order, a lock for all at last."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import pytest

from models import Request
from models.consensus import LockClient
from models.consensus.lock_service import Fencing
from models.endpoint import FunctionEndpoint
from simulator import Process
from tests.models.consensus.lock_service.building import TTL

from .lock_world import LOCK, SETTLED, LockWorld

WHO = ("leader", "follower", "holder", "waiting", "file")


class Crashes:
    """Clients in processes of their own, which use the lock over and over; and who of all can crash."""

    def __init__(self, **options: Any) -> None:
        self.world = world = LockWorld(patience=1.0, **options)
        self.servers = [
            FunctionEndpoint(_nothing, host=web, name=f"server of {web.name}") for web in world.webs
        ]
        world.clients = [
            world.service.client(web, server) for web, server in zip(world.webs, self.servers, strict=True)
        ]
        self.done_count = 0

    def begin(self, until: float) -> None:
        """Let the clients begin; a process that starts again begins again."""
        for client, server in zip(self.world.clients, self.servers, strict=True):
            start = self._starts(client, server, until)
            start()
            client.host.on_restart(start, server)

    def _starts(self, client: LockClient, server: FunctionEndpoint, until: float) -> Callable[[], None]:
        world = self.world

        def work() -> Generator[Any, Any, None]:
            number = 0
            while world.env.now < until:
                number += 1
                done = world.use(client, (client.name, number), work=0.06, patience=1.5)
                _move(done.process, server)
                yield done.process
                self.done_count += isinstance(done.outcome, int)
                yield 0.01

        def start() -> None:
            _move(client.host.start(work(), f"{client.name} works"), server)

        return start

    def crash(self, who: str, what: str) -> Callable[[], None]:
        """Crash somebody, and return what starts him again."""
        world = self.world
        holder = world.service.holder(LOCK)
        holds = 0 if holder is None or holder.owner == world.clients[0].name else 1
        endpoint, host = {
            "leader": (world.nodes[0], world.nodes[0].host),
            "follower": (world.nodes[1], world.nodes[1].host),
            "holder": (self.servers[holds], world.webs[holds]),
            "waiting": (self.servers[1 - holds], world.webs[1 - holds]),
            "file": (world.file, world.file.host),
        }[who]
        if what == "process":
            host.crash_process(endpoint)
            return lambda: host.restart_process(endpoint)
        host.crash()
        return host.restart


def _move(process: Process, server: FunctionEndpoint) -> None:
    """Let a process that runs on a host run in the process of `server` there."""
    assert server.host is not None
    server.host.release(process)
    server.host.bind(process, server)


def _nothing(request: Request) -> Generator[Any, Any, None]:
    yield 0.0


@pytest.mark.slow
@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("what", ["process", "host"])
@pytest.mark.parametrize("moment", [0.0, 0.021, 0.07])
def test_crash_lets_nobody_in_out_of_order_and_all_can_have_the_lock_afterwards(
    who: str, what: str, moment: float
) -> None:
    crashes = Crashes()
    world = crashes.world
    crashes.begin(until=world.env.now + 4.0)
    world.watch(0.5)
    while world.service.holder(LOCK) is None:
        world.env.step()
    world.watch(moment)
    assert world.leader is world.nodes[0]
    done_count = crashes.done_count
    restart = crashes.crash(who, what)
    world.watch(0.5)
    stands = who == "file" or (who == "holder" and moment < 0.07)
    assert not stands or crashes.done_count == done_count, "his lease is not over, or there is no file"
    restart()
    world.watch(2.5)
    assert crashes.done_count > done_count + 4
    world.watch(1.0 + SETTLED)
    world.everybody_can_have_it()
    world.watch(0.1)
    world.assert_nothing_is_left()


@pytest.mark.parametrize("what", ["process", "host"])
def test_all_nodes_crash_and_no_lock_is_forgotten(what: str) -> None:
    world = LockWorld()
    first, second = world.clients
    held = world.held[first] = world.lock(first, LOCK)
    waiting = world.use(second, patience=4.0)
    world.watch(0.2)
    for node in world.nodes:
        node.host.crash_process(node) if what == "process" else node.host.crash()
    world.watch(0.1)
    for node in world.nodes:
        node.host.restart_process(node) if what == "process" else node.host.restart()
    world.watch(1.5)
    assert held.is_held
    assert waiting.ended_at is None
    assert world.service.statistics().expired_count == 0
    first.release(held)
    world.watch(0.2)
    assert waiting.outcome == held.token + 1


@pytest.mark.parametrize("end", ["process", "host", "close"])
def test_who_has_started_again_or_closed_his_session_has_no_lock_and_knows_it(end: str) -> None:
    """At once, though his lease is not over and nobody else can have been given it."""
    crashes = Crashes()
    world = crashes.world
    first, server = world.clients[0], crashes.servers[0]
    held = world.lock(first, LOCK)
    if end == "close":
        world.do(first.close, first.host)
    elif end == "process":
        first.host.crash_process(server)
        first.host.restart_process(server)
    else:
        first.host.crash()
        first.host.restart()
    world.run(0.001)  # a boot takes no time, and is an event
    assert not held.is_held
    first.release(held)  # which does nothing
    world.watch(SETTLED)
    world.everybody_can_have_it()


@pytest.mark.parametrize("is_back", [False, True])
def test_place_in_the_queue_of_one_who_has_died_is_not_kept_for_longer_than_his_lease(is_back: bool) -> None:
    world = LockWorld()
    first, second = world.clients
    held = world.held[first] = world.lock(first, LOCK)
    world.use(second, patience=60.0)
    world.watch(0.2)
    assert [list(node.machine._locks[LOCK].waiting) for node in world.nodes] == [[2]] * 3
    second.host.crash()
    if is_back:
        second.host.restart()
    world.watch(SETTLED)
    assert [list(node.machine._locks[LOCK].waiting) for node in world.nodes] == [[]] * 3
    first.release(held)
    world.watch(0.1)
    world.assert_nothing_is_left()


@pytest.mark.parametrize("fencing", Fencing)
def test_only_the_fence_keeps_the_writes_of_one_who_stood_still_in_order(fencing: Fencing) -> None:
    """He stands still while he holds the lock, longer than his lease lasts, and then goes on where he was."""
    world = LockWorld(fencing=fencing)
    first, second = world.clients
    late = world.use(first, "late", work=0.02, patience=10.0)
    world.watch(0.02)
    assert world.service.holder(LOCK) is not None
    world.freeze(first.host, 2.0 * TTL)
    world.use(second, "early", patience=2.0 * TTL)
    world.watch(3.0 * TTL)
    is_fenced = fencing is not Fencing.NONE
    assert world.written == ("early" if is_fenced else "late")
    assert isinstance(late.outcome, int) == (not is_fenced)
    assert (world.ledger.tokens == sorted(world.ledger.tokens)) == is_fenced
    assert world.file.statistics().late_count == (0 if is_fenced else 1)
