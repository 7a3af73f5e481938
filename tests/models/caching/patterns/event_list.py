"""An independent model of a cache with its rules: a list of events, plain dictionaries, and no simulator.

A read of the origin takes `READ` seconds and sees the value half-way; a write takes `WRITE`, and takes effect
half-way. The i-th operation is 2^-10 * i seconds off the grid of an eighth of a second, on which all
durations are: no two things happen at one time unless one has brought about the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from heapq import heappop, heappush
from itertools import count
from typing import Any

READ, WRITE = 1.0, 0.25
GRID, OFFSET = 0.125, 2.0**-10

Operation = tuple[float, str, str]
"""When (s), what ("read", "write", "invalidate", "change": at the origin, past the cache), and which key."""

Answer = tuple[float, Any, bool]
"""When it was given, which value (or "rejected"), and whether it was said to be stale."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """How the cache is kept: `on_miss` is "load", "share", "stale" or "hide"."""

    on_miss: str
    ttl: float
    stale_time: float = 0.0
    refresh_factor: float | None = None
    writes_through: bool = False
    concurrency: int = 1
    queue: int = 1


@dataclass(eq=False)
class Question:
    """One read of the origin for a key."""

    key: str
    begun: float
    is_void: bool = False
    is_hidden: bool = False
    told: list[int] = field(default_factory=list)


@dataclass
class Held:
    """One entry: its value, when it came, and until when it is fresh."""

    value: Any
    stored: float
    expires: float


class EventList:
    """Works off the operations, and knows then how each read was answered and when the origin was read."""

    def __init__(self, rules: Rules, operations: list[Operation]) -> None:
        self.rules = rules
        self.answers: dict[int, Answer] = {}
        self.read_times: list[tuple[float, str]] = []
        self.origin: dict[str, Any] = {"a": "a", "b": "b"}
        self.held: dict[str, Held] = {}
        self.questions: list[Question] = []
        self.waiting: list[str] = []
        self.writing: list[tuple[str, int]] = []
        self.crowded: set[int] = set()
        self.now = 0.0
        self._order = count()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        for number, (time, what, key) in enumerate(operations):
            self._at(time, partial(self._do, what, key, number))
        while self._events:
            self.now, _, event = heappop(self._events)
            event()

    def _at(self, time: float, event: Callable[[], None]) -> None:
        heappush(self._events, (time, next(self._order), event))

    def _do(self, what: str, key: str, number: int) -> None:
        if what == "read":
            self._read(key, number)
        elif what == "change":
            self.origin[key] = f"change {number}"
        elif what == "invalidate":
            self._invalidate(key)
        else:
            self._write(key, number)

    def _write(self, key: str, number: int) -> None:
        others = [each for each in self.writing if each[0] == key]
        if others:
            self.crowded.update(number for _, number in others)
            self.crowded.add(number)
        self.writing.append((key, number))
        begun = self.now
        self._at(begun + WRITE / 2, lambda: self.origin.update({key: f"write {number}"}))

        def end() -> None:
            self.writing.remove((key, number))
            self._invalidate(key)
            if self.rules.writes_through and number not in self.crowded:
                self._keep(key, f"write {number}")

        self._at(begun + WRITE, end)

    def _invalidate(self, key: str) -> None:
        self.held.pop(key, None)
        for question in self.questions:
            question.is_void |= question.key == key
        self.crowded.update(number for of_key, number in self.writing if of_key == key)

    def _keep(self, key: str, value: Any) -> None:
        self.held[key] = Held(value, self.now, self.now + self.rules.ttl)

    def _under_way(self, key: str) -> Question | None:
        kept = [each for each in self.questions if each.key == key and not each.is_void]
        return kept[-1] if kept else None

    def _ask(self, key: str, *, is_hidden: bool = False) -> Question:
        question = Question(key, self.now, is_hidden=is_hidden)
        self.questions.append(question)
        self.read_times.append((self.now, key))
        seen: list[Any] = []
        self._at(self.now + READ / 2, lambda: seen.append(self.origin[key]))
        self._at(self.now + READ, lambda: self._answered(question, seen[0]))
        return question

    def _answered(self, question: Question, value: Any) -> None:
        self.questions.remove(question)
        if not question.is_void:
            self._keep(question.key, value)
        for number in question.told:
            self.answers[number] = (self.now, value, False)
        if question.is_hidden:
            while self.waiting and sum(each.is_hidden for each in self.questions) < self.rules.concurrency:
                key = self.waiting.pop(0)
                held = self.held.get(key)
                if (held is None or self.now >= held.expires) and self._under_way(key) is None:
                    self._ask(key, is_hidden=True)

    def _read(self, key: str, number: int) -> None:
        rules, held = self.rules, self.held.get(key)
        if held is not None and self.now < held.expires:
            self.answers[number] = (self.now, held.value, False)
            factor = rules.refresh_factor
            is_due = factor is not None and self.now >= held.stored + factor * (held.expires - held.stored)
            if is_due and self._under_way(key) is None:
                self._ask(key)
            return
        is_stale = held is not None and self.now < held.expires + rules.stale_time
        under_way = self._under_way(key)
        if rules.on_miss == "hide":
            self._hide(key)
        elif rules.on_miss == "stale" and is_stale:
            if under_way is None:
                self._ask(key)
        elif rules.on_miss == "share" and under_way is not None:
            under_way.told.append(number)
        else:
            self._ask(key).told.append(number)
        if rules.on_miss in ("hide", "stale") and held is not None and is_stale:
            self.answers[number] = (self.now, held.value, True)
        elif rules.on_miss == "hide":
            self.answers[number] = (self.now, "rejected", False)

    def _hide(self, key: str) -> None:
        if key in self.waiting or self._under_way(key) is not None:
            return
        if sum(each.is_hidden for each in self.questions) < self.rules.concurrency:
            self._ask(key, is_hidden=True)
        elif len(self.waiting) < self.rules.queue:
            self.waiting.append(key)
