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

from collections.abc import Hashable, Iterable, Sequence

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
    breaking, is_first = _first_to_break(specification, intervals, suspect, limits)
    explained = sum(each.end < breaking.end for each in intervals if each.is_known)
    past = beginning(intervals, breaking.end)
    reduction = _Reduction(specification, past, limits)
    since = reduction.cut_off_the_past() if _has_plain_states(specification) else None
    reduction.run()
    return Witness(
        key=key,
        operations=tuple(each.operation for each in reduction.kept()),
        why=f"no order of the following makes it a {specification.name}",
        breaking=breaking.operation,
        explained_count=explained if is_first else None,
        is_minimal=reduction.is_minimal,
        could_be=tuple(reduction.states or ()),
        since=since,
    )


def _first_to_break(
    specification: Specification, intervals: Sequence[Interval], suspect: Interval, limits: SearchLimits
) -> tuple[Interval, bool]:
    """The operation whose end no beginning of the history survives, and whether all before it is explained.

    The search knows all answers beforehand, so that it may see the end come while an operation is under way
    whose answer will prove it, as that of a compare-and-set. All these have ended by the last end of what was
    under way with the suspect. Steps that were compiled know more: whatever is read at any time. Up to there
    the earliest beginning that has no order is looked for by halves; where the search for one is given up, a
    later one that is sure to have none has to do.
    """
    knows_all = not _has_plain_states(specification)
    last = max(each.end for each in intervals if each.is_known and (knows_all or each.call < suspect.end))
    ends = sorted(
        (each for each in intervals if each.is_known and suspect.end <= each.end <= last), key=_end_of
    )
    right, wrong, middle, is_sure = -1, len(ends) - 1, 0, True
    while right + 1 < wrong:
        outcome = search(specification, beginning(intervals, ends[middle].end), limits)
        if outcome.verdict is Verdict.NOT_LINEARIZABLE:
            wrong = middle
        else:
            right = middle
            is_sure = outcome.verdict is Verdict.LINEARIZABLE
        middle = (right + wrong) // 2
    return ends[wrong], is_sure


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
        self._limits = limits
        self._steps_left = _STEPS_IN_ALL * limits.steps
        self.is_minimal = True
        self._begin(intervals, None)

    def _begin(self, intervals: Sequence[Interval], states: tuple[Hashable, ...] | None) -> None:
        """Look at these operations, all that is known of them, from these states on."""
        self._intervals = intervals
        self.states = states
        self._known = _in_order_to_forget(intervals, range(len(intervals)))

    def cut_off_the_past(self) -> float | None:
        """Start as late as still makes a proof; return when that is, or None for the very beginning."""
        starts = reachable_states(self._specification, self._intervals, self._limits)
        everything, back = self._intervals, _FIRST_WINDOW
        while back < len(starts):
            start, states = starts[-back]
            back *= 2
            if len(states) > _STATES_MAX:
                continue
            self._begin(_since(everything, start.end), states)
            if self._is_proof(self._known):
                return start.operation.ended_at
        self._begin(everything, None)
        return None

    def run(self) -> None:
        """Forget what can be forgotten: parts of half the size each round, until single ones are tried.

        Then reads once more, now that whoever wrote what they tell is to be shown, and may do without them.
        """
        size = len(self._known)
        while size > 1:
            size = (size + 1) // 2
            self._forget_parts(size)
        self._known = _in_order_to_forget(self._intervals, self._shown())
        self._forget_parts(1)

    def kept(self) -> list[Interval]:
        """What is still known, and whatever wrote what a read of that tells, by invocation.

        The latter is there for whoever reads it: the proof holds although it may never have taken effect.
        """
        return [self._intervals[place] for place in sorted(self._shown())]

    def _shown(self) -> set[int]:
        known = [(place, self._intervals[place]) for place in self._known]
        told = {repr(each.result) for _, each in known if _is_read(each)}
        writers = (place for place, each in enumerate(self._intervals) if told & _written(each))
        return {place for place, _ in known}.union(writers)

    def _forget_parts(self, size: int) -> None:
        """Try to forget one part of this size after the other."""
        start = 0
        while start < len(self._known):
            rest = self._known[:start] + self._known[start + size :]
            if self._is_proof(rest):
                self._known = rest
            else:
                start += size

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
            elif not _is_read(each):
                left.append(Interval(each.operation, each.call, each.end, each.value, None, False))
        return left


def _written(interval: Interval) -> set[str]:
    """The value that a read may tell afterwards, written down, if the operation names one."""
    kind = interval.operation.kind
    if kind == "write":
        return {repr(interval.value)}
    has_set = kind == "compare-and-set" and (interval.result or not interval.is_known)
    return {repr(interval.value[1])} if has_set else set()


def _is_read(interval: Interval) -> bool:
    return interval.operation.kind == READ


def _in_order_to_forget(intervals: Sequence[Interval], places: Iterable[int]) -> list[int]:
    """Those places that are known, in the order in which to forget them: reads first, as writes tell more."""
    known = sorted(place for place in places if intervals[place].is_known)
    return sorted(known, key=lambda place: not _is_read(intervals[place]))


def _since(intervals: Sequence[Interval], end: int) -> list[Interval]:
    """What happens after the event of rank `end`; what is under way then may take effect, or have done so."""
    left = []
    for each in intervals:
        if each.call > end or not each.is_known:
            left.append(each)
        elif each.end > end and not _is_read(each):
            left.append(Interval(each.operation, each.call, each.end, each.value, None, False))
    return left
