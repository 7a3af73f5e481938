"""Where a cache stands: what it saves there, what it costs to keep it right, and what its readers see.

Twelve web servers in one region show what a database in another one has, 30 ms away (one way), through an
application beside it. They read 60 times a second, by a Zipf law over 1000 items, of which one is written
every other second. The database has two cores, and a read takes 20 ms of one. A cache with room for 200
items, which it keeps for 30 s, can stand

    client    in each web server's own process: nothing is nearer, but each learns everything for itself
    proxy     on one host in the web servers' region, which all of them ask: a hop of 2 ms
    server    on a host beside the application, which asks it first (cache-aside): a hop of 0.5 ms for that

or at several of these places, one behind the other. At the clients that is twelve times as much memory as at
another place. The further out a cache stands, the more it saves of the way, and the less it hears of writes.
Who writes does so at the application, which deletes the item from the server's cache itself; the other caches
do not know, unless the application `tells` each of them by a message.

What to see (the default sweep): without a cache a read takes 88 ms, of which 61 are spent on the way, and the
database is busy for 60 %. A cache in each web server answers 40 % of the reads, one that all share, at the
proxy or at the server, 60 %; with no more memory than that for all twelve together (17 items each) the
clients' answer 20 %. A read takes 50 ms with the clients' caches, 37 ms with the proxy's and 71 ms with the
server's, which saves the database's work, but not the way. Behind one cache that all share there is little
left for another: with all three the database has 36 % of the reads, with the proxy's alone 40 %. The server's
hears of each write, and nothing that it tells is old, as here no message overtakes another; for that a write
waits for the delete, 1 ms. Of what is read through the clients' caches 8.6 % is old, through the proxy's 9.4
%, through both 12.6 %, and was replaced 11, 10 and 15 s ago. With a message to each of them it is 0.03 % at
most, for as long as the message is under way; a write is then 1 message with the proxy's, 12 with the
clients' and 14 with all. It costs hits, too: what is written is asked for anew, and the database has 61 % of
the reads instead of 60 % with the clients'. With 48 web servers, which read as much together as 3, the
clients' caches leave 79 % of the reads to the database and not 43 %, and a write is 48 messages and not 3; at
the proxy's it is 40 % either way, and 1.

Left out: caches of different sizes (see `eviction`), caches that die (see `cache_failure`), the work of
sending a message and of taking one, messages that are lost, with what a subscriber can do about it
(`models.caching.invalidation`). Source: Newman, "Building Microservices" (2nd ed. 2021), "Where to Cache";
Nishtala et al., "Scaling Memcache at Facebook" (NSDI 2013), on invalidation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from math import nan
from typing import TYPE_CHECKING, Annotated, Literal, get_args

from pydantic import Field

from models import Endpoint, Host, Network
from models.caching.aside import CacheAside
from models.caching.eviction import Lru
from models.caching.invalidation import Invalidations
from models.caching.patterns import Cache
from models.caching.proxies import ReverseProxy
from models.caching.servers import CacheClient, CacheCluster, CacheServer
from models.caching.stores import CacheStore
from models.consistency import HistoryRecorder, staleness_of_reads
from models.infrastructure import Region, Zone
from models.network import LocalityLatencies
from models.observers import AnswerAges
from models.replication import SingleNodeStore, UniqueWrites
from models.services import Dependency, Instance, Work, in_sequence
from models.workload import OpenLoop, Operation, OperationMix, ZipfKeys, request_table
from simulator import Environment, RequestTable
from simulator.randomness import Constant

from ...design import Points
from ...misuse import Misuse
from ...parameters import Unit
from ...study import Measure, Run, study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...result import SweepResult

Placement = Literal[
    "none",
    "client",
    "proxy",
    "server",
    "client + proxy",
    "client + server",
    "proxy + server",
    "client + proxy + server",
]
"""At which places there is a cache."""

PLACEMENTS: tuple[Placement, ...] = get_args(Placement)
CLIENTS = (3, 12, 48)
ITEMS, EXPONENT, CAPACITY = 1_000, 0.9, 200
CAPACITY_APART = 17
"""The room of a client's cache where twelve have hardly more together than the proxy's alone."""

READ_RATE, WRITE_RATE = 60.0, 0.5
"""Reads per second of all clients together, and writes per second."""

WARM_UP, DURATION = 60.0, 180.0
_NEAR, _REGIONAL, _FAR = 0.0005, 0.002, 0.03
_APPLICATION_WORK, _PROXY_WORK, _CACHE_WORK, _DATABASE_WORK = 0.001, 0.0002, 0.00005, 0.02
_DATABASE_CORES = 2

MEASURES = {
    "latency_mean": Measure(description="mean time to the answer to a read", unit="s"),
    "latency_p99": Measure(description="99th percentile of the same", unit="s"),
    "write_latency": Measure(description="mean time to the answer to a write", unit="s"),
    "at_client": Measure(description="share of the reads answered by a web server's own cache"),
    "at_proxy": Measure(description="share of the reads answered by the proxy's"),
    "at_server": Measure(description="share of the reads answered by the cache beside the application"),
    "at_database": Measure(description="share of the reads that the database had to answer"),
    "database_busy": Measure(description="utilisation of the database's cores"),
    "far": Measure(description="reads that went to the other region", unit="1/s"),
    "age_mean": Measure(description="mean age of what readers are told", unit="s"),
    "stale": Measure(description="share of the reads that told what was replaced before they were sent"),
    "stale_time": Measure(description="how long ago that was, of those reads, on average", unit="s"),
    "messages": Measure(description="messages to caches for a write, a delete at the server's included"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CachePlacementRun:
    """A run that is over: the clients' `requests`, and the `ages` of what they were told."""

    requests: RequestTable
    ages: AnswerAges


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from ..figures.caching.cache_placement import figures_of_sweep

    return figures_of_sweep(result)


