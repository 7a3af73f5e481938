"""Saturation: which resource of a system saturates first, or has.

watch           SaturationWatch: looks at all resources of a system while it runs
report          SaturationReport: the rule by which one of them is to blame
use             ResourceUse: how much of a resource is used, and at which load it will not be enough
resource        the contract of a kind of resource; its members:
                cores (of a host), threads (of an instance), wires (of a link), pools (of connections, of a
                bulkhead, of a concurrency limiter), rate_limits, slots (of workers, and a backlog's limit)
finding         which resources there are, and what they are called
ways            who waits for what
account         what was seen of one resource
"""

from .finding import KINDS, Kinds
from .report import SaturationReport
from .resource import Reading, Resource
from .use import FULL, ResourceUse
from .watch import SaturationWatch

__all__ = [
    "FULL",
    "KINDS",
    "Kinds",
    "Reading",
    "Resource",
    "ResourceUse",
    "SaturationReport",
    "SaturationWatch",
]
