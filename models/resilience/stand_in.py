"""A stand-in: what answers in place of an endpoint that cannot, or must not, be asked.

Three kinds: a value; a function that makes one, in no time; or another endpoint, which may take time and may
fail. Whichever it is, the answer is *degraded*, by the name of what it stands in for, as a `Dependency` of a
service does it that is not required.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from ..endpoint import Call, Endpoint
from ..request import Request, Response


class StandIn:
    """Answers with `instead`, degraded by `degraded_by`.

    `instead` is a value or a `Response`; a function of the request and whatever else is known (see its user),
    which returns one of these; or an `Endpoint`. What is missing from its own answer is missing from this one
    too.
    """

    __slots__ = ("_instead", "degraded_by")

    def __init__(self, instead: Any, degraded_by: str) -> None:
        if isinstance(instead, type):
            raise TypeError(f"instead must be a value, a function or an Endpoint, got the class {instead!r}")
        self._instead = instead
        self.degraded_by = degraded_by

    def answer(self, request: Request, *details: object) -> Call:
        """Answer `request`; a function gets it with `details`."""
        instead = self._instead
        if isinstance(instead, Endpoint):
            answer: Any = yield from instead.call(request)
        elif callable(instead):
            answer = instead(request, *details)
            if isinstance(answer, Generator):
                answer.close()
                raise TypeError(
                    f"instead must answer at once where it is a function, got a generator for "
                    f"{self.degraded_by!r}; one that takes time is a FunctionEndpoint"
                )
        else:
            answer = instead
        return degraded(answer, self.degraded_by)


def degraded(answer: Any, name: str) -> Response:
    """Return `answer`, a `Response` or a value, as a response that is degraded by `name` as well.

    It is as old as it was. A value that is no response is nobody's answer, and has no age.
    """
    if isinstance(answer, Response):
        return Response(answer.value, (*answer.degraded, name), answer.size_bytes, None, answer.as_of)
    return Response(answer, (name,))
