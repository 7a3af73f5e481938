"""Outboxes."""

from __future__ import annotations

from models import Endpoint
from models.resilience import (
    ConstantBackoff,
    Outbox,
)

from ..expectation import OutboxModel
from ..world import World
from .wrapper import Wrapper


def _outbox(name: str, workers: int, delay: float, age: float) -> Wrapper:
    def build(world: World, inner: Endpoint) -> Endpoint:
        backoff = ConstantBackoff(delay=delay)
        return Outbox(world.env, inner, backoff=backoff, attempts_max=3, workers=workers, age_max=age)

    return Wrapper(
        name=name,
        build=build,
        model=lambda clock, inner, host: OutboxModel(clock, inner, 3, delay, workers=workers, age=age),
    )


WRAPPERS = (
    _outbox("Outbox", 1, 0.83191, float("inf")),
    _outbox("Outbox of two workers", 2, 0.61733, 2.57219),
)
