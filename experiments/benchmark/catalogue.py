"""Which benchmarks there are: an explicit list, in the order of `gameday bench`."""

from __future__ import annotations

from ..misuse import unknown_name
from .benchmark import Benchmark
from .cache_trace import CACHE_TRACE
from .cached_read import CACHED_READ
from .large_system import LARGE_SYSTEM
from .memory import MEMORY
from .parallel_sweep import PARALLEL_SWEEP
from .placements import PLACEMENTS, TEXT_PLACEMENTS
from .quorum_path_in_simpy import QUORUM_PATH
from .raft_path_in_simpy import RAFT_PATH
from .reference_path_in_simpy import REFERENCE_PATH, SERVICE_PATH
from .sharded_keys import SHARDED_KEYS
from .single_server import SINGLE_SERVER
from .sleeps import SLEEPS

BENCHMARKS: tuple[Benchmark, ...] = (
    SLEEPS,
    SINGLE_SERVER,
    REFERENCE_PATH,
    SERVICE_PATH,
    QUORUM_PATH,
    RAFT_PATH,
    CACHED_READ,
    LARGE_SYSTEM,
    MEMORY,
    SHARDED_KEYS,
    PLACEMENTS,
    TEXT_PLACEMENTS,
    CACHE_TRACE,
    PARALLEL_SWEEP,
)
"""All of them."""


def find_benchmark(name: str) -> Benchmark:
    """Return the benchmark called `name`; raises Misuse, with near misses, where there is none."""
    by_name = {benchmark.name: benchmark for benchmark in BENCHMARKS}
    if name not in by_name:
        raise unknown_name("benchmark", name, by_name)
    return by_name[name]
