"""What a plan is built into: hosts, an origin whose history is known, caches, users who note all."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from math import inf
from random import Random
from typing import Any

from models import CallFailed, Endpoint, Host, Network, Request, Response, ServerError
from models.caching.aside import CacheAside, Leasing
from models.caching.eviction import POLICIES
from models.caching.invalidation import Invalidations
from models.caching.patterns import Cache
from models.caching.patterns.write_behind import WriteBehindQueue
from models.caching.proxies import Cdn, ReverseProxy
from models.caching.servers import CacheCluster, CacheServer, Ejection
from models.caching.stores import CacheStore
from models.endpoint import Call, Wrapper
from models.network.rules import PacketLoss
from models.replication import SingleNodeStore
from models.resilience import ConstantBackoff, Retry, Timeout
from models.services import Instance
from models.storage import Disk
from simulator import Environment
from simulator.randomness import Uniform

from .plans import HEARTBEAT, KEYS, LOAD_END, PATIENCE, TICK, CachePlan, FaultPlan, Plan
from .rules import miss_rule, renewal, write_rule

READS = ("read",)


@dataclass(slots=True)
class Asked:
    """What a user has asked of a chain and was told: a response, the name of a failure, or nothing yet."""

    chain: int
    user: str
    request: Request
    begun_at: float
    ended_at: float = inf
    response: Response | None = None
    failure: str = ""

    @property
    def is_read(self) -> bool:
        return self.request.operation == "read"


class Timed(Wrapper):
    """Notes how long an answer has taken at most."""

    def __init__(self, env: Environment, target: Endpoint) -> None:
        super().__init__(target, name="timed")
        self.env = env
        self.longest = 0.0

    def call(self, request: Request) -> Call:
        start = self.env.now
        response = yield from self.target.call(request)
        self.longest = max(self.longest, self.env.now - start)
        return response


@dataclass(slots=True, eq=False)
class WriteBehindSeen:
    """A cache that is written behind, and when it has acknowledged which values of which keys."""

    cache: Cache
    accepted: list[tuple[float, Any, Any]] = field(default_factory=list)


class World:
    """A plan in motion; `run()` runs it, and the rest is for the laws."""

    def __init__(self, plan: Plan, *, trace: bool = False) -> None:
        self.plan = plan
        self.env = env = Environment(seed=plan.seed, trace=trace)
        self.random = Random(plan.seed + 1)
        latencies = TICK if plan.ties else Uniform(plan.latency / 4, plan.latency)
        self.network = Network(env, latencies=latencies)
        self.hosts: list[Host] = []
        self.webs: list[Host] = []
        self.processes: list[Instance] = []
        self.caches: list[Cache] = []
        self.asides: list[CacheAside] = []
        self.servers: list[CacheServer] = []
        self.parts: list[Any] = []
        self.behind: list[WriteBehindSeen] = []
        self.timed: list[list[Timed]] = []
        self.at_caches: list[list[Asked]] = []
        self.starts: list[list[float]] = []  # when the process of each cache has started again
        self.asked: list[Asked] = []
        self.history: dict[str, list[tuple[float, Any]]] = {key: [(0.0, None)] for key in KEYS}
        self.values: dict[str, Any] = {}
        self.fails = self.stalls = 0
        self.value = 0
        self.invalidations: Invalidations | None = None
        self.listeners: list[Any] = []
        self._count = 0
        origin = self._origin()
        self.at_origin_timed: list[Timed] = []
        if plan.at_origin is not None:
            timed = Timed(env, origin)
            self.at_origin_timed.append(timed)
            origin = self._cache(plan.at_origin, timed)
        self.invalidations = origin = Invalidations(env, self.network, origin, heartbeat=HEARTBEAT)
        for number, chain in enumerate(plan.chains):
            self._build_chain(number, chain, origin)
        for fault in plan.faults:
            self._plan_fault(fault)

    def _time(self, time: float) -> float:
        """Return about that time: at least a tick, and so many of them, if there are to be ties."""
        return max(1, round(time / TICK)) * TICK if self.plan.ties else time

    # -- building -------------------------------------------------------------------------------------------

    def host(self, name: str) -> Host:
        host = Host(self.env, name)
        self.hosts.append(host)
        return host

    def name(self, what: str) -> str:
        self._count += 1
        return f"{what} {self._count}"

    def _origin(self) -> Endpoint:
        host = self.host("origin")
        if self.plan.origin == "store":
            disk = Disk(host, sync_time=self._time(0.002))
            self.store = SingleNodeStore(
                self.env, self.network, host, disk=disk, request_work=self._time(0.001)
            )
            self.processes.append(self.store.node)
            return self.store.node
        instance = Instance(self.env, host, self._handle, threads=20, name="origin")
        self.processes.append(instance)
        return instance

    def _handle(self, instance: Instance, request: Request) -> Generator[Any, Any, Any]:
        if self.fails and self.random.random() < 0.5:
            raise ServerError("before")
        yield from instance.work(self._time(0.001))
        if self.stalls:
            yield 0.5
        value = self.values.get(request.key)
        if request.operation not in READS:
            self.values[request.key] = request.value
        yield self._time(0.002)
        if self.fails and self.random.random() < 0.5:
            raise ServerError("after")
        return Response(value if request.operation in READS else None, size_bytes=100)

    def _build_chain(self, number: int, chain: tuple[CachePlan, ...], origin: Endpoint) -> None:
        way: Endpoint = origin
        timed: list[Timed] = list(self.at_origin_timed)
        client: Any = None  # of a CDN: host -> endpoint
        web = self.host(f"web {number}")
        self.webs.append(web)
        for cache in chain:
            place = web if cache.place in ("here", "aside") else self.host(self.name(cache.place))
            if cache.place == "cdn":
                way, client = self._cdn(cache, way, client, timed)
                continue
            inner = self._timed(self._way(cache, place, way, client), timed)
            client = None
            if cache.place == "aside":
                way = self._aside(cache, inner, web)
            else:
                way = self._cache(cache, inner)
            if cache.place == "proxy":
                made = self.caches[-1]
                proxy = ReverseProxy(
                    self.env,
                    made,
                    request_work=self._time(0.0),
                    threads=20,
                    queue_size_max=20,
                    name=self.name("proxy"),
                )
                self.processes.append(proxy)
                way = proxy
        last = Timeout(self.env, self._way_from(web, way, client), 2.0)
        self.timed.append(timed)
        for user in range(self.plan.users):
            generator = self._use(number, f"{number}/{user}", last)
            if user % 2:
                self.env.process(generator, "user")
            else:
                web.start(generator, "user")

    def _timed(self, target: Endpoint, timed: list[Timed]) -> Endpoint:
        made = Timed(self.env, target)
        timed.append(made)
        return made

    def _way_from(self, host: Host, way: Endpoint, client: Any) -> Endpoint:
        if client is not None:
            endpoint: Endpoint = client(host)
            return endpoint
        if way.host is host:
            return way
        return self.network.connect(host, way)

    def _way(self, cache: CachePlan, host: Host, way: Endpoint, client: Any) -> Endpoint:
        way = self._way_from(host, way, client)
        way = Timeout(self.env, way, cache.timeout)
        if cache.attempts > 1:
            way = Retry(
                self.env, way, cache.attempts, backoff=ConstantBackoff(delay=0.05), name=self.name("retry")
            )
        return way

    def _cdn(self, cache: CachePlan, way: Endpoint, client: Any, timed: list[Timed]) -> tuple[Any, Any]:
        if client is not None:  # edges ask one proxy of what is behind
            hop = self.host(self.name("hop"))
            way = Instance(
                self.env, hop, self._pass(Timeout(self.env, client(hop), 2.0)), name=self.name("hop")
            )

        def make(connection: Endpoint) -> Cache:
            inner = Timeout(self.env, connection, cache.timeout)
            self._cache(cache, self._timed(inner, timed))
            return self.caches[-1]

        edges = [self.host(self.name("edge")) for _ in range(2)]
        shield = self.host(self.name("shield")) if cache.shield else None
        cdn = Cdn(
            self.env, self.network, way, edges, make, shield=shield, convergence=0.1, name=self.name("cdn")
        )
        self.processes.extend(cdn.proxies)
        return cdn, cdn.client

    @staticmethod
    def _pass(target: Endpoint) -> Any:
        def handle(instance: Instance, request: Request) -> Call:
            return (yield from target.call(request))

        return handle

    def _aside(self, cache: CachePlan, inner: Endpoint, web: Host) -> Endpoint:
        servers = []
        for _ in range(2):
            name = self.name("server")
            host = self.host(name)
            server = CacheServer(
                self.env,
                host,
                self._store(cache, name),
                request_work=self._time(0.0),
                lease_time=1.0,
                stale_time=cache.stale_time,
                name=name,
            )
            self.servers.append(server)
            self.processes.append(server)
            servers.append(server)
            if cache.listens and self.invalidations is not None:
                self.listeners.append(self.invalidations.subscribe(server, patience=PATIENCE))
        cluster = CacheCluster(
            self.env,
            self.network,
            servers,
            replicas=cache.replicas,
            timeout=0.1,
            ejection=Ejection(retry_time=0.5) if cache.ejects else None,
            delete_backoff=ConstantBackoff(delay=0.3) if cache.attempts > 1 else None,
            name=self.name("cluster"),
        )
        leasing = Leasing(takes_stale=cache.stale_time > 0.0) if cache.leases else None
        made = CacheAside(
            self.env,
            inner,
            cluster.client(web),
            leasing=leasing,
            on_write="set" if cache.writes == "through" else "delete",
            name=self.name("aside"),
        )
        self.asides.append(made)
        return made

    def _store(self, cache: CachePlan, name: str) -> CacheStore:
        draw = self.env.sampler(f"{name}/eviction", Uniform(0.0, 1.0))
        return CacheStore(
            self.env,
            POLICIES[cache.policy](cache.capacity, draw),
            ttl=cache.ttl,
            negative_ttl=cache.negative_ttl,
            ttl_jitter=cache.jitter,
            by_age=cache.by_age,
            slides=cache.slides,
            stale_time=cache.stale_time,
            name=name,
        )

    def _cache(self, cache: CachePlan, inner: Endpoint) -> Endpoint:
        name = self.name("cache")
        made = Cache(
            self.env,
            inner,
            self._store(cache, name),
            on_miss=miss_rule(cache),
            renewal=renewal(cache),
            writes=write_rule(cache),
            name=name,
        )
        self.caches.append(made)
        self._note_calls(made)
        starts: list[float] = []
        self.starts.append(starts)
        made.on_restart(lambda: starts.append(self.env.now))
        if cache.listens and self.invalidations is not None:
            self.listeners.append(self.invalidations.subscribe(made, patience=PATIENCE))
        if cache.writes == "behind":
            seen = WriteBehindSeen(made)
            self.behind.append(seen)
            self._note_accepted(seen)
        return made

    def _note_accepted(self, seen: WriteBehindSeen) -> None:
        answer = seen.cache._answer_write

        def noting(request: Request) -> Call:
            response = yield from answer(request)
            if request.operation in ("write", "delete"):
                value = request.value if request.operation == "write" else None
                seen.accepted.append((self.env.now, request.key, value))
            return response

        seen.cache._answer_write = noting

    def _note_calls(self, cache: Cache) -> None:
        """Note what is asked of a cache, wherever it stands, and what it answers."""
        notes: list[Asked] = []
        self.at_caches.append(notes)
        answer = cache.call

        def noting(request: Request) -> Call:
            asked = Asked(0, cache.name, request, self.env.now)
            notes.append(asked)
            try:
                asked.response = yield from answer(request)
            finally:
                asked.ended_at = self.env.now
            return asked.response

        cache.call = noting  # type: ignore[method-assign]

    # -- faults ---------------------------------------------------------------------------------------------

    def _plan_fault(self, fault: FaultPlan) -> None:
        env = self.env
        begin, end = self._fault(fault)
        env.call_later(self._time(fault.start), begin)
        env.call_later(self._time(fault.end), end)

    def _fault(self, fault: FaultPlan) -> tuple[Any, Any]:
        host = self.hosts[int(fault.where * len(self.hosts))]
        process = self.processes[int(fault.where * len(self.processes))]
        others = [each for each in self.hosts if each is not host]
        other = others[int(fault.other * len(others))]
        if fault.kind == "crash":
            return lambda: host.hold_down(fault), lambda: host.let_up(fault)
        if fault.kind == "process":
            at: Any = process.host
            return lambda: at.hold_process_down(process, fault), lambda: at.let_process_up(process, fault)
        if fault.kind == "slow":
            return lambda: host.slow_down(fault, 0.02), lambda: host.recover(fault)
        if fault.kind == "stop":
            grace = 10 * (fault.end - fault.start)
            return lambda: process.is_stopping or process.stop(grace=grace), lambda: None
        if fault.kind == "purge":
            return self._purge, self._purge
        if fault.kind in ("fails", "stalls"):
            name = fault.kind
            return (
                lambda: setattr(self, name, getattr(self, name) + 1),
                lambda: setattr(self, name, getattr(self, name) - 1),
            )
        rules: list[Any] = []

        def begin() -> None:
            if fault.kind == "loss":
                rule: Any = PacketLoss(self.env, host, others, 0.4, name=f"loss {fault.where}")
                self.network.install(rule)
            else:
                rule = self.network.partition(host, other, one_way=fault.kind == "one way")
            rules.append(rule)

        return begin, lambda: self.network.heal(rules[0])

    def _purge(self) -> None:
        for cache in self.caches:
            if cache.is_up:
                cache.invalidate_all()

    # -- users ----------------------------------------------------------------------------------------------

    def _use(self, chain: int, user: str, way: Endpoint) -> Generator[Any, Any, None]:
        env = self.env
        random = Random(f"{self.plan.seed} {user}")
        while env.now < LOAD_END:
            yield self._time(random.uniform(0.0, 2 * self.plan.pause))
            key = random.choice(KEYS)
            request = Request("read", key)
            if random.random() < self.plan.write_share:
                self.value += 1
                request = Request("write", key, self.value)
                if random.random() < 0.1:
                    request = Request("delete", key)
            asked = Asked(chain, user, request, env.now)
            self.asked.append(asked)
            try:
                with env.fail_after(0.02 if random.random() < self.plan.hasty_share else 10.0):
                    asked.response = yield from way.call(request)
            except CallFailed as failure:
                asked.failure = type(failure).__name__
            asked.ended_at = env.now

    def may_have_died(self, user: str) -> bool:
        """Whether a user, if he is one that runs on the host of his chain, may have died with that."""
        chain, number = map(int, user.split("/"))
        return number % 2 == 0 and self.webs[chain].crash_count > 0

    # -- running --------------------------------------------------------------------------------------------

    def run(self, until: float) -> None:
        """Run, and note each change of what the origin would tell."""
        env, history = self.env, self.history
        while env.peek() < until:
            env.step()
            told = self._told_by_origin()
            if told is None:
                continue
            for key in KEYS:
                value = told.get(key)
                if value != history[key][-1][1]:
                    history[key].append((env.now, value))
        env.run(until=until)

    def _told_by_origin(self) -> dict[str, Any] | None:
        if self.plan.origin == "function":
            return self.values
        node = self.store.node
        if not node.is_awake:
            return None
        table = node.stored.table
        return {key: table.value(key) for key in KEYS}

    def change(self, key: str, value: Any, start: float, end: float) -> int | None:
        """Which change has given the origin `value` between two times, `None` if none has.

        A deletion has no name by which to know it again.
        """
        if value is None:
            return None
        for number, (at, what) in enumerate(self.history[key]):
            if what == value and start <= at <= end:
                return number
        return None

    def was_since(self, key: str, value: Any, change: int, end: float) -> bool:
        """Whether the origin had `value` from the change of that number on, until `end`."""
        return any(what == value and at <= end for at, what in self.history[key][change:])

    def was(self, key: str, value: Any, start: float, end: float) -> bool:
        """Whether the origin had `value` at some instant from `start` to `end`."""
        changes = self.history[key]
        for number, (since, what) in enumerate(changes):
            until = changes[number + 1][0] if number + 1 < len(changes) else inf
            if what == value and since <= end and until >= start:
                return True
        return False


def queue_of(seen: WriteBehindSeen) -> WriteBehindQueue:
    """Return the queue of a cache that is written behind."""
    return WriteBehindQueue.of(seen.cache)
