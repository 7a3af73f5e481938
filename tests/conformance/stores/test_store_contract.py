"""What `Store` promises, of every store: answers, `Unavailable`, and what was acknowledged."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from typing import Any

import pytest

from models import CallFailed, Host, Request
from models.consistency import Ending, HistoryRecorder, Operation, lost_writes
from models.replication import add, append, compare_and_set, delete, read, set_add, set_remove, write

from .catalogue import STORES, StoreKind
from .store_world import StoreWorld

BY_VERSIONS = ("strict quorums", "loose quorums")
"""Stores without one order of updates: they know no operation that depends on what was there before."""

KEPT_ON_DISKS = (
    *("single", "semi-synchronous", "synchronous", "strict quorums", "raft"),
    *("sharded, of single nodes", "sharded, of rafts"),
)
"""Stores that promise to keep what was acknowledged when hosts crash and links are cut."""


@pytest.mark.parametrize("kind", STORES, ids=str)
def test_write_has_no_answer_and_is_read_and_what_was_never_written_is_none(kind: StoreKind) -> None:
    world = StoreWorld(kind)
    assert world.now(read("k")) is None
    assert world.now(write("k", "first")) is None
    assert world.now(read("k")) == "first"
    assert world.now(write("k", "second")) is None
    assert world.now(read("k")) == "second"
    assert world.now(read("another")) is None


@pytest.mark.parametrize("kind", STORES, ids=str)
def test_operation_does_what_it_says_or_is_an_error_and_does_nothing(kind: StoreKind) -> None:
    world = StoreWorld(kind)
    told = {
        "compare-and-set": (world.now(compare_and_set("c", None, 1)), world.now(compare_and_set("c", 2, 3))),
        "append": (world.now(append("l", 1)), world.now(append("l", 2))),
        "add": (world.now(add("n", 1)), world.now(add("n", 2.5))),
    }
    world.env.run(until=world.env.now + 10.0)
    if kind.name in BY_VERSIONS:
        assert set(told.values()) == {("ServerError", "ServerError")}
        assert [contents for contents in world.store.contents().values() if contents] == []
    else:
        assert told == {"compare-and-set": (True, False), "append": (None, None), "add": (None, None)}
        assert (world.now(read("c")), world.now(read("l")), world.now(read("n"))) == (1, (1, 2), 3.5)


@pytest.mark.parametrize("kind", STORES, ids=str)
def test_key_that_is_deleted_is_as_if_it_had_never_been_written(kind: StoreKind) -> None:
    world = StoreWorld(kind)
    world.now(write("k", "value"))
    assert world.now(delete("k")) is None
    assert world.now(read("k")) is None
    assert world.now(delete("never written")) is None
    assert world.now(write("k", "again")) is None
    assert world.now(read("k")) == "again"


@pytest.mark.parametrize("kind", [kind for kind in STORES if kind.name not in BY_VERSIONS], ids=str)
def test_sets_are_given_items_and_lose_them(kind: StoreKind) -> None:
    world = StoreWorld(kind)
    for request in (set_add("s", 1), set_add("s", 2), set_remove("s", 1), set_remove("s", 3)):
        assert world.now(request) is None
    assert world.now(read("s")) == frozenset({2})
    world.now(write("k", "text"))
    assert world.now(set_add("k", 1)) == world.now(set_remove("k", 1)) == "ServerError"


@pytest.mark.parametrize("kind", STORES, ids=str)
def test_operation_that_there_is_not_and_one_that_cannot_be_done_are_errors_and_do_nothing(
    kind: StoreKind,
) -> None:
    world = StoreWorld(kind)
    world.now(write("k", "text"))
    requests = [Request("no such operation", "k", 1), append("k", 1), add("k", 1)]
    assert [world.now(request) for request in requests] == ["ServerError"] * 3
    assert world.now(read("k")) == "text"
    assert world.now(write("k", "more")) is None  # nobody was hurt


@pytest.mark.parametrize("kind", STORES, ids=str)
def test_power_cut_of_all_hosts_when_the_client_is_told_takes_nothing_that_was_acknowledged(
    kind: StoreKind,
) -> None:
    """What is acknowledged is on as many disks as are needed to find it again."""
    world = StoreWorld(kind)
    told = world.ask(write("k", "value"))
    while told.time < 0.0:
        world.env.run(until=world.env.now + 0.0005)
    assert told.end is None
    hosts = [*world.hosts, world.monitor]
    for host in hosts:
        host.crash()
    world.at(world.env.now + 1.0, lambda: [host.restart() for host in hosts])
    world.env.run(until=world.env.now + 30.0)
    world.now(read("k"), patience=2.0)
    assert world.now(read("k")) == "value"
    assert set(world.held("k")) == {"value"}


class Turmoil:
    """Four clients write and read for 20 s while nodes crash, and links are cut or not, by the seed."""

    def __init__(self, kind: StoreKind, seed: int, *, cuts: bool, hosts_crash: bool) -> None:
        self.world = world = StoreWorld(kind, seed=seed)
        self.dice = world.env.stream("turmoil")
        self.recorder = HistoryRecorder(world.env)
        self.end = world.env.now + 20.0
        self.written = 0
        self.client_hosts = [Host(world.env, f"client-{number}") for number in range(4)]
        for host in self.client_hosts:
            world.env.process(self._use(self.recorder.around(world.store.client(host))))
        for node, host in zip(world.store.nodes, world.hosts, strict=True):
            world.env.process(self._crash([node, host] if hosts_crash else [node]))
        if cuts:
            world.env.process(self._cut())

    def _use(self, client: Any) -> Generator[Any, Any, None]:
        while self.world.env.now < self.end:
            self.written += 1
            is_read = self.dice.random() < 0.3
            # A write of "k" that is lost is hidden by the next one, those of other keys are not.
            key = f"written once, {self.written}" if self.written % 5 == 0 else "k"
            request = read("k") if is_read else write(key, self.written)
            with suppress(CallFailed), self.world.env.move_on_after(1.0):
                yield from client.call(request)
            yield float(self.dice.exponential(0.1))

    def _crash(self, what: list[Any]) -> Generator[Any, Any, None]:
        while self.world.env.now < self.end - 4.0:
            yield float(self.dice.exponential(6.0))
            crashed = what[int(self.dice.integers(len(what)))]
            crashed.crash()
            yield float(self.dice.exponential(1.0))
            crashed.restart()

    def _cut(self) -> Generator[Any, Any, None]:
        world = self.world
        everybody = [*world.all_hosts.values(), *self.client_hosts]
        while world.env.now < self.end - 4.0:
            yield float(self.dice.exponential(2.0))
            some = [host for host in everybody if self.dice.random() < 0.4]
            others = [host for host in everybody if host not in some]
            if some and others:
                rule = world.network.partition(some, others, one_way=bool(self.dice.random() < 0.5))
                yield float(self.dice.exponential(2.0))
                world.network.heal(rule)

    def history(self) -> tuple[Operation, ...]:
        """Run, and let all be well for long; return what the clients have seen."""
        self.world.env.run(until=self.end + 60.0)
        return self.recorder.history()


@pytest.mark.parametrize("kind", STORES, ids=str)
def test_who_finds_no_process_is_refused_and_what_he_asked_for_is_never_done(kind: StoreKind) -> None:
    world = StoreWorld(kind)
    world.now(write("k", "old"))
    ever = world.ever_held()
    for node in world.store.nodes:
        node.crash()
    asked = [world.ask(write("k", number), after=0.2 * number) for number in range(20)]
    world.env.run(until=world.env.now + 20.0)
    assert {told.end for told in asked} <= {"Refused", "Unavailable"}
    for node in world.store.nodes:
        node.restart()
    world.env.run(until=world.env.now + 20.0)
    assert ever <= {"old"}
    world.now(read("k"), patience=2.0)
    assert world.now(write("k", "new")) is None


@pytest.mark.slow
@pytest.mark.parametrize("kind", STORES, ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_what_was_unavailable_is_never_done_and_what_was_acknowledged_is_kept_where_that_is_promised(
    kind: StoreKind, seed: int
) -> None:
    """Hosts and processes crash, and links are cut."""
    turmoil = Turmoil(kind, seed, cuts=True, hosts_crash=True)
    ever = turmoil.world.ever_held(busy_until=turmoil.end + 5.0)
    history = turmoil.history()
    writes = [operation for operation in history if operation.kind == "write"]
    refused = {operation.value for operation in writes if operation.ending is Ending.FAILED}
    told = {operation.result for operation in history if operation.kind == "read"}
    assert refused & (ever | told) == set()
    assert len([operation for operation in writes if operation.ending is Ending.OK]) > 20
    if kind.name in KEPT_ON_DISKS:
        for contents in turmoil.world.store.contents().values():
            assert lost_writes(history, contents) == ()


@pytest.mark.slow
@pytest.mark.parametrize("kind", STORES, ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_what_was_acknowledged_survives_crashes_of_processes(kind: StoreKind, seed: int) -> None:
    turmoil = Turmoil(kind, seed, cuts=False, hosts_crash=False)
    history = turmoil.history()
    for contents in turmoil.world.store.contents().values():
        assert lost_writes(history, contents) == ()
