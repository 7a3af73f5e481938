"""The general check: a search for an order that a specification allows, for the operations on one key.

It goes through the ends of operations in order, with a configuration: the set of operations under way that
have taken effect already, those that may never do so apart, and the state reached. An operation takes effect
as late as possible ("just in time"): only when one ends that has not yet taken effect are others put before
it. Depth comes first: one way is followed as far as it goes, and the nearest other one is tried where it
ends. A configuration that was met before at the same end is not followed again. If no way leads past some
end, the history up to it is not linearizable, and every shorter beginning is.

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
configuration counts as a step, and so do several operations under way that are only passed over. What is
under way at each end is remembered too, so that very many at once are given up before the search.

Sources: Wing and Gong, "Testing and Verifying Concurrent Objects" (1993), for the search; Lowe, "Testing for
Linearizability" (2017), for just-in-time linearization and memoisation; Horn and Kroening (2015) for
partition by key. The rule for unknown operations is ours; proof: cut those more that were used out of the
other's future, or let them take effect never.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ...validation import require_count
from ..intervals import Interval
from .specifications import ILLEGAL, Specification, Step
from .verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchLimits:
    """When a search gives up: after so many steps, or with so many configurations to remember."""

    steps: int = 5_000_000
    configurations: int = 500_000

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

    Operations under way may change them further: these take effect as late as possible. For a history that is
    not linearizable: stops where no state is possible, or the search is given up.
    """
    return _Search(specification, intervals, limits, None).states()


_Path = tuple[int, "_Path | None"]
"""What has taken effect, the last first: shared by configurations that begin alike."""

_Configurations = dict[tuple[int, Hashable], list[int]]
"""By the bit set of operations under way that took effect, and the state: the bit sets of the unknown
operations used, none of which is a subset of another."""

_Node = tuple[int, int, Hashable, int, "_Path | None"]
"""A configuration: the number of its stage, what took effect, the state, the unknown ones used, the path."""


_UNDER_WAY_PER_CONFIGURATION = 40
"""So many operations under way, summed over all ends, take no more memory than one configuration does."""

_PASSED_OVER_PER_STEP = 8
"""So many operations passed over take no more time than one step does."""


class _GivenUp(Exception):
    """A limit is reached."""


@dataclass(slots=True)
class _Pending:
    """A known operation while it is under way; `bit` is its place in the bit sets."""

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


