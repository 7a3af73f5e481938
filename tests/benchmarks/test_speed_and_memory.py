"""The benchmarks run, and what they find is printed.

Not asserted here: the targets of speed. Real time depends on who else uses the machine, so they are for
`gameday bench` on a quiet one, whose exit code says whether they hold. What is asserted holds on any: plain
SimPy is slower, and a million records take as much memory as they take.
"""

import pytest

from experiments.benchmark import Effort, Measurement, Verdict, find_benchmark, parallel_sweep

pytestmark = pytest.mark.slow


def measure(name, effort, capsys):
    result = find_benchmark(name).run(effort)
    if result.measurement is None:
        pytest.skip(f"{name}: {result.reason}")
    with capsys.disabled():
        print(f"\n{name}: {result.measurement.value:.2f} {result.benchmark.unit}", end=" ")
        print(f"(target {result.benchmark.rule}): {result.measurement.text}", end=" ")
    return result


@pytest.mark.benchmark
@pytest.mark.parametrize("name", ["sleeps", "mm1", "reference-path", "service-path"])
def test_gameday_is_faster_than_a_plain_script_of_the_same_system(name, capsys):
    result = measure(name, Effort(is_quick=True), capsys)
    assert result.measurement.value > 1.0
    assert result.measurement.detail["pairs"] == 3
    assert result.measurement.detail["median_ratio_low"] > 1.0


def test_a_million_recorded_requests_stay_under_their_target(capsys):
    result = measure("memory", Effort(), capsys)
    assert result.measurement.detail["rows"] >= 1_000_000
    # Less than the packed rows themselves would mean that something else was measured.
    assert 24e6 / 2**20 < result.measurement.value < 400.0
    assert result.verdict is Verdict.HELD


def test_a_million_keys_on_shards_stay_under_their_target_while_a_fifth_of_them_moves(capsys):
    result = measure("sharded-keys", Effort(), capsys)
    detail = result.measurement.detail
    assert (detail["keys"], detail["wrong"]) == (1_000_000, 0)
    assert detail["moved"] == pytest.approx(200_000, rel=0.02)
    # The keys themselves, as texts in dictionaries, are the least that it can be.
    assert 1_000_000 * (64 + 40) / 2**20 < result.measurement.value < 1024.0
    assert result.verdict is Verdict.HELD


def test_a_sweep_is_timed_on_one_and_on_two_cores(monkeypatch):
    monkeypatch.setattr(parallel_sweep, "cores_count", lambda: 2)
    monkeypatch.setattr(parallel_sweep, "_QUICK_REPLICATIONS", 2)
    result = find_benchmark("sweep").run(Effort(is_quick=True))
    assert isinstance(result.measurement, Measurement)
    detail = result.measurement.detail
    assert detail["runs"] == 8
    assert result.measurement.value == detail["seconds_on_one_core"] / detail["seconds_on_two_cores"]


def test_a_sweep_on_a_single_core_is_skipped_with_the_reason(monkeypatch):
    monkeypatch.setattr(parallel_sweep, "cores_count", lambda: 1)
    result = find_benchmark("sweep").run(Effort())
    assert result.verdict is Verdict.SKIPPED
    assert "one core only" in result.reason