def places_of(placement: str) -> tuple[str, ...]:
    """Return the places of a placement."""
    return () if placement == "none" else tuple(placement.split(" + "))


def require_to_tell(*, placement: str, tells: bool, **_others: object) -> None:
    """Raise Misuse for messages to caches that there are not."""
    if tells and not {"client", "proxy"} & set(places_of(placement)):
        raise Misuse(f"tells must be false with no cache at a client or a proxy, got placement {placement}")


@study(
    name="cache_placement",
    question="What does a cache save at the client, at a proxy or at the server, and what does it cost?",
    measures=MEASURES,
    sweep=Points(
        [
            *({"placement": placement} for placement in PLACEMENTS),
            *(
                {"placement": placement, "tells": True}
                for placement in PLACEMENTS
                if placement not in ("none", "server")
            ),
            *(
                {"placement": placement, "tells": True, "clients": clients}
                for placement in ("client", "proxy")
                for clients in CLIENTS
                if clients != 12
            ),
            {"placement": "client", "capacity": CAPACITY_APART},
        ]
    ),
    replications=3,
    check=require_to_tell,
    figures_of_sweep=_figures_of_sweep,
)
def cache_placement(
    *,
    seed: int,
    placement: Annotated[Placement, Field(description="at which places there is a cache")] = "proxy",
    tells: Annotated[
        bool, Field(description="whether the application sends each cache elsewhere a message for a write")
    ] = False,
    clients: Annotated[int, Field(ge=1, le=200, description="web servers that read")] = 12,
    ttl: Annotated[
        float,
        Field(gt=0, le=3_600, allow_inf_nan=False, description="how long a cache keeps an item"),
        Unit("s"),
    ] = 30.0,
    capacity: Annotated[
        int, Field(ge=1, le=ITEMS, description="items that each cache has room for")
    ] = CAPACITY,
) -> Run:
    """Let web servers read, and editors write, with caches at some places."""
    env = Environment(seed=seed)
    shop = _Shop(env, places_of(placement), tells, clients, ttl, capacity)
    recorder, ages = HistoryRecorder(env, contents=shop.contents), AnswerAges(env)
    requests, writes = request_table(), request_table()
    for number, client in enumerate(shop.clients):
        watched = ages.around(recorder.around(client))
        _ask(env, watched, "read", READ_RATE / clients, requests, f"client {number}")
    _ask(env, UniqueWrites(recorder.around(shop.editor), count(1)), "write", WRITE_RATE, writes, "editor")
    env.run(until=WARM_UP)
    before = shop.counts()
    env.run(until=DURATION)
    now = shop.counts()
    reads = [each for each in staleness_of_reads(recorder.history()) if each.read.invoked_at >= WARM_UP]
    stale = [each.seconds for each in reads if each.seconds > 0.0]
    latency = requests.sample(WARM_UP, DURATION)
    measures = {
        "latency_mean": float(latency.latency.mean()),
        "latency_p99": float(latency.percentiles([99.0])[0]),
        "write_latency": float(writes.sample(WARM_UP, DURATION).latency.mean()),
        **_shares({name: now[name] - before[name] for name in now}),
        "age_mean": ages.summary(start=WARM_UP).age_mean,
        "stale": len(stale) / len(reads),
        "stale_time": sum(stale) / len(stale) if stale else nan,
        "messages": shop.messages_per_write(),
    }
    return Run(measures=measures, detail=CachePlacementRun(requests=requests, ages=ages))


def _ask(
    env: Environment, target: Endpoint, operation: str, rate: float, table: RequestTable, name: str
) -> None:
    keys = ZipfKeys(env, ITEMS, exponent=EXPONENT, name=f"{name}/items")
    mix = OperationMix(Operation(name=operation))
    OpenLoop(env, target, rate=rate, mix=mix, keys=keys, table=table, name=name)


