"""EDN, the notation of Clojure's data: as much of it as histories need.

Read are nil, true, false, whole and decimal numbers, texts, characters, keywords, symbols, lists, vectors,
sets and maps, comments (`;`, `#_`), and tagged values, whose tag is dropped (`#jepsen.history.Op{...}` is the
map). Lists and vectors become tuples, a keyword a `Keyword`, a symbol a text. Ratios are left out. Each form
comes with its line, in errors too; the library for EDN that is kept, edn_format (0.8), tells none, and took
seven times as long for 30,000 events. Source: the edn-format specification.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import inf, isfinite
from typing import Any

from ..intervals import frozen
from .malformed import MalformedHistory, shortened

_TOKEN = re.compile(
    r"""[ \t\r\f,]*(?:
    (?P<word>[^\s,;"()\[\]{}\\\#][^\s,;"()\[\]{}]*)
    |(?P<line>\n|;[^\n]*)
    |(?P<text>"(?:[^"\\]|\\.)*")
    |(?P<discard>\#_)
    |(?P<open>\#\{|[(\[{])
    |(?P<close>[)\]}])
    |(?P<tag>\#[A-Za-z][^\s,;"()\[\]{}]*)
    |(?P<character>\\(?:u[0-9A-Fa-f]{4}|[A-Za-z]+|.))
    |(?P<end>\Z)
    )""",
    re.VERBOSE | re.DOTALL,
)

_CLOSES = {"(": ")", "[": "]", "{": "}", "#{": "}"}
_WORDS: dict[str, Any] = {"nil": None, "true": True, "false": False}
_WHOLE = re.compile(r"[+-]?[0-9]{1,4000}N?")
_DECIMAL = re.compile(r"[+-]?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?M?")
_NUMBER_BEGINS = re.compile(r"[+-]?[0-9]")
_DEPTH_MAX = 100
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", '"': '"', "\\": "\\"}
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_CHARACTERS = {
    "newline": "\n",
    "space": " ",
    "tab": "\t",
    "return": "\r",
    "backspace": "\b",
    "formfeed": "\f",
}
_ESCAPED = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r"})


class Keyword(str):
    """A keyword without its colon: equal to the text, and written as a keyword again."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f":{self}"


def read_forms(text: str) -> Iterator[tuple[int, Any]]:
    """Return the forms of a text, each with the line on which it begins.

    A vector or list of maps around all is taken as its maps.
    """
    return _Reader(text).forms()


def edn_text(value: Any) -> str:
    """Return a value in EDN. Raises `ValueError` for one that has no such form."""
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Keyword):
        return f":{value}"
    if isinstance(value, str):
        return f'"{value.translate(_ESCAPED)}"'
    if isinstance(value, int) or (isinstance(value, float) and isfinite(value)):
        return repr(value)
    if isinstance(value, list | tuple):
        return f"[{' '.join(map(edn_text, value))}]"
    raise ValueError(
        f"values must be numbers, texts, lists of these, true, false or nil in EDN, got {value!r}"
    )


class _Open:
    """A collection that is not closed yet; the next `discards` forms in it are dropped."""

    __slots__ = ("discards", "items", "line", "opened")

    def __init__(self, opened: str, line: int) -> None:
        self.opened = opened
        self.line = line
        self.discards = 0
        self.items: list[Any] = []

    def take(self, value: Any) -> None:
        if self.discards:
            self.discards -= 1
        else:
            self.items.append(value)


