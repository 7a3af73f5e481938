"""HTTP caching: how long a page may be kept, what that saves, and who is told something old.

A site has 200 pages, each of which is edited once in a minute on average. Readers all over ask for 50 pages a
second, by a Zipf law, and come to an edge of a CDN next to them; the site is 40 ms (one way) behind it. To
make a page takes the site 20 ms of a core, to see that it has not changed 2 ms. What the site says in
Cache-Control decides everything:

    max-age                 for so long the edge answers without asking; then it asks
    an ETag, or none        whether it can ask "still the same?" and be told so in a few bytes, or gets it all
    stale-while-revalidate  for so much longer it gives what it has, and asks meanwhile
    stale-if-error          for so much longer it gives what it has, if asking fails

An answer is old if the page had been edited before it was asked for. The few pages that are asked for most
are edited only a few times in a run, so the share that was old in a run (`old_seen`) is mostly chance. What
an edge keeps does not depend on the edits; so `old` is the share over all ways in which the pages could have
been edited: if they are edited at random at a rate m, an answer of an age a is old with a probability of
1 - exp(-m a). That is the same on average, and varies far less. At a cache that asks again after T seconds it
comes to 1 - (1 - exp(-m T)) / (m T) of the answers that are given within their lifetime. The theory in the
figure is that for every answer, as if each page were asked for all the time: then no answer comes from the
site, and a window for stale answers is hardly used.

What to see (the default sweep): with a max-age of 5 s the edge answers 62 % of the requests by itself,
readers wait for 32 ms instead of 86 ms on average, and 2.3 % of the answers are old, by 1.5 s on average;
with one of 60 s it is 93 %, 6 ms and 34 %, by 21 s. The theory says 4.1 % and 36.8 %. With an ETag the site
sends little more than the edits, however often it is asked: 96 kB/s with a max-age of 0 s and 64 kB/s with 60
s. Without one it sends 1502 kB/s with a max-age of 0 s, and has 1.00 cores busy and not 0.15; with 60 s it
makes no great difference any more, 97 kB/s. So with a validator max-age is about waiting, and hardly about
bytes. To wait less, stale-while-revalidate makes fewer answers old: 5 s and 15 s of it come to 3.8 ms and 6.7
%, a max-age of 30 s to 10.1 ms and 18.6 %. It saves the site nothing: 18.3 requests/s with 60 s of it as with
none. When the site is down for 60 s, 2.2 % of the requests in that time are answered with a max-age of 5 s
alone, 49 % with a stale-if-error of 30 s, and 96 % with 60 s; then 15.0 % of all answers are old, by 21 s,
and readers wait for 46 ms on average and not 32 ms, because the site is asked first.

Leaves out: purging (see `too_many_caches`), browsers with caches of their own, and who is told what (Vary).
Source: RFC 9111, RFC 5861; Nottingham, "Caching Tutorial" (1998 to 2013), on validators; Law, Simulation
Modeling and Analysis (5th ed.), section 11.6, on measuring a probability by what it depends on.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from math import exp, nan
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field

from models import Call, Endpoint, Host, Network, Request, Wrapper
from models.caching.eviction import Lru
from models.caching.http import CacheRules
from models.caching.http_endpoints import BoundedResponses, HttpCaching, Representation, Site, UserAgent
from models.faults import FaultPlan, ProcessCrash
from models.resilience import Timeout
from models.services import Instance
from models.workload import OpenLoop, ZipfKeys
from simulator import Environment, RequestTable
from simulator.randomness import Exponential

from ...design import Points
from ...parameters import Unit
from ...study import Measure, Run, study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...result import SweepResult

PAGES = 200
PAGE_BYTES = 30_000
EDIT_INTERVAL = 60.0
"""Seconds from one edit of a page to the next, on average."""

RATE = 50.0
ONE_WAY = 0.04
_RENDER, _CHECK = 0.02, 0.002
_CORES = 2
_PATIENCE = 2.0
_WARM_UP = 60.0
OUTAGE_AT = 120.0
"""When the site's process crashes, if it does (s)."""

MAX_AGES = (0.0, 2.0, 5.0, 10.0, 30.0, 60.0)
WINDOWS = (0.0, 5.0, 15.0, 60.0)
"""Seconds of stale-while-revalidate, with a max-age of 5 s."""

OUTAGE = 60.0
GRACES = (0.0, 15.0, 30.0, 60.0)
"""Seconds of stale-if-error, with a max-age of 5 s and an outage of `OUTAGE` s."""

