"""Cache stores: the memory of a cache, wherever it stands.

entry          Entry: an answer, and until when it may be given
cache_store    CacheStore: entries by key, with a time to live and an eviction policy
"""

from .cache_store import UNITS, CacheStore, CacheStoreStatistics
from .entry import Entry

__all__ = ["UNITS", "CacheStore", "CacheStoreStatistics", "Entry"]
