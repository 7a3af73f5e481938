"""A text by key, as in the key-value histories of porcupine: read, write, and append at its end.

What was never written is the empty text. Source: `kvModel` of porcupine's tests (get, put, append).

Compiled, a text that no read will ever tell, nor tells the beginning of, is one state, `_UNSEEN`: until the
next write no read can succeed, whatever is appended. Without that the order of appends that nobody saw would
have to be tried in all ways.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from ...intervals import Interval
from .specification import ILLEGAL, Compiled, Specification, Step

_UNSEEN = None


@dataclass(frozen=True, slots=True)
class Text(Specification):
    """Read, write and append of a text."""

    name: ClassVar[str] = "kv"
    kinds: ClassVar[tuple[str, ...]] = ("read", "write", "append")

    @property
    def initial(self) -> Hashable:
        """Nothing was written: the empty text."""
        return ""

    def step(self, state: Hashable, interval: Interval) -> object:
        """A read tells all of the text, a write replaces it, an append adds to its end."""
        if interval.operation.kind == "read":
            return state if (interval.result or "") == state else ILLEGAL
        if interval.operation.kind == "write":
            return interval.value or ""
        return f"{state}{interval.value}"

    def compiled(self, intervals: Sequence[Interval]) -> Compiled:
        """Steps that tell apart only texts that a read may still tell."""
        for each in intervals:
            _require_text(each)
        told = sorted({each.result or "" for each in intervals if each.operation.kind == "read"})

        def seen(text: str) -> str | None:
            place = bisect_left(told, text)
            return text if place < len(told) and told[place].startswith(text) else _UNSEEN

        def step_of(interval: Interval) -> Step:
            kind = interval.operation.kind
            if kind == "read":
                text = interval.result or ""
                return lambda state: state if state == text else ILLEGAL
            if kind == "write":
                written = seen(interval.value or "")
                return lambda state: written
            return lambda state: _UNSEEN if state is _UNSEEN else seen(f"{state}{interval.value}")

        return Compiled(seen(""), [step_of(each) for each in intervals])


def _require_text(interval: Interval) -> None:
    operation = interval.operation
    value = interval.result if operation.kind == "read" else interval.value
    if not isinstance(value, str | None):
        raise ValueError(
            f"values of the model kv must be texts, got {value!r} by process {operation.process} at "
            f"{operation.invoked_at:.9g} s"
        )
