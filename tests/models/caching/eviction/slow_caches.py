"""The policies once more, the slow and obvious way: lists that are searched, and sums that are made anew.

Written from the papers. A cache is asked for a key and its size, and holds what its policy says; sizes are
fixed, and nothing is ever removed from outside.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Entry:
    """A key that is held, and what a policy may note about it."""

    key: int
    size: int
    use_count: int = 0
    marked: bool = False
    since: int = 0


def weight(entries: list[Entry]) -> int:
    """Return the sum of their sizes."""
    return sum(entry.size for entry in entries)


def named(key: int, entries: list[Entry]) -> Entry | None:
    """Return the entry of `key`, if there is one."""
    return next((entry for entry in entries if entry.key == key), None)


class SlowCache(ABC):
    """What all of them do with a request."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.now = 0

    def request(self, key: int, size: int) -> bool:
        """Return whether it is a hit; after a miss the key is held, if it is admitted."""
        self.now += 1
        entry = named(key, self.held())
        if entry is not None:
            self.hit(entry)
        else:
            self.miss(Entry(key, size, since=self.now))
        return entry is not None

    @abstractmethod
    def held(self) -> list[Entry]: ...

    @abstractmethod
    def hit(self, entry: Entry) -> None: ...

    @abstractmethod
    def miss(self, entry: Entry) -> None: ...


class OneList(SlowCache):
    """One list of entries; a policy says which of them goes."""

    def __init__(self, capacity: int) -> None:
        super().__init__(capacity)
        self.entries: list[Entry] = []

    def held(self) -> list[Entry]:
        return self.entries

    def hit(self, entry: Entry) -> None:
        pass

    def miss(self, entry: Entry) -> None:
        if entry.size > self.capacity:
            return
        while weight(self.entries) + entry.size > self.capacity:
            self.entries.remove(self.victim())
        self.enter(entry)

    def enter(self, entry: Entry) -> None:
        self.entries.append(entry)

    @abstractmethod
    def victim(self) -> Entry: ...


class SlowFifo(OneList):
    def victim(self) -> Entry:
        return self.entries[0]


class SlowLru(OneList):
    def hit(self, entry: Entry) -> None:
        entry.since = self.now

    def victim(self) -> Entry:
        return min(self.entries, key=lambda entry: entry.since)


class SlowLfu(OneList):
    def hit(self, entry: Entry) -> None:
        entry.use_count += 1
        entry.since = self.now

    def victim(self) -> Entry:
        return min(self.entries, key=lambda entry: (entry.use_count, entry.since))


class SlowClock(OneList):
    """A circle and a hand: what enters stands just behind the hand, the last it will come to."""

    hand = 0

    def hit(self, entry: Entry) -> None:
        entry.marked = True

    def enter(self, entry: Entry) -> None:
        self.entries.insert(self.hand, entry)
        self.hand += 1

    def victim(self) -> Entry:
        while True:
            self.hand %= len(self.entries)
            entry = self.entries[self.hand]
            if not entry.marked:
                return entry
            entry.marked = False
            self.hand += 1


class SlowSieve(OneList):
    """Algorithm 1 of the paper: new ones at the head, the hand goes from the tail towards it."""

    hand: Entry | None = None

    def hit(self, entry: Entry) -> None:
        entry.marked = True

    def enter(self, entry: Entry) -> None:
        self.entries.insert(0, entry)

    def before(self, entry: Entry) -> Entry | None:
        place = self.entries.index(entry)
        return self.entries[place - 1] if place else None

    def victim(self) -> Entry:
        entry = self.hand or self.entries[-1]
        while entry.marked:
            entry.marked = False
            entry = self.before(entry) or self.entries[-1]
        self.hand = self.before(entry)
        return entry


class SlowS3Fifo(SlowCache):
    """The rules in the docstring of `s3_fifo`, one by one."""

    def __init__(self, capacity: int) -> None:
        super().__init__(capacity)
        self.small_capacity = max(2, int(capacity * 0.1))
        self.small: list[Entry] = []
        self.main: list[Entry] = []
        self.ghosts: list[Entry] = []
        self.has_been_full = False

    def held(self) -> list[Entry]:
        return self.small + self.main

    def hit(self, entry: Entry) -> None:
        entry.use_count += 1

    def miss(self, entry: Entry) -> None:
        ghost = named(entry.key, self.ghosts)
        if ghost:
            self.ghosts.remove(ghost)
        if entry.size > min(self.small_capacity, self.capacity):
            return
        while weight(self.held()) + entry.size > self.capacity:
            self.has_been_full = True
            self.evict()
        if ghost:
            self.main.append(entry)
        elif entry.size < self.small_capacity:
            is_full = weight(self.small) >= self.small_capacity
            (self.main if is_full and not self.has_been_full else self.small).append(entry)

    def evict(self) -> None:
        if not self.small or weight(self.main) > max(0, self.capacity - self.small_capacity):
            self.evict_from_main()
            return
        entry = self.small.pop(0)
        while entry.use_count >= 2:
            entry.use_count = 0
            self.main.append(entry)
            if not self.small:
                return
            entry = self.small.pop(0)
        if entry.size <= int(self.capacity * 0.9):
            self.ghosts.append(entry)
        while weight(self.ghosts) > int(self.capacity * 0.9):
            self.ghosts.pop(0)

    def evict_from_main(self) -> None:
        entry = self.main.pop(0)
        while entry.use_count:
            entry.use_count = min(entry.use_count, 3) - 1
            self.main.append(entry)
            entry = self.main.pop(0)


