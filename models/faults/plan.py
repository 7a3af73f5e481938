"""A plan of faults: what is injected when, and until when.

    plan = FaultPlan(env)
    plan.at(60.0, HostCrash(web), duration=30.0)
    plan.at(80.0, PowerOutage(zone), end=200.0)
    plan.at(300.0, LinkLoss(network, zone_a, zone_b, 0.2))    # until somebody heals it

Everything is checked when it is planned: times in the past, ends before starts, and a fault that would begin
while it still lasts. At one instant, what ends there is healed before anything begins. A fault that somebody
heals before its planned end is simply over.

Leaves out: hypotheses and verdicts, which look at a plan from outside.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from numbers import Real

from simulator import Call, Environment

from .fault import Fault, require_fault


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlannedFault:
    """A `fault` that is injected at `start` (s) and healed at `end` (s; infinity: by hand, if at all)."""

    fault: Fault
    start: float
    end: float


class FaultPlan:
    """Injects and heals faults in `env` at planned times.

    `entries` are the planned faults in the order in which they were planned.

    Example::

        plan = FaultPlan(env)
        plan.at(60.0, DependencyOutage(payment, "silent"), duration=30.0)
        env.run(until=120.0)
    """

    def __init__(self, env: Environment) -> None:
        self.env = env
        self._entries: list[PlannedFault] = []
        self._starts: dict[float, list[PlannedFault]] = {}
        self._ends: dict[float, list[PlannedFault]] = {}
        self._calls: dict[float, Call] = {}
        self._waiting: dict[PlannedFault, None] = {}
        self._begun: dict[PlannedFault, int] = {}  # which injection of the fault it was

    def __iter__(self) -> Iterator[PlannedFault]:
        """Yield the planned faults in the order of planning."""
        return iter(self.entries)

    @property
    def entries(self) -> tuple[PlannedFault, ...]:
        """Everything that was planned, over or not."""
        return tuple(self._entries)

    @property
    def injected(self) -> tuple[Fault, ...]:
        """The faults of this plan that are there now, in the order in which they began."""
        return tuple(entry.fault for entry in self._begun if self._lasts(entry))

    def at(
        self, start: float, fault: Fault, *, end: float | None = None, duration: float | None = None
    ) -> PlannedFault:
        """Plan `fault` from `start` (s, not in the past) to `end`, or for a `duration`, or for good.

        Raises `ValueError` for times that make no sense, and where the fault would begin while it lasts.
        """
        require_fault("fault", fault, self.env)
        entry = PlannedFault(fault=fault, start=start, end=self._checked_end(start, fault, end, duration))
        for other in (*filter(self._lasts, self._begun), *self._waiting):
            if other.fault is fault and entry.start < other.end and other.start < entry.end:
                raise ValueError(
                    f"start of {fault} must be after it has been healed, got {start!r} s, "
                    f"and it is planned from {other.start!r} to {other.end!r} s"
                )
        self._entries.append(entry)
        self._waiting[entry] = None
        self._starts.setdefault(entry.start, []).append(entry)
        self._look_at(entry.start)
        if entry.end < inf:
            self._ends.setdefault(entry.end, []).append(entry)
            self._look_at(entry.end)
        return entry

    def heal_all(self) -> None:
        """Heal what is injected now; what is planned for later comes at its time."""
        for fault in self.injected:
            fault.heal()
        self._begun.clear()

    def abort(self) -> None:
        """Heal what is injected now, and take back everything that is planned for later."""
        self.heal_all()
        for call in self._calls.values():
            call.cancel()
        self._calls.clear()
        self._waiting.clear()
        self._starts.clear()
        self._ends.clear()

    def _checked_end(self, start: float, fault: Fault, end: float | None, duration: float | None) -> float:
        now = self.env.now
        _require_number("start", start, fault)
        if not now <= start < inf:
            raise ValueError(f"start of {fault} must be finite and >= {now} s, the present, got {start!r}")
        if end is not None and duration is not None:
            raise ValueError(f"end or duration of {fault} must be given, got both: {end!r} and {duration!r}")
        if duration is not None:
            _require_number("duration", duration, fault)
            if not duration > 0.0:
                raise ValueError(f"duration of {fault} must be > 0 s, got {duration!r}")
            end = start + duration
        if end is None:
            return inf
        _require_number("end", end, fault)
        if not end > start:
            raise ValueError(f"end of {fault} must be > {start} s, its start, got {end!r}")
        return end

    def _look_at(self, time: float) -> None:
        # One look for all that is due at a time, so that the order of planning does not decide whether
        # something ends before something else begins.
        if time not in self._calls:
            self._calls[time] = self.env.call_later(time - self.env.now, self._turn, time)

    def _turn(self, time: float) -> None:
        del self._calls[time]
        for entry in self._ends.pop(time, ()):
            if self._lasts(entry):
                entry.fault.heal()
            self._begun.pop(entry, None)
        for entry in self._starts.pop(time, ()):
            del self._waiting[entry]
            entry.fault.inject()
            self._begun[entry] = entry.fault.statistics().injected_count

    def _lasts(self, entry: PlannedFault) -> bool:
        """Return whether what the plan has injected is there still: others may have healed it since."""
        fault = entry.fault
        return fault.is_injected and fault.statistics().injected_count == self._begun.get(entry)


def _require_number(name: str, value: object, fault: Fault) -> None:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} of {fault} must be a number of seconds, got {value!r}")
