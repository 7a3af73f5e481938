"""A scan: which nodes have told what they have, and whether that is enough for every key.

A scan asks all nodes that a read of any key might ask, and is over when a read of every key, had it asked the
same nodes, would have the answers that its level wants: with N replicas and a number R, at the latest when
all nodes but N - R have answered. (Whole zones may be silent if the replicas of each key are spread over
more.) As with reads, where so many are not trusted to begin with it is `Unavailable`. Where the keys are
listed, only their replicas matter.

What nodes have told of a key is merged, and told as a read would tell it. So each key is as a read of it at
this level, at some instant of the scan: not all at one. Nodes send versions and no digests, tell what they
keep for others too, and nobody is written to: what differs is not repaired, and a read at a low level may
show an older value than a scan before it. There is no mark, since changes of different keys have no order.

Source: Cassandra's range reads (`RangeCommands`), which ask the replicas of each stretch of the ring; they
repair, and go by stretches instead of all at once, which is left out.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from simulator import Process, TimedOut

from ...failures import ServerError
from ...request import Request, Response
from ..scans import Scanned
from .levels import Demand, Level, name_of

if TYPE_CHECKING:
    from .coordinator import Coordinator


def scanned(coordinator: Coordinator, request: Request, level: Level | int) -> Generator[Any, Any, Response]:
    """Let `coordinator` answer the scan that `request` asks for."""
    cluster = coordinator.cluster
    if request.value is not None:
        raise ServerError(f"{cluster.name} has no marks to scan after, got {request.value!r}")
    cluster.counts.reads += 1
    wanted: dict[tuple[Demand, frozenset[Coordinator]], None] = {}
    listed = request.key.listed
    preferences = cluster.all_preferences() if listed is None else map(cluster.preference, listed)
    for preference in preferences:
        demand = cluster.demand(level, preference, coordinator.region)
        candidates = coordinator.candidates(preference, level)
        coordinator.refuse_unless(demand, candidates, level)
        wanted[demand, frozenset(candidates)] = None
    scanning, number = ScanRound(coordinator, wanted), coordinator.next_number()
    coordinator.awaits(number, scanning)
    scope = coordinator.env.move_on_after(cluster.settings.read_timeout / coordinator.host.clock_rate)
    try:
        with scope:
            for node in cluster.nodes:
                if any(node in candidates for _, candidates in wanted):
                    coordinator.send_scan(node, scanning, number, request.key)
            if not scanning.is_over:
                yield from coordinator.wait_for(scanning)
    finally:
        coordinator.awaits_no_more(number)
    if scope.expired:
        cluster.counts.timed_out += 1
        raise TimedOut(f"{name_of(level)}: too few answers of {scanning.missing_count} sets of replicas")
    versions = scanning.shown()
    items = tuple((key, coordinator.response_of(version).value) for key, version in versions.items())
    return Response(Scanned(items), (), sum(version.weight() for version in versions.values()))


class ScanRound:
    """A scan of `coordinator`; `wanted` are, for each list of replicas, the demand and who may be asked."""

    __slots__ = ("_answered", "_coordinator", "_versions", "_wanted", "waiter")

    def __init__(
        self, coordinator: Coordinator, wanted: Iterable[tuple[Demand, frozenset[Coordinator]]]
    ) -> None:
        self._coordinator = coordinator
        self._wanted = list(wanted)
        self._answered: set[Coordinator] = set()
        self._versions: dict[Any, Any] = {}
        self.waiter: Process | None = None

    @property
    def is_over(self) -> bool:
        """Whether enough have answered, whatever the key."""
        return not self._wanted

    @property
    def missing_count(self) -> int:
        """How many sets of replicas, of all that a key can have, have answered too little."""
        return len(self._wanted)

    def answered(self, sender: Coordinator, versions: Mapping[Any, Any]) -> None:
        """Merge an answer; those that come when the scan is over change nothing."""
        if self.is_over or sender in self._answered:
            return
        self._answered.add(sender)
        merged = self._versions
        for key, version in versions.items():
            known = merged.get(key)
            merged[key] = version if known is None else known.merged(version)
        self._wanted = [
            (demand, asked) for demand, asked in self._wanted if not demand.is_met_by(asked & self._answered)
        ]
        if not self._wanted and self.waiter is not None:
            waiter, self.waiter = self.waiter, None
            self._coordinator.env.wake(waiter)

    def shown(self) -> dict[Any, Any]:
        """Return the version of each key that has a value."""
        return {key: version for key, version in self._versions.items() if version.shown() is not None}
