"""The tests of SimPy that are left out, each with the reason why it says nothing about our Environment."""

REAL_TIME = "tests SimPy's RealtimeEnvironment, which sleeps on the wall clock; GameDay has virtual time only"
BENCHMARK = "a measurement of speed that SimPy's own options deselect: asserts nothing of behaviour"
EVENT_NUMBERS = BENCHMARK + " but SimPy's private event numbers"

# By module, or by module and test. An entry that matches no test of SimPy fails our suite, so the table
# cannot go stale.
LEFT_OUT: dict[str, str] = {
    "tests/test_rt.py": REAL_TIME,
    "tests/test_benchmark.py::test_event_init": BENCHMARK,
    "tests/test_benchmark.py::test_timeout_init": BENCHMARK,
    "tests/test_benchmark.py::test_process_init": BENCHMARK,
    "tests/test_benchmark.py::test_environment_step": BENCHMARK,
    "tests/test_benchmark.py::test_condition_events": BENCHMARK,
    "tests/test_benchmark.py::test_condition_wait": BENCHMARK,
    "tests/test_benchmark.py::test_wait_for_proc": BENCHMARK,
    "tests/test_benchmark.py::test_store_sim": EVENT_NUMBERS,
    "tests/test_benchmark.py::test_resource_sim": EVENT_NUMBERS,
    "tests/test_benchmark.py::test_container_sim": EVENT_NUMBERS,
}


def reason_left_out(test: str) -> str | None:
    """Return why the test of this pytest node id is left out, or None if it must pass."""
    module, _, function = test.partition("::")
    name = function.partition("[")[0]
    return LEFT_OUT.get(module) or LEFT_OUT.get(f"{module}::{name}")
