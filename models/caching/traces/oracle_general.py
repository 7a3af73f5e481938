"""libCacheSim's format oracleGeneral: binary records of 24 bytes, without a header.

Little-endian and packed: time in seconds (32 bits), key (64), size in bytes (32), and the number of the next
request for the same key (64, signed, -1: none), which an oracle needs and we do not.

Source: libCacheSim/traceReader/customizedReader/oracle/oracleGeneralBin.h of libCacheSim (Yang et al.,
github.com/1a1a11a/libCacheSim).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from .block import MalformedTrace, TraceBlock, without_size_zero

RECORD = np.dtype([("time", "<u4"), ("key", "<u8"), ("size", "<u4"), ("next_access", "<i8")])
"""One request."""


def oracle_general_blocks(chunks: Iterable[bytes]) -> Iterator[TraceBlock]:
    """Yield the trace whose bytes come in `chunks`; raises `MalformedTrace` if the last record is cut off."""
    rest, count = b"", 0
    for chunk in chunks:
        data = rest + chunk
        whole, left = divmod(len(data), RECORD.itemsize)
        records = np.frombuffer(data, dtype=RECORD, count=whole)
        yield without_size_zero(
            records["key"].tolist(), records["size"].tolist(), records["time"].astype(np.float64)
        )
        rest = data[len(data) - left :]
        count += whole
    if rest:
        raise MalformedTrace(f"record {count + 1}: must have {RECORD.itemsize} bytes, got {len(rest)}")
