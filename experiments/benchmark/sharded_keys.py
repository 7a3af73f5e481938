"""Memory: how much a process holds at the most that serves a million keys while a shard is added."""

from __future__ import annotations

from .benchmark import Benchmark, Effort, Measurement, Skipped
from .own_process import measure_in_own_process

KEY_COUNT = 1_000_000


def _measure(effort: Effort) -> Measurement | Skipped:
    found = measure_in_own_process("sharded_keys_probe", KEY_COUNT)
    if isinstance(found, str):
        return Skipped(found)
    return Measurement(
        value=found["peak_mib"],
        detail=found,
        text=(
            f"peak of a process with {found['keys']:,} keys, Python and NumPy included; "
            f"{found['moved']:,} moved, {found['served']:,} requests served meanwhile, "
            f"{found['cpu_seconds']:.0f} CPU seconds"
        ),
    )


SHARDED_KEYS = Benchmark(
    name="sharded-keys",
    question=f"peak memory of a sharded store of {KEY_COUNT:,} keys, served while a shard is added",
    target=1024.0,
    unit="MiB",
    measure=_measure,
    is_floor=False,
    is_timed=False,
)
"""The benchmark."""
