"""A dependency in trouble for a while: slow, silent, or answering with errors.

    slow      every answer takes longer, by a random delay; the work is done, late
    silent    calls are taken and never answered, not even after the fault has healed
    errors    calls fail at once, each with a probability

States of a switch: *healthy* -> *in trouble* (`inject`) -> *healthy* (`heal`). A call meets the state that it
finds on arrival. All instances of the dependency share one switch: this is the bank behind them that fails,
not one of its hosts. Leaves out: faults that begin slowly, and those that strike only some callers.

Source: the kinds are those of Nygard, "Release It!" (2nd ed. 2018), chapters 4 and 5: the slow response is
worse than the error, and the hung one is worse than the slow.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import Any

from simulator import PARKED, Environment
from simulator.randomness import Distribution, LogNormal, Uniform

from ..failures import ServerError
from ..request import Request
from ..services import Handler, Instance, Step

_SECONDS_LATE = LogNormal.from_percentiles(p50=4.0, p99=12.0)


class FaultMode(StrEnum):
    """How a dependency fails."""

    SLOW = "slow"
    SILENT = "silent"
    ERRORS = "errors"


@dataclass(frozen=True, slots=True, kw_only=True)
class DependencyFault:
    """A fault of a `mode` from `start` to `end`, in seconds of simulated time (0 <= start < end).

    `slow_delay` is what a slow answer takes longer, in seconds; `error_probability` in (0, 1] is that of an
    error in mode errors.
    """

    mode: FaultMode
    start: float
    end: float
    slow_delay: Distribution = _SECONDS_LATE
    error_probability: float = 1.0

    def __post_init__(self) -> None:
        """Check the times and the probability."""
        if not 0.0 <= self.start < self.end < inf:
            raise ValueError(f"end must be finite and > start >= 0 s, got {self.start!r} to {self.end!r}")
        if not 0.0 < self.error_probability <= 1.0:
            raise ValueError(f"error_probability must be in (0, 1], got {self.error_probability!r}")


@dataclass(slots=True, eq=False)
class FaultSwitch(Step):
    """The first step of every instance of a dependency called `name`: it lets pass what `fault` lets pass.

    Injections and heals are in the event log as "fault.start" and "fault.end", with the name as subject.

    Example::

        switch = FaultSwitch(env, "payment")
        payment = Service(env, "payment", hosts, lambda host: in_sequence(switch, Work(0.05)))
        switch.schedule(DependencyFault(mode=FaultMode.SILENT, start=40.0, end=80.0))
    """

    env: Environment
    name: str
    fault: DependencyFault | None = None

    def schedule(self, fault: DependencyFault) -> None:
        """Inject `fault` at its start and heal it at its end; raises ValueError for a start that is over."""
        now = self.env.now
        if fault.start < now:
            raise ValueError(f"start must be >= {now} s, the present time, got {fault.start!r}")
        self.env.call_later(fault.start - now, self.inject, fault)
        self.env.call_later(fault.end - now, self.heal)

    def inject(self, fault: DependencyFault) -> None:
        """Let `fault` begin now, whatever its times say, in place of another one."""
        self.heal()
        self.fault = fault
        self.env.log("fault.start", self.name, mode=fault.mode.value)

    def heal(self) -> None:
        """End the present fault, if there is one."""
        if self.fault is not None:
            self.env.log("fault.end", self.name, mode=self.fault.mode.value)
        self.fault = None

    def handler(self, instance: Instance) -> Handler:
        """Return a handler that does to a request what the present fault does; draws on its own streams."""
        uniform = instance.sampler("fault/error", Uniform(0.0, 1.0))
        generator = None

        def handle(instance: Instance, request: Request) -> Generator[Any, Any, None]:
            nonlocal generator
            fault = self.fault
            if fault is None:
                return
            if fault.mode is FaultMode.SILENT:
                yield PARKED
            elif fault.mode is FaultMode.SLOW:
                if generator is None:
                    generator = self.env.stream(f"fault/{instance.name}/delay")
                yield float(fault.slow_delay.sample(generator, 1)[0])
            elif uniform() < fault.error_probability:
                raise ServerError(f"{self.name} is in trouble")

        return handle
