"""The reference path as a plain SimPy script: the same system without breaker and recording.

Written as SimPy's documentation teaches: a process per request, another per attempt so that it can be raced
against a timeout with `|`, a `Resource` per host, the standard library's `random` (one number at a time,
NumPy's generator is slower). It does the same as GameDay in simulated terms: an attempt that is given up is
worked on to the end at its server, while the balancer counts it no more. Neither handicapped nor tuned: what
a careful author would write first. All it keeps is a list of latencies, without which it would have no
result.
"""

from __future__ import annotations

import random
from collections.abc import Generator
from math import log, log1p, sqrt
from typing import Any

import simpy

from .benchmark import Benchmark
from .paired_times import side_by_side
from .reference_path import (
    ATTEMPTS,
    BACKOFF_BASE,
    CORES,
    HOP,
    HOST_COUNT,
    RATE,
    TIMEOUT,
    WORK_MEAN,
    instance_on,
    reference_path_in_gameday,
)

_HOP_SIGMA = sqrt(log1p(HOP.variance / HOP.mean**2))
_HOP_MU = log(HOP.mean) - _HOP_SIGMA**2 / 2.0


class _Server:
    def __init__(self, env: simpy.Environment) -> None:
        self.cores = simpy.Resource(env, capacity=CORES)
        self.outstanding = 0


def reference_path_in_simpy(duration: float, rng: random.Random) -> list[float]:
    """Let the public come for `duration` seconds; return the latencies in seconds of what was answered."""
    env = simpy.Environment()
    servers = [_Server(env) for _ in range(HOST_COUNT)]
    latencies: list[float] = []
    env.process(_public(env, servers, rng, duration, latencies))
    env.run()
    return latencies


def _public(
    env: simpy.Environment,
    servers: list[_Server],
    rng: random.Random,
    duration: float,
    latencies: list[float],
) -> Generator[Any, Any, None]:
    while True:
        yield env.timeout(rng.expovariate(RATE))
        if env.now >= duration:
            return
        env.process(_request(env, servers, rng, latencies))


def _request(
    env: simpy.Environment, servers: list[_Server], rng: random.Random, latencies: list[float]
) -> Generator[Any, Any, None]:
    start = env.now
    for attempt in range(ATTEMPTS):
        if attempt > 0:
            yield env.timeout(rng.uniform(0.0, BACKOFF_BASE * 2 ** (attempt - 1)))
        server, other = rng.sample(servers, 2)
        if other.outstanding < server.outstanding:
            server = other
        server.outstanding += 1
        call = env.process(_call(env, server, rng))
        happened = yield call | env.timeout(TIMEOUT)
        server.outstanding -= 1
        if call in happened:
            latencies.append(env.now - start)
            return


def _call(env: simpy.Environment, server: _Server, rng: random.Random) -> Generator[Any, Any, None]:
    yield env.timeout(rng.lognormvariate(_HOP_MU, _HOP_SIGMA))
    with server.cores.request() as core:
        yield core
        yield env.timeout(rng.expovariate(1.0 / WORK_MEAN))
    yield env.timeout(rng.lognormvariate(_HOP_MU, _HOP_SIGMA))


def _gameday(size: int, seed: int) -> int:
    return len(reference_path_in_gameday(size / RATE, seed))


def _gameday_with_instances(size: int, seed: int) -> int:
    return len(reference_path_in_gameday(size / RATE, seed, make_server=instance_on))


def _simpy(size: int, seed: int) -> int:
    return len(reference_path_in_simpy(size / RATE, random.Random(seed)))


REFERENCE_PATH = Benchmark(
    name="reference-path",
    question="the reference path, breaker and recording included, against a plain script without them",
    target=3.0,
    unit="x",
    measure=side_by_side(_gameday, _simpy, noun="requests", size=60_000, quick_size=15_000),
)
"""The benchmark."""

SERVICE_PATH = Benchmark(
    name="service-path",
    question="the same with pools of threads and bounded queues on the hosts, against the same plain script",
    target=2.5,
    unit="x",
    measure=side_by_side(_gameday_with_instances, _simpy, noun="requests", size=60_000, quick_size=15_000),
)
"""The same through instances of a service, which have more to do than the plain script's servers."""
