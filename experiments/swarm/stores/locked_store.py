"""A resource behind locks, as a store: whoever reads or changes a key there has the lock of that key.

To read: get the lock, read, let go. To change: get the lock, read, think for a while, write what comes of
that, let go. The resource compares nothing but tokens, so that one change is not lost in another is the
work of locks and tokens alone. With tokens on reads and writes it is linearizable, whatever clients and their
clocks do: between a read and its write nothing with another token has been let in, and of two tokens the
later one has begun later. A change that does not get so far as to write has no effect (`Unavailable`, or
`Rejected` by the resource), and of a write without an answer nobody knows.

`Sections` sees all clients at once, and keeps what an observer can say of them.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from models import Call, CallFailed, Endpoint, Host, Network, Request, Response, Unavailable
from models.consensus import FencedResource, LockClient, LockService
from models.consensus.lock_service import HeldLock, LockNode, fenced_read, fenced_write
from models.replication import READ, Store, effect_of
from simulator import Environment

_LOOK_EVERY = 0.005  # s, while two are inside: who has lost the trust of his clock may get it back


@dataclass(frozen=True, slots=True)
class Grant:
    """A lock that was asked for and given, at these times (s), under a token."""

    lock: str
    client: str
    asked_at: float
    given_at: float
    token: int


@dataclass(slots=True)
class Sections:
    """Who has been given which lock (`grants`), and when two first said that they held one (`two_held`).

    `keys` are those under the locks that were given.
    """

    env: Environment
    grants: list[Grant] = field(default_factory=list)
    keys: dict[Any, None] = field(default_factory=dict)
    two_held: tuple[float, str] | None = None
    _inside: dict[str, dict[str, HeldLock]] = field(default_factory=dict)

    def enter(self, client: str, key: Any, held: HeldLock, asked_at: float) -> None:
        """Note that a client has been given the lock of a key, and look who holds it."""
        self.keys[key] = None
        self.grants.append(Grant(held.lock, client, asked_at, self.env.now, held.token))
        inside = self._inside.setdefault(held.lock, {})
        inside[client] = held
        if len(inside) > 1:
            self._look(held.lock)

    def leave(self, client: str, lock: str) -> None:
        """Note that a client has done with a lock."""
        inside = self._inside[lock]
        del inside[client]
        if not inside:
            del self._inside[lock]

    def _look(self, lock: str) -> None:
        inside = self._inside.get(lock, {})
        holders = [f"{client} ({held.token})" for client, held in inside.items() if held.is_held]
        if len(holders) > 1 and self.two_held is None:
            self.two_held = self.env.now, f"{lock!r} is held by {' and by '.join(holders)}"
        if len(inside) > 1:
            self.env.call_later(_LOOK_EVERY, self._look, lock)


class LockedClient(Endpoint):
    """A client that gets the lock of a key for each operation, and reaches the resource by `way`.

    It thinks for `think` seconds (>= 0) of work between reading and writing. If it `looks`, it does not write
    when it cannot be sure any more that it holds the lock.
    """

    def __init__(
        self, locks: LockClient, way: Endpoint, sections: Sections, *, think: float, looks: bool
    ) -> None:
        self.host: Host = locks.host
        self.name = locks.name
        self.locks = locks
        self._way = way
        self._sections = sections
        self._think = think
        self._looks = looks

    def call(self, request: Request) -> Call:
        """Do what `request` says under the lock of its key."""
        asked_at = self._sections.env.now
        held = yield from self.locks.acquire(f"lock of {request.key}")
        assert held is not None  # it waits for it
        self._sections.enter(self.name, request.key, held, asked_at)
        try:
            return (yield from self._do(request, held))
        finally:
            self._sections.leave(self.name, held.lock)
            self.locks.release(held)

    def _do(self, request: Request, held: HeldLock) -> Call:
        key, token = request.key, held.token
        found = (yield from self._way.call(fenced_read(key, token))).value
        if request.operation == READ:
            return Response(found.value)
        effect = effect_of(request, found.value)
        if not effect.changes:
            return Response(effect.answer)
        if self._think:
            assert self.host is not None
            yield from self.host.work(self._think)
        if self._looks and not held.is_held:
            raise Unavailable(f"{self.name} may hold {held.lock!r} no more")
        yield from self._way.call(fenced_write(key, effect.value, token, found.version))
        return Response(effect.answer)


class LockedStore(Store):
    """`resource`, which clients reach under locks of `service`.

    How long they `think`, and whether each `looks`: see `LockedClient`.
    """

    def __init__(
        self,
        env: Environment,
        network: Network,
        service: LockService,
        resource: FencedResource,
        *,
        think: float,
        looks: bool,
        is_linearizable: bool,
    ) -> None:
        self.name = service.name
        self.is_linearizable = is_linearizable
        self.service = service
        self.resource = resource
        self.sections = Sections(env)
        self._network = network
        self._think = think
        self._looks = looks
        self._clients: list[LockedClient] = []

    @property
    def nodes(self) -> Sequence[LockNode]:
        """The nodes of the lock service: those that can lead, vote and forget."""
        return self.service.nodes

    def client(self, host: Host) -> LockedClient:
        """Return a new client on `host`, with a session of its own."""
        way, locks = self._network.connect(host, self.resource), self.service.client(host)
        client = LockedClient(locks, way, self.sections, think=self._think, looks=self._looks)
        self._clients.append(client)
        return client

    def contents(self) -> Mapping[str, Mapping[Any, Any]]:
        """Return what the resource holds."""
        return {self.resource.name: {key: self.resource.value(key).value for key in self.sections.keys}}

    def goodbyes(self) -> Iterable[Generator[Any, Any, None]]:
        """Return what closes the session of each client."""
        return [_close(client.locks) for client in self._clients]

    def left(self) -> list[str]:
        """Return what is left of sessions and locks, for people."""
        sessions = [
            f"{node.name} has session {number} of {owner}"
            for node in self.nodes
            for number, owner in node.machine.owners.items()
        ]
        locks = dict.fromkeys(grant.lock for grant in self.sections.grants)
        holders = [(lock, self.service.holder(lock)) for lock in locks]
        return sessions + [f"{lock!r} is held by {who.owner}" for lock, who in holders if who is not None]


def _close(client: LockClient) -> Generator[Any, Any, None]:
    with suppress(CallFailed):  # then its lease will be over
        yield from client.close()
