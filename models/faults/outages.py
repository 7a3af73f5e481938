"""Outages: all of a rack, zone or region fails together, for want of power or of network.

    PowerOutage       its hosts crash at one instant, and boot when power is back
    NetworkOutage     its hosts run and reach each other, and nobody outside

The difference is what an outage teaches. Without power, memory is lost and all work with it; without network,
both sides go on, each takes the other for dead, and they meet again with what they did meanwhile.

Both hold for hosts that come to the area while they last: one that is added to a zone without power is down,
and boots with the others.

Source: correlated failure of zones is why they exist (AWS, "Regions and Availability Zones"); Netflix' Chaos
Gorilla fails a zone in either way (Tseitlin, "The Antifragile Organization", ACM Queue 11, 2013); racks lose
their power unit or their switch (Dean, "Designs, Lessons and Advice from Building Large Distributed Systems",
LADIS 2009).
"""

from __future__ import annotations

from ..infrastructure import Area
from ..network import Isolation, Network
from .fault import Fault
from .links import require_network


class PowerOutage(Fault):
    """All hosts of `area`, a rack, zone or region with at least one, are down, silently.

    When it ends they boot, but for those that something else keeps down.

    Example::

        plan.at(60.0, PowerOutage(zone), duration=600.0)
    """

    def __init__(self, area: Area, *, name: str | None = None) -> None:
        _require_area(area)
        super().__init__(area.hosts[0].env, name or area.name, "power outage")
        self._area = area

    def _start(self) -> None:
        self._area.cut_power(self)

    def _stop(self) -> None:
        self._area.restore_power(self)


class NetworkOutage(Fault):
    """No message passes between `area`, a rack, zone or region with a host, and the rest of `network`.

    Example::

        plan.at(60.0, NetworkOutage(network, zone), duration=600.0)
    """

    def __init__(self, network: Network, area: Area, *, name: str | None = None) -> None:
        require_network(network)
        _require_area(area)
        super().__init__(network.env, name or area.name, "network outage")
        self._network = network
        self._rule = Isolation(area)

    def _start(self) -> None:
        self._network.install(self._rule)

    def _stop(self) -> None:
        self._network.heal(self._rule)


def _require_area(area: object) -> None:
    if not isinstance(area, Area):
        raise TypeError(f"area must be a Rack, Zone or Region, got {area!r}")
    if not area.hosts:
        raise ValueError(f"area must hold at least one host, got {area!r}")
