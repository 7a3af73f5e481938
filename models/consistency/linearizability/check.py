"""The check of a whole history: each key by itself, by the fast check where that is exact, or by the search.

A history is linearizable if and only if the operations on each object are (Herlihy and Wing, 1990: locality),
and keys are the objects here.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from ..intervals import Interval, intervals_by_key
from ..operation import Operation
from .equal_writes import equal_writes_in
from .reduction import reduced_witness
from .search import SearchLimits, search
from .specifications import Register, Specification, specification_for, specification_named
from .unique_writes import NotUnique, witness_in
from .verdict import Linearizability, Verdict, Witness


def check_linearizability(
    history: Sequence[Operation],
    model: str | Specification | None = None,
    *,
    limits: SearchLimits | None = None,
) -> Linearizability:
    """Return whether a history is linearizable, and for each key that is not, why.

    `model` is a specification or its name; `None`: the one that has the history's operations. `limits` bound
    the search on each key. Raises `ValueError` for an operation that the model does not have, and for times
    that cannot be. Example::

        found = check_linearizability(recorder.history(), "cas-register")
        assert found.verdict is Verdict.LINEARIZABLE, found.text()
    """
    specification = _specification(history, model)
    keys = intervals_by_key(history)
    witnesses: list[Witness] = []
    undecided: list[Hashable] = []
    for key, intervals in keys.items():
        specification.require_kinds(intervals)
        verdict, witness = _check_key(specification, intervals, key, limits or SearchLimits())
        if witness is not None:
            witnesses.append(witness)
        elif verdict is Verdict.UNKNOWN:
            undecided.append(key)
    if witnesses:
        verdict = Verdict.NOT_LINEARIZABLE
    else:
        verdict = Verdict.UNKNOWN if undecided else Verdict.LINEARIZABLE
    return Linearizability(
        verdict=verdict,
        keys_count=len(keys),
        operations_count=len(history),
        witnesses=tuple(witnesses),
        undecided_keys=tuple(undecided),
        equal_writes=equal_writes_in(keys.values()) if verdict is Verdict.LINEARIZABLE else None,
    )


def _specification(history: Sequence[Operation], model: str | Specification | None) -> Specification:
    if model is None:
        return specification_for(history)
    return specification_named(model) if isinstance(model, str) else model


def _check_key(
    specification: Specification, intervals: Sequence[Interval], key: Hashable, limits: SearchLimits
) -> tuple[Verdict, Witness | None]:
    is_plain = all(each.operation.kind in Register.kinds for each in intervals)
    if isinstance(specification, Register) and is_plain:
        try:
            witness = witness_in(intervals, key)
        except NotUnique:
            pass
        else:
            return (Verdict.NOT_LINEARIZABLE if witness else Verdict.LINEARIZABLE), witness
    outcome = search(specification, intervals, limits)
    if outcome.breaking is None:
        return outcome.verdict, None
    return outcome.verdict, reduced_witness(specification, intervals, outcome.breaking, key, limits)
