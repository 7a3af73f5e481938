"""Bulkheads as the libraries ship them.

Each function takes the library's own parameters, with its defaults, in seconds.

    library         limit                        who waits                        a caller who gives up
    resilience4j    25 permits                   nobody, or all for a given time
    Hystrix         10 permits                   nobody
    Hystrix         10 threads                   nobody                           interrupts its thread
    resilience4j    about as many threads as     100                              abandons it
                    there are processors
    HikariCP        10 connections               all, for 30 s

Sources: resilience4j `BulkheadConfig`, `ThreadPoolBulkheadConfig`; Hystrix `HystrixCommandProperties`,
`HystrixThreadPoolProperties`; HikariCP `HikariConfig`.
"""

from __future__ import annotations

from math import inf

from simulator import Environment

from ...endpoint import Endpoint
from .connection_pool import ConnectionPool
from .pool import BulkheadPool
from .thread_pool import ThreadPoolBulkhead


def resilience4j_bulkhead(
    env: Environment, *, size: int = 25, wait_max: float = 0.0, name: str = "resilience4j"
) -> BulkheadPool:
    """Return the pool of resilience4j's semaphore bulkhead, which limits the time of a wait and nothing else.

    With a `wait_max` of 0 s nobody waits; it may be infinite.
    """
    if wait_max == 0:
        return BulkheadPool(env, size, name=name)
    return BulkheadPool(env, size, waiting_max=inf, wait_max=wait_max, name=name)


def hystrix_semaphore(env: Environment, *, size: int = 10, name: str = "hystrix") -> BulkheadPool:
    """Return the pool of a Hystrix command that is isolated by semaphore: nobody waits."""
    return BulkheadPool(env, size, name=name)


def hystrix_thread_pool(
    env: Environment,
    target: Endpoint,
    *,
    threads: int = 10,
    queue_size_max: float = 0,
    interrupts: bool = True,
    name: str = "hystrix",
) -> ThreadPoolBulkhead:
    """Return `target` in the thread pool of a Hystrix command, which is how that isolates by default.

    Its timeout of 1 s is an endpoint of its own here, around the pool. `queue_size_max` is what Hystrix calls
    the rejection threshold of the queue.
    """
    return ThreadPoolBulkhead(
        env, target, threads=threads, queue_size_max=queue_size_max, interrupts=interrupts, name=name
    )


def resilience4j_thread_pool(
    env: Environment,
    target: Endpoint,
    *,
    threads: int,
    queue_size_max: float = 100,
    name: str = "resilience4j",
) -> ThreadPoolBulkhead:
    """Return `target` in resilience4j's thread pool, which interrupts nothing.

    Its default of `threads` is the number of processors less one, at least one.
    """
    return ThreadPoolBulkhead(
        env, target, threads=threads, queue_size_max=queue_size_max, interrupts=False, name=name
    )


def hikari_pool(
    env: Environment, *, size: int = 10, connection_timeout: float = 30.0, name: str = "hikari"
) -> ConnectionPool:
    """Return HikariCP's pool: whoever finds no connection free waits for `connection_timeout` s (> 0)."""
    return ConnectionPool(env, size, wait_max=connection_timeout, name=name)
