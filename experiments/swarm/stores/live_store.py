"""A store that runs: its nodes, hosts and clients, what is recorded, and what it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from models import Endpoint, Host, Network
from models.consistency import HistoryRecorder, Operation
from models.nodes import Node
from models.replication import Store
from models.storage import Disk
from simulator import Environment

from .design import StoreDesign
from .plan import StoreClientPlan, StorePlan

LEADER = "leader"
"""Whom a fault may strike besides a host of a name: that of whoever leads when it begins."""


@dataclass(frozen=True, slots=True)
class LiveClient:
    """A client's plan, and the endpoints by which it asks: recorded, one of them with a patience of its own.

    The `patient` one is for when all is well again.
    """

    plan: StoreClientPlan
    endpoint: Endpoint
    patient: Endpoint


@dataclass(slots=True)
class LiveStore:
    """A store that runs; `given` are all parameters of its `design`, `laws` the names of what it is held to.

    `hosts` are all, by name; `disks` those of the nodes that hold data.
    """

    plan: StorePlan
    design: StoreDesign
    given: Mapping[str, Any]
    laws: frozenset[str]
    env: Environment
    network: Network
    store: Store
    hosts: dict[str, Host]
    disks: dict[Host, Disk]
    recorder: HistoryRecorder
    clients: list[LiveClient] = field(default_factory=list)
    undecided_count: int = 0

    def history(self) -> tuple[Operation, ...]:
        """Return what clients have asked and been told so far."""
        return self.recorder.history()

    def nodes(self) -> list[Node]:
        """Return all nodes, those too that hold no data."""
        return self.design.nodes(self.store)

    def host_of(self, name: str) -> Host | None:
        """Return the host of a name, or that of the present leader; None where nobody leads."""
        if name != LEADER:
            return self.hosts.get(name)
        leader = self.design.leader(self.store)
        return None if leader is None else leader.host

    def node_on(self, host: Host) -> Node | None:
        """Return the node on `host`, if there is one."""
        return next((node for node in self.nodes() if node.host is host), None)
