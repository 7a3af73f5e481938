"""Where things run: regions, zones, racks, hosts and their cores, and who gets which.

topology     Area: Region, Zone, Rack
host         Host: crash, restart, what runs on it
cores/       first-come, processor sharing, fair shares with quotas
resources    Resources: what a process takes of its host; what fits
host_pool    HostPool: hosts by the hour
placement/   which hosts to take: spread, pack, keep apart
"""

from .cores import CoreStatistics, CpuQuota, Share, ShareStatistics
from .host import Host
from .host_pool import HostPool, HostPoolStatistics, HostType, NoCapacity
from .resources import NOTHING_ASKED, DoesNotFit, Resources, Room
from .topology import Area, Rack, Region, Zone

__all__ = [
    "NOTHING_ASKED",
    "Area",
    "CoreStatistics",
    "CpuQuota",
    "DoesNotFit",
    "Host",
    "HostPool",
    "HostPoolStatistics",
    "HostType",
    "NoCapacity",
    "Rack",
    "Region",
    "Resources",
    "Room",
    "Share",
    "ShareStatistics",
    "Zone",
]
