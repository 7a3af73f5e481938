"""A system as a value: everything that is in it, what is asked of it, and what goes wrong when.

A plan is drawn from a seed (`drawing`), built into a live system (`building`), run (`trial`), cut down
(`shrinking`) and kept in a file. It names its parts, and the names do not change when other parts are taken
away: random streams are called after them, so what is left of a plan goes on as it did.

Every default is the simplest value there is, and is left out of the file. What is not a default is there for
a reason, or nobody has tried without it.

Leaves out: what no plan needs to say. The zones share one region, `REGION`; a host without a zone stands
outside of it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from models.infrastructure import CpuQuota, Resources
from simulator.randomness import Constant, Distribution, Exponential, LogNormal

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
PositiveSeconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1)]

Value = bool | int | Number | str | tuple[str, ...] | None
"""What a parameter of a wrapper, of a fault, or of another part may be."""

REGION = "region"
"""The name of the region in which all zones are."""

Scheduling = Literal["first-come", "processor-sharing", "fair-share"]
Transport = Literal["tcp", "datagram"]
Side = Literal["caller", "server"]
Keys = Literal["none", "few", "own"]
Shape = Literal["steady", "flash crowd", "steps"]


class Record(BaseModel):
    """What all records of a plan are: frozen, strict about types, without room for other keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Plan(Record):
    """What all plans are; `seed` is what random numbers during the run come from."""

    seed: Annotated[int, Field(ge=0)] = 0

    def to_json(self) -> str:
        """The plan as JSON, without what is as simple as it can be."""
        return self.model_dump_json(exclude_defaults=True, indent=2)


class DurationPlan(Record):
    """A time that is drawn anew each time: `mean` in seconds (> 0), and its `law`.

    The lognormal law has a standard deviation as large as its mean.
    """

    mean: PositiveSeconds = 0.01
    law: Literal["constant", "exponential", "lognormal"] = "constant"

    def distribution(self) -> Distribution:
        """The distribution that it stands for."""
        if self.law == "constant":
            return Constant(self.mean)
        if self.law == "exponential":
            return Exponential(self.mean)
        return LogNormal(mean=self.mean, standard_deviation=self.mean)


class WrapperPlan(Record):
    """One endpoint around another: its `kind` and `parameters` are those of `wrapper_catalogue`."""

    kind: Name
    name: Name
    parameters: dict[str, Value] = {}


class HealthChecksPlan(Record):
    """Probes of all targets, every `interval` seconds, each of which has failed after `timeout` seconds.

    `strikes` results of one kind in a row change the verdict.
    """

    interval: PositiveSeconds = 1.0
    timeout: PositiveSeconds = 0.5
    strikes: Count = 2


class WayPlan(Record):
    """The way from a host to a service, outermost first.

    `wrappers` stand around a balancer with a `policy` (see `policy_catalogue`), over connections to all
    instances, with `links` around each of them. The balancer stands on the caller's host, or on
    `balancer_host` and is then reached over the network. It hears of instances that come and go
    `discovery_delay` seconds later. With `health_checks` it probes them, and with `ejects_outliers` it asks
    those whose calls fail no more for a while (see `detectors`); where fewer than `panic_threshold` of them
    are well it asks all, or with `fails_in_panic` nobody.
    """

    service: Name
    wrappers: tuple[WrapperPlan, ...] = ()
    policy: Name = "round_robin"
    links: tuple[WrapperPlan, ...] = ()
    balancer_host: Name | None = None
    discovery_delay: Seconds = 0.0
    health_checks: HealthChecksPlan | None = None
    ejects_outliers: bool = False
    panic_threshold: Annotated[float, Field(ge=0, le=1)] = 0.5
    fails_in_panic: bool = False
    transport: Transport = "tcp"
    propagate_cancellation: bool = False

    @property
    def all_wrappers(self) -> tuple[WrapperPlan, ...]:
        """Those around the balancer, and those around each connection."""
        return (*self.wrappers, *self.links)


class DependencyPlan(Record):
    """What a service needs, `required` or not, and the `way` there."""

    way: WayPlan
    required: bool = True


class RackPlan(Record):
    """A rack, in a `zone` that must be there."""

    name: Name
    zone: Name


class HostPlan(Record):
    """A host; see `models.Host`. Its `rack`, if it stands in one, is in its zone.

    Where no memory is given there is no end to it.
    """

    name: Name
    zone: Name | None = None
    rack: Name | None = None
    cores: Count = 1
    scheduling: Scheduling = "first-come"
    boot_time: Seconds = 0.0
    speed: Rate = 1.0
    memory_gib: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None


