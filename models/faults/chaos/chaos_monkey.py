"""Netflix' Chaos Monkey: on working days, for each group, a coin is tossed whether one of it is killed today.

Rules, which are those of its code (version 2):

- Every working day, for each group, a coin falls on heads with probability 1 / `mean_time_between_kills`, a
  number of working days. Then a kill is scheduled for that day, at a random whole minute of the hours.
- At that minute one of the group's instances is picked at random, of those that are up, and killed.
- Unless the last kill of the group is less than `min_time_between_kills` working days ago (counted in days:
  with 1, at most one a day; with 3, after one on Monday none before Thursday), or nobody is up: then the kill
  is skipped. So the days between kills are geometric where that minimum is 1, and more where it is greater:
  Netflix does not correct for it.

What differs: there a killed instance is gone, and a scaling group starts another one. Here its host crashes,
and comes back after `repair`; give `make_fault` to kill in another way. Groups are what is given (there:
application, stack or cluster, each region for itself). Left out: exceptions, canaries, the check for an
outage in progress, leashes, and that there the day's schedule is made two hours before it begins.

Source: Netflix/chaosmonkey, `schedule/schedule.go`, `term/term.go`, `mysql/mysql.go`, and its documentation,
"Termination behavior" and "Configuring behavior via Spinnaker" for the defaults of 2 days and 1 day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import inf

from simulator import Environment
from simulator.randomness import Distribution, Uniform

from ...services import Instance, Service
from ..crashes import HostCrash
from ..durations import as_times, seconds
from ..fault import Fault, require_fault
from .working_hours import WorkingHours

_MINUTES_PER_DAY = 1_440

Groups = Mapping[str, Service | Iterable[Instance]] | Iterable[Service]
"""Groups of instances by name, or services, each of which is a group: `system.services` will do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupStatistics:
    """What has happened to one `group` on `day_count` working days so far.

    `killed_count` kills and `skipped_count` that were scheduled and then not done; on the other days the coin
    fell on tails, or the minute is yet to come.
    """

    group: str
    day_count: int
    killed_count: int
    skipped_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChaosMonkeyStatistics:
    """What the monkey has done so far: sums over its `groups`, and how many of its victims are down now."""

    killed_count: int
    skipped_count: int
    down_count: int
    groups: tuple[GroupStatistics, ...]


class _Group:
    """Some instances that count as one to the monkey."""

    def __init__(
        self, env: Environment, stream: str, name: str, members: Service | tuple[Instance, ...]
    ) -> None:
        self.name = name
        self._members = members
        self.toss = env.sampler(f"{stream}/{name}/coin", Uniform(0.0, 1.0))
        self.minute = env.sampler(f"{stream}/{name}/minute", Uniform(0.0, 1.0))
        self.pick = env.sampler(f"{stream}/{name}/victim", Uniform(0.0, 1.0))
        self.day_count = 0
        self.killed_count = 0
        self.skipped_count = 0
        self.last_kill: int | None = None

    def eligible(self) -> list[Instance]:
        """Return the instances that are up."""
        members = self._members.instances if isinstance(self._members, Service) else self._members
        return [instance for instance in members if instance.is_listening and instance.host.is_up]

    def statistics(self) -> GroupStatistics:
        return GroupStatistics(
            group=self.name,
            day_count=self.day_count,
            killed_count=self.killed_count,
            skipped_count=self.skipped_count,
        )


