"""The monitor beside a balancer: counts the calls to each version, and answers who asks over the network.

It is the balancer's process that counts: what it has counted is in that host's memory, and begins anew with
it. Calls that are under way are in no count, so that a version that never answers is noticed when somebody's
timeout around the connection ends its calls, and not before. Source: the way of Prometheus, which asks its
targets for their counters.
"""

from __future__ import annotations

from typing import NamedTuple

from simulator import Environment

from ..balancing import Balancer
from ..endpoint import Call, Endpoint
from ..request import Request, Response
from ..requirements import RequestObjective
from .calls import VersionCalls


class Question(NamedTuple):
    """How many calls since a time (s) were bad by an objective: of a version, and of all others."""

    objective: RequestObjective
    version: str
    since: float


class CallMonitor(Endpoint):
    """Answers a `Question` with two tallies of what `balancer`, which must have a host, has seen."""

    def __init__(self, env: Environment, balancer: Balancer) -> None:
        if balancer.host is None:
            raise ValueError(f"balancer must stand on a host to be asked, got {balancer!r}")
        self.name = f"monitor of {balancer.name}"
        self.host = balancer.host
        self._calls = VersionCalls(env)
        self._calls.watch(balancer)
        balancer.on_afresh(self._calls.forget)

    def call(self, request: Request) -> Call:
        """Count."""
        yield from ()
        question: Question = request.value
        return Response(self._calls.tally(question.objective, question.version, question.since))
