"""By name: a client that calls whatever a name stands for, as far as it knows.

The client asks for the name when it has nothing that it believes, and calls the first of the addresses that
it was given, until its answer is too old (see `lookup`). An address that has died since is called all the
same: a short time to live is what failover by DNS takes, and a client that keeps answers longer than it was
told (`ttl_min`; infinity, as a Java runtime with a security manager did) is lost with the address that it
knows.

With `next_on` the client helps itself: where a call to an address ends in one of these failures, it calls the
next, and the one that failed goes to the end of its list. That repeats a request, so it should name failures
after which nothing was done (`Refused`), or requests that may be repeated; and since a dead host says nothing
at all, there must be a timeout inside (`around`) for it to act on. The failure of the last address is then
`in_doubt` (see `models.failures`).

Source: RFC 1034; RFC 6724 and RFC 8305 for going through a list of addresses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simulator import Environment

from ..endpoint import Call, Endpoint, require_endpoint
from ..failures import CallFailed, Refused, in_doubt
from ..infrastructure import Host
from ..network import Connection, Network
from ..request import Request
from .lookup import Lookup
from .name_server import Addresses


@dataclass(frozen=True, slots=True, kw_only=True)
class ByNameStatistics:
    """Of `call_count` calls, `unresolved_count` found no address; `next_count` times the next one was tried.

    `question_count` times the name was looked up.
    """

    call_count: int
    unresolved_count: int
    next_count: int
    question_count: int


class ByName(Endpoint):
    """Calls from `source` what `name` stands for, as `server` (a name server, or a resolver) says.

    `around` makes what stands around the connection to each address, `connecting` is for `Network.connect`.
    `next_on` are the failures after which the next address is tried, by default none. A name that cannot be
    looked up within `patience` (> 0) seconds makes the call `Refused`, unless it `serves_stale`. An answer is
    believed for its time to live, and at least for `ttl_min` (>= 0) seconds.

    Example::

        shop = ByName(
            env,
            network,
            client,
            network.connect(client, resolver),
            "shop",
            around=lambda way: Timeout(env, way, 0.5),
            next_on=(Refused, TimedOut),
        )
    """

    def __init__(
        self,
        env: Environment,
        network: Network,
        source: Host,
        server: Endpoint,
        name: str,
        *,
        around: Callable[[Connection], Endpoint] | None = None,
        next_on: tuple[type[CallFailed], ...] = (),
        ttl_min: float = 0.0,
        patience: float = 2.0,
        serves_stale: bool = False,
        **connecting: Any,
    ) -> None:
        """Know nothing."""
        require_endpoint("server", server)
        _require_failures(next_on)
        self.host = source
        self.name = f"{source.name}->{name}"
        self.next_on = next_on
        self._network = network
        self._source = source
        self._around = around
        self._connecting = connecting
        self._lookup = Lookup(
            env,
            server,
            name,
            host=source,
            whose=self,
            ttl_min=ttl_min,
            patience=patience,
            serves_stale=serves_stale,
        )
        self._ways: dict[Endpoint, Endpoint] = {}
        self._answer: Addresses | None = None
        self._order: list[Endpoint] = []
        self._call_count = 0
        self._unresolved_count = 0
        self._next_count = 0

    def call(self, request: Request) -> Call:
        """Answer as the address does that is called, or the next one."""
        self._call_count += 1
        answer = self._lookup.believed()
        if answer is None:
            try:
                answer = yield from self._lookup.find()
            except Refused:
                self._unresolved_count += 1
                raise
        if answer is not self._answer:
            self._answer = answer
            self._order = list(answer.endpoints)
        return (yield from self._call_in_turn(tuple(self._order), request))

    def _call_in_turn(self, addresses: tuple[Endpoint, ...], request: Request) -> Call:
        nothing_done = True
        for place, address in enumerate(addresses, 1):
            try:
                return (yield from self._way(address).call(request))
            except CallFailed as failure:
                nothing_done = nothing_done and failure.nothing_done
                is_passed_over = isinstance(failure, self.next_on)
                if is_passed_over:
                    self._put_last(address)
                if not is_passed_over or place == len(addresses):
                    raise (failure if nothing_done else in_doubt(failure)) from None
                self._next_count += 1
        self._unresolved_count += 1
        raise Refused(f"{self.name} has no address")

    def _way(self, address: Endpoint) -> Endpoint:
        way = self._ways.get(address)
        if way is None:
            connection = self._network.connect(self._source, address, **self._connecting)
            way = connection if self._around is None else self._around(connection)
            self._ways[address] = way
        return way

    def _put_last(self, address: Endpoint) -> None:
        # Another call may have had a new answer meanwhile, without this address.
        if address in self._order:
            self._order.remove(address)
            self._order.append(address)

    def statistics(self) -> ByNameStatistics:
        """Return what has happened so far."""
        return ByNameStatistics(
            call_count=self._call_count,
            unresolved_count=self._unresolved_count,
            next_count=self._next_count,
            question_count=self._lookup.question_count,
        )


def _require_failures(kinds: object) -> None:
    if not isinstance(kinds, tuple) or not all(
        isinstance(kind, type) and issubclass(kind, CallFailed) for kind in kinds
    ):
        raise TypeError(f"next_on must be a tuple of CallFailed classes, got {kinds!r}")
