"""Headers: the field lines of one message, in order, under names that know no upper case.

Several lines of one name are one field: their values in order, joined by a comma and a space (RFC 9110
section 5.3). Set-Cookie is the exception that the same section names: `combined` is no way to read it,
`lines_of` is.

Left out: trailers, pseudo-fields, and the limits of a wire format on what a value may hold.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from typing import Any

from .field_syntax import is_token, list_members

Line = tuple[str, str]

_LINE_BYTES = 4  # ": " and the line break


class Headers:
    """An unchanging list of field lines that can be asked by name.

    Example:
        headers = Headers([("Cache-Control", "max-age=60"), ("Vary", "Accept")])
        headers.combined("cache-control")  # "max-age=60"
    """

    __slots__ = ("_by_name", "_size_bytes", "lines")

    lines: tuple[Line, ...]

    def __init__(self, lines: Iterable[Line] = ()) -> None:
        """Keep the lines; spaces around a value are no part of it (RFC 9110 section 5.5).

        Raises:
            TypeError: what is given has another shape, as a mapping has.
            ValueError: a name is not a token, or a value holds a line break.
        """
        kept = []
        for line in lines:
            _require_line(line)
            name, value = line
            if not is_token(name):
                raise ValueError(f"the name of a field must be a token, got {name!r}")
            if "\n" in value or "\r" in value:
                raise ValueError(f"the value of {name} must be one line, got {value!r}")
            kept.append((name, value.strip(" \t")))
        self.lines = tuple(kept)
        self._by_name: dict[str, tuple[str, ...]] | None = None
        self._size_bytes = -1

    @classmethod
    def _of_checked(cls, lines: tuple[Line, ...]) -> Headers:
        made = cls.__new__(cls)
        made.lines = lines
        made._by_name = None
        made._size_bytes = -1
        return made

    @property
    def size_bytes(self) -> int:
        """What the field lines weigh in HTTP/1.1: name, colon, space, value, line break."""
        if self._size_bytes < 0:  # counted once, at the first question: one message is weighed at each hop
            self._size_bytes = sum([len(name) + len(value) + _LINE_BYTES for name, value in self.lines])
        return self._size_bytes

    def lines_of(self, name: str) -> tuple[str, ...]:
        """Return the value of each line of that name, in order."""
        index = self._by_name
        if index is None:
            if not self.lines:
                return ()
            index = self._by_name = self._index()  # built once, at the first question
        return index.get(name) or index.get(name.lower(), ())

    def first(self, name: str) -> str | None:
        """Return the value of the first line of that name, or None."""
        values = self.lines_of(name)
        return values[0] if values else None

    def combined(self, name: str) -> str | None:
        """Return the value of the field: its lines joined by `", "`, or None if there is no line."""
        values = self.lines_of(name)
        return ", ".join(values) if values else None

    def members(self, name: str) -> list[str]:
        """Return the members of a field whose value is a list."""
        values = self.lines_of(name)
        return [member for value in values for member in list_members(value)] if values else []

    def names(self) -> tuple[str, ...]:
        """Return the name of each field once, in lower case, in the order of first lines."""
        return tuple(dict.fromkeys(name.lower() for name, _value in self.lines))

    def without(self, names: Container[str]) -> Headers:
        """Return the headers without the fields of these names, which are given in lower case."""
        kept = [line for line in self.lines if line[0].lower() not in names]
        return self if len(kept) == len(self.lines) else Headers._of_checked(tuple(kept))

    def with_line(self, name: str, value: str) -> Headers:
        """Return the headers with one more line at the end."""
        made = Headers._of_checked((*self.lines, (name, value)))
        if self._size_bytes >= 0:
            made._size_bytes = self._size_bytes + len(name) + len(value) + _LINE_BYTES
        return made

    def replaced(self, name: str, value: str) -> Headers:
        """Return the headers with this line, at the end, in place of all lines of its name."""
        return self.without((name.lower(),)).with_line(name, value)

    def updated(self, newer: Headers) -> Headers:
        """Return the headers with the fields of `newer` in place of their own of the same names."""
        return Headers._of_checked((*self.without(newer.names()).lines, *newer.lines))

    def _index(self) -> dict[str, tuple[str, ...]]:
        index: dict[str, tuple[str, ...]] = {}
        for name, value in self.lines:
            key = name.lower()
            index[key] = (*index[key], value) if key in index else (value,)
        return index

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and bool(self.lines_of(name))

    def __iter__(self) -> Iterator[Line]:
        return iter(self.lines)

    def __len__(self) -> int:
        return len(self.lines)

    def __eq__(self, other: object) -> bool:
        """Return whether both have the same lines in the same order, whatever the case of the names."""
        if not isinstance(other, Headers):
            return NotImplemented
        return self._folded() == other._folded()

    def __hash__(self) -> int:
        return hash(self._folded())  # of texts: equal headers, equal hashes, never an order

    def _folded(self) -> tuple[Line, ...]:
        return tuple((name.lower(), value) for name, value in self.lines)

    def __repr__(self) -> str:
        return f"Headers({list(self.lines)!r})"


NO_HEADERS = Headers()


def _require_line(line: Any) -> None:
    is_pair = isinstance(line, tuple | list) and len(line) == 2
    if not (is_pair and isinstance(line[0], str) and isinstance(line[1], str)):
        raise TypeError(f"each field line must be a name and a text, got {line!r}")
