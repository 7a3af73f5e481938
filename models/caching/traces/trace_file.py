"""Opens a cache trace: finds out its format, unpacks gzip, and gives it out in blocks.

A file's name says its format by its ending, `.csv`, `.oracleGeneral` or `.bin`, also before `.gz`. Otherwise
its first bytes do: a zero byte is in no text; rows have commas; what has neither is one key a line. Whether a
file is packed is told by its first bytes alone.

Left out: zstd, for which Python 3.11 has nothing of its own.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import BufferedReader
from itertools import chain
from os import PathLike, fspath
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from ...workload import TraceError
from .block import MalformedTrace, TraceBlock
from .csv_rows import csv_blocks
from .key_lines import key_blocks
from .oracle_general import oracle_general_blocks

TraceFormat = Literal["csv", "keys", "oracleGeneral"]

_READERS: Mapping[TraceFormat, Callable[[Iterable[bytes]], Iterator[TraceBlock]]] = MappingProxyType(
    {"csv": csv_blocks, "keys": key_blocks, "oracleGeneral": oracle_general_blocks}
)

FORMATS: tuple[TraceFormat, ...] = tuple(_READERS)

_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_CHUNK_BYTES = 1 << 17


class CacheTrace:
    """A cache trace that `open_trace` has opened; an iteration reads its blocks, once.

    `file` is its name, `format` one of `FORMATS`. An iteration raises `TraceError` for what is malformed, for
    a file that cannot be read on, and for one that holds no request.
    """

    def __init__(
        self, file: str, trace_format: TraceFormat, raw: BufferedReader, chunks: Iterator[bytes]
    ) -> None:
        """Read nothing yet."""
        self.file = file
        self.format = trace_format
        self._raw = raw
        self._chunks = chunks

    @property
    def position(self) -> int:
        """How many bytes of the file have been read, before unpacking; 0 for a pipe, which does not tell."""
        return self._raw.tell() if self._raw.seekable() else 0

    def __iter__(self) -> Iterator[TraceBlock]:
        """Yield the blocks that are left."""
        count = 0
        try:
            for block in _READERS[self.format](self._chunks):
                count += len(block.keys)
                yield block
        except MalformedTrace as error:
            raise TraceError(f"{self.file}, read as {self.format}: {error}") from None
        if not count:
            raise TraceError(f"{self.file}, read as {self.format}: must hold a request with a size > 0")


@contextmanager
def open_trace(path: str | PathLike[str], *, trace_format: TraceFormat | None = None) -> Iterator[CacheTrace]:
    """Open the file `path` as a cache trace of `trace_format`, or of the one that it seems to have.

    Raises `TraceError` if it cannot be read, `ValueError` for a format that is none.
    """
    if trace_format is not None and trace_format not in FORMATS:
        raise ValueError(f"format must be one of {', '.join(FORMATS)}, got {trace_format!r}")
    file = fspath(path)
    with _opened(file) as raw:
        chunks = _chunks(file, raw)
        first = next(chunks, b"")
        yield CacheTrace(file, trace_format or _format(file, first), raw, chain([first], chunks))


def _opened(file: str) -> BufferedReader:
    try:
        return Path(file).open("rb")
    except OSError as error:
        raise TraceError(f"{file}: cannot be read: {error.strerror}") from None


def _chunks(file: str, raw: BufferedReader) -> Iterator[bytes]:
    """Yield the bytes of a file, unpacked, as they are wanted."""
    try:
        first = raw.peek(len(_ZSTD_MAGIC))
        if first.startswith(_ZSTD_MAGIC):
            raise TraceError(f"{file}: zstd is not supported: unpack it first, by `zstd -d`")
        plain = gzip.GzipFile(fileobj=raw) if first.startswith(_GZIP_MAGIC) else raw
        while chunk := plain.read(_CHUNK_BYTES):
            yield chunk
    except (OSError, EOFError, zlib.error) as error:
        # The truncated gzip file raises EOFError, the damaged one zlib.error or BadGzipFile, an OSError.
        reason = getattr(error, "strerror", None) or str(error)
        raise TraceError(f"{file}: cannot be read: {reason}") from error


def _format(file: str, first: bytes) -> TraceFormat:
    name = Path(file).name.lower().removesuffix(".gz")
    if name.endswith(".csv"):
        return "csv"
    if name.endswith((".oraclegeneral", ".bin")) or b"\0" in first:
        return "oracleGeneral"
    return "csv" if b"," in first.strip().partition(b"\n")[0] else "keys"
