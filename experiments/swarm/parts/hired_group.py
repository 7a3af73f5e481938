"""A service of its own on hosts that are had by the hour, in several zones or racks, and scaled.

The provider spreads the hosts over its areas, or fills one after the other; an area holds so many, and gives
none while it has no power.

Laws, beside those of any such group (`group_of_its_own`; `models.infrastructure.HostPool`):

- A host stands where the fewest do, of the areas with room and power, the first at a tie; or in the first.
- What is refused is impossible: no area has room and power; and the error names them all.
- What is paid for has an instance: a member, or one that drains.
- Billed is the time from each host's first day to its last, which the log knows.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from typing import Any

from models import Host
from models.infrastructure import Area, HostPool, HostType, NoCapacity, Rack, Zone

from ..choices import Choice
from ..live_system import LiveSystem
from ..part_kind import Builder, PartKind
from ..plan import PartPlan
from .group_of_its_own import OF_ANY_GROUP, GroupOfItsOwn, JudgedSource, service_of

_HOUR = 3600.0
_ROUNDING = 1e-6  # s
_STANDS = "a host stands where the provider has the fewest, or in the first area"
_REFUSED = "what is refused is impossible, and said why"


class JudgedPool(JudgedSource):
    """Gives and takes back hosts of a `pool`, and writes down what is wrong with that.

    It may have up to `limit` hosts in each of its areas, and fills them one by one if it `fills`.
    """

    source: HostPool

    def __init__(self, pool: HostPool, areas: list[Zone | Rack], limit: float, *, fills: bool) -> None:
        super().__init__(pool)
        self._areas = areas
        self._limit = limit
        self._fills = fills

    @property
    def has_more(self) -> bool:
        """Whether an area has room and power."""
        return not self._areas or bool(self._able())

    def _able(self) -> list[Zone | Rack]:
        return [each for each in self._areas if each.has_power and self._count(each) < self._limit]

    def _count(self, area: Area) -> int:
        return sum(area in (host.zone, host.rack) for host in self.given)

    def judged(self) -> Host:
        """Return a host for one more."""
        able = self._able()
        best = (able if self._fills else sorted(able, key=self._count))[:1]
        try:
            host = self.source.provision()
        except NoCapacity as error:
            silent = [each.name for each in self._areas if each.name not in str(error)]
            if best or silent:
                self.note(_REFUSED, f"{best} could, nothing is said of {silent}: {error}")
            raise
        area = host.zone if host.rack is None else host.rack
        if self._areas and area not in best:
            self.note(_STANDS, f"{host.name} in {area}, and not in {best}")
        return host


class HiredGroup(GroupOfItsOwn):
    """A group on hosts of a pool."""

    source: JudgedPool

    @property
    def counting(self) -> Iterable[object]:
        """The pool, too."""
        return [*super().counting, self.source.source]

    def check(self, live: LiveSystem) -> None:
        """Hold the pool to its bill, and the group to what holds for any."""
        super().check(live)
        pool = self.source.source
        if sorted(host.name for host in pool.hosts) != sorted(host.name for host in self.source.given):
            detail = f"{len(pool.hosts)} hosts, {len(self.source.given)} with an instance"
            raise self.broken(live, pool, "what is paid for has an instance", detail)
        billed, said = self._billed(live), pool.statistics()
        if abs(said.host_hours * _HOUR - billed) > _ROUNDING:
            rule = "billed is the time for which hosts were out"
            raise self.broken(live, pool, rule, f"{said.host_hours * _HOUR!r} s of {billed!r} s")

    check_end = check

    def _billed(self, live: LiveSystem) -> float:
        """Return for how long hosts of the pool were out in all, by the log (s)."""
        out: dict[str, float] = {}
        total = 0.0
        for record in live.env.event_log.of_kind("host.provisioned", "host.released"):
            if record.detail["pool"] == self.source.source.name:
                if record.kind == "host.provisioned":
                    out[record.subject] = record.time
                else:
                    total += record.time - out.pop(record.subject)
        return total + sum(live.env.now - since for since in out.values())


def _build(
    builder: Builder, plan: PartPlan, *, areas: str, limit: int | None, fills: bool, **given: Any
) -> HiredGroup:
    system = builder.live.system
    zones = [system.zone(name) for name in builder.plan.zones]
    racks = [system.rack(rack.name) for rack in builder.plan.racks]
    chosen: list[Zone | Rack] = [*racks] if areas == "racks" and racks else [*zones]
    most = inf if limit is None else limit
    pool = HostPool(
        builder.live.env,
        f"machine of {plan.name}",
        HostType(cores=2, boot_time=given["boot_time"], price=0.1),
        zones=dict.fromkeys(chosen, most),
        placement="fill" if fills else "spread",
        make_host=system.add_host,
    )
    source = JudgedPool(pool, chosen, most, fills=fills)
    return HiredGroup(builder, plan, service_of(builder, plan, **given), source, given)


HIRED_GROUP = PartKind(
    parameters={
        "areas": Choice("zones", "racks"),
        "limit": Choice(None, 1, 2),
        "fills": Choice(False, True),
        "boot_time": Choice(0.0, 0.4),
        **OF_ANY_GROUP,
    },
    build=_build,
    is_asked=True,
    needs_fleet=True,
)
