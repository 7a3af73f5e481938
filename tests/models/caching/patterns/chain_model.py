"""An independent model of caches in a chain, each written around, through or behind: callbacks, no simulator.

Whoever is asked calls back when he has the answer; what takes no time calls back at once. Nothing here waits,
fails or is counted as in the code under test: the rules are written down a second time.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from heapq import heappop, heappush
from itertools import count
from math import inf
from typing import Any

PUTS, DELETES = ("write",), ("delete",)


@dataclass(frozen=True, slots=True)
class Answer:
    """A value and as of when it is, or the name of a failure."""

    value: Any = None
    as_of: float | None = None
    failure: str = ""

    @property
    def did_nothing(self) -> bool:
        return self.failure in ("Refused", "Rejected")


Done = Callable[[Answer], None]


class Clock:
    """Calls functions at their times, and those of one time in the order in which they were planned."""

    def __init__(self) -> None:
        self.now = 0.0
        self._order = count()
        self._due: list[tuple[float, int, Callable[[], None]]] = []

    def after(self, delay: float, function: Callable[[], None]) -> None:
        heappush(self._due, (self.now + delay, next(self._order), function))

    def run(self) -> None:
        while self._due:
            self.now, _, function = heappop(self._due)
            function()


class Origin:
    """Answers after `duration`, reads or does half-way; `fails(time)` says how a call of then ends."""

    def __init__(self, clock: Clock, duration: float, fails: Callable[[float], str]) -> None:
        self.clock, self.duration, self.fails = clock, duration, fails
        self.values: dict[str, Any] = {}
        self.asked: list[tuple[float, str, str, Any]] = []

    def ask(self, operation: str, key: str, value: Any, done: Done) -> None:
        self.asked.append((self.clock.now, operation, key, value))
        failure = self.fails(self.clock.now)
        seen: list[Any] = []

        def half_way() -> None:
            seen.append(self.values.get(key))
            if operation == "get" or failure not in ("", "TimedOut"):
                return
            self.values[key] = {"write": value, "delete": None, "add": (seen[0] or 0) + (value or 0)}[
                operation
            ]

        def end() -> None:
            done(Answer(failure=failure) if failure else Answer(seen[0] if operation == "get" else None))

        self.clock.after(self.duration / 2, half_way)
        self.clock.after(self.duration, end)


@dataclass(frozen=True, kw_only=True)
class Layer:
    """How one cache is kept: `writes` is "around", "through" or "behind"."""

    writes: str
    shares: bool
    capacity: int
    ttl: float
    flush_interval: float = 1.0
    flush_count: float = inf
    concurrency: int = 1
    room: float = inf
    backoff: float = 1.0


@dataclass(eq=False)
class Held:
    value: Any
    as_of: float
    expires: float


@dataclass(eq=False)
class Question:
    """One question to what is inside for the sake of an entry; those in `joined` wait for it besides."""

    begun: float
    is_void: bool = False
    joined: list[Done] = field(default_factory=list)


class CacheModel:
    """One cache around what is inside, for all but what waits for its time (see `Behind`)."""

    def __init__(self, clock: Clock, inner: Any, layer: Layer) -> None:
        self.clock, self.inner, self.layer = clock, inner, layer
        self.held: OrderedDict[str, Held] = OrderedDict()
        self.questions: dict[str, list[Question]] = {}
        self.writing: dict[str, list[list[bool]]] = {}
        self.hits = self.misses = 0
        self.behind = Behind(self) if layer.writes == "behind" else None

    def ask(self, operation: str, key: str, value: Any, done: Done) -> None:
        if operation == "get":
            self._read(key, done)
        elif self.behind is not None:
            self.behind.write(operation, key, value, done)
        else:
            self._write(operation, key, value, done)

    # -- reads

    def fresh(self, key: str) -> Held | None:
        held = self.held.get(key)
        return held if held is not None and self.clock.now < held.expires else None

    def _read(self, key: str, done: Done) -> None:
        held = self.fresh(key)
        if held is not None:
            self.hits += 1
            self.held.move_to_end(key)
            done(Answer(held.value, held.as_of))
            return
        self.misses += 1
        self.held.pop(key, None)
        if self.behind is not None and key in self.behind.dirty:
            dirty = self.behind.dirty[key]
            done(Answer(dirty.value, dirty.acknowledged[-1]))
            return
        under_way = self.questions.get(key)
        if self.layer.shares and under_way:
            under_way[-1].joined.append(done)
            return
        question = Question(self.clock.now)
        self.questions.setdefault(key, []).append(question)
        self.inner.ask("get", key, None, partial(self._answered, key, question, done))

    def _answered(self, key: str, question: Question, done: Done, answer: Answer) -> None:
        if not question.is_void:
            self.questions[key].remove(question)
        is_dirty = self.behind is not None and key in self.behind.dirty
        if not (answer.failure or question.is_void or is_dirty):
            self.keep(key, answer.value, question.begun if answer.as_of is None else answer.as_of)
        done(answer)
        for joined in question.joined:
            since = question.begun if answer.as_of is None else answer.as_of
            joined(answer if answer.failure else Answer(answer.value, since))

    def keep(self, key: str, value: Any, as_of: float) -> None:
        newer = self.fresh(key)
        if newer is not None and newer.as_of > as_of:
            return
        if key not in self.held and len(self.held) >= self.layer.capacity:
            self.held.popitem(last=False)
        self.held[key] = Held(value, as_of, self.clock.now + self.layer.ttl)
        self.held.move_to_end(key)

    # -- writes

    def void(self, key: str) -> None:
        for question in self.questions.pop(key, []):
            question.is_void = True
        for is_alone in self.writing.get(key, []):
            is_alone[0] = False

    def invalidate(self, key: str) -> None:
        self.void(key)
        self.held.pop(key, None)

    def _write(self, operation: str, key: str, value: Any, done: Done) -> None:
        begun, is_alone = self.clock.now, [True]
        others = self.writing.setdefault(key, [])
        for other in others:
            other[0] = is_alone[0] = False
        others.append(is_alone)

        def end(answer: Answer) -> None:
            others.remove(is_alone)
            if not answer.did_nothing:
                self.invalidate(key)
            if not answer.failure and self.layer.writes == "through" and is_alone[0] and operation in PUTS:
                self.keep(key, value, begun)
            done(answer)

        # An invalidation at its own end is none by somebody else.
        self.inner.ask(operation, key, value, end)


@dataclass(eq=False)
class Dirty:
    """A key that the target does not have as it was acknowledged."""

    key: str
    operation: str
    value: Any
    acknowledged: list[float]
    is_not_due: bool = False
    is_held_up: bool = False
    came_before: list[Callable[[], None]] = field(default_factory=list)
    came_since: list[Callable[[], None]] = field(default_factory=list)


class Behind:
    """What one cache has acknowledged and not written."""

    def __init__(self, cache: CacheModel) -> None:
        self.cache, self.clock, self.layer = cache, cache.clock, cache.layer
        self.dirty: dict[str, Dirty] = {}
        self.not_due: list[Dirty] = []
        self.going_through: dict[str, int] = {}
        self.free = self.layer.concurrency
        self.waiting: list[Dirty] = []
        self.acknowledged_count = self.flushed_count = self.coalesced_count = self.rejected_count = 0

    def write(self, operation: str, key: str, value: Any, done: Done) -> None:
        if operation not in PUTS + DELETES:
            self._go_through(operation, key, value, done)
            return
        now = self.clock.now
        dirty = self.dirty.get(key)
        if dirty is None:
            if len(self.dirty) >= self.layer.room:
                self.rejected_count += 1
                done(Answer(failure="Rejected"))
                return
            dirty = self.dirty[key] = Dirty(key, operation, value, [now])
            self._let_wait(dirty, is_new=True)
        else:
            dirty.operation, dirty.value = operation, value
            dirty.acknowledged.append(now)
        self.acknowledged_count += 1
        self.cache.keep(key, value if operation in PUTS else None, now)
        done(Answer(None, now))

    def _let_wait(self, dirty: Dirty, *, is_new: bool = False) -> None:
        due_at = dirty.acknowledged[0] + self.layer.flush_interval
        if due_at <= self.clock.now or dirty.came_since:
            self.clock.after(0.0, partial(self._flush, dirty))
            return
        dirty.is_not_due = True
        self.not_due.append(dirty)
        if due_at < inf:
            self.clock.after(due_at - self.clock.now, partial(self._ring, dirty, dirty.acknowledged[0]))
        if len(self.not_due) >= self.layer.flush_count:
            for each in list(self.not_due):
                self._hurry(each)

    def _ring(self, dirty: Dirty, since: float) -> None:
        if dirty.is_not_due and dirty.acknowledged[0] == since:
            self._hurry(dirty)

    def _hurry(self, dirty: Dirty) -> None:
        if dirty.is_not_due:
            dirty.is_not_due = False
            self.not_due.remove(dirty)
            self.clock.after(0.0, partial(self._flush, dirty))

    def _flush(self, dirty: Dirty) -> None:
        if dirty.key in self.going_through:
            dirty.is_held_up = True
        elif self.free:
            self.free -= 1
            self._attempt(dirty)
        else:
            self.waiting.append(dirty)

    def _attempt(self, dirty: Dirty) -> None:
        sent = len(dirty.acknowledged)
        dirty.came_before += dirty.came_since
        dirty.came_since = []
        end = partial(self._ended, dirty, sent)
        self.cache.inner.ask(dirty.operation, dirty.key, dirty.value, end)

    def _ended(self, dirty: Dirty, sent: int, answer: Answer) -> None:
        if answer.failure:
            self._give_back()
            self.clock.after(self.layer.backoff, partial(self._again, dirty))
            return
        self.flushed_count += 1
        self.coalesced_count += sent - 1
        del dirty.acknowledged[:sent]
        self.cache.void(dirty.key)
        go = dirty.came_before
        dirty.came_before = []
        if not dirty.acknowledged:
            del self.dirty[dirty.key]
            go = go + dirty.came_since
            dirty.came_since = []
        for each in go:
            self._hold(dirty.key)
            self.clock.after(0.0, each)
        self._give_back()
        if dirty.acknowledged:
            self._let_wait(dirty)

    def _again(self, dirty: Dirty) -> None:
        if self.free:
            self.free -= 1
            self._attempt(dirty)
        else:
            self.waiting.append(dirty)

    def _give_back(self) -> None:
        if self.waiting:
            self.clock.after(0.0, partial(self._attempt, self.waiting.pop(0)))
        else:
            self.free += 1

    # -- what cannot wait

    def _hold(self, key: str) -> None:
        self.going_through[key] = self.going_through.get(key, 0) + 1

    def _go_through(self, operation: str, key: str, value: Any, done: Done) -> None:
        def go() -> None:
            self.cache.inner.ask(operation, key, value, end)

        def end(answer: Answer) -> None:
            self.going_through[key] -= 1
            if not self.going_through[key]:
                del self.going_through[key]
            if not answer.did_nothing:
                self.cache.invalidate(key)
            held_up = self.dirty.get(key)
            if held_up is not None and held_up.is_held_up and key not in self.going_through:
                held_up.is_held_up = False
                self.clock.after(0.0, partial(self._flush, held_up))
            done(answer)

        dirty = self.dirty.get(key)
        if dirty is None:
            self._hold(key)
            go()
        else:
            dirty.came_since.append(go)
            self._hurry(dirty)
