"""Every wrapper, and ordered pairs of them, around what a backlog is asked: to take jobs, to hand them out.

The sender's calls have the chain around them, or the worker's have, unless polls do not get through it
whatever the worker does. In trouble (the worker dies, the backlog does, each way between them is cut for a
while): what was accepted is done and is gone from the backlog, and what was done more than once is counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pytest

from models import Endpoint
from models.resilience.idempotency import Acknowledged

from .catalogue import (
    WRAPPERS,
    Wrapper,
    balancers,
    build_chain,
    fallbacks,
    name_of,
    named,
    outboxes,
    remedies,
    stock,
)
from .invariants import check_always
from .plant import Plant
from .world import World

Chain = tuple[Wrapper, ...]

# These answer for what they stand around, ask somebody else, ask for more than a backlog understands, take
# all requests for one, or for one that came too late: polls do not get through, whatever the worker does.
ANSWERING = {
    *outboxes.WRAPPERS,
    *fallbacks.WRAPPERS,
    *balancers.WRAPPERS,
    *stock.WRAPPERS,
    *remedies.WRAPPERS,
    *named(
        "IdempotencyStore",
        "IdempotencyStore that rejects",
        "IdempotencyStore that replays failures",
        "HonourDeadline too late",
        "optional Dependency",
        "in_parallel",
        "by_operation",
        "Cache, written behind",
        "VersionedKeys",
    ),
}
# What its caller abandons holds its only thread, for ever if the answer is lost, though the worker has
# crashed since: it stands on the host.
HOLDING = named("thread pool of 1 that abandons")
# These let a request through every few seconds: a worker's next poll takes the place of its last delete.
STARVING = named("TokenBucket", "SlidingWindowCounter")


# What these send of their own accord would be jobs.
PROBING = named("health checks")
# Of these a job hears nothing good: it comes too late, or is no operation that they know.
LATE, *UNKNOWING = named("HonourDeadline too late", "by_operation", "VersionedKeys")
# And this makes another operation of it, which they know.
TRANSLATING = named("Cache, written behind")[0]
# One pair in so many is among the fast tests, and one in so many among the slow ones: primes.
SAMPLED_ONE_IN = 397
SLOW_ONE_IN = 29
PATIENCE = 200.0
ALONE = [wrapper for wrapper in WRAPPERS if wrapper not in PROBING]
PAIRS: list[Chain] = [(outer, inner) for outer in ALONE for inner in ALONE]


@dataclass
class _ToTheBacklog:
    """Takes the place of a bad target: the way to a plant's backlog, where accepted jobs may be noted."""

    plant: Plant
    notes: bool
    is_local: bool = False

    def build(self, world: World) -> Endpoint:
        way = world.network.connect(world.here, self.plant.backlog)
        return Acknowledged(way, self.plant.log) if self.notes else way


def work_in_trouble(chain: Chain, *, is_senders: bool) -> None:
    """Send ten jobs to a worker, with a chain on one of the two ways, and let everything fail once."""
    plant = Plant(work=0.3)
    world = plant.world
    way = build_chain(world, _ToTheBacklog(plant, notes=is_senders), chain)  # type: ignore[arg-type]
    worker = plant.hire(plant.way() if is_senders else way, wait=0.5, patience=3.0, pause=0.4)
    times = (0.4 * number for number in range(10))
    plant.send(*times, client=world.client(way) if is_senders else None)
    rules: list[object] = []
    world.at(1.13, worker.instance.crash)
    world.at(3.17, plant.backlog.instance.crash)
    world.at(4.19, plant.backlog.instance.restart)
    for time, ends in ((5.03, (world.web, world.server)), (8.07, (world.server, world.web))):
        world.at(time, lambda ends=ends: rules.append(world.network.partition(*ends, one_way=True)))  # type: ignore[misc]
        world.at(time + 1.5, lambda: world.network.heal(rules[-1]))  # type: ignore[arg-type]
    world.env.run(until=30.0)
    while plant.backlog.size and world.env.now < PATIENCE:  # some chains are slow to let go
        world.env.run(until=world.env.now + 10.0)
    check_always(world)
    jobs, done = plant.backlog.statistics(), worker.statistics()
    if len(chain) > 1 and not jobs.deleted_count:
        # Two that let jobs through alone, and none together: a short timeout around long work.
        assert plant.backlog.size == jobs.sent_count
        return
    assert plant.log.lost_count == 0
    assert (jobs.sent_count > 0) is not (is_senders and is_refused(chain))
    assert jobs.sent_count == jobs.deleted_count, "each message came to its end"
    assert done.completed_count == plant.log.applied_count, "each effect is counted"
    assert plant.log.applied_count >= jobs.sent_count
    assert done.completed_count - jobs.sent_count <= jobs.redelivered_count
    plant.close(worker)


def is_refused(chain: Chain) -> bool:
    """Say whether one of the chain refuses every job."""
    as_it_is = chain[: chain.index(TRANSLATING)] if TRANSLATING in chain else chain
    return LATE in chain or not set(UNKNOWING).isdisjoint(as_it_is)


def gets_through(chain: Chain) -> bool:
    """Say whether a worker behind a chain gets his jobs, and gets rid of them."""
    return {*ANSWERING, *STARVING, *HOLDING}.isdisjoint(chain)


def work_through_all(chains: Iterable[Chain]) -> None:
    """Do that with chain after chain, and tell of all that went wrong."""
    errors = []
    for chain in chains:
        for is_senders in (True, False) if gets_through(chain) else (True,):
            try:
                work_in_trouble(chain, is_senders=is_senders)
            except AssertionError as error:
                error.add_note(f"{name_of(chain)} on the way of the {'sender' if is_senders else 'worker'}")
                errors.append(error)
    if errors:
        raise ExceptionGroup(f"{len(errors)} chains lose jobs, or count wrongly", errors)


@pytest.mark.parametrize("wrapper", ALONE, ids=lambda each: each.name)
def test_any_wrapper_lets_every_job_through_in_trouble_too(wrapper: Wrapper) -> None:
    work_through_all([(wrapper,)])


@pytest.mark.slow
def test_some_pairs_let_every_job_through_in_trouble_too() -> None:
    work_through_all(PAIRS[::SAMPLED_ONE_IN])


@pytest.mark.slow
@pytest.mark.unwatched(reason="each chain ends with the checks")
def test_pairs_let_every_job_through_in_trouble_too() -> None:
    work_through_all(PAIRS[1::SLOW_ONE_IN])
