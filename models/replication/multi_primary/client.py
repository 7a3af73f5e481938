"""A client of a multi-primary store: it goes to its nearest node, and to the next one when that fails it.

It is the driver in the client's process, or the balancer in front of a region's instance. Rules:

1. It calls one node: the nearest, in the order of the hosts where several are equally near. Without a
   `Failover` that is all.
2. A node that refuses, since its process is down, has done nothing: the next nearest is called at once, in
   the same call, and so on; only if all refuse is the call `Refused`.
3. A call that ends in another failure, or that its caller gives up, is not repeated: it may have been done.
   The next call goes to the next nearest node, and after a while one goes back to the first. A `ServerError`
   says that the request cannot be done, here or elsewhere, and moves nobody; nor does a late failure of a
   node that the client has left already.
4. It has no timeout of its own. A node that is cut off from others and not from its clients is no failure:
   that is the point of the store.

Whoever is moved to another node may not find there what was written at the first: neither read-your-writes
nor monotonic reads hold across nodes. Where siblings are kept it remembers, for each key, what it has last
read, in a scan too, and says so with its next write there. All of this is in memory, and begins anew with its
host. Source: Newman, "Building Microservices", chapter "Microservices at Scale": clients of the two instances
that each write to a database of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import inf
from typing import Any

from ...endpoint import Call, Endpoint
from ...failures import Refused, ServerError
from ...infrastructure import Host
from ...request import Request, Response
from ..operations import READING
from ..scans import Scanned
from ..versions import VersionVector
from .failover import Failover
from .requests import InContext

_NOTHING_SEEN = VersionVector()


class MultiPrimaryClient(Endpoint):
    """A client on `host` with `ways` to all nodes, the nearest first; made by `MultiPrimaryStore.client`."""

    def __init__(
        self,
        host: Host,
        ways: Sequence[Endpoint],
        failover: Failover | None,
        *,
        says_what_it_has_seen: bool,
        name: str,
    ) -> None:
        self.host: Host = host
        self.name = name
        self._ways = tuple(ways)
        self._failover = failover
        self._says_what_it_has_seen = says_what_it_has_seen
        self._start_afresh()
        host.on_restart(self._start_afresh, endpoint=self.serving)

    def _start_afresh(self) -> None:
        self._seen: dict[Any, VersionVector] = {}
        self._first = 0
        self._failed_at = -inf

    def call(self, request: Request) -> Call:
        """Answer `request` as the node does."""
        asked = request
        if self._says_what_it_has_seen and request.operation not in READING:
            seen = self._seen.get(request.key, _NOTHING_SEEN)
            asked = replace(request, value=InContext(request.value, seen))
        response = yield from self._ask(asked)
        found = response.value
        if isinstance(found, InContext):
            self._seen[request.key] = found.seen
            return Response(found.value, response.degraded, response.size_bytes, response.version)
        if self._says_what_it_has_seen and isinstance(found, Scanned):
            self._seen.update((key, told.seen) for key, told in found.items)
            scanned = Scanned(tuple((key, told.value) for key, told in found.items))
            return Response(scanned, response.degraded, response.size_bytes, response.version)
        return response

    def _ask(self, request: Request) -> Call:
        ways, first = self._ways, self._choose()
        for turn in range(len(ways)):
            try:
                return (yield from ways[(first + turn) % len(ways)].call(request))
            except Refused:
                if turn + 1 == len(ways) or self._failover is None:
                    raise
                self._leave(first + turn)
            except ServerError:
                raise
            except BaseException:
                self._leave(first + turn)
                raise
        raise AssertionError(f"{self.name} has nobody to call")

    def _choose(self) -> int:
        failover = self._failover
        if failover is not None and self.host.monotonic_clock() - self._failed_at >= failover.return_after:
            self._first = 0
        return self._first

    def _leave(self, way: int) -> None:
        """Turn to the one after `way`, unless another call has left it already."""
        if self._failover is not None:
            self._failed_at = self.host.monotonic_clock()
            if way % len(self._ways) == self._first:
                self._first = (way + 1) % len(self._ways)
