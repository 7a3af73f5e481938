"""What an observer sees of sagas: how long each was half-done, and what others made of that.

Sagas are not isolated. An observer sees all services and knows how each saga ended, so it counts exactly:

    dirty read          a step was judged by a value that another saga had changed, before that was decided
    ... of what was     the same, and that saga was compensated: what was read has never been
    undone
    false refusal       a step was refused for too little, and would not have been had nobody taken what was
                        given back later: a sale that is lost although the stock was there
    lost update         a compensation that puts a value back has replaced one that another saga had put since

A saga is decided by its pivot, when that is on the disk of its service: what it has changed by then is final.
It is half-done from its first change until it has ended. Reads and refusals are counted where they were
judged, also if a crash has taken back what came of it.

Source: the anomalies are those of Richardson, "Microservices Patterns" (2018), section 4.3.1, after Berenson
et al., "A Critique of ANSI SQL Isolation Levels" (SIGMOD 1995).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from simulator import Environment

from ..changes import Add, Changes, Put

Place = tuple[str, Hashable]
"""A service and a key of its data."""

Shortage = tuple[float, dict[Any, float]]
"""How much there was too little of something, and how much of it sagas had taken that had not ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Anomalies:
    """How often what happened; see above."""

    dirty_read_count: int
    undone_read_count: int
    false_refusal_count: int
    lost_update_count: int


@dataclass(slots=True)
class SagaLife:
    """When a saga began, changed something first, and ended, and how; `None` for what has not happened."""

    began_at: float
    changed_at: float | None = None
    ended_at: float | None = None
    is_done: bool | None = None


@dataclass(slots=True)
class MarkStay:
    """A key of a service that a saga marked at one time (s) and took the mark off at another, if it has."""

    service: str
    key: Any
    saga: Any
    marked_at: float
    unmarked_at: float | None = None


