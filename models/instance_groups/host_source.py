"""Where the hosts of an instance group come from: the contract, and hosts that are there already.

A group asks for a host for each instance and gives it back when the instance is gone. `HostPool` in
`models.infrastructure` buys and returns machines; `ExistingHosts` shares out those that are paid for anyhow,
as Kubernetes' scheduler does with its nodes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from ..infrastructure import Host, NoCapacity
from ..validation import require_count, require_each


class HostSource(Protocol):
    """Gives hosts, and takes them back."""

    def provision(self) -> Host:
        """Return a host for one instance, which may still have to boot.

        Raises `NoCapacity` where there is none.
        """

    def release(self, host: Host) -> None:
        """Take back a host on which the instance is gone, once.

        Raises `ValueError` for one that is not out; for a host that has gone itself a group lets that pass.
        """


class ExistingHosts:
    """Room for `per_host` (>= 1) instances on each of `hosts`: the emptiest is next, then the first.

    A host that is down gets none. Example::

        group = InstanceGroup(env, shop, ExistingHosts(hosts, per_host=2), 3)
    """

    def __init__(self, hosts: Iterable[Host], *, per_host: int = 1) -> None:
        require_count("per_host", per_host)
        self._per_host = per_host
        self._taken: dict[Host, int] = dict.fromkeys(require_each("hosts", hosts, Host), 0)
        if not self._taken:
            raise ValueError("hosts must be one or more, got none")

    def provision(self) -> Host:
        """Return the emptiest host that is up. Raises `NoCapacity` where all of those are full."""
        free = [host for host, taken in self._taken.items() if taken < self._per_host and host.is_up]
        if not free:
            raise NoCapacity(f"no room on {len(self._taken)} hosts for {self._per_host} each")
        host = min(free, key=self._taken.__getitem__)
        self._taken[host] += 1
        return host

    def release(self, host: Host) -> None:
        """Make room on `host`. Raises `ValueError` for one that has none taken."""
        if not self._taken.get(host):
            raise ValueError(f"host must have an instance of this source's, got {host!r}")
        self._taken[host] -= 1
