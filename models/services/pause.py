"""Pause: wait for something that costs the host no core, such as a bank or a disk that is not ours."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.randomness import Constant, Distribution

from ..request import Request
from .step import Handler, Step

if TYPE_CHECKING:
    from .instance import Instance


@dataclass(frozen=True, slots=True)
class Pause(Step):
    """Wait `duration` seconds, drawn anew for each request from the stream "instance/<instance>/<name>".

    The thread is held meanwhile, and no core. A constant draws nothing and needs no seed.

    Example::

        in_sequence(Work(0.002), Pause(LogNormal.from_percentiles(p50=0.08, p99=0.6)))
    """

    duration: Distribution
    name: str = "pause"

    def __post_init__(self) -> None:
        """Check the duration."""
        if not isinstance(self.duration, Distribution):
            raise TypeError(f"duration must be a Distribution of seconds, got {self.duration!r}")
        if self.duration.support[0] < 0:
            raise ValueError(f"duration must be >= 0 s, got {self.duration!r}")

    def handler(self, instance: Instance) -> Handler:
        """Return a handler that waits."""
        if isinstance(self.duration, Constant):
            constant = self.duration.mean

            def wait(instance: Instance, request: Request) -> Generator[Any, Any, None]:
                yield constant

            return wait
        durations = instance.sampler(self.name, self.duration).values

        def wait_drawn(instance: Instance, request: Request) -> Generator[Any, Any, None]:
            yield next(durations)

        return wait_drawn
