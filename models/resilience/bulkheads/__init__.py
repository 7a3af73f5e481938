"""Bulkheads: a limit on the calls to one dependency, so that its trouble sinks nothing else.

    pool                BulkheadPool: permits with a waiting room; one per dependency, or one for several
    bulkhead            Bulkhead: the call holds a permit and runs in its caller's process (a semaphore)
    thread_pool         ThreadPoolBulkhead: the call runs in a thread of its own, which its caller can leave
    connection_pool     ConnectionPool: a pool whose permits can leak, as every real client has one
    presets             hikari_pool, hystrix_semaphore, hystrix_thread_pool, resilience4j_bulkhead,
                        resilience4j_thread_pool

A pool for each dependency is the point of it. One that several bulkheads share is there for contrast: the
slowest dependency ends up with all of its permits.
"""

from .bulkhead import Bulkhead, BulkheadStatistics
from .connection_pool import ConnectionPool
from .pool import BulkheadPool, BulkheadPoolStatistics
from .presets import (
    hikari_pool,
    hystrix_semaphore,
    hystrix_thread_pool,
    resilience4j_bulkhead,
    resilience4j_thread_pool,
)
from .thread_pool import ThreadPoolBulkhead, ThreadPoolBulkheadStatistics

__all__ = [
    "Bulkhead",
    "BulkheadPool",
    "BulkheadPoolStatistics",
    "BulkheadStatistics",
    "ConnectionPool",
    "ThreadPoolBulkhead",
    "ThreadPoolBulkheadStatistics",
    "hikari_pool",
    "hystrix_semaphore",
    "hystrix_thread_pool",
    "resilience4j_bulkhead",
    "resilience4j_thread_pool",
]
