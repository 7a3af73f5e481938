"""Hosts that are there already, chosen for each instance by a placement policy, where there is room.

The source for a group whose instances share hosts with others: each goes where `models.infrastructure`'s
placement would put one more, given where those of this source stand. Unlike `ExistingHosts` it asks how much
cores and memory are free. Only hosts that are up are asked; nothing is moved when one comes back.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..infrastructure import DoesNotFit, Host, NoCapacity, Resources
from ..infrastructure.placement import PlacementPolicy, Spread, place
from ..validation import require_each

_SPREAD = Spread()
_NOTHING = Resources()


class PlacedHosts:
    """Gives a host of `hosts` by `policy`, where the `resources` of one instance are free.

    The resources must be those of the service, whose instances take them when they are added. Example::

        needs = Resources(memory_gib=2.0)
        source = PlacedHosts(system.hosts.values(), Spread("zone"), resources=needs)
        shop = system.add_service("shop", [], make_handler, resources=needs)
        group = InstanceGroup(env, shop, source, 3)
    """

    def __init__(
        self,
        hosts: Iterable[Host],
        policy: PlacementPolicy = _SPREAD,
        *,
        resources: Resources = _NOTHING,
    ) -> None:
        if not isinstance(policy, PlacementPolicy):
            raise TypeError(f"policy must be a PlacementPolicy, such as Spread(), got {policy!r}")
        self._hosts = list(dict.fromkeys(require_each("hosts", hosts, Host)))
        if not self._hosts:
            raise ValueError("hosts must be one or more, got none")
        self._policy = policy
        self._resources = resources
        self._given: list[Host] = []

    def provision(self) -> Host:
        """Return the host for one more instance. Raises `NoCapacity` where it fits nowhere."""
        up = [host for host in self._hosts if host.is_up]
        try:
            (host,) = place(1, up, self._policy, resources=self._resources, beside=self._given)
        except DoesNotFit as error:
            raise NoCapacity(str(error)) from None
        self._given.append(host)
        return host

    def release(self, host: Host) -> None:
        """Count one instance less on `host`. Raises `ValueError` for one that has none of this source's."""
        if host not in self._given:
            raise ValueError(f"host must have an instance of this source's, got {host!r}")
        self._given.remove(host)
