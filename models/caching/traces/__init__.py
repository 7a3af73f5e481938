"""Cache traces: files of requests by key and size, read in blocks and replayed against a policy.

    trace_file          open_trace: which format a file has; gzip; CacheTrace, its blocks
    csv_rows            rows time,key,size, with or without a header
    key_lines           one key a line, all of size 1
    oracle_general      libCacheSim's binary records
    lines               texts in whole lines
    block               TraceBlock: what all formats become; what is wrong with a file
    replay              replay: requests, misses and missed bytes of a policy, as whole numbers
    loading             load_cache_trace: such a file as a trace that workloads can replay

A file of any length is replayed in little memory, since no more than a block of it is held.
"""

from .block import TraceBlock
from .loading import load_cache_trace
from .replay import UNITS, ReplayCounts, Unit, replay
from .trace_file import FORMATS, CacheTrace, TraceFormat, open_trace

__all__ = [
    "FORMATS",
    "UNITS",
    "CacheTrace",
    "ReplayCounts",
    "TraceBlock",
    "TraceFormat",
    "Unit",
    "load_cache_trace",
    "open_trace",
    "replay",
]
