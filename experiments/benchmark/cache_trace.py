"""A recorded trace replayed against a cache: requests per second of CPU, from the file to the counts.

A million requests by a Zipf law over a million keys, in a CSV file and in libCacheSim's binary form, against
LRU and FIFO of 100 MiB. The value is that of the slowest of the four. It depends on the machine, as a ratio
would not; but there is nothing in Python to compare with, and what was promised is requests per second.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from models.caching.eviction import Fifo, Lru
from models.caching.traces import open_trace, replay

from .benchmark import Benchmark, Effort, Measurement

COUNT, _QUICK_COUNT = 1_000_000, 200_000
KEY_COUNT = 1_000_000
EXPONENT = 0.9
CAPACITY = 100 * 2**20
TARGET = 500_000.0

_RECORD = np.dtype([("time", "<u4"), ("key", "<u8"), ("size", "<u4"), ("next", "<i8")])


def write_traces(folder: Path, count: int) -> Iterable[Path]:
    """Write `count` requests in both forms, and return the files."""
    rng = np.random.default_rng(0)
    weights = np.arange(1, KEY_COUNT + 1, dtype=np.float64) ** -EXPONENT
    keys = np.searchsorted(np.cumsum(weights / weights.sum()), rng.random(count))
    records = np.zeros(count, _RECORD)
    records["time"] = np.arange(count) // 1_000
    records["key"] = keys
    records["size"] = rng.integers(1, 20_000, KEY_COUNT + 1)[keys]
    records["next"] = -1
    binary, rows = folder / "trace.oracleGeneral", folder / "trace.csv"
    records.tofile(binary)
    columns = (records[name].tolist() for name in ("time", "key", "size"))
    rows.write_text("".join(f"{at},{key},{size}\n" for at, key, size in zip(*columns, strict=True)))
    return (rows, binary)


def _measure(effort: Effort) -> Measurement:
    count = effort.choose(COUNT, _QUICK_COUNT)
    rates, misses = {}, {}
    with TemporaryDirectory() as folder:
        for path in write_traces(Path(folder), count):
            for policy in (Lru(CAPACITY), Fifo(CAPACITY)):
                name = f"{path.suffix[1:].lower()}_{type(policy).__name__.lower()}"
                start = time.process_time()
                with open_trace(path) as trace:
                    misses[name] = replay(policy, trace).misses
                rates[name] = count / (time.process_time() - start)
    told = ", ".join(f"{name.replace('_', ' ')} {rate:,.0f}" for name, rate in rates.items())
    return Measurement(
        value=min(rates.values()),
        detail={
            **{f"per_second_{name}": rate for name, rate in rates.items()},
            **{f"misses_{name}": float(number) for name, number in misses.items()},
        },
        text=f"{told} requests per CPU second ({count:,} requests)",
    )


CACHE_TRACE = Benchmark(
    name="cache-trace",
    question="requests of a recorded trace replayed per second: the slowest of LRU and FIFO, CSV and binary",
    target=TARGET,
    unit="1/s",
    measure=_measure,
)
"""The benchmark."""
