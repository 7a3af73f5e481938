"""Patterns: how a cache is kept, in front of what it is a copy of.

cache           Cache: the endpoint around a target, with a store and three rules
rules           the contracts: MissRule, RenewalRule, WriteRule
reads           which requests a cache may answer
load            a question to the target that is under way
loading         at a miss, ask
coalescing      at a miss, ask with all others who miss the same key
stale           at a miss, give what has expired: while it is loaded, or if that fails
hidden_origin   at a miss, fail, and load behind the scenes
refresh_ahead   near its end, load an entry in the background
early_expiry    near its end, take an entry for expired, by chance
write_around    a write goes past the cache
write_through   a write goes through the cache
own_writes      the writes of a cache that are under way, and may be kept or not
write_behind    a write is acknowledged, and goes to the target later; with a face of its own
"""

from .cache import Cache, CacheStatistics
from .coalescing import Coalescing
from .early_expiry import EarlyExpiry
from .hidden_origin import NOT_CACHED, NOT_QUEUED, HiddenOrigin
from .loading import LoadOnMiss
from .reads import PASSED, READS, require_reads, says_more_than_its_key
from .refresh_ahead import RefreshAhead
from .rules import Answer, Look, MissRule, RenewalRule, WriteRule
from .stale import STALE, StaleIfError, StaleWhileRevalidate
from .write_around import WriteAround
from .write_through import PUTS, WriteThrough

__all__ = [
    "NOT_CACHED",
    "NOT_QUEUED",
    "PASSED",
    "PUTS",
    "READS",
    "STALE",
    "Answer",
    "Cache",
    "CacheStatistics",
    "Coalescing",
    "EarlyExpiry",
    "HiddenOrigin",
    "LoadOnMiss",
    "Look",
    "MissRule",
    "RefreshAhead",
    "RenewalRule",
    "StaleIfError",
    "StaleWhileRevalidate",
    "WriteAround",
    "WriteRule",
    "WriteThrough",
    "require_reads",
    "says_more_than_its_key",
]
