"""What can be wrong with an implementation of two-phase commit: bugs to plant, for tests only.

Each breaks a rule on what must be on disk before what is said, or on what may be presumed. Source: Mohan,
Lindsay and Obermarck, "Transaction Management in the R* Distributed Database Management System" (TODS 1986),
sections 2 and 3, where the rules stand.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from ...validation import require_kind


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoPhaseFlaws:
    """Which bugs are planted; none by default.

    - `votes_unlogged`: a participant votes yes before what it has promised is on its disk.
    - `decides_unlogged`: a coordinator tells of a commit before that is on its disk.
    - `presumes_commit`: a coordinator that knows nothing of a transaction says that it has committed.
    - `forgets_locks`: a participant that starts again holds no locks for what it has prepared.
    - `tells_unlogged_abort`: a participant tells another that it has aborted before that is on its disk.
    - `reuses_names`: a coordinator that starts again gives names to transactions that it has given before.
    """

    votes_unlogged: bool = False
    decides_unlogged: bool = False
    presumes_commit: bool = False
    forgets_locks: bool = False
    tells_unlogged_abort: bool = False
    reuses_names: bool = False

    def __post_init__(self) -> None:
        """Check the kinds."""
        for each in fields(self):
            require_kind(each.name, getattr(self, each.name), bool)


NO_FLAWS = TwoPhaseFlaws()
