"""What the end of a call says of the target: which of Envoy's kinds of result it is.

    OK          a response, degraded or not
    ERROR       the target's own error (`ServerError`: 500)
    GATEWAY     it cannot serve now (`Rejected`, `Unavailable`: 503)
    LOCAL       no answer: `TimedOut`, `Refused`, `ConnectionLost`; a "locally originated" failure

Where local failures are not told from the others they count as gateway failures (Envoy makes 504 of a timeout
and 503 of a connection that failed or broke). A call that was cut short from outside says nothing, and
neither does an open breaker: the target was not asked.

A server error is one whatever is behind it: what the target's own dependencies do to it is not seen from
here, which is how a dependency that is down gets all those ejected that need it.
"""

from __future__ import annotations

from enum import Enum

from ...failures import BreakerOpen, CallFailed, Rejected, ServerError, Unavailable
from ...request import Response


class CallResult(Enum):
    """A kind of result."""

    OK = "ok"
    ERROR = "error"
    GATEWAY = "gateway failure"
    LOCAL = "local origin failure"


def result_of(end: Response | CallFailed | None) -> CallResult | None:
    """Return which kind the end of a call is, `None` for one that says nothing of the target."""
    if end is None or isinstance(end, BreakerOpen):
        return None
    if isinstance(end, Response):
        return CallResult.OK
    if isinstance(end, ServerError):
        return CallResult.ERROR
    if isinstance(end, Rejected | Unavailable):
        return CallResult.GATEWAY
    return CallResult.LOCAL
