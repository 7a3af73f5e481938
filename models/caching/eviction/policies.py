"""The policies by the names that parameters and the command line use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from .arc import Arc
from .clock import Clock
from .fifo import Fifo
from .lfu import Lfu
from .lru import Lru
from .policy import EvictionPolicy
from .random_eviction import RandomEviction
from .s3_fifo import S3Fifo
from .sieve import Sieve
from .w_tiny_lfu import WTinyLfu

Draw = Callable[[], float]
"""A source of random numbers, independent and uniform in [0, 1), such as `Generator.random`."""

MakePolicy = Callable[[int, Draw], EvictionPolicy]
"""Makes a policy of a capacity; the numbers are for policies that draw some."""

POLICIES: Mapping[str, MakePolicy] = MappingProxyType(
    {
        "lru": lambda capacity, draw: Lru(capacity),
        "lfu": lambda capacity, draw: Lfu(capacity),
        "fifo": lambda capacity, draw: Fifo(capacity),
        "random": RandomEviction,
        "clock": lambda capacity, draw: Clock(capacity),
        "sieve": lambda capacity, draw: Sieve(capacity),
        "s3-fifo": lambda capacity, draw: S3Fifo(capacity),
        "arc": lambda capacity, draw: Arc(capacity),
        "w-tinylfu": lambda capacity, draw: WTinyLfu(capacity),
    }
)
