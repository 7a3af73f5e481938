"""Users on both sides of a cut: they read and change what everybody shares, and place orders.

On each side they come at random, `rate` requests a second: one half reads one of `ITEMS` items, a quarter
changes one, a quarter places an order under a number of its own. Each waits for `PATIENCE` seconds and does
not ask again. Every value is written once, so that each read names its write: "majority 17". An item tells
what is stale and what is not linearizable; an order, which nobody replaces, is there in the end or lost.

They go through one client of the store on each side, as a server's do through its driver.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from models import Call, Endpoint, Request, Wrapper
from models.consistency import HistoryRecorder
from models.replication import READ, WRITE, Store
from models.resilience import Timeout
from models.workload import OpenLoop, Operation, OperationMix, UniformKeys
from simulator import Environment, RequestTable

from .places import SIDES, Places, Side

ITEMS = 5
PATIENCE = 1.0
"""Seconds that a user waits for an answer."""

CHANGE, ORDER = "change", "order"


@dataclass(frozen=True, slots=True, kw_only=True)
class Users:
    """What users have seen: by side a table of operations "read", "change" and "order"; the history."""

    tables: dict[Side, RequestTable]
    recorder: HistoryRecorder


def admit_users(
    env: Environment, places: Places, store: Store, *, rate: float, writes_until: float, reads_until: float
) -> Users:
    """Let users come on both sides from now on, `rate` a second on each, until those times."""
    recorder = HistoryRecorder(env)
    tables: dict[Side, RequestTable] = {}
    for side in SIDES:
        client = recorder.around(Timeout(env, store.client(places.clients[side]), PATIENCE), site=side)
        readers = OpenLoop(
            env,
            client,
            rate=rate / 2.0,
            mix=OperationMix(Operation(name=READ)),
            keys=_items(UniformKeys(env, ITEMS, name=f"{side} reads/item")),
            until=reads_until,
            name=f"{side} reads",
        )
        OpenLoop(
            env,
            ChangesAndOrders(client, side),
            rate=rate / 2.0,
            mix=OperationMix(Operation(name=CHANGE), Operation(name=ORDER)),
            keys=_items(UniformKeys(env, ITEMS, name=f"{side} writes/item")),
            until=writes_until,
            table=readers.table,
            name=f"{side} writes",
        )
        tables[side] = readers.table
    return Users(tables=tables, recorder=recorder)


def is_order(key: Any) -> bool:
    """Say whether a key is that of an order."""
    return str(key).startswith(ORDER)


def _items(numbers: UniformKeys) -> Callable[[], str]:
    return lambda: f"item {numbers()}"


class ChangesAndOrders(Wrapper):
    """Makes of a change a write to its key, and of an order one to a new key, each of a value of its own."""

    def __init__(self, target: Endpoint, side: Side) -> None:
        super().__init__(target, name=f"writes of the {side}")
        self._side = side
        self._numbers = count(1)

    def call(self, request: Request) -> Call:
        """Write what is asked for."""
        value = f"{self._side} {next(self._numbers)}"
        key = f"{ORDER} {value}" if request.operation == ORDER else request.key
        return self.target.call(replace(request, operation=WRITE, key=key, value=value))
