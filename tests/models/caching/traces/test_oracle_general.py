"""libCacheSim's binary records."""

from __future__ import annotations

import struct

import pytest

from models.caching.traces.block import MalformedTrace
from models.caching.traces.oracle_general import RECORD, oracle_general_blocks


def record(time: int, key: int, size: int, next_access: int = -1) -> bytes:
    return struct.pack("<IQIq", time, key, size, next_access)


def test_record_has_24_bytes_little_endian_and_packed() -> None:
    data = record(2**32 - 1, 2**64 - 1, 2**32 - 1) + record(0, 7, 1, 12)
    assert RECORD.itemsize == len(data) / 2 == 24
    (block,) = oracle_general_blocks([data])
    assert list(block.keys) == [2**64 - 1, 7]
    assert list(block.sizes) == [2**32 - 1, 1]
    assert block.times is not None
    assert block.times.tolist() == [2.0**32 - 1, 0.0]
    assert all(
        type(value) is int for value in (*block.keys, *block.sizes)
    )  # NumPy's numbers are slow one by one


def test_requests_of_size_zero_are_left_out_and_counted() -> None:
    (block,) = oracle_general_blocks([record(1, 5, 0) + record(2, 6, 9) + record(3, 5, 0)])
    assert (list(block.keys), list(block.sizes), block.size_zero_count) == ([6], [9], 2)


@pytest.mark.parametrize("chunk", [1, 23, 24, 25, 50])
def test_chunks_may_end_anywhere(chunk: int) -> None:
    data = b"".join(record(time, 10 * time, 100 + time) for time in range(5))
    blocks = oracle_general_blocks(data[start : start + chunk] for start in range(0, len(data), chunk))
    assert [key for block in blocks for key in block.keys] == [0, 10, 20, 30, 40]


def test_record_that_is_cut_off_is_named_by_its_number() -> None:
    with pytest.raises(MalformedTrace, match="record 3: must have 24 bytes, got 7"):
        list(oracle_general_blocks([record(1, 5, 1), record(2, 6, 9) + b"\0" * 7]))