def _shares(found: Mapping[str, float]) -> dict[str, float]:
    """Return where reads were answered, and what came of that, from the differences of counts."""
    reads = found["at_client"] + found["at_proxy"] + found["far"]
    to_database = found["far"] - found["at_server"]
    return {
        "at_client": found["at_client"] / reads,
        "at_proxy": found["at_proxy"] / reads,
        "at_server": found["at_server"] / reads,
        "at_database": to_database / reads,
        "database_busy": found["busy_time"] / (_DATABASE_CORES * (DURATION - WARM_UP)),
        "far": found["far"] / (DURATION - WARM_UP),
    }


# -- the system ---------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Shop:
    """Web servers and perhaps a proxy in one region, application, database and editors in the other."""

    env: Environment
    places: Sequence[str]
    tells: bool
    client_count: int
    ttl: float
    capacity: int
    clients: list[Endpoint] = field(init=False)
    editor: Endpoint = field(init=False)
    contents: dict[int, str] = field(init=False)
    _network: Network = field(init=False)
    _zones: dict[str, Zone] = field(init=False)
    _database_host: Host = field(init=False)
    _database: SingleNodeStore = field(init=False)
    _aside: CacheAside | None = None
    _at_server: CacheClient | None = None
    _application: Instance = field(init=False)
    _front: Endpoint = field(init=False)
    _invalidations: Invalidations | None = None
    _at_proxy: Cache | None = None
    _caches: list[Cache] = field(default_factory=list)

    def __post_init__(self) -> None:
        env = self.env
        there, here = Region("database's region"), Region("web servers' region")
        self._zones = {
            "back": Zone("back", there),
            "web servers": Zone("web servers", here),
            "proxy": Zone("proxy", here),
        }
        latencies = LocalityLatencies(
            same_zone=Constant(_NEAR), same_region=Constant(_REGIONAL), other_region=Constant(_FAR)
        )
        self._network = Network(env, latencies=latencies)
        self.contents = {item: f"{item} as it was" for item in range(ITEMS)}
        self._build_back()
        self.editor = self._network.connect(self._host("editor", "back"), self._front)
        behind = self._front
        if "proxy" in self.places:
            host = self._host("proxy", "proxy")
            self._at_proxy = self._cached(self._network.connect(host, behind), "proxy")
            behind = ReverseProxy(env, self._at_proxy, request_work=_PROXY_WORK, name="proxy")
        self.clients = [self._client(number, behind) for number in range(self.client_count)]

    def _host(self, name: str, zone: str, cores: int = 4) -> Host:
        return Host(self.env, name, zone=self._zones[zone], cores=cores)

    def _build_back(self) -> None:
        env, network = self.env, self._network
        self._database_host = self._host("database", "back", _DATABASE_CORES)
        self._database = SingleNodeStore(
            env,
            network,
            self._database_host,
            contents=self.contents,
            request_work=_DATABASE_WORK,
            name="database",
            threads=100_000,
        )
        host = self._host("application", "back")
        data: Endpoint = self._database.client(host)
        if "server" in self.places:
            store = CacheStore(env, Lru(self.capacity), ttl=self.ttl, name="server")
            server = CacheServer(
                env, self._host("cache", "back"), store, request_work=_CACHE_WORK, name="cache"
            )
            self._at_server = CacheCluster(env, network, [server]).client(host)
            data = self._aside = CacheAside(env, data, self._at_server)
        step = in_sequence(Work(_APPLICATION_WORK), Dependency(data, name="data"))
        self._front = self._application = Instance(env, host, step, threads=100_000, name="application")
        if self.tells:
            self._front = self._invalidations = Invalidations(env, network, self._application)

    def _client(self, number: int, behind: Endpoint) -> Endpoint:
        host = self._host(f"web server {number}", "web servers")
        way = self._network.connect(host, behind)
        return self._cached(way, host.name) if "client" in self.places else way

    def _cached(self, way: Endpoint, name: str) -> Cache:
        cache = Cache(
            self.env, way, CacheStore(self.env, Lru(self.capacity), ttl=self.ttl, name=name), name=name
        )
        self._caches.append(cache)
        if self._invalidations is not None:
            self._invalidations.subscribe(cache)
        return cache

    def counts(self) -> dict[str, float]:
        """Return how many reads were answered where so far, and how long the database's cores have worked.

        Those that the database answered have come far, as those that the server's cache has.
        """
        at_proxy = 0 if self._at_proxy is None else self._at_proxy.statistics().hit_count
        hits = sum(cache.statistics().hit_count for cache in self._caches)
        writes = self._database.statistics().appended_count
        return {
            "at_client": hits - at_proxy,
            "at_proxy": at_proxy,
            "at_server": 0 if self._aside is None else self._aside.statistics().hit_count,
            "far": self._application.statistics().call_count - writes,
            "busy_time": self._database_host.statistics().busy_time,
        }

    def messages_per_write(self) -> float:
        """Return how many caches are told of a write, by whoever tells them."""
        messages = 0 if self._at_server is None else self._at_server.statistics().delete_count
        if self._invalidations is not None:
            messages += self._invalidations.statistics().message_count
        return messages / self._database.statistics().appended_count
