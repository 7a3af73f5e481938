"""Retries: what they win, what they cost, and how layers of them multiply.

Where attempts fail independently with probability p, r retries make a call succeed with 1 - p^(r+1), for
(1 - p^(r+1)) / (1 - p) attempts. If everything fails, L layers of r + 1 attempts each make (r + 1)^L.

Source: elementary; the layers: "Site Reliability Engineering" (2016), chapter 22.
"""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import Any

from models import Endpoint, FunctionEndpoint, Request, ServerError
from models.resilience import ConstantBackoff, Retry
from models.workload import Client, OpenLoop
from simulator import Environment
from simulator.randomness import Uniform

from ..experiment import Claim, TheoryCheck

SERVICE_TIME = 0.01


def retries(
    seed: int, effort: float = 1.0, *, retries_count: int, failure_probability: float, calls_count: int
) -> tuple[float, float]:
    """Return the share of calls that succeed, and attempts per call, with `retries_count` retries.

    About `effort` times `calls_count` calls.
    """
    env = Environment(seed=seed)
    uniform = env.sampler("server", Uniform(0.0, 1.0))

    def answer(request: Request) -> Generator[Any, Any, None]:
        yield SERVICE_TIME
        if uniform() < failure_probability:
            raise ServerError("out of luck")

    server = FunctionEndpoint(answer, name="server")
    retry = Retry(env, server, retries_count + 1, backoff=ConstantBackoff(delay=SERVICE_TIME))
    users = OpenLoop(env, retry, rate=100.0, until=max(1.0, effort * calls_count / 100.0))
    env.run()
    done = retry.statistics()
    return users.table.availability(), done.attempt_count / done.call_count


def layers(seed: int, effort: float = 1.0, *, layers_count: int, retries_count: int) -> tuple[float]:
    """Return how often one request to `layers_count` layers of retries reaches a server that always fails.

    Nothing here is random, and nothing can be shorter than one request.
    """
    env = Environment(seed=seed)
    attempts_count = 0

    def fail(request: Request) -> Generator[Any, Any, None]:
        nonlocal attempts_count
        attempts_count += 1
        yield SERVICE_TIME
        raise ServerError("always")

    target: Endpoint = FunctionEndpoint(fail, name="server")
    for layer in range(layers_count):
        target = Retry(
            env, target, retries_count + 1, backoff=ConstantBackoff(delay=0.1), name=f"layer {layer}"
        )
    Client(env, target).issue(Request())
    env.run()
    return (float(attempts_count),)


def _check(retries_count: int, p: float) -> TheoryCheck:
    success = 1.0 - p ** (retries_count + 1)
    return TheoryCheck(
        name=f"{retries_count} retries where attempts fail with probability {p:g}",
        group="retries",
        source="geometric: 1 - p^(r+1), (1 - p^(r+1)) / (1 - p)",
        claims=(
            Claim("share of calls that succeed", success),
            Claim("attempts per call", success / (1.0 - p)),
        ),
        simulate=partial(retries, retries_count=retries_count, failure_probability=p, calls_count=2_000),
    )


def _layers_check(layers_count: int, retries_count: int) -> TheoryCheck:
    return TheoryCheck(
        name=f"{layers_count} layers of {retries_count} retries over a dead server",
        group="retries",
        source="Site Reliability Engineering (2016), chapter 22: (r + 1)^L",
        claims=(Claim("attempts", float((retries_count + 1) ** layers_count)),),
        simulate=partial(layers, layers_count=layers_count, retries_count=retries_count),
        replications=2,
    )


CHECKS = (
    _check(1, 0.1),
    _check(2, 0.3),
    _check(3, 0.5),
    _layers_check(1, 3),
    _layers_check(3, 2),
    _layers_check(5, 2),
)
"""Retries at three points, layers at three."""
