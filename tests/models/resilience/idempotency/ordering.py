"""A bank that takes a second to apply an order, and callers who send orders under keys."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from models.endpoint import Endpoint
from models.failures import CallFailed, ServerError
from models.infrastructure import Host
from models.network import Network
from models.request import Request
from models.resilience.idempotency import Effect, EffectLog, IdempotencyStatistics, IdempotencyStore
from models.services import Instance, Pause, in_sequence
from simulator import Environment
from simulator.randomness import Constant
from tests.models.resilience.scripted import Seen

ONE_WAY = 0.125


class Bank:
    """An instance on a host of its own, with a store around it, reached over a network from the host `web`.

    An order takes effect after `before` seconds, and is answered `after` seconds later, or fails then as
    `failures` says by turns (`None`: it does not).
    """

    def __init__(
        self,
        *,
        before: float = 1.0,
        after: float = 0.0,
        failures: tuple[CallFailed | None, ...] = (None,),
        threads: int = 200,
        **settings: Any,
    ) -> None:
        self.env = Environment()
        self.orders = EffectLog()
        self.web, self.host = Host(self.env, "web"), Host(self.env, "bank")
        self.network = Network(self.env, latencies=ONE_WAY)
        turns = list(failures)

        def end(instance: Instance, request: Request) -> Generator[Any, Any, str]:
            failure = turns.pop(0) if len(turns) > 1 else turns[0]
            if failure is not None:
                raise type(failure)(*failure.args)
            yield from ()
            return f"answer of {self.env.now}"

        # Where nothing takes time after the effect, there is nothing at all between it and the answer.
        gap = (Pause(Constant(after)),) if after else ()
        work = in_sequence(Pause(Constant(before)), Effect(self.orders), *gap, end)
        self.instance = Instance(self.env, self.host, work, threads=threads, name="bank")
        self.store = IdempotencyStore(self.env, self.instance, **settings)

    def connection(self, **settings: Any) -> Endpoint:
        return self.network.connect(self.web, self.store, **settings)

    @property
    def counts(self) -> IdempotencyStatistics:
        """The store's, once it is seen that they add up."""
        now = self.store.statistics()
        assert adds_up(now), now
        return now


def adds_up(now: IdempotencyStatistics) -> bool:
    """Whether calls, work and answers do."""
    calls = now.passed_count + now.worked_count + now.replayed_count + now.rejected_count
    calls += now.mismatched_count + now.abandoned_count + now.waiting_count
    work = now.recorded_count + now.failed_count + now.cut_short_count + now.in_progress_count
    answers = now.kept_count + now.expired_count + now.evicted_count + now.forgotten_count
    return (calls, work, answers) == (now.call_count, now.worked_count, now.recorded_count)


def order(key: str | None = "key", number: Any = 1, operation: str = "pay", value: Any = None) -> Request:
    """A request for an order, under an idempotency key."""
    return Request(operation, number, value, idempotency_key=key)


def send(env: Environment, target: Endpoint, time: float, request: Request | None = None) -> Seen:
    """Let a caller of its own send a request at a time; what it sees equals `(time, outcome)`."""
    seen = Seen()
    seen.process = env.process(_send(env, target, time - env.now, request or order(), seen))
    return seen


def _send(
    env: Environment, target: Endpoint, delay: float, request: Request, seen: Seen
) -> Generator[Any, Any, None]:
    yield delay
    try:
        response = yield from target.call(request)
    except CallFailed as failure:
        seen.outcome = type(failure)
    else:
        seen.outcome = response.value
    seen.at = env.now


def send_at(env: Environment, target: Endpoint, *times: float) -> list[Seen]:
    """Let callers send the same order, under the same key, at these times."""
    return [send(env, target, time) for time in times]


ERROR = ServerError("the bank's own")
