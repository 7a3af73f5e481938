"""A service of its own on hosts that are there, chosen for each instance by a placement policy, and scaled.

The hosts stand in racks and zones, with memory and cores enough for some instances, or for none. The group
starts with one instance, and an autoscaler says how many there are to be; hosts crash, racks and zones lose
their power, and who is down may be replaced elsewhere.

Laws, beside those of any such group (`group_of_its_own`):

- Each instance is placed as the policy promises, or refused for a reason (see `placement_laws`), also where
  so many are placed at once.
- No host holds more than it has room for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from math import inf
from typing import Any

from models import Host
from models.infrastructure import DoesNotFit, NoCapacity, Resources
from models.infrastructure.placement import AntiAffinity, Pack, Spread, place
from models.instance_groups import PlacedHosts

from ..choices import Choice, OwnHosts
from ..live_system import LiveSystem
from ..part_kind import Builder, PartKind
from ..plan import PartPlan
from .group_of_its_own import OF_ANY_GROUP, GroupOfItsOwn, JudgedSource, service_of
from .placement_laws import (
    PlacementLaw,
    Stand,
    error_of_choice,
    error_of_refusal,
    error_of_whole,
    hosts_needed,
    hosts_that_would_do,
)

_ROUNDING = 1e-6
_PLACED = "each is placed as the policy promises"
_REFUSED = "what is refused is impossible, and said why"

_LAWS: dict[str, Callable[[Host], PlacementLaw]] = {
    "one_per_host": lambda other: PlacementLaw(policy=AntiAffinity(), apart="host", evenly=("host",)),
    "one_per_rack": lambda other: PlacementLaw(policy=AntiAffinity("rack"), apart="rack", evenly=("host",)),
    "one_per_zone": lambda other: PlacementLaw(
        policy=AntiAffinity("zone", then=Pack()), apart="zone", packs=True
    ),
    "away_from_a_rack": lambda other: PlacementLaw(
        policy=AntiAffinity("rack", avoiding=[other], from_each_other=False),  # type: ignore[arg-type]
        away_from=("rack", other),
        evenly=("host",),
    ),
    "spread_over_zones": lambda other: PlacementLaw(policy=Spread(), skew_max=1, evenly=("zone", "host")),
    "spread_over_racks": lambda other: PlacementLaw(
        policy=Spread("rack", 2), skew_max=2, evenly=("rack", "host")
    ),
    "spread_over_hosts": lambda other: PlacementLaw(policy=Spread("host"), skew_max=1, evenly=("host",)),
    "racks_in_zones": lambda other: PlacementLaw(
        policy=Spread("zone", within=Spread("rack", inf)), skew_max=1, evenly=("zone", "rack", "host")
    ),
    "rather_spread": lambda other: PlacementLaw(policy=Spread("zone", inf), evenly=("zone", "host")),
    "pack": lambda other: PlacementLaw(policy=Pack(), packs=True),
    "pack_in_zones": lambda other: PlacementLaw(
        policy=Spread("zone", within=Pack()), skew_max=1, evenly=("zone",), packs=True
    ),
}
"""By name; each may avoid one host."""


class JudgedHosts(JudgedSource):
    """Gives and takes back `hosts` by the policy of a `law`, and writes down what breaks that."""

    def __init__(self, law: PlacementLaw, hosts: list[Host], needs: Resources) -> None:
        super().__init__(PlacedHosts(hosts, law.policy, resources=needs))
        self.law = law
        self._hosts = hosts
        self._needs = needs

    @property
    def stand(self) -> Stand:
        """What there is for the next one."""
        return Stand([host for host in self._hosts if host.is_up], tuple(self.given), self._needs)

    @property
    def has_more(self) -> bool:
        """Whether one more would fit somewhere."""
        return bool(hosts_that_would_do(self.law, self.stand))

    def judged(self) -> Host:
        """Return a host for one more."""
        stand = self.stand
        try:
            host = self.source.provision()
        except NoCapacity as error:
            self.note(_REFUSED, error_of_refusal(self.law, stand, str(error)))
            raise
        self.note(_PLACED, error_of_choice(self.law, stand, host))
        return host

    def place_many(self) -> None:
        """Judge how so many at once would be placed if nobody were there."""
        law, hosts, needs = self.law, self._hosts, self._needs
        before: list[Host] = []
        for count in range(1, len(hosts) + 2):
            try:
                placed = place(count, hosts, law.policy, resources=needs)
            except DoesNotFit as error:
                if law.policy == Pack():
                    possible = hosts_needed(hosts, needs, count) is not None
                    wrong = f"{count} fit: {error}" if possible else None
                else:
                    wrong = error_of_refusal(law, Stand(hosts, before, needs, is_taken=False), str(error))
                self.note(_REFUSED, wrong)
                return
            self._judge_whole(placed)
            before = placed

    def _judge_whole(self, placed: list[Host]) -> None:
        law, hosts, needs = self.law, self._hosts, self._needs
        found = [
            error_of_choice(law, Stand(hosts, placed[:number], needs, is_taken=False), host)
            for number, host in enumerate(placed)
        ]
        found.append(error_of_whole(law, hosts, placed))
        least = hosts_needed(hosts, needs, len(placed))
        if law.policy == Pack() and len(set(placed)) != least:
            found.append(f"{len(placed)} are on {len(set(placed))} hosts, and {least} would do")
        for wrong in found:
            self.note(_PLACED, wrong)


class PlacedGroup(GroupOfItsOwn):
    """A group on hosts that a placement policy has chosen from `source`."""

    source: JudgedHosts

    def complete(self, live: LiveSystem) -> None:
        """Ask how many at once would be placed."""
        self.source.place_many()

    def check(self, live: LiveSystem) -> None:
        """Hold hosts to their room, and the group to what holds for any."""
        super().check(live)
        needs = self.group.service.resources
        for host, count in Counter(each.host for each in self.group.members).items():
            cores, memory = count * needs.cores, count * needs.memory_gib
            if cores > host.cores + _ROUNDING or memory > host.room.memory_gib + _ROUNDING:
                rule = "no host holds more than it has room for"
                raise self.broken(live, host, rule, f"{count} of {needs} on {host.room.memory_gib} GiB")

    check_end = check


def _build(builder: Builder, plan: PartPlan, **given: Any) -> PlacedGroup:
    hosts = [builder.live.system.host(name) for name in given["hosts"]]
    service = service_of(builder, plan, **given)
    source = JudgedHosts(_LAWS[given["policy"]](hosts[0]), hosts, service.resources)
    return PlacedGroup(builder, plan, service, source, given)


PLACED_GROUP = PartKind(
    parameters={
        "hosts": OwnHosts(3, 8),
        "policy": Choice(*_LAWS),
        "cores": Choice(0.0, 0.5, 1.0),
        "memory_gib": Choice(0.0, 1.0, 3.0),
        **OF_ANY_GROUP,
    },
    build=_build,
    is_asked=True,
    needs_fleet=True,
)
