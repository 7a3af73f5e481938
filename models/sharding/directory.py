"""The directory: where the present routing table stands, and how it is replaced.

It is any linearizable store, of which one key holds the table: it is read by a read, and replaced by a
compare-and-set of the whole. So it is as available, and as consistent, as the store that was chosen: a single
node stands for ZooKeeper's users of old, Raft for config servers and etcd.

A directory that holds nothing yet stands for the table that the sharded store was set up with: everybody has
that from the files he was installed with, and nobody has to write it first.

Leaves out: who may replace it; watches (who wants to know asks again). Source: Annamalai et al., "Sharding
the Shards: Managing Datastore Locality at Scale with Akkio" (OSDI 2018), for a location service that is a
store of its own; MongoDB's documentation, "Config Servers".
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from ..endpoint import Endpoint, require_endpoint
from ..replication import compare_and_set, read
from ..validation import require_kind
from .routing_table import RoutingTable

TABLE_KEY = "routing table"


class Directory:
    """The directory as `client`, one of its store, reaches it; `first` is the table of the set-up.

    An observer is told by `note` of each table that was read, or was put there for certain.
    """

    __slots__ = ("_client", "_note", "first")

    def __init__(
        self, client: Endpoint, first: RoutingTable, *, note: Callable[[RoutingTable], object] | None = None
    ) -> None:
        require_endpoint("client", client)
        require_kind("first", first, RoutingTable)
        self._client = client
        self._note = note
        self.first = first

    def read(self) -> Generator[Any, Any, RoutingTable]:
        """Return the present table. Raises what the store's client raises."""
        response = yield from self._client.call(read(TABLE_KEY))
        table: RoutingTable = self.first if response.value is None else response.value
        if self._note is not None:
            self._note(table)
        return table

    def replace(self, old: RoutingTable, new: RoutingTable) -> Generator[Any, Any, bool]:
        """Put `new` in the place of `old`, and return whether that was the present one.

        Raises what the store's client raises: after `TimedOut`, `ConnectionLost` and `ServerError` nobody
        knows, and who reads again is told. Raises `ValueError` unless `new` is the version after `old`.
        """
        if new.version != old.version + 1:
            raise ValueError(f"version of the next table must be {old.version + 1}, got {new.version}")
        expected = None if old == self.first else old
        response = yield from self._client.call(compare_and_set(TABLE_KEY, expected, new))
        if response.value and self._note is not None:
            self._note(new)
        return bool(response.value)


def table_held(contents: Any, first: RoutingTable) -> RoutingTable:
    """Return the newest table in the `contents` of a directory's store: for observers."""
    held = [values[TABLE_KEY] for values in contents.values() if values.get(TABLE_KEY) is not None]
    return max(held, key=lambda table: table.version, default=first)
