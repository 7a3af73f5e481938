"""Crashes of the backlog, of the worker, and of both at one instant, at every instant of a job's life.

The job is sent at 0.5 s over a network of 10 ms, and goes its way: accepted and handed out at 0.51, with the
worker at 0.52, its effect at 1.52, deleted at 1.73 by a request that left at 1.72. Something crashes at one
of these instants, before or after all else that happens then, or between two of them, and is back 2 s later
(the worker's process after a second, by itself). What comes of it follows from the instant alone:

- The job is there from its acceptance to its deletion. A durable backlog loses nothing, one in memory what is
  there when it dies.
- The effect is repeated if the worker dies between that and the delete's leaving; or its arrival, if the
  backlog dies too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import pytest

from models.workers import BacklogSettings, Worker

from .plant import Plant

SENT, ACCEPTED, DONE, DELETING, DELETED = 0.5, 0.51, 1.52, 1.72, 1.73
INSTANTS = (0.0, 0.01, SENT, ACCEPTED, 0.52, DONE, DELETING, DELETED, 1.74)
TOLERANCE = 1e-9
REPAIR = 2.0


class Instant(NamedTuple):
    """A time, and whether a crash then comes before (-1) or after (+1) all else that happens at that time."""

    time: float
    side: int

    def is_after(self, event: float) -> bool:
        """Say whether the crash comes when what happens at the time `event` has happened."""
        if abs(self.time - event) < TOLERANCE:
            return self.side > 0
        return self.time > event

    def is_between(self, first: float, last: float) -> bool:
        return self.is_after(first) and not self.is_after(last)


def instants() -> Iterator[Instant]:
    for first, second in pairwise(INSTANTS):
        yield from (Instant(first, -1), Instant(first, +1), Instant((first + second) / 2.0, +1))
    yield from (Instant(INSTANTS[-1], -1), Instant(INSTANTS[-1], +1), Instant(3.0, +1))


VICTIMS: dict[str, tuple[str, ...]] = {
    "the backlog's process": ("backlog",),
    "the worker's process": ("worker",),
    "both processes, the backlog's first": ("backlog", "worker"),
    "both processes, the worker's first": ("worker", "backlog"),
    "the backlog's host": ("server",),
    "the worker's host": ("web",),
    "both hosts": ("server", "web"),
    "the backlog's host and the worker's process": ("server", "worker"),
}


class Outcome(NamedTuple):
    """How often the job took effect, and how many messages were accepted and lost."""

    effect_count: int
    sent_count: int
    lost_count: int


def crash(plant: Plant, worker: Worker, victims: tuple[str, ...], at: Instant) -> None:
    world = plant.world
    parts: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "backlog": (plant.backlog.instance.crash, plant.backlog.instance.restart),
        "server": (world.server.crash, world.server.restart),
        "web": (world.web.crash, world.web.restart),
        "worker": (worker.instance.crash, lambda: None),  # it has a supervisor
    }
    when = world.first_at if at.side < 0 else world.last_at
    when(at.time, lambda: [parts[victim][0]() for victim in victims])
    world.at(at.time + REPAIR, lambda: [parts[victim][1]() for victim in victims])


def run(victims: tuple[str, ...], at: Instant, *, is_durable: bool) -> Outcome:
    plant = Plant(rules=BacklogSettings(visibility=5.0, is_durable=is_durable), after=0.2)
    worker = plant.hire(plant.way(), patience=1.0, delete_attempts=5)
    plant.send(SENT)
    crash(plant, worker, victims, at)
    plant.world.env.run(until=20.0)
    jobs, done = plant.backlog.statistics(), worker.statistics()
    assert jobs.sent_count == jobs.deleted_count + jobs.lost_count, "each message came to its end"
    assert plant.log.lost_count <= jobs.lost_count, "what was accepted is done, or counted as lost"
    assert done.completed_count + done.killed_count >= plant.log.applied_count
    plant.close(worker)
    return Outcome(plant.log.applied_count, jobs.sent_count, jobs.lost_count)


def expected(victims: tuple[str, ...], at: Instant, *, is_durable: bool) -> Outcome:
    backlog_dies = not {"backlog", "server"}.isdisjoint(victims)
    worker_dies = not {"worker", "web"}.isdisjoint(victims)
    # Down from the crash on: what was sent in time to arrive before is there.
    is_sent = not backlog_dies or at.is_after(ACCEPTED)
    if not is_sent:
        return Outcome(0, 0, 0)
    is_there = at.is_between(ACCEPTED, DELETED)
    is_lost = backlog_dies and not is_durable and is_there
    if not worker_dies:
        return Outcome(1, 1, int(is_lost))
    if is_lost:
        return Outcome(int(at.is_after(DONE)), 1, 1)
    is_repeated = at.is_between(DONE, DELETED if backlog_dies else DELETING)
    return Outcome(2 if is_repeated else 1, 1, 0)


@pytest.mark.parametrize("is_durable", [True, False], ids=["durable", "in memory"])
@pytest.mark.parametrize("victims", VICTIMS.values(), ids=VICTIMS)
def test_what_a_crash_costs_follows_from_its_instant(victims: tuple[str, ...], is_durable: bool) -> None:
    differing: dict[Any, Any] = {}
    for at in instants():
        found = run(victims, at, is_durable=is_durable)
        if found != (right := expected(victims, at, is_durable=is_durable)):
            differing[at] = (found, right)
    assert not differing


def test_undisturbed_job_lives_through_these_instants() -> None:
    plant = Plant(after=0.2)
    worker = plant.hire(plant.way())
    plant.send(SENT)
    assert plant.done_at(0) == pytest.approx(DONE, abs=TOLERANCE)
    while plant.backlog.size:
        plant.world.env.step()
    assert plant.world.env.now == pytest.approx(DELETED, abs=TOLERANCE)
    plant.close(worker)
