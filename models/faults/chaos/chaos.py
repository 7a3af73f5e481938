"""Random chaos: subjects that fail and are repaired, each on its own, for as long as one likes.

States of a subject, which is a fault: *up* -> *down* (it fails: the fault is injected) -> *in repair* -> *up*
(healed). Rules:

- The time to failure counts from the beginning or the last repair. With working hours it is working time: a
  failure never falls outside of them, and none is saved up for the next morning. Repairs go on at any time.
- With `down_max`, a failure that would bring more than so many down at once does not happen: it is skipped
  and counted, and the subject begins a new time to failure.
- With `repairers`, only so many are in repair at a time; the others wait, first come first served, and are
  down meanwhile. The time to repair counts from the beginning of the repair.
- At `until` failures end; what is down then is repaired in its time.

Each subject has random streams of its own, so that a subject more or fewer leaves the luck of the others
alone. What is independent here is the chance; a subject that is struck by two faults is down while any lasts.

Leaves out: failures that cause failures, wear (use a Weibull time to failure), repair that makes things
worse. Source: alternating renewal processes and the machine repair model (Trivedi, "Probability and
Statistics with Reliability, Queuing, and Computer Science Applications", 2nd ed. 2002, chapters 6 and 8).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import inf

from simulator import Environment
from simulator.randomness import Distribution

from ..durations import as_times, seconds
from ..fault import Fault, require_fault
from .working_hours import WorkingHours


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectStatistics:
    """What has become of one subject: how often it `failed_count`, and how often it was spared.

    `subject` and `kind` are the fault's; `skipped_count` failures did not happen because too many others were
    down; `downtime` is in seconds up to now: from failure to the end of repair, waiting for it included, and
    the boot that may follow not.
    """

    subject: str
    kind: str
    failed_count: int
    skipped_count: int
    downtime: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ChaosStatistics:
    """What has happened so far: `failed_count` = `repaired_count` + `down_count`, those that are down now.

    Of the latter, `waiting_count` wait for a repairer. `skipped_count` failures did not happen; `downtime` is
    the sum over all `subjects`, in seconds.
    """

    failed_count: int
    skipped_count: int
    repaired_count: int
    down_count: int
    waiting_count: int
    downtime: float
    subjects: tuple[SubjectStatistics, ...]


class _Subject:
    """A fault, its two random times, and what has happened to it."""

    __slots__ = ("_before", "fault", "skipped_count", "time_to_failure", "time_to_repair")

    def __init__(
        self, fault: Fault, time_to_failure: Callable[[], float], time_to_repair: Callable[[], float]
    ) -> None:
        self.fault = fault
        self.time_to_failure = time_to_failure
        self.time_to_repair = time_to_repair
        self.skipped_count = 0
        self._before = fault.statistics()

    def statistics(self) -> SubjectStatistics:
        happened, before = self.fault.statistics(), self._before
        return SubjectStatistics(
            subject=self.fault.subject,
            kind=self.fault.kind,
            failed_count=happened.injected_count - before.injected_count,
            skipped_count=self.skipped_count,
            downtime=happened.injected_time - before.injected_time,
        )


class Chaos:
    """Lets each of `faults` happen at random, independently, from now on.

    The faults belong to it: they are not to be injected or healed by anybody else. `between` is the time to
    failure and `repair` the time to repair, each a distribution or seconds. `hours` are those in which
    failures happen (all, by default), `down_max` (>= 1) how many may be down at once, `repairers` (>= 1) how
    many can be in repair at once, `until` when failures end (s). Streams: "<name>/<fault>/between" and
    "<name>/<fault>/repair", where a fault is "host crash of web-1". Without `until` a run must be given an
    end.

    Example::

        chaos = Chaos(
            env, [HostCrash(host) for host in hosts], between=Exponential(3_000.0), repair=Exponential(120.0)
        )
        env.run(until=86_400.0)
        chaos.statistics().downtime
    """

    def __init__(
        self,
        env: Environment,
        faults: Iterable[Fault],
        *,
        between: Distribution | float,
        repair: Distribution | float,
        hours: WorkingHours | None = None,
        down_max: float = inf,
        repairers: float = inf,
        until: float = inf,
        name: str = "chaos",
    ) -> None:
        between, repair = as_times("between", between), as_times("repair", repair)
        _require_count("down_max", down_max)
        _require_count("repairers", repairers)
        if not until >= env.now:
            raise ValueError(f"until must be >= {env.now} s, the present, got {until!r}")
        if hours is not None and not isinstance(hours, WorkingHours):
            raise TypeError(f"hours must be WorkingHours or None, got {hours!r}")
        self.env = env
        self.name = name
        self.hours = hours
        self.down_max = down_max
        self.repairers = repairers
        self.until = until
        self._in_repair_count = 0
        self._waiting: deque[_Subject] = deque()
        self._subjects = [
            _Subject(
                fault,
                seconds(env, f"{name}/{fault}/between", between),
                seconds(env, f"{name}/{fault}/repair", repair),
            )
            for fault in _own_faults(faults, env)
        ]
        for subject in self._subjects:
            self._await_failure(subject)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The subjects, in the order in which they were given."""
        return tuple(subject.fault for subject in self._subjects)

    @property
    def down_count(self) -> int:
        """How many are down now."""
        return self._in_repair_count + len(self._waiting)

    def _await_failure(self, subject: _Subject) -> None:
        now, time_to_failure = self.env.now, subject.time_to_failure()
        at = now + time_to_failure if self.hours is None else self.hours.after(now, time_to_failure)
        if at < self.until:
            self.env.call_later(max(0.0, at - now), self._fail, subject)

    def _fail(self, subject: _Subject) -> None:
        if self.down_count >= self.down_max:
            subject.skipped_count += 1
            self._await_failure(subject)
            return
        subject.fault.inject()
        if self._in_repair_count < self.repairers:
            self._begin_repair(subject)
        else:
            self._waiting.append(subject)

    def _begin_repair(self, subject: _Subject) -> None:
        self._in_repair_count += 1
        self.env.call_later(subject.time_to_repair(), self._end_repair, subject)

    def _end_repair(self, subject: _Subject) -> None:
        self._in_repair_count -= 1
        subject.fault.heal()
        if self._waiting:
            self._begin_repair(self._waiting.popleft())
        self._await_failure(subject)

    def statistics(self) -> ChaosStatistics:
        """Return what has happened so far."""
        subjects = tuple(subject.statistics() for subject in self._subjects)
        failed_count = sum(subject.failed_count for subject in subjects)
        return ChaosStatistics(
            failed_count=failed_count,
            skipped_count=sum(subject.skipped_count for subject in subjects),
            repaired_count=failed_count - self.down_count,
            down_count=self.down_count,
            waiting_count=len(self._waiting),
            downtime=sum(subject.downtime for subject in subjects),
            subjects=subjects,
        )


def _own_faults(faults: Iterable[Fault], env: Environment) -> list[Fault]:
    if isinstance(faults, Fault):
        raise TypeError(f"faults must be a list of faults, got {faults!r} alone")
    listed = list(faults)
    for fault in listed:
        require_fault("each of faults", fault, env)
    if not listed:
        raise ValueError("faults must be at least one, got none")
    if len(set(listed)) < len(listed):
        raise ValueError(f"faults must not be given twice, got {listed!r}")
    for fault in listed:
        if fault.is_injected:
            raise ValueError(f"faults must be healed to begin with, got {fault} injected")
    return listed


def _require_count(name: str, value: float) -> None:
    if value != inf and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise ValueError(f"{name} must be a whole number >= 1, or infinite, got {value!r}")
