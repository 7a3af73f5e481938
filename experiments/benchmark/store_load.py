"""The load of the two paths of stores: clients that write and read, each again as soon as it is answered."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from models import Endpoint, Host
from models.replication import Store, read, write
from simulator import Environment
from simulator.randomness import LogNormal

WRITERS, READERS = 4, 4
"""Clients; reader k reads what writer k writes."""

KEYS = 100
"""Of each writer, which it writes in turn."""

SYNC_TIME = 0.001
"""Seconds that a disk takes to sync."""

HOP = LogNormal.from_percentiles(p50=0.001, p99=0.003)
"""One way through the network, in seconds."""


def ask(
    env: Environment, store: Store, operations: int, writers: int, readers: int, *, reads_first: bool
) -> tuple[list[float], list[float]]:
    """Let clients do about so many operations, all alike; return the latencies of writes and of reads.

    With `reads_first` each begins with a read that does not count, and so knows whom to ask.
    """
    host = Host(env, "client")
    writes: list[float] = []
    reads: list[float] = []
    each = max(1, operations // (writers + readers))

    def client_asks(client: Endpoint, number: int, latencies: list[float]) -> Generator[Any, Any, None]:
        if reads_first:
            yield from client.call(read(None))
        for turn in range(each):
            key = (number, turn % KEYS)
            request = write(key, turn) if latencies is writes else read(key)
            start = env.now
            yield from client.call(request)
            latencies.append(env.now - start)

    clients = [(number, writes) for number in range(writers)] + [(number, reads) for number in range(readers)]
    asking = [env.process(client_asks(store.client(host), *client)) for client in clients]
    for process in asking:
        env.run(until=process)
    return writes, reads
