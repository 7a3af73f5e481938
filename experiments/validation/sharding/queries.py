"""Queries that ask n shards at once: over when the slowest has answered, or partial at a deadline.

Each shard is called over the network, and nothing makes one wait for another: an answer is as late as it
would be alone, and a query as late as its latest answer. In two ways:

- An instance of a service calls n others in parallel, whose servers take Exp(1) s; the network takes a
  constant time each way. The mean is a harmonic number of seconds.
- A scan of a sharded store is scattered and gathered: shards take no time, and the network Exp(1) s each way.
  Each answer is Erlang-2, so that the network makes the tail alone. With a deadline whatever is not there by
  then is missing from the answer, which says so.

Source: Dean and Barroso, "The Tail at Scale" (CACM 56, 2013); `closed_forms.sharding.slowest`.
"""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from math import inf
from typing import Any

import numpy as np
from scipy.stats import expon, gamma

from models import Endpoint, FunctionEndpoint, Host, Request
from models.network import LocalityLatencies, Network
from models.replication import scan
from models.replication.scans import AllKeys
from models.services import Dependency, Instance, in_parallel
from models.sharding import ScatterGather, ShardedStore, ShardingSettings, even_table
from simulator import Environment
from simulator.randomness import Constant, Exponential

from ..closed_forms.sharding import slow_probability, slowest_mean, slowest_quantile
from ..experiment import Claim, TheoryCheck

HOP = 0.01
"""Seconds one way, where they are constant."""

_NEVER = 1e9
"""Seconds: no table is asked for again meanwhile, which would be a call more."""

Asked = list[tuple[float, int]]
"""What each query took, in seconds, and how many shards were missing from its answer."""


def fan_out(
    seed: int, effort: float, *, shards_count: int, slow: float, median: float, queries_count: int
) -> tuple[float, float, float]:
    """Return what queries take on average, and the shares that take longer than `slow` and than `median`."""
    env = Environment(seed=seed)
    network = Network(env, latencies=HOP)
    root = Host(env, "root")
    service_time = env.sampler("service", Exponential(1.0))

    def answer(request: Request) -> Generator[Any, Any, None]:
        yield service_time()

    def shard(number: int) -> Dependency:
        name = f"shard {number}"
        return Dependency(network.connect(root, FunctionEndpoint(answer, name=name), host=Host(env, name)))

    query = Instance(env, root, in_parallel(*map(shard, range(shards_count))), name="query")
    return _latencies(_ask(env, query, Request("query"), effort * queries_count), slow, median)


def scatter_gather(
    seed: int, effort: float, *, shards_count: int, slow: float, median: float, queries_count: int
) -> tuple[float, float, float]:
    """Return the same of scans of all shards of a store."""
    env = Environment(seed=seed)
    query = _scatter_gather(env, shards_count, inf)
    return _latencies(_ask(env, query, scan(AllKeys()), effort * queries_count), slow, median)


def partial_answers(
    seed: int, effort: float, *, shards_count: int, deadline: float, queries_count: int
) -> tuple[float, float]:
    """Return the share of scans whose answer is whole, and how many shards are missing from each."""
    env = Environment(seed=seed)
    query = _scatter_gather(env, shards_count, deadline)
    asked = _ask(env, query, scan(AllKeys()), effort * queries_count)
    missing = np.array([count for _, count in asked])
    return float((missing == 0).mean()), float(missing.mean())


def _scatter_gather(env: Environment, shards_count: int, deadline: float) -> ScatterGather:
    hop = Exponential(1.0)
    latencies = LocalityLatencies(same_host=Constant(0.0), same_zone=hop, same_region=hop, other_region=hop)
    client = Host(env, "client")
    names = [f"shard-{number}" for number in range(1, shards_count + 1)]
    store = ShardedStore.on_hosts(
        env,
        Network(env, latencies=latencies),
        [Host(env, name) for name in names],
        client,  # so that a look at the directory, after a late answer, takes no time
        table=even_table(names, range_count=shards_count),
        settings=ShardingSettings(ttl=_NEVER, renewal_interval=_NEVER / 2.0, directory_timeout=_NEVER),
    )
    router = store.client(client)
    env.run(until=1_000.0)  # until each server has a table, and then until the router has
    env.run(until=env.process(router.call(scan(AllKeys()))))
    return ScatterGather(env, router, deadline=deadline, is_partial=deadline < inf)


def _ask(env: Environment, query: Endpoint, request: Request, count: float) -> Asked:
    """Ask one query after the other."""
    asked: Asked = []

    def ask() -> Generator[Any, Any, None]:
        for _ in range(max(2, round(count))):
            start = env.now
            response = yield from query.call(request)
            asked.append((env.now - start, len(response.degraded)))

    env.run(until=env.process(ask()))
    return asked


def _latencies(asked: Asked, slow: float, median: float) -> tuple[float, float, float]:
    latencies = np.array([latency for latency, _ in asked])
    return float(latencies.mean()), float((latencies > slow).mean()), float((latencies > median).mean())


def _slowest_check(said: str, simulate: Any, one: Any, shards_count: int, queries_count: int) -> TheoryCheck:
    """`one` is the law of one shard's answer, as SciPy has it."""
    return TheoryCheck(
        name=f"a query across {shards_count} shards, {said}",
        group="sharding",
        source="order statistics: F(t)^n; Dean and Barroso, The Tail at Scale (2013)",
        claims=(
            Claim("mean latency", slowest_mean(one.cdf, shards_count)),
            Claim("share slower than p99 of a shard", slow_probability(0.01, shards_count), precision=0.12),
            Claim("share slower than the median by theory", 0.5, precision=0.08),
        ),
        simulate=partial(
            simulate,
            shards_count=shards_count,
            slow=float(one.ppf(0.99)),
            median=slowest_quantile(one.ppf, 0.5, shards_count),
            queries_count=queries_count,
        ),
    )


def _deadline_check(shards_count: int, in_time: float, queries_count: int) -> TheoryCheck:
    return TheoryCheck(
        name=f"a scan of {shards_count} shards, {100 * in_time:g} % of answers by the deadline",
        group="sharding",
        source="order statistics: F(d)^n, n (1 - F(d))",
        claims=(
            Claim("share of whole answers", in_time**shards_count, precision=0.08),
            Claim("shards missing from an answer", shards_count * (1.0 - in_time)),
        ),
        simulate=partial(
            partial_answers,
            shards_count=shards_count,
            deadline=float(_BY_NETWORK.ppf(in_time)),
            queries_count=queries_count,
        ),
    )


_BY_SERVICE = expon(loc=2.0 * HOP)  # one shard's answer: there, the service, and back
_BY_NETWORK = gamma(2)  # there and back, each Exp(1)

CHECKS = (
    _slowest_check("servers of Exp(1)", fan_out, _BY_SERVICE, 100, 450),
    _slowest_check("a scan over a network of Exp(1) each way", scatter_gather, _BY_NETWORK, 20, 800),
    _deadline_check(20, 0.95, 800),
)
"""By what makes the tail, and with a deadline."""