@dataclass(slots=True)
class _Stage:
    """What happens up to an end: what is `invoked` since the last one; who is under way, in order of ends.

    `observers` are those of them that may take effect without a change. `invoked_unknown` is the bit set of
    all unknown operations invoked so far.
    """

    invoked: list[_Pending]
    ending: _Pending
    ordered: list[_Pending]
    observers: list[_Pending]
    invoked_unknown: int
    met: _Configurations = field(default_factory=dict)
    states: dict[Hashable, None] = field(default_factory=dict)


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
        self._compiled = specification.compiled(intervals)
        self._unknown: dict[Hashable, _Unknown] = {}
        self._stages: list[_Stage] = []
        self._first = (self._compiled.initial,) if states is None else states
        self._stack: list[_Node] = []
        self._steps_count = 0
        self._kept_count = 0

    def outcome(self) -> SearchOutcome:
        """Follow all ways until one leads to the end."""
        try:
            path = self._run()
        except _GivenUp:
            return SearchOutcome(verdict=Verdict.UNKNOWN, steps_count=self._steps_count)
        if path is None:
            # The last stage that was reached is the one whose end nothing has passed.
            stage = [each for each in self._stages if each.met][-1]
            breaking = self._intervals[stage.ending.place]
            return SearchOutcome(
                verdict=Verdict.NOT_LINEARIZABLE, steps_count=self._steps_count, breaking=breaking
            )
        order = []
        last = path[0]
        while last is not None:
            place, last = last
            order.append(place)
        return SearchOutcome(
            verdict=Verdict.LINEARIZABLE, steps_count=self._steps_count, order=tuple(reversed(order))
        )

    def states(self) -> list[tuple[Interval, tuple[Hashable, ...]]]:
        """Follow all ways; return the states that each end was passed with."""
        try:
            self._run()
        except _GivenUp:
            return []
        return [
            (self._intervals[stage.ending.place], tuple(after.states))
            for stage, after in pairwise(self._stages)
            if after.met
        ]

    def _run(self) -> tuple[_Path | None] | None:
        """Return the path of a way to the end, in a tuple, or None where there is none."""
        self._stages = self._in_stages()
        if not self._stages:
            return (None,)
        for state in reversed(self._first):
            self._enter(0, 0, state, 0, None)
        stack, stages = self._stack, self._stages
        while stack:
            number, effective, state, used, path = stack.pop()
            if number == len(stages):
                return (path,)
            stage = stages[number]
            if used not in stage.met[effective, state]:
                continue  # a better one has come since
            if effective & stage.ending.bit:
                self._enter(number + 1, effective ^ stage.ending.bit, state, used, path)
                continue
            for then, reached, used_then, longer in self._successors(stage, effective, state, used, path):
                self._meet(number, then, reached, used_then, longer)
        return None

    # -- stages

    def _in_stages(self) -> list[_Stage]:
        """Go through all events once."""
        under_way: list[_Pending] = []  # in order of their ends: the first is the next to end
        invoked: list[_Pending] = []
        stages: list[_Stage] = []
        free_bits: list[int] = []
        bits_count = unknown_count = remembered_count = 0
        for place, is_end in _events(self._intervals):
            if is_end:
                observers = [each for each in under_way if each.only_observes or each.is_absorbed]
                unknown = (1 << unknown_count) - 1
                stages.append(_Stage(invoked, under_way[0], under_way.copy(), observers, unknown))
                invoked = []
                free_bits.append(under_way.pop(0).bit)
                remembered_count += len(under_way) + len(observers)
                if remembered_count > _UNDER_WAY_PER_CONFIGURATION * self._limits.configurations:
                    raise _GivenUp
            elif self._intervals[place].is_known:
                if not free_bits:
                    free_bits.append(1 << bits_count)
                    bits_count += 1
                invoked.append(self._pending(place, free_bits.pop()))
                insort(under_way, invoked[-1], key=_end_of)
            else:
                self._note_unknown(place, 1 << unknown_count)
                unknown_count += 1
        return stages

    def _pending(self, place: int, bit: int) -> _Pending:
        interval = self._intervals[place]
        return _Pending(
            place,
            bit,
            interval.end,
            self._compiled.steps[place],
            self._specification.only_observes(interval),
            self._compiled.absorbs(place),
            (interval.operation.kind, interval.value, interval.result),
        )

    def _note_unknown(self, place: int, bit: int) -> None:
        interval = self._intervals[place]
        likeness = (interval.operation.kind, interval.value)
        alike = self._unknown.setdefault(likeness, _Unknown(self._compiled.steps[place]))
        alike.bits |= bit
        alike.places[bit] = place

    def _enter(self, number: int, effective: int, state: Hashable, used: int, path: _Path | None) -> None:
        """Come to a stage: what is invoked there takes effect at once where it is in nobody's way."""
        if number == len(self._stages):
            self._stack.append((number, effective, state, used, path))
            return
        stage = self._stages[number]
        stage.states[state] = None
        for pending in stage.invoked:
            if self._is_free(pending, state):
                effective |= pending.bit
                path = (pending.place, path)
        self._meet(number, effective, state, used, path)

    def _meet(self, number: int, effective: int, state: Hashable, used: int, path: _Path | None) -> None:
        """Go on from a configuration, unless one as good was met; forget those that it is better than."""
        met = self._stages[number].met.setdefault((effective, state), [])
        if met:
            self._steps_count += len(met)
            if any(each & used == each for each in met):
                return
            before = len(met)
            met[:] = [each for each in met if each & used != used]
            self._kept_count -= before - len(met)
        met.append(used)
        self._kept_count += 1
        if self._kept_count > self._limits.configurations:
            raise _GivenUp
        self._stack.append((number, effective, state, used, path))

    # -- steps

    def _successors(
        self, stage: _Stage, effective: int, state: Hashable, used: int, path: _Path | None
    ) -> list[tuple[int, Hashable, int, _Path]]:
        """What one more operation makes of a configuration, the most promising last.

        That is one with which the operation that ends has taken effect, or else of those under way the one
        that must end first. An unknown one that changes nothing is no use.
        """
        found: list[tuple[int, Hashable, int, _Path]] = []
        tried: set[Hashable] = set()
        observers = stage.observers
        self._steps_count += len(stage.ordered) // _PASSED_OVER_PER_STEP
        for pending in stage.ordered:
            if effective & pending.bit or pending.likeness in tried:
                continue
            tried.add(pending.likeness)
            if pending.only_observes:
                continue  # it has taken effect where it can
            self._count_step()
            reached = pending.step(state)
            if reached is not ILLEGAL:
                settled = effective | pending.bit
                then, longer = self._settled(settled, reached, (pending.place, path), observers)
                found.append((then, reached, used, longer))
        for alike in self._unknown.values():
            left = alike.bits & stage.invoked_unknown & ~used
            if left:
                bit = left & -left
                self._count_step()
                reached = alike.step(state)
                if reached is not ILLEGAL and reached != state:
                    then, longer = self._settled(effective, reached, (alike.places[bit], path), observers)
                    found.append((then, reached, used | bit, longer))
        bit = stage.ending.bit
        found.reverse()
        found.sort(key=lambda each: bool(each[0] & bit))
        return found

    def _settled(
        self, effective: int, state: Hashable, path: _Path, observers: list[_Pending]
    ) -> tuple[int, _Path]:
        """Let all take effect that are in nobody's way."""
        self._steps_count += len(observers) // _PASSED_OVER_PER_STEP
        for pending in observers:
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
