"""What strikes event logs and projections: faults of stores (see `stores`), and one order, to rebuild.

Who leads is the leader of a log on Raft, or the one node of a log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from models.cqrs import Projection
from models.faults import DiskLoss, Fault

from ..choices import NameOf
from ..stores.fault_catalogue import STORE_FAULTS, StoreFaultKind
from ..stores.faults import Order

if TYPE_CHECKING:
    from .live import LiveProjections

REBUILD = "rebuild"

_OF_STORES = (
    "process_crash",
    "host_crash",
    "power_outage",
    "restarts",
    "crash_at_sync",
    "process_crash_at_sync",
    "hunt",
    "busy_disk",
    "cut",
    "cut_link",
    "loss",
    "delay",
    "clock",
    "slow_host",
)


def _disk_loss(live: LiveProjections, name: str, host: str) -> Fault | None:
    """Return what destroys a disk: not one of Raft's, which promises nothing then and says so at once."""
    where = live.host_of(host)
    is_of_raft = live.plan.log == "raft" and where in [node.host for node in live.log.nodes]
    if where is None or is_of_raft or where not in live.disks:
        return None
    return DiskLoss(live.disks[where], name=name)


def _rebuild(live: LiveProjections, name: str, host: str) -> Fault:
    def give() -> None:
        where = live.host_of(host)
        node = None if where is None else live.node_on(where)
        if isinstance(node, Projection) and node.is_awake and not node.is_rebuilding:
            node.rebuild()

    return Order(live.env, give, name=name)


FAULTS: Mapping[str, StoreFaultKind] = {
    **{name: STORE_FAULTS[name] for name in _OF_STORES},
    "disk_loss": replace(STORE_FAULTS["disk_loss"], make=_disk_loss),
    REBUILD: StoreFaultKind(parameters={"host": NameOf(("services",))}, make=_rebuild),
}
