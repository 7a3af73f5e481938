"""`gameday cache-trace`: whole numbers to compare, JSON with stable keys, and one line for misuse."""

from __future__ import annotations

import gzip
import json
import struct
from pathlib import Path
from typing import Any

import pytest

from experiments.command_line import cache_trace, main
from models.caching import eviction, traces

# Requests (a, 4), (b, 4), (a, 4), (c, 4), (b, 4), (d, 99), (a, 4).
REQUESTS = [("a", 4), ("b", 4), ("a", 4), ("c", 4), ("b", 4), ("d", 99), ("a", 4)]
CSV = "".join(f"{time},{key},{size}\n" for time, (key, size) in enumerate(REQUESTS))


@pytest.fixture
def trace(tmp_path: Path) -> str:
    path = tmp_path / "trace.csv"
    path.write_text(CSV, encoding="utf-8")
    return str(path)


def result(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert main(["cache-trace", *words, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert isinstance(document, dict)
    return document


def counts(capsys: pytest.CaptureFixture[str], *words: str) -> list[tuple[int, int, int]]:
    caches = result(capsys, *words)["caches"]
    return [(each["requests"], each["misses"], each["missed_bytes"]) for each in caches]


def test_counts_are_printed_as_whole_numbers(trace: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cache-trace", trace, "--policy", "lru", "--size", "8"]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out.splitlines() == [
        f"{trace}, read as csv: requests 7, bytes 123",
        "lru, 8: misses 6, missed bytes 119, hit ratio 0.142857, byte hit ratio 0.032520",
    ]


def test_json_has_the_same_counts_under_stable_keys(trace: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert result(capsys, trace, "--policy", "fifo", "--size", "8") == {
        "file": trace,
        "format": "csv",
        "requests": 7,
        "bytes": 123,
        "size_zero": 0,
        "seed": 0,
        "caches": [
            {
                "policy": "fifo",
                "size": 8,
                "unit": "bytes",
                "requests": 7,
                "misses": 5,
                "missed_bytes": 115,
                "hit_ratio": pytest.approx(2 / 7),
                "byte_hit_ratio": pytest.approx(8 / 123),
            }
        ],
    }


@pytest.mark.slow
def test_several_policies_and_sizes_are_replayed_side_by_side(
    trace: str, capsys: pytest.CaptureFixture[str]
) -> None:
    together = counts(capsys, trace, "--policy", "lru, fifo", "--size", "8,2items,1 KiB")
    alone = [
        counts(capsys, trace, "--policy", policy, "--size", size)[0]
        for policy in ("lru", "fifo")
        for size in ("8", "2items", "1 KiB")
    ]
    assert together == alone
    assert main(["cache-trace", trace, "--policy", "lru,fifo", "--size", "8,1KiB"]) == 0
    _, *lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["lru, 8", "lru, 1KiB", "fifo, 8", "fifo, 1KiB"]
    assert len({line.index("misses") for line in lines}) == 1


@pytest.mark.parametrize(
    ("text", "size", "unit"),
    [
        ("5", 5, "bytes"),
        ("3KiB", 3 * 2**10, "bytes"),
        ("3 MiB", 3 * 2**20, "bytes"),
        ("3GiB", 3 * 2**30, "bytes"),
        ("7items", 7, "items"),
    ],
)
def test_size_is_in_bytes_or_items(
    trace: str, capsys: pytest.CaptureFixture[str], text: str, size: int, unit: str
) -> None:
    (cache,) = result(capsys, trace, "--policy", "lru", "--size", text)["caches"]
    assert (cache["size"], cache["unit"]) == (size, unit)


def test_items_ignore_sizes_for_what_fits_and_not_for_what_was_missed(
    trace: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert counts(capsys, trace, "--policy", "lru", "--size", "2items") == [(7, 6, 119)]
    assert counts(capsys, trace, "--policy", "lru", "--size", "4items") == [(7, 4, 111)]


def test_all_formats_of_one_trace_have_the_same_counts(
    tmp_path: Path, trace: str, capsys: pytest.CaptureFixture[str]
) -> None:
    binary = b"".join(struct.pack("<IQIq", 0, ord(key), size, -1) for key, size in REQUESTS)
    (tmp_path / "trace.oracleGeneral").write_bytes(binary)
    (tmp_path / "packed.gz").write_bytes(gzip.compress(binary, mtime=0))
    expected = counts(capsys, trace, "--policy", "lru,fifo", "--size", "8,2items")
    for name in ("trace.oracleGeneral", "packed.gz"):
        assert counts(capsys, str(tmp_path / name), "--policy", "lru,fifo", "--size", "8,2items") == expected
    (tmp_path / "keys.txt").write_text("".join(f"{key}\n" for key, _ in REQUESTS), encoding="utf-8")
    assert counts(capsys, str(tmp_path / "keys.txt"), "--policy", "lru", "--size", "2") == [(7, 6, 6)]


def test_format_that_is_given_is_the_one(trace: str, capsys: pytest.CaptureFixture[str]) -> None:
    document = result(capsys, trace, "--policy", "lru", "--size", "8", "--format", "keys")
    assert (document["format"], document["bytes"]) == ("keys", 7)


def test_requests_of_size_zero_are_left_out_and_told_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "t.csv").write_text("1,a,0\n2,b,5\n3,a,0\n", encoding="utf-8")
    assert main(["cache-trace", str(tmp_path / "t.csv"), "--policy", "lru", "--size", "8", "--json"]) == 0
    said = capsys.readouterr()
    document = json.loads(said.out)
    assert (document["requests"], document["size_zero"]) == (1, 2)
    assert said.err == "gameday: 2 requests of size 0 were left out\n"


@pytest.mark.slow
def test_draws_follow_the_seed_and_not_the_other_caches(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "keys.txt"
    path.write_text("".join(f"{number * number % 97}\n" for number in range(500)), encoding="utf-8")

    def misses(*words: str) -> list[int]:
        return [each["misses"] for each in result(capsys, str(path), *words)["caches"]]

    by_seed = [misses("--policy", "random", "--size", "20", "--seed", str(seed)) for seed in range(5)]
    assert len(set(map(tuple, by_seed))) > 1
    assert misses("--policy", "lru,random", "--size", "30,20", "--seed", "3")[3:] == by_seed[3]


def test_names_are_those_that_there_are() -> None:
    assert sorted(cache_trace.POLICIES) == sorted(eviction.POLICIES)
    assert cache_trace.FORMATS == traces.FORMATS


@pytest.mark.parametrize("policy", cache_trace.POLICIES)
def test_every_policy_can_be_asked_for(trace: str, capsys: pytest.CaptureFixture[str], policy: str) -> None:
    ((requests, misses, _),) = counts(capsys, trace, "--policy", policy, "--size", "1KiB")
    assert requests == 7
    assert misses >= 4


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["--policy", "lru"], "Missing option '--size'"),
        (["--size", "8"], "Missing option '--policy'"),
        (["--policy", "lfru", "--size", "8"], "did you mean 'lru' or 'lfu'"),
        (["--policy", "lru,", "--size", "8"], "policy must be one of"),
        (["--policy", "lru,lru", "--size", "8"], "policy must be given once each, got lru,lru"),
        (["--policy", "lru", "--size", "8,8"], "size must be given once each, got 8,8"),
        (["--policy", "lru", "--size", "0"], "size must be a whole number > 0, alone (bytes) or with one of"),
        (["--policy", "lru", "--size", "8MB"], "KiB, MiB, GiB, items, got '8MB'"),
        (["--policy", "lru", "--size", "-8"], "got '-8'"),
        (["--policy", "lru", "--size", "1.5MiB"], "got '1.5MiB'"),
        (["--policy", "lru", "--size", ""], "got ''"),
        (
            ["--policy", "lru", "--size", "8", "--format", "zip"],
            "format must be one of csv, keys, oracleGeneral",
        ),
        (["--policy", "lru", "--size", "8", "--seed", "x"], "seed must be a whole number >= 0, got x"),
    ],
)
def test_misuse_is_one_line_and_exit_code_2(
    trace: str, capsys: pytest.CaptureFixture[str], words: list[str], what: str
) -> None:
    assert main(["cache-trace", trace, *words]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert what in said.err


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "read as csv: must hold a request with a size > 0"),
        (b"1,a,5\n2,b\n", "read as csv: line 2: must have 3 fields, got 2: '2,b'"),
        (b"1,a,5\n2,b,-1\n", "read as csv: line 2: size must be a whole number of bytes >= 0, got '-1'"),
        (b"1,a,5\n2,\xff,1\n", "read as csv: line 2: must be a text in UTF-8"),
        (b"\x28\xb5\x2f\xfd", "zstd is not supported"),
        (gzip.compress(CSV.encode(), mtime=0)[:-1], "cannot be read"),
    ],
)
def test_file_that_is_no_trace_is_one_line_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], data: bytes, what: str
) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(data)
    assert main(["cache-trace", str(path), "--policy", "lru", "--size", "8"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert said.err.startswith(f"gameday: {path}")
    assert what in said.err


def test_missing_file_and_folder_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path, what in ((tmp_path / "nowhere", "No such file"), (tmp_path, "Is a directory")):
        assert main(["cache-trace", str(path), "--policy", "lru", "--size", "8"]) == 2
        assert f"{path}: cannot be read: {what}" in capsys.readouterr().err
