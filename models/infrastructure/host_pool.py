"""A host pool: a provider from which hosts of one type can be had by the hour, and to which they go back.

States of a host of a pool: provisioned -> *booting* -> *up*, and what befalls hosts, until it is released:
then it is *gone* for good (`Host.decommission`). Rules:

- A host is billed from the moment it is provisioned until it is released, whatever it does meanwhile: its
  boot, its crashes and its idle hours are paid for. Time is billed by the second, without a minimum.
- A new host stands where the pool has the fewest hosts, of the areas that have room and power; at a tie in
  the one that was named first (`placement="spread"`, as Amazon's Auto Scaling balances its zones). Or in the
  first area that has room and power (`placement="fill"`).
- A pool may be empty: an area holds so many of its hosts and no more, and so does the pool as a whole. Who
  asks for more gets `NoCapacity`, as from a cloud that has run out of a type in a zone.

The provider knows which of its areas have power, and nothing of networks that are cut.

Source: Amazon EC2 documentation, "Instance lifecycle" and "On-Demand Instances"; Amazon EC2 Auto Scaling
documentation, "Availability Zone distribution". What differs: there a pending instance is billed from its
running state on; here the boot is paid for. Leaves out: prices that change, reservations, minimum charges.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import inf

from simulator import Environment
from simulator.randomness import Distribution

from ..validation import require_number, require_room
from .host import Host, require_boot_time, require_machine
from .resources import require_memory
from .topology import Rack, Zone

_HOUR = 3_600.0
PLACEMENTS = ("spread", "fill")


class NoCapacity(RuntimeError):
    """The provider has no more hosts to give, for now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostType:
    """A kind of host that can be had: the settings of a `Host`, and its `price` per hour (>= 0).

    Example::

        HostType(cores=4, memory_gib=16.0, boot_time=60.0, price=0.17)
    """

    cores: int = 1
    speed: float = 1.0
    memory_gib: float = inf
    scheduling: str = "first-come"
    boot_time: Distribution | float = 0.0
    price: float = 1.0

    def __post_init__(self) -> None:
        """Check all."""
        require_machine(cores=self.cores, speed=self.speed, scheduling=self.scheduling)
        require_memory(self.memory_gib)
        require_boot_time(self.boot_time)
        if not 0 <= require_number("price", self.price) < inf:
            raise ValueError(f"price must be finite and >= 0 per hour, got {self.price!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPoolStatistics:
    """What a pool has given so far.

    `host_count` hosts are out now, of `provisioned_count` in all; `released_count` came back. `refused_count`
    times there was none to give. `host_hours` are billed so far, and `cost` is what they cost.
    """

    host_count: int
    provisioned_count: int
    released_count: int
    refused_count: int
    host_hours: float
    cost: float


MakeHost = Callable[..., Host]
"""Makes a host of a name, with settings: `system.add_host` for one that can be found by its name."""


class HostPool:
    """Hosts of one `host_type` in `zones` (zones or racks; none: hosts stand nowhere), called "<name>-1" etc.

    `zones` may be a mapping from each zone or rack to how many hosts it has at most; `host_count_max` is the
    limit of all. `placement` is "spread" or "fill". `make_host(name, zone=..., rack=..., **settings)` makes
    the hosts. A number in a name is never used again.

    Example::

        pool = HostPool(env, "web", HostType(cores=2, boot_time=60.0, price=0.1), zones=[zone_a, zone_b])
        host = pool.provision()
        service.add_instance(host)
        ...
        pool.release(host)
        pool.statistics().cost
    """

    def __init__(
        self,
        env: Environment,
        name: str,
        host_type: HostType,
        *,
        zones: Iterable[Zone | Rack] | Mapping[Zone | Rack, float] = (),
        placement: str = "spread",
        host_count_max: float = inf,
        make_host: MakeHost | None = None,
    ) -> None:
        if not isinstance(host_type, HostType):
            raise TypeError(f"host_type must be a HostType, got {host_type!r}")
        if placement not in PLACEMENTS:
            raise ValueError(f"placement must be one of {', '.join(PLACEMENTS)}, got {placement!r}")
        if not isinstance(env, Environment):  # of a system: its hosts would fail in the midst of a run
            raise TypeError(f"env must be an Environment, got {env!r}")
        self.env = env
        self.name = name
        self.host_type = host_type
        self.placement = placement
        require_room("host_count_max", host_count_max)
        self.host_count_max = host_count_max
        self._room = _rooms(zones)
        self._make_host = make_host or (lambda name, **settings: Host(env, name, **settings))
        # Since when each is billed, and where it was to stand.
        self._hosts: dict[Host, tuple[float, Zone | Rack | None]] = {}
        self._counts: dict[Zone | Rack | None, int] = dict.fromkeys(self._room, 0)
        self._named_count = 0
        self._provisioned_count = 0
        self._refused_count = 0
        self._billed_time = 0.0  # of hosts that are released

    def __repr__(self) -> str:
        return f"HostPool({self.name!r})"

    @property
    def hosts(self) -> tuple[Host, ...]:
        """The hosts that are out, booting and crashed ones too, in the order in which they were given."""
        return tuple(self._hosts)

    @property
    def has_capacity(self) -> bool:
        """Whether `provision` would give a host now."""
        return bool(self._areas())

    def provision(self, *, boots: bool = True) -> Host:
        """Return a new host, which boots. Raises `NoCapacity` where the pool has none to give.

        With `boots=False` it is up at once: one of those that stand there when the run begins.
        """
        areas = self._areas()
        if not areas:
            self._refused_count += 1
            raise NoCapacity(f"host pool {self.name!r} has no more hosts: {self._account()}")
        area = areas[0] if self.placement == "fill" else min(areas, key=self._counts.__getitem__)
        self._named_count += 1
        kind = self.host_type
        host = self._make_host(
            f"{self.name}-{self._named_count}",
            zone=area.zone if isinstance(area, Rack) else area,
            rack=area if isinstance(area, Rack) else None,
            cores=kind.cores,
            speed=kind.speed,
            memory_gib=kind.memory_gib,
            scheduling=kind.scheduling,
            boot_time=kind.boot_time,
            boots=boots,
        )
        self._provisioned_count += 1
        self._hosts[host] = self.env.now, area
        self._counts[area] += 1
        self.env.log("host.provisioned", host.name, pool=self.name)
        return host

    def release(self, host: Host) -> None:
        """Give `host` back: it is gone, with all that ran on it, and billed no longer.

        Present callers learn of it, as of an orderly shutdown. Instances there stop for good, now, and leave
        their services; whoever wants them to finish what they have retires them first, and releases the host
        when they have stopped. Raises `ValueError` for one that is not out.
        """
        if host not in self._hosts:
            raise ValueError(f"host must be one that pool {self.name!r} has given, got {host!r}")
        since, area = self._hosts.pop(host)
        self._billed_time += self.env.now - since
        self._counts[area] -= 1
        self.env.log("host.released", host.name, pool=self.name)
        if not host.is_gone:
            host.decommission()

    def _areas(self) -> list[Zone | Rack | None]:
        """Return where a host could stand now."""
        if len(self._hosts) >= self.host_count_max:
            return []
        return [
            area
            for area, count_max in self._room.items()
            if self._counts[area] < count_max and (area is None or area.has_power)
        ]

    def _account(self) -> str:
        if len(self._hosts) >= self.host_count_max:
            return f"{len(self._hosts)} of at most {self.host_count_max:g} are out"
        return ", ".join(
            f"{self._counts[area]} of at most {count_max:g} are out in {area}"
            + ("" if area is None or area.has_power else ", which has no power")
            for area, count_max in self._room.items()
        )

    def statistics(self) -> HostPoolStatistics:
        """Return what has been given, and billed, so far."""
        now = self.env.now
        billed_time = self._billed_time + sum(now - since for since, _ in self._hosts.values())
        return HostPoolStatistics(
            host_count=len(self._hosts),
            provisioned_count=self._provisioned_count,
            released_count=self._provisioned_count - len(self._hosts),
            refused_count=self._refused_count,
            host_hours=billed_time / _HOUR,
            cost=billed_time / _HOUR * self.host_type.price,
        )


def _rooms(
    zones: Iterable[Zone | Rack] | Mapping[Zone | Rack, float],
) -> dict[Zone | Rack | None, float]:
    if isinstance(zones, Zone | Rack):
        raise TypeError(f"zones must be a list of zones or racks, got {zones!r} alone")
    rooms = dict(zones) if isinstance(zones, Mapping) else dict.fromkeys(zones, inf)
    for area, count_max in rooms.items():
        if not isinstance(area, Zone | Rack):
            raise TypeError(f"each of zones must be a Zone or Rack, got {area!r}")
        require_room(f"capacity of {area}", count_max)
    return {**rooms} if rooms else {None: inf}
