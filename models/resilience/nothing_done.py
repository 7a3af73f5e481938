"""Which failures of an endpoint say that nothing was done: those that say so, unless something asks again.

A wrapper that asks again raises what the last attempt has raised, which says nothing of those before: after
one that timed out, `Refused` does not mean that nothing was done. So of an endpoint with a `Retry` or a
`Hedge` inside no failure says it. Looked through are wrappers and connections; an instance makes a server
error of what failed behind it. What chooses among several (a balancer, shards) is not looked into.
"""

from __future__ import annotations

from ..endpoint import Endpoint
from ..failures import BreakerOpen, CallFailed, Refused, Rejected, Unavailable
from .hedging import Hedge
from .retry import Retry

_NOTHING_DONE = (Refused, Rejected, BreakerOpen, Unavailable)


def nothing_done_by(endpoint: Endpoint) -> tuple[type[CallFailed], ...]:
    """Return the failures by which `endpoint` says that nothing was done, and that nothing will be."""
    inner: object = endpoint
    while isinstance(inner, Endpoint):
        if isinstance(inner, Retry | Hedge):
            return ()
        inner = getattr(inner, "target", None)
    return _NOTHING_DONE
