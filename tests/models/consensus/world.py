"""A key-value store on Raft, with clients whose history is written down, to be broken by tests."""

from __future__ import annotations

from collections.abc import Callable, Generator
from math import inf
from typing import Any

from models import CallFailed, Endpoint, Host, Network, Request
from models.consensus import (
    RaftClientSettings,
    RaftFlaws,
    RaftNode,
    RaftSettings,
    RaftStore,
)
from models.consistency import HistoryRecorder
from models.storage import Disk
from simulator import Environment
from simulator.randomness import Distribution

ONE_WAY = 0.001
SYNC_TIME = 0.0005


class World:
    """`store` has a node on each of `hosts`; `web` is a host for clients; all hosts are `one_way` apart."""

    def __init__(
        self,
        node_count: int = 3,
        *,
        seed: int = 1,
        one_way: Distribution | float = ONE_WAY,
        sync_time: float = SYNC_TIME,
        settings: RaftSettings | None = None,
        patience: float = 3.0,
        attempt_timeout: float = 0.5,
        flaws: RaftFlaws | None = None,
        trace: bool = False,
        **instance: Any,
    ) -> None:
        self.env = Environment(seed=seed, trace=trace)
        self.network = Network(self.env, latencies=one_way)
        self.hosts = [Host(self.env, f"host-{number}") for number in range(1, node_count + 1)]
        self.web = Host(self.env, "web")
        self.store = RaftStore(
            self.env,
            self.network,
            self.hosts,
            settings=settings or RaftSettings(),
            client_settings=RaftClientSettings(patience=patience, attempt_timeout=attempt_timeout),
            flaws=flaws or RaftFlaws(),
            make_disk=lambda host: Disk(host, sync_time=sync_time),
            **instance,
        )
        self.cluster = self.store.cluster
        self.nodes = self.store.nodes
        self.recorder = HistoryRecorder(self.env)
        self.network_hosts = [*self.hosts, self.web]

    def new_host(self, name: str) -> Host:
        """Return another host for clients."""
        host = Host(self.env, name)
        self.network_hosts.append(host)
        return host

    def client(self, host: Host | None = None) -> Endpoint:
        """Return a client whose calls are recorded."""
        host = host or self.web
        return self.recorder.around(self.store.client(host), site=host.name)

    def run(self, duration: float) -> None:
        """Let some time pass."""
        self.env.run(self.env.now + duration)

    def run_until(self, condition: Callable[[], bool], time_max: float = 60.0) -> None:
        """Go on, event by event, until something holds."""
        end = self.env.now + time_max
        while not condition():
            assert self.env.peek() < end, "it has not come about"
            self.env.step()

    def elect(self, node: RaftNode | None = None) -> RaftNode:
        """Go on until there is a leader whose term is committed at all nodes that are up: `node`, if given.

        The leader of choice asks before the others' timers can ring.
        """
        if node is not None:
            for each in self.nodes:
                each.elections.heard_at = -inf  # or they would refuse
            node.elections.time_out()
        self.run_until(self._is_settled)
        leader = self.cluster.leader
        assert leader is not None
        assert node in (None, leader)
        return leader

    def _is_settled(self) -> bool:
        leader = self.cluster.leader
        return leader is not None and all(
            node.commit_index == leader.durable.last_index and node.term == leader.term
            for node in self.nodes
            if node.is_awake
        )

    def ask(self, client: Endpoint, request: Request, delay: float = 0.0) -> Asked:
        """Let `client` ask something, after a while."""
        return Asked(self.env, client, request, delay)

    def cut(self, *nodes: RaftNode, clients: tuple[Host, ...] = ()) -> Any:
        """Cut `nodes`, and clients' hosts, off from everybody else, and return the partition."""
        inside = [node.host for node in nodes]
        outside = [host for host in self.network_hosts if host not in inside and host not in clients]
        return self.network.partition([*inside, *clients], outside)

    def invariants_see(self, node: RaftNode, index: int, entry: Any, previous_term: int) -> None:
        """Show the observer an entry that a test has put into a node's log."""
        self.cluster.invariants.appended(node, index, entry, previous_term)

    def heal(self) -> None:
        """Undo all cuts."""
        for rule in list(self.network._rules):
            self.network.heal(rule)


class Asked:
    """A call: `outcome` is the answer's value or the failure, once it has `ended_at` some time."""

    def __init__(self, env: Environment, client: Endpoint, request: Request, delay: float) -> None:
        self.outcome: Any = None
        self.started_at = env.now + delay
        self.ended_at: float | None = None
        self._env = env
        env.process(self._ask(client, request, delay), f"ask {request.operation}")

    def _ask(self, client: Endpoint, request: Request, delay: float) -> Generator[Any, Any, None]:
        yield delay
        try:
            response = yield from client.call(request)
            self.outcome = response.value
        except CallFailed as failure:
            self.outcome = failure.with_traceback(None)
        self.ended_at = self._env.now

    @property
    def duration(self) -> float:
        """How long it took."""
        assert self.ended_at is not None
        return self.ended_at - self.started_at
