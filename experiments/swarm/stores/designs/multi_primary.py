"""Every node takes updates: never linearizable with two, and yet nothing is gone and all come to agree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zlib import crc32

from models import Endpoint, Host
from models.nodes import Node
from models.replication import MultiPrimaryStore
from models.replication.multi_primary import (
    Crdts,
    Failover,
    KeepSiblings,
    LastWriterWins,
    MultiPrimaryFlaws,
    MultiPrimarySettings,
    Register,
    Resolution,
)

from ...choices import Choice
from ...plan import Value
from ..design import DISK_PARAMETERS, DURABILITY, Flaw, Site, StoreDesign
from ..plan import Does, StorePlan

_RESOLUTIONS: Mapping[str, Resolution] = {
    "last writer": LastWriterWins(),
    "hybrid": LastWriterWins(is_hybrid=True),
    "siblings": KeepSiblings(),
    "data types": Crdts(),
    "data types by time": Crdts(register=Register.LAST_WRITER),
}
_FAILOVER = {"none": None, "soon": Failover(return_after=0.3), "late": Failover(return_after=30.0)}
_REMOVING: Mapping[str, tuple[Value, ...]] = {
    "resolution": ("last writer", "hybrid", "data types", "data types by time")
}
_LOSSY: Mapping[str, tuple[Value, ...]] = {"transport": ("datagram",), "exchange_interval": (1.0,)}


class MultiPrimaryDesign(StoreDesign):
    """`MultiPrimaryStore`. Clients are `spread` over all nodes by their names, or go to the nearest.

    Flaws that stores of quorums have too go by names of their own: `acknowledges_in_memory` is
    `acknowledges_before_durable`, `forgets_what_is_removed` is `forgets_tombstones`.
    """

    parameters = {
        "resolution": Choice(*_RESOLUTIONS),
        "failover": Choice("none", "soon", "late"),
        "spread": Choice(True, False),
        "exchange_interval": Choice(1.0, 0.3),
        "window": Choice(1000, 20),
        "batch_max": Choice(100, 2),
        "durability": Choice("group", "each", "periodic"),
        "transport": Choice("tcp", "datagram"),
        "work": Choice(0.0, 0.001),
        "message_work": Choice(0.0, 0.0002),
        "start_time": Choice(0.0, 0.05),
        **DISK_PARAMETERS,
    }
    flaws = {
        "acknowledges_in_memory": Flaw(
            MultiPrimaryFlaws(acknowledges_before_durable=True), {"sync_time": (0.03,)}, ("crash_at_sync",)
        ),
        "merges_by_arrival": Flaw(MultiPrimaryFlaws(merges_by_arrival=True)),
        "forgets_what_is_removed": Flaw(
            MultiPrimaryFlaws(forgets_tombstones=True),
            _REMOVING,
            ("cut", "cut_link"),
            ("deletes", "slow network"),
        ),
        "loses_outbox": Flaw(
            MultiPrimaryFlaws(loses_outbox=True), {}, ("cut", "host_crash", "process_crash")
        ),
        "skips_gaps": Flaw(MultiPrimaryFlaws(skips_gaps=True), _LOSSY, ("loss", "cut_link")),
    }
    node_counts = (3, 2, 5, 1)
    does = ("read", "write", "compare-and-set", "append", "add", "delete", "set-add", "set-remove")
    settle = 20.0
    at_its_best = frozenset({"nothing_is_gone"})
    other_bests = (frozenset({"siblings_stay_until_seen"}), frozenset({"sets_keep_their_items"}))
    disks_may_be_lost = True

    def build(self, site: Site, given: Mapping[str, Any], flaws: object | None) -> MultiPrimaryStore:
        """Return the store."""
        return MultiPrimaryStore(
            site.env,
            site.network,
            site.hosts,
            settings=MultiPrimarySettings(
                resolution=_RESOLUTIONS[given["resolution"]],
                failover=_FAILOVER[given["failover"]],
                exchange_interval=given["exchange_interval"],
                window=given["window"],
                batch_max=given["batch_max"],
                durability=DURABILITY[given["durability"]],
                sync_time=site.sync_time,
                read_time=site.read_time,
                work=given["work"],
                message_work=given["message_work"],
                transport=given["transport"],
                start_time=given["start_time"],
            ),
            flaws=flaws if isinstance(flaws, MultiPrimaryFlaws) else MultiPrimaryFlaws(),
        )

    def client(self, store: MultiPrimaryStore, given: Mapping[str, Any], host: Host) -> Endpoint:
        """Return a client of a node that its name says, not its place among clients that may be gone."""
        number = crc32(host.name.encode()) % len(store.nodes)
        return store.client(host, node=store.nodes[number] if given["spread"] else None)

    def knows(self, given: Mapping[str, Any]) -> tuple[Does, ...]:
        """Return what can be done to keys that are resolved in this way."""
        match _RESOLUTIONS[given["resolution"]]:
            case KeepSiblings():
                return ("read", "write", "delete")
            case Crdts():
                return ("read", "write", "delete", "add", "set-add", "set-remove")
        return self.does

    def promises(self, plan: StorePlan, given: Mapping[str, Any], *, claims: bool) -> set[str]:
        """Return what the resolution promises.

        Where the later time wins nothing newer loses to what is older if all clocks are right. A client that
        stays at its node reads there what it has written; but what another node gets from two, or from one in
        two lives of it, comes in any order.
        """
        laws = {"works_again", "converges"}
        if plan.has_disk_loss or given["durability"] == "periodic":
            return laws
        laws |= {"nothing_is_gone", "keeps_what_is_written_once"}
        if claims:
            laws |= {"is_linearizable", "keeps_sessions", "keeps_what_it_acknowledges"}
        stays = given["failover"] == "none"
        resolution = _RESOLUTIONS[given["resolution"]]
        if isinstance(resolution, Crdts):
            laws |= {"counters_balance", "sets_keep_their_items"}
            laws |= {"removed_stays_removed"} if stays else set()
        by_time = resolution.has_one_winner or resolution == _RESOLUTIONS["data types by time"]
        if not by_time:
            laws |= {"keeps_the_newest", "keeps_what_it_shows"}
            laws |= {"siblings_stay_until_seen"} if isinstance(resolution, KeepSiblings) else set()
        elif not plan.has_wrong_clocks:
            laws |= {"keeps_the_newest", "keeps_what_it_shows", "deleted_stays_deleted"}
            laws |= {"reads_own_writes", "reads_are_monotonic"} if stays else set()
        return laws

    def lost_count(self, store: MultiPrimaryStore) -> int:
        """Return how many acknowledged updates no node has any more."""
        return store.statistics().gone_count

    def leader(self, store: MultiPrimaryStore) -> Node | None:
        """Return the first node: here nobody is special."""
        return store.nodes[0]
