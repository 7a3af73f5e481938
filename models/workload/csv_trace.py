"""Traces as CSV (RFC 4180): a header, then one request per line.

The header names at least time, operation, key and size, in any order; further columns are ignored.
Times are seconds since any epoch, or dates and times by ISO 8601 (UTC where no zone is given). The operation
must not be empty; the key may be (no key), and the size in bytes may be (0). A
field may be quoted, but not contain a line break: an open quote would otherwise swallow the rest of the file.
"""

from __future__ import annotations

from datetime import UTC, datetime
from math import isfinite

from ..trace_text import LineError, csv_fields, csv_size, shortened
from .trace_line import LineParser, TraceLine

COLUMNS = ("time", "operation", "key", "size")


class CsvParser(LineParser):
    """Parses the lines below a header, which is given; raises `LineError` where that heads no trace."""

    format = "CSV"

    def __init__(self, header: str) -> None:
        """Find the columns."""
        names = [name.strip().lower() for name in csv_fields(header)]
        missing = [name for name in COLUMNS if name not in names]
        if missing:
            raise LineError(
                f"the header of a CSV trace names {', '.join(COLUMNS)}; missing: {', '.join(missing)}"
            )
        if any(names.count(name) > 1 for name in COLUMNS):
            raise LineError(f"the header of a CSV trace names each column once, got {shortened(header)}")
        self._field_count = len(names)
        self._time, self._operation, self._key, self._size = (names.index(name) for name in COLUMNS)

    def parse(self, line: str) -> TraceLine:
        """Return the request that a line stands for."""
        fields = csv_fields(line)
        if len(fields) != self._field_count:
            raise LineError(f"has {len(fields)} fields, the header has {self._field_count}")
        operation = fields[self._operation].strip()
        if not operation:
            raise LineError("operation must not be empty")
        return TraceLine(
            _time(fields[self._time]), operation, fields[self._key].strip() or None, _size(fields[self._size])
        )


def _time(text: str) -> float:
    try:
        time = float(text)
    except ValueError:
        return _calendar_time(text.strip())
    if not isfinite(time):
        raise LineError(f"time must be finite, got {shortened(text)}")
    return time


def _calendar_time(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise LineError(f"time must be seconds or ISO 8601, got {shortened(text)}") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _size(text: str) -> int:
    text = text.strip()
    return csv_size(text) if text else 0
