"""One line of a recorded trace, whatever the format: what a parser returns, or why it cannot."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

# A 64-bit column, and still more than any request or answer.
SIZE_MAX = 2**63 - 1


class TraceLine(NamedTuple):
    """A usable line: `time` in seconds since any epoch, what was asked, the answer's status (0: unknown)."""

    time: float
    operation: str
    key: str | None
    size_bytes: int
    status: int = 0


class LineError(ValueError):
    """A line that cannot be used; the argument says why."""


class LineParser(ABC):
    """Parses the lines of one format.

    `format` names it. `resolution` is that of its times so far, in seconds: 0 where they are exact.
    """

    format: str
    resolution: float = 0.0

    @abstractmethod
    def parse(self, line: str) -> TraceLine:
        """Return what the line (without its break) says; raise `LineError` if it says nothing usable."""


def shortened(text: str) -> str:
    """Return the text quoted, for a message, cut where it is long."""
    return repr(text if len(text) <= 60 else text[:57] + "...")
