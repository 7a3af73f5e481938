"""Load reports: every so often each instance tells a balancer how many calls it has.

The number counts everybody's calls, waiting or in service, where a balancer's own count knows of its own.
It is sent from the instance's host over the network, as a datagram: it is old when it arrives, may be lost or
cut off, and none comes from a host or process that is down. The last one then stands, however old.

By default each instance reports at its own moments, from a random one on; `in_step` lets all report at once,
as if they wrote on one bulletin board (Mitzenmacher's "periodic update"). For policies that use it: see
`reported_load`.

Leaves out: other loads than calls (processor, memory); reports that ride on answers (ORCA).
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from typing import Any

from simulator.randomness import Uniform

from ..endpoint import Endpoint
from ..infrastructure import Host
from ..network import Network
from ..services import Instance
from ..validation import require_finite_duration
from .balancer import Balancer
from .target import far_endpoint

_SIZE_BYTES = 100  # of a report


class LoadReports:
    """Lets the instances behind `balancer` report to it every `interval` seconds (> 0), over `network`.

    The balancer must stand on a host. All its present targets report; what is added later does once it is
    given to `add`. `sent_count` reports were sent, and `arrived_count` have arrived. Raises `ValueError`
    where there is no instance at the other end. Reports never end by themselves: run until a time.

    Example::

        reports = LoadReports(system.network, balancer, interval=0.1)
        service.on_ready(lambda instance: reports.add(way_to[instance]))
    """

    def __init__(
        self, network: Network, balancer: Balancer, *, interval: float, in_step: bool = False
    ) -> None:
        """Let the first reports come within one interval."""
        require_finite_duration("interval", interval)
        if balancer.host is None:
            raise ValueError(f"balancer must stand on a host to get reports, got {balancer!r} on none")
        self.interval = interval
        self.in_step = in_step
        self.sent_count = 0
        self.arrived_count = 0
        self._network = network
        self._balancer = balancer
        self._host: Host = balancer.host
        for endpoint in balancer.targets:
            self.add(endpoint)

    def add(self, endpoint: Endpoint) -> None:
        """Let the instance behind a target report while it runs, until it is told to stop."""
        instance = far_endpoint(endpoint)
        if not isinstance(instance, Instance):
            raise ValueError(f"target must lead to an Instance that can report, got {endpoint!r}")
        moment = None if self.in_step else self._random_moment(instance)

        def start() -> None:
            # Bound to the instance: who has crashed reports nothing.
            process = self._network.env.process(
                self._report(endpoint, instance, moment), f"load of {instance.name}"
            )
            instance.host.bind(process, instance)

        instance.on_ready(start)
        if instance.is_ready:
            start()

    def _random_moment(self, instance: Instance) -> float:
        name = f"load reports/{instance.name} to {self._balancer.name}"
        return self._network.env.sampler(name, Uniform(0.0, self.interval))()

    def _report(
        self, endpoint: Endpoint, instance: Instance, moment: float | None
    ) -> Generator[Any, Any, None]:
        now = self._network.env.now
        process: Any = self._network.env.active_process
        try:
            yield self.interval - now % self.interval if moment is None else moment
            while not instance.is_stopping:
                self.sent_count += 1
                load = instance.in_service_count + instance.waiting_count
                self._network.send(
                    instance.host, self._host, self._note, endpoint, load, size_bytes=_SIZE_BYTES
                )
                yield self.interval
        finally:
            instance.host.release(process)

    def _note(self, endpoint: Endpoint, load: int) -> None:
        """On the balancer's host: note what has arrived, unless the target is none any more."""
        self.arrived_count += 1
        with suppress(ValueError):
            self._balancer.report_load(endpoint, load)
