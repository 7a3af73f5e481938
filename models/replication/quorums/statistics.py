"""What a quorum store has done so far, counted by all its nodes together."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class QuorumStatistics:
    """What a quorum store has done so far.

    Coordinators took `write_count` writes and `read_count` reads, scans among them; `unavailable_count` of
    these were refused since too few replicas were alive, and `timed_out_count` ended without enough answers.

    Of the reads, `mismatch_count` found versions that differed, for which `repair_count` replicas were
    written to, and for `speculation_count` a further replica was asked. Hints: `hint_count` kept,
    `hint_refused_count` not kept for a replica that was gone for too long, `hint_dropped_count` too old to be
    replayed, `hint_replayed_count` handed over.

    Anti-entropy: `session_count` sessions were begun, in which `anti_entropy_message_count` messages of
    `anti_entropy_bytes` bytes carried `entry_count` entries. `message_count` messages were sent by nodes in
    all, to clients not counted.
    """

    write_count: int
    read_count: int
    unavailable_count: int
    timed_out_count: int
    mismatch_count: int
    repair_count: int
    speculation_count: int
    hint_count: int
    hint_refused_count: int
    hint_dropped_count: int
    hint_replayed_count: int
    session_count: int
    anti_entropy_message_count: int
    anti_entropy_bytes: int
    entry_count: int
    message_count: int


@dataclass(slots=True)
class Counts:
    """The counters behind it; they stand outside the nodes, and no crash takes them."""

    writes: int = 0
    reads: int = 0
    unavailable: int = 0
    timed_out: int = 0
    mismatches: int = 0
    repairs: int = 0
    speculations: int = 0
    hints_kept: int = 0
    hints_not_kept: int = 0
    hints_dropped: int = 0
    hints_replayed: int = 0
    sessions: int = 0
    anti_entropy_messages: int = 0
    anti_entropy_bytes: int = 0
    entries_exchanged: int = 0

    def statistics(self, message_count: int) -> QuorumStatistics:
        """Return what was counted so far."""
        return QuorumStatistics(
            write_count=self.writes,
            read_count=self.reads,
            unavailable_count=self.unavailable,
            timed_out_count=self.timed_out,
            mismatch_count=self.mismatches,
            repair_count=self.repairs,
            speculation_count=self.speculations,
            hint_count=self.hints_kept,
            hint_refused_count=self.hints_not_kept,
            hint_dropped_count=self.hints_dropped,
            hint_replayed_count=self.hints_replayed,
            session_count=self.sessions,
            anti_entropy_message_count=self.anti_entropy_messages,
            anti_entropy_bytes=self.anti_entropy_bytes,
            entry_count=self.entries_exchanged,
            message_count=message_count,
        )
