"""Timeouts."""

from __future__ import annotations

from models.resilience import (
    Timeout,
)

from ..expectation import TimeoutModel
from .wrapper import LONG, SHORT, Wrapper


def _timeout(name: str, delay: float) -> Wrapper:
    return Wrapper(
        name=name,
        build=lambda world, inner: Timeout(world.env, inner, delay),
        model=lambda clock, inner, host: TimeoutModel(clock, inner, delay),
    )


WRAPPERS = (
    _timeout("Timeout of 0.71 s", SHORT),
    _timeout("Timeout of 3.17 s", LONG),
    _timeout("Timeout of for ever", float("inf")),
)
