"""What a failure must say of the work, for the oracle: that nothing was done, or that it is in doubt.

An outcome that is in doubt equals the one that it is, so that only who asks sees a difference.
"""

from __future__ import annotations

from typing import Any

from models.outcome import Outcome

_NOTHING_DONE = {Outcome.REFUSED, Outcome.REJECTED, Outcome.BREAKER_OPEN, Outcome.UNAVAILABLE}


class _InDoubt(int):
    """An outcome of a call that may have done something all the same."""

    is_answer = False

    def __repr__(self) -> str:
        return f"{Outcome(self)!r} in doubt"


def says_nothing_done(outcome: Outcome) -> bool:
    """Return whether it is known after this outcome that nothing was done."""
    return outcome in _NOTHING_DONE and not isinstance(outcome, _InDoubt)


def in_doubt(outcome: Outcome) -> Any:
    """Return `outcome` as that of a call that may have done something."""
    return _InDoubt(outcome) if says_nothing_done(outcome) else outcome
