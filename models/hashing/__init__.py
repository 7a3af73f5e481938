"""Hashing: which of several nodes a key belongs to, and how few keys move when nodes come and go.

    stable_hash     hash_of, hashes_of: the same 64 bits for a key in every process and on every machine
    placement       Placement: the contract; shares of nodes, keys that move
    ring            HashRing: nodes as points on a circle, many for each
    jump            JumpBuckets: no table at all, but nodes are numbered
    maglev          MaglevTable: a table filled in turns
    modulo          ModuloBuckets: hash modulo the number of nodes, for comparison

Pure functions of values: nothing here runs in a simulation, draws a random number or keeps a state. A
placement is built once for a set of nodes and asked many times; for another set another one is built.
"""

from .jump import JumpBuckets, jump_bucket
from .maglev import MAGLEV_TABLE_SIZE, MaglevTable
from .modulo import ModuloBuckets
from .placement import Placement, moved_share
from .ring import HashRing
from .stable_hash import Key, hash_of, hashes_of, scrambled

__all__ = [
    "MAGLEV_TABLE_SIZE",
    "HashRing",
    "JumpBuckets",
    "Key",
    "MaglevTable",
    "ModuloBuckets",
    "Placement",
    "hash_of",
    "hashes_of",
    "jump_bucket",
    "moved_share",
    "scrambled",
]
