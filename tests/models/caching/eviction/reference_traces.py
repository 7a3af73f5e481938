"""Traces on which policies are compared with libCacheSim, and what it counted on some of them."""

from __future__ import annotations

from random import Random

Trace = list[tuple[int, int]]
"""Keys, from 1 on, and sizes."""


def trace_of(random: Random, length: int, key_count: int, size_max: int, changing: bool) -> Trace:
    """Return requests for keys that are popular by turns, that come in loops, and that come once."""
    sizes = [random.randint(1, size_max) for _ in range(2 * key_count)]
    phase = random.choice((20, 100, 500))
    trace = []
    for time in range(length):
        kind = time // phase % 4
        if kind < 2:
            key = int(key_count * random.random() ** 3)
        elif kind == 2:
            key = time % key_count
        else:
            key = key_count + time % key_count
        size = random.randint(1, 2 * size_max) if changing and random.random() < 0.1 else sizes[key]
        trace.append((key + 1, size))
    return trace


def counted(hits: list[bool], trace: Trace) -> tuple[int, int]:
    """Return misses and missed bytes."""
    missed = [size for (_, size), hit in zip(trace, hits, strict=True) if not hit]
    return len(missed), sum(missed)


def recorded_trace() -> Trace:
    """Return the trace of `COUNTS`: 20 000 requests, 1 488 keys of 301 130 bytes together."""
    return trace_of(Random(2026), 20_000, 1_000, 400, changing=False)


COUNTS: dict[int, dict[str, tuple[int, int]]] = {
    5000: {
        "lru": (18386, 3794048),
        "lfu": (17560, 3590017),
        "fifo": (18595, 3812788),
        "clock": (18286, 3779615),
        "sieve": (17495, 3595199),
        "s3-fifo": (17383, 3564790),
        "arc": (17750, 3648210),
    },
    20000: {
        "lru": (16702, 3418482),
        "lfu": (15314, 3096965),
        "fifo": (16976, 3471679),
        "clock": (16602, 3393647),
        "sieve": (15290, 3082794),
        "s3-fifo": (15272, 3086544),
        "arc": (15806, 3203479),
    },
    100000: {
        "lru": (12444, 2502326),
        "lfu": (9399, 1872931),
        "fifo": (12097, 2433865),
        "clock": (12350, 2482890),
        "sieve": (9362, 1868320),
        "s3-fifo": (8895, 1768881),
        "arc": (9482, 1892517),
    },
}
"""Misses and missed bytes of that trace by capacity in bytes and policy, as libCacheSim 0.3.5 counts them."""
