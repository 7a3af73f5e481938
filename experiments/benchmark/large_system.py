"""A large system: what a request costs where there are 1,000 or 10,000 hosts, against ten.

The same public comes to each, 600 requests/s, which keep ten hosts of four cores 75 % busy; everything around
a call is that of the reference path (breaker, retry, timeout, balancer with two choices, network), built with
`System`. A request does the same work whoever does it, so that nothing should cost more: no pass over all
hosts, no entry for each of them in what is looked at. That is so (its test counts Python calls), and
what is left is the memory: to the processor's caches
ten hosts are nearby, and each of ten thousand is far away whenever its turn comes, once in 17 seconds. So the
objects on a request's way are few and have slots, and once the systems are warm `use_huge_pages` is called,
as `models.system` tells builders of large ones to; without it 10,000 hosts cost some 1.5 times what ten do.

Each system is built once, and warm before it is timed: streams of random numbers have been opened, and their
blocks have grown. Sides take turns, as in `paired_times`; the smallest times count, of many: the large ones
live on a cache that a machine's other guests share, and a time when it is left alone has to be among them.

Left out of the verdict: a load that grows with the hosts. Then there are as many more requests under way,
each of which has to be fetched from far away too, which even processes that only sleep show; the detail says
how much for a hundred times the load on 1,000 hosts.
"""

from __future__ import annotations

import gc
import time
from dataclasses import dataclass

from models import System
from models.balancing import PowerOfTwoChoices
from models.network import Network
from models.resilience import CircuitBreaker, FullJitter, Retry, Timeout
from models.services import Work
from models.workload import OpenLoop
from simulator import Environment, use_huge_pages
from simulator.randomness import Exponential

from .benchmark import Benchmark, Effort, Measurement
from .reference_path import ATTEMPTS, BACKOFF_BASE, CORES, HOP, TIMEOUT, WORK_MEAN

SMALL, SIZES = 10, (1_000, 10_000)
"""Hosts of the system to compare with, and of the large ones."""

RATE = 600.0
"""Requests per second that come to each."""

_REQUESTS, _QUICK_REQUESTS = 10_000, 5_000
_WARM_UP_PER_HOST, _WARM_UP_MIN = 20, 10_000
ROUNDS, QUICK_ROUNDS = 60, 2
"""How often each is timed unless asked otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LargeSystem:
    """A system that serves the public, and the CPU seconds that building it took."""

    env: Environment
    public: OpenLoop
    rate: float
    build_time: float

    def serve(self, requests: int) -> int:
        """Let about `requests` more come, and return how many have ended meanwhile."""
        before = len(self.public.table)
        self.env.run(until=self.env.now + requests / self.rate)
        return len(self.public.table) - before

    def cost(self, requests: int) -> float:
        """Return the CPU seconds per request of about `requests` more."""
        gc.collect()
        start = time.process_time()
        count = self.serve(requests)
        return (time.process_time() - start) / count


def large_system(host_count: int, seed: int, *, rate: float = RATE) -> LargeSystem:
    """Build a system of so many hosts, each with an instance of one service, and let the public come."""
    start = time.process_time()
    env = Environment(seed=seed)
    system = System(env, network=Network(env, latencies=HOP))
    hosts = [system.add_host(f"host-{number}", cores=CORES) for number in range(host_count)]
    service = system.add_service("service", hosts, lambda host: Work(Exponential(WORK_MEAN)))
    balancer = system.balanced(system.add_host("client"), service, policy=PowerOfTwoChoices())
    retry = Retry(
        env, Timeout(env, balancer, TIMEOUT), attempts=ATTEMPTS, backoff=FullJitter(base=BACKOFF_BASE)
    )
    build_time = time.process_time() - start
    public = OpenLoop(env, CircuitBreaker(env, retry), rate=rate, name="public")
    return LargeSystem(env=env, public=public, rate=rate, build_time=build_time)


def _measure(effort: Effort) -> Measurement:
    requests = effort.choose(_REQUESTS, _QUICK_REQUESTS)
    rounds = effort.pairs_or(ROUNDS, QUICK_ROUNDS)
    systems = {size: large_system(size, seed=1) for size in (SMALL, *SIZES)}
    for size, system in systems.items():
        system.serve(max(_WARM_UP_MIN, _WARM_UP_PER_HOST * size))
    huge = use_huge_pages()
    costs = {size: [systems[size].cost(requests)] for size in systems}
    for _ in range(rounds - 1):
        for size, system in systems.items():
            costs[size].append(system.cost(requests))
    least = {size: min(found) for size, found in costs.items()}
    ratios = {size: least[size] / least[SMALL] for size in SIZES}
    built = {size: systems[size].build_time for size in SIZES}
    # As busy as the small one. Afterwards: what it has under way would throw all others out of the caches.
    busy = large_system(SIZES[0], seed=1, rate=RATE * SIZES[0] / SMALL)
    busy.serve(max(_WARM_UP_MIN, _WARM_UP_PER_HOST * SIZES[0]))
    loaded = min(busy.cost(requests) for _ in range(rounds)) / least[SMALL]
    return Measurement(
        value=max(ratios.values()),
        detail={
            **{f"ratio_{size}_hosts": ratio for size, ratio in ratios.items()},
            **{f"build_seconds_{size}_hosts": seconds for size, seconds in built.items()},
            "microseconds_per_request": 1e6 * least[SMALL],
            f"ratio_{SIZES[0]}_hosts_as_busy": loaded,
            "megabytes_in_huge_pages": huge / 1e6,
            "rounds": rounds,
        },
        text=(
            ", ".join(
                f"{size:,} hosts: {ratios[size]:.2f}, built in {built[size]:.1f} CPU seconds"
                for size in SIZES
            )
            + f"; {1e6 * least[SMALL]:.1f} us per request of {SMALL} hosts; {loaded:.2f} with "
            f"{SIZES[0] // SMALL} times the load on {SIZES[0]:,} ({rounds} rounds, "
            f"{huge / 1e6:.0f} MB in huge pages)"
        ),
    )


LARGE_SYSTEM = Benchmark(
    name="large-system",
    question="what a request costs with 1,000 and with 10,000 hosts against ten, the worse of both",
    target=1.3,
    unit="x",
    measure=_measure,
    is_floor=False,
)
"""The benchmark."""
