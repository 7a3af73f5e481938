"""Stampede: what comes to the origin when a cache is empty, or when what everybody asks for has expired.

Users ask a cache for 400 things, by a Zipf law, and the cache asks an origin of ten cores, which needs 100 ms
of a core for each: 100 answers a second. What is kept lives for 20 s. With the cache full the origin has a
fifth of what it can do, and users come four times as often as it alone could answer. Then, at 20 s:

    cold start    the cache is flushed, and everything is a miss
    hot key       a thing that half of the users ask for, and that takes 800 ms of a core, expires for the
                  first time, and every 20 s from then on
    one batch     all that is in the cache expires at once, since a batch job had filled it at once

Each user waits for one second, and does not ask again. The cache waits up to 5 s for the origin, where up to
300 requests wait their turn: longer than any user. What is done about it:

    none                     each read that misses asks the origin, for as long as its user waits
    jitter                   lives differ, between half of that time and all of it
    early expiry             a read may take an entry for expired that is not yet (XFetch, beta 1)
    refresh ahead            a read in the last fifth of a life has the entry loaded in the background
    coalescing               all reads that miss a key are one question, which goes on when they have gone
    stale while revalidate   what has expired is given for 20 s more, and loaded; without it, coalescing
    hidden origin            a read never asks: it fails at once, or gets what has expired, and ten loads at
                             a time fill the cache

Why it does not come back by itself: when more is asked than the origin can answer, answers come after their
users have left. Nobody keeps them, so nothing gets into the cache, and everything is a miss again. It is a
metastable failure (see `metastable`), whose circle goes through the cache: the load that keeps the origin
down is one that it had never had before, and that a fifth of its cores can carry once the cache is full.

What to see (the default sweep): with nothing done a cold start is the end. The origin is asked for 4.4 times
what it can answer; 55 % of the requests are answered in the first 20 s, by the few entries that came in the
first second, and none when these have expired; 98 % of what it answers is kept by nobody. Where users come
twice as often as it could answer it survives, at three times in one run of three. Coalescing makes that 1.8
times, and users are served after 1 s; a hidden origin 1.1 times, and after 5 s, as it turns away 6.9 % of the
first 20 s. Jitter and early expiry are for entries that there are, and do not help. Nor does refresh ahead
bring the origin back, but it keeps alive what has come: at the end 49 % are answered, and the origin is asked
for 2.1 times what it can answer. A hot key that expires has the same end as a cold start, with jitter too.
With early expiry 99 % wait for 0.15 s at most, with refresh ahead 0.04 s, with coalescing 0.44 s; where it is
given stale nobody waits, and 6.4 % of the answers are stale. What one batch has filled needs jitter (0.5
times), refresh ahead, or one of the last three; early expiry is too late, as single keys are not asked for
often enough. Coalescing is not enough by itself: at eight times what the origin can answer it stays down if
loads end after 1 s, as the queue is longer, and is back in 3 s if they may take 5 s.

Leaves out: caches on many hosts, that miss one after the other; users who ask again (`retries`); an origin
that sheds what nobody waits for (`shedding`, `deadlines`), which ends the circle at its other end.
Sources: Nishtala et al., "Scaling Memcache at Facebook" (NSDI 2013); Vattani, Chierichetti, Lowenstein,
"Optimal Probabilistic Cache Stampede Prevention" (PVLDB 2015); Huang et al., "Metastable Failures in the
Wild" (OSDI 2022), on caches; Newman, "Building Microservices" (2015), chapter 11, "Hiding the Origin".
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from pydantic import Field

from models import Call, Endpoint, Host, Network, Request, Response, Wrapper
from models.caching.eviction import Lru
from models.caching.patterns import (
    Cache,
    CacheStatistics,
    Coalescing,
    EarlyExpiry,
    HiddenOrigin,
    LoadOnMiss,
    MissRule,
    RefreshAhead,
    RenewalRule,
    StaleWhileRevalidate,
)
from models.caching.stores import CacheStore
from models.resilience import Timeout
from models.services import Instance
from models.workload import OpenLoop, ZipfKeys
from simulator import Environment, RequestTable
from simulator.measurement import WindowedSeries, windowed_rate
from simulator.randomness import Exponential, Uniform

from ...design import Points
from ...parameters import Unit
from ...recovery import time_to_recover
from ...study import Measure, Run, study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...result import SweepResult

Scene = Literal["cold start", "hot key", "one batch"]
SCENES: tuple[Scene, ...] = get_args(Scene)

Remedy = Literal[
    "none",
    "jitter",
    "early expiry",
    "refresh ahead",
    "coalescing",
    "stale while revalidate",
    "hidden origin",
]
REMEDIES: tuple[Remedy, ...] = get_args(Remedy)

CORES, WORK, HOT_WORK = 10, 0.1, 0.8
CAPACITY = CORES / WORK
"""Questions per second that the origin can answer."""

KEYS, EXPONENT, TTL = 400, 0.8, 20.0
HOT, HOT_SHARE = "hot", 0.5
PATIENCE = 1.0
QUEUE = 300
"""Requests that wait at the origin, at most: three seconds of work."""

TROUBLE_AT, END = 20.0, 75.0
FIRST, LAST = 20.0, 15.0
"""Seconds from the trouble on, and before the end, that are looked at."""

_JITTER, _FACTOR = 0.5, 0.8
_ENDING = 10.0  # by then every request has an end, and every load
_WINDOW = 1.0
_STALE_TIME = {"stale while revalidate": TTL, "hidden origin": TTL}
_ON_MISS: Mapping[str, MissRule] = {
    "coalescing": Coalescing(),
    "stale while revalidate": StaleWhileRevalidate(loading=Coalescing()),
    "hidden origin": HiddenOrigin(concurrency=CORES),
}
_RENEWAL: Mapping[str, RenewalRule] = {
    "early expiry": EarlyExpiry(),
    "refresh ahead": RefreshAhead(_FACTOR),
}

MEASURES = {
    "answered_first": Measure(description="share answered of the requests sent in the first 20 s of it"),
    "answered_after": Measure(description="share answered of the requests sent in the last 15 s"),
    "recover_time": Measure(description="from when it begins until users are served; inf: never", unit="s"),
    "p99": Measure(
        description="99th percentile of the time to an answer or an error, in the first 20 s of it", unit="s"
    ),
    "origin_peak": Measure(description="most questions to the origin in a second, over what it can answer"),
    "origin_after": Measure(description="questions to the origin in the last 15 s, over what it can answer"),
    "useless": Measure(description="share of the origin's answers from then on that were not kept"),
    "hit_ratio_after": Measure(description="share of the reads in the last 15 s that found a fresh entry"),
    "stale": Measure(description="share of the answers from then on that had expired"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StampedeRun:
    """A run that is over: the users' `requests`, and when the origin was asked (s)."""

    requests: RequestTable
    question_times: tuple[float, ...]

    def answered(self, width: float) -> WindowedSeries:
        """Requests answered per second, by when, in windows of `width` s."""
        sample = self.requests.sample()
        return windowed_rate(sample.end[sample.succeeded], width=width, until=END)

    def questions(self, width: float) -> WindowedSeries:
        """Questions to the origin per second, in windows of `width` s."""
        return windowed_rate(self.question_times, width=width, until=END)


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from ..figures.caching.stampede import figures_of_sweep

    return figures_of_sweep(result)


