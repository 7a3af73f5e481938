"""Regions and zones: where hosts stand, and hence what they share, distance and fate.

A zone is a failure domain with its own power and network (AWS: availability zone); a region holds zones
within about a millisecond of each other. Zones and regions hold no state but their hosts; latency between
places is the network's business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .host import Host


class Region:
    """A part of the world that holds zones; `name` is unique in a system."""

    __slots__ = ("name", "zones")

    def __init__(self, name: str) -> None:
        self.name = name
        self.zones: list[Zone] = []

    def __repr__(self) -> str:
        return f"Region({self.name!r})"

    @property
    def hosts(self) -> list[Host]:
        """All hosts of all its zones."""
        return [host for zone in self.zones for host in zone.hosts]


class Zone:
    """A failure domain inside a region (or in none); `name` is unique in a system."""

    __slots__ = ("hosts", "name", "region")

    def __init__(self, name: str, region: Region | None = None) -> None:
        self.name = name
        self.region = region
        self.hosts: list[Host] = []
        if region is not None:
            region.zones.append(self)

    def __repr__(self) -> str:
        return f"Zone({self.name!r})"
