"""The metric pipeline: what was measured reaches the controller late, sampled, and with gaps.

Rules:

1. Each `scrape_interval` (15 s, as of Kubernetes' metrics server) all members of the group are read. A value
   is the mean since the last scrape: one who is there for the first time, or was down at the last one, has
   none yet. Who is down now has none either.
2. A scrape is told `delay` seconds later. What was told last stays until something newer comes, or until it
   is `expiry` seconds old (60 s), counted from the scrape; then it is missing.
3. While the pipeline is cut off (`cut_off`), nothing is scraped. What was scraped before is still told.

Whether an instance is wanted, pending or ready is no metric, and is known at once: it is the control plane's
own record. Kubernetes' has it from watches, and of a dead host only 40 s later, so that a controller here
knows a little too much; since when it is down is what the group's looks have found.

The scraper reads counters from outside, and sends nothing through the network (it is an observer, with a
clock); what the network would do to it, `delay` and `cut_off` say. Leaves out: the cost of being scraped.
Sources: kubernetes-sigs/metrics-server, `--metric-resolution` 15 s; Prometheus, staleness.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from simulator import Environment

from ..instance_groups import Member
from ..services import Instance
from ..validation import require_delay, require_each, require_finite_duration
from .meters import Meter, Read
from .observation import InstanceView, Observation
from .scalable import Measurable, Scalable

Probe = Callable[[], float | None]
"""Reads a metric of the whole; None where it cannot be read now."""


@dataclass(frozen=True, slots=True)
class _Scrape:
    """What was read at `time`, over the window before it."""

    time: float
    window: float
    values: Mapping[Instance, Mapping[str, float]]
    totals: Mapping[str, float]


class MetricPipeline:
    """Reads `meters` of each member of `group` (none: of nobody), and `totals` by their probes.

    The group may be an instance group, a pool of workers' or a deployment.

    Each `scrape_interval` (> 0 s), to be known `delay` (>= 0 s) later, for `expiry` (> 0 s) from the scrape.
    Example::

        pipeline = MetricPipeline(env, group=group, meters=[Utilisation()], delay=5.0)
        pipeline.cut_off("monitoring is down")
    """

    def __init__(
        self,
        env: Environment,
        *,
        group: Measurable | None = None,
        meters: Iterable[Meter] = (),
        totals: Mapping[str, Probe] | None = None,
        scrape_interval: float = 15.0,
        delay: float = 0.0,
        expiry: float = 60.0,
        name: str = "metrics",
    ) -> None:
        """Begin to scrape."""
        require_finite_duration("scrape_interval", scrape_interval)
        require_delay("delay", delay)
        require_finite_duration("expiry", expiry)
        if not expiry > delay:
            raise ValueError(f"expiry must be > delay ({delay!r} s), or nothing is known, got {expiry!r}")
        self.name = name
        self._env = env
        self._group = group
        self._meters = require_each("meters", meters, Meter)
        self._probes = dict(totals or {})
        names = [meter.name for meter in self._meters]
        if len(set(names)) < len(names):
            raise ValueError(f"meters must have a name each, got {names!r}")
        for total, probe in self._probes.items():
            if not callable(probe):
                raise TypeError(f"total {total!r} must be a function that reads it, got {probe!r}")
        if group is None and self._meters:
            raise ValueError(f"meters must have a group to read, got {self._meters!r} and none")
        self._interval, self._delay, self._expiry = scrape_interval, delay, expiry
        self._readers: dict[Instance, list[Read]] = {}
        self._known = _Scrape(-inf, 0.0, {}, {})
        self._last_at = env.now
        self._holders: dict[object, None] = {}
        self.scrape_count = 0
        self.lost_count = 0
        self._begin_anew()
        env.process(self._scrape_all(), name)

    # -- trouble

    @property
    def is_cut_off(self) -> bool:
        """Whether nothing is scraped now."""
        return bool(self._holders)

    def cut_off(self, holder: object) -> None:
        """Scrape nothing until `restore(holder)`. Raises `ValueError` if the holder has cut it already."""
        if holder in self._holders:
            raise ValueError(f"{self.name} is cut off by {holder} already")
        self._holders[holder] = None

    def restore(self, holder: object) -> None:
        """Undo `cut_off`. Raises `ValueError` if the holder has not cut it."""
        if holder not in self._holders:
            raise ValueError(f"{self.name} is cut off by others only, not by {holder}")
        del self._holders[holder]

    # -- scraping

    def _scrape_all(self) -> Generator[Any, Any, None]:
        while True:
            yield self._interval
            if self._holders:
                self.lost_count += 1
                continue
            self.scrape_count += 1
            scrape = self._scrape()
            if self._delay:
                self._env.call_later(self._delay, self._tell, scrape)
            else:
                self._tell(scrape)

    def _tell(self, scrape: _Scrape) -> None:
        self._known = scrape

    def _scrape(self) -> _Scrape:
        now = self._env.now
        window, self._last_at = now - self._last_at, now
        values: dict[Instance, Mapping[str, float]] = {}
        for instance, readers in self._readers.items():
            if instance.is_ready:
                read = zip(self._meters, readers, strict=True)
                values[instance] = {meter.name: reader(window) for meter, reader in read}
        totals = {name: probe() for name, probe in self._probes.items()}
        self._begin_anew()
        told = {name: value for name, value in totals.items() if value is not None}
        return _Scrape(now, window, values, told)

    def _begin_anew(self) -> None:
        """Have a reader for each member that is up, and for nobody else."""
        if self._group is None:
            return
        self._readers = {
            instance: self._readers.get(instance) or [meter.reader(instance) for meter in self._meters]
            for instance in self._group.instances
            if instance.is_ready
        }

    # -- what is known

    def observe(self, scaled: Scalable) -> Observation:
        """Return what a controller of `scaled` knows now."""
        now, known = self._env.now, self._known
        if now - known.time >= self._expiry:
            known = _Scrape(-inf, 0.0, {}, {})
        return Observation(
            now=now, current=scaled.desired_count, instances=self._views(known), totals=known.totals
        )

    def _views(self, known: _Scrape) -> tuple[InstanceView, ...]:
        group = self._group
        if group is None:
            return ()
        # Those without a host are pending too: a rule that did not see them would find the others few.
        homeless = [
            InstanceView(name=f"{group.name} without a host {number}", is_pending=True, is_ready=False)
            for number in range(group.pending_count)
        ]
        return (*(_view(member, known) for member in group.members), *homeless)


def _view(member: Member, known: _Scrape) -> InstanceView:
    return InstanceView(
        name=member.instance.name,
        is_pending=member.state == "pending",
        is_ready=member.state == "ready",
        started_at=member.started_at,
        changed_at=member.changed_at,
        values=known.values.get(member.instance, {}),
        sampled_at=known.time,
        window=known.window,
    )
