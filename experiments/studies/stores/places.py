"""Two sides of a cut: the hosts on which stores are compared, the same for each of them.

Five hosts in two regions, an ocean apart. What a cut between the regions leaves on one side is a majority:

    majority   region "east": two hosts in zone "east-a", one in "east-b", and a monitor for who has one
    minority   region "west": two hosts in zone "west-a"

On each side a host of clients stands in the zone of the side's first host. Three zones, so that a store with
three copies of each key has two of them in the east and one in the west. One-way latencies are the network's
defaults: 0.2 ms in a zone, 1 ms between zones, 40 ms between regions (medians).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from models import Host, Network, Region, Zone
from simulator import Environment

Side = Literal["majority", "minority"]
SIDES: tuple[Side, ...] = ("majority", "minority")

_ZONES: Mapping[Side, tuple[tuple[str, int], ...]] = {
    "majority": (("east-a", 2), ("east-b", 1)),
    "minority": (("west-a", 2),),
}
_REGIONS: Mapping[Side, str] = {"majority": "east", "minority": "west"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where things stand: `regions`, `hosts` of nodes and a host of `clients` by side; the `monitor`'s."""

    network: Network
    regions: Mapping[Side, Region]
    hosts: Mapping[Side, tuple[Host, ...]]
    clients: Mapping[Side, Host]
    monitor: Host

    def hosts_from(self, first: Side) -> tuple[Host, ...]:
        """Return all hosts of nodes, those of the `first` side before the others."""
        return tuple(
            host for side in sorted(SIDES, key=lambda each: each != first) for host in self.hosts[side]
        )


def two_sides(env: Environment, network: Network | None = None) -> Places:
    """Return the places of a comparison, on `network` (by default one of usual latencies)."""
    regions: dict[Side, Region] = {side: Region(name) for side, name in _REGIONS.items()}
    hosts: dict[Side, tuple[Host, ...]] = {}
    clients: dict[Side, Host] = {}
    for side in SIDES:
        zones = [(Zone(name, regions[side]), count) for name, count in _ZONES[side]]
        hosts[side] = tuple(
            Host(env, f"{zone.name}-{number}", zone=zone)
            for zone, count in zones
            for number in range(1, count + 1)
        )
        clients[side] = Host(env, f"clients-{_REGIONS[side]}", zone=zones[0][0])
    return Places(
        network=network or Network(env),
        regions=regions,
        hosts=hosts,
        clients=clients,
        monitor=Host(env, "monitor", zone=hosts["majority"][-1].zone),
    )
