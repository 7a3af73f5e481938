"""A target that answers at once, or fails, each time by chance alone."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from models import FunctionEndpoint, Request, ServerError
from simulator import Environment
from simulator.randomness import Uniform


def flaky_target(env: Environment, failure_probability: float) -> FunctionEndpoint:
    """Return a target whose calls fail with a probability each; drawn from the stream "failures"."""
    draw = env.sampler("failures", Uniform(0.0, 1.0))

    def answer(request: Request) -> Generator[Any, Any, None]:
        yield from ()
        if draw() < failure_probability:
            raise ServerError("no")

    return FunctionEndpoint(answer, name="target")
