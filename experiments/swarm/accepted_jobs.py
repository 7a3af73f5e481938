"""Which jobs a client was told are accepted: written down where its calls to a backlog come back."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from models import Call, Endpoint, Request, Wrapper


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedJobsStatistics:
    """How many calls there were."""

    call_count: int


class AcceptedJobs(Wrapper):
    """Answers as `target` does, and writes down in `keys` which jobs were accepted."""

    def __init__(self, target: Endpoint, keys: dict[Hashable, None], *, name: str) -> None:
        super().__init__(target, name=name)
        self._keys = keys
        self._call_count = 0

    def call(self, request: Request) -> Call:
        """Answer `request` as the target does."""
        self._call_count += 1
        answer = yield from self.target.call(request)
        if request.key is not None and not answer.degraded:
            self._keys[request.key] = None
        return answer

    def statistics(self) -> AcceptedJobsStatistics:
        """Return what has happened so far."""
        return AcceptedJobsStatistics(call_count=self._call_count)
