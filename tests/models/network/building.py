"""What the tests of the network are built from: hosts, messages that are noted, scripted mischief."""

from collections.abc import Generator, Iterable
from math import inf
from typing import Any

import pytest

from models.endpoint import Endpoint, FunctionEndpoint
from models.failures import CallFailed
from models.infrastructure import Host, Region, Zone
from models.network import LOSE, PASS, Connection, ConnectionStatistics, Network, Rule, Verdict
from models.request import Request
from simulator import Environment, Process

Steps = Generator[Any, Any, Any]

WAY = 0.125
"""One way through the network in seconds; a power of two, so that sums are exact."""


class World:
    """Two hosts with a network between them, and notes of what arrives and what callers see."""

    def __init__(self, *, seed: int = 1, trace: bool = False, **settings: Any) -> None:
        self.env = Environment(seed=seed, trace=trace)
        self.a, self.b = Host(self.env, "a"), Host(self.env, "b")
        self.network = Network(self.env, **({"latencies": WAY} | settings))
        self.arrived: list[tuple[Any, float]] = []
        self.seen: list[tuple[Any, float]] = []

    def send(self, what: Any = None, **settings: Any) -> None:
        """Send a message from a to b now; it is noted in `arrived` when it gets there."""
        self.network.send(self.a, self.b, self.note, what, **settings)

    def note(self, what: Any) -> None:
        self.arrived.append((what, self.env.now))

    def server(self, takes: float = 1.0, result: Any = "answer") -> FunctionEndpoint:
        """Return an endpoint on b that answers after a time, or fails."""

        def serve(request: Request) -> Steps:
            if takes:
                yield takes
            self.note(request.key)
            if isinstance(result, BaseException):
                raise result
            return result

        return FunctionEndpoint(serve, host=self.b, name="server")

    def call(self, endpoint: Endpoint, request: Request | None = None, patience: float = inf) -> Process:
        """Let a process on host a call an endpoint now; what it sees is noted in `seen`."""
        return self.a.start(self._call(endpoint, request or Request(), patience), "caller")

    def _call(self, endpoint: Endpoint, request: Request, patience: float) -> Steps:
        try:
            with self.env.fail_after(patience):
                response = yield from endpoint.call(request)
        except CallFailed as failure:
            self.seen.append((type(failure), self.env.now))
        else:
            self.seen.append((response.value, self.env.now))


class Scripted(Rule):
    """Gives one verdict after another, and then lets everything pass; knows what it was asked."""

    def __init__(self, verdicts: Iterable[Verdict]) -> None:
        self.verdicts = list(verdicts)
        self.asked: list[tuple[Host, Host]] = []

    def judge(self, source: Host, target: Host) -> Verdict:
        self.asked.append((source, target))
        return self.verdicts.pop(0) if self.verdicts else PASS


def losing(count: int) -> Scripted:
    """Return a rule that loses the first `count` packets it sees."""
    return Scripted([LOSE] * count)


def two_regions(env: Environment) -> list[Host]:
    """Return hosts: two in zone 1a, one in 1b, one in 2a, and two in no zone."""
    first, second = Region("1"), Region("2")
    a, b, c = Zone("1a", first), Zone("1b", first), Zone("2a", second)
    places = [a, a, b, c, None, None]
    return [Host(env, f"host-{number}", zone=zone) for number, zone in enumerate(places)]


def numbers(connection: Connection) -> tuple[int, int, int, int, float]:
    """Return calls, answers, late answers, wasted calls and their time."""
    seen: ConnectionStatistics = connection.statistics()
    return seen.call_count, seen.answered_count, seen.late_count, seen.wasted_count, seen.wasted_time


def rough(world: World) -> None:
    """Make the ways not plain, without changing anything: the long way round must come to the same."""
    world.network.install(Scripted([]))


plain_or_rough = pytest.mark.parametrize("road", [lambda world: None, rough], ids=["plain", "rough"])
