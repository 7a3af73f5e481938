"""A text by key, as in the key-value histories of porcupine: read, write, and append at its end.

What was never written is the empty text. Source: `kvModel` of porcupine's tests (get, put, append).

Compiled, a text that no read will ever tell, nor tells the beginning of, is one state, `_UNSEEN`: until the
next write no read can succeed, whatever is appended. Without that the order of appends that nobody saw would
have to be tried in all ways. And where texts tell of which values they are made (see `text_parts`), each of
these has one place, and those that no read tells take effect as soon as the text is unseen: put there, they
are in nobody's way, and later they would only end what others may still read.

All other states are `Beginning`s of texts that were read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from ...intervals import Interval
from .specification import ILLEGAL, Compiled, Specification, Step
from .text_parts import Beginning, beginning_of, parts_of

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
        return _Compilation(intervals).compiled()


class _Compilation:
    """What the reads of a history tell of its writes and appends."""

    def __init__(self, intervals: Sequence[Interval]) -> None:
        self._intervals = intervals
        self._told = sorted({each.result or "" for each in intervals if each.operation.kind == "read"})
        changes = [each for each in intervals if each.operation.kind != "read"]
        # None is the text that a write without a value leaves, and what an append of it changes is nothing.
        self._times = Counter(each.value or "" for each in changes)
        written = {each.value for each in changes if each.operation.kind == "write" and each.value}
        appended = {each.value for each in changes if each.operation.kind == "append" and each.value}
        self._parts = parts_of(self._told, written, appended)
        self._absorbed: set[int] = set()

    def compiled(self) -> Compiled:
        steps = [self._step(place, each) for place, each in enumerate(self._intervals)]
        return Compiled(self._seen(""), steps, absorbing=_UNSEEN, absorbed=self._absorbed)

    def _seen(self, text: str) -> Beginning | None:
        return beginning_of(self._told, text)  # None: `_UNSEEN`

    def _appended(self, state: Hashable, value: str) -> Beginning | None:
        if state is _UNSEEN:
            return _UNSEEN
        assert isinstance(state, tuple)
        place, length = state
        return self._seen(f"{self._told[place][:length]}{value}")

    def _step(self, place: int, interval: Interval) -> Step:
        kind, value = interval.operation.kind, interval.value or ""
        if kind == "read":
            text = self._seen(interval.result or "")
            return lambda state: state if state == text else ILLEGAL
        parts = self._parts
        is_told_apart = parts is not None and self._times[value] == 1 and value != ""
        if kind == "write":
            if is_told_apart and parts is not None and value not in parts.written:
                self._absorbed.add(place)
                return _to_unseen
            written = self._seen(value)
            return lambda state: written
        if not is_told_apart or parts is None:
            return lambda state: self._appended(state, value)
        after = parts.appended.get(value)
        if after is None:
            self._absorbed.add(place)
            return _to_unseen
        return lambda state: after.get(state, ILLEGAL) if isinstance(state, tuple) else ILLEGAL


def _to_unseen(_state: Hashable) -> object:
    return _UNSEEN


def _require_text(interval: Interval) -> None:
    operation = interval.operation
    value = interval.result if operation.kind == "read" else interval.value
    if not isinstance(value, str | None):
        raise ValueError(
            f"values of the model kv must be texts, got {value!r} by process {operation.process} at "
            f"{operation.invoked_at:.9g} s"
        )
