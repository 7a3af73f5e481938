"""Where things run: regions, zones, hosts and their cores.

topology    Region, Zone
host        Host: crash, restart, what runs on it
cores       first-come and processor-sharing cores
"""

from .cores import CoreStatistics
from .host import Host
from .topology import Region, Zone

__all__ = ["CoreStatistics", "Host", "Region", "Zone"]
