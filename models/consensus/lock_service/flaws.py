"""What can be wrong with a lock service: bugs to plant, for tests, studies and swarms only.

Each has been made in earnest, and lets two clients hold a lock at once, or makes a token worthless. Source:
etcd issue 15247 and pull requests 4778 and 16822 (leases and old leaders); Kleppmann, "How to do distributed
locking" (2016), on tokens.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...validation import require_kind, require_positive


@dataclass(frozen=True, slots=True, kw_only=True)
class LockFlaws:
    """Which bugs are planted; none by default.

    - `tokens_not_replicated`: tokens are counted in the leader's memory, and a new leader begins at 1 again.
    - `lease_factor` (> 0): the leader ends sessions after so many leases; below 1 it is too early.
    - `no_grace`: who becomes the leader counts each lease from when it heard of it itself, as if nobody could
      have renewed it with the leader before.
    - `renewals_unconfirmed`: a leader renews leases without asking whether it still leads.
    """

    tokens_not_replicated: bool = False
    lease_factor: float = 1.0
    no_grace: bool = False
    renewals_unconfirmed: bool = False

    def __post_init__(self) -> None:
        """Check the factor, and that the others are planted or not."""
        for name in ("tokens_not_replicated", "no_grace", "renewals_unconfirmed"):
            require_kind(name, getattr(self, name), bool)
        require_positive("lease_factor", self.lease_factor)


NO_LOCK_FLAWS = LockFlaws()
