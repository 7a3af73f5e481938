"""Leaderless quorums: never linearizable; where R + W > N and all clocks are right, no read is stale."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Any

from models.nodes import Node
from models.replication import QuorumStore, Store
from models.replication.quorums import (
    AfterDelay,
    Always,
    AntiEntropy,
    Coordination,
    Detection,
    HintedHandoff,
    Level,
    Never,
    News,
    QuorumFlaws,
    QuorumSettings,
    ReadRepair,
    ReadsFrom,
    Versioning,
)

from ...choices import Choice
from ..design import DISK_PARAMETERS, DURABILITY, NEVER, Flaw, Site, StoreDesign
from ..plan import StorePlan
from ..replicas import replicas_that_differ

_LEVELS = {"quorum": Level.QUORUM, "one": Level.ONE, "two": Level.TWO, "all": Level.ALL, "any": Level.ANY}
_SPECULATION: Mapping[str, Never | AfterDelay | Always] = {
    "never": Never(),
    "soon": AfterDelay(0.03),
    "always": Always(),
}
_DETECTION = {
    "none": None,
    "heartbeats": Detection(interval=0.1, phi_threshold=2.0, window=50),
    "gossip": Detection(news=News.GOSSIP, interval=0.1, phi_threshold=4.0, window=50),
}
_STRICT = {"read_level": ("quorum", "two"), "write_level": ("quorum", "two"), "replicas": (3,)}


class QuorumsDesign(StoreDesign):
    """`QuorumStore`, with all times short: what is repaired within minutes is so within a second."""

    parameters = {
        "replicas": Choice(3, 1, 2, 5),
        "read_level": Choice("quorum", "one", "two", "all"),
        "write_level": Choice("quorum", "one", "two", "all", "any"),
        "coordination": Choice("node", "client"),
        "versioning": Choice("coordinator clock", "client clock", "siblings"),
        "reads_from": Choice("level", "all"),
        "read_repair": Choice("blocking", "background", "none"),
        "speculation": Choice("never", "soon", "always"),
        "timeout": Choice(0.3, 0.1),
        "detection": Choice("none", "heartbeats", "gossip"),
        "hints": Choice(False, True),
        "sloppy": Choice(False, True),
        "anti_entropy": Choice(True, False),
        "durability": Choice("group", "each", "periodic"),
        "snapshot_interval": Choice(NEVER, 5, 20),
        "work": Choice(0.0, 0.001),
        "message_work": Choice(0.0, 0.0002),
        "start_time": Choice(0.0, 0.05),
        **DISK_PARAMETERS,
    }
    flaws = {
        "acknowledges_before_quorum": Flaw(QuorumFlaws(acknowledges_before_quorum=True), _STRICT),
        "acknowledges_before_durable": Flaw(QuorumFlaws(acknowledges_before_durable=True), _STRICT),
        "counts_hints": Flaw(
            QuorumFlaws(counts_hints=True),
            {**_STRICT, "hints": (True,), "detection": ("heartbeats", "gossip"), "coordination": ("node",)},
        ),
        "answers_first": Flaw(QuorumFlaws(answers_first=True), _STRICT),
        "forgets_tombstones": Flaw(QuorumFlaws(forgets_tombstones=True), _STRICT),
    }
    does = ("read", "write", "delete")
    at_its_best = frozenset({"reads_are_fresh"})
    disks_may_be_lost = True

    def build(self, site: Site, given: Mapping[str, Any], flaws: object | None) -> QuorumStore:
        """Return the store."""
        return QuorumStore(
            site.env,
            site.network,
            site.hosts,
            settings=QuorumSettings(
                replicas=given["replicas"],
                read_level=_LEVELS[given["read_level"]],
                write_level=_LEVELS[given["write_level"]],
                coordination=Coordination(given["coordination"]),
                versioning=Versioning(given["versioning"]),
                reads_from=ReadsFrom(given["reads_from"]),
                read_repair=ReadRepair(given["read_repair"]),
                speculation=_SPECULATION[given["speculation"]],
                write_timeout=given["timeout"],
                read_timeout=given["timeout"],
                detection=_DETECTION[given["detection"]],
                hints=HintedHandoff(interval=0.3) if given["hints"] else None,
                sloppy=given["sloppy"],
                anti_entropy=AntiEntropy(interval=0.5, depth=1) if given["anti_entropy"] else None,
                durability=DURABILITY[given["durability"]],
                sync_time=site.sync_time,
                read_time=site.read_time,
                snapshot_interval=inf if given["snapshot_interval"] == NEVER else given["snapshot_interval"],
                work=given["work"],
                message_work=given["message_work"],
                start_time=given["start_time"],
            ),
            flaws=flaws if isinstance(flaws, QuorumFlaws) else QuorumFlaws(),
        )

    def promises(self, plan: StorePlan, given: Mapping[str, Any], *, claims: bool) -> set[str]:
        """Return what the settings promise.

        Siblings are left out where reads are judged by versions: they show several values at once. So are
        wrong clocks, which may let an older write win.
        """
        laws = {"works_again"}
        if given["anti_entropy"]:
            laws.add("converges")
        if plan.has_disk_loss or given["durability"] == "periodic":
            return laws
        laws.add("keeps_what_is_written_once")
        is_ordered = given["versioning"] != "siblings" and not plan.has_wrong_clocks
        if is_ordered and given["anti_entropy"]:
            laws |= {"keeps_what_it_acknowledges", "keeps_what_it_shows", "deleted_stays_deleted"}
        read, write, count = _needed(given, "read_level"), _needed(given, "write_level"), given["replicas"]
        if is_ordered and not given["sloppy"] and read + write > count:
            laws |= {"reads_are_fresh", "reads_own_writes"}
            if 2 * read > count and given["read_repair"] == "blocking":
                laws.add("reads_are_monotonic")
        return laws

    def pace(self, given: Mapping[str, Any]) -> float:
        """Return the time after which a coordinator gives up."""
        return float(given["timeout"])

    def leader(self, store: QuorumStore) -> Node | None:
        """Return the first replica of the first key: here nobody is special."""
        replica = store.replicas_of("a")[0]
        return next(node for node in store.nodes if node is replica)

    def disagreement(self, store: Store) -> Mapping[Any, Mapping[str, Any]]:
        """Return what replicas of a key hold, where they differ."""
        assert isinstance(store, QuorumStore)
        return replicas_that_differ(store)


def _needed(given: Mapping[str, Any], name: str) -> int:
    """Return how many replicas a level waits for; 0 where a hint is enough."""
    count: int = given["replicas"]
    numbers = {"quorum": count // 2 + 1, "all": count, "one": 1, "two": 2, "any": 0}
    return numbers[given[name]]
