"""Faults: what goes wrong, on purpose and by chance; each is injected and healed, and they may overlap.

    fault           Fault: the contract; what the log says
    crashes         ProcessCrash, HostCrash
    disks           DiskLoss
    outages         PowerOutage, NetworkOutage: of a whole rack, zone or region
    links           NetworkPartition, LinkDelay, LinkLoss: between places; all the time or in bursts
    gray_failures   SlowHost, ClockSkew
    answers         ErrorBurst, SlowAnswers, DependencyOutage: what a service does
    pools           PoolLeak: connections that do not come back
    flapping        Flapping: any of them, on and off
    plan            FaultPlan: what is injected when, and until when
    chaos/          random chaos, and what Netflix and Google are known to do

Objects are struck, not names: `HostCrash(system.host("web-1"))`.
"""

from .answers import OUTAGE_MODES, Answering, DependencyOutage, ErrorBurst, SlowAnswers
from .crashes import HostCrash, ProcessCrash
from .disks import DiskLoss
from .fault import Fault, FaultStatistics
from .flapping import Flapping
from .gray_failures import ClockSkew, SlowHost
from .links import LinkDelay, LinkLoss, NetworkPartition
from .outages import NetworkOutage, PowerOutage
from .plan import FaultPlan, PlannedFault
from .pools import PoolLeak

__all__ = [
    "OUTAGE_MODES",
    "Answering",
    "ClockSkew",
    "DependencyOutage",
    "DiskLoss",
    "ErrorBurst",
    "Fault",
    "FaultPlan",
    "FaultStatistics",
    "Flapping",
    "HostCrash",
    "LinkDelay",
    "LinkLoss",
    "NetworkOutage",
    "NetworkPartition",
    "PlannedFault",
    "PoolLeak",
    "PowerOutage",
    "ProcessCrash",
    "SlowAnswers",
    "SlowHost",
]
