"""Too many caches: ages add up from one to the next, and a purge that misses one is undone by it.

Readers keep pages in caches of their own; six at a time stand behind one of four proxies, and all proxies ask
one cache at the server, which asks the origin. Each of these keeps what it was told for the time to live, and
none knows of the others. Two pages are read by everybody once a second on average, and each is written once a
minute.

What a cache is told by the next one is old already: as old as that has had it. So ages add up, one time to
live for each cache in the worst case. On average a cache adds the share of its questions that it answers by
itself, times how long it has had the answer then. Where questions come at random, l a second, with a time to
live T, that is l T/(1 + l T) and T/2. Readers' questions do. Those of caches do not: each is silent for as
long as it keeps what it was told, which is as long as the one that it has asked keeps it. So it asks that at
most once in a life, and next time at nearly the same point of it, a little earlier or later. Who has wandered
past the end finds nothing, fills that cache himself, and begins anew at its beginning. There askers are found
most often, and so what they find is younger than T/2, though hardly fewer find it. With two readers behind
one cache it is T/3 where they ask without end; `gameday validate --only caching` has the exact number.

HTTP has the field Age against it: a cache says how old its answer is, the next one counts from there, and the
whole chain is no older than one time to live. A page then expires everywhere at once, and the chain is as one
cache that all readers ask. It is paid with questions: what comes old from one cache expires early in the
next, and those who miss it together ask for it together.

It takes several askers for ages to add up. A chain of caches with a single reader at its end expires all at
once, as it was filled, and is no older than one cache.

A purge takes a page out of a cache. Who misses it there asks the next cache, and if that still has the old
page, takes it back for another time to live. So what counts is the order: from the origin outwards.

What to see (the default sweep): readers' caches alone tell what is 4.5 s old on average and at most 10 s;
with the proxies' 7.9 and 20 s, with the server's 10.5 and 28 s, at a time to live of 10 s each. (If caches,
too, asked at random, it would be 4.5, 8.8 and 12.6 s on average.) Where each counts the age that came along
it is 4.5, 4.9 and 5.0 s, as theory has it, and never more than 10 s, for which all caches together ask 6.0
questions a second instead of 5.4, and the origin gets 0.25 instead of 0.19. After a write its page is told as
it was for 16.6 s, if no cache is told. A purge of the proxies does not help (17.4 s), since the server's
cache still has the old page; one of the proxies and a second later of the server little (16.1 s), since by
then some have taken it back. The server's first and then the proxies' leaves what the readers have (9.7 s, at
worst 10.8 s), and readers that are told last end it when they are: after 1.9 s. To purge the server alone is
as good as not to have that cache (14.2 s).

Left out: browsers that ask again when a page is loaded anew, validation (see `http_caching`), messages that
are lost (see `models.caching.invalidation`). Source: RFC 9111, sections 4.2.3 and 5.1 (Age); Jung, Berger,
Balakrishnan, "Modeling TTL-based Internet Caches" (INFOCOM 2003), for questions at random; Cohen and Kaplan,
"Aging Through Cascaded Caches" (SIGCOMM 2001), on what Age costs; Fastly's documentation, "Purging", on a
shield that is purged after an edge; Newman, "Building Microservices" (2nd ed. 2021), "Cache Poisoning: A
Cautionary Tale" and "keep it simple".
"""

from bisect import bisect_right
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from pydantic import Field

from models import Endpoint, Host, Network
from models.caching.eviction import Lru
from models.caching.patterns import Cache
from models.caching.proxies import ReverseProxy
from models.caching.stores import CacheStore
from models.consistency import HistoryRecorder, Operation, ReadStaleness, staleness_of_reads
from models.observers import AnswerAges
from models.replication import SingleNodeStore, write
from models.workload import OpenLoop, OperationMix, UniformKeys
from models.workload import Operation as Asked
from simulator import Environment
from simulator.randomness import Uniform

from ...design import Points
from ...misuse import Misuse
from ...parameters import Unit
from ...study import Measure, Run, study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...result import SweepResult

Purge = Literal[
    "none",
    "server",
    "proxies",
    "proxies, then server",
    "server, then proxies",
    "server, then proxies, then readers",
]
"""Which caches are told of a write, in which order."""

PURGES: tuple[Purge, ...] = get_args(Purge)
LAYERS = ("readers", "proxies", "server")
"""The caches from the readers inwards."""

PROXIES, READERS = 4, 6
"""Proxies, and readers behind each."""

PAGES = 2
RATE = 1.0
"""Questions per second of each reader for each page."""

WRITE_INTERVAL = (50.0, 70.0)
"""Seconds from one write of a page to the next: uniform between these."""

WARM_UP, DURATION = 60.0, 660.0
_ONE_WAY = 0.005

