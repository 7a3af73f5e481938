"""The deadline that a request carries: how it is set, and how it is kept when one request becomes another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ...request import Request


def with_deadline(request: Request, deadline: float | None) -> Request:
    """Return a request like this one that is worthless after `deadline` (s; `None`: never)."""
    if request.__class__ is not Request:
        return replace(request, deadline=deadline)  # a user's own kind, with more fields
    # A third of the price of `replace`, and this is every call. A test holds it to the fields that there are.
    return Request(
        request.operation,
        request.key,
        request.value,
        request.size_bytes,
        request.priority,
        deadline,
        request.idempotency_key,
        request.origin,
    )


def keeping_deadline(ask: Callable[[Request], Request]) -> Callable[[Request], Request]:
    """Return a function for `Dependency(ask=...)` that asks as `ask` does and passes the deadline on.

    Without it the deadline of the request that was received is lost, as it is in a server that does not hand
    on its context. A deadline that `ask` sets stands if it is the earlier one.

    Example::

        Dependency(stock, ask=keeping_deadline(lambda request: Request("reserve", request.key)))
    """

    def asked(request: Request) -> Request:
        new, deadline = ask(request), request.deadline
        if deadline is None or (new.deadline is not None and new.deadline <= deadline):
            return new
        return with_deadline(new, deadline)

    return asked
