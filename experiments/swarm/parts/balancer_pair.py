"""Two balancers in front of one service, on hosts of their own, that share an address (VRRP).

Clients ask the address, and whoever holds it answers: the first of the two, and when that is gone the other.

Laws (RFC 9568; `models.naming.vrrp`):

- Never do both hold the address, but for as long as news is on its way, except while something lies between
  them and for as long afterwards: the better one says that it is there within one advertisement interval, and
  the other gives way when that arrives.
- When all faults have healed one of them holds it, and where the better one preempts, that one.
- Where nothing happens it moves never.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from models import Endpoint, Host
from models.naming import VirtualAddress, VrrpSettings

from ..choices import Choice, NameOf, OwnHosts
from ..invariants import BrokenInvariant
from ..live_system import LiveSystem
from ..part_kind import Builder, LivePart, PartKind, end_processes
from ..plan import PartPlan, WayPlan, WrapperPlan

_ON_ITS_WAY = 1.0  # longer than any message takes where nothing delays it (s)
_BETWEEN = {
    "delay",
    "flapping_link",
    "link_chaos",
    "loss",
    "network_outage",
    "partition",
    "zone_chaos",
}
"""The kinds of faults that may lie between the two."""


class BalancerPair(LivePart):
    """The `address` of a pair."""

    def __init__(self, plan: PartPlan, address: VirtualAddress, settings: VrrpSettings) -> None:
        self.name = plan.name
        self.address = address
        self._settings = settings

    @property
    def counting(self) -> Iterable[object]:
        """The address."""
        return [self.address]

    def connect(self, builder: Builder, source: Host, way: WayPlan) -> Endpoint:
        """Return a way from `source` to whoever holds the address."""
        return self.address.connect(
            source, transport=way.transport, propagate_cancellation=way.propagate_cancellation
        )

    # -- to its end

    def unsettled(self, live: LiveSystem) -> BrokenInvariant | None:
        """Return the breach unless the right one holds the address, alone."""
        if (breach := self._held_too_long(live)) is not None:
            return breach
        first, *_ = hosts = [router.host.name for router in self.address.routers]
        active = list(self.address.statistics().active_hosts)
        allowed = [[first]] if self._settings.preempts else [[host] for host in hosts]
        if active in allowed:
            return None
        rule = "one of a pair, the better if it preempts, holds the address when all faults have healed"
        return self.broken(live, self.address, rule, f"{active} of {hosts}")

    @property
    def background_count(self) -> int:
        """The elections, and who tracks."""
        each = 1 if self._settings.tracking_interval is None else 2
        return each * len(self.address.routers)

    def stop(self, live: LiveSystem) -> None:
        """End them."""
        for router in self.address.routers:
            end_processes(live.env, f"{router.name} election", f"{router.name} tracking")

    # -- laws

    def check_end(self, live: LiveSystem) -> None:
        """Look at all that was written down of the address."""
        if not live.plan.faults and sum(self.address.statistics().taken_counts) > 1:
            rule = "an address stays where it is when nothing happens"
            raise self.broken(live, self.address, rule, str(self.address.statistics()))
        if (breach := self._held_too_long(live)) is not None:
            raise breach

    def _held_too_long(self, live: LiveSystem) -> BrokenInvariant | None:
        """Return the breach if both have held it for longer than news may have needed."""
        longest = self._settings.advertisement_interval + _ON_ITS_WAY
        for start, end in self._held_by_both(live):
            for low, high in _outside(start, end, self._windows(live, longest)):
                if high - low > longest:
                    rule = "never do both of a pair hold the address but for a while after a cut"
                    return self.broken(live, self.address, rule, f"from {low!r} to {high!r} s")
        return None

    def _windows(self, live: LiveSystem, longest: float) -> list[tuple[float, float]]:
        """Return when something may have been between the two, and for how long that may be felt."""
        return [
            (fault.start, min(fault.end, live.plan.load_end) + longest)
            for fault in live.plan.faults
            if fault.kind in _BETWEEN
        ]

    def _changes(self, live: LiveSystem) -> Iterator[tuple[float, str, bool]]:
        """Yield when which host began to hold the address, or did no more."""
        mine = {router.host.name for router in self.address.routers}
        for record in live.env.event_log.of_kind("address.taken", "address.released", "host.down"):
            if record.subject in mine and record.detail.get("address", self.name) == self.name:
                yield record.time, record.subject, record.kind == "address.taken"

    def _held_by_both(self, live: LiveSystem) -> Iterator[tuple[float, float]]:
        """Yield from when to when (s) more than one has held it."""
        holding: set[str] = set()
        since = 0.0
        for time, host, holds in self._changes(live):
            was = len(holding) > 1
            holding = holding | {host} if holds else holding - {host}
            if was and len(holding) <= 1:
                yield since, time
            elif not was and len(holding) > 1:
                since = time
        if len(holding) > 1:
            yield since, live.env.now


def _outside(
    start: float, end: float, windows: Iterable[tuple[float, float]]
) -> Iterator[tuple[float, float]]:
    """Yield what is left of an interval without `windows`."""
    for low, high in sorted(windows):
        if low > start:
            yield start, min(low, end)
        start = max(start, high)
    if start < end:
        yield start, end


def _build(
    builder: Builder,
    plan: PartPlan,
    *,
    service: str,
    hosts: tuple[str, ...],
    policy: str,
    patience: float,
    interval: float,
    preempts: bool,
    tracks: bool,
) -> BalancerPair:
    system = builder.live.system
    # What a balancer waits for must end, too.
    limit = WrapperPlan(kind="timeout", name=f"limit in {plan.name}", parameters={"delay": patience})
    way = WayPlan(service=service, policy=policy, links=(limit,))
    balancers = [builder.inner_way(system.host(name), f"{plan.name} at {name}", way) for name in hosts]
    settings = VrrpSettings(
        advertisement_interval=interval, preempts=preempts, tracking_interval=interval if tracks else None
    )
    address = VirtualAddress(system.env, system.network, balancers, settings=settings, name=plan.name)
    return BalancerPair(plan, address, settings)


BALANCER_PAIR = PartKind(
    parameters={
        "service": NameOf(("services",)),
        "hosts": OwnHosts(2, 2),
        "policy": Choice("round_robin", "least_outstanding"),
        "patience": Choice(0.5, 2.0),
        "interval": Choice(1.0, 0.3),
        "preempts": Choice(True, False),
        "tracks": Choice(False, True),
    },
    build=_build,
    is_asked=True,
)
