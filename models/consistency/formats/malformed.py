"""The error for a history that cannot be read or written."""

from __future__ import annotations


class MalformedHistory(ValueError):
    """A text is no history; the message names the line, counted from 1, and says what is wrong there."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(f"line {line}: {' '.join(what.split())}")
        self.line = line


def shortened(text: str) -> str:
    """Return a text as an error quotes it: not more of it than fits a line."""
    return repr(text if len(text) <= 40 else f"{text[:37]}...")
