"""Preemptible hosts: cheaper, and taken away at any moment, with a short notice or with none.

Capacity that a provider has to spare (AWS: Spot Instances; Google: Spot VMs). States of a host: *provided* ->
*noticed* (`notice` seconds are left) -> *taken*, for good; or *released* by who had it, at any time before.
The time until the notice is drawn for each host, exponential with `rate_per_hour`: no host is safer for its
age. What it costs is the affair of the pool of hosts underneath, made with the lower price.

Leaves out: prices that move with demand; capacity that is gone in a zone as a whole, so that many hosts are
taken at once and no others are to be had; stopping and hibernating instead of terminating. Source: Amazon EC2
User Guide, "Spot Instance interruption notices" (two minutes before).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from simulator import Call, Environment
from simulator.randomness import Exponential

from ..infrastructure import Host
from ..instance_groups import ExistingHosts, HostSource

_HOUR = 3_600.0

OnNotice = Callable[[Host, float], object]
"""Called with a host and the seconds after which it will be gone."""

OnTaken = Callable[[Host], object]
"""Called with a host that is gone for good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreemptionStatistics:
    """Of `provided_count` hosts, `noticed_count` were told to go, and `taken_count` were taken away."""

    provided_count: int
    noticed_count: int
    taken_count: int


class PreemptibleHosts:
    """Provides `hosts`, and takes each away after a random time, `rate_per_hour` (> 0) times per host-hour.

    `notice` (>= 0 s; 0: none) is how long before that those who have asked (`on_notice`) are told. Draws from
    the stream "<name>/lifetime".

    Example::

        spot = PreemptibleHosts(env, HostPool(...), rate_per_hour=0.2, notice=120.0)
        pool = WorkerPool(env, spot, connect, make_handler, size=10)
    """

    def __init__(
        self,
        env: Environment,
        hosts: HostSource,
        *,
        rate_per_hour: float,
        notice: float = 120.0,
        name: str = "preemptible",
    ) -> None:
        """Provide nothing yet."""
        if not 0.0 < rate_per_hour < inf:
            raise ValueError(f"rate_per_hour must be finite and > 0 per host-hour, got {rate_per_hour!r}")
        if not 0.0 <= notice < inf:
            raise ValueError(f"notice must be finite and >= 0 s, got {notice!r}")
        if isinstance(hosts, ExistingHosts):
            raise TypeError(f"hosts must be made anew, since those that are taken are gone, got {hosts!r}")
        self._env = env
        self.hosts = hosts
        self.notice = notice
        self.name = name
        self._lifetime = env.sampler(f"{name}/lifetime", Exponential(_HOUR / rate_per_hour))
        self._next: dict[Host, Call] = {}
        self._on_notice: list[OnNotice] = []
        self._on_taken: list[OnTaken] = []
        self._provided_count = 0
        self._noticed_count = 0
        self._taken_count = 0

    def on_notice(self, function: OnNotice) -> None:
        """Call `function(host, notice)` when a host will be taken in `notice` seconds."""
        self._on_notice.append(function)

    def on_taken(self, function: OnTaken) -> None:
        """Call `function(host)` when a host has been taken."""
        self._on_taken.append(function)

    def provision(self) -> Host:
        """Return another host, for as long as it lasts. Raises `NoCapacity` where there is none."""
        host = self.hosts.provision()
        self._provided_count += 1
        self._next[host] = self._env.call_later(self._lifetime(), self._give_notice, host)
        return host

    def release(self, host: Host) -> None:
        """Take `host` back before it is taken away; does nothing for one that has been."""
        call = self._next.pop(host, None)
        if call is not None:
            call.cancel()
            self.hosts.release(host)

    def _give_notice(self, host: Host) -> None:
        self._noticed_count += 1
        self._env.log("host.notice", host.name, notice=self.notice)
        self._next[host] = self._env.call_later(self.notice, self._take, host)
        if self.notice:
            for function in self._on_notice:
                function(host, self.notice)

    def _take(self, host: Host) -> None:
        self._taken_count += 1
        del self._next[host]
        self._env.log("host.taken", host.name)
        self.hosts.release(host)
        for function in self._on_taken:
            function(host)

    def statistics(self) -> PreemptionStatistics:
        """Return what has happened so far."""
        return PreemptionStatistics(
            provided_count=self._provided_count,
            noticed_count=self._noticed_count,
            taken_count=self._taken_count,
        )
