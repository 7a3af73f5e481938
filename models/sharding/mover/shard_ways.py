"""How a mover reaches the servers of shards, and what it may ask twice.

Servers of a shard stand for each other, since all of them are clients of one store. So what changes nothing,
or nothing that lives, is asked of the next where one has failed: an export, a drop. An import is only where
it is known that nothing was done, or that what was done may be done again: `Unavailable`, and what never got
as far as the server. After anything else the attempt is over, as its writes may come when others have been
made that they would take back.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any

from simulator import PARKED, CallFailed

from ...endpoint import Endpoint
from ...failures import ServerError
from ...request import Request, Response
from ..failures import Moved
from ..requests import hear

if TYPE_CHECKING:
    from ...nodes import Node

_PAUSE = 0.05  # s between rounds through all servers of a shard that have failed at once


class ShardUnreachable(Exception):
    """No server of a shard has done what was asked, in time or for certain."""


class ShardWays:
    """Ways from `node` to the servers of shards; `servers_of(shard)` says which these are."""

    __slots__ = ("_believed", "_node", "_servers_of", "_ways")

    def __init__(self, node: Node, servers_of: Callable[[str], Sequence[Endpoint]]) -> None:
        self._node = node
        self._servers_of = servers_of
        self._ways: dict[Endpoint, Endpoint] = {}
        self._believed: dict[str, int] = {}

    def to(self, shard: str) -> list[Endpoint]:
        """Return the ways to the servers that `shard` has now."""
        node, ways = self._node, self._ways
        servers = self._servers_of(shard)
        for server in servers:
            if server not in ways:
                ways[server] = node.network.connect(node.host, server)
        return [ways[server] for server in servers]

    def ask(self, shard: str, request: Request, patience: float) -> Generator[Any, Any, Response]:
        """Ask one server after the other, each for up to `patience` s, until one answers.

        Raises `ShardUnreachable` when none has within so long for each, `ServerError` where one has found it
        impossible, such as a mark that it does not know.
        """
        return self._ask(shard, request, patience, is_safe=lambda failure: True)

    def ask_once(self, shard: str, request: Request, patience: float) -> Generator[Any, Any, Response]:
        """Ask one server after the other until one may have done it. Raises `ShardUnreachable` then, too."""
        return self._ask(shard, request, patience, is_safe=_has_done_nothing)

    def _ask(
        self, shard: str, request: Request, patience: float, *, is_safe: Callable[[CallFailed], bool]
    ) -> Generator[Any, Any, Response]:
        env, host = self._node.env, self._node.host
        ways = self.to(shard)
        end = host.monotonic_clock() + patience * len(ways)
        place, failed_count = self._believed.get(shard, 0), 0
        while (left := end - host.monotonic_clock()) > 0.0:
            try:
                with env.fail_after(min(patience, left) / host.clock_rate):
                    response: Response = yield from ways[place % len(ways)].call(request)
            except ServerError:
                raise
            except CallFailed as failure:
                if not is_safe(failure):
                    raise ShardUnreachable(f"{shard}: {failure}") from None
            else:
                self._believed[shard] = place
                return response
            place = (place + 1) % len(ways)
            failed_count += 1
            if failed_count % len(ways) == 0:
                yield _PAUSE / host.clock_rate
        raise ShardUnreachable(f"no server of {shard} has answered, each within {patience:g} s")

    def hear(self, shard: str, version: int, until: float, patience: float) -> Generator[Any, Any, None]:
        """Let all servers of `shard` hear of a table, and wait until they have, or `until` then by the clock.

        A server that does not answer within `patience` seconds is asked again. Who has heard is asked first
        afterwards: another one may be down.
        """
        hearing = _Hearing(self._node, hear(version), until, patience)
        ways = self.to(shard)
        yield from hearing.run(ways)
        if hearing.heard and self._believed.get(shard, 0) % len(ways) not in hearing.heard:
            self._believed[shard] = hearing.heard[0]


class _Hearing:
    """A question to all at once, each until it has answered; `heard` are the places of those that have."""

    __slots__ = ("_node", "_parent", "_patience", "_request", "_until", "_way_count", "heard")

    def __init__(self, node: Node, request: Request, until: float, patience: float) -> None:
        self._node = node
        self._request = request
        self._until = until
        self._patience = patience
        self.heard: list[int] = []

    def run(self, ways: Sequence[Endpoint]) -> Generator[Any, Any, None]:
        node, host = self._node, self._node.host
        self._way_count = len(ways)
        self._parent: Any = node.env.active_process
        processes = [node.run(self._ask(place, way), "hearing") for place, way in enumerate(ways)]
        try:
            # Where nobody is known, all the time: there may be somebody. The clock may change its rate.
            while not self._have_all_heard and (left := self._until - host.monotonic_clock()) > 0.0:
                if node.env.now + left / host.clock_rate == node.env.now:
                    break  # less than the simulated time can tell
                with node.env.move_on_after(left / host.clock_rate):
                    yield PARKED
        finally:
            self._parent = None
            for process in processes:
                process.kill()

    @property
    def _have_all_heard(self) -> bool:
        return 0 < self._way_count == len(self.heard)

    def _ask(self, place: int, way: Endpoint) -> Generator[Any, Any, None]:
        node = self._node
        while True:
            try:
                with node.env.fail_after(self._patience / node.host.clock_rate):
                    yield from way.call(self._request)
                break
            except CallFailed:
                yield _PAUSE / node.host.clock_rate
        self.heard.append(place)
        if self._have_all_heard and self._parent is not None:
            node.env.wake(self._parent)


def _has_done_nothing(failure: CallFailed) -> bool:
    return failure.nothing_done and not isinstance(failure, Moved)
