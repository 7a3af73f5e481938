"""Cache traces as traces that workloads replay."""

from __future__ import annotations

import struct
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from models import FunctionEndpoint, Request, Response
from models.caching.traces import load_cache_trace
from models.workload import TraceError, TraceReplay
from simulator import Environment


def rows(path: Path) -> list[tuple[float, Any, int]]:
    trace = load_cache_trace(path)
    keys = [trace.keys[code] for code in trace.key.tolist()]
    return list(zip(trace.times.tolist(), keys, trace.size_bytes.tolist(), strict=True))


def written(folder: Path, name: str, data: bytes) -> Path:
    (folder / name).write_bytes(data)
    return folder / name


def test_csv_is_sorted_by_time_and_begins_at_zero(tmp_path: Path) -> None:
    path = written(tmp_path, "t.csv", b"7.5,a,10\n5,b,20\n7.5,c,30\n8,a,10\n9,z,0\n")
    assert rows(path) == [(0.0, "b", 20), (2.5, "a", 10), (2.5, "c", 30), (3.0, "a", 10)]
    trace = load_cache_trace(path)
    assert (trace.operations, trace.resolution, trace.out_of_order_count) == (("get",), 0.0, 1)


def test_requests_of_one_time_keep_their_order(tmp_path: Path) -> None:
    lines = "".join(f"{number % 2},k{number},1\n" for number in range(200))
    found = [key for _, key, _ in rows(written(tmp_path, "t.csv", lines.encode()))]
    assert found == [f"k{number}" for number in (*range(0, 200, 2), *range(1, 200, 2))]


def test_binary_keys_stay_numbers_and_times_are_whole_seconds(tmp_path: Path) -> None:
    data = b"".join(struct.pack("<IQIq", time, key, 5, -1) for time, key in ((10, 2**63), (12, 7)))
    path = written(tmp_path, "t.oracleGeneral", data)
    assert rows(path) == [(0.0, 2**63, 5), (2.0, 7, 5)]
    assert load_cache_trace(path).resolution == 1.0


def test_one_key_a_line_comes_a_second_after_the_other(tmp_path: Path) -> None:
    assert rows(written(tmp_path, "t.txt", b"a\nb\na\n")) == [(0.0, "a", 1), (1.0, "b", 1), (2.0, "a", 1)]


def test_what_is_malformed_is_told_as_when_it_is_opened(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="read as csv: line 1: size"):
        load_cache_trace(written(tmp_path, "t.csv", b"1,a,x\n"))
    with pytest.raises(TraceError, match="read as keys: must hold a request"):
        load_cache_trace(written(tmp_path, "u.csv", b"\n"), trace_format="keys")


def test_workload_replays_keys_sizes_and_times(tmp_path: Path) -> None:
    env = Environment(seed=1)
    asked = []

    def answer(request: Request) -> Generator[Any, Any, Response]:
        asked.append((env.now, request.operation, request.key, request.size_bytes))
        yield 0.5
        return Response()

    trace = load_cache_trace(written(tmp_path, "t.csv", b"100,a,10\n104,b,20\n"))
    TraceReplay(env, FunctionEndpoint(answer), trace, speed_up=2.0)
    env.run()
    assert asked == [(0.0, "get", "a", 10), (2.0, "get", "b", 20)]
