"""How the cores of a host are shared out among the work that wants them.

    cores               Cores: the contract; CpuQuota, CoreStatistics
    first_come          work waits for a core and then has it to itself
    processor_sharing   all work proceeds at once, each piece at an equal share
    fair_share          groups of work share by weight, and within limits
    share               Share: what one group has
    looks               what the two that share are made of
    disciplines         all of them, by name

Demand is in seconds on one core at speed 1. A change of speed holds for all work at once, for what is in
progress from then on: work that began while a host was slow does not stay slow. No piece of work runs on two
cores. Leaves out: context-switch cost, priorities, affinity.
"""

from .cores import Cores, CoreStatistics, CpuQuota
from .disciplines import DISCIPLINES
from .fair_share import FairShareCores
from .first_come import FirstComeCores
from .processor_sharing import ProcessorSharingCores
from .share import Share, ShareStatistics

__all__ = [
    "DISCIPLINES",
    "CoreStatistics",
    "Cores",
    "CpuQuota",
    "FairShareCores",
    "FirstComeCores",
    "ProcessorSharingCores",
    "Share",
    "ShareStatistics",
]
