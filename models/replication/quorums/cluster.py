"""What all nodes of one quorum store know from the beginning: settings, and where each key is kept.

No state of the run is here but counters, which observers read, and random streams.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from simulator import Environment
from simulator.randomness import Uniform

from ...infrastructure import Host
from ...network import Locality, locality
from .flaws import QuorumFlaws
from .levels import Demand, Level
from .membership import News
from .message_legs import LegSamplers
from .preference_lists import Preference, PreferenceLists
from .settings import QuorumSettings
from .statistics import Counts

if TYPE_CHECKING:
    from .coordinator import Coordinator
    from .replica import QuorumNode

_FARTHEST_LAST = {where: rank for rank, where in enumerate(Locality)}


def region_of(host: Host) -> str:
    """Return the name of the region that `host` stands in, and "" for one that stands in none."""
    return host.zone.region.name if host.zone is not None and host.zone.region is not None else ""


def distance(source: Host, target: Host) -> int:
    """Return how far apart two hosts are: 0 is the same host, and then rack, zone, region."""
    return _FARTHEST_LAST[locality(source, target)]


class Cluster:
    """The store called `name`; its nodes are told with `found`, once they are all there."""

    def __init__(self, env: Environment, name: str, settings: QuorumSettings, flaws: QuorumFlaws) -> None:
        self.env = env
        self.name = name
        self.settings = settings
        self.flaws = flaws
        self.legs = LegSamplers(env, settings.legs, name)
        self.counts = Counts()
        self.nodes: tuple[QuorumNode, ...] = ()
        self._preferences: PreferenceLists
        self._demands: dict[tuple[Any, ...], Demand] = {}
        self._by_distance: dict[tuple[Host, Preference], tuple[Coordinator, ...]] = {}
        detection = settings.detection
        self.draw: Callable[[], float] | None = None
        if detection is not None and detection.news is News.GOSSIP:
            self.draw = env.sampler(f"quorums/{name}/gossip", Uniform(0.0, 1.0))

    def found(self, nodes: tuple[QuorumNode, ...]) -> None:
        """Be made of `nodes`. Raises `ValueError` where they are too few for the replicas that are wanted."""
        self._preferences = PreferenceLists(nodes, self.settings.replicas, self.settings.virtual_nodes)
        self.nodes = nodes
        self.preference = self._preferences.of
        self.all_preferences = self._preferences.all

    def replicas_of(self, key: Any) -> tuple[Coordinator, ...]:
        """Return the replicas of `key`."""
        return self.preference(key).replicas

    def demand(self, level: Level | int, preference: Preference, region: str) -> Demand:
        """Return what `level` asks of the replicas of a key, at a coordinator in `region`."""
        at = (level, preference, region)
        demand = self._demands.get(at)
        if demand is None:
            demand = self._demands[at] = Demand(level, preference.replicas, region)
        return demand

    def nearest_first(self, host: Host, preference: Preference) -> tuple[Coordinator, ...]:
        """Return the replicas of a key, those nearest to `host` first; equally near ones in ring order."""
        at = (host, preference)
        replicas = self._by_distance.get(at)
        if replicas is None:
            how_far = partial(distance, host)
            replicas = self._by_distance[at] = tuple(
                sorted(preference.replicas, key=lambda replica: how_far(replica.host))
            )
        return replicas