MEASURES = {
    "latency_mean": Measure(description="mean time to an answer", unit="s"),
    "latency_p99": Measure(description="99th percentile of the same", unit="s"),
    "at_the_edge": Measure(description="share of the answers that did not wait for the site"),
    "site_requests": Measure(description="requests that the site answered", unit="1/s"),
    "site_bytes": Measure(description="what the site sent", unit="kB/s"),
    "site_cores": Measure(description="cores of the site that were busy, of two"),
    "old": Measure(description="share of the answers that are old, by their ages, however pages are edited"),
    "old_seen": Measure(description="share of the answers that were old in this run"),
    "old_theory": Measure(description="share by theory, if every page were asked for all the time"),
    "old_by": Measure(description="how long ago what was old had been edited, on average", unit="s"),
    "answered_in_outage": Measure(description="share of the requests answered while the site was down"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRun:
    """A run that is over: what readers asked, the edge, the site."""

    requests: RequestTable
    edge: HttpCaching
    site: Site


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from ..figures.caching.http_caching import figures_of_sweep

    return figures_of_sweep(result)


@study(
    name="http_caching",
    question="How long may a page be kept, and what does that save?",
    measures=MEASURES,
    sweep=Points(
        [
            *({"max_age": age, "etag": etag} for etag in (True, False) for age in MAX_AGES),
            *({"max_age": 5.0, "stale_while_revalidate": window} for window in WINDOWS[1:]),
            *({"max_age": 5.0, "outage": OUTAGE, "stale_if_error": grace} for grace in GRACES),
        ]
    ),
    replications=4,
    figures_of_sweep=_figures_of_sweep,
)
def http_caching(
    *,
    seed: int,
    max_age: Annotated[
        float,
        Field(ge=0, le=86_400, allow_inf_nan=False, description="for how long the edge need not ask"),
        Unit("s"),
    ] = 5.0,
    etag: Annotated[bool, Field(description="whether the site can say that a page is still the same")] = True,
    stale_while_revalidate: Annotated[
        float,
        Field(ge=0, le=86_400, allow_inf_nan=False, description="longer, while it asks"),
        Unit("s"),
    ] = 0.0,
    stale_if_error: Annotated[
        float,
        Field(ge=0, le=86_400, allow_inf_nan=False, description="longer, if asking fails"),
        Unit("s"),
    ] = 0.0,
    outage: Annotated[
        float,
        Field(ge=0, le=120, allow_inf_nan=False, description="how long the site's process is down"),
        Unit("s"),
    ] = 0.0,
    duration: Annotated[
        float,
        Field(ge=OUTAGE_AT, le=3_600, allow_inf_nan=False, description="how long readers come"),
        Unit("s"),
    ] = 240.0,
) -> Run:
    """Let readers come to an edge, and editors edit pages at the site."""
    env = Environment(seed=seed)
    site_host, edge_host = Host(env, "site", cores=_CORES), Host(env, "edge")
    site = _site(env, _cache_control(max_age, stale_while_revalidate, stale_if_error), validates=etag)
    server = Instance(env, site_host, site, name="site")
    way = Timeout(env, Network(env, latencies=ONE_WAY).connect(edge_host, server), _PATIENCE)
    edge = HttpCaching(env, way, BoundedResponses(Lru(PAGES)), CacheRules(is_shared=True))
    edits = _Edits(env, site, until=duration)
    readers = _Readers(env, UserAgent(edge), edits)
    users = OpenLoop(env, readers, rate=RATE, keys=ZipfKeys(env, PAGES, exponent=0.8), until=duration)
    if outage:
        FaultPlan(env).at(OUTAGE_AT, ProcessCrash(server), duration=outage)
    env.run(until=_WARM_UP)
    before = _Meter(site, edge, site_host)
    env.run(until=duration)
    now = _Meter(site, edge, site_host)
    env.run()
    measures = {
        **readers.measures(),
        **now.since(before, duration - _WARM_UP),
        "old_theory": _old_by_theory(max_age / EDIT_INTERVAL),
        "answered_in_outage": readers.answered_in(OUTAGE_AT, OUTAGE_AT + outage),
    }
    return Run(measures=measures, detail=HttpRun(requests=users.table, edge=edge, site=site))


def _site(env: Environment, said: str, *, validates: bool) -> Site:
    """Return a site that says this of its pages, and whether they have changed if it `validates`."""
    return Site(
        env,
        {f"/{number}": Representation(0, PAGE_BYTES) for number in range(PAGES)},
        headers=[("Cache-Control", said)],
        has_etags=validates,
        has_dates=validates,
        render_work=_RENDER,
        check_work=_CHECK,
    )


def _cache_control(max_age: float, window: float, grace: float) -> str:
    """Return what the site says; HTTP knows whole seconds."""
    said = [f"max-age={max_age:.0f}"]
    if window:
        said.append(f"stale-while-revalidate={window:.0f}")
    if grace:
        said.append(f"stale-if-error={grace:.0f}")
    return ", ".join(said)


def _old_by_theory(edits: float) -> float:
    """Return the share of old answers at a cache whose entries live for so many edits on average."""
    return 1.0 - (1.0 - exp(-edits)) / edits if edits else 0.0


class _Edits:
    """Edits pages at random, and knows when each version of a page was overtaken."""

    def __init__(self, env: Environment, site: Site, *, until: float) -> None:
        self._env = env
        self._site = site
        self._until = until
        self._gap = env.sampler("edits/gap", Exponential(EDIT_INTERVAL / PAGES))
        self._which = env.stream("edits/page")
        self._overtaken_at: dict[str, list[float]] = {f"/{number}": [] for number in range(PAGES)}
        env.process(self._edit(), "editors")

    def _edit(self) -> Generator[Any, Any, None]:
        env = self._env
        while env.now < self._until:
            yield self._gap()
            uri = f"/{int(self._which.integers(PAGES))}"
            times = self._overtaken_at[uri]
            times.append(env.now)
            self._site.change(uri, Representation(len(times), PAGE_BYTES))

    def overtaken_at(self, uri: str, version: int) -> float:
        """Return when a version of a page was edited; nan if it still stands."""
        times = self._overtaken_at[uri]
        return times[version] if version < len(times) else nan


class _Readers(Wrapper):
    """Asks, and writes down what was old by how much when it was asked for, and how long all took."""

    def __init__(self, env: Environment, target: Endpoint, edits: _Edits) -> None:
        super().__init__(target, name="readers")
        self._env = env
        self._edits = edits
        self._asked: list[float] = []
        self._answered: list[tuple[float, float, float, float]] = []

    def call(self, request: Request) -> Call:
        """Ask for a page."""
        start = self._env.now
        self._asked.append(start)
        response = yield from self.target.call(request)
        overtaken = self._edits.overtaken_at(f"/{request.key}", response.value)
        old_by = start - overtaken if overtaken < start else nan
        # The site has looked at the page when the question came to it, and that is as late as an edit counts.
        age = 0.0 if response.as_of is None else max(0.0, start - response.as_of - ONE_WAY)
        self._answered.append((start, self._env.now - start, old_by, age))
        return response

    def measures(self) -> dict[str, float]:
        """Return what readers saw after the warm-up."""
        answered = np.array(self._answered)
        answered = answered[answered[:, 0] >= _WARM_UP]
        latency, old_by, age = answered[:, 1], answered[:, 2], answered[:, 3]
        old = old_by[~np.isnan(old_by)]
        return {
            "latency_mean": float(latency.mean()),
            "latency_p99": float(np.percentile(latency, 99.0)),
            "at_the_edge": float((latency == 0.0).mean()),
            "old": float((1.0 - np.exp(-age / EDIT_INTERVAL)).mean()),
            "old_seen": len(old) / len(answered),
            "old_by": float(old.mean()) if len(old) else nan,
        }

    def answered_in(self, start: float, end: float) -> float:
        """Return the share that was answered of what was asked in a time; nan if nothing was."""
        asked = sum(start <= time < end for time in self._asked)
        answered = sum(start <= time < end for time, *_ in self._answered)
        return answered / asked if asked else nan


@dataclass(slots=True)
class _Meter:
    """What the site has done until now."""

    site: Site
    edge: HttpCaching
    host: Host
    answers: int = field(init=False)
    sent_bytes: int = field(init=False)
    work: float = field(init=False)

    def __post_init__(self) -> None:
        self.answers = self.site.full_count + self.site.not_modified_count
        self.sent_bytes = self.edge.statistics().target_bytes
        self.work = self.host.statistics().busy_time

    def since(self, before: "_Meter", seconds: float) -> dict[str, float]:
        """Return what it did in these seconds, per second."""
        return {
            "site_requests": (self.answers - before.answers) / seconds,
            "site_bytes": (self.sent_bytes - before.sent_bytes) / 1_000.0 / seconds,
            "site_cores": (self.work - before.work) / seconds,
        }
