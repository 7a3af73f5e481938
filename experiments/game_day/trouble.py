"""What a game day may break: a table of a file each, which names parts of a system and makes a fault of them.

    kind                 names                                   numbers
    process crash        instance
    host crash           host                                    resets
    power outage         rack, zone or region
    network outage       rack, zone or region
    partition            sources, targets                        one_way
    link delay           sources, targets                        delay, one_way, burst_mean, gap_mean
    link loss            sources, targets                        probability, one_way, burst_mean, gap_mean
    slow host            host                                    factor
    clock skew           host                                    offset, drift
    errors               service or instance                     probability
    slow answers         service or instance                     delay
    dependency outage    service                                 mode; delay or probability
    pool leak            pool                                    probability or count

Sources and targets are lists of hosts, racks, zones and regions. A delay is a number of seconds, or two
percentiles, `{p50 = 0.1, p99 = 1.0}`. Each may be made to flap: with `flapping = {up = 2.0, down = 1.0}` it
is there for a second (`down`) and away for two, by turns. A clock that is wrong is seen by what reads it
(`Host.clock`); nothing in the shop does, and no rack stands in it, so that these are for systems of your own.
A name that the system does not have is misuse, with near misses.
"""

from abc import abstractmethod
from typing import Any, Literal, Self

from pydantic import model_validator

from models import System
from models.faults import (
    ClockSkew,
    DependencyOutage,
    ErrorBurst,
    Fault,
    Flapping,
    HostCrash,
    LinkDelay,
    LinkLoss,
    NetworkOutage,
    NetworkPartition,
    PoolLeak,
    PowerOutage,
    ProcessCrash,
    SlowAnswers,
    SlowHost,
)
from models.infrastructure import Area
from models.network import Place
from models.resilience.bulkheads import ConnectionPool
from models.services import Instance, Service
from simulator.randomness import Constant, Distribution, LogNormal

from .values import Count, Drift, Flag, Names, Number, Seconds, Share, Slowness, Spell, Table


class Percentiles(Table):
    """A delay of which two percentiles are known, in seconds; lognormal."""

    p50: Seconds
    p99: Seconds

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.p50 < self.p99:
            raise ValueError(f"p99 must be > p50 = {self.p50}, got {self.p99}")
        try:
            law_of(self)
        except (ValueError, OverflowError):
            raise ValueError(
                f"p50 and p99 must be nearer to each other, for a mean that is finite, "
                f"got {self.p50} and {self.p99}"
            ) from None
        return self


Delay = Seconds | Percentiles


class Turns(Table):
    """How a fault flaps: it is there for `down` seconds, away for `up`, and so on."""

    up: Spell
    down: Spell


class Trouble(Table):
    """Something to be broken in a system; `flapping` breaks and heals it by turns."""

    flapping: Turns | None = None

    def fault(self, system: System) -> Fault:
        """Make the fault of the parts that are named. Raises ValueError for a name that is none."""
        made = self._make(system)
        return made if self.flapping is None else Flapping(made, up=self.flapping.up, down=self.flapping.down)

    @abstractmethod
    def _make(self, system: System) -> Fault: ...


class _ProcessCrash(Trouble):
    kind: Literal["process crash"]
    instance: str

    def _make(self, system: System) -> Fault:
        return ProcessCrash(system.instance(self.instance))


class _HostCrash(Trouble):
    kind: Literal["host crash"]
    host: str
    resets: Flag = False

    def _make(self, system: System) -> Fault:
        return HostCrash(system.host(self.host), resets=self.resets)


class _Outage(Trouble):
    rack: str | None = None
    zone: str | None = None
    region: str | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        names = (self.rack, self.zone, self.region)
        if sum(name is not None for name in names) != 1:
            raise ValueError(
                "exactly one of rack, zone and region must be given, "
                f"got {self.rack}, {self.zone} and {self.region}"
            )
        return self

    def _area(self, system: System) -> Area:
        if self.rack is not None:
            return system.rack(self.rack)
        return system.region(self.region) if self.zone is None else system.zone(self.zone)  # type: ignore[arg-type] # one is given


class _PowerOutage(_Outage):
    kind: Literal["power outage"]

    def _make(self, system: System) -> Fault:
        return PowerOutage(self._area(system))


class _NetworkOutage(_Outage):
    kind: Literal["network outage"]

    def _make(self, system: System) -> Fault:
        return NetworkOutage(system.network, self._area(system))


class _Between(Trouble):
    sources: Names
    targets: Names
    one_way: Flag = False

    def _places(self, system: System) -> tuple[list[Place], list[Place]]:
        sources, targets = ([system.place(name) for name in names] for names in (self.sources, self.targets))
        return sources, targets


