"""What coordinators and replicas say to each other when they read and write.

`number` is the sender's own, and comes back with the answer. Treat them as immutable. What they weigh is
their payload; a digest weighs 16 bytes, as one of MD5 does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..scans import KeySet
    from ..versions import Cell, Siblings
    from .coordinator import Coordinator
    from .replica import QuorumNode

DIGEST_BYTES = 16


@dataclass(slots=True, eq=False)
class WriteRequest:
    """Take `version` of `key`; with `instead_of`, as a hint for that replica, which cannot be reached."""

    number: int
    sender: Coordinator
    key: Any
    version: Cell | Siblings
    instead_of: QuorumNode | None = None


@dataclass(slots=True, eq=False)
class WriteAcknowledgement:
    """`sender` has taken the write."""

    number: int
    sender: QuorumNode


@dataclass(slots=True, eq=False)
class ReadRequest:
    """Say what you have of `key`, or a digest of that."""

    number: int
    sender: Coordinator
    key: Any
    is_digest: bool


@dataclass(slots=True, eq=False)
class ScanRequest:
    """Say what you have of all `keys`."""

    number: int
    sender: Coordinator
    keys: KeySet


@dataclass(slots=True, eq=False)
class ScanResponse:
    """What `sender` has of the keys, by key, deleted ones too."""

    number: int
    sender: QuorumNode
    versions: Mapping[Any, Cell | Siblings]


@dataclass(slots=True, eq=False)
class ReadResponse:
    """What `sender` has of the key, `None` for nothing.

    Of a digest nothing may be used but whether it equals another version: it stands for its hash.
    """

    number: int
    sender: QuorumNode
    version: Cell | Siblings | None
    is_digest: bool
