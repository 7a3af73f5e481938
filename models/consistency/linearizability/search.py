"""The general check: a search for an order that a specification allows, for the operations on one key.

It goes through the events in order and keeps all configurations that explain what was seen so far. One is the
set of operations under way that have taken effect already, those that may never do so apart, and the state
reached. An operation takes effect as late as possible ("just in time"): only when one ends that has not yet
taken effect are others put before it. If no configuration is left, the history up to that end is not
linearizable, and every shorter beginning is.

What keeps configurations few, without losing any history:

- A read, and whatever else never changes any state, takes effect as soon as it agrees with the state: that is
  never in the way of anything. (A write of the very value that is there must not: it may be needed later.)
- Of operations that ask and are told the same, the one that must end first goes first.
- Of two configurations that differ only in which of the unknown operations they have used, one that used a
  subset of the other's is enough: what is unknown may be left out for ever.

Configurations are compared exactly: sets are bit sets in whole numbers, states are compared by value, and a
hash only finds them. A memory of hashes alone would take two that collide for one, and call a history wrong
that is right.

The number of steps and of configurations is bounded; beyond that the verdict is unknown. The problem is
NP-complete (Gibbons and Korach, "Testing Shared Memories", SIAM J. Comput. 1997). A comparison with another
configuration counts as a step.

Sources: Wing and Gong, "Testing and Verifying Concurrent Objects" (1993), for the search; Lowe, "Testing for
Linearizability" (2017), for just-in-time linearization and memoisation; Horn and Kroening (2015) for
partition by key. The rule for unknown operations is ours; proof: cut those more that were used out of the
other's future, or let them take effect never.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field

from ...validation import require_count
from ..intervals import Interval
from .specifications import ILLEGAL, Specification, Step
from .verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchLimits:
    """When a search gives up: after so many steps of a specification, or with so many configurations."""

    steps: int = 2_000_000
    configurations: int = 100_000

    def __post_init__(self) -> None:
        require_count("steps", self.steps)
        require_count("configurations", self.configurations)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchOutcome:
    """What the search has found.

    `order` is an order that explains the history if it is linearizable: places in the sequence of intervals,
    without the unknown operations that it leaves out. `breaking` is the operation whose end leaves no
    configuration, where the answers of all others are known. `steps_count` is what it cost.
    """

    verdict: Verdict
    steps_count: int
    order: tuple[int, ...] = ()
    breaking: Interval | None = None


def search(
    specification: Specification,
    intervals: Sequence[Interval],
    limits: SearchLimits | None = None,
    *,
    states: Sequence[Hashable] | None = None,
) -> SearchOutcome:
    """Search for an order of the operations on one key, given by invocation.

    `states` are those that the object may have at first; `None`: the initial one.
    """
    return _Search(specification, intervals, limits or SearchLimits(), states).outcome()


def reachable_states(
    specification: Specification, intervals: Sequence[Interval], limits: SearchLimits
) -> list[tuple[Interval, tuple[Hashable, ...]]]:
    """Return, for each end of a known operation, the states that are possible just after it.

    Operations under way may change them further: these take effect as late as possible. Stops where no state
    is possible or the search is given up.
    """
    return _Search(specification, intervals, limits, None).states()


_Path = tuple[int, "_Path | None"]
"""What has taken effect, the last first: shared by configurations that begin alike."""

_Paths = dict[int, _Path | None]
"""By the bit set of the unknown operations used: none of these is a subset of another."""

_Configurations = dict[tuple[int, Hashable], _Paths]
"""By the bit set of operations under way that took effect, and the state."""


class _GivenUp(Exception):
    """A limit is reached."""


@dataclass(slots=True)
class _Pending:
    """A known operation under way; `bit` is its place in the bit sets while it lasts."""

    place: int
    bit: int
    end: int
    step: Step
    only_observes: bool
    is_absorbed: bool
    likeness: Hashable


@dataclass(slots=True)
class _Unknown:
    """Unknown operations that ask the same, so that it does not matter which takes effect: `bits`."""

    step: Step
    bits: int = 0
    places: dict[int, int] = field(default_factory=dict)


class _Search:
    def __init__(
        self,
        specification: Specification,
        intervals: Sequence[Interval],
        limits: SearchLimits,
        states: Sequence[Hashable] | None,
    ) -> None:
        self._intervals = intervals
        self._limits = limits
        self._specification = specification
        compiled = specification.compiled(intervals)
        self._steps = compiled.steps
        self._compiled = compiled
        self._pending: dict[int, _Pending] = {}
        self._unknown: dict[Hashable, _Unknown] = {}
        self._unknown_count = 0
        self._free_bits: list[int] = []
        self._bits_count = 0
        self._steps_count = 0
        self._kept_count = 1
        first = (compiled.initial,) if states is None else states
        self._now: _Configurations = {(0, state): {0: None} for state in first}

    def outcome(self) -> SearchOutcome:
        """Go through all events."""
        try:
            for place, is_end in _events(self._intervals):
                if not is_end:
                    self._invoke(place)
                elif not self._end(place):
                    return self._outcome(Verdict.NOT_LINEARIZABLE, breaking=self._intervals[place])
        except _GivenUp:
            return self._outcome(Verdict.UNKNOWN)
        path = next(iter(next(iter(self._now.values())).values()))
        order = []
        while path is not None:
            place, path = path
            order.append(place)
        return self._outcome(Verdict.LINEARIZABLE, order=tuple(reversed(order)))

    def states(self) -> list[tuple[Interval, tuple[Hashable, ...]]]:
        """Go through the events as far as there are states."""
        found = []
        try:
            for place, is_end in _events(self._intervals):
                if not is_end:
                    self._invoke(place)
                elif not self._end(place):
                    break
                else:
                    states = dict.fromkeys(state for _, state in self._now)
                    found.append((self._intervals[place], tuple(states)))
        except _GivenUp:
            pass
        return found

    def _outcome(
        self, verdict: Verdict, order: tuple[int, ...] = (), breaking: Interval | None = None
    ) -> SearchOutcome:
        return SearchOutcome(verdict=verdict, steps_count=self._steps_count, order=order, breaking=breaking)

    # -- events

    def _invoke(self, place: int) -> None:
        interval = self._intervals[place]
        likeness = (interval.operation.kind, interval.value, interval.result)
        if not interval.is_known:
            alike = self._unknown.setdefault(likeness[:2], _Unknown(self._steps[place]))
            bit = 1 << self._unknown_count
            self._unknown_count += 1
            alike.bits |= bit
            alike.places[bit] = place
            return
        if self._free_bits:
            bit = self._free_bits.pop()
        else:
            bit = 1 << self._bits_count
            self._bits_count += 1
        observes = self._specification.only_observes(interval)
        absorbed = self._compiled.absorbs(place)
        pending = _Pending(place, bit, interval.end, self._steps[place], observes, absorbed, likeness)
        self._pending[place] = pending
        now: _Configurations = {}
        for (effective, state), paths in self._now.items():
            if self._is_free(pending, state):
                longer: _Paths = {used: (place, path) for used, path in paths.items()}
                now[effective | bit, state] = longer
            else:
                now[effective, state] = paths
        self._now = now

    def _end(self, place: int) -> bool:
        """Let the operation take effect where it has not, and forget it; return whether that is possible."""
        ending = self._pending[place]
        done: _Configurations = {}
        left: _Configurations = {}
        for (effective, state), paths in self._now.items():
            if effective & ending.bit:
                done[effective ^ ending.bit, state] = paths
            else:
                left[effective, state] = paths
        if left:
            self._explore(ending, left, done)
        del self._pending[place]
        self._free_bits.append(ending.bit)
        self._now = done
        self._kept_count = sum(map(len, done.values()))
        return bool(done)

    def _explore(self, ending: _Pending, seen: _Configurations, done: _Configurations) -> None:
        """Put others before what ends, in all ways, from `seen`, until it has taken effect: `done`."""
        ordered = sorted(self._pending.values(), key=_end_of)
        stack = [(*at, used, path) for at, paths in seen.items() for used, path in paths.items()]
        while stack:
            effective, state, used, path = stack.pop()
            if used not in seen[effective, state]:
                continue  # a better one has come since
            for then, reached, used_then, longer in self._successors(effective, state, used, path, ordered):
                if then & ending.bit:
                    self._add(done, (then ^ ending.bit, reached), used_then, longer)
                elif self._add(seen, (then, reached), used_then, longer):
                    stack.append((then, reached, used_then, longer))

    # -- steps

    def _successors(
        self, effective: int, state: Hashable, used: int, path: _Path | None, ordered: list[_Pending]
    ) -> Iterator[tuple[int, Hashable, int, _Path]]:
        """What one more operation makes of a configuration; an unknown one that changes nothing is no use."""
        tried: set[Hashable] = set()
        for pending in ordered:
            if effective & pending.bit or pending.likeness in tried:
                continue
            tried.add(pending.likeness)
            if pending.only_observes:
                continue  # it has taken effect where it can
            self._count_step()
            reached = pending.step(state)
            if reached is not ILLEGAL:
                then, longer = self._settled(effective | pending.bit, reached, (pending.place, path), ordered)
                yield then, reached, used, longer
        for alike in self._unknown.values():
            left = alike.bits & ~used
            if left:
                bit = left & -left
                self._count_step()
                reached = alike.step(state)
                if reached is not ILLEGAL and reached != state:
                    then, longer = self._settled(effective, reached, (alike.places[bit], path), ordered)
                    yield then, reached, used | bit, longer

    def _settled(
        self, effective: int, state: Hashable, path: _Path, ordered: list[_Pending]
    ) -> tuple[int, _Path]:
        """Let all take effect that are in nobody's way."""
        for pending in ordered:
            if not effective & pending.bit and self._is_free(pending, state):
                effective |= pending.bit
                path = (pending.place, path)
        return effective, path

    def _is_free(self, pending: _Pending, state: Hashable) -> bool:
        """Whether an operation may take effect in a state, and no state is changed by that, now or later."""
        if not pending.only_observes and not (pending.is_absorbed and state == self._compiled.absorbing):
            return False
        self._count_step()
        return pending.step(state) is not ILLEGAL

    def _add(
        self, configurations: _Configurations, at: tuple[int, Hashable], used: int, path: _Path | None
    ) -> bool:
        """Add a configuration unless there is one as good; drop those that it is better than."""
        paths = configurations.setdefault(at, {})
        self._steps_count += len(paths)
        if any(each & used == each for each in paths):
            return False
        for worse in [each for each in paths if each & used == used]:
            del paths[worse]
            self._kept_count -= 1
        paths[used] = path
        self._kept_count += 1
        if self._kept_count > self._limits.configurations:
            raise _GivenUp
        return True

    def _count_step(self) -> None:
        self._steps_count += 1
        if self._steps_count > self._limits.steps:
            raise _GivenUp


def _events(intervals: Sequence[Interval]) -> list[tuple[int, bool]]:
    """All invocations and the ends of known operations, in order: places and whether it is the end."""
    calls = [(each.call, place, False) for place, each in enumerate(intervals)]
    ends = [(each.end, place, True) for place, each in enumerate(intervals) if each.is_known]
    return [(place, is_end) for _, place, is_end in sorted(calls + ends)]


def _end_of(pending: _Pending) -> int:
    return pending.end