class ChaosMonkey:
    """Kills instances of `groups` in `env` in working hours, from the next working day on.

    `mean_time_between_kills` (>= 1) and `min_time_between_kills` (whole, >= 0) are in working days, for each
    group. A victim is back after `repair` (a distribution or seconds; two minutes by default, which is our
    guess at what a new instance takes). `make_fault(instance)` makes the fault, a new one for each kill, by
    default a host crash. No kill at `until` or later. Streams: "<name>/<group>/coin", "/minute", "/victim",
    and "<name>/repair".

    Example::

        monkey = ChaosMonkey(env, system.services, until=30 * 86_400.0)
        env.run()
        monkey.statistics().killed_count
    """

    def __init__(
        self,
        env: Environment,
        groups: Groups,
        *,
        mean_time_between_kills: float = 2.0,
        min_time_between_kills: int = 1,
        hours: WorkingHours | None = None,
        repair: Distribution | float = 120.0,
        make_fault: Callable[[Instance], Fault] | None = None,
        until: float = inf,
        name: str = "chaos monkey",
    ) -> None:
        if not 1.0 <= mean_time_between_kills < inf:
            raise ValueError(
                f"mean_time_between_kills must be finite and >= 1 day, got {mean_time_between_kills!r}"
            )
        if type(min_time_between_kills) is not int or min_time_between_kills < 0:
            raise ValueError(
                f"min_time_between_kills must be a whole number of days >= 0, got {min_time_between_kills!r}"
            )
        if not until >= env.now:
            raise ValueError(f"until must be >= {env.now} s, the present, got {until!r}")
        if hours is not None and not isinstance(hours, WorkingHours):
            raise TypeError(f"hours must be WorkingHours or None, got {hours!r}")
        self.env = env
        self.name = name
        self.hours = WorkingHours() if hours is None else hours
        self.until = until
        self.kill_probability = 1.0 / mean_time_between_kills
        self.min_time_between_kills = min_time_between_kills
        self._repair = seconds(env, f"{name}/repair", as_times("repair", repair))
        self._make_fault = make_fault or (lambda instance: HostCrash(instance.host))
        self._groups = [_Group(env, name, *group) for group in _named(groups)]
        self._down_count = 0
        today = self.hours.work_day(env.now)
        self._await_day(today if self.hours.opening(today) >= env.now else today + 1)

    def _await_day(self, number: int) -> None:
        opening = self.hours.opening(number)
        if opening < self.until:
            self.env.call_later(opening - self.env.now, self._schedule, number)

    def _schedule(self, number: int) -> None:
        """Toss the coins of a working day, which begins now."""
        minute = self.hours.day / _MINUTES_PER_DAY
        minutes_count = max(1, int(self.hours.length / minute))
        for group in self._groups:
            group.day_count += 1
            if group.toss() <= self.kill_probability:
                delay = int(group.minute() * minutes_count) * minute
                if self.env.now + delay < self.until:
                    self.env.call_later(delay, self._kill, group, number)
        self._await_day(number + 1)

    def _kill(self, group: _Group, day: int) -> None:
        eligible = group.eligible()
        is_too_early = group.last_kill is not None and day - group.last_kill < self.min_time_between_kills
        if is_too_early or not eligible:
            group.skipped_count += 1
            return
        group.killed_count += 1
        group.last_kill = day
        fault = self._make_fault(eligible[int(group.pick() * len(eligible))])
        require_fault("what make_fault returns", fault, self.env)
        fault.inject()
        self._down_count += 1
        self.env.call_later(self._repair(), self._bring_back, fault)

    def _bring_back(self, fault: Fault) -> None:
        self._down_count -= 1
        fault.heal()

    def statistics(self) -> ChaosMonkeyStatistics:
        """Return what has happened so far."""
        groups = tuple(group.statistics() for group in self._groups)
        return ChaosMonkeyStatistics(
            killed_count=sum(group.killed_count for group in groups),
            skipped_count=sum(group.skipped_count for group in groups),
            down_count=self._down_count,
            groups=groups,
        )


def _named(groups: Groups) -> list[tuple[str, Service | tuple[Instance, ...]]]:
    if isinstance(groups, Service):
        raise TypeError(f"groups must be several services or a mapping, got {groups!r} alone")
    pairs = (
        list(groups.items())
        if isinstance(groups, Mapping)
        else [(service.name, service) for service in groups]
    )
    if not pairs:
        raise ValueError("groups must be at least one, got none")
    named: list[tuple[str, Service | tuple[Instance, ...]]] = []
    for name, members in pairs:
        listed = members if isinstance(members, Service) else tuple(members)
        if isinstance(listed, tuple) and not (listed and all(isinstance(each, Instance) for each in listed)):
            raise TypeError(f"group {name!r} must be a Service or some Instances, got {listed!r}")
        named.append((name, listed))
    return named
