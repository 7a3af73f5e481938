"""Faults at random, as a table of a game-day file: what may fail, how often, for how long, how many at once.

    kind              strikes                                     besides
    host crash        hosts of a service, of a zone, or all
    process crash     instances of a service
    power outage      zones
    network outage    zones
    partition         links: each two of the zones
    link delay        links                                       delay
    link loss         links                                       probability
    slow answers      services                                    delay

Times between failures of one subject and to its repair are exponential with the means `between` and `repair`.
Failures begin at `start` and end at `end`; what is down then is repaired in its time. With `hours`, failures
come in working hours only, and times between them are working time: `{ start = 2.0, end = 8.0, day = 10.0 }`
is from the second to the eighth second of every ten.
"""

from abc import abstractmethod
from collections.abc import Sequence
from itertools import combinations
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from models import System, Zone
from models.faults import (
    Fault,
    HostCrash,
    LinkDelay,
    LinkLoss,
    NetworkOutage,
    NetworkPartition,
    PowerOutage,
    ProcessCrash,
    SlowAnswers,
)
from models.faults.chaos import Chaos, WorkingHours
from simulator.randomness import Exponential

from .trouble import Delay, law_of
from .values import Count, Names, Seconds, Share, Spell, Table, Time

_EVERY_DAY = tuple(range(7))


class Hours(Table):
    """Working hours: from `start` to `end` of every day, which is `day` seconds long."""

    start: Time
    end: Seconds
    day: Spell

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.start < self.end <= self.day:
            raise ValueError(
                f"end must be > start = {self.start} s and <= day = {self.day} s, got {self.end}"
            )
        return self

    def working_hours(self) -> WorkingHours:
        """Return them as chaos takes them; the first day begins with the game day."""
        return WorkingHours(start=self.start, end=self.end, day=self.day, days=_EVERY_DAY)


class ChaosTable(Table):
    """Random faults from `start` to `end` (s): each subject fails every `between` s of its own, on average.

    At most `down_max` are down at once, at most `repairers` in repair. With `hours` only in those.
    """

    between: Spell
    repair: Spell
    down_max: Count | None = None
    repairers: Count | None = None
    hours: Hours | None = None
    start: Time
    end: Seconds

    @model_validator(mode="after")
    def _check_times(self) -> Self:
        if not self.start < self.end:
            raise ValueError(f"end must be > start = {self.start} s, got {self.end}")
        return self

    def begin(self, system: System, name: str) -> list[Fault]:
        """Let it begin at its start, and return its faults.

        Raises ValueError for names that the system does not have.
        """
        faults = self.faults(system)
        system.env.call_later(self.start, self._unleash, system, faults, name)
        return faults

    def _unleash(self, system: System, faults: Sequence[Fault], name: str) -> None:
        Chaos(
            system.env,
            faults,
            between=Exponential(self.between),
            repair=Exponential(self.repair),
            down_max=float("inf") if self.down_max is None else self.down_max,
            repairers=float("inf") if self.repairers is None else self.repairers,
            hours=None if self.hours is None else self.hours.working_hours(),
            until=self.end,
            name=name,
        )

    @abstractmethod
    def faults(self, system: System) -> list[Fault]:
        """Make one fault for each subject."""


class _HostChaos(ChaosTable):
    kind: Literal["host crash"]
    service: str | None = None
    zone: str | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.service is not None and self.zone is not None:
            raise ValueError(
                f"at most one of service and zone must be given, got {self.service} and {self.zone}"
            )
        return self

    def faults(self, system: System) -> list[Fault]:
        if self.service is not None:
            hosts = [instance.host for instance in system.service(self.service).instances]
        elif self.zone is not None:
            hosts = system.zone(self.zone).hosts
        else:
            hosts = [host for host in system.hosts.values() if host.zone is not None]
        return [HostCrash(host) for host in hosts]


class _ProcessChaos(ChaosTable):
    kind: Literal["process crash"]
    service: str

    def faults(self, system: System) -> list[Fault]:
        return [ProcessCrash(instance) for instance in system.service(self.service).instances]


class _ZoneChaos(ChaosTable):
    zones: Names | None = None

    def _zones(self, system: System) -> list[str]:
        return list(system.zones) if self.zones is None else list(self.zones)


class _PowerChaos(_ZoneChaos):
    kind: Literal["power outage"]

    def faults(self, system: System) -> list[Fault]:
        return [PowerOutage(system.zone(name)) for name in self._zones(system)]


class _NetworkChaos(_ZoneChaos):
    kind: Literal["network outage"]

    def faults(self, system: System) -> list[Fault]:
        return [NetworkOutage(system.network, system.zone(name)) for name in self._zones(system)]


class _LinkChaos(ChaosTable):
    zones: Annotated[Names, Field(min_length=2)] | None = None

    def _links(self, system: System) -> list[tuple[Zone, Zone]]:
        zones = [system.zone(name) for name in self.zones or system.zones]
        if len(zones) < 2:
            raise ValueError(f"zones must be at least two for a link between them, got {zones}")
        return list(combinations(zones, 2))


class _PartitionChaos(_LinkChaos):
    kind: Literal["partition"]

    def faults(self, system: System) -> list[Fault]:
        return [NetworkPartition(system.network, *link) for link in self._links(system)]


class _DelayChaos(_LinkChaos):
    kind: Literal["link delay"]
    delay: Delay

    def faults(self, system: System) -> list[Fault]:
        return [LinkDelay(system.network, *link, law_of(self.delay)) for link in self._links(system)]


class _LossChaos(_LinkChaos):
    kind: Literal["link loss"]
    probability: Share

    def faults(self, system: System) -> list[Fault]:
        return [LinkLoss(system.network, *link, self.probability) for link in self._links(system)]


class _SlowChaos(ChaosTable):
    kind: Literal["slow answers"]
    services: Names
    delay: Delay

    def faults(self, system: System) -> list[Fault]:
        return [SlowAnswers(system.service(name), law_of(self.delay)) for name in self.services]


CHAOS_KINDS: dict[str, type[ChaosTable]] = {
    "host crash": _HostChaos,
    "process crash": _ProcessChaos,
    "power outage": _PowerChaos,
    "network outage": _NetworkChaos,
    "partition": _PartitionChaos,
    "link delay": _DelayChaos,
    "link loss": _LossChaos,
    "slow answers": _SlowChaos,
}
"""The kinds of chaos by the name that a file gives them."""
