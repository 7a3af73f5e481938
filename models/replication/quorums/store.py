"""A leaderless store: each key on N nodes, writes to all of them, and an answer when enough have answered.

Any node coordinates (see `coordinator`), and none is special; what a request has to wait for is said by its
level (see `levels`). What a key is to its clients:

    R + W > N, one writer           regular: a read tells the last write that was acknowledged before it
                                    began, or one that was not over by then
    and 2 R > N, blocking repair    linearizable: moreover, what a read has told no later one takes back,
                                    since as many as have answered it have that version then

Both if what is acknowledged is on disks that survive (`GroupCommit`, `SyncEachWrite`), and if the writer's
timestamps grow: by its own clock, or by that of the one coordinator that it calls (neither is set back while
it is down). Several writers need clocks in step. Each part is needed:

- R + W > N alone lets reads take turns: with W = N and R = 1, a write under way is seen at one replica and
  not at the next, and there is nothing to repair. A write that was `TimedOut` may win in the end, and shows
  by turns for ever where there is no repair.
- Where timestamps are of clocks that differ, a write may win over one that was asked for when it was
  acknowledged already, and an acknowledged write may never be seen at all.
- Hints that stand in for replicas (ANY, a sloppy quorum) overlap with no read.
- There is no compare-and-set, and none can be made of this: two that read the same value both write.

So the store does not claim to be linearizable, whatever its settings. But replicas converge: when everything
is healed, hints are replayed and anti-entropy has gone round, all replicas of a key have the same version,
and a write that was acknowledged by W of them, whose logs had it on disk, is there or was overwritten by one
that wins.

What it holds at the beginning (`contents`) is on the disks of the replicas of each key, as versions that are
older than any write.

Source: DeCandia et al., "Dynamo" (SOSP 2007); Lakshman and Malik, "Cassandra" (2010); Lamport, "On
Interprocess Communication" (1986), for regular registers; Attiya, Bar-Noy, Dolev, "Sharing Memory Robustly in
Message-Passing Systems" (JACM 1995), for what a linearizable one over quorums needs: each read writes back,
and with several writers each write reads first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any

from simulator import Environment

from ...endpoint import Endpoint
from ...infrastructure import Host
from ...network import Network
from ...validation import require_each, require_kind, require_name
from ..store import Store
from ..versions import Cell, Siblings, VersionVector
from .client import QuorumClient
from .cluster import Cluster, distance
from .coordinator import Coordinator
from .flaws import QuorumFlaws
from .levels import Level
from .replica import QuorumNode
from .settings import Coordination, QuorumSettings, Versioning
from .statistics import QuorumStatistics


class QuorumStore(Store):
    """A leaderless store with a node on each of `hosts`, called after the store and the host.

    It holds `contents` to begin with, values by key.
    Raises `ValueError` for settings that so many nodes, where they stand, cannot meet.

    Example::

        store = QuorumStore(env, network, hosts, settings=QuorumSettings(replicas=3, read_level=1))
        client = Timeout(env, store.client(web), 1.0)
        yield from client.call(write("cart 17", "book"))
        yield from client.call(at_level(read("cart 17"), Level.ALL))
    """

    is_linearizable = False

    def __init__(
        self,
        env: Environment,
        network: Network,
        hosts: Sequence[Host],
        *,
        settings: QuorumSettings | None = None,
        flaws: QuorumFlaws | None = None,
        contents: Mapping[Any, Any] | None = None,
        name: str = "quorums",
    ) -> None:
        require_name("name", name)
        if settings is not None:
            require_kind("settings", settings, QuorumSettings)
        if flaws is not None:
            require_kind("flaws", flaws, QuorumFlaws)
        if contents is not None:
            require_kind("contents", contents, Mapping)
        hosts = require_each("hosts", hosts, Host)
        if not hosts:
            raise ValueError("hosts must be at least one, got none")
        if len(set(hosts)) < len(hosts):
            raise ValueError(f"hosts must be one or more, each once, got {hosts!r}")
        self.name = name
        self.settings = settings or QuorumSettings()
        self._env = env
        self._network = network
        self._cluster = Cluster(env, name, self.settings, flaws or QuorumFlaws())
        self._nodes = tuple(
            QuorumNode(env, host, network, self._cluster, name=f"{name} on {host.name}") for host in hosts
        )
        self._cluster.found(self._nodes)
        if contents is not None:
            self._restore(contents)
        for node in self._nodes:
            node.know_others()
            if node.is_awake:
                node.begin()
        self._client_count = 0

    def _restore(self, contents: Mapping[Any, Any]) -> None:
        versions: dict[Coordinator, dict[Any, Any]] = {node: {} for node in self._nodes}
        if self.settings.replica_count == len(self._nodes):
            shared: dict[Any, Any] = {}  # all keep all: one mapping, which nobody changes
            versions = dict.fromkeys(self._nodes, shared)
        for key, value in contents.items():
            version: Any = Cell(value, -inf)
            if self.settings.versioning is Versioning.SIBLINGS:
                version = Siblings.none().written("restored", version, VersionVector())
            for replica in self.replicas_of(key):
                versions[replica][key] = version
        for node in self._nodes:
            node.restore(versions[node])

    @property
    def nodes(self) -> Sequence[QuorumNode]:
        """The nodes, in the order of their hosts."""
        return self._nodes

    def replicas_of(self, key: Any) -> Sequence[Coordinator]:
        """Return the nodes that keep `key`, in the order of its preference list."""
        return self._cluster.replicas_of(key)

    def client(
        self,
        host: Host,
        *,
        contacts: Sequence[QuorumNode] | None = None,
        read_level: Level | int | None = None,
        write_level: Level | int | None = None,
    ) -> Endpoint:
        """Return a client on `host`, with levels of its own where they are given.

        `contacts` are the nodes that it calls, in turn; by default the nearest. Where clients coordinate it
        calls none. Raises `ValueError` for contacts then, for an empty list, and for impossible levels.
        """
        require_kind("host", host, Host)
        self._client_count += 1
        name = f"{self.name} client {self._client_count} on {host.name}"
        return QuorumClient(
            host,
            self._cluster,
            self._ways(host, contacts, name),
            read_level=read_level,
            write_level=write_level,
            name=name,
        )

    def copying_client(self, host: Host) -> Endpoint:
        """Return a new client on `host` whose reads meet every write that was acknowledged.

        What is held by hints alone they do not show.
        """
        return self.client(host, read_level=self.settings.meeting_level)

    def _ways(self, host: Host, contacts: Sequence[QuorumNode] | None, name: str) -> Sequence[Endpoint]:
        if self.settings.coordination is Coordination.CLIENT:
            if contacts is not None:
                raise ValueError(f"contacts must be None where clients coordinate, got {contacts!r}")
            threads = self.settings.threads
            return (Coordinator(self._env, host, self._network, self._cluster, name=name, threads=threads),)
        if contacts is None:
            nearest = min(distance(host, node.host) for node in self._nodes)
            contacts = [node for node in self._nodes if distance(host, node.host) == nearest]
        else:
            contacts = require_each("contacts", contacts, QuorumNode)
            if not contacts:
                raise ValueError("contacts must be at least one node, got none")
            if not set(contacts) <= set(self._nodes):
                raise ValueError(f"contacts must be nodes of {self.name!r}, got {contacts!r}")
        return tuple(self._network.connect(host, node) for node in contacts)

    def contents(self) -> Mapping[str, Mapping[Any, Any]]:
        """Return what each node holds now, by its name: of deleted keys nothing, of hints what they hold."""
        return {node.name: node.contents() for node in self._nodes}

    def statistics(self) -> QuorumStatistics:
        """Return what all nodes together have done so far."""
        return self._cluster.counts.statistics(sum(node.sent_count for node in self._nodes))
