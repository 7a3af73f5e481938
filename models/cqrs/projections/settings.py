"""How a projection is set; among it two choices that are mistakes, and are made.

When is it written down how far one has come? A crash between two writes makes the difference:

    TOGETHER   with the rows, in one transaction: each commit has its effect once
    AFTER      after the rows: what was applied last is applied again (at least once): *doubles*
    BEFORE     before the rows: what was to be applied never is (at most once): *losses*

Where rows say what is (a row is set to a value that an event carries) doubles do no harm; where they count
they do. And what becomes of an event that cannot be applied:

    STOP       the projection stands still before it, and its readers see an ever older state
    SKIP       it is left out, and counted

Source: Kleppmann, "Designing Data-Intensive Applications" (2017), chapter 11, "Fault Tolerance"; Kafka's
documentation, "Message Delivery Semantics", on offsets saved before, after, or with the output.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ...storage import DurabilityPolicy, GroupCommit
from ...validation import require_count, require_delay, require_finite_duration, require_kind


class Checkpointing(Enum):
    """When a projection writes down how far it has come."""

    TOGETHER = "together"
    AFTER = "after"
    BEFORE = "before"


class OnPoison(Enum):
    """What a projection does with an event that it cannot apply."""

    STOP = "stop"
    SKIP = "skip"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectionSettings:
    """The settings of a projection; times in seconds.

    It reads at most `batch_max` (>= 1) commits at a time. Where there are none it waits at the log for the
    next one, up to `wait` (>= 0: long polling), and then pauses for `interval` (>= 0), one of which must be
    > 0; it pauses for `retry_pause` (> 0) after a failure. A log that lets nobody wait, as that on Raft, is
    asked every `interval`, or every `wait` if there is none. A request to the log that takes longer than
    `wait` and `patience` (> 0) has failed.

    An event costs `event_work` on a core, a question `query_work`. `durability` is that of the rows: with a
    periodic sync a crash of the host may take rows that were shown, until the log is read again.
    """

    batch_max: int = 100
    wait: float = 1.0
    interval: float = 0.0
    retry_pause: float = 0.1
    patience: float = 1.0
    event_work: float = 0.0
    query_work: float = 0.0
    durability: DurabilityPolicy = GroupCommit()
    checkpointing: Checkpointing = Checkpointing.TOGETHER
    on_poison: OnPoison = OnPoison.STOP

    def __post_init__(self) -> None:
        """Check all of it."""
        require_count("batch_max", self.batch_max)
        for name in ("wait", "interval", "event_work", "query_work"):
            require_delay(name, getattr(self, name))
        for name in ("retry_pause", "patience"):
            require_finite_duration(name, getattr(self, name))
        if not self.wait and not self.interval:
            raise ValueError("interval must be > 0 s where wait is 0 s, got 0: it would ask without end")
        if not isinstance(self.durability, DurabilityPolicy):
            raise TypeError(f"durability must be a durability policy, got {self.durability!r}")
        require_kind("checkpointing", self.checkpointing, Checkpointing)
        require_kind("on_poison", self.on_poison, OnPoison)
