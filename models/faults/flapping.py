"""Flapping: a fault that comes and goes while it lasts, such as a link with a loose contact.

While it is injected the inner fault is injected and healed by turns, beginning with the injection; healing it
heals the inner one too. In the log it is one fault; each turn of the inner one is there as "flap.start" and
"flap.end". The inner fault belongs to it, and is not to be injected by anybody else.

It takes time to tell a flapping part from a dead one, and from a healthy one: hysteresis, minimum ejection
times and dampening (RFC 2439, for routes) are answers to it.
"""

from __future__ import annotations

from simulator import Call
from simulator.randomness import Distribution

from .durations import as_times, seconds
from .fault import Fault


class Flapping(Fault):
    """`fault` lasts for `down` and is away for `up`, by turns; each a distribution or seconds.

    Streams: "fault/<name>/up" and "fault/<name>/down", where `name` is by default "<subject> <kind>" of the
    inner fault; the subject is the inner fault's.

    Example::

        loose = Flapping(NetworkPartition(network, rack, core), up=Exponential(5.0), down=0.5)
        plan.at(60.0, loose, duration=120.0)
    """

    def __init__(
        self, fault: Fault, *, up: Distribution | float, down: Distribution | float, name: str | None = None
    ) -> None:
        if not isinstance(fault, Fault):
            raise TypeError(f"fault must be a Fault, got {fault!r}")
        up, down = as_times("up", up), as_times("down", down)
        super().__init__(
            fault.env, name or fault.subject, f"flapping {fault.kind}", {"up": up.mean, "down": down.mean}
        )
        self.fault = fault
        stream = f"fault/{name or f'{fault.subject} {fault.kind}'}"
        self._up = seconds(fault.env, f"{stream}/up", up)
        self._down = seconds(fault.env, f"{stream}/down", down)
        self._next: Call | None = None

    def _start(self) -> None:
        self._strike()

    def _stop(self) -> None:
        if self._next is not None:
            self._next.cancel()
            self._next = None
        if self.fault.is_injected:
            self.fault.heal()

    def _strike(self) -> None:
        self.fault.inject_as("flap")
        self._next = self.env.call_later(self._down(), self._rest)

    def _rest(self) -> None:
        self.fault.heal()
        self._next = self.env.call_later(self._up(), self._strike)
