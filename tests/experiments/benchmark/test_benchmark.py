"""Verdicts, the catalogue, and the process whose memory is measured."""

import subprocess

import pytest

from experiments import Misuse
from experiments.benchmark import (
    BENCHMARKS,
    Benchmark,
    Effort,
    Measurement,
    Skipped,
    Verdict,
    find_benchmark,
)
from experiments.benchmark.own_process import measure_in_own_process, peak_mib


def benchmark(value, **changes):
    found = Skipped("no such core") if value is None else Measurement(value=value, detail={}, text="")
    options = {"target": 2.0, "unit": "x", "measure": lambda effort: found, **changes}
    return Benchmark(name="b", question="how much?", **options)


@pytest.mark.parametrize(
    "value, is_floor, verdict",
    [
        (2.0, True, Verdict.HELD),
        (1.99, True, Verdict.MISSED),
        (1.99, False, Verdict.HELD),
        (2.0, False, Verdict.MISSED),
        (float("nan"), True, Verdict.MISSED),
        (float("nan"), False, Verdict.MISSED),
    ],
)
def test_verdict_is_held_at_or_past_the_target(value, is_floor, verdict):
    assert benchmark(value, is_floor=is_floor).run(Effort()).verdict is verdict


def test_what_cannot_be_measured_is_skipped_with_its_reason():
    result = benchmark(None).run(Effort())
    assert (result.verdict, result.reason, result.measurement) == (Verdict.SKIPPED, "no such core", None)


def test_rule_says_on_which_side_of_the_target_it_should_be():
    assert benchmark(1.0).rule == ">= 2 x"
    assert benchmark(1.0, unit="MiB", is_floor=False).rule == "< 2 MiB"


def test_targets_are_those_that_were_promised():
    assert {item.name: item.rule for item in BENCHMARKS} == {
        "sleeps": ">= 1.7 x",
        "mm1": ">= 2.5 x",
        "reference-path": ">= 3 x",
        "service-path": ">= 2.5 x",
        "quorum-path": ">= 0.6 x",
        "raft-path": ">= 0.4 x",
        "cached-read": ">= 3 x",
        "large-system": "< 1.3 x",
        "memory": "< 400 MiB",
        "sharded-keys": "< 1024 MiB",
        "placements": "< 10 s",
        "text-placements": "< 40 s",
        "cache-trace": ">= 500000 1/s",
        "sweep": ">= 1.7 x",
    }


def test_benchmarks_are_found_by_name_or_misuse_says_which_there_are():
    assert [find_benchmark(item.name) for item in BENCHMARKS] == list(BENCHMARKS)
    with pytest.raises(
        Misuse, match=r"benchmark must be one of sleeps, .* got 'sleep' .did you mean 'sleeps'"
    ):
        find_benchmark("sleep")


def test_effort_needs_a_pair():
    with pytest.raises(Misuse, match="pairs must be >= 1, got 0"):
        Effort(pairs=0)


@pytest.mark.slow
def test_memory_is_that_of_the_process_that_records_and_not_of_this_one():
    ballast = bytearray(b"x") * (192 * 2**20)
    assert peak_mib() > 192
    found = measure_in_own_process("memory_probe", 1_000)
    assert found["rows"] > 800
    assert 10 < found["peak_mib"] < 150
    assert 0.05 < found["p99"] < 1.0
    del ballast


@pytest.mark.slow
def test_a_recording_process_that_fails_says_why():
    with pytest.raises(RuntimeError, match=r"memory_probe -1 failed \(1\): ValueError: until must be"):
        measure_in_own_process("memory_probe", -1)


def test_a_platform_that_does_not_tell_is_a_reason_and_no_failure(monkeypatch):
    def silent(command, **options):
        return subprocess.CompletedProcess(
            command, 1, "", "this platform does not tell a process's peak memory"
        )

    monkeypatch.setattr(subprocess, "run", silent)
    assert "does not tell" in measure_in_own_process("memory_probe", 1_000)
    for name in ("memory", "sharded-keys"):
        assert find_benchmark(name).run(Effort()).verdict is Verdict.SKIPPED
