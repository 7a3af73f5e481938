"""Where a key is kept: the first nodes that the ring meets from the key on, spread over zones.

Each node stands on the ring at many points. A walk from the key's hash meets all nodes in an order that is
the key's preference list. Rules for who of them are its replicas:

- With a number N: the first N of the list, except that a node whose zone has one already waits until every
  zone has one.
- With a number for each region: the same in each region, among its own nodes.

The others follow, in the order of the walk: they stand in for replicas that cannot be reached, where a sloppy
quorum lets them. There are no more lists than points on the ring; which of them is a key's is remembered for
so many keys. Leaves out: nodes that join and leave. Source: DeCandia et al., "Dynamo" (SOSP 2007), sections
4.2 and 4.3; Cassandra's `NetworkTopologyStrategy`, whose racks are zones here.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...hashing import HashRing, hash_of

if TYPE_CHECKING:
    from .coordinator import Coordinator


@dataclass(frozen=True, slots=True, eq=False)
class Preference:
    """The preference list of a key: its `replicas`, and the `others` that may stand in for them.

    `themselves` says of each replica that it stands for itself.
    """

    replicas: tuple[Coordinator, ...]
    others: tuple[Coordinator, ...]
    themselves: Mapping[Coordinator, Coordinator]


KEYS_KNOWN_MAX = 65_536
"""So many keys' lists are remembered; then all are forgotten, and looked up again as they come."""


class PreferenceLists:
    """The preference lists of all keys over `nodes`, with `replicas` of each key: N, or N by region name.

    Raises `ValueError` for more replicas than there are nodes.
    """

    def __init__(
        self, nodes: Sequence[Coordinator], replicas: int | Mapping[str, int], virtual_nodes: int
    ) -> None:
        self._nodes = tuple(nodes)
        self._replicas = replicas
        self._ring = HashRing([node.name for node in nodes], virtual_nodes=virtual_nodes)
        self._known: dict[Any, Preference] = {}
        # One object for all keys with the same list: of these there are few.
        self._lists: dict[tuple[Coordinator, ...], Preference] = {}
        self._at_points: list[Preference | None] = [None] * len(self._ring.points)
        self._all: tuple[Preference, ...] | None = None
        for count, among, where in self._wanted(self._nodes):
            if count > len(among):
                raise ValueError(f"replicas must be at most the {len(among)} nodes{where}, got {count}")

    def of(self, key: Any) -> Preference:
        """Return the preference list of `key`."""
        preference = self._known.get(key)
        if preference is None:
            points = self._ring.points
            preference = self._from(bisect_left(points, hash_of(key)) % len(points))
            if len(self._known) >= KEYS_KNOWN_MAX:
                self._known.clear()
            self._known[key] = preference
        return preference

    def all(self) -> Sequence[Preference]:
        """Return every list that a key can have, each once."""
        if self._all is None:
            self._all = tuple(dict.fromkeys(map(self._from, range(len(self._ring.points)))))
        return self._all

    def _from(self, position: int) -> Preference:
        """Return the list of keys that belong to the point at this position of the circle."""
        preference = self._at_points[position]
        if preference is None:
            walk = tuple(self._nodes[index] for index in self._ring.walk(self._ring.points[position]))
            preference = self._lists.get(walk)
            if preference is None:
                preference = self._lists[walk] = self._preference(walk)
            self._at_points[position] = preference
        return preference

    def _preference(self, walk: Sequence[Coordinator]) -> Preference:
        chosen = {
            node: None for count, among, _ in self._wanted(walk) for node in _spread_over_zones(among, count)
        }
        replicas = tuple(node for node in walk if node in chosen)
        others = tuple(node for node in walk if node not in chosen)
        return Preference(replicas, others, dict(zip(replicas, replicas, strict=True)))

    def _wanted(self, nodes: Iterable[Coordinator]) -> list[tuple[int, list[Coordinator], str]]:
        if isinstance(self._replicas, int):
            return [(self._replicas, list(nodes), "")]
        return [
            (count, [node for node in nodes if node.region == region], f" in region {region!r}")
            for region, count in self._replicas.items()
        ]


def _spread_over_zones(walk: Sequence[Coordinator], count: int) -> list[Coordinator]:
    taken: dict[Any, Coordinator] = {}
    for node in walk:
        taken.setdefault(node.host.zone, node)
    first = list(taken.values())
    return (first + [node for node in walk if node not in first])[:count]
