"""A store under fire as a value: the store, its settings, hosts and clients, and what goes wrong when.

As a plan of a system it is drawn from a seed, built, run, cut down and kept in a file, its parts have names
that do not change when others are taken away, and each default is the simplest value there is.

The operations of a client are spelled out, one by one, and not drawn while it runs: what is left of a client
whose operations are taken away asks the same at the same times. What a write writes is named after the client
and its time, and so differs from all else that is written.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ..plan import DurationPlan, FaultPlan, Name, Number, Plan, PositiveSeconds, Record, Seconds, Value

Does = Literal["read", "write", "compare-and-set", "append", "add", "delete", "set-add", "set-remove", "scan"]
SALTED = "salted"
"""A counter that is kept as several (`SaltedKey`), where a store can scan what is spread over it."""

DRIFT = "drift"
"""The kind of fault by which a clock gains, or loses, more than before."""

DIRECTORY_LOSS = "directory_loss"
"""The kind of fault by which it is forgotten who has which range."""

LITTLE_DRIFT = 0.02
"""What it gains if nothing else is said."""

Probability = Annotated[float, Field(ge=0, le=1)]


class StoreHostPlan(Record):
    """A host, in a `zone` or in none, whose clock is off by `offset` s and gains `drift` s a second."""

    name: Name
    zone: Name | None = None
    offset: Number = 0.0
    drift: Annotated[float, Field(gt=-1, allow_inf_nan=False)] = 0.0
    boot_time: Seconds = 0.0


class OperationPlan(Record):
    """What a client asks at a time (s), or when it has its last answer, if that is later.

    A compare-and-set expects what the client has read of the key last, and an item is taken out of a set that
    it has seen there, if any. A scan asks for the key and all others of which many clients ask.
    """

    at: Seconds = 0.0
    does: Does = "read"
    key: Name = "a"


class StoreClientPlan(Record):
    """Somebody on a host of its own name, who waits for `patience` seconds for each answer."""

    name: Name
    zone: Name | None = None
    patience: PositiveSeconds = 1.0
    operations: tuple[OperationPlan, ...] = ()


class StorePlan(Plan):
    """A store of a design called `store` (see `designs`), with `parameters` of that.

    A node stands on each of `hosts`, and what the design needs besides on that of the `monitor`. Operations
    and faults are over at `load_end` (s), as in a system. `latency` is one way; between zones there is
    `zone_latency` instead, if it is given. Until `load_end` packets are lost and datagrams doubled with the
    probabilities given. `flaw` is a bug that is planted, by its name. Laws `held_to` are checked though
    nothing promises them.
    """

    store: Name
    parameters: dict[str, Value] = {}
    flaw: Name | None = None
    held_to: tuple[Name, ...] = ()
    load_end: PositiveSeconds = 5.0
    latency: DurationPlan = DurationPlan()
    zone_latency: DurationPlan | None = None
    loss_probability: Probability = 0.0
    duplicate_probability: Probability = 0.0
    zones: tuple[Name, ...] = ()
    hosts: Annotated[tuple[StoreHostPlan, ...], Field(min_length=1)]
    monitor: StoreHostPlan = StoreHostPlan(name="monitor")
    clients: tuple[StoreClientPlan, ...] = ()
    faults: tuple[FaultPlan, ...] = ()

    @property
    def host_plans(self) -> tuple[StoreHostPlan, ...]:
        """All hosts but those of clients."""
        return (*self.hosts, self.monitor)

    @property
    def round_trip(self) -> float:
        """What a message there and back takes on average, over the longest way (s)."""
        far = self.latency.mean if self.zone_latency is None else self.zone_latency.mean
        return 2.0 * max(self.latency.mean, far)

    @property
    def has_disk_loss(self) -> bool:
        """Whether a disk is destroyed."""
        return any(fault.kind == "disk_loss" for fault in self.faults)

    @property
    def has_directory_loss(self) -> bool:
        """Whether a disk of the directory is destroyed, where there is one."""
        return any(fault.kind == DIRECTORY_LOSS for fault in self.faults)

    @property
    def has_wrong_clocks(self) -> bool:
        """Whether a clock is not the true time."""
        is_off = any(host.offset or host.drift for host in self.host_plans)
        return is_off or any(fault.kind in ("clock", DRIFT) for fault in self.faults)

    @property
    def drift_max(self) -> float:
        """How far from a second a second of any host's clock ever is."""
        drifts = [host.drift for host in self.host_plans]
        drifts += [_drift_of(fault) for fault in self.faults if fault.kind == DRIFT]
        return max(map(abs, drifts))


def _drift_of(fault: FaultPlan) -> float:
    given = fault.parameters.get("drift", LITTLE_DRIFT)
    return given if isinstance(given, int | float) else 0.0  # what is no number is refused later
