"""What can be wrong with an implementation of Raft: bugs to plant, for tests and swarms only.

Each is a shortcut that has been taken in earnest, and each breaks a promise: two leaders in a term, a lost
write, a stale read, a command applied twice. They are here to show that whoever checks would notice.

Source: Ongaro, "Consensus: Bridging Theory and Practice" (2014), sections 3.6 (terms and counting), 3.8
(what must be on disk), 6.3 (sessions), 6.4 (reads); Jepsen's analyses of etcd 0.4.1 and Consul 0.4.1 (2014)
for stale reads.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from ...validation import require_kind, require_positive


@dataclass(frozen=True, slots=True, kw_only=True)
class RaftFlaws:
    """Which bugs are planted; none by default.

    - `reads_unchecked`: a leader answers reads from what it has, without asking whether it still leads.
    - `lease_factor` (> 0): a lease lasts so many times as long as the clocks allow.
    - `commits_older_terms`: entries of earlier terms are committed by counting their copies.
    - `votes_not_durable`: a vote is not on disk, and is forgotten in a crash.
    - `acknowledges_alone`: a write counts as committed when the leader itself has it on disk.
    - `ignores_sessions`: a command that comes again is applied again.
    """

    reads_unchecked: bool = False
    lease_factor: float = 1.0
    commits_older_terms: bool = False
    votes_not_durable: bool = False
    acknowledges_alone: bool = False
    ignores_sessions: bool = False

    def __post_init__(self) -> None:
        """Check the kinds, and the factor."""
        for each in fields(self):
            if each.name != "lease_factor":
                require_kind(each.name, getattr(self, each.name), bool)
        require_positive("lease_factor", self.lease_factor)

    def __bool__(self) -> bool:
        """Say whether any is planted."""
        return self != NO_FLAWS


NO_FLAWS = RaftFlaws()
