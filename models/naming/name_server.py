"""A name server: answers which addresses a name has, and for how long that may be believed.

It is the authority for its names, a DNS provider's or one's own. What is registered (`add`, `remove`) is in
the zone's file and stays; which addresses are taken to be well (`set_healthy`, told by health checks that
start where the server stands) is in memory, and all are when it starts again. Where none is well the answer
has all of them: a check that finds everything ill is wrong more often than not, and no address at all helps
nobody (Route 53 does the same).

Each answer begins with the next address in turn (`rotates`), so that clients that take the first one are
spread. Answering takes no time and costs no core.

Who has an answer keeps it for its time to live: news of an address that is gone reaches nobody earlier, and
nor does that of the first one of a name which had none (a negative answer, which is kept for as long here).
See `resolver` for the caches on the way, and `by_name` for the client's.

Source: RFC 1034 and 1035 (time to live, caches), RFC 2308 (negative answers, whose time to live is one of its
own there), RFC 1794 (rotation, "DNS support for load balancing"); AWS, "How Amazon Route 53 chooses records
when health checking is configured". Leaves out: delegation, zone transfers, truncation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from simulator import Environment

from ..endpoint import Call, Endpoint, require_endpoint
from ..failures import ServerError
from ..infrastructure import Host
from ..request import Request, Response
from ..validation import require_time

RESOLVE = "resolve"
"""The operation of a query; its key is the name."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """An answer: the endpoints that a name stands for, in order, to be believed for `ttl` seconds."""

    endpoints: tuple[Endpoint, ...]
    ttl: float

    def turned(self, count: int) -> Addresses:
        """Return the same with the order turned by `count` places."""
        place = count % len(self.endpoints)
        return Addresses(self.endpoints[place:] + self.endpoints[:place], self.ttl)


class NameServer(Endpoint):
    """Answers for one `name` with those of its `addresses` that are well, each believed for `ttl` seconds.

    `addresses` are the endpoints that clients are to call, each on a host; `ttl` is >= 0, and 0 means "for
    this one request". `host` is where the server runs, if its own fate matters. A query for another name is
    a `ServerError`.

    Example::

        names = NameServer(env, "shop", [balancer_a, balancer_b], ttl=60.0, host=provider)
        shop = ByName(env, network, client, network.connect(client, names), "shop")
    """

    def __init__(
        self,
        env: Environment,
        name: str,
        addresses: Iterable[Endpoint],
        *,
        ttl: float,
        rotates: bool = True,
        host: Host | None = None,
    ) -> None:
        """Register `addresses` for `name`."""
        require_time("ttl", ttl)
        self.name = name
        self.host = host
        self.ttl = ttl
        self.rotates = rotates
        self._healthy: dict[Endpoint, bool] = {}
        self._turn = 0
        self._query_count = 0
        self._on_changed: list[Callable[[], object]] = []
        self._on_afresh: list[Callable[[], object]] = []
        for address in addresses:
            self.add(address)
        if host is not None:
            host.on_restart(self._start_afresh, endpoint=self)

    def call(self, request: Request) -> Call:
        """Answer a query with `Addresses`."""
        yield from ()
        if request.operation != RESOLVE or request.key != self.name:
            raise ServerError(f"{self.name}: no such name as {request.key!r} ({request.operation})")
        self._query_count += 1
        answer = Addresses(self.available, self.ttl)
        if self.rotates and answer.endpoints:
            answer = answer.turned(self._turn)
            self._turn += 1
        return Response(answer)

    # -- what it knows; the same names as a balancer's, since the same checks tell it

    @property
    def targets(self) -> tuple[Endpoint, ...]:
        """The addresses that are registered, well or not, in the order in which they were added."""
        return tuple(self._healthy)

    @property
    def available(self) -> tuple[Endpoint, ...]:
        """Those that an answer has: the ones that are well, or all where none is."""
        return tuple(each for each, is_healthy in self._healthy.items() if is_healthy) or self.targets

    def add(self, address: Endpoint) -> None:
        """Register an address. Raises `ValueError` if it is there already, or stands on no host."""
        require_endpoint("address", address)
        if address.host is None:
            raise ValueError(f"address must stand on a host, got {address.name!r} on none")
        if address in self._healthy:
            raise ValueError(f"address must not be registered already, got {address.name!r}")
        self._healthy[address] = True
        self._changed()

    def remove(self, address: Endpoint) -> None:
        """Take an address out; who has it may keep it for its time to live. Raises `ValueError` for none."""
        self._require(address)
        del self._healthy[address]
        self._changed()

    def set_healthy(self, address: Endpoint, is_healthy: bool) -> None:
        """Say whether health checks take an address to be well. Raises `ValueError` for none of its own."""
        self._require(address)
        self._healthy[address] = is_healthy

    def on_changed(self, function: Callable[[], object]) -> None:
        """Call `function()` whenever an address has been added or removed."""
        self._on_changed.append(function)

    def on_afresh(self, function: Callable[[], object]) -> None:
        """Call `function()` whenever the server has begun anew with its host or process."""
        self._on_afresh.append(function)

    def _require(self, address: Endpoint) -> None:
        if address not in self._healthy:
            raise ValueError(f"address must be registered for {self.name!r}, got {address.name!r}")

    def _changed(self) -> None:
        for function in self._on_changed:
            function()

    def _start_afresh(self) -> None:
        self._healthy = dict.fromkeys(self._healthy, True)
        self._turn = 0
        for function in self._on_afresh:
            function()

    @property
    def query_count(self) -> int:
        """How many queries it has answered so far."""
        return self._query_count
