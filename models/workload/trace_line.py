"""One line of a recorded trace, whatever the format: what a parser returns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple


class TraceLine(NamedTuple):
    """A usable line: `time` in seconds since any epoch, what was asked, the answer's status (0: unknown)."""

    time: float
    operation: str
    key: str | None
    size_bytes: int
    status: int = 0


class LineParser(ABC):
    """Parses the lines of one format.

    `format` names it. `resolution` is that of its times so far, in seconds: 0 where they are exact.
    """

    format: str
    resolution: float = 0.0

    @abstractmethod
    def parse(self, line: str) -> TraceLine:
        """Return what the line (without its break) says; raise `LineError` if it says nothing usable."""
