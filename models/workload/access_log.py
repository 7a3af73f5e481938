"""Access logs of web servers, in the common and the combined log format, as Apache and nginx write them.

The operation is the method in lower case, the key the path without its query (which would make nearly every
request a key of its own), the size that of the answer's body (`-` is 0). What stands behind the fields of the
format is ignored. Requests that are none, such as `-` or the bytes of a TLS greeting sent to a plain port,
cannot be replayed and count as malformed.

Source: Apache HTTP Server 2.4, mod_log_config: `%h %l %u %t "%r" %>s %b`, and with `"%{Referer}i"
"%{User-agent}i"` the combined one.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from ..trace_text import LineError, shortened, whole_number
from .trace_line import LineParser, TraceLine

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# A user's name may contain blanks; quotes in a quoted field are escaped by a backslash. What repeats is
# possessive or bounded, so that no line, however hostile, takes long to be refused.
_QUOTED = r'"((?:[^"\\]++|\\.)*+)"'
_LINE = re.compile(
    rf"\S++ \S++ .+? \[([^\]]{{0,60}})\] {_QUOTED} (\S+) (\S+)( {_QUOTED} {_QUOTED})?(?: .*)?$"
)
_TIME = re.compile(r"(\d\d/[A-Z][a-z]{2}/\d{4}):(\d\d):(\d\d):(\d\d)(\.\d+)? ([+-]\d{4})$", re.ASCII)
_METHOD = re.compile(r"[A-Za-z][A-Za-z_-]*$")


class AccessLogParser(LineParser):
    """Parses lines of an access log; `format` follows the first one, which is given.

    Raises `LineError` where that is not a line of an access log at all.
    """

    def __init__(self, first_line: str) -> None:
        """Recognise the format."""
        match = _LINE.match(first_line)
        if match is None:
            raise LineError("is not a line of an access log")
        self.format = "combined log format" if match[5] else "common log format"
        self.resolution = 1.0
        self._midnights: dict[tuple[str, str], float] = {}

    def parse(self, line: str) -> TraceLine:
        """Return the request that a line stands for."""
        match = _LINE.match(line)
        if match is None:
            raise LineError('is not host ident user [time] "request" status size')
        moment, request, status, size = match.group(1, 2, 3, 4)
        if not (len(status) == 3 and status.isascii() and status.isdigit()):
            raise LineError(f"status must be three digits, got {shortened(status)}")
        operation, key = _operation_and_key(request)
        return TraceLine(self._seconds(moment), operation, key, _size(size), int(status))

    def _seconds(self, text: str) -> float:
        match = _TIME.match(text)
        if match is None:
            raise LineError(f"time must be like 17/May/2015:10:05:03 +0000, got {shortened(text)}")
        day, hour, minute, second, fraction, zone = match.groups()
        hours, minutes, seconds = int(hour), int(minute), int(second)
        if hours > 23 or minutes > 59 or seconds > 60:  # 60: a leap second
            raise LineError(f"there is no such time of day, got {shortened(text)}")
        midnight = self._midnights.get((day, zone))
        if midnight is None:
            midnight = self._midnights[day, zone] = _midnight(day, zone)
        time = midnight + 3600 * hours + 60 * minutes + seconds
        if fraction is None:
            return time
        self.resolution = 0.0  # this server's clock shows more than seconds
        return time + float(fraction)


def _midnight(day: str, zone: str) -> float:
    """Return the POSIX time at which a day begins in a zone; month names are English whatever the locale."""
    try:
        month = _MONTHS.index(day[3:6]) + 1
        midnight = datetime(int(day[7:]), month, int(day[:2]), tzinfo=UTC).timestamp()
    except ValueError:
        raise LineError(f"there is no such day, got {shortened(day)}") from None
    offset = 3600 * int(zone[1:3]) + 60 * int(zone[3:])
    return midnight - (offset if zone[0] == "+" else -offset)


def _operation_and_key(request: str) -> tuple[str, str]:
    """Split `GET /path?query HTTP/1.1`; old clients leave the protocol out, bad ones blanks in the path."""
    method, _, rest = request.partition(" ")
    target, _, protocol = rest.rpartition(" ")
    if not protocol.startswith("HTTP/"):
        target = rest
    path = target.split("?", 1)[0].split("#", 1)[0].strip()
    if not path or _METHOD.match(method) is None:
        raise LineError(f"request must be METHOD PATH PROTOCOL, got {shortened(request)}")
    return method.lower(), path


def _size(text: str) -> int:
    if text == "-":
        return 0
    size = whole_number(text)
    if size is None:
        raise LineError(f"size must be a whole number of bytes or -, got {shortened(text)}")
    return size
