"""Invalidation: how caches elsewhere hear of a write, or need not.

invalidations      Invalidations: around the origin, tells caches of each write
invalidation_feed  InvalidationFeed: reads a store's changes, and tells caches of them
holder             Holder: what can be told: a Cache, a CacheServer
sender             InvalidationSender: the messages of both: numbers, batches, heartbeats
subscription       Subscription: at the cache, what receives them, and what it does about those it has missed
versioned_keys     VersionedKeys: content that never changes, and a pointer to the present one
"""

from .holder import Holder
from .invalidation_feed import InvalidationFeed
from .invalidations import Invalidations
from .sender import InvalidationMessage, InvalidationSender, InvalidationsStatistics
from .subscription import Subscription, SubscriptionStatistics
from .versioned_keys import VersionedKeys, VersionedKeysStatistics, content_key, pointer_key

__all__ = [
    "Holder",
    "InvalidationFeed",
    "InvalidationMessage",
    "InvalidationSender",
    "Invalidations",
    "InvalidationsStatistics",
    "Subscription",
    "SubscriptionStatistics",
    "VersionedKeys",
    "VersionedKeysStatistics",
    "content_key",
    "pointer_key",
]
