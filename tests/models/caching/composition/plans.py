"""Plans of composed systems: chains of caches to one origin, users and faults, all drawn from one seed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from random import Random

from models.caching.eviction import POLICIES

KEYS = ("a", "b", "c")
LOAD_END = 6.0
DRAINED = 120.0
TICK = 1 / 64
HEARTBEAT = 0.5
PATIENCE = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class CachePlan:
    """One cache: where it is ("here", "proxy", "cdn" or "aside"), and all its rules by name."""

    place: str = "here"
    on_miss: str = "load"
    renewal: str = "none"
    writes: str = "around"
    policy: str = "lru"
    capacity: int = 3
    ttl: float = 1.0
    negative_ttl: float | None = None
    jitter: float = 0.0
    by_age: bool = False
    slides: bool = False
    stale_time: float = 0.0
    listens: bool = False
    timeout: float = 0.3
    attempts: int = 1
    leases: bool = False
    replicas: int = 1
    ejects: bool = False
    shield: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultPlan:
    """A fault of a `kind` between two times; `where` picks its victim, `other` a second one."""

    kind: str
    start: float
    end: float
    where: float
    other: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A system: the chains have their caches from the inside out; `at_origin` is one around the origin.

    With `ties` all that takes time takes so many times `TICK`, and much happens at one instant.
    """

    seed: int
    origin: str = "function"
    at_origin: CachePlan | None = None
    chains: tuple[tuple[CachePlan, ...], ...] = ()
    users: int = 2
    write_share: float = 0.3
    hasty_share: float = 0.0
    pause: float = 0.1
    faults: tuple[FaultPlan, ...] = field(default=())
    latency: float = 0.02
    ties: bool = False

    @property
    def caches(self) -> tuple[CachePlan, ...]:
        """All of them."""
        found = [cache for chain in self.chains for cache in chain]
        return tuple(found if self.at_origin is None else [self.at_origin, *found])


ON_MISS = ("load", "load", "coalesce", "coalesce", "coalesce for a while", "stale while", "stale if", "hide")
RENEWALS = ("none", "none", "ahead", "early")
WRITES = ("around", "around", "through", "through", "behind", "past")
FAULTS = (
    "crash",
    "crash",
    "process",
    "process",
    "cut",
    "one way",
    "loss",
    "slow",
    "fails",
    "stalls",
    "stop",
    "purge",
)


def draw_cache(random: Random, place: str) -> CachePlan:
    """Return a cache with any rules."""
    on_miss = random.choice(ON_MISS)
    stale_time = random.choice((0.0, 0.0, 2.0))
    if on_miss in ("stale while", "stale if"):
        stale_time = 2.0
    mode = random.choice(("", "", "by_age", "slides"))
    return CachePlan(
        place=place,
        on_miss=on_miss,
        renewal=random.choice(RENEWALS),
        writes=random.choice(WRITES),
        policy=random.choice(tuple(POLICIES)),
        capacity=random.choice((1, 2, 3, 10)),
        ttl=random.choice((0.2, 1.0, 3.0)),
        negative_ttl=random.choice((None, None, 0.0, 0.3)),
        jitter=random.choice((0.0, 0.5)),
        by_age=mode == "by_age",
        slides=mode == "slides",
        stale_time=stale_time,
        listens=random.random() < 0.3,
        timeout=random.choice((0.1, 0.3, 1.0)),
        attempts=random.choice((1, 1, 3)),
        leases=random.random() < 0.6,
        replicas=random.choice((1, 1, 2)),
        ejects=random.random() < 0.3,
        shield=random.random() < 0.5,
    )


