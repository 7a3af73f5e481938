"""Customers who leave when they have waited too long; once served, they stay to the end."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from functools import partial
from typing import Any

from models import Call, Endpoint, FunctionEndpoint, Host, Outcome, Request, Response, TimedOut
from models.resilience import Timeout
from models.workload import OpenLoop, request_table
from simulator import Environment, Permits
from simulator.randomness import Exponential

from ..closed_forms import constant_patience_abandonment, erlang_a
from ..experiment import Claim, TheoryCheck
from .stations import WAITED, Window, share_above

_SERVERS, _RATE, _PATIENCE = 5, 5.0, 2.0

_MANY = Window(warm_up=100.0, duration=8_000.0)
_SINGLE = Window(warm_up=100.0, duration=20_000.0)


class Desk(Endpoint):
    """Some clerks: whoever gets one before patience ends is served; the waits of all stand in `waits`.

    `patience` makes the generator in which a customer waits for a clerk, and raises `TimedOut` where it has
    enough of it.
    """

    name = "desk"

    def __init__(self, env: Environment, clerks: Permits, patience: Any) -> None:
        """Open the desk, with a host that has a core for each clerk."""
        self.host: Host = Host(env, "desk", cores=clerks.capacity)
        self.waits = request_table()
        self._env = env
        self._clerks = clerks
        self._patience = patience
        self._draw = env.sampler("desk/service", Exponential(1.0))

    def call(self, request: Request) -> Call:
        """Wait for a clerk, then be served; raise `TimedOut` when patience ends first."""
        env = self._env
        start = env.now
        try:
            yield from self._patience(request)
        except TimedOut:
            self.waits.record(start, env.now, int(Outcome.TIMED_OUT))
            raise
        self.waits.record(start, env.now, int(Outcome.OK))
        try:
            yield from self.host.work(self._draw())
        finally:
            self._clerks.release()
        return Response()


def simulate_erlang_a(
    seed: int,
    effort: float,
    *,
    servers: int = _SERVERS,
    rate: float = _RATE,
    patience_mean: float = _PATIENCE,
) -> Sequence[float]:
    """M/M/c+M: P(wait), share that leaves, mean wait of all."""
    window = _MANY.shortened(effort)
    env = Environment(seed=seed)
    clerks = Permits(env, servers)
    draw = env.sampler("patience", Exponential(patience_mean))

    def wait(request: Request) -> Generator[Any, Any, None]:
        with env.fail_after(draw()):
            yield from clerks.acquire()

    desk = Desk(env, clerks, wait)
    users = OpenLoop(env, desk, rate=rate)
    window.run(env)
    waits = window.sample(desk.waits).latency
    shares = window.sample(users.table).shares()
    return share_above(waits, WAITED), shares["timed_out"], float(waits.mean())


def simulate_constant_patience(seed: int, effort: float, *, rate: float, patience: float) -> Sequence[float]:
    """M/M/1 with a `Timeout` around the wait: the share that leaves."""
    window = _SINGLE.shortened(effort)
    env = Environment(seed=seed)
    clerk = Permits(env, 1)
    waiting_room = Timeout(env, FunctionEndpoint(lambda request: clerk.acquire()), patience)
    desk = Desk(env, clerk, waiting_room.call)
    users = OpenLoop(env, desk, rate=rate)
    window.run(env)
    return (window.sample(users.table).shares()["timed_out"],)


def _erlang_a_check() -> TheoryCheck:
    expected = erlang_a(_SERVERS, _RATE, _PATIENCE)
    return TheoryCheck(
        name=f"M/M/{_SERVERS}+M, arrival rate {_RATE:g}, mean patience {_PATIENCE:g}",
        group="queueing",
        source="Erlang A; Mandelbaum and Zeltyn 2007",
        claims=(
            Claim("P(wait)", expected.wait_probability),
            Claim("P(abandon)", expected.abandonment_probability),
            Claim("mean wait", expected.wait_mean),
        ),
        simulate=simulate_erlang_a,
    )


def _constant_patience_check(rate: float, patience: float) -> TheoryCheck:
    return TheoryCheck(
        name=f"M/M/1, arrival rate {rate:g}, timeout of {patience:g} on waiting",
        group="queueing",
        source="M/M/1+D; Barrer 1957",
        claims=(Claim("P(abandon)", constant_patience_abandonment(rate, patience)),),
        simulate=partial(simulate_constant_patience, rate=rate, patience=patience),
    )


CHECKS = (_erlang_a_check(), _constant_patience_check(0.8, 1.0), _constant_patience_check(1.0, 2.0))
"""Erlang A, and two constant timeouts."""
