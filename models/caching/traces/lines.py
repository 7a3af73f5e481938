"""Texts in blocks of whole lines, with their numbers, so that what is wrong can be named by its line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .block import MalformedTrace

LINE_BYTES_MAX = 1 << 20
"""A longer line is no line of a trace; to look for its end could take all memory."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
BLANKS = " \t\r"
"""What is no part of a field at its ends. Fewer characters than `str.strip` takes: so a look at the bytes of
a block tells whether it has any."""


def line_blocks(chunks: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield blocks of whole lines, each ended by a line feed, with the number of their first line.

    Raises `MalformedTrace` for a line of more than `LINE_BYTES_MAX`.
    """
    number, rest = 1, b""
    for chunk in chunks:
        data, line_feed, tail = (rest + chunk).rpartition(b"\n")
        if line_feed:
            data = _tidied(data + b"\n", number)
            yield number, data
            number += data.count(b"\n")
        rest = tail
        if len(rest) > LINE_BYTES_MAX:
            raise MalformedTrace(f"line {number}: must be at most {LINE_BYTES_MAX:,} bytes long")
    if rest:
        yield number, _tidied(rest + b"\n", number)


def decoded(data: bytes, number: int) -> str:
    """Return the text of a block that begins in line `number`; raise `MalformedTrace` if it is no UTF-8."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = number + data.count(b"\n", 0, error.start)
        raise MalformedTrace(f"line {line}: must be a text in UTF-8: {error.reason}") from None


def is_utf8(data: bytes) -> bool:
    """Return whether the bytes are a text in UTF-8."""
    try:
        return data.isascii() or bool(data.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def has_blanks(data: bytes) -> bool:
    """Return whether a field of the block may begin or end with a blank."""
    return any(blank.encode() in data for blank in BLANKS)


def _tidied(data: bytes, number: int) -> bytes:
    if number == 1:
        data = data.removeprefix(_BYTE_ORDER_MARK)
    return data.replace(b"\r\n", b"\n") if b"\r" in data else data
