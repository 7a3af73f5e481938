"""Bulkhead: so many calls at a time and no more, each in the process of its caller (semaphore isolation).

A call takes a permit of the pool, or waits for one in its room, and holds it from start to end, however that
comes: returned, raised, cancelled or killed. It limits how many callers a slow dependency can hold, not for
how long: put a `Timeout` around it, or in it, and a silent dependency holds a permit no longer than that.

What calls hold dies with them, and the pool begins anew with the process that the bulkhead stands in, or with
its host. Around a connection that is the caller's host; of a restart of the calling process alone it does not
know.

Leaves out: a fallback, which is an endpoint of its own; sizes that adapt to what the dependency can bear.
Sources: Nygard, "Release It!" (2nd ed. 2018), chapter 5, "Bulkheads"; resilience4j `SemaphoreBulkhead`;
Hystrix `ExecutionIsolationStrategy.SEMAPHORE`.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from simulator import Environment, Permits, QueueFull

from ...endpoint import Call, Endpoint, Wrapper
from ...request import Request
from ..rejection import rejection
from .pool import BulkheadPool


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkheadStatistics:
    """What has become of the calls to one bulkhead so far; its pool may serve others too.

    Of `call_count` calls `permitted_count` got a permit, `full_count` found none, and the room full,
    `waited_too_long_count` were turned away after `wait_max`, and `left_count` were cut short from outside
    while they waited; `waiting_count` wait now: these five add up to the calls. Of those permitted
    `in_flight_count` are under way. Calls from before a restart are counted until they end.
    """

    call_count: int
    permitted_count: int
    full_count: int
    waited_too_long_count: int
    left_count: int
    waiting_count: int
    in_flight_count: int

    @property
    def rejected_count(self) -> int:
        """How many calls were rejected: the room full, or waited too long."""
        return self.full_count + self.waited_too_long_count


class Bulkhead(Wrapper):
    """Answers as `target` does, to as many calls at a time as `pool` has permits; others are `Rejected`.

    The reasons are "bulkhead full", at once, and "waited too long" (in resilience4j a `BulkheadFullException`
    both times). Bulkheads with the same pool share its permits. Raises `TypeError` for what is not a pool.

    Example::

        payment = Bulkhead(env, Timeout(env, network.connect(web, payment), 0.5), BulkheadPool(env, 10))
    """

    def __init__(
        self, env: Environment, target: Endpoint, pool: BulkheadPool, *, name: str = "bulkhead"
    ) -> None:
        """Put the limit of `pool` around `target`."""
        super().__init__(target, name=name)
        if not isinstance(pool, BulkheadPool):
            raise TypeError(f"pool must be a BulkheadPool, such as BulkheadPool(env, 10), got {pool!r}")
        if pool.env is not env:
            raise ValueError(f"pool of {name!r} must belong to the same environment, got {pool!r} of another")
        self.pool = pool
        pool.bulkheads.append(self)
        self._call_count = 0
        self._ended_count = 0
        self._full_count = 0
        self._waited_too_long_count = 0
        self._left_count = 0
        self._waiting_count = 0
        if self.host is not None:
            self.host.on_restart(pool.start_afresh, endpoint=self.serving)

    @property
    def _permits(self) -> Permits:
        """Those of the present start of the process."""
        return self.pool.permits

    def call(self, request: Request) -> Call:
        """Answer `request` as the target does, or raise `Rejected`."""
        self._call_count += 1
        permits = self._permits
        if permits.free:
            permits.free -= 1
        else:
            yield from self._wait()
        try:
            return (yield from self.target.call(request))
        finally:
            self._ended_count += 1
            if permits is self._permits:
                self.pool.give_back()
            else:
                permits.release()  # of a start before this one, where somebody may wait for it yet

    def _wait(self) -> Generator[Any, Any, None]:
        """Wait for a permit, and take it."""
        self._waiting_count += 1
        try:
            is_permitted = yield from self.pool.wait()
        except QueueFull:
            self._full_count += 1
            raise rejection(self, "bulkhead full") from None
        except BaseException:
            self._left_count += 1
            raise
        finally:
            self._waiting_count -= 1
        if not is_permitted:
            self._waited_too_long_count += 1
            raise rejection(self, "waited too long")

    def statistics(self) -> BulkheadStatistics:
        """Return what has happened so far."""
        others = self._full_count + self._waited_too_long_count + self._left_count + self._waiting_count
        permitted_count = self._call_count - others
        return BulkheadStatistics(
            call_count=self._call_count,
            permitted_count=permitted_count,
            full_count=self._full_count,
            waited_too_long_count=self._waited_too_long_count,
            left_count=self._left_count,
            waiting_count=self._waiting_count,
            in_flight_count=permitted_count - self._ended_count,
        )