def _figures_of_run(run: Run) -> "Mapping[str, Figure]":
    from ..figures.caching.stampede import figures_of_run

    return figures_of_run(run)


LOADS = (2.0, 3.0, 4.0, 8.0)
"""At which a cold start is tried; the origin's timeouts that are tried with it follow."""

BY_LOAD: Mapping[str, Mapping[str, Any]] = {
    "none": {"remedy": "none"},
    "coalescing, loads end after 1 s": {"remedy": "coalescing", "origin_timeout": 1.0},
    "coalescing, after 5 s": {"remedy": "coalescing"},
    "hidden origin": {"remedy": "hidden origin"},
}


@study(
    name="stampede",
    question="What comes to the origin when the cache is empty, and does it survive that?",
    measures=MEASURES,
    sweep=Points(
        [
            *({"scene": scene, "remedy": remedy} for scene in SCENES for remedy in REMEDIES),
            *(
                {**remedy, "load": load}
                for remedy in BY_LOAD.values()
                for load in LOADS
                if load != 4.0 or "origin_timeout" in remedy  # else it is there already
            ),
        ]
    ),
    replications=3,
    figures_of_run=_figures_of_run,
    figures_of_sweep=_figures_of_sweep,
)
def stampede(
    *,
    seed: int,
    scene: Annotated[Scene, Field(description="what happens to the cache at 20 s")] = "cold start",
    remedy: Annotated[Remedy, Field(description="what is done about it, before it happens")] = "none",
    load: Annotated[
        float, Field(gt=0, le=20, description="requests of users, over what the origin can answer")
    ] = 4.0,
    origin_timeout: Annotated[
        float, Field(gt=0, le=60, description="how long the cache waits for the origin"), Unit("s")
    ] = 5.0,
) -> Run:
    """Let users come to a cache, take away what it has, and look at the origin and at them."""
    system = _System(seed, scene=scene, remedy=remedy, load=load, origin_timeout=origin_timeout)
    env, cache, table = system.env, system.cache, system.users.table
    env.run(until=TROUBLE_AT)
    answered, at_first = system.origin.statistics().completed_count, cache.statistics()
    env.run(until=END - LAST)
    before_last = cache.statistics()
    env.run(until=END)
    at_last = cache.statistics()
    env.run(until=END + _ENDING)
    answered = system.origin.statistics().completed_count - answered
    kept = cache.statistics().kept_count - at_first.kept_count
    first = table.sample(TROUBLE_AT, TROUBLE_AT + FIRST, by="start")
    shares = table.sample(TROUBLE_AT, END, by="start").counts()
    detail = StampedeRun(requests=table, question_times=tuple(system.asked.times))
    questions = detail.questions(_WINDOW).values
    measures = {
        "answered_first": first.availability(),
        "answered_after": table.sample(END - LAST, END, by="start").availability(),
        "recover_time": time_to_recover(table, healed_at=TROUBLE_AT, until=END, healthy=1.0, width=_WINDOW),
        "p99": float(first.percentiles([99.0])[0]),
        "origin_peak": float(questions.max()) / CAPACITY,
        "origin_after": float(questions[-int(LAST) :].mean()) / CAPACITY,
        "useless": max(0.0, 1.0 - kept / answered),
        "hit_ratio_after": _hit_ratio(before_last, at_last),
        "stale": shares["degraded"] / (shares["ok"] + shares["degraded"]),
    }
    return Run(measures=measures, detail=detail)


