"""A small proof: of the operations that no order explains, a few that no order explains either.

What is left out of the proof must be free to have happened in any way, or the proof would prove nothing: to
leave out the write of a value that a read tells would make any history wrong. So an operation is left out by
forgetting what is known of it. What a client was told is forgotten together with a read, which changes
nothing; of any other operation it is forgotten that it took effect, and when it ended: it may take effect at
any time after its invocation, or never. If no order explains what is left, none explains the whole.

A long past is cut off first, where states are values as such (a register, a counter): what is possible after
some end is known from the search, and a proof may start there, from these states, with the operations then
under way as optional ones. The latest such start that still makes a proof is looked for, going back in steps
that double.

Halves are tried first, then smaller parts, at last each operation by itself, as in Zeller and Hildebrandt,
"Simplifying and Isolating Failure-Inducing Input" (2002). The result is minimal in the sense that to forget
any one more of its operations makes it explicable, unless the budget of searches is used up first.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from ..intervals import READ, Interval
from .search import SearchLimits, reachable_states, search
from .specifications import Specification
from .unique_writes import beginning
from .verdict import Verdict, Witness

_STEPS_IN_ALL = 10
"""A reduction may cost so many times what one search may."""

_FIRST_WINDOW = 8
"""So many ends before the last one a proof is first tried to start; what is shorter is not cut."""

_STATES_MAX = 8
"""A proof that starts from more states than these is none that people read."""


def reduced_witness(
    specification: Specification,
    intervals: Sequence[Interval],
    suspect: Interval,
    key: Hashable,
    limits: SearchLimits,
) -> Witness:
    """Return a witness for operations on `key`; the search has found no order once `suspect` has ended."""
    breaking = _first_to_break(specification, intervals, suspect, limits)
    past = beginning(intervals, breaking.end)
    reduction = _Reduction(specification, past, limits)
    since = reduction.cut_off_the_past() if _has_plain_states(specification) else None
    reduction.run()
    return Witness(
        key=key,
        operations=tuple(each.operation for each in reduction.kept()),
        why=f"no order of the following makes it a {specification.name}",
        breaking=breaking.operation,
        explained_count=sum(each.end < breaking.end for each in intervals if each.is_known),
        is_minimal=reduction.is_minimal,
        could_be=tuple(reduction.states or ()),
        since=since,
    )


def _first_to_break(
    specification: Specification, intervals: Sequence[Interval], suspect: Interval, limits: SearchLimits
) -> Interval:
    """The operation whose end no beginning of the history survives.

    The search knows all answers beforehand, so that it may see the end come while an operation is under way
    whose answer will prove it, as that of a compare-and-set. All these have ended by the last end of what was
    under way with the suspect; up to there the earliest beginning that has no order is looked for by halves.
    """
    last = max(each.end for each in intervals if each.is_known and each.call < suspect.end)
    ends = sorted(
        (each for each in intervals if each.is_known and suspect.end <= each.end <= last), key=_end_of
    )
    right, wrong, middle = -1, len(ends) - 1, 0
    while right + 1 < wrong:
        outcome = search(specification, beginning(intervals, ends[middle].end), limits)
        if outcome.verdict is Verdict.NOT_LINEARIZABLE:
            wrong = middle
        else:
            right = middle
        middle = (right + wrong) // 2
    return ends[wrong]


def _end_of(interval: Interval) -> int:
    return interval.end


def _has_plain_states(specification: Specification) -> bool:
    """Whether a state means the same whatever operations are looked at."""
    return type(specification).compiled is Specification.compiled


class _Reduction:
    def __init__(
        self, specification: Specification, intervals: Sequence[Interval], limits: SearchLimits
    ) -> None:
        self._specification = specification
        self._intervals = intervals
        self._limits = limits
        self._known = _to_forget(intervals)
        self._steps_left = _STEPS_IN_ALL * limits.steps
        self.is_minimal = True
        self.states: tuple[Hashable, ...] | None = None

    def cut_off_the_past(self) -> float | None:
        """Start as late as still makes a proof; return when that is, or None for the very beginning."""
        starts = reachable_states(self._specification, self._intervals, self._limits)
        everything, back = self._intervals, _FIRST_WINDOW
        while back < len(starts):
            start, states = starts[-back]
            back *= 2
            if len(states) > _STATES_MAX:
                continue
            self._intervals = _since(everything, start.end)
            self._known = _to_forget(self._intervals)
            self.states = states
            if self._is_proof(self._known):
                return start.operation.ended_at
        self._intervals, self.states = everything, None
        self._known = _to_forget(everything)
        return None

    def run(self) -> None:
        """Forget what can be forgotten: parts of half the size each round, until single ones are tried."""
        size = max(1, len(self._known) // 2)
        while True:
            before = len(self._known)
            start = 0
            while start < len(self._known):
                rest = self._known[:start] + self._known[start + size :]
                if self._is_proof(rest):
                    self._known = rest
                else:
                    start += size
            if size > 1:
                size = (size + 1) // 2
            elif len(self._known) == before or self._steps_left <= 0:
                return

    def kept(self) -> list[Interval]:
        """What is still known, and whatever wrote what a read of that tells, by invocation.

        The latter is there for whoever reads it: the proof holds although it may never have taken effect.
        """
        known = set(self._known)
        told = {repr(self._intervals[place].result) for place in known}
        return [
            each
            for place, each in enumerate(self._intervals)
            if place in known or (each.operation.kind != READ and repr(_written(each)) in told)
        ]

    def _is_proof(self, known: Sequence[int]) -> bool:
        if self._steps_left <= 0:
            self.is_minimal = False
            return False
        steps = min(self._limits.steps, self._steps_left)
        limits = SearchLimits(steps=steps, configurations=self._limits.configurations)
        outcome = search(self._specification, self._forgotten(set(known)), limits, states=self.states)
        self._steps_left -= max(outcome.steps_count, 1)
        if outcome.verdict is Verdict.UNKNOWN:
            self.is_minimal = False
        return outcome.verdict is Verdict.NOT_LINEARIZABLE

    def _forgotten(self, known: set[int]) -> list[Interval]:
        left = []
        for place, each in enumerate(self._intervals):
            if place in known or not each.is_known:
                left.append(each)
            elif each.operation.kind != READ:
                left.append(Interval(each.operation, each.call, each.end, each.value, None, False))
        return left


def _written(interval: Interval) -> Any:
    is_compared = interval.operation.kind == "compare-and-set"
    return interval.value[1] if is_compared else interval.value


def _to_forget(intervals: Sequence[Interval]) -> list[int]:
    """What is known, in the order in which to forget it: reads first, since writes explain more."""
    known = [place for place, each in enumerate(intervals) if each.is_known]
    return sorted(known, key=lambda place: intervals[place].operation.kind != READ)


def _since(intervals: Sequence[Interval], end: int) -> list[Interval]:
    """What happens after the event of rank `end`; what is under way then may take effect, or have done so."""
    left = []
    for each in intervals:
        if each.call > end or not each.is_known:
            left.append(each)
        elif each.end > end and each.operation.kind != READ:
            left.append(Interval(each.operation, each.call, each.end, each.value, None, False))
    return left
