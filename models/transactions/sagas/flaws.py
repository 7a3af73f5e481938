"""What can be wrong with a saga's orchestrator or services: bugs to plant, for tests only.

Each is a shortcut that has been taken in earnest; each leaves a saga half-done, or does something twice.
Source: Helland, "Life beyond Distributed Transactions" (CIDR 2007), on repetition; the Apache Seata project's
names for what a service must stand: empty compensation and hanging (a step that comes after its
compensation).
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from ...validation import require_kind


@dataclass(frozen=True, slots=True, kw_only=True)
class SagaFlaws:
    """Which bugs are planted; none by default.

    The orchestrator's:

    - `begins_unlogged`: the first step goes out before the saga is on disk.
    - `turns_back_unlogged`: the first compensation goes out before it is on disk that the saga turns back.
    - `leaves_unknown_step`: a step of which nobody knows is taken for not done, and not undone.
    - `trusts_silent_pivot`: a pivot of which nobody knows is taken for not done.
    - `trusts_memory`: after a crash, what it does not remember to have asked for is taken for not done.
    - `gives_up_undoing`: a compensation that fails is not asked again.

    The services':

    - `repeats_steps`: a step that comes again is done again.
    - `forgets_undone`: a compensation that comes before its step leaves no trace.
    - `forgets_refusals`: a step that was refused is judged anew when it comes again.
    """

    begins_unlogged: bool = False
    turns_back_unlogged: bool = False
    leaves_unknown_step: bool = False
    trusts_silent_pivot: bool = False
    trusts_memory: bool = False
    gives_up_undoing: bool = False
    repeats_steps: bool = False
    forgets_undone: bool = False
    forgets_refusals: bool = False

    def __post_init__(self) -> None:
        """Check the kinds."""
        for each in fields(self):
            require_kind(each.name, getattr(self, each.name), bool)


NO_FLAWS = SagaFlaws()
