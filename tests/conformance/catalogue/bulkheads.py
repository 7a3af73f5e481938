"""Bulkheads: semaphores with and without a waiting room, and pools of threads."""

from __future__ import annotations

from math import inf

from models import Endpoint
from models.resilience.bulkheads import Bulkhead, BulkheadPool, ThreadPoolBulkhead

from ..bulkhead_expectation import BulkheadModel, ThreadPoolModel
from ..world import World
from .wrapper import Wrapper

WAIT = 0.61861


def _bulkhead(name: str, *, room: int, wait_max: float = inf) -> Wrapper:
    def build(world: World, inner: Endpoint) -> Endpoint:
        pool = BulkheadPool(world.env, 1, waiting_max=room, wait_max=wait_max)
        return Bulkhead(world.env, inner, pool)

    return Wrapper(
        name=name,
        build=build,
        model=lambda clock, inner, host: BulkheadModel(clock, inner, room=room, wait_max=wait_max),
    )


def _thread_pool(name: str, *, interrupts: bool) -> Wrapper:
    return Wrapper(
        name=name,
        build=lambda world, inner: ThreadPoolBulkhead(
            world.env,
            inner,
            threads=1,
            queue_size_max=1,
            interrupts=interrupts,
            # A balancer here stands nowhere, and a thread that was abandoned there would have nothing to die
            # with.
            host=inner.host or world.here,
        ),
        model=lambda clock, inner, host: ThreadPoolModel(
            clock, inner, host, threads=1, queue=1, interrupts=interrupts
        ),
    )


WRAPPERS = (
    _bulkhead("Bulkhead of 1", room=0),
    _bulkhead("Bulkhead of 1 with a room of 2", room=2, wait_max=WAIT),
    _thread_pool("thread pool of 1", interrupts=True),
    _thread_pool("thread pool of 1 that abandons", interrupts=False),
)