class _Bursts(_Between):
    burst_mean: Spell | None = None
    gap_mean: Spell | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.burst_mean is None) != (self.gap_mean is None):
            raise ValueError(
                f"burst_mean and gap_mean must be given together, got {self.burst_mean} and {self.gap_mean}"
            )
        return self

    def _settings(self) -> dict[str, Any]:
        return {"one_way": self.one_way, "burst_mean": self.burst_mean, "gap_mean": self.gap_mean}


class _Partition(_Between):
    kind: Literal["partition"]

    def _make(self, system: System) -> Fault:
        return NetworkPartition(system.network, *self._places(system), one_way=self.one_way)


class _LinkDelay(_Bursts):
    kind: Literal["link delay"]
    delay: Delay

    def _make(self, system: System) -> Fault:
        return LinkDelay(system.network, *self._places(system), law_of(self.delay), **self._settings())


class _LinkLoss(_Bursts):
    kind: Literal["link loss"]
    probability: Share

    def _make(self, system: System) -> Fault:
        return LinkLoss(system.network, *self._places(system), self.probability, **self._settings())


class _SlowHost(Trouble):
    kind: Literal["slow host"]
    host: str
    factor: Slowness

    def _make(self, system: System) -> Fault:
        return SlowHost(system.host(self.host), self.factor)


class _ClockSkew(Trouble):
    kind: Literal["clock skew"]
    host: str
    offset: Number = 0.0
    drift: Drift = 0.0

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.offset and not self.drift:
            raise ValueError(f"offset or drift must differ from 0, got {self.offset} and {self.drift}")
        return self

    def _make(self, system: System) -> Fault:
        return ClockSkew(system.host(self.host), self.offset, self.drift)


class _Answering(Trouble):
    service: str | None = None
    instance: str | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.service is None) == (self.instance is None):
            raise ValueError(
                f"exactly one of service and instance must be given, got {self.service} and {self.instance}"
            )
        return self

    def _answering(self, system: System) -> Service | list[Instance]:
        return system.service(self.service) if self.instance is None else [system.instance(self.instance)]  # type: ignore[arg-type] # one is given


class _Errors(_Answering):
    kind: Literal["errors"]
    probability: Share = 1.0

    def _make(self, system: System) -> Fault:
        return ErrorBurst(self._answering(system), self.probability)


class _SlowAnswers(_Answering):
    kind: Literal["slow answers"]
    delay: Delay

    def _make(self, system: System) -> Fault:
        return SlowAnswers(self._answering(system), law_of(self.delay))


class _DependencyOutage(Trouble):
    kind: Literal["dependency outage"]
    service: str
    mode: Literal["silent", "errors", "slow", "refused"] = "silent"
    probability: Share | None = None
    delay: Delay | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        for name, mode in (("probability", "errors"), ("delay", "slow")):
            if getattr(self, name) is not None and self.mode != mode:
                raise ValueError(f"{name} must go with mode {mode}, got it with mode {self.mode}")
        return self

    def _make(self, system: System) -> Fault:
        delay = None if self.delay is None else law_of(self.delay)
        return DependencyOutage(
            system.service(self.service), self.mode, probability=self.probability, delay=delay
        )


class _PoolLeak(Trouble):
    kind: Literal["pool leak"]
    pool: str
    probability: Share | None = None
    count: Count | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.probability is None) == (self.count is None):
            raise ValueError(
                f"exactly one of probability and count must be given, got {self.probability} and {self.count}"
            )
        return self

    def _make(self, system: System) -> Fault:
        pool = system.part(self.pool, ConnectionPool)
        return PoolLeak(pool, probability=self.probability, count=self.count)


KINDS: dict[str, type[Trouble]] = {
    "process crash": _ProcessCrash,
    "host crash": _HostCrash,
    "power outage": _PowerOutage,
    "network outage": _NetworkOutage,
    "partition": _Partition,
    "link delay": _LinkDelay,
    "link loss": _LinkLoss,
    "slow host": _SlowHost,
    "clock skew": _ClockSkew,
    "errors": _Errors,
    "slow answers": _SlowAnswers,
    "dependency outage": _DependencyOutage,
    "pool leak": _PoolLeak,
}
"""The kinds of tables by the name that a file gives them."""


def law_of(delay: float | Percentiles) -> Distribution:
    """Return the distribution that a file's delay stands for, in seconds."""
    if isinstance(delay, Percentiles):
        return LogNormal.from_percentiles(p50=delay.p50, p99=delay.p99)
    return Constant(delay)
