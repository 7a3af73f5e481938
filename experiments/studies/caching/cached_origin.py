"""A site whose origin lives behind its caches: cache servers that are warm, and an origin that is small.

Users read pages by Zipf's law and write some, through cache-aside on two web hosts. The origin can do 40
requests per second, and the site is asked for 200: it is there because the caches are.
"""

from array import array
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from models import Call, Endpoint, Host, Network, Request, Response, Wrapper
from models.caching.aside import CacheAside, Leasing
from models.caching.eviction import Lru
from models.caching.servers import CacheCluster, CacheServer, Ejection, Gutter
from models.caching.stores import CacheStore
from models.hashing import HashRing, ModuloBuckets, hash_of
from models.resilience import ConstantBackoff, Timeout
from models.resilience.shedding import ConcurrencyLimiter, FixedLimit
from models.services import Instance
from models.workload import OpenLoop, Operation, OperationMix, ZipfKeys
from simulator import Environment, RequestTable
from simulator.measurement import WindowedSeries, windowed_rate, windowed_share
from simulator.randomness import Exponential, Uniform

PAGES = 1_000
SERVERS, WEB_HOSTS = 4, 2
RATE, WRITE_SHARE = 200.0, 0.01
"""Requests of all users per second, and the share of them that write."""

CORES, WORK = 4, 0.1
CAPACITY = CORES / WORK
"""Requests per second that the origin can do."""

LIMIT = 2 * CORES
"""How many the origin takes on at a time where it is protected: what it works on, and as many again."""

TTL, GUTTER_TTL = 100.0, 10.0
PATIENCE, CACHE_TIMEOUT = 1.0, 0.1
"""How long users wait, and the site for a cache server (s)."""

EJECTION = Ejection(failures_max=3, retry_time=5.0)
_LATENCY = 0.0005
_REPEAT = ConstantBackoff(delay=0.5)


