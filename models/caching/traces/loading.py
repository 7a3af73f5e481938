"""Loads a cache trace whole, for workloads: `TraceReplay` replays it in its times, `TraceKeys` without them.

Each request becomes a `get` of its key and size. Left out: traces that do not fit in memory (some 30 bytes a
request, and each key once).
"""

from __future__ import annotations

from array import array
from os import PathLike, fspath

import numpy as np

from ...workload import RecordedTrace
from .trace_file import TraceFormat, open_trace


def load_cache_trace(path: str | PathLike[str], *, trace_format: TraceFormat | None = None) -> RecordedTrace:
    """Read the cache trace in the file `path` as `open_trace` does; raises what that raises.

    Keys are texts, of the binary format whole numbers. Times of that are whole seconds (`resolution` 1),
    those of CSV are taken as exact; requests out of order are sorted by time. One key a line has no times:
    request n is given the time n seconds, so that `speed_up` is the rate of a replay.

    Example::

        trace = load_cache_trace("trace.oracleGeneral.gz")
        TraceReplay(env, cache, trace, speed_up=100.0)
    """
    codes: dict[str | int | None, int] = {}
    key, size_bytes, times = array("i"), array("q"), array("d")
    with open_trace(path, trace_format=trace_format) as trace:
        for block in trace:
            first = len(times)
            key.extend([codes.setdefault(each, len(codes)) for each in block.keys])
            size_bytes.extend(block.sizes)
            times.extend(range(first, first + len(block.keys)) if block.times is None else block.times)
    return RecordedTrace.sorted_by_time(
        file=fspath(path),
        format=trace.format,
        times=np.array(times),
        operation=np.zeros(len(times), dtype=np.uint16),
        key=np.array(key),
        size_bytes=np.array(size_bytes),
        status=np.zeros(len(times), dtype=np.uint16),
        operations=("get",),
        keys=tuple(codes),
        resolution=1.0 if trace.format == "oracleGeneral" else 0.0,
    )
