"""Sharding: keys that no single store holds are spread over many, and found again, while they move.

    partitioner       HashPartitioner, RangePartitioner: where on its line a key stands
    routing_table     RoutingTable: which shard has which range, as a value; Assignment, Move, Phase
    tables            even_table, hash_table, range_table: tables to begin with
    directory         Directory: where the present table stands, in a store
    cached_table      CachedTable: a process's copy of it
    settings          ShardingSettings; ShardingFlaws: planted bugs
    store             ShardedStore: shards, servers and clients
    server            ShardServer: in front of a shard: leases, and what is the shard's
    server_transfers  what servers do for a mover
    mover/            Mover: ranges that go from shard to shard while they are served
    router            Router: a client, which finds the shard of a key; ways: the servers of a shard
    salted_key        SaltedKey: a counter too hot for one shard
    scatter_gather    ScatterGather: a scan that does not wait for ever; gathering: one scan of many shards
    stored_keys       StoredKey: a key under the epoch of its assignment, as the shard's store has it
    placed_version    versions of answers, so that sessions go on when keys move
    requests          what shard servers are asked
    failures          Moved: what a router is told whose table is not right
"""

from .directory import Directory
from .failures import Moved
from .partitioner import LOWEST, HashPartitioner, Partitioner, RangePartitioner
from .router import Router, RouterStatistics
from .routing_table import Assignment, Move, Phase, RoutingTable, TokenRange
from .salted_key import SaltedKey
from .scatter_gather import ScatterGather
from .server import ShardServer
from .server_transfers import TransferSettings
from .settings import ShardingFlaws, ShardingSettings
from .statistics import ShardedStatistics
from .store import ShardedStore
from .stored_keys import StoredKey
from .tables import even_table, hash_table, range_table

__all__ = [
    "LOWEST",
    "Assignment",
    "Directory",
    "HashPartitioner",
    "Move",
    "Moved",
    "Partitioner",
    "Phase",
    "RangePartitioner",
    "Router",
    "RouterStatistics",
    "RoutingTable",
    "SaltedKey",
    "ScatterGather",
    "ShardServer",
    "ShardedStatistics",
    "ShardedStore",
    "ShardingFlaws",
    "ShardingSettings",
    "StoredKey",
    "TokenRange",
    "TransferSettings",
    "even_table",
    "hash_table",
    "range_table",
]
