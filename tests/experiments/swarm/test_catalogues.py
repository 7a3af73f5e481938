"""Everything in the catalogues can be built and run with every value, and everything there is, is in them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from inspect import isabstract
from typing import Any

import pytest

from experiments.swarm import BOOKS, FAULTS, WRAPPERS, Failed, SystemPlan, build, run_trial
from experiments.swarm.bookkeeping import books_of
from experiments.swarm.choices import Choice
from experiments.swarm.parts import PARTS
from experiments.swarm.plan import REGION
from experiments.swarm.policy_catalogue import POLICIES
from models import Wrapper, balancing, faults
from models.balancing import Policy
from models.caching.aside import CacheAside
from models.caching.http_endpoints import HttpCaching, UserAgent
from models.caching.invalidation import Invalidations, VersionedKeys
from models.cqrs import FromTheCommandSide, OwnView, TwoSides, UntilItIsThere
from models.faults import DiskLoss, Fault
from models.replication import UniqueWrites
from models.replication.sessions import Session
from models.requirements import Amplification
from models.resilience.idempotency import Acknowledged
from models.sharding import SaltedKey
from models.stocked_shop import AgreedStock, OverwrittenStock, SplitStock

# Classes of `models` that the swarm does without, and why.
LEFT_OUT: dict[type, str] = {
    Acknowledged: "an observer of orders; promises are checked on what clients have seen",
    Amplification: "an observer",
    CacheAside: "asks cache servers beside its target, which no drawn system has",
    HttpCaching: "speaks HTTP, which no drawn service does",
    UserAgent: "as HttpCaching",
    VersionedKeys: "asks for pointers to contents, and no drawn service has either",
    Invalidations: "tells caches of writes, and a plan's requests are reads",
    SaltedKey: "stands at clients of a store, and knows of one key that it is a counter",
    Session: "stands at clients of a store, whose answers have versions; no drawn system has one",
    UniqueWrites: "stands at clients of a store, and gives what they write a value",
    AgreedStock: "as Session",
    OverwrittenStock: "as Session",
    SplitStock: "as Session",
    TwoSides: "stands at clients of handlers and projections, which no drawn system has",
    FromTheCommandSide: "as TwoSides",
    OwnView: "as TwoSides",
    UntilItIsThere: "as TwoSides; `projections` has users who demand their own commands themselves",
    DiskLoss: "strikes a disk; drawn for stores, which have some",
}

BUSY = [{"time": 0.5}, {"time": 0.5}, {"time": 0.6, "ended_after": 0.05}, {"time": 0.7}, {"time": 1.3}]
ENDS = {"source": "caller", "target": "server"}
# What a fault that strikes a wrapper needs.
NEEDED = {
    "pool_leak": "connection_pool",
    "switched_off": "switched",
    "breaker_by_hand": "consecutive_failures",
}
STRUCK: dict[str, dict[str, Any]] = {
    "host": {"host": "server"},
    "instance": {"instance": "shop-1"},
    "area": {"area": "a"},
    "of": {"of": "shop"},
    "service": {"service": "shop"},
    "source": ENDS,
    "wrapper": {},
}


def plan_with(side: str, *wrappers: dict[str, Any], **changes: Any) -> SystemPlan:
    """A small system in some trouble, with these wrappers on one side."""
    way: dict[str, Any] = {"service": "shop", "wrappers": [{"kind": "timeout", "name": "limit"}]}
    service: dict[str, Any] = {"name": "shop", "hosts": ["server"], "demand": {"mean": 0.2}, "threads": 1}
    if side == "caller":
        way["wrappers"] = [*wrappers, *way["wrappers"]]
    else:
        service["guards"] = list(wrappers)
    tree = {
        "zones": ["a"],
        "load_end": 2.0,
        "hosts": [{"name": "server", "zone": "a"}, {"name": "caller"}],
        "services": [service],
        "clients": [
            {
                "name": "client",
                "host": "caller",
                "way": way,
                "load": {"kind": "scripted", "requests": BUSY, "on_host": True},
            }
        ],
        "faults": [
            {
                "kind": "process_crash",
                "name": "crash",
                "start": 0.8,
                "end": 0.9,
                "parameters": {"instance": "shop-1"},
            }
        ],
        **changes,
    }
    return SystemPlan.model_validate_json(json.dumps(tree))


def wrappers_to_try() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for kind, each in WRAPPERS.items():
        for side in each.sides:
            yield side, kind, {}
            for name, parameter in each.parameters.items():
                assert isinstance(parameter, Choice)
                yield from ((side, kind, {name: value}) for value in parameter.values[1:])


@pytest.mark.slow
@pytest.mark.parametrize("kind", WRAPPERS)
def test_every_wrapper_works_with_every_value_on_every_side(kind: str) -> None:
    for side, name, parameters in wrappers_to_try():
        if name == kind:
            wrapper = {"kind": kind, "name": "tried", "parameters": parameters}
            verdict = run_trial(plan_with(side, wrapper), thorough=True)
            assert not isinstance(verdict, Failed), (side, parameters, verdict.what)


@pytest.mark.parametrize("kind", WRAPPERS)
def test_every_wrapper_has_books(kind: str) -> None:
    side = WRAPPERS[kind].sides[0]
    live = build(plan_with(side, {"kind": kind, "name": "tried"}))
    part = [endpoint for endpoint in live.endpoints if endpoint.name.startswith("tried of ")][-1]
    assert books_of(part) is not books_of(object()), f"{type(part).__name__} has no entry in BOOKS"


# What can be done to other parts is tried with these: see `parts/test_part_contract`.
OF_ANY_SYSTEM = {
    kind: each for kind, each in FAULTS.items() if not any(kind in part.faults for part in PARTS.values())
}


def faults_to_try() -> Iterator[tuple[str, dict[str, Any]]]:
    for kind, each in OF_ANY_SYSTEM.items():
        struck = next((STRUCK[name] for name in STRUCK if name in each.parameters), {})
        if "wrapper" in each.parameters:
            struck = {"wrapper": "tried"}
        elif kind == "zone_chaos":
            struck = {"area": REGION}
        elif kind == "link_chaos":
            struck = {"source": "caller"}
        elif kind == "instance_added":
            struck = {"service": "shop", "host": "server"}
        yield kind, struck
        for name, parameter in each.parameters.items():
            if isinstance(parameter, Choice):
                yield from ((kind, {**struck, name: value}) for value in parameter.values[1:])


@pytest.mark.parametrize("kind", OF_ANY_SYSTEM)
def test_every_fault_strikes_and_heals_with_every_value(kind: str) -> None:
    guard = {"kind": NEEDED.get(kind, "recorded"), "name": "tried"}
    for name, parameters in faults_to_try():
        if name == kind:
            fault = {"kind": kind, "name": "trouble", "start": 0.55, "end": 1.2, "parameters": parameters}
            plan = plan_with("server", guard, faults=[fault])
            verdict = run_trial(plan, thorough=True)
            assert not isinstance(verdict, Failed), (parameters, verdict.what)
            live = build(plan)
            live.env.run(until=1.0)
            struck = live.system.part("trouble", Fault)
            assert struck.is_injected
            live.env.run(until=2.0)
            assert not struck.is_injected


def subclasses(kind: type) -> set[type]:
    direct = {each for each in kind.__subclasses__() if each.__module__.startswith("models.")}
    return direct.union(*map(subclasses, direct))


def public(kind: type) -> set[type]:
    return {each for each in subclasses(kind) if not each.__name__.startswith("_") and not isabstract(each)}


def test_every_wrapper_there_is_can_be_drawn() -> None:
    """A new wrapper is an entry in the catalogue, or in `LEFT_OUT` with its reason."""
    built = set()
    for kind, each in WRAPPERS.items():
        live = build(plan_with(each.sides[0], {"kind": kind, "name": "tried"}))
        built |= {type(endpoint) for endpoint in live.endpoints}
    assert public(Wrapper) - built - set(LEFT_OUT) == set()


def test_every_wrapper_there_is_has_books() -> None:
    assert public(Wrapper) - set(BOOKS) - set(LEFT_OUT) == set()


def test_every_policy_there_is_can_be_drawn() -> None:
    known = {type(policy) for policy in POLICIES.values()}
    assert {getattr(balancing, name) for name in balancing.__all__} & public(Policy) == known


@pytest.mark.slow
def test_every_fault_there_is_can_be_drawn() -> None:
    made = set()
    for kind, parameters in faults_to_try():
        guard = {"kind": NEEDED.get(kind, "recorded"), "name": "tried"}
        fault = {"kind": kind, "name": "trouble", "start": 0.55, "end": 1.2, "parameters": parameters}
        live = build(plan_with("server", guard, faults=[fault]))
        struck: Any = live.system.part("trouble", Fault)
        made |= {type(struck), *map(type, getattr(struck, "faults", []))}
    shown = {getattr(faults, name) for name in faults.__all__}
    assert (shown & public(Fault)) - made - set(LEFT_OUT) == set()
