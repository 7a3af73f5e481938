"""Faults at random, as a table of a game-day file: what may fail, how often, for how long, how many at once.

    kind              strikes                                     besides
    host crash        hosts of a service, of a zone, or all
    process crash     instances of a service
    power outage      zones
    network outage    zones
    slow answers      services                                    delay

Times between failures of one subject and to its repair are exponential with the means `between` and `repair`.
Failures begin at `start` and end at `end`; what is down then is repaired in its time.
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from models import System
from models.faults import Fault, HostCrash, NetworkOutage, PowerOutage, ProcessCrash, SlowAnswers
from models.faults.chaos import Chaos
from simulator.randomness import Exponential

from .trouble import Delay, Seconds, Table, law_of


class ChaosTable(Table):
    """Random faults from `start` to `end` (s): each subject fails every `between` s of its own, on average.

    At most `down_max` are down at once, at most `repairers` in repair.
    """

    between: Seconds
    repair: Seconds
    down_max: Annotated[int, Field(ge=1)] | None = None
    repairers: Annotated[int, Field(ge=1)] | None = None
    start: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    end: Seconds

    @model_validator(mode="after")
    def _check_times(self) -> Self:
        if not self.start < self.end:
            raise ValueError(f"end must be > start = {self.start} s, got {self.end}")
        return self

    def begin(self, system: System, name: str) -> None:
        """Let it begin at its start. Raises ValueError for names that the system does not have."""
        faults = self.faults(system)
        system.env.call_later(self.start, self._unleash, system, faults, name)

    def _unleash(self, system: System, faults: Sequence[Fault], name: str) -> None:
        Chaos(
            system.env,
            faults,
            between=Exponential(self.between),
            repair=Exponential(self.repair),
            down_max=float("inf") if self.down_max is None else self.down_max,
            repairers=float("inf") if self.repairers is None else self.repairers,
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
    zones: tuple[str, ...] | None = None

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


class _SlowChaos(ChaosTable):
    kind: Literal["slow answers"]
    services: Annotated[tuple[str, ...], Field(min_length=1)]
    delay: Delay

    def faults(self, system: System) -> list[Fault]:
        return [SlowAnswers(system.service(name), law_of(self.delay)) for name in self.services]


CHAOS_KINDS: dict[str, type[ChaosTable]] = {
    "host crash": _HostChaos,
    "process crash": _ProcessChaos,
    "power outage": _PowerChaos,
    "network outage": _NetworkChaos,
    "slow answers": _SlowChaos,
}
"""The kinds of chaos by the name that a file gives them."""
