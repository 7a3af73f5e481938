"""A process with a sharded store of many keys that is served while a shard is added, and how much it held.

Run as `python -m experiments.benchmark.sharded_keys_probe COUNT`: prints {"keys", "served", "wrong", "moved",
"peak_mib", "cpu_seconds"} as JSON.

So many keys, texts, are there from the beginning, on four shards of one node each. Clients read and write
keys of their own, so that each knows what a read has to give it. A fifth shard is added, and a mover gives it
a fifth of the ranges: their keys are written there, and deleted where they were, through the stores' logs.
When that is done the peak is that of the whole process, interpreter and libraries included.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any

from models import CallFailed, Endpoint, Host
from models.network import Network
from models.replication import SingleNodeStore, read, write
from models.sharding import ShardedStore, StoredKey, even_table
from models.sharding.mover import Even, Mover, MoverSettings
from simulator import Environment

from .own_process import measure_here, peak_mib

SHARDS = 4
"""To begin with; one is added."""

RANGES = SHARDS * (SHARDS + 1)
"""As many for each shard before, and after: large ones, since each move scans what its shard has."""

CLIENTS = 20
_PAUSE = 0.01  # seconds from an answer to the same client's next request
_WRITES = 0.3  # of all requests
_BEFORE, _STEP = 2.0, 0.25  # seconds that are served before anything moves; between two looks at the mover


class Clients:
    """Clients of `store` and of its keys, each of some of its own; of `served` answers `wrong` were wrong."""

    def __init__(self, env: Environment, store: ShardedStore, key_count: int) -> None:
        self.served = 0
        self.wrong = 0
        host = Host(env, "clients")
        for number in range(CLIENTS):
            env.process(self._ask(env, store.client(host), number, key_count))

    def _ask(
        self, env: Environment, client: Endpoint, number: int, key_count: int
    ) -> Generator[Any, Any, None]:
        draws = env.stream(f"client/{number}")
        written: dict[int, int] = {}
        left_open: set[int] = set()  # keys of which nobody knows what the last write has done
        while True:
            which = CLIENTS * int(draws.integers(key_count // CLIENTS)) + number
            is_write, value = draws.random() < _WRITES, self.served
            try:
                if is_write:
                    yield from client.call(write(key_of(which), value))
                    written[which] = value
                    left_open.discard(which)
                else:
                    response = yield from client.call(read(key_of(which)))
                    self.wrong += which not in left_open and response.value != written.get(which, which)
            except CallFailed:
                if is_write:
                    left_open.add(which)
            else:
                self.served += 1
            yield _PAUSE


def key_of(number: int) -> str:
    """Return the key that had `number` as its value at the beginning."""
    return f"customer {number}"


def serve_and_move(count: int) -> tuple[ShardedStore, Clients, Mover]:
    """Let `count` keys (>= 20) be served, and a fifth of them moved to a new shard, until all have moved."""
    env = Environment(seed=1)
    network = Network(env)
    store = _store(env, network, count)
    clients = Clients(env, store, count)
    env.run(until=_BEFORE)
    store.add_shard("new", SingleNodeStore(env, network, Host(env, "new"), name="new"))
    settings = MoverSettings(batch_size=1_000)
    mover = Mover(env, Host(env, "mover"), store, goal=Even(store.shards), settings=settings)
    while not mover.is_settled:
        env.run(until=env.now + _STEP)
    return store, clients, mover


def _store(env: Environment, network: Network, count: int) -> ShardedStore:
    names = [f"shard-{number}" for number in range(1, SHARDS + 1)]
    table = even_table(names, range_count=RANGES)
    contents: dict[str, dict[StoredKey, int]] = {name: {} for name in names}
    for number in range(count):
        key = key_of(number)
        _, owner = table.find(key)
        contents[owner.shard][StoredKey(owner.epoch, key)] = number
    shards = {
        name: SingleNodeStore(env, network, Host(env, name), contents=contents[name], name=name)
        for name in names
    }
    directory = SingleNodeStore(env, network, Host(env, "directory"), name="directory")
    return ShardedStore(env, network, shards=shards, directory=directory, table=table)


def serve_and_measure(count: int) -> dict[str, float]:
    """Do that, and return what was done, the peak in MiB, and the CPU seconds of it all."""
    start = time.process_time()
    _, clients, mover = serve_and_move(count)
    return {
        "keys": count,
        "served": clients.served,
        "wrong": clients.wrong,
        "moved": mover.move_statistics().first_count,
        "peak_mib": peak_mib(),
        "cpu_seconds": time.process_time() - start,
    }


if __name__ == "__main__":
    measure_here(serve_and_measure)