class SlowArc(SlowCache):
    """Figure 4 of the paper, with sums of sizes for numbers of pages; the oldest first in each list."""

    def __init__(self, capacity: int) -> None:
        super().__init__(capacity)
        self.t1: list[Entry] = []
        self.t2: list[Entry] = []
        self.b1: list[Entry] = []
        self.b2: list[Entry] = []
        self.p = 0.0

    def held(self) -> list[Entry]:
        return self.t1 + self.t2

    def hit(self, entry: Entry) -> None:
        (self.t1 if entry in self.t1 else self.t2).remove(entry)
        self.t2.append(entry)

    def miss(self, entry: Entry) -> None:
        c, b1_size, b2_size = self.capacity, weight(self.b1), weight(self.b2)
        if ghost := named(entry.key, self.b1):
            self.p = min(c, self.p + (1.0 if b1_size >= b2_size else b2_size / b1_size))
            self.b1.remove(ghost)
            self.make_room(entry, lambda: self.replace(False))
            self.keep(entry, self.t2)
        elif ghost := named(entry.key, self.b2):
            self.p = max(0.0, self.p - (1.0 if b2_size >= b1_size else b1_size / b2_size))
            self.b2.remove(ghost)
            self.make_room(entry, lambda: self.replace(True))
            self.keep(entry, self.t2)
        else:
            self.make_room(entry, lambda: self.case_four(entry.size))
            self.keep(entry, self.t1)

    def make_room(self, entry: Entry, step) -> None:  # type: ignore[no-untyped-def]
        while entry.size <= self.capacity < weight(self.held()) + entry.size:
            step()

    def keep(self, entry: Entry, lru: list[Entry]) -> None:
        if entry.size <= self.capacity:
            lru.append(entry)

    def case_four(self, size: int) -> None:
        if weight(self.t1) + weight(self.b1) + size > self.capacity:
            if not self.b1:
                self.t1.pop(0)
                return
            self.b1.pop(0)
        elif weight(self.held() + self.b1 + self.b2) >= 2 * self.capacity and self.b2:
            self.b2.pop(0)
        self.replace(False)

    def replace(self, in_b2: bool) -> None:
        t1_size = weight(self.t1)
        if not self.t2 or (self.t1 and (t1_size > self.p or (in_b2 and t1_size == self.p))):
            self.b1.append(self.t1.pop(0))
        else:
            self.b2.append(self.t2.pop(0))


@dataclass
class ExactCounts:
    """What a sketch estimates, counted: at most 15, halved after ten accesses for each key of the cache."""

    counts: Counter[int] = field(default_factory=Counter)
    seen: int = 0
    key_count: int = 1

    def add(self, key: int) -> None:
        self.counts[key] = min(15, self.counts[key] + 1)
        self.seen += 1
        if self.seen >= 10 * self.key_count:
            self.seen //= 2
            self.counts = Counter({each: count // 2 for each, count in self.counts.items()})


class SlowWTinyLfu(SlowCache):
    """The rules in the docstring of `w_tiny_lfu`, one by one, with exact counts."""

    def __init__(self, capacity: int) -> None:
        super().__init__(capacity)
        self.main_capacity = int(capacity * 0.99)
        self.window_capacity = capacity - self.main_capacity
        self.window: list[Entry] = []
        self.probation: list[Entry] = []
        self.protected: list[Entry] = []
        self.asked = ExactCounts()

    def held(self) -> list[Entry]:
        return self.window + self.probation + self.protected

    def hit(self, entry: Entry) -> None:
        self.asked.add(entry.key)
        part = next(each for each in (self.window, self.probation, self.protected) if entry in each)
        part.remove(entry)
        limit = int(self.main_capacity * 0.8)
        if part is self.probation and entry.size <= limit:
            part = self.protected
        part.append(entry)
        while weight(self.protected) > limit:
            self.probation.append(self.protected.pop(0))

    def miss(self, entry: Entry) -> None:
        self.asked.key_count = max(self.asked.key_count, len(self.held()) + 1)
        self.asked.add(entry.key)
        if entry.size > self.capacity:
            return
        self.window.insert(0 if entry.size > self.window_capacity else len(self.window), entry)
        candidates: list[Entry] = []
        while weight(self.window) > self.window_capacity:
            candidates.append(self.window.pop(0))
        self.probation += candidates
        candidates += self.window
        while weight(self.held()) > self.capacity:
            self.drop(self.loser(candidates))

    def loser(self, candidates: list[Entry]) -> Entry:
        if not candidates:
            return (self.probation or self.protected)[0]
        candidate = candidates.pop(0)
        if not self.probation:
            return candidate
        victim = self.probation[0]
        counts = self.asked.counts
        return victim if counts[candidate.key] > counts[victim.key] else candidate

    def drop(self, entry: Entry) -> None:
        for part in (self.window, self.probation, self.protected):
            if entry in part:
                part.remove(entry)


SLOW_CACHES: dict[str, type[SlowCache]] = {
    "lru": SlowLru,
    "lfu": SlowLfu,
    "fifo": SlowFifo,
    "clock": SlowClock,
    "sieve": SlowSieve,
    "s3-fifo": SlowS3Fifo,
    "arc": SlowArc,
    "w-tinylfu": SlowWTinyLfu,
}
"""By the names in `POLICIES`; random eviction has no other way to be done."""
