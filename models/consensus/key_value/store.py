"""The key-value store on Raft: consistent, and available where a majority of its nodes is.

What it promises: every history of its clients is linearizable, whatever crashes, is cut off, or is late;
under leases (`Reads.LEASE`) as long as the hosts' clocks keep to `clock_drift_bound`. A client on the side of
a cut without a majority is refused (`Unavailable`), or, where its command may have reached a log, told that
nobody knows (`TimedOut`). This is the C of Gilbert and Lynch, "Brewer's Conjecture" (2002).

What it holds at the beginning (`contents`) is the state in which the machine of every node starts, and on
which the log is replayed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from simulator import Environment

from ...infrastructure import Host
from ...network import Network
from ...replication import Store
from ...validation import require_kind
from ..raft import RaftClient, RaftCluster, RaftNode, RaftStatistics
from .machine import KeyValueMachine


class RaftStore(Store):
    """A key-value store with one Raft node on each of `hosts`; parameters as those of `RaftCluster`.

    It holds `contents` to begin with, values by key. `cluster` is what it stands on.

    Example::

        store = RaftStore(env, network, hosts)
        client = store.client(web)
        yield from client.call(write("stock/1", 5))
    """

    def __init__(
        self,
        env: Environment,
        network: Network,
        hosts: Iterable[Host],
        *,
        contents: Mapping[Any, Any] | None = None,
        name: str = "raft",
        **settings: Any,
    ) -> None:
        if contents is not None:
            require_kind("contents", contents, Mapping)
        self.name = name
        machine = partial(KeyValueMachine, contents)
        self.cluster = RaftCluster(env, network, hosts, machine, name=name, **settings)
        self.is_linearizable = not settings.get("flaws")

    @property
    def nodes(self) -> Sequence[RaftNode]:
        """The nodes, in the order of their hosts."""
        return self.cluster.nodes

    def client(self, host: Host) -> RaftClient:
        """Return a new client on `host`, with a session of its own."""
        return self.cluster.client(host)

    def contents(self) -> Mapping[str, Mapping[Any, Any]]:
        """Return what each node has applied; a node that is down, what it had applied when it went down."""
        return {node.name: dict(_machine(node).values) for node in self.nodes}

    def statistics(self) -> RaftStatistics:
        """Return what has become of the cluster so far."""
        return self.cluster.statistics()


def _machine(node: RaftNode) -> KeyValueMachine:
    machine = node.replica.machine
    assert isinstance(machine, KeyValueMachine)
    return machine
