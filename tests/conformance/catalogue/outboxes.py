"""Outboxes."""

from __future__ import annotations

from typing import Any

from models import Endpoint
from models.resilience import (
    ConstantBackoff,
    Outbox,
)

from ..expectation import OutboxModel
from ..world import World
from .wrapper import Wrapper


def _outbox(
    name: str,
    delay: float,
    *,
    workers: int = 1,
    age: float = float("inf"),
    in_order: bool = True,
    in_memory: bool = False,
) -> Wrapper:
    def build(world: World, inner: Endpoint) -> Endpoint:
        where: dict[str, Any] = {"host": world.proxy, "is_durable": False} if in_memory else {}
        return Outbox(
            world.env,
            inner,
            backoff=ConstantBackoff(delay=delay),
            attempts_max=3,
            workers=workers,
            age_max=age,
            in_order=in_order,
            **where,
        )

    return Wrapper(
        name=name,
        build=build,
        leads_to_the_proxy=in_memory,
        model=lambda clock, inner, host: OutboxModel(
            clock,
            inner,
            3,
            delay,
            workers=workers,
            age=age,
            in_order=in_order,
            host=host if in_memory else None,
        ),
    )


WRAPPERS = (
    _outbox("Outbox", 0.83191),
    _outbox("Outbox of two workers", 0.61733, workers=2, age=2.57219),
    _outbox("Outbox out of order", 0.91127, in_order=False),
    _outbox("Outbox in memory", 0.54371, in_memory=True),
)
