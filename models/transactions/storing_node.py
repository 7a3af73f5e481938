"""A process with a database of its own: what services, coordinators and orchestrators here are made of."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

from simulator import Environment

from ..network import Network
from ..nodes import Node
from ..storage import Disk
from ..validation import require_delay, require_kind
from .local_store import DATA, LocalStore


class StoringNode(Node):
    """A node on the host of `disk` with a database there that has `data` at first; derive from it.

    A request, and a message, cost `request_work` seconds on a core. What is in memory is read from the disk
    at each start (`Disk(read_time=...)` for each local transaction that there ever was). `settings` are those
    of `Node`.
    """

    __slots__ = ("request_work", "store")

    def __init__(
        self,
        env: Environment,
        disk: Disk,
        network: Network,
        *,
        data: Mapping[Any, Any] | None = None,
        request_work: float = 0.0,
        name: str,
        **settings: Any,
    ) -> None:
        require_kind("disk", disk, Disk)
        require_delay("request_work", request_work)
        if data is not None:
            require_kind("data", data, Mapping)
        self.request_work = request_work
        self.store = LocalStore(self, disk, data)
        super().__init__(env, disk.host, network, message_work=request_work, name=name, **settings)

    def remember(self) -> None:
        """Know nothing but what the database had at first; derived classes begin with this."""
        self.store.remember()

    def recover(self) -> Generator[Any, Any, None]:
        """Read the disk."""
        yield from self.store.recover()

    def data(self) -> dict[Any, Any]:
        """Return the data as they are on the disk now, whether or not the process is up; for observers."""
        return self.store.surviving(DATA)

    def _begin_request(self) -> Generator[Any, Any, None]:
        if self.request_work:
            yield from self.work(self.request_work)

    def read_safely(self, key: Any) -> Generator[Any, Any, Any]:
        """Return the value of a key of the data, when no crash can take it back any more."""
        value = self.store[DATA].get(key)
        yield from self.store.safe()
        return value
