"""The report of a game day: what was expected, what users saw, how soon it was noticed and over, the verdict.

A record, with a text and a JSON form. `requests`, `log` and `duration` are there for figures over time.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from models.requirements import Judgement
from models.resilience.idempotency import EffectStatistics
from models.shop import Feature
from simulator import EventLog, RequestTable
from simulator.measurement import RequestSample

from .course import Course
from .detection import Detection, time_to_detect
from .steady_state import SteadyState
from .time_line import Happening

_UNUSED = "request"  # the operation that every table knows and no user of a mix asks for


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseView:
    """A phase from `start` to `end` (s), and what became of its hypothesis (None: there was none)."""

    name: str
    start: float
    end: float
    judgement: Judgement | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What users saw in one phase: `count` requests, shares of them, percentiles of the answered ones (s)."""

    count: int
    answered: float
    degraded: float
    p50: float
    p99: float

    def as_json(self) -> dict[str, Any]:
        """Return it as strict JSON has it."""
        values = {name: getattr(self, name) for name in ("answered", "degraded", "p50", "p99")}
        return {"count": self.count, **{name: _plain(value) for name, value in values.items()}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """What became of all `sent_count` requests of "during": so many failed (or hang), so many were degraded.

    The first failed `first_failure` seconds after the first injection; nan where none failed, or ended so.
    """

    sent_count: int
    failed_count: int
    degraded_count: int
    first_failure: float

    def as_json(self) -> dict[str, Any]:
        """Return it as strict JSON has it."""
        return {
            "sent": self.sent_count,
            "failed": self.failed_count,
            "degraded": self.degraded_count,
            "first_failure": _plain(self.first_failure),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureView:
    """What was seen of one feature (or of an operation, as a whole) in each phase, by the phase's name."""

    name: str
    is_operation: bool
    seen: Mapping[str, Seen]


@dataclass(frozen=True, slots=True, kw_only=True)
class GameDayReport:
    """What became of the game day called `title`, played with `seed`.

    `hypothesis` is what was to hold, `course` how it went in time.
    `time_to_recover` is from the last healing in seconds, infinity if users were not served again.
    `lost_orders_count` of the acknowledged orders will never be charged.
    """

    title: str
    seed: int
    hypothesis: SteadyState
    course: Course
    phases: tuple[PhaseView, ...]
    impact: Impact
    features: tuple[FeatureView, ...]
    orders: EffectStatistics
    lost_orders_count: int
    detections: tuple[Detection, ...]
    time_to_recover: float
    time_line: tuple[Happening, ...]
    requests: RequestTable
    log: EventLog
    duration: float

    @property
    def holds(self) -> bool | None:
        """True if the hypothesis held in all phases, False if not in one, None if that cannot be told."""
        held = [phase.judgement.holds for phase in self.phases if phase.judgement is not None]
        if False in held:
            return False
        return None if None in held else True

    @property
    def time_to_detect(self) -> float:
        """From the first injection to the first signal (s); nan if the system gave none."""
        return time_to_detect(self.detections)

    def as_json(self) -> dict[str, Any]:
        """Return the report as strict JSON has it: nan as None, infinity as "inf"."""
        return {
            "title": self.title,
            "seed": self.seed,
            "holds": self.holds,
            "phases": [
                {
                    "name": phase.name,
                    "start": phase.start,
                    "end": phase.end,
                    "judgement": None if phase.judgement is None else phase.judgement.as_json(),
                }
                for phase in self.phases
            ],
            "seen": {
                ("operations" if is_operation else "features"): {
                    view.name: {phase: seen.as_json() for phase, seen in view.seen.items()}
                    for view in self.features
                    if view.is_operation is is_operation
                }
                for is_operation in (True, False)
            },
            "faults": {
                "count": self.course.fault_count,
                "first": _plain(self.course.struck_at),
                "healed": _plain(self.course.healed_at),
            },
            "impact": self.impact.as_json(),
            "orders": {
                "acknowledged": self.orders.acknowledged_count,
                "charged": self.orders.distinct_count,
                "charged_more_than_once": self.orders.applied_more_than_once_count,
                "charged_untold": self.orders.unacknowledged_count,
                "lost": self.lost_orders_count,
            },
            "time_to_detect": _plain(self.time_to_detect),
            "detections": [detection.as_json() for detection in self.detections],
            "time_to_recover": _plain(self.time_to_recover),
            "time_line": [happening.as_json() for happening in self.time_line],
        }


def impact_of(requests: RequestTable, course: Course) -> Impact:
    """Return what became of all requests while something was broken."""
    sample = of_phase(requests, "during", *course.phases["during"])
    failed = sample.end[~sample.succeeded]
    failed = failed[failed >= course.struck_at]
    hung_count = course.hung["during"]
    return Impact(
        sent_count=len(sample) + hung_count,
        failed_count=len(sample) - int(sample.succeeded.sum()) + hung_count,
        degraded_count=sample.counts()["degraded"],
        first_failure=float(failed.min()) - course.struck_at if len(failed) else math.nan,
    )


def feature_views(
    requests: RequestTable, features: Mapping[str, Feature], phases: Mapping[str, tuple[float, float]]
) -> tuple[FeatureView, ...]:
    """Return what was seen of each operation and each feature that was asked for, in each phase."""
    views = []
    for name in requests.operations:
        sample = requests.sample(operation=name)
        if name != _UNUSED or len(sample):
            seen = {
                phase: _seen(of_phase(requests, phase, *times).of_operation(name))
                for phase, times in phases.items()
            }
            views.append(FeatureView(name=name, is_operation=True, seen=seen))
    for name, feature in features.items():
        seen = {
            phase: _seen(_wanted(of_phase(feature.calls, phase, *times))) for phase, times in phases.items()
        }
        if any(each.count for each in seen.values()):
            views.append(FeatureView(name=name, is_operation=False, seen=seen))
    return tuple(views)


def of_phase(table: RequestTable, phase: str, start: float, end: float) -> RequestSample:
    """Return the requests of a phase from `start` to `end` (s).

    Those that were under way when the trouble began are its, and not of the time before.
    """
    if phase == "before":
        return table.sample(start, end, by="end")
    # A phase that did not come, and begins with its end, has no requests.
    sample = table.sample(start, max(end, math.nextafter(start, math.inf)), by="start")
    if phase != "during":
        return sample
    until_then = table.sample(0.0, end, by="start")
    return replace(until_then.where(until_then.end >= start), since=start, until=end)


def _wanted(calls: RequestSample) -> RequestSample:
    """Leave out calls that were cancelled, because the page that they were for failed for another reason."""
    return calls.where(calls.outcome != calls.outcomes.index("cancelled"))


def _seen(sample: RequestSample) -> Seen:
    p50, p99 = sample.where(sample.succeeded).percentiles([50.0, 99.0]).tolist()
    return Seen(
        count=len(sample),
        answered=sample.availability(),
        degraded=sample.shares()["degraded"],
        p50=p50,
        p99=p99,
    )


def _plain(value: float) -> float | str | None:
    if math.isnan(value):
        return None
    return ("inf" if value > 0 else "-inf") if math.isinf(value) else value
