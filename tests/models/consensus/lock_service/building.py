"""A lock service with clients, to be broken by tests."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from models import CallFailed, Host, Network
from models.consensus import (
    LockClient,
    LockService,
    LockSettings,
    RaftClientSettings,
    RaftNode,
    RaftSettings,
)
from models.consensus.lock_service import HeldLock, LockFlaws, LockNode
from models.faults import SlowHost
from models.storage import Disk
from simulator import Environment
from simulator.randomness import Distribution

Work = Callable[[], Generator[Any, Any, Any]]
ONE_WAY = 0.001
TTL = 1.0
SETTINGS = LockSettings(ttl=TTL, renewal_interval=0.3, question_kept=0.2, clock_drift_bound=1.02 / 0.98)


class World:
    """`service` has a node on each of `hosts`; `webs` are hosts of clients; all are `one_way` apart."""

    def __init__(
        self,
        node_count: int = 3,
        *,
        web_count: int = 2,
        seed: int = 1,
        one_way: Distribution | float = ONE_WAY,
        settings: LockSettings = SETTINGS,
        raft_settings: RaftSettings | None = None,
        flaws: LockFlaws | None = None,
        patience: float = 2.0,
        attempt_timeout: float = 0.25,
        trace: bool = False,
        **raft: Any,
    ) -> None:
        self.env = Environment(seed=seed, trace=trace)
        self.network = Network(self.env, latencies=one_way)
        self.hosts = [Host(self.env, f"host-{number}") for number in range(1, node_count + 1)]
        self.webs = [Host(self.env, f"web-{number}", cores=2) for number in range(1, web_count + 1)]
        self.service = LockService(
            self.env,
            self.network,
            self.hosts,
            settings=settings,
            raft_settings=raft_settings or RaftSettings(),
            client_settings=RaftClientSettings(patience=patience, attempt_timeout=attempt_timeout),
            flaws=flaws or LockFlaws(),
            make_disk=lambda host: Disk(host, sync_time=0.0005),
            **raft,
        )
        self.cluster = self.service.cluster
        self.nodes = self.service.nodes
        self.clients = [self.service.client(web) for web in self.webs]
        self.network_hosts = [*self.hosts, *self.webs]

    def run(self, duration: float) -> None:
        """Let some time pass."""
        self.env.run(self.env.now + duration)

    def elect(self, node: LockNode | None = None) -> LockNode:
        """Go on until a leader, `node` if given, has committed an entry of its term."""
        if node is not None:
            for each in self.nodes:
                each.elections.heard_at = -float("inf")  # or they would refuse
            node.elections.time_out()
        end = self.env.now + 10.0
        while not self._is_led_by(node):
            assert self.env.peek() < end, "no leader"
            self.env.step()
        assert self.leader is not None
        return self.leader

    def _is_led_by(self, node: LockNode | None) -> bool:
        leader = self.leader
        if leader is None or leader.leadership is None or node not in (None, leader):
            return False
        return leader.leadership.knows_commit_index

    @property
    def leader(self) -> LockNode | None:
        """Who leads, if anybody does."""
        leader = self.cluster.leader
        assert leader is None or isinstance(leader, LockNode)
        return leader

    def do(self, function: Work, host: Host | None = None) -> Done:
        """Let a client's process run on its host, and return what will have become of it."""
        return Done(self.env, function, host or self.webs[0])

    def lock(self, client: LockClient, name: str = "stock", **options: Any) -> HeldLock:
        """Let `client` get a lock, and return it."""
        done = self.do(lambda: client.acquire(name, **options), client.host)
        end = self.env.now + 10.0
        while done.ended_at is None:
            assert self.env.peek() < end, "not acquired"
            self.env.step()
        assert isinstance(done.outcome, HeldLock)
        return done.outcome

    def freeze(self, host: Host, duration: float) -> None:
        """Let all that runs on `host` stand still for a while, from now."""
        fault = SlowHost(host, 1e-9)
        fault.inject()
        self.env.call_later(duration, fault.heal)

    def cut(self, *places: Host | RaftNode, clients: tuple[Host, ...] = ()) -> Any:
        """Cut hosts, or those of nodes, and of `clients`, off from everybody else."""
        inside = [place if isinstance(place, Host) else place.host for place in places] + list(clients)
        return self.network.partition(inside, [each for each in self.network_hosts if each not in inside])


class Done:
    """A process: `outcome` is what it returned, or how it failed, once it has `ended_at` some time."""

    def __init__(
        self, env: Environment, function: Callable[[], Generator[Any, Any, Any]], host: Host
    ) -> None:
        self.outcome: Any = None
        self.ended_at: float | None = None
        self._env = env
        self.process = host.start(self._run(function), "test")

    def _run(self, function: Work) -> Generator[Any, Any, None]:
        try:
            self.outcome = yield from function()
        except CallFailed as failure:
            self.outcome = failure.with_traceback(None)
        self.ended_at = self._env.now
