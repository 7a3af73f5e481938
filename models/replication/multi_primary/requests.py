"""What a client of a store with siblings says and is told besides: what it has seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..versions import VersionVector


@dataclass(frozen=True, slots=True)
class InContext:
    """A `value` to be written by a client that has `seen` so much of its key, and a value that was read."""

    value: Any
    seen: VersionVector
