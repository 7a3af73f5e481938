"""What the tests of services are built from: callers that write down what they see, and two hosts."""

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

from models.endpoint import Endpoint, FunctionEndpoint
from models.failures import CallFailed
from models.infrastructure import Host
from models.network import Network
from models.request import Request, Response
from models.services import Instance
from simulator import Environment, Process

WAY = 0.125
"""One way through the network in seconds; a power of two, so that sums are exact."""


@dataclass
class Seen:
    """What a caller has seen, and when; `outcome` is the response, the failure, or None while it waits."""

    process: Process = field(init=False)
    outcome: Any = None
    at: float | None = None

    @property
    def value(self) -> Any:
        return self.outcome.value


def call(
    env: Environment, endpoint: Endpoint, request: Request | None = None, *, timeout: float | None = None
) -> Seen:
    """Let a caller call `endpoint` now, and give up after `timeout` seconds."""
    seen = Seen()
    seen.process = env.process(_call(env, endpoint, request or Request(), timeout, seen), "caller")
    return seen


def _call(
    env: Environment, endpoint: Endpoint, request: Request, timeout: float | None, seen: Seen
) -> Generator[Any, Any, None]:
    try:
        if timeout is None:
            seen.outcome = yield from endpoint.call(request)
        else:
            with env.fail_after(timeout):
                seen.outcome = yield from endpoint.call(request)
    except CallFailed as failure:
        seen.outcome = failure
    seen.at = env.now


class World:
    """A client's host and a server's, with a network between them."""

    def __init__(self, seed: int | None = 1) -> None:
        self.env = Environment(seed=seed)
        self.client = Host(self.env, "client")
        self.server = Host(self.env, "server", cores=8)
        self.network = Network(self.env, latencies=WAY)

    def instance(self, handler: Any, **settings: Any) -> Instance:
        return Instance(self.env, self.server, handler, name="server-1", **settings)

    def remote(self, target: Endpoint, **settings: Any) -> Endpoint:
        return self.network.connect(self.client, target, **settings)


class Probe(FunctionEndpoint):
    """A dependency that takes a time and then answers, or fails; knows how many calls are under way."""

    def __init__(self, duration: float, result: Any = None, *, name: str = "probe") -> None:
        super().__init__(self._serve, name=name)
        self.duration = duration
        self.result = result
        self.under_way = 0
        self.begun = 0

    def _serve(self, request: Request) -> Generator[Any, Any, Any]:
        self.begun += 1
        self.under_way += 1
        try:
            if self.duration:
                yield self.duration
        finally:
            self.under_way -= 1
        if isinstance(self.result, CallFailed):
            raise self.result
        return self.result


def pause(instance: Instance, request: Request) -> Generator[Any, Any, Response]:
    """Take one second, of no core."""
    yield 1.0
    return Response("done")


def assert_idle(*instances: Instance) -> None:
    """Check that nothing runs in the instances, nothing waits, and every call is accounted for."""
    for instance in instances:
        statistics = instance.statistics()
        assert (statistics.in_service_count, statistics.waiting_count) == (0, 0)
        assert statistics.aborted_count >= 0
        assert statistics.call_count == (
            statistics.completed_count
            + statistics.failed_count
            + statistics.rejected_count
            + statistics.aborted_count
        )
        assert instance.host.running == {}
