"""A saga: one transaction over several services as a row of local ones, each with what undoes it.

    compensatable   steps before the pivot: each has a compensation
    pivot           the step that decides: when it is done the saga will be completed, and it needs none
    retriable       steps after the pivot: they cannot be refused, and are asked until they are done

A step that is refused, or of which nobody knows for too long, ends the way forward; then what was done is
undone, last first. Compensations cannot be refused either. So every saga ends *completed* (all steps done) or
*compensated* (none is any more). It is not isolated: in between everybody sees some steps and not others.

`has_semantic_locks` is a countermeasure: what a compensatable step has changed is marked, in the same local
transaction, and no other saga's compensatable step or pivot touches it until the mark is off, when this saga
has ended. Steps that must succeed heed no mark (two sagas could wait for each other for ever), nor does who
merely reads.

Source: Garcia-Molina and Salem, "Sagas" (SIGMOD 1987), with savepoints left out; Richardson, "Microservices
Patterns" (2018), sections 4.2 and 4.3, for pivot, retriable steps and semantic locks, after Frank and Zahle,
"Semantic ACID Properties in Multidatabases Using Remote Procedure Calls and Update Propagations" (Software:
Practice and Experience 28, 1998).
"""

from __future__ import annotations

from dataclasses import dataclass

from ...validation import require_each, require_kind, require_name
from ..changes import Changes, require_changes


@dataclass(frozen=True, slots=True)
class SagaStep:
    """Do `changes` at `service`; `compensation` are the changes that undo them there, if anything does."""

    service: str
    changes: Changes
    compensation: Changes | None = None

    def __post_init__(self) -> None:
        """Check the changes, and that the compensation cannot be refused."""
        require_name("service", self.service)
        object.__setattr__(self, "changes", require_changes("changes", self.changes))
        if self.compensation is not None:
            compensation = require_changes("compensation", self.compensation)
            object.__setattr__(self, "compensation", compensation)
            _require_certain("compensation", compensation)


@dataclass(frozen=True, slots=True)
class Saga:
    """The `steps` in order, of which number `pivot` (from 0) decides; `has_semantic_locks` as above.

    Example::

        Saga(
            (
                SagaStep("orders", (Put(7, "pending"),), (Put(7, "rejected"),)),
                SagaStep("stock", (Add("book", -1),), (Add("book", 1),)),
                SagaStep("payment", (Add("alice", -30),)),
                SagaStep("orders", (Put(7, "approved"),)),
            ),
            pivot=2,
        )
    """

    steps: tuple[SagaStep, ...]
    pivot: int
    has_semantic_locks: bool = False

    def __post_init__(self) -> None:
        """Check that it can end: undone before the pivot, done after it."""
        steps = require_each("steps", self.steps, SagaStep)
        if not steps:
            raise ValueError("steps must be at least one, got none")
        object.__setattr__(self, "steps", steps)
        require_kind("has_semantic_locks", self.has_semantic_locks, bool)
        if isinstance(self.pivot, bool) or self.pivot not in range(len(steps)):
            raise ValueError(f"pivot must be the number of a step, 0..{len(steps) - 1}, got {self.pivot!r}")
        for number, step in enumerate(steps):
            if number < self.pivot and step.compensation is None:
                raise ValueError(f"step {number} must have a compensation: it is before the pivot")
            if number >= self.pivot and step.compensation is not None:
                raise ValueError(f"step {number} must have no compensation: it is never undone")
            if number > self.pivot:
                _require_certain(f"step {number}, after the pivot,", step.changes)


def _require_certain(name: str, changes: Changes) -> None:
    """Raise `ValueError` for changes that can be refused, where they must succeed in the end."""
    for change in changes:
        if change.can_be_refused:
            raise ValueError(f"{name} must have no change that can be refused, got {change!r}")