Hashing = Literal["ring", "modulo"]
OnFailure = Literal["wait", "eject", "gutter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """How the cache is built; the fields are the study's parameters."""

    hashing: Hashing
    copies: int
    on_failure: OnFailure
    limit: bool
    leases: bool
    repeat_deletes: bool


class Site:
    """The site of a `design`, warm, with its users, who come until `until` (s)."""

    def __init__(self, env: Environment, design: Design, *, until: float) -> None:
        self.env = env
        self.network = network = Network(env, latencies=_LATENCY)
        self.web_hosts = [Host(env, f"web {number}") for number in range(WEB_HOSTS)]
        self.cluster = _cluster(env, network, design)
        self.judge = Judge(env)
        self._warm_up()
        origin = _origin(env, protected=design.limit)
        table: RequestTable | None = None
        for host in self.web_hosts:
            way = Asked(network.connect(host, origin), self.judge)
            leasing = Leasing() if design.leases else None
            side = CacheAside(env, way, self.cluster.client(host), leasing=leasing)
            table = self._admit_users(host, side, until, table)
        assert table is not None
        self.requests: RequestTable = table

    def _admit_users(
        self, host: Host, side: CacheAside, until: float, table: RequestTable | None
    ) -> RequestTable:
        mix = OperationMix(
            Operation(name="read", weight=1.0 - WRITE_SHARE), Operation(name="write", weight=WRITE_SHARE)
        )
        return OpenLoop(
            self.env,
            Timeout(self.env, Judged(side, self.judge), PATIENCE),
            rate=RATE / WEB_HOSTS,
            mix=mix,
            keys=ZipfKeys(self.env, PAGES, name=f"{host.name}/pages"),
            until=until,
            table=table,
            name=f"users of {host.name}",
        ).table

    @property
    def victim(self) -> CacheServer:
        """The server that is lost: that of the most popular page."""
        return self.cluster.servers[self.cluster.owners(hash_of(0))[0]]

    def _warm_up(self) -> None:
        """Let each page be cached as if the site had run for long: with what is left of its time to live."""
        uniform = self.env.sampler("warm", Uniform(0.0, 1.0))
        for page, share in enumerate(ZipfKeys(self.env, PAGES).probabilities.tolist()):
            rate = RATE * share
            left = TTL * uniform()
            # A page that is read so often is cached for a time to live, and then not until it is read again.
            if uniform() >= rate * TTL / (1.0 + rate * TTL):
                continue
            for place in self.cluster.owners(hash_of(page)):
                response = Response(0, as_of=left - TTL)
                self.cluster.servers[place].store.set(page, response, ttl=left)


def _cluster(env: Environment, network: Network, design: Design) -> CacheCluster:
    def servers(what: str, count: int) -> Sequence[CacheServer]:
        return [_server(env, f"{what} {number}") for number in range(count)]

    ejects = design.on_failure != "wait"
    gutter = Gutter(servers=servers("gutter", 1), ttl=GUTTER_TTL) if design.on_failure == "gutter" else None
    return CacheCluster(
        env,
        network,
        servers("cache", SERVERS),
        make_placement=HashRing if design.hashing == "ring" else ModuloBuckets,
        replicas=design.copies,
        timeout=CACHE_TIMEOUT,
        ejection=EJECTION if ejects else None,
        gutter=gutter,
        delete_backoff=_REPEAT if design.repeat_deletes else None,
    )


def _server(env: Environment, name: str) -> CacheServer:
    store = CacheStore(env, Lru(2 * PAGES), ttl=TTL, name=name)
    return CacheServer(env, Host(env, name), store, name=name)


def _origin(env: Environment, *, protected: bool) -> Endpoint:
    """The origin, where each page has a number that grows with each write of any."""
    host = Host(env, "origin", cores=CORES)
    work = env.sampler("origin/work", Exponential(WORK))
    versions: dict[Any, int] = {}
    last = 0

    def answer(instance: Instance, request: Request) -> Generator[Any, Any, int]:
        nonlocal last
        yield from instance.work(work())
        if request.operation == "write":
            last += 1
            versions[request.key] = last
        return versions.get(request.key, 0)

    # Without a limit it takes on whatever comes: its queue is as long as it gets.
    origin = Instance(env, host, answer, threads=100_000, name="origin")
    return ConcurrencyLimiter(env, origin, FixedLimit(LIMIT)) if protected else origin


# -- what is watched -----------------------------------------------------------------------------------------


class Judge:
    """What was asked of the origin and when, and which reads told less than was acknowledged before them."""

    def __init__(self, env: Environment) -> None:
        self.env = env
        self.acknowledged: dict[Any, int] = {}
        self._asked_at = array("d")
        self._read_at = array("d")
        self._is_stale = array("b")

    def asked(self) -> None:
        """Note that the origin is asked now."""
        self._asked_at.append(self.env.now)

    def read(self, *, is_stale: bool) -> None:
        """Note that a read is answered now."""
        self._read_at.append(self.env.now)
        self._is_stale.append(is_stale)

    def load(self, *, width: float, since: float, until: float) -> WindowedSeries:
        """Return how often the origin was asked per second, in windows of `width` s."""
        return windowed_rate(np.array(self._asked_at), width=width, since=since, until=until)

    def stale_reads(self) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return when reads were answered, and whether what they told was stale."""
        return np.array(self._read_at), np.array(self._is_stale, dtype=np.bool_)

    def stale(self, *, width: float, since: float, until: float) -> WindowedSeries:
        """Return the share of the reads answered that was stale, in windows of `width` s."""
        times, flags = self.stale_reads()
        return windowed_share(times, flags, width=width, since=since, until=until)


class Asked(Wrapper):
    """The way to the origin, where the judge counts."""

    def __init__(self, target: Endpoint, judge: Judge) -> None:
        super().__init__(target, name=target.name)
        self._judge = judge

    def call(self, request: Request) -> Call:
        """Count, and ask."""
        self._judge.asked()
        return self.target.call(request)


class Judged(Wrapper):
    """What users ask, judged: a read is stale if a newer value was acknowledged when it was asked for."""

    def __init__(self, target: Endpoint, judge: Judge) -> None:
        super().__init__(target, name=target.name)
        self._judge = judge

    def call(self, request: Request) -> Call:
        """Answer as the target does."""
        acknowledged, key = self._judge.acknowledged, request.key
        known = acknowledged.get(key, 0)
        response = yield from self.target.call(request)
        if request.operation == "read":
            self._judge.read(is_stale=response.value < known)
        else:
            acknowledged[key] = max(acknowledged.get(key, 0), response.value)
        return response
