"""A lookup: what one process knows of one name, and how it finds out: its cache, and its question.

An answer is believed for its time to live, or for `ttl_min` where that is longer: clients that will not ask
more often, or (infinity) never again. One that says that the name has no address is an answer like others
(RFC 2308). The question is asked when somebody needs a name of which nothing is believed; whoever needs it
meanwhile waits for the same answer. After `patience` seconds without one, or at a failure, they are told so,
and the next who needs the name asks again: failures are not kept (RFC 9520 would have it for a second at
least). With `serves_stale` they get what was last known, however old, and believe it for 30 s more; only then
somebody asks again (RFC 8767: the time to live that it recommends for what is stale, and how often it lets
a question be asked that has failed).

What is known is in memory, and begins anew with its process. So does the question; a caller that waits for it
and lives elsewhere hears no more of it. Who waits can give up without the others losing the answer, since it
is asked for by a process of its own.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from simulator import CallFailed, Environment

from ..endpoint import Endpoint
from ..failures import Refused
from ..infrastructure import Host
from ..request import Request
from ..validation import require_finite_duration, require_time
from .name_server import RESOLVE, Addresses

STALE_TTL = 30.0
"""For how many seconds an answer is believed that is too old, where there is no other."""


class Lookup:
    """Finds out what `name` stands for by asking `server`, and remembers it, in the process of `whose`."""

    def __init__(
        self,
        env: Environment,
        server: Endpoint,
        name: str,
        *,
        host: Host | None,
        whose: Endpoint,
        ttl_min: float,
        patience: float,
        serves_stale: bool,
    ) -> None:
        """Know nothing."""
        require_time("ttl_min", ttl_min)
        require_finite_duration("patience", patience)
        self._env = env
        self._server = server
        self._host = host
        self._whose = whose
        self.name = name
        self.ttl_min = ttl_min
        self.patience = patience
        self.serves_stale = serves_stale
        self._known: Addresses | None = None
        self.known_until = 0.0
        self.answer_count = 0
        self.question_count = 0
        self.failed_count = 0
        self._question: Any = None
        if host is not None:
            host.on_restart(self._start_afresh, endpoint=whose)

    def _start_afresh(self) -> None:
        self._known = None
        self.known_until = 0.0
        self._question = None

    def believed(self) -> Addresses | None:
        """Return what is known and not too old, `None` where a question is needed."""
        return self._known if self._env.now < self.known_until else None

    def find(self) -> Generator[Any, Any, Addresses]:
        """Ask, and return the answer. Raises `Refused` where there is none: nothing was done."""
        question = self._question
        if question is None:
            question = self._question = self._env.event()
            self._start(self._ask(question))
        answer: Addresses | CallFailed = yield question
        if isinstance(answer, Addresses):
            return answer
        if self.serves_stale and self._known is not None:
            return self._known
        raise Refused(f"{self.name} is not known: {answer!r}")

    def _start(self, asking: Generator[Any, Any, None]) -> None:
        host, name = self._host, f"lookup of {self.name}"
        if host is not None and host.is_up:
            host.bind(host.start(asking, name), self._whose)
        else:
            self._env.process(asking, name)

    def _ask(self, question: Any) -> Generator[Any, Any, None]:
        self.question_count += 1
        answer: Addresses | CallFailed
        try:
            with self._env.fail_after(self.patience):
                response = yield from self._server.call(Request(RESOLVE, key=self.name))
            answer = response.value
        except CallFailed as failure:
            answer = failure
            self.failed_count += 1
        if question is not self._question:
            return  # it has begun anew meanwhile
        self._question = None
        if isinstance(answer, Addresses):
            self._known = answer
            self.known_until = self._env.now + max(answer.ttl, self.ttl_min)
            self.answer_count += 1
        elif self.serves_stale and self._known is not None:
            self.known_until = self._env.now + STALE_TTL
        question.succeed(answer)