class _Reader:
    """Reads forms one after the other."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._line = 1
        self._place = 0
        self._words: dict[str, Any] = dict(_WORDS)

    def forms(self) -> Iterator[tuple[int, Any]]:
        """All forms, with their lines."""
        outermost, place = self._enter_sequence_of_maps()
        stack = [outermost]
        begin = self._line
        for kind, token in self._tokens(place):
            if len(stack) == 1:
                begin = self._line
            if kind == "word":
                stack[-1].take(self._word(token))
            elif kind == "open":
                self._open(stack, token)
            elif kind == "close":
                self._close(stack, token)
            elif kind == "discard":
                stack[-1].discards += 1
            elif kind in ("text", "character"):
                stack[-1].take(self._quoted(token))
            if len(stack) == 1 and outermost.items:
                yield begin, outermost.items.pop()
        if len(stack) > 1 or outermost.opened:
            raise MalformedHistory(stack[-1].line, f"{stack[-1].opened!r} is never closed")
        if outermost.discards:
            raise MalformedHistory(self._line, "nothing follows #_")

    def _enter_sequence_of_maps(self) -> tuple[_Open, int]:
        """What is open around all forms, a bracket if maps follow it or nothing, and where they begin."""
        tokens = self._tokens(0)
        kind, token = next(tokens, ("", ""))
        place, line = self._place, self._line
        second = next(tokens, None)
        is_empty = second is None or second == ("close", _CLOSES.get(token))
        is_map = second is not None and (second == ("open", "{") or second[0] == "tag")
        if kind == "open" and token in "[(" and (is_empty or is_map):
            self._line = line
            return _Open(token, line), place
        self._line = 1
        return _Open("", 1), 0

    def _open(self, stack: list[_Open], token: str) -> None:
        if len(stack) > _DEPTH_MAX:
            raise MalformedHistory(self._line, f"forms must be nested at most {_DEPTH_MAX} deep")
        stack.append(_Open(token, self._line))

    def _close(self, stack: list[_Open], token: str) -> None:
        """Close the innermost collection, and hand it to the one around it."""
        innermost = stack[-1]
        if _CLOSES.get(innermost.opened) != token:
            what = f"; {innermost.opened!r} of line {innermost.line} is open" if innermost.opened else ""
            raise MalformedHistory(self._line, f"{token!r} closes nothing{what}")
        if innermost.discards:
            raise MalformedHistory(self._line, "nothing follows #_")
        if len(stack) == 1:
            innermost.opened = ""  # the vector or list around all forms
        else:
            stack.pop()
            stack[-1].take(_collected(innermost))

    def _tokens(self, place: int) -> Iterator[tuple[str, str]]:
        """The tokens from `place` on; `_line` is that of the last one, and at `_place` it ends."""
        match_at = _TOKEN.match
        while True:
            match = match_at(self._text, place)
            if match is None:
                rest = self._text[place:].partition("\n")[0]
                raise MalformedHistory(self._line, f"a text or a form must follow, got {shortened(rest)}")
            place = match.end()
            kind = match.lastgroup
            if kind == "line":
                self._line += self._text[place - 1] == "\n"
            elif kind == "end":
                return
            else:
                self._place = place
                yield str(kind), match[kind or 0]

    def _quoted(self, token: str) -> str:
        if token[0] == "\\":
            return _character(token[1:])
        self._line += token.count("\n")
        return _ESCAPE.sub(_unescaped, token[1:-1])

    def _word(self, token: str) -> Any:
        """The value of a word; the same few come again and again."""
        if token not in self._words:
            self._words[token] = self._word_value(token)
        return self._words[token]

    def _word_value(self, token: str) -> Any:
        if token == ":":
            raise MalformedHistory(self._line, "a keyword must have a name after its colon")
        if token.startswith(":"):
            return Keyword(token[1:])
        if _WHOLE.fullmatch(token):
            return int(token.rstrip("N"))
        number = float(token.rstrip("M")) if _DECIMAL.fullmatch(token) else inf
        if isfinite(number):
            return number
        if _NUMBER_BEGINS.match(token):
            rule = "a number must be whole or decimal, and not too long or large"
            raise MalformedHistory(self._line, f"{rule}, got {shortened(token)}")
        return token


def _collected(collection: _Open) -> Any:
    items = collection.items
    if collection.opened == "{":
        if len(items) % 2:
            raise MalformedHistory(collection.line, "a map must have a value for each key")
        keys = (key if isinstance(key, str) else frozen(key) for key in items[::2])
        return dict(zip(keys, items[1::2], strict=True))
    if collection.opened == "#{":
        return frozenset(map(frozen, items))
    return tuple(items)


def _character(name: str) -> str:
    if len(name) == 5 and name[0] == "u":
        return chr(int(name[1:], 16))
    return _CHARACTERS.get(name, name)


def _unescaped(match: re.Match[str]) -> str:
    escaped = match.group(1)
    return chr(int(escaped[1:], 16)) if len(escaped) > 1 else _ESCAPES.get(escaped, escaped)