def draw_plan(seed: int) -> Plan:
    """Return the plan of a seed."""
    random = Random(seed)
    chains = tuple(
        tuple(
            draw_cache(random, random.choice(("here", "here", "proxy", "cdn", "aside")))
            for _ in range(random.choice((1, 1, 2, 3)))
        )
        for _ in range(random.choice((1, 2, 2)))
    )
    # What is written behind is never given up: with less than the way takes it would never arrive.
    chains = tuple(
        tuple(replace(cache, timeout=2.0) for cache in chain)
        if any(cache.writes == "behind" for cache in chain)
        else chain
        for chain in chains
    )
    faults = []
    for _ in range(random.choice((0, 1, 2, 4))):
        start = random.uniform(0.3, LOAD_END - 1.0)
        faults.append(
            FaultPlan(
                kind=random.choice(FAULTS),
                start=start,
                end=min(LOAD_END, start + random.choice((0.01, 0.3, 2.0))),
                where=random.random(),
                other=random.random(),
            )
        )
    return Plan(
        seed=seed,
        origin=random.choice(("function", "store")),
        at_origin=draw_cache(random, "here") if random.random() < 0.2 else None,
        chains=chains,
        users=random.choice((1, 2, 3)),
        write_share=random.choice((0.05, 0.3, 0.6)),
        hasty_share=random.choice((0.0, 0.0, 0.3)),
        pause=random.choice((0.05, 0.2)),
        faults=tuple(faults),
        latency=random.choice((0.002, 0.02)),
        ties=random.random() < 0.4,
    )


def draw_single(seed: int) -> Plan:
    """Return the plan of a seed with one cache that hears of all writes, for laws about own writes."""
    random = Random(seed)
    place = random.choice(("here", "proxy", "at the origin"))
    cache = draw_cache(random, "here" if place == "at the origin" else place)
    writes = random.choice(("around", "through", "behind"))
    timeout = 1000.0 if writes == "behind" else cache.timeout
    cache = replace(cache, writes=writes, timeout=timeout, ttl=random.choice((cache.ttl, 100.0)))
    faults = draw_plan(seed).faults
    if writes == "behind":  # a crash takes what was acknowledged, and a cut what is never given up
        faults = tuple(each for each in faults if each.kind in ("slow", "fails", "stalls"))
    return replace(
        draw_plan(seed),
        at_origin=cache if place == "at the origin" else None,
        chains=((),) if place == "at the origin" else ((cache,),),
        users=4,
        pause=random.choice((0.02, 0.1)),
        latency=random.choice((0.01, 0.1)),
        faults=faults,
    )


def draw_by_age(seed: int) -> Plan:
    """Return the plan of a seed with caches that all go by age, of what is seldom written."""
    random = Random(seed)
    plan = draw_plan(seed)
    ttl = random.choice((1.0, 3.0))
    kept = {"by_age": True, "slides": False, "ttl": ttl, "negative_ttl": None, "jitter": 0.0, "capacity": 10}
    chains = tuple(
        tuple(replace(cache, **kept, writes="around", on_miss="load", renewal="none") for cache in chain)
        for chain in plan.chains
    )
    return replace(
        plan, at_origin=None, chains=chains, users=3, write_share=0.02, hasty_share=0.0, pause=0.02, faults=()
    )


def draw_listening(seed: int) -> Plan:
    """Return the plan of a seed with one cache that is told of all writes, and writers who go past it."""
    random = Random(seed)
    cache = draw_cache(random, random.choice(("here", "proxy")))
    ttl = random.choice((cache.ttl, 100.0))
    cache = replace(cache, writes=random.choice(("around", "through")), listens=True, ttl=ttl)
    kinds = ("slow", "fails", "stalls", "crash", "process", "purge", "cut", "one way")  # each has its end
    faults = [each for each in draw_plan(seed).faults if each.kind in kinds]
    if random.random() < 0.5:  # between the origin, which is the first host, and the cache
        start = random.uniform(0.5, 3.0)
        cut = FaultPlan(
            kind=random.choice(("cut", "one way")),
            start=start,
            end=start + random.choice((0.1, 1.0)),
            where=0.0,
            other=0.0 if cache.place == "here" else 0.34,
        )
        faults.append(cut)
        cache = replace(cache, ttl=100.0, negative_ttl=None, jitter=0.0, capacity=10)
    return replace(
        draw_plan(seed),
        at_origin=None,
        chains=((cache,), ()),
        users=3,
        pause=random.choice((0.02, 0.1)),
        latency=random.choice((0.01, 0.1)),
        write_share=random.choice((0.02, 0.3)),
        faults=tuple(faults),
    )


def draw_leasing(seed: int) -> Plan:
    """Return the plan of a seed with one cluster of cache servers, and leases."""
    random = Random(seed)
    cache = replace(draw_cache(random, "aside"), leases=True, ejects=False, writes="around", ttl=100.0)
    return replace(
        draw_plan(seed),
        at_origin=None,
        chains=((cache,),),
        users=4,
        pause=random.choice((0.02, 0.1)),
        latency=random.choice((0.01, 0.04)),
    )
