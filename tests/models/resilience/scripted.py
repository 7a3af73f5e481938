"""A target that does what a script says, and callers that write down what they see and when."""

from collections.abc import Generator
from typing import Any

from models.endpoint import Call, Endpoint
from models.failures import CallFailed
from models.request import Request, Response
from simulator import Environment, Process

Step = tuple[float, type[CallFailed] | CallFailed | None]
"""How long a call takes, and the failure it ends in (None: an answer)."""

OK: Step = (0.0, None)


class Scripted(Endpoint):
    """Answers the n-th call as the n-th step of the script says; the last step is repeated for ever."""

    def __init__(self, env: Environment, *script: Step) -> None:
        self.env = env
        self.script = list(script) or [OK]
        self.call_times: list[float] = []
        self.under_way = 0

    @property
    def call_count(self) -> int:
        return len(self.call_times)

    def then(self, *script: Step) -> None:
        """Replace what is left of the script."""
        self.script = list(script)

    def call(self, request: Request) -> Call:
        duration, failure = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        self.call_times.append(self.env.now)
        self.under_way += 1
        try:
            if duration:
                yield duration
        finally:
            self.under_way -= 1
        if failure is not None:
            raise failure
        return Response("answer")


class Seen:
    """What one caller has seen: `outcome` is "answer", the failure's class, or None while it waits."""

    def __init__(self) -> None:
        self.outcome: Any = None
        self.at: float | None = None
        self.process: Process

    def __eq__(self, other: object) -> bool:
        return (self.at, self.outcome) == other

    def __repr__(self) -> str:
        return f"Seen({self.at}, {self.outcome})"

    __hash__ = None  # type: ignore[assignment]


def call_at(env: Environment, endpoint: Endpoint, *times: float) -> list[Seen]:
    """Let a caller of its own call `endpoint` at each of the times; a `Seen` equals `(time, outcome)`."""
    all_seen = []
    for time in times:
        seen = Seen()
        seen.process = env.process(_call(env, endpoint, time - env.now, seen))
        all_seen.append(seen)
    return all_seen


def _call(env: Environment, endpoint: Endpoint, delay: float, seen: Seen) -> Generator[Any, Any, None]:
    if delay:
        yield delay
    try:
        response = yield from endpoint.call(Request())
    except CallFailed as failure:
        seen.outcome = type(failure)
    else:
        seen.outcome = response.value
    seen.at = env.now
