"""The load shedder: turns requests away as they arrive, by what it sees of the load at that moment.

It keeps nothing: no queue, no count of what is in flight, nothing that a restart could lose. That is the
difference to `ConcurrencyLimiter`, which decides by the calls that it has let in itself, learns from their
ends, and lets others wait; the two share nothing but the failure that they raise, and are two mechanisms.
They go well together: `LoadShedder(env, ConcurrencyLimiter(env, instance, limit), rule)`.

Left out: shedding by chance (see `SheddingRule` for how to make your own), and by age, which is the waiting
room's. Source: "Site Reliability Engineering", chapter 21, "Handling Overload".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simulator import Environment

from ...endpoint import Call, Endpoint, Wrapper
from ...request import Request
from ..rejection import rejection
from .shedding_rule import SheddingRule


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadShedderStatistics:
    """What has become of the calls to a shedder so far.

    `call_count` = `admitted_count` + `shed_count`; `shed_counts` is the latter by the requests' priority, the
    lowest first.
    """

    call_count: int
    admitted_count: int
    shed_count: int
    shed_counts: Mapping[int, int]


class LoadShedder(Wrapper):
    """Answers as `target` does, or raises `Rejected` in no time where `rule` says so.

    Example::

        shedder = LoadShedder(env, instance, UtilisationShedding(ThreadLoad(instance), {1: 0.8}))
        payment = network.connect(web, shedder)
    """

    def __init__(
        self, env: Environment, target: Endpoint, rule: SheddingRule, *, name: str = "shedder"
    ) -> None:
        """Put `rule` before `target`."""
        super().__init__(target, name=name)
        if not isinstance(rule, SheddingRule):
            raise TypeError(f"rule must be a SheddingRule, such as QueueLength(10), got {rule!r}")
        self._env = env
        self._judge = rule.judge(target)
        self._call_count = 0
        self._shed_counts: dict[int, int] = {}

    def call(self, request: Request) -> Call:
        """Answer `request` as the target does, or raise `Rejected`."""
        self._call_count += 1
        reason = self._judge(request)
        if reason is not None:
            self._shed_counts[request.priority] = self._shed_counts.get(request.priority, 0) + 1
            raise rejection(self, reason)
        return (yield from self.target.call(request))

    def statistics(self) -> LoadShedderStatistics:
        """Return what has happened so far."""
        shed_count = sum(self._shed_counts.values())
        return LoadShedderStatistics(
            call_count=self._call_count,
            admitted_count=self._call_count - shed_count,
            shed_count=shed_count,
            shed_counts=dict(sorted(self._shed_counts.items())),
        )
