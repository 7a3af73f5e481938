"""Working hours: when somebody is there to see what happens, and to repair it.

A week has seven days; on some of them work goes on from one time of day to another. Working time is what a
clock shows that runs during working hours only. Leaves out: holidays, time zones, daylight saving time.
Source: Netflix' Chaos Monkey kills from 9 to 15 o'clock, Monday to Friday, so that engineers are at hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

HOUR = 3_600.0
DAY = 24.0 * HOUR
DAYS_PER_WEEK = 7

_ROUNDING = 1e-9  # of a working day


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingHours:
    """From `start` to `end` (s after midnight, 0 <= start < end <= day) on `days` (0 is Monday, 6 Sunday).

    `monday` is a time (s) at which a Monday begins. `day` is the length of a day in seconds: shorter ones let
    weeks go by in a short run, with `start` and `end` to match.

    Example::

        hours = WorkingHours()
        hours.is_open(9.5 * 3600.0)               # Monday, half past nine
        hours.after(14.0 * 3600.0, 2.0 * 3600.0)  # two working hours after Monday 14:00: Tuesday 10:00
    """

    start: float = 9.0 * HOUR
    end: float = 15.0 * HOUR
    days: tuple[int, ...] = (0, 1, 2, 3, 4)
    monday: float = 0.0
    day: float = DAY

    def __post_init__(self) -> None:
        """Check the fields."""
        if not 0.0 < self.day < inf:
            raise ValueError(f"day must be finite and > 0 s, got {self.day!r}")
        if not 0.0 <= self.start < self.end <= self.day:
            raise ValueError(
                f"start and end must be 0 <= start < end <= {self.day} s, got {self.start!r} and {self.end!r}"
            )
        if not -inf < self.monday < inf:
            raise ValueError(f"monday must be finite, got {self.monday!r}")
        if not self.days or not set(self.days) <= set(range(DAYS_PER_WEEK)):
            raise ValueError(f"days must be some of 0 (Monday) to 6 (Sunday), got {self.days!r}")
        if list(self.days) != sorted(set(self.days)):
            raise ValueError(f"days must be in order and each once, got {self.days!r}")

    @property
    def length(self) -> float:
        """How long a working day is, in seconds."""
        return self.end - self.start

    def is_open(self, time: float) -> bool:
        """Return whether `time` (s) lies in working hours; the end of a day does not."""
        _, day, of_day = self._calendar(time)
        return day in self.days and self.start <= of_day < self.end

    def worked(self, time: float) -> float:
        """Return the working time (s) from `monday` to `time`; negative before."""
        number, into = self._position(time)
        return number * self.length + into

    def after(self, time: float, worked: float) -> float:
        """Return the time (s) at which `worked` (s, >= 0) more working time has passed since `time`.

        It lies in working hours: what would be the end of a day, but for rounding, is the beginning of the
        next.
        """
        # In days and what is over of one, not in working time since `monday`: of its sums and quotients a
        # rounding would be enough to make the beginning of a day the end of the one before, long past.
        number, into = self._position(time)
        days, rest = divmod(into + worked, self.length)
        if self.length - rest <= _ROUNDING * self.length:
            days, rest = days + 1.0, 0.0
        return max(time, self.opening(number + int(days)) + rest)

    def work_day(self, time: float) -> int:
        """Return the number, from `monday`, of the working day that goes on at `time`, or is the next."""
        return self._position(time)[0]

    def opening(self, number: int) -> float:
        """Return when the working day of that number begins (s)."""
        week, day = divmod(number, len(self.days))
        return self.monday + (week * DAYS_PER_WEEK + self.days[day]) * self.day + self.start

    def _position(self, time: float) -> tuple[int, float]:
        """Return the number of the working day that goes on, or is the next, and how much of it is over."""
        week, day, of_day = self._calendar(time)
        number = week * len(self.days) + sum(each < day for each in self.days)
        if day not in self.days or of_day <= self.start:
            return number, 0.0
        return (number, of_day - self.start) if of_day < self.end else (number + 1, 0.0)

    def _calendar(self, time: float) -> tuple[int, int, float]:
        """Return week, day of the week and seconds since midnight."""
        days, of_day = divmod(time - self.monday, self.day)
        week, day = divmod(int(days), DAYS_PER_WEEK)
        return week, day, of_day
