"""Dates as HTTP writes them, to and from seconds since the Unix epoch.

Three forms are read and the first is written (RFC 9110 section 5.6.7):

    Sun, 06 Nov 1994 08:49:37 GMT       IMF-fixdate
    Sunday, 06-Nov-94 08:49:37 GMT      RFC 850, obsolete: two digits of the year
    Sun Nov  6 08:49:37 1994            asctime, obsolete

A cache matches them whatever their case, and takes no zone but GMT (RFC 9111 section 4.2). The name of the
day must be one, but need not be that date's: neither RFC asks a recipient to compare them.
"""

from __future__ import annotations

import calendar
import math
import re
from email.utils import formatdate
from functools import lru_cache

# Written out: the names that `calendar` knows change with the locale.
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_DAY = "|".join(day[:3] for day in _DAYS)
_WHOLE_DAY = "|".join(_DAYS)
_MONTH = f"(?P<month>{'|'.join(_MONTHS)})"
_TIME = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
_FLAGS = re.IGNORECASE | re.ASCII
_FIXDATE = re.compile(rf"(?:{_DAY}), (?P<day>[0-9]{{2}}) {_MONTH} (?P<year>[0-9]{{4}}) {_TIME} GMT", _FLAGS)
_ASCTIME = re.compile(rf"(?:{_DAY}) {_MONTH} (?P<day>[0-9]{{2}}| [0-9]) {_TIME} (?P<year>[0-9]{{4}})", _FLAGS)
_RFC850 = re.compile(
    rf"(?:{_WHOLE_DAY}), (?P<day>[0-9]{{2}})-{_MONTH}-(?P<year>[0-9]{{2}}) {_TIME} GMT", _FLAGS
)

# The messages of a few seconds share a few dates.
_REMEMBERED = 4096
_FIFTY_YEARS = 50 * 365.2425 * 86_400.0


def parse_http_date(text: str, now: float) -> float | None:
    """Return the date in seconds since the Unix epoch, or None if it has none of the three forms.

    Args:
        text: the field value.
        now: the clock, in seconds since the Unix epoch, which tells the century of a two-digit year.
    """
    return _of_some_century(text, now) if "-" in text else _of_stated_year(text)


def format_http_date(time: float) -> str:
    """Return the IMF-fixdate of a time in seconds since the Unix epoch, its fraction cut off."""
    return _format(math.floor(time))


@lru_cache(maxsize=_REMEMBERED)
def _format(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)


@lru_cache(maxsize=_REMEMBERED)
def _of_stated_year(text: str) -> float | None:
    match = _FIXDATE.fullmatch(text) or _ASCTIME.fullmatch(text)
    return None if match is None else _seconds(match, int(match["year"]))


def _of_some_century(text: str, now: float) -> float | None:
    match = _RFC850.fullmatch(text)
    if match is None:
        return None
    # "MUST interpret a timestamp that appears to be more than 50 years in the future as representing the most
    # recent year in the past that had the same last two digits" (RFC 9110 section 5.6.7).
    century = int(format_http_date(now).split()[3]) // 100
    for full_year in (100 * (century + step) + int(match["year"]) for step in (1, 0, -1)):
        time = _seconds(match, full_year)
        if time is not None and time <= now + _FIFTY_YEARS:
            return time
    return None


def _seconds(match: re.Match[str], year: int) -> float | None:
    month = _MONTHS.index(match["month"].lower()) + 1
    day, hour, minute, second = (int(match[part]) for part in ("day", "hour", "minute", "second"))
    if year < 1 or not 1 <= day <= calendar.monthrange(year, month)[1]:
        return None
    if hour > 23 or minute > 59 or second > 60:  # 60 is a leap second
        return None
    return float(calendar.timegm((year, month, day, hour, minute, second)))
