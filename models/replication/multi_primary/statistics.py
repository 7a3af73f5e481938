"""What has become of the updates of a multi-primary store, as an observer sees it who sees all nodes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MultiPrimaryStatistics:
    """What has become of the updates so far.

    Of `taken_count` updates of clients `acknowledged_count` were acknowledged. Of these `overwritten_count`
    were replaced by somebody who had not seen them, or lost to what they had replaced (where the last writer
    wins, in registers by time too; elsewhere nothing is overwritten), and `gone_count` are nowhere any more:
    their node's disk had not got them, or is destroyed, and no other node had heard of them. While nodes
    differ an update counts as there if it is so on one of them. `conflict_count` pairs of updates of a key,
    made without knowing of each other, have met at a node that had one of them as its newest.

    `shipped_count` updates were sent to peers, counted for each, `repeated_count` of them not for the first
    time since one of the two has started; `duplicate_count` came to a node that had them. `message_count`
    messages were sent between nodes.
    `recovery_time` is how long all restarts together have read their disks, in seconds.
    """

    taken_count: int
    acknowledged_count: int
    overwritten_count: int
    gone_count: int
    conflict_count: int
    shipped_count: int
    repeated_count: int
    duplicate_count: int
    message_count: int
    recovery_time: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What one node has committed and another has not: `update_count`, the oldest made `age` s ago (or 0)."""

    update_count: int
    age: float
