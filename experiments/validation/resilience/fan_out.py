"""Fan-out: a request that waits for n parallel calls is slow if any one of them is.

With independent calls, each slow with probability p, that is 1 - (1 - p)^n: with a hundred calls at 1 % each,
almost two requests in three.

Source: Dean and Barroso, "The Tail at Scale" (CACM 56, 2013).
"""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import Any

from models import FunctionEndpoint, Host, Request
from models.services import Dependency, Instance, in_parallel
from models.workload import OpenLoop
from simulator import Environment
from simulator.randomness import Uniform

from ..experiment import Claim, TheoryCheck

QUICK, SLOW = 0.01, 1.0


def fan_out(
    seed: int, effort: float = 1.0, *, calls_count: int, slow_probability: float, requests_count: int
) -> tuple[float]:
    """Return the share of slow requests to an instance that makes `calls_count` calls for each of them.

    A call takes 1 s with `slow_probability`, else 10 ms. About `effort` times `requests_count` requests.
    """
    env = Environment(seed=seed)
    uniform = env.sampler("leaf", Uniform(0.0, 1.0))

    def answer(request: Request) -> Generator[Any, Any, None]:
        yield SLOW if uniform() < slow_probability else QUICK

    leaf = FunctionEndpoint(answer, name="leaf")
    steps = in_parallel(*[Dependency(leaf)] * calls_count)
    root = Instance(env, Host(env, "root"), steps, threads=1_000, name="root")
    users = OpenLoop(env, root, rate=100.0, until=max(0.2, effort * requests_count / 100.0))
    env.run()
    return (float((users.table.latencies() > (QUICK + SLOW) / 2).mean()),)


def _check(calls_count: int, slow_probability: float, requests_count: int) -> TheoryCheck:
    setup = {
        "calls_count": calls_count,
        "slow_probability": slow_probability,
        "requests_count": requests_count,
    }
    return TheoryCheck(
        name=f"fan-out to {calls_count} calls, each slow with probability {slow_probability:g}",
        group="tail",
        source="Dean and Barroso, The Tail at Scale (2013): 1 - (1 - p)^n",
        claims=(
            Claim("share of slow requests", 1.0 - (1.0 - slow_probability) ** calls_count, precision=0.08),
        ),
        simulate=partial(fan_out, **setup),  # type: ignore[arg-type]  # one dictionary, several types
    )


CHECKS = (_check(100, 0.01, 250), _check(10, 0.01, 4_000), _check(20, 0.05, 600))
"""One check per number of calls and probability."""
