"""A server with a log on a disk that takes 4 ms a sync, and a client beside it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from typing import Any

from models import Host, Network, Request
from models.failures import ConnectionLost, Refused
from models.nodes import Node
from models.storage import Disk, DurabilityPolicy, Log
from simulator import Environment

SYNC_TIME = 0.004


class Writer(Node):
    """Appends what it is asked to, and notes when it was acknowledged."""

    def __init__(self, env: Environment, host: Host, policy: DurabilityPolicy, disk: Disk) -> None:
        self.log: Log[Any] = Log(self, disk, policy)
        self.acknowledged: list[tuple[float, Any]] = []
        super().__init__(env, host, Network(env, latencies=0.0), name="writer")

    def answer(self, request: Request) -> Generator[Any, Any, None]:
        position = self.log.append(request.value)
        yield from self.log.commit(position)
        self.acknowledged.append((self.env.now, request.value))


class Desk:
    """One writer on one host; `write` asks it, from outside, at a time."""

    def __init__(self, policy: DurabilityPolicy, **disk_settings: Any) -> None:
        self.env = Environment(seed=1)
        self.host = Host(self.env, "server")
        self.disk = Disk(self.host, **{"sync_time": SYNC_TIME, **disk_settings})
        self.writer = Writer(self.env, self.host, policy, self.disk)
        self.log = self.writer.log

    def write(self, value: Any, at: float = 0.0) -> None:
        self.env.call_later(at, lambda: self.env.process(self._write(value)))

    def _write(self, value: Any) -> Generator[Any, Any, None]:
        # Nobody waits for a host that has crashed.
        with suppress(ConnectionLost, Refused), self.env.move_on_after(1.0):
            yield from self.writer.call(Request("write", value=value))
