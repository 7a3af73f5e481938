"""Reads a recorded trace: CSV or a web server's access log, plain or compressed by gzip.

The format is that of the first line that makes sense in one; what is malformed is left out, counted, and the
first thousand such lines are named. A trace is kept in columns, about 30 bytes per request and each operation
and key once, so that a log of millions of lines fits.

Left out: logs in other formats (write a CSV), several files, traces that do not fit in memory.
"""

from __future__ import annotations

import gzip
import io
import zlib
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike, fspath
from pathlib import Path

import numpy as np

from ..trace_text import LineError, shortened
from .access_log import AccessLogParser
from .csv_trace import CsvParser
from .recorded_trace import MalformedLine, RecordedTrace
from .trace_line import LineParser, TraceLine

_GZIP_MAGIC = b"\x1f\x8b"
_NAMED_MAX = 1_000  # malformed lines that are named; a file with more is another kind of file
_OPERATIONS_MAX = 2**16


class TraceError(ValueError):
    """A file that cannot be read as a trace; the message is one line and begins with the file's name."""


def load_trace(path: str | PathLike[str]) -> RecordedTrace:
    """Read the trace in the file `path`; raise `TraceError` if it cannot be read or has no usable line.

    Times become seconds since the earliest request. Lines out of order are sorted, those of one time keep
    their order: servers write a line when the answer is complete, but its time is that of the request.

    Example::

        trace = load_trace("access.log.gz")
        print(trace.summary())
        TraceReplay(env, shop, trace, speed_up=1000.0)
    """
    file = fspath(path)
    columns = _Columns(file)
    try:
        with _lines(Path(file)) as lines:
            columns.read(lines)
    except (OSError, EOFError, zlib.error) as error:
        # The truncated gzip file raises EOFError, the damaged one zlib.error or BadGzipFile, which is an
        # OSError.
        reason = getattr(error, "strerror", None) or str(error)
        raise TraceError(f"{file}: cannot be read: {reason}") from error
    return columns.trace()


@contextmanager
def _lines(path: Path) -> Iterator[Iterator[str]]:
    """Open the file, by its first bytes and not by its name, as lines without their breaks."""
    with path.open("rb") as raw:
        # Peeked at, not read and rewound: a pipe can be a trace as well.
        compressed = raw.peek(2)[:2] == _GZIP_MAGIC
        plain = gzip.GzipFile(fileobj=raw) if compressed else raw
        # Bytes that are no UTF-8 (a path from an old client) stay visible and distinct; a byte order mark
        # goes.
        with io.TextIOWrapper(plain, encoding="utf-8-sig", errors="backslashreplace") as text:
            yield (line.rstrip("\n") for line in text)


class _Columns:
    """The columns of a trace while it is read."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._parser: LineParser | None = None
        self._times = array("d")
        self._operation = array("H")
        self._key = array("i")
        self._size_bytes = array("q")
        self._status = array("H")
        self._operations: dict[str, int] = {}
        self._keys: dict[str | None, int] = {}
        self._malformed_count = 0
        self._malformed: list[MalformedLine] = []

    def read(self, lines: Iterator[str]) -> None:
        """Take every line that is usable; empty ones are passed over."""
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                if self._parser is None:
                    self._parser = _detect(line)
                    if isinstance(self._parser, CsvParser):
                        continue  # the header
                self._add(self._parser.parse(line))
            except LineError as error:
                self._malformed_count += 1
                if len(self._malformed) < _NAMED_MAX:
                    self._malformed.append(MalformedLine(file=self._file, line=number, reason=str(error)))

    def _add(self, line: TraceLine) -> None:
        operation = self._operations.setdefault(line.operation, len(self._operations))
        if operation >= _OPERATIONS_MAX:
            raise TraceError(
                f"{self._file}: has more than {_OPERATIONS_MAX:,} operations, as {shortened(line.operation)}"
            )
        self._times.append(line.time)
        self._operation.append(operation)
        self._key.append(self._keys.setdefault(line.key, len(self._keys)))
        self._size_bytes.append(line.size_bytes)
        self._status.append(line.status)

    def trace(self) -> RecordedTrace:
        """Return the trace, sorted by time; raise `TraceError` if there is nothing in it."""
        if self._parser is None or not self._times:
            raise TraceError(f"{self._file}: {self._nothing()}")
        return RecordedTrace.sorted_by_time(
            file=self._file,
            format=self._parser.format,
            times=np.array(self._times),
            operation=np.array(self._operation),
            key=np.array(self._key),
            size_bytes=np.array(self._size_bytes),
            status=np.array(self._status),
            operations=tuple(self._operations),
            keys=tuple(self._keys),
            resolution=self._parser.resolution,
            malformed_count=self._malformed_count,
            malformed=tuple(self._malformed),
        )

    def _nothing(self) -> str:
        if not self._malformed:
            return "is empty" if self._parser is None else "has a header and no requests"
        first = self._malformed[0]
        return f"has no usable line ({self._malformed_count:,} malformed); line {first.line}: {first.reason}"


def _detect(line: str) -> LineParser:
    """Return the parser of the format in which the line makes sense."""
    try:
        parser = AccessLogParser(line)
        parser.parse(line)
        return parser
    except LineError as not_a_log:
        try:
            return CsvParser(line)
        except LineError as not_a_header:
            # Said of the format that the line comes closer to.
            if "[" in line:
                raise LineError(
                    f"neither CSV nor an access log: {not_a_log}, got {shortened(line)}"
                ) from None
            raise LineError(f"neither CSV nor an access log: {not_a_header}, got {shortened(line)}") from None