def _hit_ratio(then: CacheStatistics, now: CacheStatistics) -> float:
    hits, misses = now.hit_count - then.hit_count, now.miss_count - then.miss_count
    return hits / (hits + misses)


class _System:
    """Users, a cache that is full, and the origin behind it; what is to happen is planned."""

    def __init__(self, seed: int, *, scene: str, remedy: str, load: float, origin_timeout: float) -> None:
        self.env = env = Environment(seed=seed)
        host = Host(env, "origin", cores=CORES)
        self.origin = Instance(env, host, _answering(env), threads=CORES, queue_size_max=QUEUE, name="origin")
        self.asked = _Asked(env, self.origin)
        connection = Network(env).connect(Host(env, "web"), self.asked)
        store = CacheStore(
            env,
            Lru(KEYS + 1),
            ttl=TTL,
            ttl_jitter=_JITTER if remedy == "jitter" else 0.0,
            stale_time=_STALE_TIME.get(remedy, 0.0),
        )
        self.cache = Cache(
            env,
            Timeout(env, connection, origin_timeout),
            store,
            on_miss=_ON_MISS.get(remedy, LoadOnMiss()),
            renewal=_RENEWAL.get(remedy),
        )
        _fill(env, store, scene)
        if scene == "cold start":
            env.call_later(TROUBLE_AT, self.cache.invalidate_all)
        self.users = OpenLoop(
            env,
            Timeout(env, self.cache, PATIENCE),
            rate=load * CAPACITY,
            keys=_keys(env, scene),
            until=END,
            name="users",
        )


def _answering(env: Environment) -> Callable[[Instance, Request], Generator[Any, Any, Response]]:
    draw = env.sampler("work", Exponential(WORK))

    def answer(instance: Instance, request: Request) -> Generator[Any, Any, Response]:
        yield from instance.work(HOT_WORK if request.key == HOT else draw())
        return Response(request.key)

    return answer


def _fill(env: Environment, store: CacheStore, scene: str) -> None:
    """Fill the cache: by one batch, or so that entries have as long to live as in the middle of a day."""
    draw = env.sampler("left to live", Uniform(0.0, TTL))
    for key in range(KEYS):
        left = draw()
        store.set(key, Response(key, as_of=0.0), ttl=TTL if scene == "one batch" else left, load_time=WORK)
    if scene == "hot key":
        store.set(HOT, Response(HOT, as_of=0.0), load_time=HOT_WORK)


def _keys(env: Environment, scene: str) -> Callable[[], Any]:
    """Return what users ask for."""
    popular = ZipfKeys(env, KEYS, exponent=EXPONENT, name="keys")
    if scene != "hot key":
        return popular
    uniform = env.sampler("hot", Uniform(0.0, 1.0))
    return lambda: HOT if uniform() < HOT_SHARE else popular()


class _Asked(Wrapper):
    """An observer: when the origin is asked."""

    def __init__(self, env: Environment, target: Endpoint) -> None:
        super().__init__(target, name=target.name)
        self._env = env
        self.times: list[float] = []

    def call(self, request: Request) -> Call:
        self.times.append(self._env.now)
        return self.target.call(request)
