"""Eviction policies: which key a full cache gives up.

    policy            EvictionPolicy: the contract, and how sizes are counted
    lru, lfu, fifo    Lru, Lfu, Fifo: the least recently used, the least frequently used, the oldest
    one_queue         what LRU and FIFO have in common
    random_eviction   RandomEviction: any
    library_order     what LFU and random eviction have in common
    clock, sieve      Clock, Sieve: the oldest, but for keys used since the hand last passed
    s3_fifo           S3Fifo: new keys on trial in a small queue, ghosts of those that failed
    arc               Arc: recency against frequency, in shares that follow the misses
    w_tiny_lfu        WTinyLfu: new keys against old by how often both are asked for (frequency_sketch)
    policies          POLICIES: how to make each of them by its name

Policies know keys and sizes only: no values, no clock, no simulation.
"""

from .arc import Arc
from .clock import Clock
from .fifo import Fifo
from .lfu import Lfu
from .lru import Lru
from .policies import POLICIES, Draw, MakePolicy
from .policy import EvictionPolicy
from .random_eviction import RandomEviction
from .s3_fifo import S3Fifo
from .sieve import Sieve
from .w_tiny_lfu import WTinyLfu

__all__ = [
    "POLICIES",
    "Arc",
    "Clock",
    "Draw",
    "EvictionPolicy",
    "Fifo",
    "Lfu",
    "Lru",
    "MakePolicy",
    "RandomEviction",
    "S3Fifo",
    "Sieve",
    "WTinyLfu",
]
