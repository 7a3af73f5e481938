"""What an orchestrator asks a service: do a step, undo it, take the marks off.

The key is `(saga, step)`, and by it the service knows a request again that it has had.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...failures import Rejected
from ...request import Request
from ..changes import Changes
from .saga import SagaStep

DO, UNDO, RELEASE = "do", "undo", "release"

DONE, REFUSED, UNDONE, UNKNOWN = "done", "refused", "undone", "unknown"


@dataclass(frozen=True, slots=True)
class StepAnswer:
    """What is so of a step from now on: `DONE`, `REFUSED` or `UNDONE`, and why.

    `UNKNOWN` is never a service's answer: it is what an orchestrator makes of none.
    """

    what: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class StepWork:
    """What a step asks: `changes`, whether it `marks` them (a semantic lock) and `heeds` marks.

    `is_undoable` says that it stands before the pivot: for observers.
    """

    changes: Changes
    is_undoable: bool = True
    marks: bool = False
    heeds: bool = False


class Marked(Rejected):
    """Another saga that has not ended has marked what this step wants to change: nothing was done."""

    def __init__(self, by: str, key: Any, saga: Any) -> None:
        super().__init__(by, f"{key!r} is marked by saga {saga!r}")
        self.args = (by, key, saga)


def do(saga: Any, number: int, work: StepWork) -> Request:
    """Return the request to do a step."""
    return Request(DO, key=(saga, number), value=work, idempotency_key=f"{saga}/{number}")


def undo(saga: Any, number: int, step: SagaStep) -> Request:
    """Return the request to undo a step; without a compensation, to see that it is not done unless it is."""
    return Request(UNDO, key=(saga, number), value=step.compensation, idempotency_key=f"{saga}/{number}/undo")


def release(saga: Any) -> Request:
    """Return the request to take the marks of a saga off."""
    return Request(RELEASE, key=saga, idempotency_key=f"{saga}/release")
