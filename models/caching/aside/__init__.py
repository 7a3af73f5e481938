"""Cache-aside: the application keeps a cache, on servers of its own, beside what it is a copy of.

cache_aside    CacheAside: asks the cache, then the origin, then sets; deletes after a write
leasing        Leasing: with leases, no set that is too late, and no herd
"""

from .cache_aside import ON_WRITE, CacheAside, CacheAsideStatistics
from .leasing import Leasing

__all__ = ["ON_WRITE", "CacheAside", "CacheAsideStatistics", "Leasing"]
