"""Siblings: of two versions of a key of which none has seen the other both are kept, for somebody to merge.

What a client has seen of a key it says with its next write there (its context, see `client`); what it has
seen is replaced, and what it has not stays beside. A read tells all there are: a tuple, where there are
several. Nothing that was acknowledged is lost; what the siblings mean together is for the application to say.
It has to read before it writes, merge what it finds, and write that. A set of things can be merged by union,
which brings back what one side has removed; two counts cannot be merged at all.

A store of values cannot do more: there is no compare-and-set, append or add, since these need the one present
value. See `versions.siblings`. Source: DeCandia et al., "Dynamo" (SOSP 2007), sections 4.4 and 6; Riak's
`allow_mult`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...failures import ServerError
from ...request import Request
from ..operations import DELETE, WRITE
from ..versions import Cell, Siblings, VersionVector
from .requests import InContext
from .resolution import Resolution, Writer

_NOTHING_SEEN = VersionVector()


@dataclass(frozen=True, slots=True)
class KeepSiblings(Resolution):
    """Both are kept, and the application merges them."""

    @property
    def is_sequential_alone(self) -> bool:
        """A client that writes without having read adds a value, and replaces none."""
        return False

    def updated(self, request: Request, present: Any, writer: Writer) -> tuple[Any, Any]:
        """Write a value, or a tombstone, in the place of what the client has seen."""
        if request.operation not in (WRITE, DELETE):
            raise ServerError(f"operation must be read, write or delete, got {request.operation!r}")
        said = request.value
        value, seen = (said.value, said.seen) if isinstance(said, InContext) else (said, _NOTHING_SEEN)
        cell = Cell(value, writer.clock(), request.operation == DELETE, request.size_bytes)
        return (present or Siblings.none()).written(writer.name, cell, seen), None

    def told(self, version: Any) -> Any:
        """Tell the value or values, and what has been seen with that."""
        found = version or Siblings.none()
        return InContext(found.shown(), found.context)
