"""Laws that hold for each run, whatever is in it, and are checked event by event.

- Little's law, as an identity: the time that requests spent somewhere, added up, is the area under the number
  that was there. For clients (in flight against latencies) and for all queues (waiting): those of instances,
  of pools and of rate limiters.
- Utilisation is work over capacity: the area under the busy cores is the busy time, and the area under busy
  cores times speed is the work that was done.

Source: Little, "A Proof for the Queuing Formula L = lambda W" (Operations Research, 1961), which over an
interval that begins and ends empty is no more than two ways to add up one area.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import isclose

from models.resilience.bulkheads import Bulkhead, BulkheadPool
from models.resilience.rate_limits import RateLimiter
from models.services import Instance

from .allowances import has_begun_anew
from .invariants import BrokenInvariant, entity_of
from .live_system import LiveSystem

_ABSOLUTE = 1e-6  # seconds; areas are sums of very many small pieces


class Areas:
    """Runs a system item by item and adds up the areas under what it holds meanwhile."""

    def __init__(self, live: LiveSystem) -> None:
        self._live = live
        self._clients = [each.client for each in live.clients]
        self._parts_count = 0
        self._waiting: dict[Instance | BulkheadPool | RateLimiter, float] = {}
        self._hosts = live.hosts
        self._in_flight = [0.0] * len(self._clients)
        self._busy = [0.0] * len(self._hosts)
        self._work = [0.0] * len(self._hosts)

    def run(self, until: float) -> None:
        """Let everything happen that is due before `until`, and let the clock read that."""
        env = self._live.env
        while (time := env.peek()) < until:
            if time > env.now:
                self._add(time - env.now)
            env.step()
        self._add(until - env.now)
        env.run(until=until)

    def _find_queues(self) -> None:
        """Find those that have come: instances may, and what stands around them."""
        live = self._live
        # Looked at between any two events: the lists themselves are made where one has grown.
        parts_count = len(live.endpoints) + len(live.system.parts)
        if parts_count != self._parts_count:
            self._parts_count = parts_count
            for part in (*live.endpoints, *live.parts):
                if isinstance(part, Instance | BulkheadPool | RateLimiter):
                    self._waiting.setdefault(part, 0.0)

    def _add(self, elapsed: float) -> None:
        self._find_queues()
        for index, client in enumerate(self._clients):
            self._in_flight[index] += elapsed * client.in_flight
        # Asked between any two events, and most have nobody: so only for a count, and not for all statistics.
        for queue in self._waiting:
            if waiting_count := queue.waiting_count:
                self._waiting[queue] += elapsed * waiting_count
        for index, host in enumerate(self._hosts):
            if running_count := host.running_count:
                area = elapsed * running_count
                self._busy[index] += area
                self._work[index] += area * host.speed

    def check(self) -> None:
        """Raise `BrokenInvariant` where a law does not hold; for a system that has run empty."""
        for part, rule, area, counted in self._laws():
            if not isclose(area, counted, rel_tol=1e-6, abs_tol=_ABSOLUTE):
                self._break(part, rule, area, counted)
        for queue, area in self._waiting.items():
            if isinstance(queue, BulkheadPool) and self._has_begun_anew(queue):
                continue
            counted = queue.statistics().waiting_time
            # Those who left the queue with nothing have waited too.
            is_short = area < counted - _ABSOLUTE
            if is_short or (area > counted + _ABSOLUTE and not self._left_count(queue)):
                self._break(queue, "waiting_time = area under waiting_count", area, counted)

    def _left_count(self, queue: Instance | BulkheadPool | RateLimiter) -> int:
        """Return how many may have left a queue with nothing."""
        if isinstance(queue, Instance):
            return queue.statistics().aborted_count
        if isinstance(queue, RateLimiter):
            return queue.statistics().abandoned_count + queue.statistics().rejected_count
        return queue.statistics().waited_too_long_count + sum(
            bulkhead.statistics().left_count for bulkhead in self._bulkheads(queue)
        )

    def _has_begun_anew(self, pool: BulkheadPool) -> bool:
        """Return whether a pool may have forgotten some who go on waiting for it."""
        return any(has_begun_anew(self._live, bulkhead) for bulkhead in self._bulkheads(pool))

    def _bulkheads(self, pool: BulkheadPool) -> list[Bulkhead]:
        return [each for each in self._live.endpoints if isinstance(each, Bulkhead) and each.pool is pool]

    def _laws(self) -> Iterator[tuple[object, str, float, float]]:
        for client, area in zip(self._clients, self._in_flight, strict=True):
            latencies = float(client.table.latencies().sum())
            yield client, "sum of latencies = area under in flight", area, latencies
        for host, busy, work in zip(self._hosts, self._busy, self._work, strict=True):
            statistics = host.statistics()
            capacity = host.cores * self._live.env.now
            yield host, "busy_time = area under running_count", busy, statistics.busy_time
            yield host, "work_done = area under running_count x speed", work, statistics.work_done
            yield host, "utilisation = work over capacity", busy, statistics.utilisation * capacity

    def _break(self, part: object, rule: str, area: float, counted: float) -> None:
        kind = f"{type(part).__name__}: {rule}"
        detail = f"counted {counted!r} s, area {area!r} s"
        raise BrokenInvariant(rule, entity_of(part), kind, self._live.env.now, detail)
