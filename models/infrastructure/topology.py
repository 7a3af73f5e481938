"""Regions and zones: where hosts stand, and hence what they share, distance and fate.

A zone is a failure domain with its own power and network (AWS: availability zone); a region holds zones
within about a millisecond of each other. The fate that they share here is power: what cuts it says so by name
(`cut_power`, `restore_power`), and while anything does, all hosts in the area are down, those too that come
there meanwhile. Latency between places and the network's failures are the network's business.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .host import Host


class _Area(ABC):
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
        """All hosts that stand there."""

    def cut_power(self, holder: object) -> None:
        """Hold all hosts down, and those that come there, until `restore_power(holder)`.

        Raises `ValueError` if the holder has cut it already.
        """
        if holder in self._power_cuts:
            raise ValueError(f"power of {self.name!r} is cut by {holder} already")
        self._power_cuts[holder] = None
        for host in self.hosts:
            host.hold_down(holder)

    def restore_power(self, holder: object) -> None:
        """Undo `cut_power`: hosts boot that nothing else keeps down.

        Raises `ValueError` if the holder has not cut it.
        """
        if holder not in self._power_cuts:
            raise ValueError(f"power of {self.name!r} is cut by others only, not by {holder}")
        del self._power_cuts[holder]
        for host in self.hosts:
            host.let_up(holder)

    def _deny_power_to(self, host: Host) -> None:
        for holder in self._power_cuts:
            host.hold_down(holder)


class Region(_Area):
    """A part of the world that holds zones; `name` is unique in a system."""

    __slots__ = ("zones",)

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.zones: list[Zone] = []

    @property
    def hosts(self) -> list[Host]:
        """All hosts of all its zones."""
        return [host for zone in self.zones for host in zone.hosts]


class Zone(_Area):
    """A failure domain inside a region (or in none); `name` is unique in a system."""

    __slots__ = ("_hosts", "region")

    def __init__(self, name: str, region: Region | None = None) -> None:
        super().__init__(name)
        self.region = region
        self._hosts: list[Host] = []
        if region is not None:
            region.zones.append(self)

    @property
    def hosts(self) -> list[Host]:
        """The hosts that stand here, in the order in which they came."""
        return self._hosts

    def add(self, host: Host) -> None:
        """Let a new `host` stand here; where there is no power, it is down until there is. Hosts do it."""
        self._hosts.append(host)
        self._deny_power_to(host)
        if self.region is not None:
            self.region._deny_power_to(host)
