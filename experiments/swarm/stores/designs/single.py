"""The store of one process: consistent while its disk is, and gone while its host is."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Any

from models.nodes import Node
from models.replication import SingleNodeStore

from ...choices import Choice
from ..design import DISK_PARAMETERS, DURABILITY, NEVER, Site, StoreDesign
from ..plan import StorePlan


class SingleDesign(StoreDesign):
    """`SingleNodeStore`."""

    parameters = {
        "durability": Choice("group", "each", "periodic"),
        "snapshot_interval": Choice(NEVER, 5, 20),
        "request_work": Choice(0.0, 0.002),
        "start_time": Choice(0.0, 0.05),
        **DISK_PARAMETERS,
    }
    node_counts = (1,)
    disks_may_be_lost = True

    def build(self, site: Site, given: Mapping[str, Any], flaws: object | None) -> SingleNodeStore:
        """Return the store, on the first host."""
        (host,) = site.hosts
        return SingleNodeStore(
            site.env,
            site.network,
            host,
            disk=site.disk(host),
            policy=DURABILITY[given["durability"]],
            snapshot_interval=inf if given["snapshot_interval"] == NEVER else given["snapshot_interval"],
            request_work=given["request_work"],
            start_time=given["start_time"],
        )

    def promises(self, plan: StorePlan, given: Mapping[str, Any], *, claims: bool) -> set[str]:
        """Return all laws, as long as no disk is lost."""
        laws = {"works_again", "converges"}
        if claims and not plan.has_disk_loss:
            laws |= {"is_linearizable", "keeps_sessions", "keeps_what_it_acknowledges", "keeps_what_it_shows"}
        return laws

    def leader(self, store: SingleNodeStore) -> Node | None:
        """Return the one node."""
        return store.node
