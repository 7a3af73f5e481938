"""M/M/1: Poisson arrivals at one server that serves in order of arrival, for exponential times.

GameDay's is a workload, an endpoint and a host of one core, each request recorded. SimPy's is what its own
examples look like (the bank, the car wash): a `Resource`, a process per customer, a list of sojourn times.
Its random numbers come from the standard library's `random`, as there; one number at a time, NumPy's
generator is slower.
"""

from __future__ import annotations

import random
from collections.abc import Generator
from typing import Any

import simpy

from models import Host
from models.workload import OpenLoop
from simulator import Environment, RequestTable

from .benchmark import Benchmark
from .paired_times import side_by_side
from .station import Station

ARRIVAL_RATE = 0.8
"""Per second; the mean service time is 1 s, so that this is the utilisation too."""

SERVICE_TIME_MEAN = 1.0
"""Seconds."""


def single_server_in_gameday(duration: float, seed: int) -> RequestTable:
    """Let customers come for `duration` seconds; return their records once the last has left."""
    env = Environment(seed=seed)
    station = Station(Host(env, "host", cores=1), SERVICE_TIME_MEAN)
    customers = OpenLoop(env, station, rate=ARRIVAL_RATE, until=duration, name="customers")
    env.run()
    return customers.table


def single_server_in_simpy(duration: float, rng: random.Random) -> list[float]:
    """Do the same in plain SimPy; return the sojourn times in seconds, in order of departure."""
    env = simpy.Environment()
    server = simpy.Resource(env, capacity=1)
    sojourn_times: list[float] = []

    def customer() -> Generator[Any, Any, None]:
        arrival = env.now
        with server.request() as turn:
            yield turn
            yield env.timeout(rng.expovariate(1.0 / SERVICE_TIME_MEAN))
        sojourn_times.append(env.now - arrival)

    def source() -> Generator[Any, Any, None]:
        while True:
            yield env.timeout(rng.expovariate(ARRIVAL_RATE))
            if env.now >= duration:
                return
            env.process(customer())

    env.process(source())
    env.run()
    return sojourn_times


def _gameday(size: int, seed: int) -> int:
    return len(single_server_in_gameday(size / ARRIVAL_RATE, seed))


def _simpy(size: int, seed: int) -> int:
    return len(single_server_in_simpy(size / ARRIVAL_RATE, random.Random(seed)))


SINGLE_SERVER = Benchmark(
    name="mm1",
    question="M/M/1 through a host, recorded, against a Resource of SimPy's",
    target=2.5,
    unit="x",
    measure=side_by_side(_gameday, _simpy, noun="requests", size=150_000, quick_size=50_000),
)
"""The benchmark."""
