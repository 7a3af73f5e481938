"""One cache, or one cluster of cache servers, that all writes come through: what is seen of them then."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from .laws import (
    acknowledged_writes_are_seen,
    breaches,
    hits_do_not_go_back,
    invalidations_are_seen,
    nothing_outlives_its_process,
    servers_have_no_old_value,
    writes_are_seen,
    writes_behind_keep_their_order,
)
from .plans import DRAINED, LOAD_END, draw_leasing, draw_listening, draw_single
from .worlds import World


def breaches_of_single(seeds: Iterable[int]) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    for seed in seeds:
        world = World(draw_single(seed))
        world.run(DRAINED)
        breached = breaches(world)
        if world.behind:
            breached += acknowledged_writes_are_seen(world) + writes_behind_keep_their_order(world)
        else:
            breached += writes_are_seen(world) + hits_do_not_go_back(world)
        breached += nothing_outlives_its_process(world)
        found.extend((seed, breach) for breach in breached)
    return found


def breaches_of_listening(seeds: Iterable[int]) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    for seed in seeds:
        world = World(draw_listening(seed))
        world.run(DRAINED)
        found.extend((seed, breach) for breach in breaches(world) + invalidations_are_seen(world))
    return found


def breaches_with_leases(seeds: Iterable[int]) -> tuple[list[tuple[int, str]], int]:
    """Return what did not hold, and how often it was looked at while no delete had failed."""
    found: list[tuple[int, str]] = []
    look_count = 0
    for seed in seeds:
        world = World(draw_leasing(seed))
        while world.env.now < LOAD_END + 1.0 and not found:
            world.run(world.env.now + 0.1)
            if any(_has_failed_to_delete(world)):
                break
            look_count += 1
            found.extend((seed, breach) for breach in servers_have_no_old_value(world))
        world.run(DRAINED)
        found.extend((seed, breach) for breach in breaches(world))
    return found, look_count


def _has_failed_to_delete(world: World) -> Iterable[bool]:
    for aside in world.asides:
        yield aside.client.statistics().failed_delete_count > 0
        yield aside.statistics().undeleted_count > 0


def test_who_reads_after_a_write_is_told_it_or_a_later_one() -> None:
    assert breaches_of_single(range(3)) == []


@pytest.mark.slow
def test_who_reads_after_a_write_is_told_it_or_a_later_one_whatever_the_rules_and_faults() -> None:
    assert breaches_of_single(range(100, 250)) == []


def test_a_cache_that_is_told_of_writes_tells_no_older_value_once_it_has_heard() -> None:
    assert breaches_of_listening(range(3)) == []


@pytest.mark.slow
def test_a_cache_that_is_told_of_writes_tells_no_older_value_once_it_has_heard_whatever_the_faults() -> None:
    assert breaches_of_listening(range(100, 180)) == []


def test_with_leases_no_server_has_a_value_from_before_a_write() -> None:
    found, look_count = breaches_with_leases((2, 3))
    assert (found, look_count > 100) == ([], True)


@pytest.mark.slow
def test_with_leases_no_server_has_a_value_from_before_a_write_whatever_the_faults() -> None:
    found, look_count = breaches_with_leases(range(100, 150))
    assert (found, look_count > 2_000) == ([], True)
