"""Outlier ejection: a target whose calls go wrong is not asked for a while ("passive health checks").

Nobody is asked anything for it: the calls themselves say how a target does. So it sees what no probe sees (a
gray failure that answers probes well), it needs traffic to see anything, and what it has taken out gives no
more sign of life: it comes back when its time is over, and fails again if it must.

Rules, Envoy's:

1. Consecutive detectors look at each result as it comes, and act there and then. The row begins anew when
   they have found something, whether or not that led to an ejection.
2. At each sweep, every `interval`: a target that has been ejected for its time comes back, with all rows
   begun anew, and nowhere else does it; then the statistical detectors look at the interval that is over, of
   targets that are not ejected; then the multiplier falls by one of those that are not, and have been back
   for an interval. In that order: who is an outlier as soon as one can tell is so in a row.
3. An ejection must not exceed `max_ejection_percent` of the targets, but for the first if it
   `always_ejects_one`; and each detector acts with its `enforcing` chance only.
4. The n-th in a row takes n times the base. Whom somebody else ejects (`Balancer.eject`) is neither counted
   nor brought back.
5. A target that passes an active health check (give the `health_checker`) comes back at once. With probes
   that the calls' trouble does not show in, ejection so comes to nothing within one of their intervals.

What it remembers is in the balancer's memory, begins anew with its process, and of a target when that is
removed. A call that began before that counts no more. Ejections are logged as "ejection" (a signal for who
measures the time to detect), returns as "readmission". Once told to `stop` it ejects and readmits nobody.

Source: Envoy, "Outlier detection" in its architecture overview, and `outlier_detection_impl.cc`. Leaves
out: degraded hosts, priorities, events of other kinds than calls.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from types import MappingProxyType
from typing import Any

from simulator import CallFailed, Environment, Process
from simulator.randomness import Uniform

from ...endpoint import Endpoint
from ...request import Response
from ..balancer import Balancer
from ..health_checks import HealthChecker
from ..target import Target
from .call_result import result_of
from .consecutive_failures import ConsecutiveFailures
from .detectors import Detectors, external_detectors, local_detectors
from .failure_percentage import FailurePercentage
from .interval_counts import IntervalCounts
from .settings import OutlierSettings
from .success_rate import SuccessRate
from .target_record import TargetRecord

_Detector = ConsecutiveFailures | SuccessRate | FailurePercentage
_NOW = 1e-9  # s: a call that began at the instant at which its target was added began after that


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlierStatistics:
    """By detector, how often it has found an outlier, and how often that was ejected.

    `overflow_count` times too many were ejected already; `readmitted_count` came back, of which
    `unejected_count` because a health check passed. `ejected` are the names of those that are out now.
    """

    found_counts: Mapping[str, int]
    ejected_counts: Mapping[str, int]
    overflow_count: int
    readmitted_count: int
    unejected_count: int
    ejected: tuple[str, ...]


class OutlierEjector:
    """Ejects and readmits targets of `balancer` as `settings` say.

    Give the `health_checker` of the same balancer, if it has one, so that who passes its checks comes back.
    An enforcing chance between 0 and 100, and jitter, draw from streams of "outlier/<name>".

    Example::

        balancer = system.balanced(proxy, shop)
        OutlierEjector(env, balancer, envoy_outlier())
    """

    def __init__(
        self,
        env: Environment,
        balancer: Balancer,
        settings: OutlierSettings,
        *,
        health_checker: HealthChecker | None = None,
        name: str | None = None,
    ) -> None:
        """Begin to watch."""
        if not isinstance(settings, OutlierSettings):
            raise TypeError(f"settings must be OutlierSettings, such as envoy_outlier(), got {settings!r}")
        if health_checker is not None and health_checker.checked is not balancer:
            raise ValueError(
                f"health_checker must check {balancer.name!r}, got that of {health_checker.checked.name!r}"
            )
        self._env = env
        self.balancer = balancer
        self.settings = settings
        self.name = name or f"outliers of {balancer.name}"
        self._external = external_detectors(settings)
        self._local = local_detectors(settings)
        self._records: dict[Endpoint, TargetRecord] = {}
        self._since = -inf
        self._uniform: Callable[[], float] | None = None
        self._sweeping: Process | None = None
        self._is_stopped = False
        self._found: Counter[str] = Counter()
        self._ejected: Counter[str] = Counter()
        self._overflow_count = 0
        self._readmitted_count = 0
        self._unejected_count = 0
        balancer.watch(self._note)
        balancer.on_afresh(self._start_afresh)
        if health_checker is not None and settings.successful_active_health_check_uneject_host:
            health_checker.on_passed(self._uneject)
        if balancer.host is None or (balancer.host.is_up and balancer.is_listening):
            self._start()

    # -- where it runs --------------------------------------------------------------------------------------

    def _start(self) -> None:
        if self._is_stopped:
            return
        host, name = self.balancer.host, f"{self.name}: sweeps"
        if host is None:
            self._sweeping = self._env.process(self._sweep_for_ever(), name)
        else:
            self._sweeping = host.start(self._sweep_for_ever(), name)
            host.bind(self._sweeping, self.balancer)

    def stop(self) -> None:
        """Watch no more, for good: nobody is ejected or comes back, and what is known stays as it is."""
        self._is_stopped = True
        if self._sweeping is not None:
            self._sweeping.cancel()

    def _start_afresh(self) -> None:
        self._records.clear()
        self._since = self._env.now
        self._start()

    # -- results, as they come ------------------------------------------------------------------------------

    def _note(self, target: Target, end: Response | CallFailed | None, elapsed: float) -> None:
        if self._is_stopped:
            return
        result = result_of(end)
        # One that is removed, or that the balancer knew before it began anew, is nobody's concern, and nor is
        # a call from before the target was added, perhaps for the second time.
        if result is None or not target.is_member or target.added_at < self._since:
            return
        if self._env.now - elapsed < target.added_at - _NOW:
            return
        split = self.settings.split_external_local_origin_errors
        for origin, detector in self._record(target).note(result, split=split):
            if not target.is_ejected:  # else the row is left as it is: it is not found again
                self._act(target, detector)
                origin.rows[detector] = 0

    def _record(self, target: Target) -> TargetRecord:
        record = self._records.get(target.endpoint)
        if record is None or not record.is_current:
            record = self._records[target.endpoint] = TargetRecord(target, self._external, self._local)
        return record

    # -- ejection and return --------------------------------------------------------------------------------

    def _act(self, target: Target, detector: _Detector) -> None:
        """Eject what `detector` has found, if that may be."""
        self._found[detector.name] += 1
        if not self._has_room():
            self._overflow_count += 1
            return
        if not self._is_enforced(detector.enforcing):
            return
        self._ejected[detector.name] += 1
        jitter = self.settings.max_ejection_time_jitter
        record = self._record(target)
        record.eject(self._env.now, self.settings, jitter * self._draw() if jitter else 0.0)
        self.balancer.eject(target.endpoint)
        self._env.log(
            "ejection",
            target.endpoint.name,
            balancer=self.balancer.name,
            detector=detector.name,
            duration=record.ejected_for,
        )

    def _has_room(self) -> bool:
        ejected_count = len(self._out())
        if self.settings.always_ejects_one and not ejected_count:
            return True
        percentage = 100.0 * (ejected_count + 1) / len(self.balancer.targets)
        return percentage <= self.settings.max_ejection_percent

    def _is_enforced(self, enforcing: float) -> bool:
        if 0.0 < enforcing < 100.0:
            return 100.0 * self._draw() < enforcing
        return enforcing > 0.0

    def _draw(self) -> float:
        if self._uniform is None:
            self._uniform = self._env.sampler(f"outlier/{self.name}", Uniform(0.0, 1.0))
        return self._uniform()

    def _readmit(self, record: TargetRecord) -> None:
        record.readmit(self._env.now)
        self._readmitted_count += 1
        self.balancer.readmit(record.target.endpoint)
        self._env.log("readmission", record.target.endpoint.name, balancer=self.balancer.name)

    def _uneject(self, endpoint: Endpoint) -> None:
        """Readmit a target that has passed an active health check."""
        record = self._records.get(endpoint)
        if not self._is_stopped and record is not None and record.is_current and record.is_out:
            self._unejected_count += 1
            self._readmit(record)

    def _out(self) -> list[TargetRecord]:
        """Return the records of those that are ejected now."""
        return [record for record in self._records.values() if record.is_current and record.is_out]

    # -- sweeps ---------------------------------------------------------------------------------------------

    def _sweep_for_ever(self) -> Generator[Any, Any, None]:
        while True:
            yield self.settings.interval
            self._sweep()

    def _sweep(self) -> None:
        now = self._env.now
        self._records = {each: record for each, record in self._records.items() if record.is_current}
        records = list(self._records.values())
        for record in records:
            if record.is_out and now - record.ejected_at >= record.ejected_for - _NOW:
                self._readmit(record)
        self._judge(self._external, records, [record.external.close_interval() for record in records])
        self._judge(self._local, records, [record.local.close_interval() for record in records])
        for record in records:
            if not record.is_out:
                record.forgive(now, self.settings.interval - _NOW)

    def _judge(
        self, detectors: Detectors, records: Sequence[TargetRecord], counts: Sequence[IntervalCounts]
    ) -> None:
        """Let the statistical detectors of one origin look at the interval that is over."""
        at_stake = [
            (record.target, each)
            for record, each in zip(records, counts, strict=True)
            if not record.target.is_ejected
        ]
        for detector in detectors.statistical:
            for place in detector.outliers([each for _, each in at_stake]):
                target = at_stake[place][0]
                if not target.is_ejected:
                    self._act(target, detector)

    def statistics(self) -> OutlierStatistics:
        """Return what has happened so far."""
        return OutlierStatistics(
            found_counts=MappingProxyType(dict(self._found)),
            ejected_counts=MappingProxyType(dict(self._ejected)),
            overflow_count=self._overflow_count,
            readmitted_count=self._readmitted_count,
            unejected_count=self._unejected_count,
            ejected=tuple(record.target.endpoint.name for record in self._out()),
        )
