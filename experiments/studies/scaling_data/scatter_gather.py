"""Scatter-gather: what a query costs that needs all shards, and what a read store costs instead.

A store is sharded by one key. Whoever asks by anything else ("all offers") asks every shard, and waits for
the slowest. If one answers by a time with probability F, all n do with probability F^n: where one answer in a
hundred is late, one of n is with probability 1 - 0.99^n, and the median of the whole is the 0.5^(1/n)
quantile of one. Nothing has to be wrong for that. When something is, with one shard, it is with every query:
one that is slow makes all slow, and of one that is dead no answer ever comes. A deadline ends the waiting.
Then the query fails, or it tells what has come, and names who is missing: who searches a shop may live with
that, who adds up accounts may not. It ends the waiting only: a shard that is slow works on, for nobody.

Nor does sharding help with the load: each shard works on each such query, so n shards take no more of them
per second than one. What needs one shard, since it asks by the key, can be asked n times as often.

Instead, what all shards know can be held in one place, in the form of the answer: a read store, to which each
shard's changes are fed (`models.cqrs.feeds`): for each shard there is a process that asks its store for what
has changed, and a projection (`models.cqrs`) follows the log that they fill. A query is then one request to
one host, whatever happens to shards meanwhile, and copies of it multiply what it can take. The price is that
its answers are out of date. A shard with w writes per second that was asked for changes at any moment of the
last d seconds has had none since with probability (1 - exp(-w d))/(w d); an answer is right if none of n has.
And asking costs the shards work, whether or not anything has changed.

What to see (the default sweep): of queries to 4, 8, 16 and 32 shards 3, 8, 14 and 28 % are late (by the law
4, 8, 15 and 28 %). From 1 shard to 32 the median grows from 6.5 to 13.2 ms, the 95th percentile from 11 to
269 ms; the read store's are 6.5 and 11 ms. With 16 shards and a deadline of 15 ms 82 % of the answers are
complete, and 1.3 % of the offers missing; with one of 50 ms it is 86 % and 1.0 %: what is late is very late.
If one of 16 shards is slow, those who wait for all wait 84 ms in the median. With a deadline of 50 ms no
query is answered completely, nor if one is dead: it fails, or takes the 50 ms and lacks 7.2 % of the offers.
All answers that lack something say so. Those who wait for a dead shard get none, the read store answers in
6.5 ms as before. 8 shards answer 50 queries per second that need all of them, 1 shard 49; of those that need
one shard, 8 answer 345, and 8 copies of the read store 396. Where the shards are asked for changes every 10,
30, 100, 300 and 1000 ms, 12, 24, 61, 93 and 100 % of the read store's answers are out of date (by the law 10,
26, 63, 95 and 100 %), by 0.48, 2.53, 26, 143 and 694 ms on average, and the shards are busy for 9.2 % with
pauses of 10 ms, for 0.2 % with those of 1000 ms.

Left out: queries that need some of the shards, and indexes that are sharded by another key; hedged requests
(`hedging`); snapshots: shards are read at different instants. Sources: Dean and Barroso, "The Tail at Scale"
(CACM 56, 2013); Kleppmann, "Designing Data-Intensive Applications" (2017), chapter 6, "Partitioning and
Secondary Indexes", and chapter 11, "Change Data Capture"; Elasticsearch's documentation of partial results.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import expm1, inf, nan
from statistics import fmean
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from simulator import Environment
from simulator.randomness import Mixture

from ...design import Points
from ...misuse import Misuse
from ...parameters import Unit
from ...study import Measure, Run, study
from ..hedging import LATE, LATE_FROM, LATE_SHARE, USUAL
from .scatter_gather_shop import HOP, Case, SearchedShop, Trouble, Way
from .scatter_gather_users import Asked, measures_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...result import SweepResult

THINK_TIME = 0.2
"""Seconds that a user thinks before each query, on average; exponential."""

WARM_UP, DURATION, GRACE = 2.0, 22.0, 4.0
"""Seconds before anything is measured, and goes wrong; until the last query; for what is then under way."""

MEASURES = {
    "answered": Measure(description="queries answered per second, completely or not", unit="1/s"),
    "late": Measure(description="share of the queries without an answer after 0.1 s"),
    "late_law": Measure(description="what 1 - (1 - p)^n says of that, where nothing else is slow"),
    "p50": Measure(description="median time to an answer; infinite where there is none", unit="s"),
    "p50_law": Measure(description="what the law of the slowest of n says of that", unit="s"),
    "p95": Measure(description="95th percentile of the time to an answer", unit="s"),
    "p95_law": Measure(description="what the law of the slowest of n says of that", unit="s"),
    "p99": Measure(description="99th percentile of the same", unit="s"),
    "answered_share": Measure(description="share of the queries that were answered, completely or not"),
    "complete": Measure(description="share of the queries that were answered with nothing missing"),
    "complete_law": Measure(description="what the law of the slowest of n says of that, by the deadline"),
    "missing": Measure(description="share of the offers that an answer lacks, on average"),
    "named": Measure(description="share of the answers with something missing that say which shards"),
    "stale": Measure(description="share of the answers that were out of date when they were asked for"),
    "stale_law": Measure(description="what the pauses between questions for changes alone make of that"),
    "age": Measure(description="for how long answers had been out of date, on average", unit="s"),
    "shard_busy": Measure(description="utilisation of the shards' cores, on average"),
    "read_busy": Measure(description="utilisation of the read store's cores, on average"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScatterGatherRun:
    """A run that is over: the `case`, and the queries that began when it was measured."""

    case: Case
    asked: Sequence[Asked]


def _figures_of_run(run: Run) -> "Mapping[str, Figure]":
    from ..figures.scaling_data.scatter_gather import figures_of_run

    return figures_of_run(run)


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from ..figures.scaling_data.scatter_gather import figures_of_sweep

    return figures_of_sweep(result)


def require_act(
    *, way: str, deadline: float | None, partial: bool, copies: int, feed_interval: float, **_others: object
) -> None:
    """Raise Misuse for what another way of asking has no use for."""
    if way != "all shards" and deadline is not None:
        raise Misuse(f"deadline must be none with way {way}, got {deadline}")
    if partial and deadline is None:
        raise Misuse("partial must be false with deadline none, by which nothing is ever missing, got true")
    if way != "read store" and copies > 1:
        raise Misuse(f"copies must be 1 with way {way}, where no read store is asked, got {copies}")
    if way != "read store" and feed_interval != FEED_INTERVAL:
        raise Misuse(
            f"feed_interval must be {FEED_INTERVAL} with way {way}, where nothing is fed, got {feed_interval}"
        )


FEED_INTERVAL = 0.1
FAN_OUTS = (1, 2, 4, 8, 16, 32)
DEADLINES = (0.006, 0.008, 0.01, 0.015, 0.05, 0.2)
DEADLINE = 0.05
"""Seconds: later than any usual answer, and long before those that are late."""

FEED_INTERVALS = (0.01, 0.03, 0.1, 0.3, 1.0)

WAYS: Mapping[str, Mapping[str, Any]] = {
    "wait for all shards": {},
    "all by a deadline, or fail": {"deadline": DEADLINE},
    "what has come by a deadline": {"deadline": DEADLINE, "partial": True},
    "ask the read store": {"way": "read store"},
}
"""How to ask, by name."""

LOADED: Mapping[str, Any] = {"work": 0.02, "users": 100, "write_rate": 1.0}
"""Where there is as much to do as can be done, and nearly all of it for queries."""

COUNTS = (1, 2, 4, 8)
CAPACITIES: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "all shards": [{"shards": count} for count in COUNTS],
    "one shard": [{"shards": count, "way": "one shard"} for count in COUNTS],
    "read store": [{"shards": 4, "copies": count, "way": "read store"} for count in COUNTS],
}
"""Who is asked, by name, where it is measured how much so many of them can do."""


@study(
    name="scatter_gather",
    question="What does a query cost that needs all shards, and what does a read store cost instead?",
    measures=MEASURES,
    sweep=Points(
        [
            *({"shards": count, "way": way} for way in ("all shards", "read store") for count in FAN_OUTS),
            *({"deadline": deadline, "partial": True} for deadline in DEADLINES),
            *(
                {"trouble": trouble, **way}
                for trouble in ("slow shard", "dead shard")
                for way in WAYS.values()
            ),
            *({"trouble": "none", **way} for way in WAYS.values()),
            *({**LOADED, **asked} for line in CAPACITIES.values() for asked in line),
            *({"way": "read store", "feed_interval": interval} for interval in FEED_INTERVALS),
        ]
    ),
    replications=4,
    check=require_act,
    figures_of_run=_figures_of_run,
    figures_of_sweep=_figures_of_sweep,
)
def scatter_gather(
    *,
    seed: int,
    shards: Annotated[int, Field(ge=1, le=64, description="shards over which the offers are spread")] = 16,
    way: Annotated[
        Way,
        Field(description="who is asked: all shards for all offers, one of them for one, or a read store"),
    ] = "all shards",
    deadline: Annotated[
        float | None,
        Field(gt=0, le=60, allow_inf_nan=False, description="how long shards are waited for; none: for ever"),
        Unit("s"),
    ] = None,
    partial: Annotated[
        bool, Field(description="answer by the deadline without those who are late, instead of failing")
    ] = False,
    trouble: Annotated[Trouble, Field(description="what is wrong with the first shard")] = "none",
    late_share: Annotated[
        float, Field(gt=0, lt=1, description="share of the answers that are late on their way")
    ] = LATE_SHARE,
    work: Annotated[
        float,
        Field(ge=0, le=1, allow_inf_nan=False, description="core time of a request at a database"),
        Unit("s"),
    ] = 0.001,
    users: Annotated[
        int, Field(ge=1, le=1_000, description="users, each of whom asks one query at a time")
    ] = 4,
    write_rate: Annotated[
        float, Field(gt=0, le=1_000, allow_inf_nan=False, description="offers that change"), Unit("1/s")
    ] = 20.0,
    copies: Annotated[int, Field(ge=1, le=64, description="read stores, each of which holds it all")] = 1,
    feed_interval: Annotated[
        float,
        Field(gt=0, le=60, allow_inf_nan=False, description="pause between two questions for changes"),
        Unit("s"),
    ] = FEED_INTERVAL,
) -> Run:
    """Let offers change in shards, and users look for them in one of several ways."""
    case = Case(
        shards=shards,
        way=way,
        deadline=deadline,
        partial=partial,
        trouble=trouble,
        law=Mixture(weights=(1.0 - late_share, late_share), components=(USUAL, LATE)),
        work=work,
        write_rate=write_rate,
        copies=copies,
        feed_interval=feed_interval,
    )
    return _measured(seed, case, users)


def _measured(seed: int, case: Case, users: int) -> Run:
    env = Environment(seed=seed)
    shop = SearchedShop(env, case)
    asked = shop.let_ask(users, think_time=THINK_TIME, until=DURATION)
    env.run(until=WARM_UP)
    shop.harm()
    before = shop.busy_times()
    env.run(until=DURATION)
    busy = [now - then for then, now in zip(before, shop.busy_times(), strict=True)]
    env.run(until=DURATION + GRACE)
    measured = [each for each in asked if each.start >= WARM_UP]
    measures = {
        **measures_of(measured, late_from=LATE_FROM),
        **_busy_measures(asked, busy, case.shards),
        **_laws(case),
    }
    return Run(
        measures={name: measures[name] for name in MEASURES},
        detail=ScatterGatherRun(case=case, asked=measured),
    )


def _busy_measures(asked: Sequence[Asked], busy: Sequence[float], shards: int) -> dict[str, float]:
    """Return what was done per second, and how busy those were who did it."""
    time = DURATION - WARM_UP
    return {
        "answered": sum(WARM_UP <= each.start + each.latency < DURATION for each in asked) / time,
        "shard_busy": fmean(busy[:shards]) / time,
        "read_busy": fmean(busy[shards:]) / time if busy[shards:] else nan,
    }


# -- theory -----------------------------------------------------------------------------------------------


def _laws(case: Case) -> dict[str, float]:
    """Return what the laws say of a case in which nothing is wrong but what is late on its way."""
    law, fan_out = case.law, fan_out_of(case)
    deadline = inf if case.deadline is None else case.deadline
    return {
        "late_law": 1.0 - answered_by_law(case, LATE_FROM),
        "p50_law": before_an_answer(case) + law.quantile(0.5 ** (1.0 / fan_out)),
        "p95_law": before_an_answer(case) + law.quantile(0.95 ** (1.0 / fan_out)),
        "complete_law": answered_by_law(case, deadline),
        "stale_law": stale_by_law(case.write_rate / case.shards, case.feed_interval, case.shards)
        if case.way == "read store"
        else 0.0,
    }


def fan_out_of(case: Case) -> int:
    """Return how many answers a query waits for."""
    return case.shards if case.way == "all shards" else 1


def before_an_answer(case: Case) -> float:
    """Return how long it takes until an answer is on its way, in s: a message, and the work."""
    return HOP + case.work


def answered_by_law(case: Case, time: float) -> float:
    """Return the probability F(t)^n that all answers have come, `time` (s) after the question."""
    return case.law.cdf(time - before_an_answer(case)) ** fan_out_of(case)


def stale_by_law(write_rate: float, interval: float, feeds: int) -> float:
    """Return the probability that any of so many shards has a write since it was last asked for changes.

    Each has so many per second, and was asked at any moment of the last interval.
    """
    writes = write_rate * interval
    return 1.0 - (-expm1(-writes) / writes) ** feeds
