"""A resource behind a lock service: linearizable by tokens, and with one holder at a time by clocks."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, replace
from math import inf
from typing import Any

from models.consensus import (
    FencedResource,
    LockService,
    LockSettings,
    RaftClientSettings,
    RaftSettings,
    Reads,
)
from models.consensus.lock_service import Fencing, LockFlaws
from models.nodes import Node
from models.replication import Store

from ...choices import Choice
from ...plan import Value
from ..design import DISK_PARAMETERS, DURABILITY, NEVER, Flaw, Site, StoreDesign
from ..locked_store import LockedStore
from ..plan import StorePlan

_READS = {each.value: each for each in Reads}
_FENCING = {each.value: each for each in Fencing}
_SOUND = LockFlaws()
_ENDS_WITHIN = 2.0  # s; a trial waits for that long until all has ended


@dataclass(frozen=True, slots=True, kw_only=True)
class LockBugs:
    """What is wrong with the service, with the resource (`fencing`), or with what clients trust.

    With `trusts_clocks` they count on the whole of a lease, as if all clocks went alike.
    """

    service: LockFlaws = _SOUND
    fencing: Fencing | None = None
    trusts_clocks: bool = False


_LONG: Mapping[str, tuple[Value, ...]] = {"think": (0.2,), "ttl": (0.3,)}
_LATE: Mapping[str, tuple[Value, ...]] = {"think": (0.05, 0.2), "ttl": (0.3, 0.6)}


class LocksDesign(StoreDesign):
    """`LockedStore`: the service's nodes on the hosts, the resource on that of the monitor.

    The leader is the service's. A lease of `ttl` s rests on clocks that drift by `drift_bound` at most.
    With `fencing` of reads and writes the history of the resource rests on no clock.
    """

    parameters = {
        "fencing": Choice("reads and writes", "writes", "none"),
        "ttl": Choice(0.6, 0.3, 0.9),
        "drift_bound": Choice(0.02, 0.1),
        "think": Choice(0.005, 0.0, 0.05, 0.2),
        "looks": Choice(True, False),
        "reads": Choice("read-index", "lease", "log"),
        "pre_vote": Choice(True, False),
        "check_quorum": Choice(True, False),
        "election_timeout": Choice(0.15, 0.5),
        "snapshot_after": Choice(NEVER, 5, 20),
        "entries_kept": Choice(100, 0, 3),
        "durability": Choice("group", "each"),
        "transport": Choice("tcp", "datagram"),
        "command_work": Choice(0.0, 0.001),
        "start_time": Choice(0.0, 0.05),
        "patience": Choice(0.5, 5.0),
        "attempt_timeout": Choice(0.1, 0.25),
        **DISK_PARAMETERS,
    }
    flaws = {
        "tokens_not_replicated": Flaw(
            LockBugs(service=LockFlaws(tokens_not_replicated=True)), {}, ("cut", "host_crash", "hunt")
        ),
        "ends_leases_early": Flaw(LockBugs(service=LockFlaws(lease_factor=0.3)), _LONG, ("pause", "cut")),
        "no_grace": Flaw(
            LockBugs(service=LockFlaws(no_grace=True)),
            {"think": (0.5,), "ttl": (0.9,), "election_timeout": (0.15,)},
            ("host_crash", "hunt", "pause"),
        ),
        "renewals_unconfirmed": Flaw(
            LockBugs(service=LockFlaws(renewals_unconfirmed=True)),
            {**_LONG, "check_quorum": (False,), "reads": ("read-index", "log"), "election_timeout": (0.15,)},
            ("cut",),
        ),
        "ignores_tokens": Flaw(
            LockBugs(fencing=Fencing.NONE), {**_LATE, "looks": (False,)}, ("pause", "client_crash")
        ),
        "fences_writes_alone": Flaw(LockBugs(fencing=Fencing.WRITES), _LATE, ("pause", "cut")),
        "trusts_clocks": Flaw(
            LockBugs(trusts_clocks=True),
            {"think": (0.05, 0.2), "ttl": (0.3, 0.6), "drift_bound": (0.1,)},
            ("pause",),
            ("drift",),
        ),
    }
    node_counts = (3, 3, 5)
    suffers = ("pause", "client_crash")
    client_cores = 2  # on one alone it would think, and renew its lease when that is over

    def build(self, site: Site, given: Mapping[str, Any], flaws: object | None) -> LockedStore:
        """Return the store."""
        bugs = flaws if isinstance(flaws, LockBugs) else LockBugs()
        ratio = (1.0 + given["drift_bound"]) / (1.0 - given["drift_bound"])
        settings = LockSettings(
            ttl=given["ttl"],
            renewal_interval=given["ttl"] / 4.0,
            clock_drift_bound=ratio,
            question_kept=given["attempt_timeout"] / 2.0,
        )
        service = LockService(
            site.env,
            site.network,
            site.hosts,
            settings=replace(settings, clock_drift_bound=1.0) if bugs.trusts_clocks else settings,
            flaws=bugs.service,
            raft_settings=_raft_settings(given, ratio),
            client_settings=RaftClientSettings(
                patience=given["patience"], attempt_timeout=given["attempt_timeout"]
            ),
            make_disk=site.disk,
            transport=given["transport"],
            start_time=given["start_time"],
        )
        fencing = _FENCING[given["fencing"]]
        return LockedStore(
            site.env,
            site.network,
            service,
            FencedResource(site.monitor(), fencing=bugs.fencing or fencing),
            think=given["think"],
            looks=given["looks"],
            is_linearizable=flaws is None and fencing is Fencing.READS_AND_WRITES,
        )

    def promises(self, plan: StorePlan, given: Mapping[str, Any], *, claims: bool) -> set[str]:
        """Return what tokens promise with any clocks, and leases with clocks that keep to their bound.

        That it works again only where an entry takes less time than clients have patience.
        """
        laws = {"converges", "tokens_grow"}
        together = 1 if given["durability"] == "each" else 100
        syncs = 1 if given["snapshot_after"] == NEVER else 2
        round_time = plan.round_trip + syncs * given["sync_time"]
        if round_time * max(1.0, len(plan.clients) / together) <= 2.0 * given["attempt_timeout"]:
            laws.add("works_again")
            if 2.0 * given["ttl"] < _ENDS_WITHIN * (1.0 - plan.drift_max):
                laws.add("gives_everything_back")
        if plan.drift_max <= self.drift_allowed(given):
            laws.add("has_one_holder")
        if claims:
            laws |= {"is_linearizable", "keeps_sessions", "keeps_what_it_acknowledges"}
            laws |= {"keeps_what_it_shows", "lets_in_nothing_late"}
        return laws

    def pace(self, given: Mapping[str, Any]) -> float:
        """Return the shortest of the times in which something must be answered."""
        return float(min(given["election_timeout"], 3.0 * given["attempt_timeout"], given["ttl"]))

    def drift_allowed(self, given: Mapping[str, Any]) -> float:
        """Return the bound of leases."""
        return float(given["drift_bound"])

    def leader(self, store: LockedStore) -> Node | None:
        """Return who leads in the highest term."""
        return store.service.cluster.leader

    def goodbyes(self, store: LockedStore) -> Iterable[Generator[Any, Any, None]]:
        """Return what closes the session of each client."""
        return store.goodbyes()

    def disagreement(self, store: Store) -> Mapping[Any, Mapping[str, Any]]:
        """Return the sessions and locks of all nodes, where they differ."""
        assert isinstance(store, LockedStore)
        known = {node.name: node.machine.snapshot() for node in store.nodes}
        first, *others = known.values()
        return {} if all(other == first for other in others) else {"sessions and locks": known}


def _raft_settings(given: Mapping[str, Any], ratio: float) -> RaftSettings:
    election_timeout = given["election_timeout"]
    return RaftSettings(
        election_timeout_min=election_timeout,
        election_timeout_max=2.0 * election_timeout,
        heartbeat_interval=election_timeout / 3.0,
        pre_vote=given["pre_vote"],
        check_quorum=given["check_quorum"] or given["reads"] == "lease",
        reads=_READS[given["reads"]],
        clock_drift_bound=ratio,
        snapshot_after=inf if given["snapshot_after"] == NEVER else given["snapshot_after"],
        entries_kept=given["entries_kept"],
        durability=DURABILITY[given["durability"]],  # type: ignore[arg-type] # of its choices
        command_work=given["command_work"],
    )
