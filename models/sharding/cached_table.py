"""A process's copy of the routing table: read from the directory, by one question at a time.

Whoever wants a newer table while the directory is being asked waits for that answer, and asks again himself
where it has not brought what he needs: a thousand requests for a range that has moved are one read. A table
that is older than the one that is there, or another one of its version, as a directory may tell that has lost
its disk, is not taken, and confirms nothing.
"""

from __future__ import annotations

from collections.abc import Generator
from math import inf
from typing import Any

from simpy import Event

from simulator import Environment

from ..failures import CallFailed
from ..infrastructure import Host
from .directory import Directory
from .routing_table import RoutingTable


class CachedTable:
    """What a process on `host` knows of the table in `directory`, which it asks for up to `timeout` s.

    `table` is `None` until the first answer. `asked_at` is when, by the host's monotonic clock, the question
    was sent that has confirmed it last, and `lease_end` is `lease` (s, may be infinite) later. `read_count`
    questions were asked.
    """

    __slots__ = (
        "_answered",
        "_directory",
        "_env",
        "_host",
        "_lease",
        "_timeout",
        "asked_at",
        "lease_end",
        "read_count",
        "table",
    )

    def __init__(
        self, env: Environment, host: Host, directory: Directory, timeout: float, lease: float = inf
    ) -> None:
        self._env = env
        self._host = host
        self._directory = directory
        self._timeout = timeout
        self._answered: Event | None = None
        self.table: RoutingTable | None = None
        self._lease = lease
        self.asked_at = self.lease_end = -inf
        self.read_count = 0

    def refresh(self) -> Generator[Any, Any, None]:
        """Ask the directory, or wait until it has answered whoever asks it now; it may have failed to."""
        if self._answered is not None:
            yield self._answered
            return
        self._answered = answered = self._env.event()
        try:
            yield from self._read()
        finally:
            self._answered = None
            answered.succeed()

    def _read(self) -> Generator[Any, Any, None]:
        self.read_count += 1
        asked_at = self._host.monotonic_clock()
        table = None
        try:
            with self._env.move_on_after(self._timeout / self._host.clock_rate):
                table = yield from self._directory.read()
        except CallFailed:
            pass
        present = self.table
        if table is None:
            return
        if present is None or present.version < table.version:
            self.table = table
        elif table != present:
            return
        self.asked_at, self.lease_end = asked_at, asked_at + self._lease
