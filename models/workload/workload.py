"""What every workload has in common: it starts when made, issues requests until a time, and records them.

A workload starts on construction, as a SimPy process does: there is no `start()` that one can forget. It
issues nothing at or after `until`; what is in flight then is answered as usual, so that `env.run()` without a
time drains the system.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator
from math import inf
from typing import Any

from simulator import Environment, RequestTable

from ..endpoint import Endpoint
from .client import Client


class Workload(ABC):
    """Issues requests to a target; base of `OpenLoop`, `ClosedLoop` and `TraceReplay`.

    `name` (also the prefix of the names of its random streams, so that two workloads in one environment need
    two names), `client`, `table` (a new one if none is given), `until` (seconds of simulated time; infinity:
    for ever). `done` is a process that ends when the last request has been issued. A subclass sets up what it
    needs and then calls `_start`. Raises `ValueError` for an `until` that is not in the future.
    """

    def __init__(
        self, env: Environment, target: Endpoint, *, until: float, table: RequestTable | None, name: str
    ) -> None:
        """Check `until` and make the client; issue nothing yet."""
        if not until > env.now:
            raise ValueError(f"until must be > {env.now} s, the present time, got {until!r}")
        self._env = env
        self.name = name
        self.until = inf if until == inf else float(until)
        self.client = Client(env, target, table=table, name=name)
        self.table = self.client.table

    @property
    def issued(self) -> int:
        """Requests that this workload has sent so far; `table.issued` is that of all who share the table."""
        return self.client.issued

    @property
    def in_flight(self) -> int:
        """Requests that this workload has sent and that have not ended."""
        return self.client.in_flight

    def _start(self) -> None:
        self.done = self._env.process(self._issue_all(), f"{self.name} (issuing)")

    @abstractmethod
    def _issue_all(self) -> Generator[Any, Any, None]:
        """Issue all requests; the process that `done` is."""
