"""What took effect, how often, and what was acknowledged: the account of a game day, kept by an observer.

It stands outside the network, sees everything at the instant at which it happens, and changes nothing. What
it is told: an effect of an order took place (by an `Effect`), a client was told that an order was done (by an
`Acknowledged`). An order is whatever `Request.key` is; requests with the same key are the same order, and
should take effect once. What it answers:

- applied more than once: what retries do to writes that are not idempotent;
- lost: acknowledged and never applied: what a queue in memory does in a crash;
- unacknowledged: applied, and no client knows: what a timeout does, and why clients retry.

An effect is durable by definition: what a crash takes back (a transaction that is rolled back, a cache that
is emptied) is not to be written here. Leaves out: what effects do to each other, and their order, which is
for the histories of storage. Source: Jepsen's terms for "lost" and "recovered" writes.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectStatistics:
    """What has taken effect so far, and what clients know of it.

    Effects took place `applied_count` times, of `distinct_count` orders, `applied_more_than_once_count` of
    them more often than once. Clients were told of `acknowledged_count` orders; `lost_count` of those were
    not applied, and `unacknowledged_count` others were. So acknowledged + unacknowledged = distinct + lost.
    """

    applied_count: int
    distinct_count: int
    applied_more_than_once_count: int
    acknowledged_count: int
    lost_count: int
    unacknowledged_count: int


class EffectLog:
    """Counts effects and acknowledgements by order; `apply` and `acknowledge` are what it is told.

    Example::

        orders = EffectLog()
        bank = Instance(env, host, in_sequence(Work(0.01), Effect(orders)))
        client = Client(env, Acknowledged(Retry(env, network.connect(web, bank)), orders))
        env.run()
        orders.applied_more_than_once_count
    """

    def __init__(self) -> None:
        """Begin with nothing applied."""
        self._applications: dict[Hashable, int] = {}
        self._acknowledged: dict[Hashable, None] = {}
        self._applied_count = 0
        self._repeated_count = 0
        self._lost_count = 0

    def apply(self, order: Hashable) -> None:
        """Write down that the effect of `order` took place now."""
        before = self._applications.get(order, 0)
        self._applications[order] = before + 1
        self._applied_count += 1
        self._repeated_count += before == 1
        self._lost_count -= before == 0 and order in self._acknowledged

    def acknowledge(self, order: Hashable) -> None:
        """Write down that a client has been told that `order` is done, or that it will be.

        Told twice is told. What is only accepted for later counts as lost until it is applied.
        """
        if order not in self._acknowledged:
            self._acknowledged[order] = None
            self._lost_count += order not in self._applications

    def applications(self, order: Hashable) -> int:
        """Return how often the effect of `order` took place."""
        return self._applications.get(order, 0)

    def lost(self) -> list[Hashable]:
        """Return the orders that were acknowledged and not applied, first acknowledged first."""
        return [order for order in self._acknowledged if order not in self._applications]

    @property
    def applied_count(self) -> int:
        """How often an effect took place, of whatever order."""
        return self._applied_count

    @property
    def distinct_count(self) -> int:
        """How many orders took effect."""
        return len(self._applications)

    @property
    def applied_more_than_once_count(self) -> int:
        """How many orders took effect more often than once."""
        return self._repeated_count

    @property
    def acknowledged_count(self) -> int:
        """How many orders some client was told of."""
        return len(self._acknowledged)

    @property
    def lost_count(self) -> int:
        """How many orders were acknowledged and not applied, so far."""
        return self._lost_count

    @property
    def unacknowledged_count(self) -> int:
        """How many orders took effect and were not acknowledged, so far."""
        return self.distinct_count + self._lost_count - self.acknowledged_count

    def statistics(self) -> EffectStatistics:
        """Return what has happened so far."""
        return EffectStatistics(
            applied_count=self.applied_count,
            distinct_count=self.distinct_count,
            applied_more_than_once_count=self.applied_more_than_once_count,
            acknowledged_count=self.acknowledged_count,
            lost_count=self.lost_count,
            unacknowledged_count=self.unacknowledged_count,
        )
