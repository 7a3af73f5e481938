"""A client of a quorum store: sends each request to a node, or coordinates by itself.

It calls its contacts in turn, by default those nodes that are equally near and nearest; one that refuses,
since its process is down, is passed over for the next, and only if all do is the call `Refused`. It has no
time-out of its own: a contact on a host that is down, or cut off, is waited for until the caller gives up.
What it remembers, in memory, so that it begins anew with its host: where the client's clock decides, its last
timestamp (they always grow); where siblings are kept, what it has last read of each key, in a scan too, which
it says with its next write there. So to read before one writes replaces what was read, and to write without
having read adds a sibling.

Source: the policies of Cassandra's drivers (local nodes in turn, the next one on a connection error;
monotonic timestamps); DeCandia et al., "Dynamo" (SOSP 2007), section 4.4, for the context.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any

from ...endpoint import Call, Endpoint
from ...failures import Refused
from ...infrastructure import Host
from ...request import Request, Response
from ..operations import READING
from ..scans import Scanned
from ..versions import VersionVector, next_timestamp
from .cluster import Cluster
from .levels import Level
from .requests import QuorumRequest, SiblingsRead, extended
from .settings import Versioning


class QuorumClient(Endpoint):
    """A client on `host` that reaches coordinators by `ways`, at levels of its own or the store's."""

    def __init__(
        self,
        host: Host,
        cluster: Cluster,
        ways: Sequence[Endpoint],
        *,
        read_level: Level | int | None,
        write_level: Level | int | None,
        name: str,
    ) -> None:
        settings = cluster.settings
        if read_level is not None:
            settings.require_level("read_level", read_level, is_read=True)
        if write_level is not None:
            settings.require_level("write_level", write_level, is_read=False)
        self.host: Host = host
        self.name = name
        self._cluster = cluster
        self._ways = tuple(ways)
        self._read_level = read_level
        self._write_level = write_level
        self._start_afresh()
        host.on_restart(self._start_afresh, endpoint=self.serving)

    def _start_afresh(self) -> None:
        self._turn = 0
        self._last_timestamp = -inf
        self._seen: dict[Any, VersionVector] = {}

    def call(self, request: Request) -> Call:
        """Send `request` to a coordinator, with what has to be said with it."""
        request = self._complete(request)
        ways = self._ways
        self._turn += 1
        for attempt in range(len(ways)):
            try:
                response = yield from ways[(self._turn + attempt) % len(ways)].call(request)
            except Refused:
                if attempt + 1 == len(ways):
                    raise
            else:
                return self._remembered(request.key, response)
        raise AssertionError(f"{self.name} has nobody to call")

    def _complete(self, request: Request) -> Request:
        is_read = request.operation in READING
        settings = self._cluster.settings
        timestamp = seen = None
        if settings.versioning is Versioning.CLIENT_CLOCK and not is_read:
            timestamp = self._last_timestamp = next_timestamp(self.host.clock(), self._last_timestamp)
        elif settings.versioning is Versioning.SIBLINGS and not is_read:
            seen = self._seen.get(request.key)
        if isinstance(request, QuorumRequest) and request.level is not None:
            settings.require_level("level", request.level, is_read=is_read)
        level = self._read_level if is_read else self._write_level
        if level is None and timestamp is None and seen is None:
            return request
        return extended(request, level=level, timestamp=timestamp, seen=seen)

    def _remembered(self, key: Any, response: Response) -> Response:
        read = response.value
        if isinstance(read, SiblingsRead):
            self._seen[key] = read.seen
            return Response(read.value, response.degraded, response.size_bytes, read.seen)
        if isinstance(read, Scanned) and self._cluster.settings.versioning is Versioning.SIBLINGS:
            self._seen.update((each, told.seen) for each, told in read.items)
            scanned = Scanned(tuple((each, told.value) for each, told in read.items))
            return Response(scanned, response.degraded, response.size_bytes)
        return response
