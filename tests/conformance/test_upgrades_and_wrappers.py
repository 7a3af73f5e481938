"""Every strategy while every wrapper, and ordered pairs of them, stand around the balancer: nobody sees it.

Users' calls go through the wrappers to a balancer on a host of its own, and from there to three instances
that take a second for an answer. The same calls are made while the shop stays as it is and while it is
upgraded, with draining: each must end in the same way, at the same time, and nothing may leak. So the oracle
of an upgrade is the same system without one, whatever the wrappers make of a second.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import pytest

from models.deployment import Draining, RollingUpgrade, Strategy

from .bad_targets import BadTarget
from .catalogue import WRAPPERS, Wrapper, build_chain, name_of
from .invariants import check_always, check_drained
from .upgraded_shop import CALLS, STRATEGIES, UpgradedShop, ends_of

Chain = tuple[Wrapper, ...]
END = 16.0
ALONE: list[Chain] = [(), *((wrapper,) for wrapper in WRAPPERS)]
PAIRS: list[Chain] = [(outer, inner) for outer in WRAPPERS for inner in WRAPPERS]
# Primes, so that each wrapper has its turn, outside and inside, and each strategy. A run costs twenty
# milliseconds, and seven thousand pairs with five strategies each would be a quarter of an hour.
SOME_IN, FEW_IN = 29, 401


def played(chain: Chain, strategy: Strategy | None) -> list[tuple[float, float, int]]:
    """Run the calls, without an upgrade or with one, and return how each ended and when."""
    street = UpgradedShop()
    target = BadTarget(
        name="shop", build=lambda world: world.network.connect(world.here, street.balancer), verdict=_unknown
    )
    client = street.client(build_chain(street, target, chain))
    street.issue(client, *CALLS)
    if strategy is not None:
        street.order(strategy)
    street.env.run(until=END)
    if strategy is not None:
        assert (street.rollout.outcome, street.versions()) == ("complete", ["2"] * 3)
        assert street.rollout.ended_at < CALLS[-1], "calls are made all the while"
    check_always(street)
    assert client.table.issued == len(CALLS) == sum(client.table.counts().values()) + client.in_flight
    check_drained(street)
    return ends_of(client)


def _unknown(time: float, number: int) -> Any:
    raise NotImplementedError("what is behind the wrappers is told by a run without an upgrade")


@lru_cache
def undisturbed(chain: Chain) -> list[tuple[float, float, int]]:
    return played(chain, None)


def check_all(chains: Iterable[Chain], shift: int = 0) -> None:
    """Check chain after chain, each with another strategy in turn, and tell of all that differ."""
    names = list(STRATEGIES)
    errors = []
    for number, chain in enumerate(chains, start=shift):
        name = names[number % len(names)]
        try:
            assert played(chain, STRATEGIES[name]) == undisturbed(chain)
        except AssertionError as error:
            error.add_note(f"{name} under {name_of(chain) or 'nothing'}")
            errors.append(error)
    if errors:
        raise ExceptionGroup(f"{len(errors)} upgrades were seen", errors)


@pytest.mark.slow
def test_upgrade_is_not_seen_through_some_wrappers() -> None:
    check_all(ALONE[::4])


@pytest.mark.slow
def test_upgrade_is_not_seen_through_a_few_pairs() -> None:
    check_all(PAIRS[::FEW_IN])


@pytest.mark.slow
@pytest.mark.unwatched(reason="each run ends with the checks")
@pytest.mark.parametrize("shift", range(len(STRATEGIES)))
def test_upgrade_by_any_strategy_is_not_seen_through_any_wrapper(shift: int) -> None:
    check_all(ALONE, shift)


@pytest.mark.slow
@pytest.mark.unwatched(reason="each run ends with the checks")
@pytest.mark.parametrize("part", range(4))
def test_upgrade_is_not_seen_through_some_pairs(part: int) -> None:
    check_all(PAIRS[::SOME_IN][part::4])


def test_upgrade_without_draining_is_seen() -> None:
    """The check can fail: who is cut off sees it."""
    street = UpgradedShop(Draining(linger=0.0, grace=0.0))
    client = street.client(street.network.connect(street.web, street.balancer))
    street.issue(client, *CALLS)
    street.order(RollingUpgrade())
    street.env.run(until=END)
    assert client.table.counts()["ok"] < len(CALLS)
