"""Dependency: another endpoint that an instance asks in order to answer.

A failure of a *required* one fails the request, as `DependencyFailed`, a server error: whoever calls the
instance over the network must not mistake the instance's own timeout, open breaker or refused connection for
one of its own. A failure of an *optional* one leaves a gap: the answer is degraded and names what is missing.
`Fallback` (`models.resilience.fallbacks`) does the same anywhere, for some failures, or with somebody else's
answer.

Source: Newman, "Building Microservices" (2nd ed. 2021), chapter 12, "Graceful degradation"; HTTP's 502 and
504 (RFC 9110).
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..endpoint import Endpoint
from ..failures import CallFailed, ServerError
from ..outcome import outcome_of
from ..request import Request, Response
from .step import Handler, Step

if TYPE_CHECKING:
    from .instance import Instance


class DependencyFailed(ServerError):
    """A server error because of something that the server needed.

    `dependency` names that; where a handler function let a failure escape that names nothing, it is the
    instance. `failure` is what the server saw. The text says both: "payment: timed out (no answer within 0.5
    s)".
    """

    def __init__(self, dependency: str, failure: CallFailed) -> None:
        super().__init__(dependency, failure)
        self.dependency = dependency
        self.failure = failure

    # Put together when somebody reads it: while a dependency is down this is raised for each request, and
    # read by nobody.
    def __str__(self) -> str:
        outcome = outcome_of(self.failure).name.lower().replace("_", " ")
        detail = f" ({self.failure})" if self.failure.args else ""
        return f"{self.dependency}: {outcome}{detail}"


@dataclass(frozen=True, slots=True)
class Dependency(Step):
    """Ask `endpoint`, and answer with its value.

    `name` is what failures and degraded answers call it, by default the endpoint's name. A dependency that is
    not `required` and fails is answered with the value `fallback`, degraded by `name`. `ask` makes the
    request to send from the one that was received; by default that one is passed on, with its deadline, which
    `ask` loses unless it keeps it (`models.resilience.deadlines.keeping_deadline`). The parts that are
    missing from the endpoint's own answer are missing from this one too.

    Nothing here limits the time: put a `Timeout` around the endpoint, the optional one too, or its silence is
    the instance's.

    Example::

        in_sequence(
            Work(0.01),
            Dependency(Timeout(env, network.connect(host, payment), 0.5), name="payment"),
            Dependency(recommendations, name="recommendations", required=False, fallback=()),
        )
    """

    endpoint: Endpoint
    required: bool = True
    fallback: Any = None
    ask: Callable[[Request], Request] | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot act."""
        if not isinstance(self.endpoint, Endpoint):
            raise TypeError(f"endpoint must be an Endpoint, got {self.endpoint!r}")
        if self.required and self.fallback is not None:
            raise ValueError(f"fallback must be None for a required dependency, got {self.fallback!r}")

    def handler(self, instance: Instance) -> Handler:
        """Return a handler that asks the endpoint."""
        call = self.endpoint.call
        ask = self.ask
        name = self.name or self.endpoint.name
        degraded = None if self.required else (name,)
        fallback = self.fallback

        def handle(instance: Instance, request: Request) -> Generator[Any, Any, Response]:
            try:
                return (yield from call(request if ask is None else ask(request)))
            except CallFailed as failure:
                if degraded is None:
                    raise DependencyFailed(name, failure) from failure
            return Response(fallback, degraded)

        return handle
