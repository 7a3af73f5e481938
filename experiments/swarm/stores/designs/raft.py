"""The store on Raft: linearizable, whatever happens; under leases as long as clocks keep to their bound."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Any

from models.consensus import (
    RaftClientSettings,
    RaftFlaws,
    RaftSettings,
    RaftStore,
    Reads,
)
from models.nodes import Node

from ...choices import Choice
from ..design import DISK_PARAMETERS, DURABILITY, NEVER, Flaw, Site, StoreDesign
from ..plan import StorePlan
from ..schemes import besieged, hunted, torn_snapshots, usurped
from ..watched_raft import WatchedRaftNode

_READS = {each.value: each for each in Reads}


class RaftDesign(StoreDesign):
    """`RaftStore`. The patience of its clients is that of the plan; each node has `attempt_timeout` s of it.

    With `attempts_max` a client gives up by itself after as long as so many attempts may take, and says
    whether it knows that nothing was done. Where all its time is the caller's nothing is ever refused.
    Clocks may drift by `drift_bound`, on which leases rest. Election timeouts go from `election_timeout` s to
    `timeout_spread` times that.
    """

    parameters = {
        "reads": Choice("read-index", "lease", "log"),
        "pre_vote": Choice(True, False),
        "check_quorum": Choice(True, False),
        "drift_bound": Choice(0.02, 0.1),
        "election_timeout": Choice(0.15, 0.5),
        "timeout_spread": Choice(2.0, 1.2, 4.0),
        "batch_max": Choice(100, 1, 3),
        "snapshot_after": Choice(NEVER, 5, 20),
        "entries_kept": Choice(100, 0, 3),
        "durability": Choice("group", "each"),
        "transport": Choice("tcp", "datagram"),
        "command_work": Choice(0.0, 0.001),
        "message_work": Choice(0.0, 0.0002),
        "start_time": Choice(0.0, 0.05),
        "attempt_timeout": Choice(0.1, 0.03, 0.5),
        "attempts_max": Choice(NEVER, 3, 8),
        **DISK_PARAMETERS,
    }
    flaws = {
        "reads_unchecked": Flaw(
            RaftFlaws(reads_unchecked=True), {"reads": ("read-index", "lease")}, ("cut",)
        ),
        "lease_factor": Flaw(
            RaftFlaws(lease_factor=4.0),
            {"reads": ("lease",), "timeout_spread": (2.0, 4.0), "election_timeout": (0.15,)},
            ("cut",),
        ),
        "commits_older_terms": Flaw(
            RaftFlaws(commits_older_terms=True),
            {
                "batch_max": (1,),
                "election_timeout": (0.15,),
                "transport": ("datagram",),
                "pre_vote": (False,),
                "check_quorum": (False,),
                "timeout_spread": (1.2,),
                "sync_time": (0.005,),
                "reads": ("read-index", "log"),
            },
            scheme=hunted,
        ),
        "votes_not_durable": Flaw(
            RaftFlaws(votes_not_durable=True),
            {"pre_vote": (False,), "check_quorum": (False,), "timeout_spread": (1.2,)},
            ("crash_at_sync", "restarts"),
        ),
        "acknowledges_alone": Flaw(RaftFlaws(acknowledges_alone=True), trouble=("cut",)),
        "ignores_sessions": Flaw(RaftFlaws(ignores_sessions=True)),
    }
    node_counts = (3, 3, 5)
    schemes = (besieged, hunted, torn_snapshots, usurped)

    def build(self, site: Site, given: Mapping[str, Any], flaws: object | None) -> RaftStore:
        """Return the store."""
        bound = given["drift_bound"]
        is_leased = given["reads"] == "lease"
        return RaftStore(
            site.env,
            site.network,
            site.hosts,
            settings=RaftSettings(
                election_timeout_min=given["election_timeout"],
                election_timeout_max=given["election_timeout"] * given["timeout_spread"],
                heartbeat_interval=given["election_timeout"] / 3.0,
                pre_vote=given["pre_vote"],
                check_quorum=given["check_quorum"] or is_leased,
                reads=_READS[given["reads"]],
                clock_drift_bound=(1.0 + bound) / (1.0 - bound),
                batch_max=given["batch_max"],
                snapshot_after=inf if given["snapshot_after"] == NEVER else given["snapshot_after"],
                entries_kept=given["entries_kept"],
                durability=DURABILITY[given["durability"]],  # type: ignore[arg-type] # of its choices
                command_work=given["command_work"],
            ),
            client_settings=RaftClientSettings(
                patience=given["attempts_max"] * given["attempt_timeout"] or inf,
                attempt_timeout=given["attempt_timeout"],
            ),
            flaws=flaws if isinstance(flaws, RaftFlaws) else RaftFlaws(),
            make_disk=site.disk,
            make_node=WatchedRaftNode,
            transport=given["transport"],
            message_work=given["message_work"],
            start_time=given["start_time"],
        )

    def promises(self, plan: StorePlan, given: Mapping[str, Any], *, claims: bool) -> set[str]:
        """Return all laws, but for linearizability where clocks break the bound of leases.

        Nor that it works again where an entry takes so long that clients who all ask at once ask again before
        they can have been answered: each time is one entry more, and that need never end.
        """
        laws = {"converges", "keeps_what_it_acknowledges", "keeps_what_it_shows"}
        together = given["batch_max"] if given["durability"] == "group" else 1
        syncs = 1 if given["snapshot_after"] == NEVER else 2
        round_time = plan.round_trip + syncs * given["sync_time"]
        if round_time * max(1.0, len(plan.clients) / together) <= 2.0 * given["attempt_timeout"]:
            laws.add("works_again")
        if claims and plan.drift_max <= self.drift_allowed(given):
            laws |= {"is_linearizable", "keeps_sessions"}
        return laws

    def pace(self, given: Mapping[str, Any]) -> float:
        """Return the shortest election timeout: a broadcast must take much less (see `RaftSettings`).

        Or a few attempts of a client, if that is less.
        """
        return float(min(given["election_timeout"], 3.0 * given["attempt_timeout"]))

    def drift_allowed(self, given: Mapping[str, Any]) -> float:
        """Return the bound of leases, where there are any."""
        return float(given["drift_bound"]) if given["reads"] == "lease" else inf

    def leader(self, store: RaftStore) -> Node | None:
        """Return who leads in the highest term."""
        return store.cluster.leader
