"""The ways from a host to the servers of a shard, and which of them is taken.

1. The first is the nearest; of several that are equally near the one whose turn it is, so that clients
   spread. After that, the one that answered last.
2. One that says that nothing was done (it is down, full, has no lease, or its store is out of its reach) is
   passed over: the next is asked in the same call, each once. `Moved` is an answer: no other server of the
   shard would serve it.
3. One that is silent, until the caller gives up or the connection breaks, or that does not know what its
   store has done (`TimedOut`, or in doubt), is not replaced in that call: what was asked may have been done.
   The next call goes to the next server.
4. Until somebody has answered again after silence, or after all have refused, they are suspect: perhaps
   nobody is there any more, and the table is old that names this shard.
"""

from __future__ import annotations

from collections.abc import Sequence

from simulator import Cancelled

from ..endpoint import Call, Endpoint
from ..failures import CallFailed, ServerError, TimedOut, Unavailable
from ..infrastructure import Host
from ..network import Locality, Network, locality
from ..request import Request
from .failures import Moved

_NEAREST_FIRST = list(Locality)


class Ways(Endpoint):
    """Connections from `host` to `servers`, at least one, of a shard; `turn` says who begins among equals."""

    __slots__ = ("_connections", "_preferred", "host", "is_suspect", "name", "servers")

    def __init__(
        self, network: Network, host: Host, servers: Sequence[Endpoint], turn: int, *, name: str
    ) -> None:
        self.host: Host = host
        self.name = name
        self.servers = servers
        self.is_suspect = False
        turned = [*servers[turn % len(servers) :], *servers[: turn % len(servers)]]
        turned.sort(key=lambda server: _NEAREST_FIRST.index(locality(host, _host_of(server))))
        self._connections = [network.connect(host, server) for server in turned]
        self._preferred = 0

    def call(self, request: Request) -> Call:
        """Answer `request` as one of the servers does."""
        first, count = self._preferred, len(self._connections)
        for turn in range(count):
            place = (first + turn) % count
            try:
                response = yield from self._connections[place].call(request)
            except Moved:
                self._preferred, self.is_suspect = place, False
                raise
            except ServerError:
                raise
            except (Cancelled, GeneratorExit, CallFailed) as end:
                if isinstance(end, CallFailed) and end.nothing_done:
                    if turn + 1 < count:
                        continue
                    self.is_suspect = True
                    raise
                self.is_suspect = not isinstance(end, TimedOut | Unavailable)
                if self._preferred == place or turn:  # unless another call has left it already
                    self._preferred = (place + 1) % count
                raise
            else:
                self._preferred, self.is_suspect = place, False
                return response
        raise AssertionError(f"{self.name} has nobody to call")


def _host_of(server: Endpoint) -> Host:
    assert server.host is not None
    return server.host
