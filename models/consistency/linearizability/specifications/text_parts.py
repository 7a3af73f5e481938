"""Of which writes and appends a text that was read is made, where there is only one way.

Where clients write and append texts of their own (`x 42 3 y`: the client and a number), a text that is read
names all that went into it: there is one way to cut it into values. Then an append with a value of its own
can have taken effect only just after the beginning before it, or the read would have told otherwise; and one
that no read tells, only where no read has looked since. That leaves the search next to nothing to try.

Where a text can be cut in two ways, or in none, nothing is said, and the search tries all.

A text that only grows has as many beginnings as values, and all of them written out would take memory with
the square of its length. So a beginning is told by a text that was read and has it, and its length.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

Beginning = tuple[int, int]
"""The place, among the texts that were told (sorted), of the first that begins with it; its length."""


def beginning_of(told: Sequence[str], text: str) -> Beginning | None:
    """Return `text` as a beginning of one of the `told` texts (sorted), None if it is of none."""
    place = bisect_left(told, text)
    return (place, len(text)) if place < len(told) and told[place].startswith(text) else None


@dataclass(slots=True)
class Parts:
    """What each value was told to be: `written` are those that a text begins with as a write.

    `appended` has, by value, the beginnings of texts that it was told to follow, and what they were with it.
    """

    written: set[str] = field(default_factory=set)
    appended: dict[str, dict[Beginning, Beginning]] = field(default_factory=dict)


def parts_of(told: Sequence[str], writes: Collection[str], appends: Collection[str]) -> Parts | None:
    """Return of which `writes` and `appends` the `told` texts (sorted, each once) are made.

    Returns `None` where one of them can be cut in another number of ways than one.
    """
    parts = Parts()
    for place, text in enumerate(told):
        if place + 1 < len(told) and told[place + 1].startswith(text):
            continue  # it is a beginning of the next one, and is looked at there
        lengths = {len(text)}
        back = place - 1
        while back >= 0 and text.startswith(told[back]):
            lengths.add(len(told[back]))
            back -= 1
        last, ways = _cuts(text, writes, appends)
        if any(ways[length] != 1 for length in lengths):
            return None
        _note_parts(told, text, lengths, last, appends, parts)
    return parts


def _note_parts(
    told: Sequence[str],
    text: str,
    lengths: Collection[int],
    last: Sequence[int],
    appends: Collection[str],
    parts: Parts,
) -> None:
    """Cut the beginnings of `text` that have these `lengths`, by how long the `last` value of each is."""
    seen: set[int] = {0}
    for end in lengths:
        while end not in seen:
            seen.add(end)
            begin = end - last[end]
            value = text[begin:end]
            if value in appends:
                before, after = beginning_of(told, text[:begin]), beginning_of(told, text[:end])
                assert before is not None
                assert after is not None
                parts.appended.setdefault(value, {})[before] = after
            else:
                parts.written.add(value)
            end = begin


def _cuts(text: str, writes: Collection[str], appends: Collection[str]) -> tuple[list[int], list[int]]:
    """Return, for each beginning of `text`, how long its last value is, and the number of ways to cut it.

    A value that was both written and appended begins a text in two ways. Many ways are two.
    """
    last, ways = [0] * (len(text) + 1), [0] * (len(text) + 1)
    ways[0] = 1
    sizes = sorted({len(value) for value in appends})
    for value in writes:
        if text.startswith(value):
            ways[len(value)] += 1
            last[len(value)] = len(value)
    for begin in range(len(text)):
        if not ways[begin]:
            continue
        for size in sizes:
            end = begin + size
            if end <= len(text) and text[begin:end] in appends:
                ways[end] = min(ways[end] + ways[begin], 2)
                last[end] = size
    return last, ways
