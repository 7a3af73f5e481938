"""The log of what happened: timeouts, breaker transitions, ejections, faults, failovers, scaling, deploys.

One list in order of time; a record says when, what kind of event, to whom, and details. Left out: requests
that went well (they are the request table's) and any filtering at the source: what need not be kept is not
logged.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from types import MappingProxyType
from typing import NamedTuple

_NO_DETAIL: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRecord:
    """One event: at `time` (s) something of this `kind` happened to `subject`."""

    time: float
    kind: str
    subject: str
    detail: Mapping[str, object] = field(default_factory=dict, hash=False)


class LoggedInterval(NamedTuple):
    """What lasted from `start` to `end` (s) for `subject`: a fault, an open breaker."""

    subject: str
    start: float
    end: float


class EventLog:
    """Events in order of time.

    >>> log = EventLog()
    >>> log.append(10.0, "crash", "host/3")
    >>> log.append(25.0, "restart", "host/3", {"boot": 5.0})
    >>> log.intervals("crash", "restart", until=60.0)
    [LoggedInterval(subject='host/3', start=10.0, end=25.0)]
    """

    __slots__ = ("_rows", "_times")

    def __init__(self) -> None:
        """Start empty."""
        self._times: list[float] = []
        # Plain tuples: most events of a long run are never read, so a record object is made by who reads it.
        self._rows: list[tuple[str, str, Mapping[str, object]]] = []

    def append(self, time: float, kind: str, subject: str, detail: Mapping[str, object] = _NO_DETAIL) -> None:
        """Add an event at `time` (s), not before the last one's; `detail` must not be changed later."""
        times = self._times
        if times and not time >= times[-1]:
            raise ValueError(f"time must be >= {times[-1]} s, the time of the last event, got {time}")
        times.append(time)
        self._rows.append((kind, subject, detail))

    def __len__(self) -> int:
        """Count the events."""
        return len(self._rows)

    def __iter__(self) -> Iterator[LogRecord]:
        """Yield the events in order of time, then of logging."""
        return self._records(0, len(self))

    def of_kind(self, *kinds: str) -> list[LogRecord]:
        """Return the events of these kinds, in order."""
        return [
            LogRecord(time=time, kind=kind, subject=subject, detail=detail)
            for time, (kind, subject, detail) in zip(self._times, self._rows, strict=True)
            if kind in kinds
        ]

    def between(self, start: float, end: float) -> list[LogRecord]:
        """Return the events with start <= time < end, in order."""
        return list(self._records(bisect_left(self._times, start), bisect_left(self._times, end)))

    def subjects(self) -> tuple[str, ...]:
        """Return everyone to whom something happened, in order of first appearance."""
        return tuple(dict.fromkeys(subject for _, subject, _ in self._rows))

    def counts(self) -> dict[str, int]:
        """Return the number of events per kind, in order of first appearance."""
        return dict(Counter(kind for kind, _, _ in self._rows))

    def intervals(
        self, start_kind: str | Collection[str], end_kind: str | Collection[str], until: float
    ) -> list[LoggedInterval]:
        """Return from when to when each subject was in a state, in order of start, for shading time axes.

        An interval runs from an event of `start_kind` to the same subject's next one of `end_kind` (each one
        kind or several: a breaker leaves `open` for half-open or closed), or to `until` if that comes first.
        A start inside an interval and an end outside one are ignored.
        """
        start_kinds = {start_kind} if isinstance(start_kind, str) else set(start_kind)
        end_kinds = {end_kind} if isinstance(end_kind, str) else set(end_kind)
        opened: dict[str, float] = {}
        intervals: list[LoggedInterval] = []
        for record in self._records(0, bisect_left(self._times, until)):
            if record.kind in end_kinds and record.subject in opened:
                intervals.append(LoggedInterval(record.subject, opened.pop(record.subject), record.time))
            elif record.kind in start_kinds:
                opened.setdefault(record.subject, record.time)
        intervals.extend(LoggedInterval(subject, start, until) for subject, start in opened.items())
        return sorted(intervals, key=lambda interval: interval.start)

    def _records(self, first: int, last: int) -> Iterator[LogRecord]:
        rows = zip(self._times, self._rows, strict=True)
        for time, (kind, subject, detail) in islice(rows, first, last):
            yield LogRecord(time=time, kind=kind, subject=subject, detail=detail)
