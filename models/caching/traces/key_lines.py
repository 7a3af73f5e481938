"""Traces of one key a line: each request has size 1, so that bytes and items are the same.

A key may contain anything but a line break; blanks at its ends are not part of it. Empty lines are passed
over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .block import TraceBlock
from .lines import BLANKS, decoded, has_blanks, line_blocks


def key_blocks(chunks: Iterable[bytes]) -> Iterator[TraceBlock]:
    """Yield the trace whose bytes come in `chunks`; raises `MalformedTrace` for what is no UTF-8."""
    for number, data in line_blocks(chunks):
        keys = decoded(data, number).split("\n")
        if has_blanks(data):
            keys = [key.strip(BLANKS) for key in keys]
        keys = [key for key in keys if key]  # after the last line break too there is an empty one
        yield TraceBlock(keys, [1] * len(keys), None)