class ServicePlan(Record):
    """A service with an instance on each of `hosts`, which must be there; see `models.services.Instance`.

    A request is work of `demand` seconds, then its `dependencies`: one after the other, or all at once, the
    work too. With `has_effects` it takes effect at its very end, which is to happen once for each `key`; then
    all requests must have one. `guards` stand in front of each instance, in its process, outermost first.
    Dependencies are services that stand earlier in the plan. Where all hosts share fairly, each instance has
    a share of `cpu_weight`, and of at most `cpu_quota` cores if that is given. `cores` and `memory_gib` are
    set aside for each.
    """

    name: Name
    hosts: tuple[Name, ...]
    demand: DurationPlan = DurationPlan()
    together: Literal["in sequence", "in parallel"] = "in sequence"
    dependencies: tuple[DependencyPlan, ...] = ()
    guards: tuple[WrapperPlan, ...] = ()
    has_effects: bool = False
    threads: Count = 200
    cpu_weight: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    cpu_quota: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    queue_size_max: Annotated[int, Field(ge=0)] | None = None
    cores: Amount = 0.0
    memory_gib: Amount = 0.0

    @property
    def resources(self) -> Resources:
        """What each instance takes of its host, and how it shares the cores."""
        quota = None if self.cpu_quota is None else CpuQuota(self.cpu_quota)
        return Resources(
            cores=self.cores, memory_gib=self.memory_gib, cpu_weight=self.cpu_weight, cpu_quota=quota
        )

    @property
    def waiting_max(self) -> int:
        """How many may wait at an instance: a hundred where nothing is said."""
        return 100 if self.queue_size_max is None else self.queue_size_max


class PartPlan(Record):
    """Whatever else is in a system: its `kind` and `parameters` are those of `parts`.

    Some kinds are asked by clients, by their name, as services are.
    """

    kind: Name
    name: Name
    parameters: dict[str, Value] = {}


class RequestPlan(Record):
    """One request at a `time`; its caller may give up (cancel) or die (kill) some seconds after that."""

    time: Seconds
    ended_after: Seconds | None = None
    ended_by: Literal["cancel", "kill"] = "cancel"
    priority: int = 0
    key: str | None = None


class OpenLoadPlan(Record):
    """Poisson arrivals, `rate` per second until `until`; see `models.workload.OpenLoop`.

    In the middle comes a "flash crowd" of four times as many; in "steps" nobody for a while, then twice as
    many. Requests have so many different priorities, and keys: "none", a "few", or each its "own".
    """

    kind: Literal["open"]
    rate: Rate
    until: PositiveSeconds
    shape: Shape = "steady"
    priorities_count: Count = 1
    keys: Keys = "none"


class ClosedLoadPlan(Record):
    """Users who ask, wait, think, and ask again until `until`; see `models.workload.ClosedLoop`."""

    kind: Literal["closed"]
    users_count: Count = 1
    think_time: DurationPlan = DurationPlan(mean=1.0)
    until: PositiveSeconds
    priorities_count: Count = 1
    keys: Keys = "none"


class ScriptedLoadPlan(Record):
    """Requests one by one; with `on_host` their callers run on the client's host, and die with it."""

    kind: Literal["scripted"]
    requests: tuple[RequestPlan, ...]
    on_host: bool = False


class ReplayedLoadPlan(Record):
    """A recorded trace: requests that came at `times`, `speed_up` times as fast; see `TraceReplay`.

    With keys of its "own" they have one each, else none.
    """

    kind: Literal["replayed"]
    times: Annotated[tuple[Seconds, ...], Field(min_length=1)]
    speed_up: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    keys: Literal["none", "own"] = "none"


LoadPlan = Annotated[
    OpenLoadPlan | ClosedLoadPlan | ScriptedLoadPlan | ReplayedLoadPlan, Field(discriminator="kind")
]


class ClientPlan(Record):
    """Somebody who asks a service, or a part, from a `host` that must be there."""

    name: Name
    host: Name
    way: WayPlan
    load: LoadPlan


class FaultPlan(Record):
    """Trouble from `start` to `end`: its `kind` and `parameters` are those of `fault_catalogue`."""

    kind: Name
    name: Name
    start: Seconds
    end: Seconds
    parameters: dict[str, Value] = {}


class SystemPlan(Plan):
    """A whole system.

    Load and faults are over at `load_end` (s): a fault that would go on is healed then, and requests after it
    are not sent. `latency` is one way, between any two hosts. A host's `zone` is one of `zones`, its `rack`
    one of `racks`.
    """

    load_end: PositiveSeconds = 10.0
    latency: DurationPlan = DurationPlan()
    zones: tuple[Name, ...] = ()
    racks: tuple[RackPlan, ...] = ()
    hosts: tuple[HostPlan, ...] = ()
    services: tuple[ServicePlan, ...] = ()
    parts: tuple[PartPlan, ...] = ()
    clients: tuple[ClientPlan, ...] = ()
    faults: tuple[FaultPlan, ...] = ()

    def ways(self) -> list[tuple[str, WayPlan]]:
        """All ways, each with its place in the plan."""
        found = [
            (f"services.{index}.dependencies.{number}.way", dependency.way)
            for index, service in enumerate(self.services)
            for number, dependency in enumerate(service.dependencies)
        ]
        return found + [(f"clients.{index}.way", client.way) for index, client in enumerate(self.clients)]

    def checked_services(self) -> set[str]:
        """The names of the services whose instances somebody probes."""
        return {way.service for _, way in self.ways() if way.health_checks is not None}

    def wrappers(self) -> list[tuple[str, Side, WrapperPlan]]:
        """All wrappers, each with its place in the plan and the side that it stands on."""
        chains: list[tuple[str, Side, tuple[WrapperPlan, ...]]] = []
        for place, way in self.ways():
            chains += [(f"{place}.wrappers", "caller", way.wrappers), (f"{place}.links", "caller", way.links)]
        for index, service in enumerate(self.services):
            chains.append((f"services.{index}.guards", "server", service.guards))
        return [
            (f"{place}.{index}", side, wrapper)
            for place, side, wrappers in chains
            for index, wrapper in enumerate(wrappers)
        ]