MEASURES = {
    "age_mean": Measure(description="mean age of what readers are told", unit="s"),
    "age_theory": Measure(description="the same by theory, if caches asked at random as well", unit="s"),
    "age_worst": Measure(description="the greatest age of what a reader was told", unit="s"),
    "old_for": Measure(description="how long after a write its page is told as it was, on average", unit="s"),
    "old_for_worst": Measure(description="the same after the worst write", unit="s"),
    "old": Measure(description="share of the reads that told what was replaced before they were sent"),
    "answered_by_readers": Measure(description="share of the reads that left no reader's process"),
    "questions": Measure(description="questions that caches asked each other and the origin", unit="1/s"),
    "origin_reads": Measure(description="reads that came to the origin", unit="1/s"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TooManyCachesRun:
    """A run that is over: the ages of what the first reader was told, and when page 0 was written (s)."""

    ages: AnswerAges
    written_at: tuple[float, ...]


def _figures_of_run(run: Run) -> "Mapping[str, Figure]":
    from ..figures.caching.too_many_caches import figures_of_run

    return figures_of_run(run)


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from ..figures.caching.too_many_caches import figures_of_sweep

    return figures_of_sweep(result)


def parts_of(purge: str) -> tuple[str, ...]:
    """Return which caches a purge is sent to, in order."""
    return () if purge == "none" else tuple(purge.split(", then "))


def require_there(*, caches: int, purge: str, **_others: object) -> None:
    """Raise Misuse for a purge of caches that there are not."""
    for part in parts_of(purge):
        if part not in LAYERS[:caches]:
            raise Misuse(f"purge must be of caches that there are, with {caches} of them, got {purge}")


@study(
    name="too_many_caches",
    question="How old does what readers see become, with one cache behind the other?",
    measures=MEASURES,
    sweep=Points(
        [
            *({"caches": caches, "counts_age": counts} for counts in (False, True) for caches in (1, 2, 3)),
            *({"purge": purge} for purge in PURGES),
        ]
    ),
    replications=4,
    check=require_there,
    figures_of_run=_figures_of_run,
    figures_of_sweep=_figures_of_sweep,
)
def too_many_caches(
    *,
    seed: int,
    caches: Annotated[
        int, Field(ge=0, le=3, description="the readers' own, the proxies' behind them, the server's")
    ] = 3,
    ttl: Annotated[
        float,
        Field(gt=0, le=15, allow_inf_nan=False, description="how long each cache keeps a page"),
        Unit("s"),
    ] = 10.0,
    counts_age: Annotated[
        bool, Field(description="whether a cache counts from when the origin was asked (HTTP's Age)")
    ] = False,
    purge: Annotated[Purge, Field(description="which caches are told of a write, in which order")] = "none",
    gap: Annotated[
        float,
        Field(ge=0, le=1, allow_inf_nan=False, description="how much later each part of a purge is sent"),
        Unit("s"),
    ] = 1.0,
) -> Run:
    """Let readers read pages through caches, and an editor write and purge them."""
    env = Environment(seed=seed)
    chain = _Chain(env, caches, ttl, counts_age)
    recorder, ages, one = HistoryRecorder(env, contents=chain.contents), AnswerAges(env), AnswerAges(env)
    for number, entrance in enumerate(chain.entrances):
        watched = ages.around(recorder.around(entrance))
        _let_read(env, one.around(watched) if number == 0 else watched, f"reader {number}")
    editor = recorder.around(chain.store.client(chain.editor))
    for page in range(PAGES):
        env.process(_edit(env, editor, page, lambda page: chain.purge(page, parts_of(purge), gap)))
    env.run(until=DURATION)
    history = recorder.history()
    reads = [each for each in staleness_of_reads(history) if each.read.invoked_at >= WARM_UP]
    told_old = old_for(history, reads, end=DURATION - 3.0 * (ttl + gap))
    summary = ages.summary(start=WARM_UP)
    measures = {
        "age_mean": summary.age_mean,
        "age_theory": age_by_theory(caches, ttl, counts_age=counts_age),
        "age_worst": summary.age_max,
        "old_for": sum(told_old) / len(told_old),
        "old_for_worst": max(told_old),
        "old": sum(each.seconds > 0.0 for each in reads) / len(reads),
        "answered_by_readers": chain.answered_by_readers(),
        "questions": chain.load_count(*LAYERS) / DURATION,
        "origin_reads": (chain.load_count(LAYERS[caches - 1]) if caches else ages.times().size) / DURATION,
    }
    written_at = tuple(each.ended_at for each in history if each.kind == "write" and each.key == 0)
    return Run(measures=measures, detail=TooManyCachesRun(ages=one, written_at=written_at))


def _let_read(env: Environment, entrance: Endpoint, name: str) -> None:
    OpenLoop(
        env,
        entrance,
        rate=RATE * PAGES,
        mix=OperationMix(Asked(name="read")),
        keys=UniformKeys(env, PAGES, name=f"{name}/pages"),
        until=DURATION,
        name=name,
    )


def _edit(
    env: Environment, editor: Endpoint, page: int, then: Callable[[int], object]
) -> Generator[Any, Any, None]:
    """Write a page again and again, and do something when that is done."""
    wait = env.sampler(f"editor/{page}", Uniform(*WRITE_INTERVAL))
    number = 0
    while True:
        yield wait()
        number += 1
        yield from editor.call(write(page, f"page {page}, {number}"))
        then(page)


def old_for(history: Sequence[Operation], reads: Sequence[ReadStaleness], end: float) -> list[float]:
    """Return for each write from the warm-up to `end` (s) for how long after it the page was told as before.

    Writes of a page are so far from each other that what is told after one is its page or that before it.
    """
    written: dict[Any, list[float]] = {}
    for each in history:
        if each.kind == "write":
            written.setdefault(each.key, []).append(each.ended_at)
    longest = {(key, time): 0.0 for key, times in written.items() for time in times if WARM_UP <= time <= end}
    for stale in reads:
        if stale.seconds > 0.0:
            times = written[stale.read.key]
            place = stale.read.key, times[bisect_right(times, stale.read.invoked_at) - 1]
            if place in longest:
                longest[place] = max(longest[place], stale.seconds)
    return list(longest.values())


def age_by_theory(caches: int, ttl: float, *, counts_age: bool) -> float:
    """Return the mean age in s of what a reader is told, if all questions come at random.

    To each cache come the misses of all that ask it. Where each counts the age that came along the chain is
    one cache that all its readers ask, and these do come at random: then it is exact.
    """
    from ...validation.closed_forms.chained_caches import told_age  # it brings SciPy along

    askers = (READERS, PROXIES, 1)
    if counts_age:
        return told_age(RATE * prod(askers[: caches - 1]), ttl) if caches else 0.0
    age, rate = 0.0, RATE
    for count in askers[:caches]:
        age = told_age(rate, ttl, came_with=age)
        rate *= count / (1.0 + rate * ttl)
    return age


# -- the system ---------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Chain:
    """The caches one behind the other, the origin, and an editor beside it."""

    env: Environment
    count: int
    ttl: float
    counts_age: bool
    network: Network = field(init=False)
    store: SingleNodeStore = field(init=False)
    editor: Host = field(init=False)
    contents: dict[int, str] = field(init=False)
    entrances: list[Endpoint] = field(init=False)
    caches: dict[str, list[Cache]] = field(init=False)

    def __post_init__(self) -> None:
        env = self.env
        self.network = Network(env, latencies=_ONE_WAY)
        self.editor = Host(env, "editor")
        self.contents = {page: f"page {page} as it was" for page in range(PAGES)}
        self.store = SingleNodeStore(
            env, self.network, Host(env, "origin"), contents=self.contents, name="origin"
        )
        self.caches = {layer: [] for layer in LAYERS}
        server = self._proxy("server", self._origin_for) if self.count > 2 else None
        self.entrances = []
        for place in range(PROXIES):
            way_in = self._way_to(server)
            proxy = self._proxy("proxies", way_in, place) if self.count > 1 else None
            for number in range(READERS):
                host = Host(env, f"reader {place * READERS + number}")
                way = way_in(host) if proxy is None else self.network.connect(host, proxy)
                self.entrances.append(self._cached("readers", way, host.name) if self.count else way)

    def _way_to(self, proxy: ReverseProxy | None) -> Callable[[Host], Endpoint]:
        return self._origin_for if proxy is None else lambda host: self.network.connect(host, proxy)

    def _origin_for(self, host: Host) -> Endpoint:
        return self.store.client(host)

    def _proxy(self, layer: str, way: Callable[[Host], Endpoint], place: int = 0) -> ReverseProxy:
        name = f"{layer} {place}"
        return ReverseProxy(self.env, self._cached(layer, way(Host(self.env, name)), name), name=name)

    def _cached(self, layer: str, way: Endpoint, name: str) -> Cache:
        store = CacheStore(self.env, Lru(PAGES), ttl=self.ttl, by_age=self.counts_age, name=name)
        cache = Cache(self.env, way, store, name=name)
        self.caches[layer].append(cache)
        return cache

    def answered_by_readers(self) -> float:
        """Return what share of the reads the readers' caches have answered."""
        found = [cache.statistics() for cache in self.caches["readers"]]
        calls = sum(each.call_count for each in found)
        return sum(each.hit_count for each in found) / calls if calls else 0.0

    def load_count(self, *layers: str) -> int:
        """Return how many questions the caches of some layers have asked."""
        return sum(cache.statistics().load_count for layer in layers for cache in self.caches[layer])

    def purge(self, page: int, parts: Sequence[str], gap: float) -> None:
        """Tell the caches of each part to let go of a page, a message each, one part after the other."""
        for number, part in enumerate(parts):
            self.env.call_later(number * gap, self._purge_part, page, part)

    def _purge_part(self, page: int, part: str) -> None:
        for cache in self.caches[part]:
            assert cache.host is not None
            self.network.send(self.editor, cache.host, cache.invalidate, page, transport="tcp")
