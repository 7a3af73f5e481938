"""What a simulated call may end in, as far as the engine must know it.

A *simulated failure* is an outcome of the model: it is caught, counted and survived by models. A *programming
error* is anything else, and stops the run. The root of the family stands here and not in `models` because the
engine's own deadlines raise one of its members; the rest of the family is `models.failures`.

Source: the split between expected failures and bugs follows trio (`TooSlowError`) and Finagle's service
exceptions.
"""

from __future__ import annotations


class CallFailed(Exception):
    """A call did not give the response that was asked for; the subclass says how it failed.

    Only this family may be caught by a wrapper that handles failures: whatever else comes out of a call is an
    error in the model's code. Instances carry everything in `args`, so that they survive being copied or
    pickled.

    `nothing_done` says that nothing was done and that nothing will be, for certain. It is said by the kind of
    failure, and taken back from a single one whose call may have done something before (see
    `models.failures`).
    """

    nothing_done: bool = False


class TimedOut(CallFailed):
    """No answer within the time that the caller allowed; whether the work was done is not known."""
