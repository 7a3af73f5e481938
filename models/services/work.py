"""Work: what a request costs its host's cores.

Leaves out: waiting that is not for a core (`Pause`), and memory (an instance has what its `resources` say).
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from math import inf
from numbers import Real
from typing import TYPE_CHECKING, Any

from simulator import Sampler
from simulator.randomness import Constant, Distribution

from ..request import Request
from .step import Handler, Step

if TYPE_CHECKING:
    from .instance import Instance


@dataclass(frozen=True, slots=True)
class Work(Step):
    """Work for a core of the host, drawn anew for each request.

    `demand` in seconds on one core at speed 1: a distribution of values >= 0, or a number. The draws come
    from the instance's stream "instance/<instance>/<name>"; a constant draws nothing and needs no seed.

    Example::

        Instance(env, host, Work(Exponential(0.05)))
    """

    demand: Distribution | float
    name: str = "work"

    def __post_init__(self) -> None:
        """Check the demand."""
        demand: object = self.demand
        if isinstance(demand, Distribution):
            if demand.support[0] < 0:
                raise ValueError(f"demand must be >= 0 s, got {demand!r}")
        elif not isinstance(demand, Real):
            raise TypeError(f"demand must be a Distribution or a number of seconds, got {demand!r}")
        elif not 0 <= float(demand) < inf:
            raise ValueError(f"demand must be finite and >= 0 s, got {demand!r}")

    def handler(self, instance: Instance) -> Handler:
        """Return a handler that gives the cores' own generator: none of ours stands around it."""
        # Not looked up for each request: a host keeps its cores for life, and an instance its share of them.
        work = instance.work
        demand = self.demand
        if isinstance(demand, Distribution) and not isinstance(demand, Constant):
            return _DrawnWork(work, instance.sampler(self.name, demand)).handle
        constant = demand.mean if isinstance(demand, Distribution) else float(demand)

        def work_constant(instance: Instance, request: Request) -> Generator[Any, Any, None]:
            return work(constant)

        return work_constant


class _DrawnWork:
    """A handler with a sampler of its own; an object takes fewer places in memory than a closure."""

    __slots__ = ("_demands", "_sampler", "_work")

    def __init__(self, work: Callable[[float], Generator[Any, Any, None]], sampler: Sampler) -> None:
        self._work = work
        self._sampler = sampler
        self._demands = sampler.stack

    def handle(self, instance: Instance, request: Request) -> Generator[Any, Any, None]:
        demand = self._demands.pop()
        return self._work(self._sampler.refill() if demand == inf else demand)
