"""What a figure over time needs to know of a run: `Run.detail` of any study that has these three."""

from typing import Protocol

from simulator import EventLog, RequestTable

from ..study import Run


class Timeline(Protocol):
    """The users' `requests`, the event `log`, and the `duration` in seconds that is to be shown."""

    @property
    def requests(self) -> RequestTable:
        """All requests of the users."""

    @property
    def log(self) -> EventLog:
        """Faults and breakers, by the kinds "fault.start", "fault.end", "breaker.open" and so on."""

    @property
    def duration(self) -> float:
        """The end of the time axis in seconds."""


WINDOW_COUNT = 45
"""Windows on a time axis, unless a width is given."""


def timeline_of(run: Run) -> Timeline:
    """Return what a run recorded; TypeError for a run whose `detail` is not a `Timeline`."""
    detail = run.detail
    missing = [name for name in ("requests", "log", "duration") if not hasattr(detail, name)]
    if missing:
        raise TypeError(f"a run's detail must have requests, log and duration, got none of {missing}")
    return detail  # type: ignore[no-any-return]  # just checked


def width_of(timeline: Timeline, width: float | None) -> float:
    """Return `width`, or what gives `WINDOW_COUNT` windows (s)."""
    return timeline.duration / WINDOW_COUNT if width is None else width
