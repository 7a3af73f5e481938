"""Regions, zones and racks: where hosts stand, and hence what they share, distance and fate.

A region holds zones within about a millisecond of each other; a zone is a failure domain with its own power
and network (AWS: availability zone); a rack holds hosts of one zone on one power strip and behind one switch
(Barroso, Hoelzle, Ranganathan, "The Datacenter as a Computer", 3rd ed. 2018, chapter 1). Each stands in the
next larger one, or in none, and what befalls an area befalls all that stands in it.

The fate that they share here is power: what cuts it says so by name (`cut_power`, `restore_power`), and while
anything does, all hosts in the area are down, those too that come there meanwhile. A storm may cut it in a
zone and in its region: these are two cuts. Latency between places and the network's failures are the
network's business.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .host import Host


@dataclass(frozen=True, slots=True)
class _PowerCut:
    """What holds the hosts of an area down: one holder may have cut the power of several."""

    area: Area
    holder: object

    def __str__(self) -> str:
        return f"{self.holder} in {self.area}"


class Area(ABC):
    """A place that holds hosts, and loses power as one."""

    __slots__ = ("_power_cuts", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self._power_cuts: dict[object, None] = {}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    @property
    @abstractmethod
    def hosts(self) -> list[Host]:
        """All hosts that stand there, in the order in which they came."""

    @property
    @abstractmethod
    def within(self) -> Area | None:
        """The next larger area that this one stands in, if any."""

    @property
    def has_power(self) -> bool:
        """Whether there is power here, and in all that this stands in."""
        return not self._power_cuts and (self.within is None or self.within.has_power)

    def cut_power(self, holder: object) -> None:
        """Hold all hosts down, and those that come there, until `restore_power(holder)`.

        Raises `ValueError` if the holder has cut it already.
        """
        if holder in self._power_cuts:
            raise ValueError(f"power of {self.name!r} is cut by {holder} already")
        self._power_cuts[holder] = None
        for host in self.hosts:
            host.hold_down(_PowerCut(self, holder))

    def restore_power(self, holder: object) -> None:
        """Undo `cut_power`: hosts boot that nothing else keeps down.

        Raises `ValueError` if the holder has not cut it.
        """
        if holder not in self._power_cuts:
            raise ValueError(f"power of {self.name!r} is cut by others only, not by {holder}")
        del self._power_cuts[holder]
        for host in self.hosts:
            host.let_up(_PowerCut(self, holder))

    def _deny_power_to(self, host: Host) -> None:
        for holder in self._power_cuts:
            host.hold_down(_PowerCut(self, holder))
        if self.within is not None:
            self.within._deny_power_to(host)


class Region(Area):
    """A part of the world that holds zones; `name` is unique in a system."""

    __slots__ = ("zones",)

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.zones: list[Zone] = []

    @property
    def hosts(self) -> list[Host]:
        """All hosts of all its zones."""
        return [host for zone in self.zones for host in zone.hosts]

    @property
    def within(self) -> None:
        """Nothing: regions share no fate."""


class Zone(Area):
    """A failure domain inside a region (or in none); `name` is unique in a system, `racks` stand in it."""

    __slots__ = ("_hosts", "racks", "region")

    def __init__(self, name: str, region: Region | None = None) -> None:
        super().__init__(name)
        self.region = region
        self.racks: list[Rack] = []
        self._hosts: dict[Host, None] = {}
        if region is not None:
            region.zones.append(self)

    @property
    def hosts(self) -> list[Host]:
        """The hosts that stand here, in a rack or in none, in the order in which they came."""
        return list(self._hosts)

    @property
    def within(self) -> Region | None:
        """The region, if it is in one."""
        return self.region

    def add(self, host: Host) -> None:
        """Let a new `host` stand here; where there is no power, it is down until there is. Hosts do it."""
        self._hosts[host] = None
        self._deny_power_to(host)

    def remove(self, host: Host) -> None:
        """Let `host` stand here no longer. Hosts do it, at the end of their days."""
        del self._hosts[host]


class Rack(Area):
    """A failure domain inside a `zone`: hosts that share a power strip and a switch."""

    __slots__ = ("_hosts", "zone")

    def __init__(self, name: str, zone: Zone) -> None:
        if not isinstance(zone, Zone):
            raise TypeError(f"zone of rack {name!r} must be a Zone, got {zone!r}")
        super().__init__(name)
        self.zone = zone
        self._hosts: dict[Host, None] = {}
        zone.racks.append(self)

    @property
    def hosts(self) -> list[Host]:
        """The hosts that stand here, in the order in which they came."""
        return list(self._hosts)

    @property
    def within(self) -> Zone:
        """The zone."""
        return self.zone

    def add(self, host: Host) -> None:
        """Let a new `host` stand here, and so in the zone; without power it is down. Hosts do it."""
        self._hosts[host] = None
        self.zone._hosts[host] = None
        self._deny_power_to(host)

    def remove(self, host: Host) -> None:
        """Let `host` stand here, and in the zone, no longer. Hosts do it, at the end of their days."""
        del self._hosts[host]
        self.zone.remove(host)
