"""Keys on nodes: how uneven a ring is, how many keys move, and that a bound on the load is kept.

The shares of a ring with v points for each of n nodes are Dirichlet distributed, that of one node is
Beta(v, (n - 1) v): its squared coefficient of variation is (n - 1)/(n v + 1). From n to n + 1 nodes 1/(n + 1)
of the keys move in expectation, with a ring and with jump hash, and n/(n + 1) with the hash modulo n.

A bound says what never happens. Requests with popular keys come to targets behind a balancer, and each time
one is sent the target that gets it is compared with the bound.

Sources: Karger et al. (1997); Lamping and Veach (2014); Mirrokni, Thorup and Zadimoghaddam (2018).
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from functools import partial
from math import ceil
from typing import Any

import numpy as np

from models import FunctionEndpoint, Request
from models.balancing import Balancer, ConsistentHash
from models.hashing import HashRing, JumpBuckets, ModuloBuckets, Placement, moved_share
from models.workload import OpenLoop, ZipfKeys
from simulator import Environment
from simulator.randomness import Exponential

from ..experiment import Claim, TheoryCheck

_RINGS, _KEYS = 200, 2_000
_POPULARITY = 1.0  # Zipf's exponent
_BOUND = 1.25


def _names(seed: int, number: int, count: int) -> list[str]:
    return [f"{seed}/{number}/{node}" for node in range(count)]


def ring_shares(seed: int, effort: float, *, nodes_count: int, virtual_nodes: int) -> Sequence[float]:
    """Many rings of nodes with other names: the squared coefficient of variation of their exact shares."""
    rings = max(2, round(_RINGS * effort))
    squares = [
        np.mean((nodes_count * HashRing(names, virtual_nodes=virtual_nodes).shares() - 1.0) ** 2)
        for names in (_names(seed, number, nodes_count) for number in range(rings))
    ]
    return (float(np.mean(squares)),)


def moved_keys(seed: int, effort: float, *, nodes_count: int) -> Sequence[float]:
    """The shares of the keys that move when one node more comes: ring, jump, modulo."""
    moved: list[tuple[float, ...]] = []
    for number in range(max(2, round(_RINGS * effort))):
        names = _names(seed, number, nodes_count + 1)
        keys = np.arange(_KEYS) + number * _KEYS + seed % 2**40
        kinds: tuple[type[Placement], ...] = (HashRing, JumpBuckets, ModuloBuckets)
        moved.append(tuple(moved_share(kind(names[:-1]), kind(names), keys) for kind in kinds))
    return [float(mean) for mean in np.mean(moved, axis=0)]


def bounded_load(seed: int, effort: float, *, targets_count: int, factor: float) -> Sequence[float]:
    """The share of the requests that were sent to a target that had its bound of 1.25 x mean already."""
    env = Environment(seed=seed)
    durations = env.sampler("durations", Exponential(1.0)).values
    under_way = [0] * targets_count
    sent = above = 0

    def target(number: int) -> FunctionEndpoint:
        def answer(request: Request) -> Generator[Any, Any, None]:
            nonlocal above, sent
            under_way[number] += 1
            sent += 1
            above += under_way[number] > ceil(_BOUND * sum(under_way) / targets_count)
            try:
                yield next(durations)
            finally:
                under_way[number] -= 1

        return FunctionEndpoint(answer, name=f"target {number}")

    policy = ConsistentHash(balance_factor=factor)
    balancer = Balancer(env, [target(number) for number in range(targets_count)], policy=policy)
    keys = ZipfKeys(env, 1_000, exponent=_POPULARITY)
    duration = max(10.0, 60.0 * effort)
    OpenLoop(env, balancer, rate=10.0 * targets_count, until=duration, keys=keys, name="users")
    env.run(until=duration)
    return (above / sent,)


def _shares_check(nodes_count: int, virtual_nodes: int) -> TheoryCheck:
    return TheoryCheck(
        name=f"hash ring, {virtual_nodes} points for each of {nodes_count} nodes",
        group="balancing",
        source="Beta(v, (n - 1) v): points are uniform",
        claims=(
            Claim(
                "squared coefficient of variation of shares",
                (nodes_count - 1) / (nodes_count * virtual_nodes + 1),
                precision=0.1,
            ),
        ),
        simulate=partial(ring_shares, nodes_count=nodes_count, virtual_nodes=virtual_nodes),
    )


def _moves_check(nodes_count: int) -> TheoryCheck:
    must = 1.0 / (nodes_count + 1)
    return TheoryCheck(
        name=f"keys that move, {nodes_count} to {nodes_count + 1} nodes",
        group="balancing",
        source="symmetry; Lamping and Veach 2014",
        claims=(
            Claim("share with a ring", must),
            Claim("share with jump hash", must),
            Claim("share with modulo", 1.0 - must),
        ),
        simulate=partial(moved_keys, nodes_count=nodes_count),
    )


CHECKS = (
    _shares_check(10, 1),
    _shares_check(20, 100),
    _moves_check(4),
    _moves_check(20),
    TheoryCheck(
        name="consistent hashing with bounded loads, 10 targets, factor 1.25",
        group="balancing",
        source="Mirrokni, Thorup and Zadimoghaddam 2018",
        claims=(Claim("share of requests above the bound", 0.0),),
        simulate=partial(bounded_load, targets_count=10, factor=_BOUND),
    ),
)
"""Shares, moves and a bound."""
