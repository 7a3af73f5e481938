"""What a check of linearizability has found: the verdict and, where it is "not", what proves it."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from enum import Enum

from ..operation import Operation
from ..wording import operation_text, operations_text
from .equal_writes import EqualWrites

OPERATIONS_SHOWN = 30
"""A proof of more operations is cut short in the text: nobody reads on."""


class Verdict(Enum):
    """Whether some order explains the history; unknown where the search was given up."""

    LINEARIZABLE = "linearizable"
    NOT_LINEARIZABLE = "not linearizable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """Proof that the operations on `key` are not linearizable.

    No order explains `operations`, whatever became of all others: those may have taken effect at any time
    after their invocation, or never. `why` says it in a sentence. `breaking` is the operation whose end the
    history does not survive: the `explained_count` operations that ended before it, in their order of ending
    the longest prefix of the history, are linearizable. `explained_count` is None where that was not found
    out within the limits, and `is_minimal` False where the search for a smaller proof was given up.

    `could_be` and `since` spare the proof a long past: by then, in seconds, all that was invoked leaves only
    those values, if what was under way is answered as it was; what of this has not taken effect by then may
    do so later. `since` is None where the proof needs nothing of the past.
    """

    key: Hashable
    operations: tuple[Operation, ...]
    why: str
    breaking: Operation
    explained_count: int | None
    is_minimal: bool = True
    could_be: tuple[Hashable, ...] = ()
    since: float | None = None

    def text(self) -> str:
        """Return the proof for people to read, several lines."""
        subject = "not linearizable" if self.key is None else f"key {self.key!r} is not linearizable"
        return "\n".join(
            [
                f"{subject}: {self.why}",
                *self._past(),
                *self._operations(),
                self._beginning(),
                f"  {operation_text(self.breaking)}",
            ]
        )

    def _past(self) -> list[str]:
        if self.since is None:
            return []
        values = " or ".join(map(repr, self.could_be))
        past = "all that was asked until then, as it was answered, leaves only the value"
        return [f"  [{self.since:.9g} s]  {past} {values}"]

    def _beginning(self) -> str:
        if self.explained_count is None:
            return "what ended before the following one did is not linearizable with it:"
        count = f"the {self.explained_count} operations that ended before the following one did"
        return f"{count} are linearizable, and with it they are not:"

    def _operations(self) -> list[str]:
        shown = operations_text(self.operations[:OPERATIONS_SHOWN])
        more = len(self.operations) - OPERATIONS_SHOWN
        return [shown] if more <= 0 else [shown, f"  ... and {more} more"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Linearizability:
    """The outcome of a check: the history is linearizable if each key is (Herlihy and Wing: locality).

    `witnesses` has one for each key that is not; `undecided_keys` are those where the search was given up.
    `equal_writes` says of a register that is linearizable how little that proves, None where nothing is to be
    said.
    """

    verdict: Verdict
    keys_count: int
    operations_count: int
    witnesses: tuple[Witness, ...] = ()
    undecided_keys: tuple[Hashable, ...] = ()
    equal_writes: EqualWrites | None = None

    def text(self) -> str:
        """Return verdict and witnesses for people to read."""
        head = f"{self.verdict.value}: {self.operations_count} operations on {self.keys_count} keys"
        if self.undecided_keys:
            head += f"; given up for {', '.join(map(repr, self.undecided_keys))}"
        if self.equal_writes is not None:
            head += f"\n{self._doubt(self.equal_writes)}"
        return "\n\n".join([head, *(each.text() for each in self.witnesses)])

    def _doubt(self, equal: EqualWrites) -> str:
        where = f"on {equal.keys_count} of {self.keys_count} keys"
        what = f"{equal.equal_count} of {equal.writes_count} writes write a value that another writes too"
        return f"{where} {what}: reads do not tell which they have seen (models.replication.UniqueWrites)"
