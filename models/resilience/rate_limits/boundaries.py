"""When an instant counts as reached: limits are about boundaries, and the clock is a float.

Requests at a spacing of 0.1 s conform to ten per second, by definition and by a hair. A process that sleeps
0.1 s at a time is at 0.7999999999999999 s when its ninth request is due: one ulp early. So the remedy is not
exact arithmetic: a bucket kept in fractions is right about its own tokens and turns that request away. Nor
are whole nanoseconds, as libraries count them: the sum of many sleeps drifts away from the multiples of 0.1,
and whenever the drift crosses half a nanosecond one request falls on the wrong side. Of a million such
requests to a bucket of one token, fractions turn away 262,148 and nanoseconds 718; this, none.

Rule: an instant counts as reached when it is no further away than a billionth of the unit in question (the
time in which what a call costs comes in, a window, a cycle, a patience), plus what the clock itself cannot
tell apart, but never half of the unit. What was so forgiven is forgotten, not owed: otherwise a drift would
add up until it is turned away all the same. In the long run a limit is so exceeded by less than a billionth,
or by the clock's own resolution. Cycles and fixed windows lie at multiples of their length from time zero,
and a clock that has drifted away from those has drifted.
"""

from __future__ import annotations

from math import ulp


def slack(now: float, unit: float) -> float:
    """Return how far from an instant a clock that reads `now` may be to have reached it; both in seconds.

    Two ulps for a difference of two rounded times, twice that for sums on the way: 7e-12 s after three hours.
    """
    return min(1e-9 * unit + 4.0 * ulp(now), 0.5 * unit)
