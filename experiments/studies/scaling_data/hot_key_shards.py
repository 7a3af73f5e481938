"""The shards of `hot_keys`: where keys are to begin with, what a shard is made of, and who balances them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from models import Host, Network
from models.network import LocalityLatencies
from models.replication import PrimaryReplicaStore, SingleNodeStore, Store
from models.replication.primary_replica import Asynchronous, ReadPolicy, ReplicationSettings, Source
from models.sharding import (
    LOWEST,
    Assignment,
    RangePartitioner,
    RoutingTable,
    ShardedStore,
    ShardingSettings,
    StoredKey,
    TransferSettings,
    even_table,
)
from models.sharding.mover import Balanced, Mover, MoverSettings
from simulator import Environment
from simulator.randomness import Constant

from .databases import WORK
from .hot_key_users import key_of

Scene = Literal["counters", "timeline"]
Partitioning = Literal["ranges", "hashes"]

COUNTERS = 400
ENTRIES = 100
"""Counters that there are; entries that the timeline has at the beginning."""

LATENCIES = LocalityLatencies(same_host=Constant(0.0), same_zone=Constant(0.0005))

SHARDING = ShardingSettings(ttl=2.0, renewal_interval=0.5)
TRANSFERS = TransferSettings(item_work=0.001)
LOAD_INTERVAL, TOLERANCE, GAIN = 3.0, 0.1, 0.05
"""Of the balancer: over how many seconds it looks at loads, from what ratio to the mean it acts, and for
how much of the mean."""

_THREADS = 10_000  # what waits, waits for the core


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is asked for, and of what: the parameters of the study, but for what a balancer does."""

    scene: Scene
    exponent: float
    hot_share: float
    add_share: float
    partitioning: Partitioning
    shards: int
    salt: int
    replicas: int
    users: int


def first_keys(case: Case) -> list[int]:
    """Return the keys that are there to begin with."""
    if case.scene == "timeline":
        return [key_of(number % case.salt, number) for number in range(ENTRIES)]
    hottest = [key_of(bucket, 0) for bucket in range(case.salt)]
    return hottest + [key_of(0, number) for number in range(1, COUNTERS)]


def first_table(case: Case) -> RoutingTable:
    """Return where keys are to begin with: as many of them at each shard, and buckets dealt out."""
    shards, salt = case.shards, case.salt
    names = _names(shards)
    if case.partitioning == "hashes":
        return even_table(names)
    owners: dict[Any, str] = {LOWEST: names[0]}
    if case.scene == "counters" or salt == 1:
        numbers = COUNTERS if case.scene == "counters" else ENTRIES
        owners |= {key_of(0, numbers * place // shards): names[place] for place in range(1, shards)}
    owners |= {key_of(bucket, 0): names[bucket % shards] for bucket in range(1, salt)}
    return RoutingTable(
        RangePartitioner(int), tuple(owners), tuple(Assignment(owner) for owner in owners.values())
    )


def _names(shards: int) -> list[str]:
    return [f"shard-{number}" for number in range(1, shards + 1)]


def new_store(
    env: Environment, network: Network, table: RoutingTable, keys: Sequence[int], replicas: int
) -> ShardedStore:
    """Return a store with shards that hold `keys`, each where `table` says."""
    contents: dict[str, dict[Any, int]] = {name: {} for name in table.shards}
    for key in keys:
        _, assignment = table.find(key)
        contents[assignment.shard][StoredKey(assignment.epoch, key)] = 0
    shards = {name: _shard(env, network, name, held, replicas) for name, held in contents.items()}
    directory = SingleNodeStore(env, network, Host(env, "directory host"), name="directory")
    return ShardedStore(
        env,
        network,
        shards=shards,
        directory=directory,
        table=table,
        settings=SHARDING,
        transfers=TRANSFERS,
    )


def _shard(env: Environment, network: Network, name: str, held: Mapping[Any, int], replicas: int) -> Store:
    hosts = [Host(env, f"{name} host {number}") for number in range(1, replicas + 2)]
    if not replicas:
        return SingleNodeStore(
            env, network, hosts[0], contents=held, request_work=WORK, name=name, threads=_THREADS
        )
    return PrimaryReplicaStore(
        env,
        network,
        hosts,
        settings=ReplicationSettings(commit_rule=Asynchronous(), request_work=WORK, replay_work=WORK),
        reads=ReadPolicy(source=Source.ANY),
        contents=held,
        name=name,
        threads=_THREADS,
    )


def new_balancer(env: Environment, store: ShardedStore) -> Mover:
    """Return who splits and moves ranges of `store` by their load."""
    goal = Balanced(store.shards, load_interval=LOAD_INTERVAL, tolerance=TOLERANCE, gain=GAIN)
    settings = MoverSettings(review_interval=LOAD_INTERVAL)
    return Mover(env, Host(env, "mover host"), store, goal=goal, settings=settings)
