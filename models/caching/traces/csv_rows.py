"""Traces as CSV (RFC 4180): a request a row, of time, key and size.

Without a header a row is time,key,size. A header may name the columns in another order and have others,
which are ignored. Times are numbers of seconds, which may go backwards: a cache sees requests in the order of
the file. Keys are texts and not empty, sizes whole numbers of bytes. A field may be quoted, but not contain a
line break. Blanks at the ends of a field are not part of it, and empty lines are passed over.

Left out: other delimiters, dates as times.

Two ways through a block, which accept the same. `at_once` cuts a block without quotes into columns of bytes,
by NumPy, and makes Python's objects of nothing but keys and sizes. Whatever it does not understand
`row_by_row` reads in several times as long, and says what is wrong in which line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import isfinite, nan
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ...trace_text import SIZE_MAX, LineError, csv_fields, csv_size, shortened
from .block import MalformedTrace, TraceBlock, without_size_zero
from .lines import BLANKS, decoded, has_blanks, is_utf8, line_blocks

COLUMNS = ("time", "key", "size")

_DIGITS = b"0123456789"
_COMMA, _LINE_FEED = b",\n"
_BLANKS_MAX = 8
_LOOSE = [
    (b"\n\n", b"\n"),
    *((blank.encode() + end, end) for blank in BLANKS for end in (b",", b"\n")),
    *((end + blank.encode(), end) for blank in BLANKS for end in (b",", b"\n")),
]
"""What is cut away, at most `_BLANKS_MAX` times, before a block is read at once."""


class Columns(NamedTuple):
    """How many fields a row has, and which of them count; the defaults are those without a header."""

    width: int = 3
    time: int = 0
    key: int = 1
    size: int = 2


def csv_blocks(chunks: Iterable[bytes]) -> Iterator[TraceBlock]:
    """Yield the trace whose bytes come in `chunks`; raises `MalformedTrace`, which names the line."""
    columns = None
    for number, data in line_blocks(chunks):
        while columns is None and data:
            line, _, rest = data.partition(b"\n")
            if text := decoded(line, number).strip(BLANKS):
                columns = header(text, number)
                if columns is None:
                    columns = Columns()
                    break
            number, data = number + 1, rest
        if columns is not None and data:
            yield at_once(data, columns) or row_by_row(data, number, columns)


def header(line: str, number: int) -> Columns | None:
    """Return the columns that a first line names, or None if it is a row.

    Raises `MalformedTrace` if it is neither.
    """
    try:
        _row(line, Columns())
        return None
    except LineError as no_row:
        names = _names(line)
        known = [name for name in COLUMNS if name in names]
        if not known:
            raise MalformedTrace(f"line {number}: {no_row}; a header names {', '.join(COLUMNS)}") from None
    if len(known) < len(COLUMNS) or any(names.count(name) > 1 for name in COLUMNS):
        raise MalformedTrace(
            f"line {number}: a header must name each of {', '.join(COLUMNS)} once, got {shortened(line)}"
        )
    return Columns(len(names), *(names.index(name) for name in COLUMNS))


def _names(line: str) -> list[str]:
    try:
        return [name.strip(BLANKS).lower() for name in csv_fields(line)]
    except LineError:
        return []


def at_once(data: bytes, columns: Columns) -> TraceBlock | None:
    """Return the requests of a block of lines; None if that must be read row by row."""
    data = _tightened(data)
    if b'"' in data or not data or not is_utf8(data):
        return None
    cut = _cut(data, columns)
    if cut is None:
        return None
    times, keys, sizes = cut
    seconds, numbers = _seconds(times), _whole_numbers(sizes)
    if seconds is None or numbers is None:
        return None
    return without_size_zero(keys.decode("utf-8").split("\n")[:-1], numbers.tolist(), seconds)


def _tightened(data: bytes) -> bytes:
    """Return a block without blanks at the ends of fields and without empty lines, if that is soon done."""
    if not (has_blanks(data) or b"\n\n" in data or data.startswith(b"\n")):
        return data
    data = b"\n" + data
    for _ in range(_BLANKS_MAX):
        before = data
        for loose, tight in _LOOSE:
            data = data.replace(loose, tight)
        if data == before:
            break
    return data[1:]


def _cut(data: bytes, columns: Columns) -> list[bytes] | None:
    """Return the times, the keys and the sizes of a block, each ended by a line feed.

    None if a line has another number of fields, or one of these fields is empty.
    """
    characters = np.frombuffer(data, dtype=np.uint8)
    ends = np.flatnonzero((characters == _COMMA) | (characters == _LINE_FEED))
    rows, left = divmod(len(ends), columns.width)
    last = characters[ends[columns.width - 1 :: columns.width]]
    if left or data.count(b"\n") != rows or not (last == _LINE_FEED).all():
        return None
    lengths = np.diff(ends, prepend=-1)  # with the separators
    if lengths.reshape(rows, columns.width)[:, columns[1:]].min() == 1:
        return None
    named = np.zeros(columns.width, dtype=np.uint8)
    named[list(columns[1:])] = (1, 2, 3)
    column = np.repeat(np.tile(named, rows), lengths)  # of each character
    return [characters[column == each].tobytes().replace(b",", b"\n") for each in (1, 2, 3)]


def _whole_numbers(column: bytes) -> npt.NDArray[np.int64] | None:
    """Return the numbers of a column that holds nothing but digits, few enough for 64 bits; else None."""
    if column.translate(None, _DIGITS).strip(b"\n"):
        return None
    # Of more digits NumPy makes the largest number there is.
    numbers = np.fromstring(column, dtype=np.int64, sep="\n")
    return numbers if numbers.max() < SIZE_MAX else None


def _seconds(column: bytes) -> npt.NDArray[np.float64] | None:
    """Return the times of a column that are all finite and written in the usual way; else None."""
    whole = _whole_numbers(column)
    if whole is not None:
        return whole.astype(np.float64)
    try:
        seconds = np.fromiter(map(float, column.split(b"\n")[:-1]), dtype=np.float64)
    except ValueError:
        return None
    return seconds if np.isfinite(seconds).all() else None


def row_by_row(data: bytes, number: int, columns: Columns) -> TraceBlock:
    """Return the requests of any block that begins in line `number`; raises `MalformedTrace`."""
    keys: list[str] = []
    sizes: list[int] = []
    times: list[float] = []
    lines = decoded(data, number).split("\n")
    for line_number, line in enumerate(lines, number):
        if not line.strip(BLANKS):
            continue
        try:
            time, key, size = _row(line, columns)
        except LineError as error:
            raise MalformedTrace(f"line {line_number}: {error}") from None
        times.append(time)
        keys.append(key)
        sizes.append(size)
    return without_size_zero(keys, sizes, np.array(times, dtype=np.float64))


def _row(line: str, columns: Columns) -> tuple[float, str, int]:
    fields = csv_fields(line)
    if len(fields) != columns.width:
        raise LineError(f"must have {columns.width} fields, got {len(fields)}: {shortened(line)}")
    time, key, size = (fields[place].strip(BLANKS) for place in columns[1:])
    if not key:
        raise LineError(f"key must not be empty, got {shortened(line)}")
    return _time(time), key, csv_size(size)


def _time(text: str) -> float:
    try:
        time = float(text)
    except ValueError:
        time = nan
    if not isfinite(time):
        raise LineError(f"time must be a finite number of seconds, got {shortened(text)}")
    return time
