"""Which studies ship with GameDay: an explicit list, in the order of `gameday list`.

A new study is imported and added here. Folders are not scanned: what a command can run should be readable in
one place, and an unfinished file should not break the others.
"""

from ..study import Study
from .autoscaling import autoscaling
from .balancer_loss import balancer_loss
from .balancing import balancing
from .breakers import breakers
from .bulkheads import bulkheads
from .caching.cache_failure import cache_failure
from .caching.cache_placement import cache_placement
from .caching.eviction import eviction
from .caching.http_caching import http_caching
from .caching.stampede import stampede
from .caching.too_many_caches import too_many_caches
from .caching.write_behind import write_behind
from .capacity import capacity
from .chaos import chaos
from .deadlines import deadlines
from .degradation import degradation
from .game_day import game_day
from .growth import growth
from .health_checks import health_checks
from .hedging import hedging
from .idempotency import idempotency
from .metastable import metastable
from .neighbours import neighbours
from .placement import placement
from .retries import retries
from .scaling_data.cqrs import cqrs
from .scaling_data.dual_write import dual_write
from .scaling_data.hot_keys import hot_keys
from .scaling_data.resharding import resharding
from .scaling_data.sagas import sagas
from .scaling_data.scatter_gather import scatter_gather
from .scaling_data.sharding import sharding
from .shedding import shedding
from .stores.cap import cap
from .stores.durability import durability
from .stores.elections import elections
from .stores.failover import failover
from .stores.locks import locks
from .stores.mixed_cap import mixed_cap
from .stores.multi_primary import multi_primary
from .stores.quorums import quorums
from .stores.read_replicas import read_replicas
from .stores.real_world import real_world
from .stores.staleness import staleness
from .timeouts import timeouts
from .upgrade import upgrade
from .vertical import vertical
from .workers import workers

STUDIES: tuple[Study, ...] = (
    timeouts,
    breakers,
    retries,
    metastable,
    bulkheads,
    shedding,
    deadlines,
    hedging,
    idempotency,
    degradation,
    capacity,
    game_day,
    chaos,
    vertical,
    neighbours,
    placement,
    growth,
    balancing,
    autoscaling,
    health_checks,
    balancer_loss,
    upgrade,
    workers,
    cap,
    durability,
    failover,
    read_replicas,
    multi_primary,
    mixed_cap,
    real_world,
    locks,
    elections,
    quorums,
    staleness,
    sharding,
    resharding,
    hot_keys,
    scatter_gather,
    cqrs,
    sagas,
    dual_write,
    cache_placement,
    http_caching,
    eviction,
    stampede,
    too_many_caches,
    write_behind,
    cache_failure,
)
"""All of them."""
