"""The database of one service: one transaction is one record, and a crash takes all of it or nothing."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from typing import Any

import pytest

from models import CallFailed, Host, Network, Request
from models.storage import Disk
from models.transactions import StoringNode
from models.transactions.local_store import DATA, INBOX
from simulator import Environment

SYNC_TIME = 0.002


class Keeper(StoringNode):
    """Writes what it is asked to, and answers when it is safe."""

    def answer(self, request: Request) -> Generator[Any, Any, Any]:
        yield from self._begin_request()
        self.store.write(request.value)
        yield from self.store.safe()


def keeper(**settings: Any) -> Keeper:
    env = Environment(seed=1)
    disk = Disk(Host(env, "host"), sync_time=SYNC_TIME, read_time=0.1)
    return Keeper(env, disk, Network(env), data={"a": 1}, name="keeper", **settings)


def write(node: Keeper, at: float, **values: Any) -> None:
    transaction = {(DATA, key): value for key, value in values.items()} | {(INBOX, at): "had"}

    def call() -> Generator[Any, Any, None]:
        with suppress(CallFailed):
            yield from node.call(Request(value=transaction))

    node.env.call_later(at, lambda: node.env.process(call()))


@pytest.mark.parametrize("is_host", [True, False])
def test_crash_takes_all_of_a_transaction_or_nothing(is_host: bool) -> None:
    node = keeper()
    write(node, 0.0, a=2, b=1)
    write(node, 0.5, b=None, c=1)
    what: Any = node.host if is_host else node
    node.env.call_later(0.501, what.crash)  # the second is written, and its sync under way
    node.env.call_later(0.6, what.restart)
    node.env.run(until=0.55)
    first, second = {"a": 2, "b": 1}, {"a": 2, "c": 1}
    assert node.data() == (first if is_host else second)
    assert node.store.surviving(INBOX) == ({0.0: "had"} if is_host else {0.0: "had", 0.5: "had"})
    node.env.run(until=2.0)
    assert node.store[DATA] == node.data() == (first if is_host else second)


def test_restart_reads_a_record_per_transaction_and_begins_with_what_there_was_at_first() -> None:
    node = keeper()
    for number in range(3):
        write(node, 0.1 * number, c=number)
    node.env.call_later(1.0, node.host.crash)
    node.env.call_later(2.0, node.host.restart)
    node.env.run(until=2.29)
    assert not node.is_awake
    node.env.run(until=2.31)
    assert node.is_awake
    assert node.store[DATA] == {"a": 1, "c": 2}


def test_destroyed_disk_takes_what_there_was_at_first_too() -> None:
    node = keeper()
    write(node, 0.0, b=1)
    node.env.call_later(1.0, node.store._disk.destroy)
    node.env.call_later(2.0, node.host.restart)
    node.env.run(until=3.0)
    assert node.store[DATA] == node.data() == {}


def test_what_was_given_at_first_is_copied() -> None:
    data = {"a": 1}
    env = Environment(seed=1)
    node = Keeper(env, Disk(Host(env, "host")), Network(env), data=data, name="keeper")
    data["a"] = 2
    assert node.data() == {"a": 1}


def test_what_was_read_after_a_crash_of_the_process_outlives_one_of_the_host() -> None:
    """It was only written; the restart syncs it before anybody sees it."""
    node = keeper()
    write(node, 0.0, b=1)
    node.env.call_later(0.001, node.crash)  # its sync is under way
    node.env.call_later(0.1, node.restart)
    node.env.run(until=1.0)
    assert node.store[DATA] == {"a": 1, "b": 1}
    node.host.crash()
    assert node.data() == {"a": 1, "b": 1}
