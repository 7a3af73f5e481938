"""A large system does for a request what a small one does: counted, since time depends on the machine."""

import sys

import pytest

from experiments.benchmark import Effort, find_benchmark
from experiments.benchmark.large_system import SMALL, large_system


def python_calls_per_request(host_count: int, requests: int = 4_000) -> float:
    """Count what Python and C are called for each request, when the system is warm."""
    system = large_system(host_count, seed=1)
    system.serve(40 * host_count)
    calls = 0

    def count(frame, event, argument):
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        served = system.serve(requests)
    finally:
        sys.setprofile(None)
    return calls / served


@pytest.mark.slow
def test_a_request_calls_the_same_with_a_hundred_times_the_hosts():
    small, large = python_calls_per_request(SMALL), python_calls_per_request(100 * SMALL)
    # Fewer wait for a core, and blocks of random numbers are shorter: the difference is of both signs.
    assert large == pytest.approx(small, rel=0.05)


@pytest.mark.slow
def test_large_systems_are_built_and_timed(capsys):
    result = find_benchmark("large-system").run(Effort(is_quick=True))
    detail = result.measurement.detail
    with capsys.disabled():
        print(f"\nlarge-system: {result.measurement.value:.2f} x: {result.measurement.text}", end=" ")
    assert result.measurement.value == max(detail["ratio_1000_hosts"], detail["ratio_10000_hosts"])
    assert detail["rounds"] == 2
    # In seconds, on any machine that one would use.
    assert detail["build_seconds_10000_hosts"] < 60.0
