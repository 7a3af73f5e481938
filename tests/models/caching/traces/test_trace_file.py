"""Opening a cache trace: its format, gzip, and files that are none."""

from __future__ import annotations

import gzip
import os
import struct
import threading
from pathlib import Path

import pytest

from models.caching.traces import FORMATS, open_trace
from models.workload import TraceError

CSV = b"1,a,10\n2,b,20\n"
KEYS = b"a\nb\n"
BINARY = struct.pack("<IQIqIQIq", 1, 5, 10, -1, 2, 6, 20, -1)


def read(path: Path, trace_format: str | None = None) -> tuple[str, list[object]]:
    with open_trace(path, trace_format=trace_format) as trace:  # type: ignore[arg-type]
        return trace.format, [key for block in trace for key in block.keys]


def written(folder: Path, name: str, data: bytes) -> Path:
    (folder / name).write_bytes(data)
    return folder / name


@pytest.mark.parametrize(
    ("name", "data", "found"),
    [
        ("trace.csv", CSV, "csv"),
        ("TRACE.CSV", CSV, "csv"),
        ("trace", b"\n \n" + CSV, "csv"),
        ("trace.txt", CSV, "csv"),
        ("trace", b"time,key,size\n" + CSV, "csv"),
        ("trace.oracleGeneral.csv", CSV, "csv"),
        ("trace.txt", KEYS, "keys"),
        ("trace", b"a\nb,c\n", "keys"),
        ("trace.oracleGeneral", BINARY, "oracleGeneral"),
        ("trace.oracleGeneral.bin", BINARY, "oracleGeneral"),
        ("trace.bin", BINARY, "oracleGeneral"),
        ("trace", BINARY, "oracleGeneral"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_format_is_that_of_the_name_or_of_the_first_bytes(
    tmp_path: Path, name: str, data: bytes, found: str, packed: bool
) -> None:
    name, data = (f"{name}.gz", gzip.compress(data, mtime=0)) if packed else (name, data)
    trace_format, keys = read(written(tmp_path, name, data))
    assert trace_format == found
    assert len(keys) == 2


def test_gzip_is_told_by_its_bytes_and_not_by_the_name(tmp_path: Path) -> None:
    assert read(written(tmp_path, "trace.csv", gzip.compress(CSV, mtime=0))) == ("csv", ["a", "b"])
    assert read(written(tmp_path, "trace.csv.gz", CSV)) == ("csv", ["a", "b"])


def test_format_that_is_given_is_the_one(tmp_path: Path) -> None:
    assert FORMATS == ("csv", "keys", "oracleGeneral")
    assert read(written(tmp_path, "trace.csv", CSV), "keys") == ("keys", ["1,a,10", "2,b,20"])
    assert read(written(tmp_path, "trace.txt", BINARY), "oracleGeneral") == ("oracleGeneral", [5, 6])
    with pytest.raises(ValueError, match="format must be one of csv, keys, oracleGeneral, got 'lcs'"):
        read(tmp_path / "trace.csv", "lcs")


def test_pipe_can_be_a_trace(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(CSV,))
    writer.start()
    with open_trace(pipe) as trace:
        assert [key for block in trace for key in block.keys] == ["a", "b"]
        assert trace.position == 0
    writer.join()


def test_position_is_how_much_of_the_file_has_been_read(tmp_path: Path) -> None:
    with open_trace(written(tmp_path, "trace.csv", CSV)) as trace:
        for _ in trace:
            pass
        assert trace.position == len(CSV)


def test_file_is_read_in_blocks(tmp_path: Path) -> None:
    with open_trace(written(tmp_path, "trace", KEYS * 100_000)) as trace:
        sizes = [len(block.keys) for block in trace]
    assert sum(sizes) == 200_000
    assert max(sizes) <= 2**16


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("trace.csv", b"", "trace.csv, read as csv: must hold a request with a size > 0"),
        ("trace.csv", b"time,key,size\n", "trace.csv, read as csv: must hold a request with a size > 0"),
        ("trace.csv", b"1,a,0\n", "trace.csv, read as csv: must hold a request with a size > 0"),
        ("trace", b"\n\n", "trace, read as keys: must hold a request with a size > 0"),
        ("trace.bin", b"", "trace.bin, read as oracleGeneral: must hold a request with a size > 0"),
        ("trace.csv", b"1,a,-5\n", "trace.csv, read as csv: line 1: size must be"),
        ("trace.bin", BINARY[:30], "trace.bin, read as oracleGeneral: record 2: must have 24 bytes, got 6"),
        (
            "trace.zst",
            b"\x28\xb5\x2f\xfd\x04",
            "trace.zst: zstd is not supported: unpack it first, by `zstd -d`",
        ),
        (
            "trace.csv.gz",
            gzip.compress(CSV, mtime=0)[:-9],
            "trace.csv.gz: cannot be read: Compressed file ended",
        ),
        ("trace.csv.gz", b"\x1f\x8b damaged", "trace.csv.gz: cannot be read: Unknown compression method"),
    ],
)
def test_what_is_no_trace_is_one_line_that_begins_with_the_file(
    tmp_path: Path, name: str, data: bytes, reason: str
) -> None:
    with pytest.raises(TraceError) as caught:
        read(written(tmp_path, name, data))
    assert str(caught.value).startswith(f"{tmp_path}/{reason}")
    assert "\n" not in str(caught.value)


def test_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="nowhere: cannot be read: No such file or directory"):
        read(tmp_path / "nowhere")
    with pytest.raises(TraceError, match="cannot be read: Is a directory"):
        read(tmp_path)
