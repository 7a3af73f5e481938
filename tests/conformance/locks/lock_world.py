"""A lock service, two clients, and a file that the lock protects: each on a host of its own, to be broken."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

from models import Host, Request
from models.consensus import FencedResource, LockClient
from models.consensus.lock_service import Fencing, HeldLock, LockNode, fenced_read, fenced_write
from models.endpoint import Call, FunctionEndpoint, Wrapper
from tests.models.consensus.lock_service.building import TTL, Done, World

LOCK = "lock"
SETTLED = 2.0 * TTL + 1.0
"""After so long of good weather there is a leader, and nothing is left of a session that nobody renews."""


class Ledger(Wrapper):
    """The file's door: `tokens` are those under which it was read or written, in order."""

    def __init__(self, target: FencedResource) -> None:
        super().__init__(target, name="ledger")
        self.tokens: list[int] = []

    def call(self, request: Request) -> Call:
        """Let it in, and note the token of what the file has not rejected."""
        response = yield from self.target.call(request)
        self.tokens.append(request.value.token)
        return response


class LockWorld(World):
    """Nodes on host-1 (which leads), host-2 and host-3, clients on web-1 and web-2, and `file` on files."""

    def __init__(self, *, fencing: Fencing = Fencing.READS_AND_WRITES, **options: Any) -> None:
        super().__init__(**options)
        self.file = FencedResource(Host(self.env, "files"), fencing=fencing)
        self.ledger = Ledger(self.file)
        self.network_hosts.append(self.file.host)
        self.held: dict[LockClient, HeldLock] = {}
        self.elect(self.nodes[0])

    @property
    def host_named(self) -> Mapping[str, Host]:
        """All hosts, by name."""
        return {host.name: host for host in self.network_hosts}

    @property
    def written(self) -> Any:
        """What the file holds."""
        return self.file.value("file").value

    # -- what is done under the lock ------------------------------------------------------------------------

    def section(self, client: LockClient, value: Any, work: float = 0.0) -> Generator[Any, Any, int]:
        """Get the lock, read the file, think for a while, write the file, give the lock back."""
        way = self.network.connect(client.host, self.ledger)
        held = yield from client.acquire(LOCK)
        assert held is not None
        self.held[client] = held
        self.look()
        try:
            read = (yield from way.call(fenced_read("file", held.token))).value
            if work:
                yield from client.host.work(work)
            yield from way.call(fenced_write("file", value, held.token, read.version))
        finally:
            client.release(held)
        return held.token

    def use(
        self, client: LockClient, value: Any = "new", *, work: float = 0.0, patience: float = 2.0
    ) -> Done:
        """Let that be done, and given up after `patience` seconds."""

        def patiently() -> Generator[Any, Any, Any]:
            with self.env.fail_after(patience):
                return (yield from self.section(client, value, work))

        return self.do(patiently, client.host)

    def endpoint(self, client: LockClient) -> FunctionEndpoint:
        """Return the same as an endpoint, which writes the request's value: to be wrapped."""
        return FunctionEndpoint(
            lambda request: self.section(client, request.value), host=client.host, name="section"
        )

    # -- what must hold -------------------------------------------------------------------------------------

    def look(self) -> None:
        """Assert that at most one client can say that it holds the lock."""
        holders = [client.name for client, held in self.held.items() if held.is_held]
        assert len(holders) <= 1, f"{holders} hold it at {self.env.now}"

    def watch(self, duration: float) -> None:
        """Let some time pass, and look every 5 ms."""
        end = self.env.now + duration
        while self.env.now < end:
            self.run(0.005)
            self.look()

    def everybody_can_have_it(self) -> None:
        """Assert that both clients get the lock, and what they do is done in the order of their tokens."""
        before = self.ledger.tokens[-1] if self.ledger.tokens else 0
        for client in self.clients:
            done = self.use(client, client.name)
            self.watch(1.0)
            assert isinstance(done.outcome, int), f"{client.name}: {done.outcome}"
            assert done.outcome > before
            assert self.written == client.name
            before = done.outcome
        assert self.ledger.tokens == sorted(self.ledger.tokens)
        statistics = self.file.statistics()
        assert (statistics.late_count, statistics.lost_update_count) == (0, 0)

    def assert_nothing_is_left(self, *clients: LockClient) -> None:
        """Assert that nobody has, awaits or asks anything; sessions are those that `clients` know of."""
        known = {client._session.number for client in clients or self.clients if client._session is not None}
        for node in self.nodes:
            _assert_idle(node)
            assert set(node.machine.owners) <= known
            assert node.machine._locks == {}
        for client in clients or self.clients:
            assert client._raft._open == {}
            assert client._session is None or not (client._session.locks or client._session.returning)

    def life(self) -> list[str]:
        """Return what processes there are, by what they do."""
        return sorted(process.name for process in self.env.processes)


def _assert_idle(node: LockNode) -> None:
    statistics = node.statistics()
    assert (statistics.in_service_count, statistics.waiting_count) == (0, 0)
    assert node._questions == {}
    leadership = node.leadership
    assert leadership is None or not (leadership._writes or leadership._reads)
