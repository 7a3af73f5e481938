"""What a scan promises, of every store: what reads see, what has changed since a mark, and its failures."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from typing import Any

import pytest

from models import CallFailed, Host, ServerError
from models.consistency import HistoryRecorder
from models.consistency.linearizability import Verdict, check_linearizability
from models.replication import delete, read, scan, write
from models.replication.scans import AllKeys, GivenKeys, KeyRange, KeySet, Scanned
from tests.in_one_test import in_one_test

from .catalogue import STORES, StoreKind
from .store_world import HOP, StoreWorld
from .test_store_composition import WRAPPERS

WITH_MARKS = ("single", "asynchronous", "semi-synchronous", "synchronous", "raft")
"""Stores that have one order of all changes."""

KEYS = tuple("abcdef")


def scanned(world: StoreWorld, keys: KeySet, after: Any = None) -> dict[Any, Any]:
    """Return what a scan tells now, by key."""
    told = world.now(scan(keys, after))
    assert isinstance(told, Scanned), told
    assert len(dict(told.items)) == len(told.items)
    return dict(told.items)


@pytest.mark.parametrize("kind", STORES, ids=str)
def test_scan_tells_of_the_keys_that_it_is_about_what_reads_tell(kind: StoreKind) -> None:
    world = StoreWorld(kind)
    assert scanned(world, AllKeys()) == {}
    for key in KEYS:
        assert world.now(write(key, key.upper())) is None
    world.now(write("b", "again"))
    world.now(delete("c"))
    world.now(delete("never written"))
    told = {key: value for key in KEYS if (value := world.now(read(key))) is not None}
    assert told == {"a": "A", "b": "again", "d": "D", "e": "E", "f": "F"}
    assert scanned(world, AllKeys()) == told
    assert scanned(world, KeyRange("b", "e")) == {"b": "again", "d": "D"}
    assert scanned(world, GivenKeys(["f", "c", "a", "x"])) == {"f": "F", "a": "A"}
    assert scanned(world, GivenKeys([])) == {}


@pytest.mark.parametrize("kind", STORES, ids=str)
def test_write_that_was_acknowledged_is_in_the_next_scan_of_its_client(kind: StoreKind) -> None:
    world = StoreWorld(kind)
    for number in range(20):
        world.now(write(KEYS[number % 3], number))
        assert scanned(world, AllKeys())[KEYS[number % 3]] == number


@pytest.mark.parametrize("kind", STORES, ids=str)
def test_scan_after_a_mark_tells_exactly_what_has_changed_or_there_is_no_mark(kind: StoreKind) -> None:
    world = StoreWorld(kind)
    for key in KEYS:
        world.now(write(key, 1))
    mark = world.now(scan(AllKeys())).mark
    if kind.name not in WITH_MARKS:
        assert mark is None
        assert world.now(scan(AllKeys(), after=(0, 1))) == "ServerError"
        assert len(scanned(world, AllKeys())) == len(KEYS)  # nobody was hurt
        return
    assert scanned(world, AllKeys(), mark) == {}
    for request in (write("b", 2), delete("c"), write("new", 2), write("gone", 2), delete("gone")):
        world.now(request)
    changed = {"b": 2, "c": None, "new": 2, "gone": None}
    assert scanned(world, AllKeys(), mark) == changed
    assert scanned(world, KeyRange("c", "n"), mark) == {"c": None, "gone": None}
    assert scanned(world, GivenKeys(["a", "b"]), mark) == {"b": 2}
    later = world.now(scan(AllKeys(), mark)).mark
    assert scanned(world, AllKeys(), later) == {}
    assert scanned(world, AllKeys(), mark) == changed  # as often as one asks


@pytest.mark.parametrize("kind", STORES, ids=str)
def test_mark_that_is_none_of_the_store_is_an_error(kind: StoreKind) -> None:
    world = StoreWorld(kind)
    world.now(write("a", 1))
    for mark in ("mark", -1, 10_000, (0, 10_000)):
        assert world.now(scan(AllKeys(), mark)) == "ServerError"
    for mark in ((7, 0), (9, 9)):  # of an epoch to come, say, for which one would wait
        assert world.now(scan(AllKeys(), mark)) == ("Unavailable" if kind.has_monitor else "ServerError")
    assert scanned(world, AllKeys()) == {"a": 1}


@pytest.mark.parametrize("kind", STORES, ids=str)
@pytest.mark.parametrize(
    "trouble", ["all processes down", "all hosts down", "node a alone", "nodes b and c down"]
)
def test_scan_ends_as_a_read_does_when_nodes_are_away(kind: StoreKind, trouble: str) -> None:
    world = StoreWorld(kind)
    world.now(write("a", 1))
    if trouble == "all processes down":
        for node in world.store.nodes:
            node.crash()
    elif trouble == "all hosts down":
        for host in world.hosts:
            host.crash()
    elif trouble == "node a alone":
        for name in [*"bc"[: kind.host_count - 1], *(["monitor"] if kind.has_monitor else [])]:
            world.isolate(name)
    else:
        for host in world.hosts[1:]:
            host.crash()
    world.env.run(until=world.env.now + 5.0)
    world.now(read("a"), patience=8.0)  # a client that has to find out does so
    saw, told = world.now(read("a"), patience=8.0), world.now(scan(AllKeys()), patience=8.0)
    assert (told.items if isinstance(told, Scanned) else told) == ((("a", 1),) if saw == 1 else saw)


@pytest.mark.parametrize("kind", STORES, ids=str)
@in_one_test("name", [*WRAPPERS, "recorder"])
def test_wrapped_client_scans_as_the_client_does_and_as_soon(kind: StoreKind, name: str) -> None:
    ends = []
    for wrapped in (False, True):
        world = StoreWorld(kind)
        client = world.client
        if wrapped:
            wrap = WRAPPERS.get(name, lambda world, client: HistoryRecorder(world.env).around(client))
            client = wrap(world, client)
        world.now(write("k", "value"), client=client)
        told = world.ask(scan(AllKeys()), client=client)
        world.env.run(until=world.env.now + 1.0)
        assert told.end.items == (("k", "value"),)
        ends.append((told.end, told.time))
    assert ends[0] == ends[1]


@pytest.mark.parametrize("kind", STORES, ids=str)
@in_one_test("patience", [0.5 * HOP, 1.5 * HOP, 2.05 * HOP, 3.0 * HOP])
def test_callers_who_give_up_a_scan_leave_nothing_behind(kind: StoreKind, patience: float) -> None:
    world = StoreWorld(kind)
    world.now(write("k", "value"))
    before = world.life()
    for number in range(20):
        world.ask(scan(AllKeys()), after=0.01 * number, patience=patience)
    world.env.run(until=world.env.now + 20.0)
    assert world.life() == before
    for node in world.store.nodes:
        statistics = node.statistics()
        assert (statistics.in_service_count, statistics.waiting_count) == (0, 0)
    assert scanned(world, AllKeys()) == {"k": "value"}


class Copying:
    """Clients write and scan for 20 s in trouble, and one keeps a copy by what changed after its mark."""

    def __init__(self, kind: StoreKind, seed: int) -> None:
        self.world = world = StoreWorld(kind, seed=seed)
        self.dice = world.env.stream("copying")
        self.recorder = HistoryRecorder(world.env)
        self.end = world.env.now + 20.0
        self.written = 0
        self.copy: dict[Any, Any] = {}
        self.mark: Any = None
        self.change_scans = self.whole_scans = 0
        for number in range(3):
            client = world.store.client(Host(world.env, f"client-{number}"))
            world.env.process(self._use(self.recorder.around(client)))
        world.env.process(self._keep_copy(world.store.client(Host(world.env, "copier"))))
        for host in world.hosts:
            world.env.process(self._crash(host))
        world.env.process(self._cut())

    def _use(self, client: Any) -> Generator[Any, Any, None]:
        while self.world.env.now < self.end:
            self.written += 1
            key = KEYS[int(self.dice.integers(len(KEYS)))]
            drawn = self.dice.random()
            request = write(key, self.written)
            if drawn < 0.3:
                request = scan(AllKeys() if drawn < 0.15 else GivenKeys(KEYS))
            elif drawn < 0.4:
                request = read(key)
            with suppress(CallFailed), self.world.env.move_on_after(1.0):
                yield from client.call(request)
            yield float(self.dice.exponential(0.1))

    def _keep_copy(self, client: Any) -> Generator[Any, Any, None]:
        while True:
            with self.world.env.move_on_after(1.0):
                yield from self._bring_up_to_date(client)
            yield 0.3

    def _bring_up_to_date(self, client: Any) -> Generator[Any, Any, None]:
        try:
            told = (yield from client.call(scan(AllKeys(), self.mark))).value
        except ServerError:
            self.mark = None  # its history is another one now
            return
        except CallFailed:
            return
        if self.mark is None:
            self.copy = {}
            self.whole_scans += 1
        self.change_scans += self.mark is not None
        self.copy.update(told.items)
        self.mark = told.mark

    def _crash(self, host: Host) -> Generator[Any, Any, None]:
        while self.world.env.now < self.end - 4.0:
            yield float(self.dice.exponential(8.0))
            host.crash()
            yield float(self.dice.exponential(1.0))
            host.restart()

    def _cut(self) -> Generator[Any, Any, None]:
        world = self.world
        everybody = list(world.all_hosts.values())
        while world.env.now < self.end - 4.0:
            yield float(self.dice.exponential(2.0))
            some = [host for host in everybody if self.dice.random() < 0.4]
            others = [host for host in everybody if host not in some]
            if some and others:
                rule = world.network.partition(some, others, one_way=bool(self.dice.random() < 0.5))
                yield float(self.dice.exponential(2.0))
                world.network.heal(rule)


@pytest.mark.slow
@pytest.mark.parametrize("kind", STORES, ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_copy_that_is_kept_by_marks_is_the_store_in_the_end_and_scans_are_as_linearizable_as_it_is(
    kind: StoreKind, seed: int
) -> None:
    copying = Copying(kind, seed)
    world = copying.world
    world.env.run(until=copying.end + 30.0)
    copy = {key: value for key, value in copying.copy.items() if value is not None}
    assert scanned(world, AllKeys()) == copy
    assert (copying.change_scans > 30) == (kind.name in WITH_MARKS)
    history = copying.recorder.history()
    assert len([each for each in history if each.kind == "read"]) > 50
    if world.store.is_linearizable:
        assert check_linearizability(history).verdict is Verdict.LINEARIZABLE
