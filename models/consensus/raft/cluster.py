"""A Raft cluster: nodes on hosts, clients, and the observer that asserts the invariants."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from simulator import Environment

from ...infrastructure import Host
from ...network import Network
from ...storage import Disk
from ...validation import require_each, require_kind, require_name
from .client import DEFAULT_CLIENT_SETTINGS, RaftClient, RaftClientSettings
from .flaws import NO_FLAWS, RaftFlaws
from .invariants import RaftInvariants
from .node import RaftNode
from .settings import DEFAULT_SETTINGS, RaftSettings
from .state_machine import StateMachine


@dataclass(frozen=True, slots=True, kw_only=True)
class RaftStatistics:
    """What has become of a cluster so far.

    `election_count` leaders were elected, in terms up to `term_max`; `committed_count` entries are committed.
    Nodes have taken `saved_count` snapshots of their own and `installed_count` of a leader's, and sent
    `sent_count` messages.
    """

    election_count: int
    term_max: int
    committed_count: int
    saved_count: int
    installed_count: int
    sent_count: int


class RaftCluster:
    """One Raft node on each of `hosts` (at least one, each once), named "<name>-1", "<name>-2" and so on.

    `make_machine()` makes the state machine of a node, `make_disk(host)` its disk. `flaws` are bugs to plant,
    for tests. `make_node` makes a node that does more than keep a log, from what `RaftNode` is made from.
    `instance` settings are those of `Node`: threads, queue, start time, `message_work`, `transport`. The
    invariants of Raft are asserted at every step by `invariants`.

    Example::

        cluster = RaftCluster(env, network, hosts, KeyValueMachine)
        client = cluster.client(web)
    """

    def __init__(
        self,
        env: Environment,
        network: Network,
        hosts: Iterable[Host],
        make_machine: Callable[[], StateMachine],
        *,
        settings: RaftSettings = DEFAULT_SETTINGS,
        client_settings: RaftClientSettings = DEFAULT_CLIENT_SETTINGS,
        flaws: RaftFlaws = NO_FLAWS,
        make_disk: Callable[[Host], Disk] = Disk,
        make_node: Callable[..., RaftNode] = RaftNode,
        name: str = "raft",
        **instance: Any,
    ) -> None:
        require_name("name", name)
        listed = require_each("hosts", hosts, Host)
        if not listed or len(set(listed)) < len(listed):
            raise ValueError(f"hosts must be at least one, and each only once, got {list(listed)!r}")
        require_kind("settings", settings, RaftSettings)
        require_kind("client_settings", client_settings, RaftClientSettings)
        require_kind("flaws", flaws, RaftFlaws)
        self.name = name
        self._env = env
        self._network = network
        self._client_settings = client_settings
        machine = make_machine()
        require_kind("what make_machine() makes", machine, StateMachine)
        self._queries = machine.queries
        self._client_count = 0
        self.invariants = RaftInvariants(env)
        self.nodes = self.invariants.nodes = tuple(
            make_node(
                env,
                host,
                network,
                make_disk(host),
                make_machine,
                self.invariants,
                settings=settings,
                flaws=flaws,
                name=f"{name}-{number}",
                **instance,
            )
            for number, host in enumerate(listed, 1)
        )
        for node in self.nodes:
            node.meet(self.nodes)

    def client(self, host: Host) -> RaftClient:
        """Return a new client on `host`, with a session of its own."""
        require_kind("host", host, Host)
        self._client_count += 1
        return RaftClient(
            self._env,
            host,
            self._network,
            self.nodes,
            self._queries,
            self._client_settings,
            number=self._client_count,
            name=f"{self.name} client {self._client_count}",
        )

    @property
    def leader(self) -> RaftNode | None:
        """The node that leads in the highest term, if any does now; for observers."""
        leading = [node for node in self.nodes if node.leadership is not None]
        return max(leading, key=lambda node: node.term, default=None)

    def statistics(self) -> RaftStatistics:
        """Return what has become of it so far."""
        nodes = self.nodes
        return RaftStatistics(
            election_count=len(self.invariants.elections),
            term_max=max(node.term for node in nodes),
            committed_count=self.invariants.committed_count,
            saved_count=sum(node.saved_count for node in nodes),
            installed_count=sum(node.installed_count for node in nodes),
            sent_count=sum(node.sent_count for node in nodes),
        )
