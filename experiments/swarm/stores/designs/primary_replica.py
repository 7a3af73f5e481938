"""A primary and its replicas: linearizable with some settings, with others it keeps what it acknowledges."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Any

from models.nodes import Node
from models.replication import PrimaryReplicaStore
from models.replication.primary_replica import (
    AllOf,
    AnyOf,
    Asynchronous,
    CommitRule,
    FailoverSettings,
    Fencing,
    FirstOf,
    IfBehind,
    InSync,
    Progress,
    ReadPolicy,
    ReplicationFlaws,
    ReplicationSettings,
    Source,
    Told,
    Visibility,
)

from ...choices import Choice
from ...plan import Value
from ..design import DISK_PARAMETERS, DURABILITY, NEVER, Flaw, Site, StoreDesign
from ..plan import StorePlan
from ..schemes import besieged, deposed_twice, passed_over, usurped

_RULES: Mapping[str, CommitRule] = {
    "any 1": AnyOf(1),
    "any 2": AnyOf(2),
    "first 1": FirstOf(1, timeout=0.6),
    "all": AllOf(),
    "in sync 1": InSync(1, 0.6),
    "in sync 2": InSync(2, 0.6),
    "asynchronous": Asynchronous(),
}
_Needs = Mapping[str, tuple[Value, ...]]

_LEASED: _Needs = {"failover": ("lease",), "reads": ("primary",), "ttl": (0.3,)}
_DEPOSED: _Needs = {"failover": ("epoch",), "ttl": (0.3,), "rule": ("any 1",)}
_FAILED_OVER: _Needs = {"failover": ("lease", "epoch"), "ttl": (0.3,)}

_FLAWS: Mapping[str, tuple[_Needs, tuple[str, ...]]] = {
    "no_fencing": (_LEASED, ("cut",)),
    "no_epoch_check": (_DEPOSED, ("cut_link", "cut")),
    "acknowledges_before_standby": (_FAILED_OVER, ("cut", "host_crash")),
    "standby_acknowledges_unflushed": ({**_FAILED_OVER, "sync_time": (0.03,)}, ("crash_at_sync", "hunt")),
    "commits_older_epochs": ({**_FAILED_OVER, "rule": ("any 1",), "replay_work": (0.0,)}, ()),
    "lease_by_arrival": ({**_LEASED, "drift_bound": (0.02,)}, ("delay", "cut")),
    "reads_without_lease": (_LEASED, ("cut",)),
}

_SCHEMES = {"commits_older_epochs": deposed_twice}


class PrimaryReplicaDesign(StoreDesign):
    """`PrimaryReplicaStore`. Leases of `ttl` s rest on clocks that drift by `drift_bound` at most."""

    parameters = {
        "rule": Choice(*_RULES),
        "progress": Choice("flushed", "written", "applied"),
        "durability": Choice("group", "each", "periodic"),
        "told": Choice("committed", "appended", "unasked"),
        "visibility": Choice("committed", "received"),
        "ships_unsynced": Choice(False, True),
        "apply_delay": Choice(0.0, 0.05),
        "replay_work": Choice(0.0, 0.002),
        "heartbeat_interval": Choice(0.1, 0.4),
        "snapshot_interval": Choice(NEVER, 5, 20),
        "retained_count": Choice(0, 3),
        "request_work": Choice(0.0, 0.002),
        "message_work": Choice(0.0, 0.0002),
        "start_time": Choice(0.0, 0.05),
        "transport": Choice("tcp", "datagram"),
        "failover": Choice("none", "lease", "epoch"),
        "ttl": Choice(0.6, 0.3),
        "drift_bound": Choice(0.02, 0.1),
        "unclean_election": Choice(False, True),
        "reads": Choice("primary", "any", "nearest"),
        "own_writes": Choice(False, True),
        "is_monotonic": Choice(False, True),
        "if_behind": Choice("wait", "primary"),
        "wait_max": Choice(0.5, 0.05),
        **DISK_PARAMETERS,
    }
    flaws = {
        name: Flaw(ReplicationFlaws(**{name: True}), needs, trouble, scheme=_SCHEMES.get(name))
        for name, (needs, trouble) in _FLAWS.items()
    }
    other_bests = (
        frozenset({"keeps_what_it_shows", "reads_own_writes"}),
        frozenset({"keeps_what_it_shows", "reads_are_monotonic"}),
    )
    disks_may_be_lost = True
    schemes = (besieged, passed_over, usurped)

    def build(self, site: Site, given: Mapping[str, Any], flaws: object | None) -> PrimaryReplicaStore:
        """Return the store, with a monitor where there is failover."""
        settings = replication_settings(given)
        return PrimaryReplicaStore(
            site.env,
            site.network,
            site.hosts,
            settings=settings,
            flaws=flaws if isinstance(flaws, ReplicationFlaws) else ReplicationFlaws(),
            reads=ReadPolicy(
                source=Source(given["reads"]),
                own_writes=given["own_writes"],
                is_monotonic=given["is_monotonic"],
                if_behind=IfBehind(given["if_behind"]),
                wait_max=given["wait_max"],
            ),
            disks=[site.disk(host) for host in site.hosts],
            monitor_host=site.monitor() if settings.failover else None,
            discovery_timeout=0.1,
            transport=given["transport"],
            message_work=given["message_work"],
            start_time=given["start_time"],
        )

    def promises(self, plan: StorePlan, given: Mapping[str, Any], *, claims: bool) -> set[str]:
        """Return what the settings promise.

        Where a disk is lost they promise little: a fixed primary whose disk is empty even begins its epochs
        anew, and its replicas obey nobody then.
        """
        settings = replication_settings(given)
        if plan.has_disk_loss and settings.failover is None:
            return set()
        laws = set()
        if not settings.replay_work or settings.failover is None:
            # Who is promoted has to replay its log first: that may take longer than a lease, again and again.
            laws |= {"works_again", "converges"}
        if plan.has_disk_loss or not settings.loses_nothing or settings.told is not Told.COMMITTED:
            return laws
        laws.add("keeps_what_it_acknowledges")
        if settings.visibility is Visibility.COMMITTED:
            laws.add("keeps_what_it_shows")
        if claims and plan.drift_max <= self.drift_allowed(given):
            return laws | {"is_linearizable", "keeps_sessions"}
        if given["reads"] != "primary" and settings.visibility is Visibility.COMMITTED:
            laws |= {"reads_own_writes"} if given["own_writes"] else set()
            laws |= {"reads_are_monotonic"} if given["is_monotonic"] else set()
        return laws

    def pace(self, given: Mapping[str, Any]) -> float:
        """Return the time between renewals of a lease, where there are any."""
        return inf if given["failover"] == "none" else given["ttl"] / 2.0

    def drift_allowed(self, given: Mapping[str, Any]) -> float:
        """Return the bound of leases, where there are any."""
        return float(given["drift_bound"]) if given["failover"] == "lease" else inf

    def lost_count(self, store: PrimaryReplicaStore) -> int:
        """Return how many acknowledged writes the last primary does not have."""
        return store.statistics().lost_count

    def leader(self, store: PrimaryReplicaStore) -> Node | None:
        """Return the member that was promoted last."""
        return store.primary

    def nodes(self, store: PrimaryReplicaStore) -> list[Node]:
        """Return the members and the monitor."""
        return [*store.nodes, *([] if store.monitor is None else [store.monitor])]


def replication_settings(given: Mapping[str, Any]) -> ReplicationSettings:
    """Return the settings of all parameters `given`."""
    failover = None
    if given["failover"] != "none":
        failover = FailoverSettings(
            ttl=given["ttl"],
            renewal_interval=given["ttl"] / 4.0,
            report_wait=0.05,
            fencing=Fencing(given["failover"]),
            clock_drift_max=given["drift_bound"],
            unclean_election=given["unclean_election"],
        )
    return ReplicationSettings(
        commit_rule=_RULES[given["rule"]],
        progress=Progress(given["progress"]),
        durability=DURABILITY[given["durability"]],
        told=Told(given["told"]),
        visibility=Visibility(given["visibility"]),
        ships_unsynced=given["ships_unsynced"],
        apply_delay=given["apply_delay"],
        replay_work=given["replay_work"],
        heartbeat_interval=given["heartbeat_interval"],
        snapshot_interval=inf if given["snapshot_interval"] == NEVER else given["snapshot_interval"],
        retained_count=given["retained_count"],
        request_work=given["request_work"],
        failover=failover,
    )