class SagaObserver:
    """Is told of all that sagas do in an environment; changes nothing.

    `lives` are the sagas by their ids, `marks` all semantic locks that there were.
    """

    def __init__(self, env: Environment) -> None:
        self._env = env
        self.lives: dict[Any, SagaLife] = {}
        self.marks: list[MarkStay] = []
        self._marked: dict[tuple[str, Any, Any], MarkStay] = {}
        # What sagas that are not decided have changed, and who has changed a place last.
        self._open: defaultdict[Place, dict[Any, float]] = defaultdict(dict)
        self._places: defaultdict[Any, dict[Place, None]] = defaultdict(dict)
        self._last: dict[Place, Any] = {}
        self._reads: list[frozenset[Any]] = []  # the sagas that each dirty read rests on
        self._refusals: list[list[Shortage]] = []
        self._dirty_read_count = 0
        self._lost_update_count = 0

    # -- being told -----------------------------------------------------------------------------------------

    def began(self, saga: Any) -> None:
        """Note that an orchestrator has taken a saga on."""
        self.lives.setdefault(saga, SagaLife(self._env.now))

    def done(self, service: str, saga: Any, changes: Changes, *, is_undoable: bool) -> None:
        """Note that a step was done; one that is not undoable is the pivot, or comes after it."""
        life = self.lives.setdefault(saga, SagaLife(self._env.now))
        if life.changed_at is None:
            life.changed_at = self._env.now
        self._note_read(service, saga, changes)
        for change in changes:
            place = (service, change.key)
            self._last[place] = saga
            if not is_undoable:
                continue
            amount = change.amount if isinstance(change, Add) else 0.0
            self._open[place][saga] = self._open[place].get(saga, 0.0) + amount
            self._places[saga][place] = None

    def decided(self, saga: Any) -> None:
        """Note that the pivot is on a disk, or a step after it: what the saga has changed is final."""
        for place in self._places.pop(saga, ()):
            self._open[place].pop(saga, None)

    def refused(self, service: str, saga: Any, changes: Changes, data: Mapping[Any, Any]) -> None:
        """Note that a step was refused, by `data`."""
        self._note_read(service, saga, changes)
        shortages: list[Shortage] = []
        for change in changes:
            if isinstance(change, Add):
                lack = change.lowest - (data.get(change.key, 0) + change.amount)
                if change.amount < 0.0 and lack > 0.0:
                    others = self._others((service, change.key), saga)
                    shortages.append(
                        (lack, {other: -amount for other, amount in others.items() if amount < 0.0})
                    )
        self._refusals.append(shortages)

    def undone(self, service: str, saga: Any, compensation: Changes) -> None:
        """Note that a step was undone."""
        for change in compensation:
            place = (service, change.key)
            if isinstance(change, Put) and self._last.get(place, saga) != saga:
                self._lost_update_count += 1
            self._open[place].pop(saga, None)

    def marked(self, service: str, saga: Any, keys: Iterable[Any]) -> None:
        """Note that a saga has marked keys; told again after a crash, they have been marked since then."""
        for key in keys:
            if (service, key, saga) not in self._marked:
                stay = self._marked[service, key, saga] = MarkStay(service, key, saga, self._env.now)
                self.marks.append(stay)

    def unmarked(self, service: str, saga: Any, keys: Iterable[Any]) -> None:
        """Note that a saga has no mark there any more."""
        for key in keys:
            stay = self._marked.pop((service, key, saga), None)
            if stay is not None:
                stay.unmarked_at = self._env.now

    def restarted(self, service: str, *, done: Container[Any], marks: Mapping[Any, Any]) -> None:
        """Note that a service has read its disk: which sagas have `done` anything there, and its `marks`.

        A compensation that the crash has taken back counts as done: it will be very soon.
        """
        for where, key, saga in list(self._marked):
            if where == service and marks.get(key) != saga:
                self.unmarked(service, saga, [key])
        for key, saga in marks.items():
            self.marked(service, saga, [key])
        for (where, _), sagas in self._open.items():
            if where == service:
                for saga in [saga for saga in sagas if saga not in done]:
                    del sagas[saga]

    def ended(self, saga: Any, *, is_done: bool) -> None:
        """Note how a saga has ended; told again after a crash, it has ended when it was told first."""
        life = self.lives.setdefault(saga, SagaLife(self._env.now))
        if life.ended_at is None:
            life.ended_at, life.is_done = self._env.now, is_done
        self.decided(saga)

    def _others(self, place: Place, saga: Any) -> dict[Any, float]:
        return {other: amount for other, amount in self._open[place].items() if other != saga}

    def _note_read(self, service: str, saga: Any, changes: Changes) -> None:
        """Note what an addition was judged by; who puts a value reads none."""
        rests_on = {
            other
            for change in changes
            if isinstance(change, Add)
            for other in self._others((service, change.key), saga)
        }
        if rests_on:
            self._dirty_read_count += 1
            self._reads.append(frozenset(rests_on))

    # -- telling --------------------------------------------------------------------------------------------

    @property
    def open_count(self) -> int:
        """How many sagas have begun and not ended."""
        return sum(life.ended_at is None for life in self.lives.values())

    def half_done_times(self) -> list[float]:
        """Return for how long each saga that changed anything was half-done: until now, if it still is."""
        now = self._env.now
        return [
            (now if life.ended_at is None else life.ended_at) - life.changed_at
            for life in self.lives.values()
            if life.changed_at is not None
        ]

    def anomalies(self) -> Anomalies:
        """Return what has been counted so far."""
        undone = {saga for saga, life in self.lives.items() if life.is_done is False}
        return Anomalies(
            dirty_read_count=self._dirty_read_count,
            undone_read_count=sum(not undone.isdisjoint(sagas) for sagas in self._reads),
            false_refusal_count=sum(_is_false(shortages, undone) for shortages in self._refusals),
            lost_update_count=self._lost_update_count,
        )


def _is_false(shortages: list[Shortage], undone: set[Any]) -> bool:
    """Say whether there was enough of everything, without what these sagas took and gave back."""
    return all(
        sum(amount for saga, amount in taken.items() if saga in undone) >= lack for lack, taken in shortages
    )
