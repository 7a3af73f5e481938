"""A shop whose offers are spread over shards, and all that may be asked for them.

Each shard is one process on a host of its own, with as many offers as any other, side by side. Answers to
users take as long as a leaf's of the study `hedging`; all other messages `HOP`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, Literal

from models import Endpoint, Host, Network
from models.balancing import Balancer
from models.cqrs import DiskEventLog, Projection, ProjectionSettings, ReadModel
from models.cqrs.feeds import ChangeFeed, Changes
from models.cqrs.projections import Rows
from models.faults import HostCrash, SlowHost
from models.network import LocalityLatencies
from models.replication import SingleNodeStore, read, scan
from models.replication.scans import AllKeys
from models.sharding import RangePartitioner, ScatterGather, ShardedStore, StoredKey, range_table
from simulator import Distribution, Environment
from simulator.randomness import Constant, Uniform

from .scatter_gather_users import Ask, Asked, Asking, Offers, let_ask, let_write

Way = Literal["all shards", "one shard", "read store"]
Trouble = Literal["none", "slow shard", "dead shard"]

OFFERS = 64
"""Offers that there are, spread over all shards: what is asked for is all of them."""

HOP = 0.0005
"""Seconds of a message that is no answer to a user."""

SLOW = 0.02
"""Speed of the cores of a shard that is slow."""

PATIENCE = 4.0
"""Seconds that whoever changes an offer waits."""

ALL = "all"
"""The key of the one row of `WholeShop`."""

_LATENCIES = LocalityLatencies(same_host=Constant(0.0), same_zone=Constant(HOP))
_THREADS = 10_000  # what waits, waits for the core


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """How offers are spread, changed and asked for; answers are on their way for as long as `law` says."""

    shards: int
    way: Way
    deadline: float | None
    partial: bool
    trouble: Trouble
    law: Distribution
    work: float
    write_rate: float
    copies: int
    feed_interval: float


class WholeShop(ReadModel):
    """All offers in one row, by number: the answer to a query that would need all shards."""

    def apply(self, event: Changes, rows: Rows) -> None:
        """Put what has changed in a shard into the row."""
        row: Mapping[int, Any] = rows.get(ALL, {})
        merged = {**row, **{stored.key: version for stored, version in event.items}}
        rows[ALL] = {offer: version for offer, version in merged.items() if version is not None}


class SearchedShop:
    """The shop of a case: `hosts` of the shards, and of the `readers`, if there are any."""

    def __init__(self, env: Environment, case: Case) -> None:
        self._env = env
        self._case = case
        self._network = Network(env, latencies=_LATENCIES)
        self.hosts = [Host(env, f"shard-{number} host", cores=1) for number in range(1, case.shards + 1)]
        self._store = self._sharded()
        self._web = Host(env, "web")
        self.readers = self._read_stores() if case.way == "read store" else []
        answering = [*self.hosts, *(reader.host for reader in self.readers)]
        self._network.override(answering, self._web, latency=case.law, one_way=True)
        self._offers = Offers(OFFERS)
        office = self._store.client(Host(env, "office"))
        let_write(env, office, self._offers, rate=case.write_rate, patience=PATIENCE)

    def _sharded(self) -> ShardedStore:
        """Return a store with a shard on each of the hosts, which hold the offers, all of version 0."""
        env, network, hosts = self._env, self._network, self.hosts
        names = [f"shard-{number}" for number in range(1, len(hosts) + 1)]
        bounds = [OFFERS * number // len(hosts) for number in range(1, len(hosts))]
        table = range_table(RangePartitioner(int), bounds, names)
        contents: dict[str, dict[Any, int]] = {name: {} for name in names}
        for offer in range(OFFERS):
            _, assignment = table.find(offer)
            contents[assignment.shard][StoredKey(assignment.epoch, offer)] = 0
        shards = {
            name: SingleNodeStore(
                env,
                network,
                host,
                contents=contents[name],
                request_work=self._case.work,
                name=name,
                threads=_THREADS,
            )
            for name, host in zip(names, hosts, strict=True)
        }
        directory = SingleNodeStore(env, network, Host(env, "directory host"), name="directory")
        return ShardedStore(env, network, shards=shards, directory=directory, table=table)

    def _read_stores(self) -> list[Projection]:
        """Return read stores of all offers, each on its host, and let each shard be fed to them."""
        env, network, case = self._env, self._network, self._case
        log = DiskEventLog(env, network, Host(env, "log host"), name="log")
        for host, (name, shard) in zip(self.hosts, self._store.shards.items(), strict=True):
            ChangeFeed(env, host, network, store=shard, log=log, stream=name, interval=case.feed_interval)
        places = [Host(env, f"read store {number} host", cores=1) for number in range(1, case.copies + 1)]
        return [
            Projection(
                env,
                place,
                network,
                log.client(place),
                WholeShop(),
                settings=ProjectionSettings(query_work=case.work),
                name=f"read store {number}",
                threads=_THREADS,
            )
            for number, place in enumerate(places, 1)
        ]

    # -- asking ---------------------------------------------------------------------------------------------

    def let_ask(self, users: int, *, think_time: float, until: float) -> list[Asked]:
        """Let users ask, and return what will become of it."""
        return let_ask(
            self._env,
            self._asking(),
            self._offers,
            users=users,
            think_time=think_time,
            until=until,
            wanted_count=1 if self._case.way == "one shard" else OFFERS,
        )

    def _asking(self) -> Ask:
        """Return what asks once."""
        env, case = self._env, self._case
        if case.way == "read store":
            ways = [self._network.connect(self._web, reader) for reader in self.readers]
            balancer = Balancer(env, ways, host=self._web)
            return lambda: _ask_read_store(balancer)
        router = self._store.client(self._web)
        if case.way == "one shard":
            offers = env.sampler("users/offers", Uniform(0.0, OFFERS))
            return lambda: _ask_one(router, int(offers()))
        deadline = inf if case.deadline is None else case.deadline
        search = ScatterGather(env, router, deadline=deadline, is_partial=case.partial, name="search")
        return lambda: _ask_all(search)

    # -- what goes wrong, and what is seen of it ------------------------------------------------------------

    def harm(self) -> None:
        """Let go wrong with the first shard what is to go wrong."""
        if self._case.trouble == "slow shard":
            SlowHost(self.hosts[0], SLOW).inject()
        elif self._case.trouble == "dead shard":
            HostCrash(self.hosts[0]).inject()

    def busy_times(self) -> Sequence[float]:
        """Return for how long the core of each host was busy so far, the shards' first."""
        hosts = [*self.hosts, *(reader.host for reader in self.readers)]
        return [host.statistics().busy_time for host in hosts]


def _ask_all(search: Endpoint) -> Asking:
    response = yield from search.call(scan(AllKeys()))
    return dict(response.value.items), response.degraded


def _ask_one(router: Endpoint, offer: int) -> Asking:
    response = yield from router.call(read(offer))
    return {offer: response.value}, response.degraded


def _ask_read_store(balancer: Endpoint) -> Asking:
    response = yield from balancer.call(read(ALL))
    return response.value or {}, response.degraded
