"""What became of the calls to each version: seen at balancers, as those who call see it.

A call belongs to the version of the instance that the balancer sent it to. Failures on the way there are the
version's as well: whoever refuses or never answers looks bad from here, while what an instance says of itself
would leave that out. A call that is cut short is one without an answer.

Two use this: whoever writes a run's figures (an observer: what it has seen stays), and the monitor, which a
deployment's judge asks.
"""

from __future__ import annotations

from math import inf

from simulator import CallFailed, Environment, RequestTable

from ..balancing import Balancer, Target
from ..outcome import Outcome, outcome_of
from ..request import Response
from ..requirements import RequestObjective
from ..services import Instance
from ..workload import request_table
from .judge import Tally

_OK, _DEGRADED, _CANCELLED = int(Outcome.OK), int(Outcome.DEGRADED), int(Outcome.CANCELLED)


class VersionCalls:
    """The calls through balancers that are `watch`ed, in a table for each version; for their ends only.

    Example::

        seen = VersionCalls(env)
        seen.watch(edge)
        seen.table("2").availability()
    """

    def __init__(self, env: Environment) -> None:
        self._env = env
        self._tables: dict[str, RequestTable] = {}
        self._versions: dict[Target, str] = {}

    def watch(self, balancer: Balancer) -> None:
        """Write down the calls through `balancer` that begin from now on."""
        balancer.watch(self._record)

    def table(self, version: str) -> RequestTable:
        """Return the calls to a version, empty for one that nobody has called."""
        if version not in self._tables:
            self._tables[version] = request_table()
        return self._tables[version]

    @property
    def versions(self) -> tuple[str, ...]:
        """The versions that were called, in the order of their first call's end."""
        return tuple(name for name, table in self._tables.items() if len(table))

    def tally(self, objective: RequestObjective, version: str, since: float) -> tuple[Tally, Tally]:
        """Return the calls that began at `since` or later: to a version, and to all others."""
        named, others = Tally(), Tally()
        for name, table in self._tables.items():
            calls = objective.counted(table.sample(since, inf, by="start"))
            tally = Tally(len(calls), len(calls) - int(objective.good(calls).sum()))
            if name == version:
                named += tally
            else:
                others += tally
        return named, others

    def forget(self) -> None:
        """Know of no call."""
        self._tables.clear()

    def _record(self, target: Target, result: Response | CallFailed | None, elapsed: float) -> None:
        version = self._versions.get(target)
        if version is None:
            version = self._versions[target] = _version_behind(target)
        if result is None:
            outcome = _CANCELLED
        elif isinstance(result, CallFailed):
            outcome = int(outcome_of(result))
        else:
            outcome = _DEGRADED if result.degraded else _OK
        now = self._env.now
        table = self.table(version)
        table.issued += 1
        table.record(now - elapsed, now, outcome)


def _version_behind(target: Target) -> str:
    endpoint = target.endpoint
    while not isinstance(endpoint, Instance):
        inner = getattr(endpoint, "target", None)
        if inner is None:
            return "unknown"
        endpoint = inner
    return endpoint.version
