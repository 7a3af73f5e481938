"""The kept numbers of the default sweeps are those of the default sweeps, and what the code gives.

A run is a value, so one that is what it was vouches for the others that take its way through the code. The
runs that are made again meet, between them, every choice of each parameter and the least and the greatest of
each number, where what was chosen has something to do: a server that sheds has more than it can do. A number
in between takes no way of its own. Of the runs that would do, these are the cheapest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from experiments import find_study

from .what_is_said import DIGITS, kept_runs, kept_studies, key_of

AGAIN: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "autoscaling": (
        {"policy": "large fleet", "load": "flash crowd"},
        {"policy": "target tracking", "load": "flash crowd"},
        {"policy": "step scaling", "load": "flash crowd"},
        {"policy": "schedule", "load": "flash crowd"},
        {"policy": "queue depth", "load": "flash crowd"},
        {"metric_delay": 240.0, "stabilisation": 0.0},
        {"load": "flash crowd", "boot_time": 0.0},
        {"load": "flash crowd", "boot_time": 240.0},
        {"target": 0.3},
        {"target": 0.9},
        {"policy": "small fleet", "load": "flash crowd", "bottleneck": "database"},
    ),
    "balancer_loss": (
        {},
        {"arrangement": "names", "ttl": 1.0},
        {"arrangement": "names, next address", "ttl": 60.0},
        {"arrangement": "in each client"},
        {"arrangement": "pair", "loss": "process", "tracking": True},
        {"arrangement": "pair", "loss": "cut apart"},
    ),
    "balancing": (
        {"policy": "round robin"},
        {"scene": "unequal", "policy": "weighted"},
        {"scene": "heavy tails", "policy": "random"},
        {"scene": "black hole", "policy": "least outstanding"},
        {"report_interval": 0.05},
        {"report_interval": 5.0},
    ),
    "bulkheads": (
        {},
        {"isolation": "timeout"},
        {"isolation": "shared pool", "size": 28},
        {"isolation": "own pools", "size": 1},
        {"isolation": "own pools", "size": 32},
    ),
    "cache_failure": (
        {"limit": True},
        {"copies": 2, "on_failure": "eject"},
        {"hashing": "modulo", "on_failure": "eject", "leases": True, "limit": True},
        {"loss": "partition", "on_failure": "gutter", "repeat_deletes": True, "limit": True},
    ),
    "cache_placement": (
        {"placement": "none"},
        {"placement": "client", "capacity": 17},
        {"placement": "client", "tells": True, "clients": 3},
        {"placement": "proxy", "tells": True, "clients": 48},
        {"placement": "server"},
        {"placement": "client + proxy"},
        {"placement": "client + server", "tells": True},
        {"placement": "proxy + server", "tells": True},
        {"placement": "client + proxy + server"},
    ),
    "cap": (
        {"store": "single process", "partition": 2.0},
        {"store": "asynchronous", "partition": 2.0},
        {"store": "synchronous", "cut_off": True, "partition": 10.0},
        {"store": "raft", "partition": 5.0},
        {"store": "raft", "cut_off": True, "partition": 30.0},
        {"store": "strict quorums", "skew": -0.5, "partition": 2.0},
        {"store": "sloppy quorums", "partition": 10.0},
        {"store": "partial quorums", "partition": 5.0},
        {"store": "multi-primary", "partition": 5.0},
        {"store": "asynchronous, failover", "cut_off": True, "partition": 10.0},
        {"store": "asynchronous, fenced", "cut_off": True, "partition": 10.0},
    ),
    "capacity": (
        {"rate": 60.0},
        {"rate": 340.0},
    ),
    "chaos": (
        {"zones": 1, "preset": "bare"},
        {"zones": 4},
    ),
    "cqrs": (
        {"design": "one model", "query_rate": 12.5},
        {"design": "one model", "cores": 6, "query_rate": 50.0},
        {"read_hosts": 4, "query_rate": 600.0},
        {"remedy": "wait", "reading_interval": 0.5},
        {"remedy": "own view"},
        {"remedy": "command side"},
        {"trouble": "crash"},
        {"trouble": "rebuild"},
    ),
    "deadlines": (
        {"offered": 0.5},
        {"deadlines": "honoured", "offered": 1.2},
        {"deadlines": "cancelling", "offered": 2.0},
    ),
    "degradation": (
        {"feature": "catalogue"},
        {"feature": "cart", "design": "optional"},
        {"design": "careful"},
        {"feature": "checkout", "design": "timeouts"},
        {"feature": "payment", "design": "switched"},
    ),
    "eviction": (
        {"capacity": 0.01},
        {"policy": "lfu", "workload": "drift", "capacity": 0.3},
        {"policy": "fifo"},
        {"policy": "random", "workload": "loop"},
        {"policy": "clock"},
        {"policy": "sieve", "workload": "churn"},
        {"policy": "s3-fifo", "sizes": "mixed"},
        {"policy": "arc", "workload": "scans"},
        {"policy": "w-tinylfu", "sizes": "mixed"},
    ),
    "failover": (
        {"commit": "asynchronous", "ttl": 2.0},
        {"commit": "all", "ttl": 30.0},
        {"trouble": "slow network", "ttl": 5.0},
        {"trouble": "replica crash"},
        {"trouble": "cut", "fencing": "epoch", "ttl": 5.0},
        {"trouble": "cut", "commit": "asynchronous", "fencing": "off", "ttl": 5.0},
    ),
    "durability": (
        {"store": "single", "durability": "periodic", "trouble": "host crash"},
        {"store": "asynchronous", "trouble": "zone loss"},
        {"store": "semi-synchronous", "durability": "periodic", "trouble": "zone loss"},
        {"store": "synchronous", "durability": "group commit", "trouble": "process crash"},
        {"store": "quorums", "durability": "group commit", "trouble": "disk loss"},
        {"store": "raft", "durability": "group commit", "trouble": "host crash"},
        {"store": "single", "durability": "each write", "trouble": "none", "rate": 400.0},
        {"store": "single", "durability": "group commit", "trouble": "none"},
    ),
    "dual_write": (
        {"what": "process"},
        {"way": "message first"},
        {"way": "outbox", "what": "process"},
        {"way": "outbox, no inbox"},
    ),
    "elections": (
        {"spread": 0.002},
        {"spread": 0.6, "failed": 2},
        {"scene": "leader crash", "timeout": 0.012, "spread": 0.012},
    ),
    "game_day": (
        {},
        {"trouble": "edge zone cut", "preset": "bare"},
        {"trouble": "payment silent"},
        {"trouble": "recommendations slow"},
    ),
    "growth": (
        {"load": 1.0},
        {"design": "bigger host", "load": 3.0},
        {"design": "larger pool", "load": 3.0},
        {"design": "wider link", "load": 100.0},
        {"design": "pay later", "load": 3.0},
        {"design": "own hosts", "load": 3.0},
        {"design": "more hosts", "load": 3.0},
    ),
    "health_checks": (
        {"interval": 2.0, "strikes": 3},
        {"scene": "slow answers", "interval": 10.0, "strikes": 1},
        {"scene": "overload", "check": "port"},
        {"scene": "dependency", "check": "deep", "panic_threshold": 0.0},
        {"scene": "overload", "check": "shallow"},
    ),
    "hedging": (
        {"leaves": 1, "after": 50.0},
        {"leaves": 1, "after": 99.0},
        {"leaves": 10},
        {"after": None},
    ),
    "hot_keys": (
        {"partitioning": "hashes", "users": 160, "exponent": 0.0, "shards": 1},
        {"partitioning": "hashes", "users": 160, "exponent": 1.5, "shards": 16},
        {"exponent": 0.0, "hot_share": 0.4, "add_share": 0.1, "balancing": True},
        {"exponent": 0.0, "hot_share": 0.4, "add_share": 0.9, "replicas": 2},
        {"exponent": 0.0, "hot_share": 0.4, "add_share": 0.9, "shards": 8, "users": 80, "salt": 8},
        {"scene": "timeline"},
    ),
    "http_caching": (
        {"max_age": 0.0, "etag": False},
        {"max_age": 60.0},
        {"max_age": 5.0, "stale_while_revalidate": 60.0},
        {"max_age": 5.0, "outage": 60.0, "stale_if_error": 60.0},
    ),
    "idempotency": (
        {"timeout": 1.6},
        {"keys": "key per try", "timeout": 0.4},
        {"keys": "in memory", "timeout": 0.4},
        {"keys": "durable", "timeout": 0.1},
        {"keys": "separate", "timeout": 0.4},
    ),
    "locks": (
        {"lock": "no lock", "trouble": "none"},
        {"lock": "key", "pause": 2.0},
        {"lock": "key", "trouble": "wrong clock"},
        {"lock": "key, own only", "trouble": "crashes"},
        {"lock": "service", "pause": 20.0},
        {"trouble": "late messages"},
        {"trouble": "cuts"},
    ),
    "metastable": (
        {"load": 0.3},
        {"remedy": "backoff"},
        {"remedy": "budget"},
        {"load": 0.8, "remedy": "breaker"},
        {"remedy": "one attempt"},
        {"remedy": "deadlines"},
        {"remedy": "queue age"},
        {"remedy": "lifo"},
        {"remedy": "adaptive limit"},
        {"relief": "restart"},
        {"relief": "fewer users"},
    ),
    "mixed_cap": (
        {},
        {"choice": "all CP", "cut": 5.0},
        {"choice": "all AP", "cut": 20.0},
        {"choice": "all AP, overwritten"},
    ),
    "multi_primary": (
        {"partition": 30.0},
        {"resolution": "siblings", "keys": 1},
        {"resolution": "data types", "keys": 100},
        {"resolution": "hybrid clock", "skew": 10.0},
    ),
    "neighbours": (
        {"sharing": "processor sharing"},
        {"weight": 0.25},
        {"weight": 4.0},
        {"neighbour_quota": 2.0},
        {"sharing": "first-come", "neighbour_jobs": 0},
        {"neighbour_jobs": 0, "quota": 1.1},
        {"neighbour_jobs": 0, "quota": 3.0},
    ),
    "placement": (
        {"rule": "pack"},
        {"rule": "one per host", "loss": "region"},
        {"rule": "spread racks", "loss": "rack"},
        {"loss": "rack"},
        {"rule": "spread regions", "loss": "host"},
    ),
    "quorums": (
        {"read_level": 1, "write_level": 3},
        {"read_level": 3, "write_level": 1, "trouble": "zone"},
        {"replicas": 5, "read_level": 3, "write_level": 3, "trouble": "zone"},
        {"sloppy": True, "trouble": "zone"},
        {"read_level": 1, "write_level": 1, "trouble": "crashes", "hints": False, "repair": "none"},
        {"read_level": 1, "write_level": 1, "trouble": "crashes", "hints": False, "repair": "background"},
        {"trouble": "crashes", "speculation": "p95"},
        {"trouble": "slow", "speculation": "always"},
    ),
    "read_replicas": (
        {"users": 200, "write_share": 0.02, "replicas": 0},
        {"users": 200, "write_share": 0.3, "replicas": 8},
        {"users": 5, "write_share": 0.4},
        {"source": "primary"},
        {"own_writes": "wait"},
        {"source": "nearest", "own_writes": "ask the primary"},
    ),
    "real_world": (
        {"breakage": 2.0, "buffer": 4},
        {"count": "each side", "breakage": 0.5, "cut": 0.0},
        {"count": "each side", "units": 30},
    ),
    "resharding": (
        {"change": "remove", "placement": "jump", "ranges": 240},
        {"placement": "ring", "ranges": 240},
        {"placement": "modulo", "ranges": 240},
        {"pause": 0.4},
        {"pause": 0.0, "batch": 100, "parallel": 4},
        {"ranges": 10, "keys": 100, "trouble": "mover, frozen", "stale_reads": True},
        {"ranges": 10, "keys": 100, "trouble": "mover, done"},
        {"ranges": 10, "keys": 100, "trouble": "cut, frozen", "stale_reads": True},
        {"ranges": 20, "keys": 600, "trouble": "source", "shard": "primary and replica"},
        {"ranges": 20, "keys": 600, "trouble": "source", "shard": "raft"},
        {"ranges": 20, "keys": 600, "shard": "quorums"},
        {"ranges": 20, "trouble": "target"},
        {"ranges": 20, "flaw": "no last copy", "rounds": 0},
        {"ranges": 10, "flaw": "waits for nobody", "trouble": "cut"},
    ),
    "retries": (
        {"attempts": 3, "backoff": "none", "clients": 100},
        {"attempts": 3, "budget": "token bucket", "clients": 100},
        {"attempts": 3, "budget": "grpc", "layers": 3, "clients": 100},
        {"attempts": 3, "budget": "envoy", "clients": 100},
        {"attempts": 3, "budget": "sre", "clients": 100},
        {"backoff": "constant"},
        {"backoff": "exponential"},
        {"backoff": "equal jitter"},
        {"backoff": "decorrelated jitter"},
    ),
    "sagas": (
        {"way": "saga", "trouble": "none", "hot_share": 0.0},
        {"way": "saga with semantic locks", "trouble": "payment dies"},
        {"trouble": "none", "hot_share": 1.0},
        {"way": "two-phase commit, peers asked", "trouble": "stock cut off"},
        {"way": "two-phase commit, heuristic abort"},
    ),
    "sharding": (
        {"shards": 1, "shard": "quorums"},
        {"shards": 8, "placement": "ring", "virtual_nodes": 1},
        {"shards": 8, "placement": "jump"},
        {"shards": 8, "placement": "key ranges", "keys": "growing"},
        {"shards": 1, "trouble": "crashes"},
        {"shard": "primary and replica", "trouble": "host"},
        {"shard": "raft", "trouble": "host"},
        {"trouble": "directory", "lease": 3.0},
        {"trouble": "directory", "lease": 30.0},
    ),
    "scatter_gather": (
        {"shards": 1},
        {"shards": 32, "way": "read store"},
        {"deadline": 0.006, "partial": True},
        {"deadline": 0.2, "partial": True},
        {"trouble": "dead shard"},
        {"way": "read store", "trouble": "slow shard"},
        {"work": 0.02, "users": 100, "write_rate": 1.0, "shards": 2, "way": "one shard"},
        {"work": 0.02, "users": 100, "write_rate": 1.0, "shards": 4, "way": "read store", "copies": 8},
        {"way": "read store", "feed_interval": 0.01},
        {"way": "read store", "feed_interval": 1.0},
    ),
    "shedding": (
        {"offered": 0.5},
        {"shedding": "queue length", "offered": 1.2},
        {"shedding": "queue age", "offered": 1.2},
        {"shedding": "codel", "offered": 1.2},
        {"shedding": "lifo", "offered": 1.2},
        {"shedding": "priority", "offered": 1.2},
        {"shedding": "aimd", "offered": 1.2},
        {"shedding": "vegas", "offered": 1.2},
        {"shedding": "gradient", "offered": 3.0},
        {"shedding": "throttle", "offered": 1.2},
    ),
    "stampede": (
        {"load": 2.0},
        {"remedy": "coalescing", "load": 2.0, "origin_timeout": 1.0},
        {"remedy": "hidden origin", "load": 8.0},
        {"scene": "hot key"},
        {"scene": "hot key", "remedy": "early expiry"},
        {"scene": "hot key", "remedy": "refresh ahead"},
        {"scene": "one batch", "remedy": "jitter"},
        {"scene": "one batch", "remedy": "stale while revalidate"},
    ),
    "staleness": (
        {"write_mean": 0.00025, "after": 0.0},
        {"write_mean": 0.01, "after": 0.002},
        {"read_level": 2, "write_level": 2},
        {"law": "LinkedIn SSD", "write_mean": None, "after": 0.01},
        {"law": "LinkedIn disk", "write_mean": None, "after": 0.01},
        {"law": "Yammer", "write_mean": None, "after": 0.001},
        {"write_mean": 0.001, "lost": 0.2, "after": 1.0},
        {"write_mean": 0.001, "lost": 0.2, "repair": "reads", "after": 4.0},
        {"write_mean": 0.001, "lost": 0.2, "repair": "anti-entropy", "after": 4.0},
    ),
    "too_many_caches": (
        {"caches": 1},
        {"counts_age": True},
        {"purge": "server"},
        {"purge": "proxies"},
        {"purge": "proxies, then server"},
        {"purge": "server, then proxies"},
        {"purge": "server, then proxies, then readers"},
    ),
    "upgrade": (
        {"strategy": "crash"},
        {"strategy": "abrupt"},
        {"linger": 0.0},
        {"linger": 0.5},
        {"strategy": "blue-green", "version": "slow"},
        {"strategy": "canary", "version": "errors"},
        {"strategy": "canary", "version": "never ready"},
        {"strategy": "canary", "version": "incompatible"},
        {"strategy": "canary", "version": "leak", "pause": 120.0},
    ),
    "vertical": (
        {"growth": "faster core", "size": 1},
        {"growth": "more cores", "size": 16},
        {"size": 2, "balancing": "random"},
        {"size": 2, "balancing": "two choices"},
    ),
    "workers": (
        {"visibility": 5.0, "heartbeat": False, "deaths": 4.0},
        {"visibility": 300.0, "heartbeat": False, "deaths": 4.0},
        {"receives_max": 3, "poison": 0.01},
        {"size": 24, "visibility": 120.0, "surge": 3.0},
        {"fleet": "scaled", "size": 8, "visibility": 120.0, "surge": 3.0},
        {"fleet": "spot", "size": 8, "visibility": 120.0, "surge": 3.0, "notice": 120.0},
        {"fleet": "spot", "size": 8, "visibility": 120.0, "surge": 3.0, "notice": 0.0},
    ),
    "write_behind": (
        {"flush_interval": 0.1, "exponent": 0.0},
        {"flush_interval": 10.0, "exponent": 1.2},
        {"pattern": "around"},
        {"pattern": "through"},
        {"dirty_max": 200},
        {"rate": 600.0},
    ),
}
"""By study: the points of which the run of seed 0 is made again; what is left out has its default."""


def values_of_note(values: Iterable[Any]) -> set[Any]:
    """Return the choices among these, as they are written, and the least and the greatest of the numbers."""
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    ends = {min(numbers), max(numbers)} if numbers else set()
    return ends | {str(value) for value in values if isinstance(value, bool) or value not in numbers}


def test_every_sweep_that_is_kept_has_runs_that_are_made_again() -> None:
    assert sorted(AGAIN) == kept_studies()


@pytest.mark.parametrize("name", AGAIN)
def test_what_is_kept_is_the_default_sweep(name: str) -> None:
    study = find_study(name)
    kept = kept_runs(name)
    assert list(kept) == [key_of(point) for point in study.points()]
    assert {len(runs) for runs in kept.values()} == {study.replications}
    assert {tuple(measures) for runs in kept.values() for measures in runs} == {tuple(study.measures)}


@pytest.mark.parametrize("name", AGAIN)
def test_runs_that_are_made_again_meet_every_choice_and_both_ends_of_every_number(name: str) -> None:
    study = find_study(name)
    points, again = study.points(), [study.space.values(point) for point in AGAIN[name]]
    assert [point for point in again if point not in points] == []
    for parameter in study.space.names:
        swept = values_of_note([point[parameter] for point in points])
        assert values_of_note([point[parameter] for point in again]) == swept, parameter


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "point"),
    [
        pytest.param(name, point, id=f"{name} {key_of(dict(point))}")
        for name in AGAIN
        for point in AGAIN[name]
    ],
)
def test_run_that_is_made_again_gives_what_is_kept(name: str, point: Mapping[str, Any]) -> None:
    study = find_study(name)
    kept = kept_runs(name)[key_of(study.space.values(point))][0]
    assert study(seed=0, **point).measures == pytest.approx(kept, rel=10.0 ** (1 - DIGITS), nan_ok=True)
