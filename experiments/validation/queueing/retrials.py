"""Whoever finds the server busy tries again after a random pause, until it is free: a `Retry` without end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import log1p

from models import Host
from models.resilience import Backoff, Retry
from models.services import Instance, Work
from models.workload import OpenLoop
from simulator import Environment
from simulator.randomness import Exponential

from ..closed_forms import retrial_wait_mean
from ..experiment import Claim, TheoryCheck
from .stations import Window

_RATE, _PAUSE = 0.5, 2.0
_STEADY = Window(warm_up=300.0, duration=20_000.0)
_FOR_EVER = 10**9


@dataclass(frozen=True, slots=True)
class ExponentialPause(Backoff):
    """Exponentially distributed pauses of the same `mean` (s), as the theory of retrial queues has them."""

    mean: float

    def delays(self, uniform: Callable[[], float]) -> Iterator[float]:
        """Yield the pauses."""
        while True:
            yield -self.mean * log1p(-uniform())


def simulate_retrials(seed: int, effort: float, *, rate: float, pause_mean: float) -> Sequence[float]:
    """M/M/1 without a queue, behind a `Retry`: mean sojourn, attempts per request."""
    window = _STEADY.shortened(effort)
    env = Environment(seed=seed)
    server = Instance(env, Host(env, "host"), Work(Exponential(1.0)), threads=1, queue_size_max=0)
    orbit = Retry(env, server, attempts=_FOR_EVER, backoff=ExponentialPause(pause_mean))
    users = OpenLoop(env, orbit, rate=rate)
    at_start = []
    window.run(env, lambda: at_start.append(orbit.statistics()))
    before, after = at_start[0], orbit.statistics()
    attempts = (after.attempt_count - before.attempt_count) / (after.call_count - before.call_count)
    return float(window.sample(users.table).latency.mean()), attempts


def _check(rate: float, pause_mean: float) -> TheoryCheck:
    wait = retrial_wait_mean(rate, pause_mean)
    return TheoryCheck(
        name=f"M/M/1 retrial queue, load {rate:g}, mean pause {pause_mean:g}",
        group="queueing",
        source="Falin and Templeton 1997, 1.2",
        claims=(
            Claim("mean sojourn", wait + 1.0, precision=0.07),
            Claim("attempts per request", 1.0 + wait / pause_mean),
        ),
        simulate=partial(simulate_retrials, rate=rate, pause_mean=pause_mean),
    )


CHECKS = (_check(_RATE, _PAUSE),)
"""One load, one pause."""
