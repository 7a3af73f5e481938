"""What is seen of a network: messages, when hosts could not reach each other, and when they were down.

Hosts are named, so that all this can be kept after the run and sent to another process.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...network import Passage, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message from the host `source` to the host `target`, sent at `sent_at` (s).

    `arrives_at` (s) is infinite for one that never does, and for one whose time is not known yet; `kind` and
    `role` say what it is, `passage` what has become of it (see `models.network.watching`). It was sent again
    `retransmission_count` times; `is_copy` says that the network has doubled a datagram.
    """

    source: str
    target: str
    kind: str
    role: Role
    sent_at: float
    arrives_at: float
    passage: Passage
    retransmission_count: int = 0
    is_copy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """From `start` to `end` (s) no message passes from the first to the second host of any of `pairs`.

    `end` is infinite for one that is not healed. A cut both ways has each pair in both orders.
    """

    start: float
    end: float
    pairs: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Downtime:
    """From `start` to `end` (s) `host` was down, or only its `process` of that name.

    `end` is infinite for one that has not come up again.
    """

    host: str
    start: float
    end: float
    process: str | None = None
